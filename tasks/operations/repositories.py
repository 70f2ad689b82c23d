"""List, verify and remove the repositories that are registered on a domain."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from domains.engine import repositories, snapshots
from domains.errors import Refused
from domains.http.json_replies import Json, child
from runs.errors import StateUnusable
from tasks.errors import ExecutionError, PreconditionError
from tasks.operations.operation import Operation, Prepared, is_service_repository, shown
from tasks.operations.unfinished_runs import RunHere, unfinished_runs
from tasks.records.operations import (
    Consent,
    NameOutcome,
    NameResult,
    NamesOutcome,
    Note,
    NoteKind,
    Preview,
    RepositoryList,
    RepositoryRow,
    RepositoryUser,
    Risk,
    Verified,
)
from tasks.repository.bodies import is_readonly
from tasks.retry_while_busy import is_in_use

_KEYS = frozenset({"access_key", "secret_key", "session_token"})
_HIDDEN = "(not shown)"
_OF_THE_SERVICE = "names that start with cs- belong to the service, which registers and removes them itself"


def list_repositories(op: Operation) -> RepositoryList:
    """List every registration on the domain, and the unfinished runs that use it. Reads only."""
    found = repositories.all_registrations(op.domain)
    busy = snapshots.running(op.domain)
    problem = ""
    try:
        runs: Sequence[RunHere] = unfinished_runs(op)
    except StateUnusable as error:
        runs, problem = (), error.message
    rows = (
        _row(name, entry, runs, [each.name for each in busy if each.repository == name])
        for name, entry in sorted(found.items())
    )
    return RepositoryList(endpoint=op.endpoint, repositories=tuple(rows), problem=problem)


def _row(name: str, entry: Json, runs: Sequence[RunHere], running: Sequence[str]) -> RepositoryRow:
    settings = child(entry, "settings")
    service = is_service_repository(name)
    users = (run for run in runs if not service and run.uses_repository(name, entry))
    return RepositoryRow(
        name=name,
        type=str(entry.get("type") or ""),
        service=service,
        readonly=is_readonly(entry) if settings else None,
        settings=without_keys(settings),
        used_by=tuple(map(_user, users)),
        running=tuple(running),
    )


def without_keys(settings: Json) -> Json:
    """Settings as they may be shown: a cluster outside the service may keep the keys of a bucket in them."""
    return {key: _HIDDEN if key in _KEYS else value for key, value in settings.items()}


def _user(run: RunHere) -> RepositoryUser:
    return RepositoryUser(plan=run.plan, run_id=run.run_id, verb=str(run.journal.document.verb))


def require_registration(op: Operation, name: str) -> Json:
    """Read a registration that must be there.

    Raises:
        PreconditionError: it is not; close names are suggested.
    """
    found = repositories.registration(op.domain, name)
    if found is not None:
        return found
    known = sorted(repositories.all_registrations(op.domain))
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    listed = f"it has {', '.join(known[:10])}" if known else "it has none"
    add = op.command("repository register", "NAME")
    hint = f"did you mean {close[0]}?" if close else f"{listed}; `{add}` adds one"
    raise PreconditionError(f"the domain has no repository {name}", hint=hint)


def prepare_verify(op: Operation, name: str) -> Prepared[Verified]:
    """Prepare a verification: each node writes and reads a test file, unless the repository is readonly."""
    require_registration(op, name)
    request = repositories.verify_request(name)
    preview = Preview(operation="repository verify", endpoint=op.endpoint, requests=shown([request]))

    def act() -> Verified:
        op.sent.append(request)
        nodes = repositories.verified_nodes(op.domain, name)
        if not nodes:
            raise ExecutionError(
                f"no node has verified repository {name}", "run the same command again in a minute"
            )
        return Verified(
            operation=preview.operation,
            endpoint=op.endpoint,
            requests=preview.requests,
            name=name,
            nodes=nodes,
        )

    return Prepared(preview, act)


def prepare_remove(op: Operation, name: str, allowed: Sequence[str]) -> Prepared[NamesOutcome]:
    """Prepare to remove a registration. The snapshots stay in the bucket.

    Args:
        allowed: names that may be removed although an unfinished run needs them.
    """
    found = repositories.registration(op.domain, name)
    request = repositories.unregister_request(name)
    preview = Preview(
        operation="repository remove",
        endpoint=op.endpoint,
        requests=shown([request] if found is not None else []),
        consents=tuple(_needs(op, name, found, allowed)) if found is not None else (),
        notes=() if found is not None else (Note(kind=NoteKind.ABSENT, names=(name,)),),
        problems=tuple(_in_the_way(op, name)) if found is not None else (),
    )

    def act() -> NamesOutcome:
        outcome = NameOutcome.ABSENT
        if repositories.registration(op.domain, name) is not None:
            _unregister(op, name)
            outcome = NameOutcome.DONE
        return NamesOutcome(
            operation=preview.operation,
            endpoint=op.endpoint,
            requests=preview.requests,
            names=(NameResult(name=name, outcome=outcome),),
        )

    return Prepared(preview, act)


def _unregister(op: Operation, name: str) -> None:
    try:
        op.send(repositories.unregister_request(name))
    except Refused as error:
        if is_in_use(error):
            op.sent.clear()
            raise PreconditionError(
                f"repository {name} is in use by a snapshot or a restore",
                hint="wait until it has ended, then run the same command again",
            ) from error
        raise
    if repositories.registration(op.domain, name) is not None:
        raise ExecutionError(
            f"the domain has accepted the removal, but repository {name} is still registered",
            "find out who else registers it, then run the same command again",
        )


def _in_the_way(op: Operation, name: str) -> Iterator[str]:
    if is_service_repository(name):
        yield f"{name}: {_OF_THE_SERVICE}"
    for running in snapshots.running(op.domain):
        if running.repository == name:
            yield f"{name} is in use: snapshot {running.name} is running; wait until it has ended"


def _needs(op: Operation, name: str, found: Json, allowed: Sequence[str]) -> Iterator[Consent]:
    for run in unfinished_runs(op):
        if run.uses_repository(name, found):
            yield Consent(
                option="--allow-remove",
                value=name,
                name=name,
                risk=Risk.RUN_NEEDS_IT if run.unfinished else Risk.SEED_CYCLE_NEEDS_IT,
                detail=run.words,
                given=name in allowed,
            )
