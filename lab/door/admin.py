"""The lab's own small API, on its own port: add and clear rules, reset the lab."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.account import lifecycle, ownership, sessions
from lab.door.exchange import Door
from lab.door.rules import Rule, Rules
from lab.manners import effects, presets
from lab.manners.admin import manners_routes
from lab.plugins.admin import policy_routes

PATIENCE = 5.0  # seconds


def admin_app(rules: Rules, doors: list[Door], more: Sequence[Route] = ()) -> Starlette:
    """Build the application: `GET|POST|DELETE /rules`, `POST /reset` (drops rules, faults and the doors'
    remembered registrations, and ends requests that wait for a reply), and `more`."""

    async def reset(request: Request) -> Response:
        rules.clear()
        await _end_requests(doors)
        lifecycle.forget()
        ownership.forget_folders()
        sessions.limit(None)
        for door in doors:
            door.registered.clear()
            door.faults.install(None)
            await effects.reset(door)
        return JSONResponse({"acknowledged": True})

    return Starlette(
        routes=[
            *_rule_routes(rules),
            Route("/reset", reset, methods=["POST"]),
            *manners_routes(doors),
            *policy_routes(doors),
            *more,
        ]
    )


async def _end_requests(doors: Sequence[Door]) -> None:
    """End all requests under way. A killed client's request, held back by a rule, would otherwise act on what
    comes after the reset."""
    tasks = [task for door in doors for task in door.under_way]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=PATIENCE)


def _rule_routes(rules: Rules) -> list[Route]:
    async def show(request: Request) -> Response:
        return JSONResponse(rules.listed())

    async def add(request: Request) -> Response:
        try:
            added = _parsed(await request.json())
        except (ValidationError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        for rule in added:
            rules.add(rule)
        return JSONResponse(rules.listed(), 201)

    async def clear(request: Request) -> Response:
        rules.clear()
        return JSONResponse([])

    functions = {"GET": show, "POST": add, "DELETE": clear}
    return [Route("/rules", each, methods=[method]) for method, each in functions.items()]


def _parsed(raw: Any) -> list[Rule]:
    """Parse the sent rules: one, or a list."""
    asked = raw if isinstance(raw, list) else [raw]
    return [Rule.model_validate(presets.expanded(each)) for each in asked]
