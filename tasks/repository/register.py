"""Register the shared repository in a form that each domain accepts: readonly on the target.

Which form a domain accepts is found out by `fallback`. A domain keeps a registration that failed its
verification, so this module replaces it with another form, restores the previous one, or removes it.
"""

from collections.abc import Iterator

from configs.plan import S3Repository, Side
from domains.domain import Domain
from domains.engine import repositories
from domains.errors import DomainError, Refused, SnapferryError
from domains.http.json_replies import Json, child
from domains.http.requests import Request
from runs.progress import Progress, report_progress
from tasks.errors import ExecutionError, PreconditionError, TimedOut
from tasks.migration import Migration
from tasks.records.transfer import Attempt, Form, RepositoryRecord
from tasks.repository.bodies import forms, is_readonly, registration, same
from tasks.repository.fallback import patiently, try_forms
from tasks.repository.hints import hint_for
from tasks.repository.lost import require_own_place
from tasks.steps import registration_on
from tasks.survey import Survey

_IN_USE = "trying to modify or unregister repository that is currently used"


def register_source(m: Migration, bucket_region: str | None) -> RepositoryRecord:
    """Register the repository read-write on the source and have every node verify it.

    May be repeated: a correct registration is only verified.

    Raises:
        ExecutionError: the domain accepted no form, or somebody has given the name another place; the
            registrations are as before.
        DomainError: transient, or denied.
    """
    return _registered(m, m.source, bucket_region)


def register_target(m: Migration, bucket_region: str | None) -> RepositoryRecord:
    """Register the same bucket and path readonly on the target.

    This does not prove that the path is right: a readonly verification writes nothing, so
    `tasks.snapshot.find_on_target` searches for the snapshot.

    May be repeated. Raises as `register_source`.
    """
    return _registered(m, m.target, bucket_region)


def requests(m: Migration, look: Survey, side: Side, bucket_region: str | None) -> Iterator[Request]:
    """Requests that registering on this side sends, by the survey: the first of several forms. Reads only."""
    domain, found = look.domain(side), look.registration(side)
    wanted = [registration(m.plan, domain, form, bucket_region) for form in forms(m.plan, bucket_region)]
    if not (found and any(same(found, body) for body in wanted)):
        yield repositories.register_request(m.repository, wanted[0])
    yield repositories.verify_request(m.repository)


def _registered(m: Migration, domain: Domain, bucket_region: str | None) -> RepositoryRecord:
    before = repositories.registration(domain, m.repository)
    if before:
        require_own_place(m, domain, before)
        if kept := _already(m, domain, before, bucket_region):
            return kept

    def attempt(form: Form, region: str | None) -> tuple[str, ...]:
        return _put_patiently(m, domain, registration(m.plan, domain, form, region), before)

    tried = try_forms(forms(m.plan, bucket_region), bucket_region, domain.region, attempt)
    if tried.refusal:
        left = _revert(m, domain)
        raise _no_form(m, domain, tried.refusal, left, tried.elsewhere) from tried.refusal
    assert tried.form, "a form that is not refused is accepted"
    return _record(m, domain, tried.form, tried.nodes, tried.attempts, already=False)


def _put_patiently(m: Migration, domain: Domain, body: Json, before: Json | None) -> tuple[str, ...]:
    """Register and have every node verify it; while a new role or policy may be why not, for a minute.

    Returns:
        The nodes that verified it.
    """

    def attempt() -> tuple[str, ...]:
        _put(m, domain, body, before)
        return repositories.verified_nodes(domain, m.repository)

    return patiently(m.poll, registration_on(domain.side).name, f"the {domain.side}", attempt)


def _already(m: Migration, domain: Domain, found: Json, region: str | None) -> RepositoryRecord | None:
    """The record of an existing registration in one of the forms, if it works."""
    fitting: list[Form] = [
        form for form in forms(m.plan, region) if same(found, registration(m.plan, domain, form, region))
    ]
    if not fitting:
        return None
    try:
        nodes = repositories.verified_nodes(domain, m.repository)
    except Refused as error:
        if error.transient:
            raise
        return None
    return _record(m, domain, fitting[0], nodes, _earlier_attempts(m, domain), already=True)


def _earlier_attempts(m: Migration, domain: Domain) -> tuple[Attempt, ...]:
    """Forms that an earlier session of this run tried, for the report."""
    record = m.journal.document.recorded(registration_on(domain.side))
    return record.attempts if record else ()


def _put(m: Migration, domain: Domain, body: Json, before: Json | None) -> None:
    """Register once the repository is free: while in use, it refuses even an identical registration.

    The intent keeps the previous registration, so that it can be restored even after a kill.
    """
    limit = m.plan.snapshot.wait_for_running.total_seconds()
    poll = m.poll(limit)
    step = registration_on(domain.side).name
    detail = {"name": m.repository, "before": before, **body}
    with m.journal.intend(step, domain.side, "register", detail):
        while not _free(m, domain, body):
            if poll.expired:
                raise TimedOut(
                    f"{domain.side}: repository {m.repository} is in use for longer than {limit:.0f} s",
                    "run the same command later",
                )
            report_progress(Progress(step, f"waiting: repository {m.repository} is in use", waiting=True))
            poll.pause()


def _free(m: Migration, domain: Domain, body: Json) -> bool:
    """Register; False if a snapshot or a restore uses the repository, so that nothing was changed."""
    try:
        repositories.register(domain, m.repository, body)
    except Refused as error:
        if _IN_USE not in error.reply.text:
            raise
        return False
    return True


def _revert(m: Migration, domain: Domain) -> str:
    """Remove a registration that did not verify, or restore the previous one; return what is left."""
    step, detail = registration_on(domain.side).name, {"name": m.repository}
    ours = (intent for intent in m.journal.intents("register") if intent.side == domain.side)
    before: Json | None = next(ours).detail["before"]
    try:
        now = repositories.registration(domain, m.repository)
        if now == before:
            return "nothing is registered" if now is None else "the previous registration is unchanged"
        if now is None:
            return "the previous registration is gone"
        if before is None:
            with m.journal.intend(step, domain.side, "unregister", detail):
                repositories.unregister(domain, m.repository)
            return "the registration was removed again"
        with m.journal.intend(step, domain.side, "put back", detail):
            repositories.register(domain, m.repository, before)
    except DomainError as error:
        return f"a registration that does not work is left, because it could not be removed: {error.message}"
    return "the previous registration was restored"


def _no_form(m: Migration, domain: Domain, error: Refused, left: str, elsewhere: bool) -> SnapferryError:
    repository = m.plan.repository
    hint = hint_for(m, domain.side, error.reply.text) or error.hint or "see the service's message above"
    if elsewhere and isinstance(repository, S3Repository) and repository.endpoint_fallback == "never":
        hint = "set repository.endpoint_fallback: auto"
    said = f"repository {m.repository} could not be registered on the {domain.side} ({left}): {error.message}"
    return ExecutionError(said, hint) if m.journal.changed_something else PreconditionError(said, hint=hint)


def _record(
    m: Migration,
    domain: Domain,
    form: Form,
    nodes: tuple[str, ...],
    attempts: tuple[Attempt, ...],
    *,
    already: bool,
) -> RepositoryRecord:
    """Confirm by reading: what counts is the registration that the domain shows now."""
    found = repositories.registration(domain, m.repository)
    if found is None or not nodes or (domain.side == "target") != is_readonly(found):
        raise ExecutionError(
            f"{domain.side}: repository {m.repository} has an unexpected registration: {found}",
            "find out who else registers it on that domain, then run the same command again",
        )
    return RepositoryRecord(
        side=domain.side,
        name=m.repository,
        form=form,
        settings=child(found, "settings"),
        readonly=is_readonly(found),
        already_there=already,
        attempts=attempts,
        nodes=nodes,
    )
