"""Check of fine-grained access control: whether the caller's mapped roles allow a migration."""

from collections.abc import Iterator

from domains.domain import Side
from domains.engine import access_control as control
from domains.engine.access_control import AuthInfo
from domains.errors import AwsError, Denied
from domains.http.known_refusals import cause_of
from tasks.checks.check import Finding, fail, ok, shown, side_check, skip, unknown
from tasks.checks.domains.blocks import needed_reads
from tasks.checks.facts import domains
from tasks.survey import Survey

_ENOUGH = {"all_access", "manage_snapshots"}
_MAP = "map it on the {side} to manage_snapshots, and to the role that docs/access.md shows"


@side_check(
    "domains.access-control",
    "access control allows the caller to run a migration",
    source="AWS guide: fine-grained access control, manage_snapshots",
)
def access_control(survey: Survey, side: Side) -> Finding:
    """Judge by the reads that the domain refuses, and by the caller's roles."""
    found = domains.reached(survey, side)
    if found.stage == "access-control":
        return fail(found.detail, found.hint)
    survey.domain(side)
    refused = tuple(_refused(survey, side))
    if refused:
        return fail(
            refused[0] if len(refused) == 1 else f"{len(refused)} reads are refused", _map(side), refused
        )
    if _is_on(survey, side) is False:
        return ok("fine-grained access control is off")
    who = control.auth_info(survey.domain(side), survey.identity(side).version.engine)
    if who is None:
        return _unasked(survey, side)
    return _judged(who, side)


def _map(side: Side) -> str:
    return _MAP.format(side=side)


def _refused(survey: Survey, side: Side) -> Iterator[str]:
    """Yield the reads that every migration makes and access control refuses."""
    for what, read in needed_reads(survey).items():
        try:
            read(side)
        except Denied as error:
            cause = cause_of(error.reply.text, caller_denied=True)
            if cause and cause.kind == "access control":
                who = cause.who or "the caller"
                yield f"{who} may not read {what} on the {side}: it lacks {cause.what}"


def _is_on(survey: Survey, side: Side) -> bool | None:
    """Whether access control is on, according to the control plane; None if unknown."""
    try:
        status = domains.status(survey, side)
    except AwsError:
        return None
    return status.access_control if status else None


def _unasked(survey: Survey, side: Side) -> Finding:
    if _is_on(survey, side):
        return unknown("it is on, but the domain does not report the caller's roles", _map(side))
    return skip("the domain has no access control of its own")


def _judged(who: AuthInfo, side: Side) -> Finding:
    enough = sorted(_ENOUGH & set(who.roles))
    if enough:
        return ok(f"{who.name} has {' and '.join(enough)}")
    has = shown(sorted(who.roles)) or "none"
    return unknown(
        f"reading is allowed, but {who.name} is not mapped to manage_snapshots (it has {has})", _map(side)
    )
