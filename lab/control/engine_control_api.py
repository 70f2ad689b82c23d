"""The admin API for engines: `POST /engines/{source|target}/{kill|start}`, with `{"node": 2}` for a single
node, and with `{"engine": "opensearch-3.6.0"}` to start as another version, on the same data."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.control.engine_control import EngineControl, NoSuchNode, NotInTime
from lab.errors import LabError


class NodeChoice(BaseModel):
    """The node to kill or start, from 1; None is all. `engine` is what all start as."""

    model_config = ConfigDict(extra="forbid", strict=True)

    node: int | None = None
    engine: str | None = None


def engine_routes(control: EngineControl) -> list[Route]:
    """The routes. `kill` is kill -9 and keeps the data; `start` answers when the node does, with the engine's
    new address. A bad request is answered 400, a failure 409, and a timeout 504."""

    async def act(request: Request) -> Response:
        side, action = request.path_params["side"], request.path_params["action"]
        if action not in ("kill", "start"):
            return _error(404, "an engine can be told to kill or to start")
        try:
            asked = NodeChoice.model_validate_json(await request.body() or b"{}")
            if action == "start" and asked.engine:
                await asyncio.to_thread(control.upgrade, side, asked.engine)
            await asyncio.to_thread(control.act, side, action, asked.node)
        except (NoSuchNode, ValidationError) as error:
            return _error(400, error)
        except NotInTime as error:
            return _error(504, error)
        except LabError as error:
            return _error(409, error)
        return JSONResponse({"acknowledged": True, "engine_url": control.url(side)})

    return [Route("/engines/{side}/{action}", act, methods=["POST"])]


def _error(status: int, why: object) -> Response:
    return JSONResponse({"error": str(why)}, status)
