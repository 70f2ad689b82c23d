"""The lab's own API for switches: `GET|PUT /manners/SIDE`, and `POST /automated/SIDE`; SIDE is source or
target."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lab.door.exchange import Door
from lab.manners import automated
from lab.manners.effects import take_effect
from lab.manners.switches import NotTaken

Act = Callable[[Door, Any], Awaitable[tuple[int, Any]]]


class SnapshotRequest(BaseModel):
    """A request for an automated snapshot now; with `slow` it takes about `seconds`."""

    model_config = ConfigDict(extra="forbid")

    slow: bool = False
    seconds: float = Field(default=10.0, gt=0)


def manners_routes(doors: list[Door]) -> list[BaseRoute]:
    """The routes.

    A PUT changes the switches that it names. An unknown switch or an invalid value is answered 400, and
    nothing changes; a change that the engine rejects is answered 409.
    """
    by_side = {door.side: door for door in doors}
    acts: dict[tuple[str, str], Act] = {
        ("GET", "/manners/{side}"): _show,
        ("PUT", "/manners/{side}"): _change,
        ("POST", "/automated/{side}"): _take,
    }
    return [Route(path, _endpoint(by_side, act), methods=[method]) for (method, path), act in acts.items()]


def _endpoint(by_side: dict[str, Door], act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        door = by_side.get(request.path_params["side"])
        if door is None:
            return JSONResponse({"error": f"a lab has {' and '.join(by_side)}"}, 404)
        try:
            status, shown = await act(door, await request.json() if await request.body() else {})
        except ValidationError as error:
            return JSONResponse({"error": _said(error)}, 400)
        except ValueError as error:
            return JSONResponse({"error": f"no JSON: {error}"}, 400)
        except (NotTaken, httpx.HTTPError) as error:
            return JSONResponse({"error": str(error)}, 409)
        return JSONResponse(shown, status)

    return endpoint


async def _show(door: Door, _: Any) -> tuple[int, Any]:
    return 200, door.manners.model_dump(mode="json")


async def _change(door: Door, changes: Any) -> tuple[int, Any]:
    await take_effect(door, door.manners.changed(changes))
    return await _show(door, None)


async def _take(door: Door, asked: Any) -> tuple[int, Any]:
    taking = SnapshotRequest.model_validate(asked)
    name = await automated.take(door, taking.seconds if taking.slow else None)
    return 201, {"repository": automated.REPOSITORY, "snapshot": name}


def _said(error: ValidationError) -> str:
    problems: list[str] = []
    for each in error.errors():
        name = ".".join(str(part) for part in each["loc"])
        unknown = each["type"] == "extra_forbidden"
        problems.append(f"{name}: {'there is no such switch' if unknown else each['msg']}")
    return "; ".join(problems)
