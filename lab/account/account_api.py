"""The account's part of the lab's own API."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.account import lifecycle


def account_routes() -> list[Route]:
    """`POST /account/age` with `{"bucket": …}`: let the bucket's lifecycle run as after a day; return the
    keys that it moved to Glacier."""

    async def age(request: Request) -> Response:
        asked: Any = await request.json()
        try:
            moved = lifecycle.age(asked["bucket"])
        except (KeyError, TypeError):
            return JSONResponse({"error": "there is no such bucket"}, 400)
        return JSONResponse({"moved": moved})

    return [Route("/account/age", age, methods=["POST"])]
