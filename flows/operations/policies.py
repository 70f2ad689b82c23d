"""Policies that take snapshots on a schedule: on a domain, or as files for what runs elsewhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from configs.auth import BasicAuth
from configs.plan import DomainSettings, Plan
from configs.values.cron import next_times
from domains.engine import cluster
from flows.sessions.first_contact import contact_alone
from reports.policy_files.curator import PASSWORD, crontab_line, curator_files
from reports.policy_files.mark import is_ours
from reports.policy_files.prefect import prefect_files
from runs.state_files import replace_file
from tasks.errors import ExecutionError, PreconditionError
from tasks.policies import changing, documents, reading
from tasks.policies.findings import notes_of, problems_of
from tasks.policies.reading import Place
from tasks.records.policies import (
    Finding,
    PolicyChange,
    PolicyFile,
    PolicyNote,
    PolicyOutcome,
    PolicyPreview,
    PolicyProblem,
    PolicyRequest,
    PolicyState,
    WantedPolicy,
    Way,
)

_TIMES = 3
_LONGEST = 1_000_000


@dataclass(frozen=True)
class Asked:
    """A policy, and where it belongs.

    Args:
        folder: where the files lie, for ways that have some.
        consented: names of policies that may be replaced or deleted although somebody else made them.
    """

    plan: Plan
    wanted: WantedPolicy
    folder: Path
    consented: tuple[str, ...] = ()

    @property
    def settings(self) -> DomainSettings:
        """The side that the policy is for.

        Raises:
            PreconditionError: it is for a source that is a snapshot.
        """
        if self.wanted.side not in self.plan.sides:
            raise PreconditionError(
                "the plan's source is a snapshot: no domain is there to keep a policy",
                hint="name the plan's target instead",
            )
        return self.plan.domain(self.wanted.side)


def printed(asked: Asked) -> PolicyPreview:
    """The policy's document and requests, or its files. Sends nothing, and reads nothing on the domain.

    Raises:
        AwsError: a file needs the endpoint of a domain that the plan has by name, and it was not found.
    """
    wanted = asked.wanted
    if wanted.way.is_file:
        return _timed(asked, _printed_files(asked))
    is_managed = wanted.way is Way.SNAPSHOT_MANAGEMENT
    body = documents.snapshot_policy(wanted) if is_managed else documents.state_policy(wanted)
    plugin = "_sm" if is_managed else "_ism"
    path = f"/_plugins/{plugin}/policies/{wanted.name}"
    request = PolicyRequest(method="POST" if is_managed else "PUT", path=path, body=body)
    made = PolicyPreview(
        way=wanted.way,
        name=wanted.name,
        side=wanted.side,
        document=body,
        requests=(request,),
        problems=problems_of(wanted),
        notes=notes_of(wanted, True),
    )
    return _timed(asked, made)


def _printed_files(asked: Asked) -> PolicyPreview:
    """The files as they would be, whatever is in the folder."""
    wanted = asked.wanted
    files = tuple(each.model_copy(update={"found": None}) for each in _files(asked))
    notes = _file_notes(asked)
    return PolicyPreview(way=wanted.way, name=wanted.name, side=wanted.side, files=files, notes=notes)


def compared(asked: Asked) -> PolicyPreview:
    """What applying the policy would change. Reads only.

    Raises:
        SnapferryError: the domain could not be read.
    """
    if asked.wanted.way.is_file:
        return _timed(asked, _compared_files(asked))
    return _timed(asked, reading.preview(_place(asked), asked.wanted))


def applied(asked: Asked) -> PolicyOutcome:
    """Create the policy or change it to what is wanted. May be repeated.

    Raises:
        PreconditionError: it is refused; `compared` says why. Nothing was changed.
        SnapferryError: the domain could not be read or refused a change.
    """
    if asked.wanted.way.is_file:
        _require_possible(_compared_files(asked))
        return _written(asked)
    return changing.apply(_place(asked), asked.wanted)


def removal(asked: Asked) -> PolicyPreview:
    """What removing the policy would change. Reads only.

    Raises:
        SnapferryError: the domain could not be read.
    """
    if asked.wanted.way.is_file:
        return _compared_files(asked)
    return reading.removal(_place(asked), asked.wanted)


def removed(asked: Asked) -> PolicyOutcome:
    """Delete the policy; its snapshots stay. May be repeated.

    Raises:
        PreconditionError: it is refused; `removal` says why. Nothing was changed.
        SnapferryError: the domain could not be read or refused a change.
    """
    if asked.wanted.way.is_file:
        _require_possible(_compared_files(asked))
        return _deleted(asked)
    return changing.remove(_place(asked), asked.wanted)


def _require_possible(ahead: PolicyPreview) -> None:
    if ahead.problems:
        raise PreconditionError(
            f"the policy {ahead.name} cannot be changed like this",
            hint="the same command without --execute says why",
        )


def _place(asked: Asked) -> Place:
    side, settings = asked.wanted.side, asked.settings
    key = "connect_to" if settings.connect_to else "endpoint" if settings.endpoint else "domain"
    domain, _ = contact_alone(settings, f"{side}.{key}", side)
    return Place(domain, cluster.identity(domain).version, asked.consented)


def _timed(asked: Asked, made: PolicyPreview) -> PolicyPreview:
    wanted = asked.wanted
    if wanted.trigger is not None:
        return made
    times = next_times(wanted.schedule, wanted.timezone, datetime.now(UTC), _TIMES)
    return made.model_copy(update={"next_times": times})


def _compared_files(asked: Asked) -> PolicyPreview:
    wanted, files = asked.wanted, _files(asked)
    same = all(each.is_same for each in files)
    absent = all(each.found is None for each in files)
    return PolicyPreview(
        way=wanted.way,
        name=wanted.name,
        side=wanted.side,
        files=files,
        state=PolicyState.ABSENT if absent else PolicyState.SAME if same else PolicyState.DIFFERENT,
        problems=tuple(_foreign(asked, files)),
        notes=_file_notes(asked),
    )


def _foreign(asked: Asked, files: Iterable[PolicyFile]) -> Iterator[Finding]:
    for each in files:
        mine = each.found is None or is_ours(each.found, asked.wanted)
        if not mine and asked.wanted.name not in asked.consented:
            yield Finding(kind=PolicyProblem.NOT_OURS, names=(asked.wanted.name,), detail=each.path)


def _files(asked: Asked) -> tuple[PolicyFile, ...]:
    wanted = asked.wanted
    if wanted.way is Way.PREFECT:
        texts = prefect_files(wanted, asked.plan)
    else:
        texts = curator_files(wanted, asked.settings, _endpoint(asked.settings))
    return tuple(_file(asked.folder / name, text) for name, text in texts.items())


def _file_notes(asked: Asked) -> tuple[Finding, ...]:
    return (*notes_of(asked.wanted, True), *_curator_notes(asked))


def _curator_notes(asked: Asked) -> Iterator[Finding]:
    if asked.wanted.way is not Way.CURATOR:
        return
    line = crontab_line(asked.wanted, str(asked.folder.absolute()))
    yield Finding(kind=PolicyNote.CRONTAB, detail=line)
    if isinstance(asked.settings.auth, BasicAuth):
        yield Finding(kind=PolicyNote.PASSWORD_FROM_ENVIRONMENT, detail=PASSWORD)


def _endpoint(settings: DomainSettings) -> str:
    """The domain's URL, looked up where the plan has only its name."""
    from domains.domain import open_domain

    return settings.endpoint or open_domain("source", settings).endpoint


def _file(path: Path, text: str) -> PolicyFile:
    try:
        with path.open(encoding="utf-8", errors="replace") as opened:
            found = opened.read(_LONGEST)
    except FileNotFoundError:
        found = None
    except OSError as error:
        raise PreconditionError(
            f"{path} cannot be read: {error.strerror}", hint="choose another folder with -o"
        ) from None
    there = None if found is None else tuple(found.splitlines())
    return PolicyFile(path=str(path), lines=tuple(text.splitlines()), found=there)


def _written(asked: Asked) -> PolicyOutcome:
    files = _files(asked)
    to_write = [each for each in files if not each.is_same]
    try:
        asked.folder.mkdir(parents=True, exist_ok=True)
        for each in to_write:
            replace_file(Path(each.path), each.text)
    except OSError as error:
        raise ExecutionError(
            f"{error.filename} cannot be written: {error.strerror}", "choose another folder with -o"
        ) from None
    absent = all(each.found is None for each in files)
    change = PolicyChange.CREATED if absent else PolicyChange.UPDATED if to_write else PolicyChange.UNCHANGED
    return _outcome(asked, change, to_write)


def _deleted(asked: Asked) -> PolicyOutcome:
    there = [each for each in _files(asked) if each.found is not None]
    for each in there:
        Path(each.path).unlink(missing_ok=True)
    return _outcome(asked, PolicyChange.REMOVED if there else PolicyChange.ABSENT, there)


def _outcome(asked: Asked, change: PolicyChange, files: Iterable[PolicyFile]) -> PolicyOutcome:
    wanted = asked.wanted
    return PolicyOutcome(
        way=wanted.way,
        name=wanted.name,
        side=wanted.side,
        change=change,
        files=tuple(each.path for each in files),
        notes=() if change in {PolicyChange.REMOVED, PolicyChange.ABSENT} else _file_notes(asked),
    )
