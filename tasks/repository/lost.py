"""What somebody has taken away while a run used it: the repository's registration, or the run's snapshot."""

from collections.abc import Generator
from contextlib import contextmanager

from domains.domain import Domain, Side
from domains.engine import repositories
from domains.errors import Missing, Refused
from domains.http.json_replies import Json
from tasks.errors import ExecutionError, PreconditionError
from tasks.migration import Migration
from tasks.repository.bodies import place, registration, same_place

_GONE = "snapshot does not exist"


@contextmanager
def registration_required(m: Migration, side: Side) -> Generator[None]:
    """Say so if the repository that the block uses is no longer registered on this side.

    Raises:
        ExecutionError: it is not; the same command registers it again.
    """
    try:
        yield
    except Missing as error:
        if error.reply.type != "repository_missing_exception":
            raise
        raise ExecutionError(
            f"repository {m.repository} is no longer registered on the {side}: somebody has removed it",
            "run the same command again: it registers the repository again",
        ) from error


def require_own_place(m: Migration, domain: Domain, found: Json) -> None:
    """Refuse a registration of the repository's name that somebody has given another place.

    Raises:
        ExecutionError, PreconditionError: it leads to another place than the plan's.
    """
    if same_place(found, registration(m.plan, domain, "plain", None)):
        return
    said = f"repository {m.repository} on the {domain.side} leads to another place ({place(found)})"
    hint = "if nobody needs that registration, remove it, then run the same command again: it makes its own"
    if m.journal.changed_something:
        raise ExecutionError(f"{said}: somebody has registered it since", hint)
    raise PreconditionError(said, hint=hint)


def require_own_places(m: Migration) -> None:
    """Refuse if the repository's name has another place by now, on either side. Reads only.

    Raises:
        ExecutionError, PreconditionError: as `require_own_place`.
    """
    for domain in m.domains:
        if found := repositories.registration(domain, m.repository):
            require_own_place(m, domain, found)


def is_snapshot_gone(error: Refused) -> bool:
    """Whether a restore was refused because its snapshot is not in the repository."""
    return error.says("snapshot_missing_exception") or _GONE in error.reply.text


def snapshot_lost(m: Migration) -> ExecutionError:
    """The run's snapshot is not in the repository any more. A restarted source forgets the one it was taking.

    As long as nothing has been restored from it, the run can take another one.
    """
    said = f"snapshot {m.snapshot} vanished from repository {m.repository}"
    if m.plan.existing_snapshot:
        return ExecutionError(
            said, f"name another one under {m.plan.snapshot_key}, and start again with --new-run"
        )
    said += (
        ": somebody has removed it, the source was restarted, or it could not write it (see its error log)"
    )
    if m.journal.may_have_sent(["restore"]):
        return ExecutionError(
            f"{said}; the run has restored from it already, and another one would not match",
            "start again with --new-run",
        )
    return ExecutionError(said, "run the same command again: it takes a new snapshot")
