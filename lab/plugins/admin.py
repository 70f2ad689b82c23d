"""The lab's own API for policies: `POST /policies/{source|target}/run` lets them do now what their schedules
would make them do, for all or `{"policy": NAME}`."""

from __future__ import annotations

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.door.exchange import Door
from lab.plugins import ism_running, sm_running
from lab.plugins.answers import Refused


class Run(BaseModel):
    """Which policies to run; None is all."""

    model_config = ConfigDict(extra="forbid", strict=True)

    policy: str | None = None


def policy_routes(doors: list[Door]) -> list[Route]:
    """The routes. The reply lists the snapshots taken: repository, name, and policy or index. A bad request
    is
    answered 400, what the engine refuses 409."""
    by_side = {door.side: door for door in doors}

    async def act(request: Request) -> Response:
        door = by_side.get(request.path_params["side"])
        if door is None:
            return JSONResponse({"error": f"a lab has {' and '.join(by_side)}"}, 404)
        try:
            asked = Run.model_validate_json(await request.body() or b"{}")
            taken = await ism_running.run(door, asked.policy)
            taken += await sm_running.run(door, asked.policy)
        except ValidationError as error:
            return JSONResponse({"error": str(error)}, 400)
        except (Refused, httpx.HTTPError) as error:
            return JSONResponse({"error": str(error)}, 409)
        return JSONResponse({"snapshots": taken})

    return [Route("/policies/{side}/run", act, methods=["POST"])]
