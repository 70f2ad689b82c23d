"""The account's part of the lab's own API."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.account import lifecycle, sessions


def account_routes() -> list[Route]:
    """`POST /account/age` with `{"bucket": …}`: let the bucket's lifecycle run as after a day; return the
    keys that it moved to Glacier. `PUT /account/sessions` with `{"seconds": …}`: let sessions of assumed
    roles be as short as that, until a reset."""

    async def age(request: Request) -> Response:
        asked: Any = await request.json()
        try:
            moved = lifecycle.age(asked["bucket"])
        except (KeyError, TypeError):
            return JSONResponse({"error": "there is no such bucket"}, 400)
        return JSONResponse({"moved": moved})

    async def shorten(request: Request) -> Response:
        asked: Any = await request.json()
        seconds = asked.get("seconds") if isinstance(asked, dict) else None
        if not isinstance(seconds, int) or seconds < 1:
            return JSONResponse({"error": "seconds must be a whole number from 1"}, 400)
        sessions.limit(seconds)
        return JSONResponse({"seconds": seconds})

    return [
        Route("/account/age", age, methods=["POST"]),
        Route("/account/sessions", shorten, methods=["PUT"]),
    ]
