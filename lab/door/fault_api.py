"""The fault plan's part of the lab's own API."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.door.faults import FaultPlan, Faults


def fault_routes(faults: Faults) -> list[Route]:
    """`PUT /faults` (replaces the active plan), `GET /faults` (the plan, and the numbers of requests that it
    has seen and hit), `DELETE /faults`."""

    async def install(request: Request) -> Response:
        try:
            plan = FaultPlan.model_validate(await request.json())
        except (ValidationError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        faults.install(plan)
        return JSONResponse(faults.shown(), 201)

    async def show(request: Request) -> Response:
        return JSONResponse(faults.shown())

    async def remove(request: Request) -> Response:
        shown = faults.shown()
        faults.install(None)
        return JSONResponse(shown)

    return [
        Route("/faults", install, methods=["PUT"]),
        Route("/faults", show, methods=["GET"]),
        Route("/faults", remove, methods=["DELETE"]),
    ]
