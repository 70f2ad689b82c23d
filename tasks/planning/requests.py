"""The requests that a verb will send, collected from its steps. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from domains.domain import Side
from domains.http.requests import Request
from runs.step_names import StepName
from tasks.records.plan_document import PlannedRequest
from tasks.steps import steps_of

Offer = Callable[[], Iterable[tuple[Side, Request]]]
"""What one step will send, and to which side."""


def on(side: Side, requests: Iterable[Request]) -> Iterator[tuple[Side, Request]]:
    """Pair these requests with the side they go to."""
    return ((side, request) for request in requests)


def planned_requests(verb: str, offers: Mapping[StepName, Offer]) -> Iterator[PlannedRequest]:
    """Every request of the verb, in the order of its steps.

    Args:
        offers: for each step that sends something, a function that returns its requests.

    Raises:
        KeyError: a step that sends something is missing; a test over `tasks.steps.ALL` catches that first.
    """
    for step in steps_of(verb):
        if step.sends:
            yield from (_planned(step.name, side, request) for side, request in offers[step.name]())


def _planned(step: StepName, side: Side, request: Request) -> PlannedRequest:
    return PlannedRequest(
        step=step.value,
        side=side,
        method=request.method,
        path=request.path,
        query=dict(request.query),
        body=request.body,
        changes=not request.path.endswith("/_verify"),
    )
