"""The admin API's part about engines: `POST /engines/{source|target}/{kill|start}`, `{"node": 2}` for one of
several."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.control import EngineControl
from lab.errors import LabError


def engine_routes(control: EngineControl) -> list[Route]:
    """The routes. `kill` is kill -9 and leaves the data; `start` answers when the node does, with the address
    that the engine has now."""

    async def act(request: Request) -> Response:
        body = await request.body()
        side, action = request.path_params["side"], request.path_params["action"]
        if action not in ("kill", "start"):
            return JSONResponse({"error": "an engine can be told to kill or to start"}, 404)
        try:
            asked: Any = json.loads(body) if body else {}
            await asyncio.to_thread(control.act, side, action, asked.get("node"))
        except (LabError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"acknowledged": True, "engine_url": control.url(side)})

    return [Route("/engines/{side}/{action}", act, methods=["POST"])]
