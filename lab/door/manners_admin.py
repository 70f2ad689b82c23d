"""The switches by the lab's own API: `GET|PUT /manners/{source|target}`."""

from __future__ import annotations

from typing import Any

import httpx
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lab.door.effects import NotTaken, take_effect
from lab.door.exchange import Door
from lab.door.manners import Manners


def manners_routes(doors: list[Door]) -> list[BaseRoute]:
    """The routes. A PUT changes the switches that it names; one that is unknown, or has no such value, is
    answered 400 and nothing is changed. What the engine does not go along with is answered 409."""
    by_side = {door.side: door for door in doors}

    async def show(request: Request) -> Response:
        door = by_side.get(request.path_params["side"])
        return JSONResponse(door.manners.model_dump(mode="json")) if door else _unknown_side(by_side)

    async def change(request: Request) -> Response:
        door = by_side.get(request.path_params["side"])
        if door is None:
            return _unknown_side(by_side)
        try:
            wanted = door.manners.changed(await request.json())
            await take_effect(door, wanted)
        except ValidationError as error:
            return JSONResponse({"error": _said(error)}, 400)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        except NotTaken as error:
            return JSONResponse({"error": str(error)}, 409)
        return JSONResponse(door.manners.model_dump(mode="json"))

    return [
        Route("/manners/{side}", show, methods=["GET"]),
        Route("/manners/{side}", change, methods=["PUT"]),
    ]


async def reset_manners(door: Door) -> None:
    """Put every switch back to its default. An engine that does not go along is left as it is: whoever resets
    the lab empties it."""
    try:
        await take_effect(door, Manners())
    except (NotTaken, httpx.HTTPError):
        door.manners.become(Manners())


def _said(error: ValidationError) -> str:
    problems: list[str] = []
    for each in error.errors():
        name = ".".join(str(part) for part in each["loc"])
        known = f"; there are {', '.join(Manners.model_fields)}" if each["type"] == "extra_forbidden" else ""
        what = "no such switch" if known else each["msg"]
        problems.append(f"{name}: {what}{known}")
    return "; ".join(problems)


def _unknown_side(by_side: dict[str, Any]) -> Response:
    return JSONResponse({"error": f"a lab has {' and '.join(by_side)}"}, 404)
