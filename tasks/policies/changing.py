"""Create, change or remove a policy on a domain, and read back what the domain has then."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, nullcontext

from domains.engine.policies import index_state_management
from domains.errors import DomainError, SnapferryError
from domains.http.requests import Request
from tasks.errors import ExecutionError, PreconditionError
from tasks.policies.findings import notes_of
from tasks.policies.reading import (
    Place,
    delete_request,
    find,
    index_requests,
    listed,
    not_ours,
    preview_of,
    put_request,
    state_of,
    stored_as,
    under_policy,
)
from tasks.records.policies import NotAttached, PolicyChange, PolicyOutcome, PolicyState, WantedPolicy, Way

_LOOK_AGAIN = "look with `snapferry policy diff PLAN`; the same command then does what is left"


def apply(place: Place, wanted: WantedPolicy) -> PolicyOutcome:
    """Create the policy, or change it to what is wanted, and read it back. May be repeated.

    Call it only when `preview` has no problems: it looks again, and changes nothing where it finds one now.

    Raises:
        PreconditionError: there is a problem now. Nothing was changed.
        ExecutionError: the domain has something else afterwards, or cannot be read any more.
        SnapferryError: it could not be read, or refused the first change. Nothing was changed.
    """
    found = find(place, wanted)
    ahead = preview_of(place, wanted, found)
    if ahead.problems:
        raise PreconditionError(
            f"the policy {wanted.name} was not applied: the domain has changed since it was read",
            hint="look with `snapferry policy diff PLAN`",
        )
    if ahead.state is not PolicyState.SAME:
        _send(place, put_request(place, wanted, found.stored))
    failed = tuple(_for_indices(place, index_requests(place, wanted, found)))
    with _after_a_change(wanted):
        after = find(place, wanted)
    state, differences = state_of(wanted, after.stored)
    if state is not PolicyState.SAME:
        fields = ", ".join(each.field for each in differences)
        lacks = fields or "it is not there"
        raise ExecutionError(
            f"the domain has not taken the policy {wanted.name} as sent: {lacks}", _LOOK_AGAIN
        )
    change = {PolicyState.ABSENT: PolicyChange.CREATED, PolicyState.DIFFERENT: PolicyChange.UPDATED}
    return PolicyOutcome(
        way=wanted.way,
        name=wanted.name,
        side=wanted.side,
        endpoint=place.domain.endpoint,
        change=change.get(ahead.state, PolicyChange.UNCHANGED),
        attached=tuple(name for name in found.attach if name not in after.attach),
        failed=_left(after.attach, failed),
        notes=notes_of(wanted, place.domain.signed, place.version),
    )


def remove(place: Place, wanted: WantedPolicy) -> PolicyOutcome:
    """Delete the policy, take its indices from it, and see that it is gone. Its snapshots stay. May be
    repeated.

    Raises:
        PreconditionError: it is somebody else's now. Nothing was changed.
        ExecutionError: it is still there, or something was refused after the first change.
        SnapferryError: as `apply`.
    """
    stored = stored_as(listed(place, wanted), wanted.name)
    if any(not_ours(place, wanted, stored)):
        raise PreconditionError(
            f"the policy {wanted.name} is somebody else's now: it was not removed",
            hint="look with `snapferry policy diff PLAN`",
        )
    under = under_policy(place, wanted) if wanted.way is Way.INDEX_STATE_MANAGEMENT else ()
    failed = tuple(_for_indices(place, index_state_management.detach_requests(place.version, under)))
    with _after_a_change(wanted) if under else nullcontext():
        if stored is not None:
            _send(place, delete_request(place, wanted))
    with _after_a_change(wanted):
        is_there = stored_as(listed(place, wanted), wanted.name) is not None
        still = under_policy(place, wanted) if under else ()
    if is_there:
        raise ExecutionError(f"the policy {wanted.name} is still on the domain", _LOOK_AGAIN)
    return PolicyOutcome(
        way=wanted.way,
        name=wanted.name,
        side=wanted.side,
        endpoint=place.domain.endpoint,
        change=PolicyChange.REMOVED if stored else PolicyChange.ABSENT,
        detached=tuple(name for name in under if name not in still),
        failed=_left(still, failed),
    )


@contextmanager
def _after_a_change(wanted: WantedPolicy) -> Generator[None]:
    """Inside the block, an error no longer means that nothing was changed."""
    try:
        yield
    except SnapferryError as error:
        raise ExecutionError(
            f"something of the policy {wanted.name} was changed before this: {error.message}", _LOOK_AGAIN
        ) from error


def _send(place: Place, request: Request) -> None:
    """Send a change once. If its outcome is unknown, what is read afterwards decides."""
    try:
        place.domain.connection.send(request)
    except DomainError as error:
        if not error.transient:
            raise


def _for_indices(place: Place, requests: Iterable[Request]) -> Iterator[NotAttached]:
    """Send the requests for indices; a refusal of one does not hold the others."""
    for request in requests:
        try:
            sent = index_state_management.send_for_indices(place.domain, request)
        except SnapferryError as error:
            yield NotAttached(index="", reason=error.message)
        else:
            yield from (NotAttached(index=name, reason=reason) for name, reason in sent.failed)


def _left(names: Iterable[str], failed: tuple[NotAttached, ...]) -> tuple[NotAttached, ...]:
    """Every index that is not as wanted, and every refusal, each once."""
    said = {each.index for each in failed}
    silent = (NotAttached(index=name, reason="") for name in names if name not in said)
    return (*failed, *silent)
