"""Register a repository on one domain, in the form that it accepts, and have every node verify it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from configs.repository import Repository, S3Repository
from domains.aws import session as aws
from domains.engine import repositories, snapshots
from domains.errors import DomainError, Refused, SnapferryError
from domains.http.json_replies import Json, child
from domains.http.known_refusals import RepositoryLocation, cause_of
from runs.errors import StateUnusable
from tasks.errors import ExecutionError, PreconditionError
from tasks.operations.operation import Operation, Prepared, shown
from tasks.operations.repositories import without_keys
from tasks.operations.unfinished_runs import plans_of, unfinished_runs
from tasks.records.operations import Consent, Note, NoteKind, Preview, Registered, Risk, ShownRequest
from tasks.records.transfer import Form
from tasks.repository.bodies import body_of, forms_of, is_readonly, place, same, same_place
from tasks.repository.fallback import Tried, patiently, try_forms
from tasks.retry_while_busy import is_in_use

_VERIFY_TIMEOUT_S = 120.0
_STEP = "register"


@dataclass(frozen=True)
class RegistrationWanted:
    """The registration that is asked for.

    Args:
        repository: name, bucket or folder, role and further settings.
        endpoint: the S3 endpoint to use; empty to use the bucket's Region, or what the service asks for.
        readonly: whether the domain may only read.
        replace: names of registrations that may be replaced.
    """

    repository: Repository
    endpoint: str = ""
    readonly: bool = False
    replace: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The repository's name."""
        return self.repository.name


@dataclass(frozen=True)
class _Work:
    op: Operation
    wanted: RegistrationWanted
    before: Json | None

    @cached_property
    def region(self) -> str | None:
        """The bucket's Region: as given, else looked up, else (unknown) the domain's own."""
        repository = self.wanted.repository
        if not isinstance(repository, S3Repository) or self.wanted.endpoint:
            return None
        if repository.region or not self.op.domain.signed:
            return repository.region
        found = aws.bucket_region(self.op.domain.session, repository.bucket)
        return found or self.op.domain.region

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms to try."""
        return ("endpoint",) if self.wanted.endpoint else tuple(forms_of(self.wanted.repository, self.region))

    def body(self, form: Form, region: str | None) -> Json:
        """The registration in this form."""
        repository = self.wanted.repository
        role = repository.role_arn_for("source") if self.op.domain.signed else None
        body = body_of(repository, form, region, role=role, readonly=self.wanted.readonly)
        if self.wanted.endpoint:
            body["settings"]["endpoint"] = self.wanted.endpoint
        return body

    @cached_property
    def fitting(self) -> Form | None:
        """The form in which it is registered already; None if it is not, or otherwise."""
        if self.before is None:
            return None
        before = self.before
        return next((form for form in self.forms if same(before, self.body(form, self.region))), None)


def prepare_register(op: Operation, wanted: RegistrationWanted) -> Prepared[Registered]:
    """Prepare a registration: a different one of the same name needs a consent."""
    work = _Work(op, wanted, repositories.registration(op.domain, wanted.name))
    body = work.body(work.forms[0], work.region)
    requests = [] if work.fitting else [repositories.register_request(wanted.name, body)]
    preview = Preview(
        operation="repository register",
        endpoint=op.endpoint,
        requests=shown([*requests, repositories.verify_request(wanted.name)]),
        consents=tuple(_consents(work, body)),
        notes=tuple(_notes(work, body)),
    )
    return Prepared(preview, lambda: _act(work, preview.requests))


def _consents(work: _Work, body: Json) -> Iterator[Consent]:
    if work.before is None or work.fitting:
        return
    name, given = work.wanted.name, work.wanted.name in work.wanted.replace
    detail = f"it is registered as {place(work.before)}, " + _differing(work.before, body)
    yield Consent(
        option="--replace",
        value=name,
        name=name,
        risk=Risk.ANOTHER_REGISTRATION,
        detail=detail,
        given=given,
    )
    for run in unfinished_runs(work.op):
        if run.uses_repository(name, work.before):
            risk = Risk.RUN_NEEDS_IT if run.unfinished else Risk.SEED_CYCLE_NEEDS_IT
            yield Consent(option="--replace", value=name, name=name, risk=risk, detail=run.words, given=given)


def _differing(before: Json, body: Json) -> str:
    has, wants = child(before, "settings"), body["settings"]
    keys = sorted(key for key in has.keys() | wants.keys() if str(has.get(key)) != str(wants.get(key)))
    return f"and differs in {', '.join(keys)}" if keys else "of another type"


def _notes(work: _Work, body: Json) -> Iterator[Note]:
    if work.fitting:
        yield Note(kind=NoteKind.REGISTERED, names=(work.wanted.name,))
    elif len(work.forms) > 1:
        other = json.dumps(work.body(work.forms[1], work.region)["settings"])
        yield Note(kind=NoteKind.OTHER_FORM, detail=other)
    if work.wanted.readonly:
        return
    found = repositories.all_registrations(work.op.domain)
    twins = [
        name
        for name, each in found.items()
        if name != work.wanted.name and not is_readonly(each) and same_place(each, body)
    ]
    if twins:
        yield Note(kind=NoteKind.SAME_PLACE, names=tuple(sorted(twins)))
    writers = sorted({plan for plan, endpoint in _writers(work.op, body) if endpoint != work.op.endpoint})
    if writers:
        yield Note(kind=NoteKind.WRITTEN_BY_ANOTHER, names=tuple(writers))


def _writers(op: Operation, body: Json) -> Iterator[tuple[str, str]]:
    """Plans whose source writes to this place, each with the source's endpoint or name."""
    for state in plans_of(op):
        try:
            latest = state.latest()
        except StateUnusable:
            continue  # only a warning is lost
        plan = latest.document.plan if latest else {}
        repository = child(plan, "repository")
        there = {"type": repository.get("type") or "s3", "settings": repository}
        if repository and same_place(there, body):
            source = child(plan, "source")
            yield state.plan_name, str(source.get("endpoint") or source.get("domain"))


def _act(work: _Work, requests: tuple[ShownRequest, ...]) -> Registered:
    op, name = work.op, work.wanted.name
    if work.fitting:
        try:
            nodes = repositories.verified_nodes(op.domain, name)
            return _confirmed(work, requests, Tried(work.fitting, nodes, ()), already=True)
        except Refused as error:
            if error.transient:
                raise
    tried = try_forms(work.forms, work.region, op.domain.region, partial(_put, work))
    if tried.refusal:
        left = _undo(work)
        raise _no_form(work, tried.refusal, left) from tried.refusal
    return _confirmed(work, requests, tried, already=False)


def _put(work: _Work, form: Form, region: str | None) -> tuple[str, ...]:
    op, name = work.op, work.wanted.name
    request = repositories.register_request(name, work.body(form, region))

    def attempt() -> tuple[str, ...]:
        busy = f"repository {name} is in use by a snapshot or a restore"
        op.send_when_free(request, is_in_use, busy, _VERIFY_TIMEOUT_S, settles=False)
        return repositories.verified_nodes(op.domain, name)

    return patiently(op.poll, _STEP, f"the {op.domain.label}", attempt)


def _undo(work: _Work) -> str:
    """Remove a registration that did not verify, or restore the previous one; return what is left."""
    op, name, before = work.op, work.wanted.name, work.before
    try:
        now = repositories.registration(op.domain, name)
        if now == before:
            left = "nothing is registered" if now is None else "the previous registration is unchanged"
        elif before is None:
            repositories.unregister(op.domain, name)
            left = "the registration was removed again"
        else:
            repositories.register(op.domain, name, before)
            left = "the previous registration was restored"
    except DomainError as error:
        return f"a registration that does not work is left, because it could not be removed: {error.message}"
    op.sent.clear()
    return left


def _no_form(work: _Work, error: Refused, left: str) -> SnapferryError:
    repository = work.wanted.repository
    cause = cause_of(error.reply.text)
    where = RepositoryLocation()
    if isinstance(repository, S3Repository):
        role = repository.role_arn or RepositoryLocation.role
        where = RepositoryLocation(role, repository.bucket, repository.base_path)
    hint = cause.advice(where) if cause else error.hint or "see the service's message above"
    said = f"repository {work.wanted.name} could not be registered ({left}): {error.message}"
    return ExecutionError(said, hint) if work.op.sent else PreconditionError(said, hint=hint)


def _confirmed(work: _Work, requests: Sequence[ShownRequest], tried: Tried, *, already: bool) -> Registered:
    """Confirm by reading: what counts is the registration that the domain shows now."""
    op, name = work.op, work.wanted.name
    found = repositories.registration(op.domain, name)
    if found is None or not tried.nodes or work.wanted.readonly != is_readonly(found):
        raise ExecutionError(
            f"repository {name} has an unexpected registration: {place(found) if found else 'none'}",
            "find out who else registers it on that domain, then run the same command again",
        )
    count = len(snapshots.names(op.domain, name))
    return Registered(
        operation="repository register",
        endpoint=op.endpoint,
        requests=tuple(requests),
        notes=tuple(_about_contents(work, count, already=already)),
        name=name,
        form=tried.form or "plain",
        settings=without_keys(child(found, "settings")),
        readonly=is_readonly(found),
        nodes=tried.nodes,
        attempts=tried.attempts,
        already_there=already,
        snapshots=count,
    )


def _about_contents(work: _Work, count: int, *, already: bool) -> Iterator[Note]:
    """What the snapshots that are there say: a wrong base_path looks empty, a shared one is not."""
    if work.wanted.readonly and not count:
        yield Note(kind=NoteKind.HOLDS_NOTHING, names=(work.wanted.name,))
    if not work.wanted.readonly and count and work.before is None and not already:
        yield Note(kind=NoteKind.HOLDS_SNAPSHOTS, names=(work.wanted.name,), detail=str(count))
