"""Open the domain of a single operation, and refuse what was prepared where something speaks against it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from configs.plan import DomainSettings, Plan, Side
from flows.sessions.first_contact import contact_alone
from tasks.errors import PreconditionError
from tasks.operations.operation import Operation, Prepared
from tasks.records.operations import Outcome, Preview

R = TypeVar("R", bound=Outcome)
Prepare = Callable[[Operation], Prepared[R]]


@dataclass(frozen=True)
class Place:
    """The domain of an operation as it was named.

    Args:
        key: what the user has to correct if it cannot be reached.
        side, plan: of the plan that it is a side of.
        state: the state folder.
        reach: the options by which it was named, for commands about it.
    """

    settings: DomainSettings
    key: str
    state: Path
    side: Side | None = None
    plan: Plan | None = None
    reach: tuple[str, ...] = ()


def open_operation(place: Place, *, wait: bool = True) -> Operation:
    """Open the domain and ask it who it is. Reads only.

    Raises:
        NoContact: it was not reached in time, or is none.
        SnapferryError: credentials could not be resolved, or it refused to answer.
    """
    domain, cluster = contact_alone(place.settings, place.key, place.side)
    return Operation(
        domain=domain,
        cluster=cluster,
        settings=place.settings,
        state=place.state,
        plan=place.plan,
        wait=wait,
        reach=place.reach,
    )


def require_sound(preview: Preview) -> None:
    """Refuse an operation with a problem that no consent helps against.

    Raises:
        PreconditionError: nothing was changed.
    """
    if preview.problems:
        raise PreconditionError(
            f"{preview.operation} is refused; nothing was changed:",
            preview.problems,
            "see each line above for what to do, then run the command again",
        )


def require_consents(preview: Preview, words: Callable[[Preview], tuple[str, ...]], to_run: str) -> None:
    """Refuse an operation that lacks a consent.

    Args:
        words: what each lacking consent is about.
        to_run: the command with all of them.

    Raises:
        PreconditionError: nothing was changed.
    """
    if preview.lacking:
        raise PreconditionError(
            f"{preview.operation} needs consents that were not given; nothing was changed:",
            words(preview),
            f"if you accept that: `{to_run}`",
        )
