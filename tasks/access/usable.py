"""Wait until the caller of a plan can log in and be answered: a role that is new takes up to a minute."""

from collections.abc import Collection

from configs.auth import SigV4Auth
from configs.plan import Plan, Side
from domains.aws import iam
from domains.aws import session as aws
from domains.domain import open_domain
from domains.engine.cluster import identity
from domains.errors import AwsError, Denied, SnapferryError
from runs.progress import Progress, report_progress
from tasks.access.apply import NEW_IDENTITY_S
from tasks.access.parts import Setting
from tasks.records.access import PartRecord, Piece

_BETWEEN_S = 4.0
_STEP = "access"
_SERVICE = (
    "a new role, or a policy of one, can take a minute until the service may use it: a registration that is "
    "refused meanwhile is tried again for a minute"
)


def wait_for_callers(setting: Setting, plan: Plan, made: Collection[PartRecord]) -> tuple[str, ...]:
    """Wait until the roles under `auth` that were made or changed are accepted by their domains. Reads only.

    Returns:
        Notes: callers that were not accepted within a minute, with the reason; what cannot be waited for.
    """
    changed = {part.name for part in made if part.piece is Piece.CALLER}
    notes = [note for side, arn in _callers(setting, plan) if arn in changed
             if (note := _wait_for(setting, plan, side, arn))]  # fmt: skip
    if any(part.piece in (Piece.SOURCE_ROLE, Piece.TARGET_ROLE) for part in made):
        notes.append(_SERVICE)
    return tuple(notes)


def _callers(setting: Setting, plan: Plan) -> list[tuple[Side, str]]:
    """The sides whose plan assumes a role of the set-up, with that role."""
    found: list[tuple[Side, str]] = []
    for caller in setting.model.callers:
        for side in caller.sides:
            auth = plan.domain(side).auth
            if isinstance(auth, SigV4Auth) and auth.role_arn == caller.arn:
                found.append((side, caller.arn))
    return found


def _wait_for(setting: Setting, plan: Plan, side: Side, arn: str) -> str:
    """Ask the domain as its caller until it answers; return why it does not."""
    if elsewhere := _elsewhere(plan, side, arn):
        return elsewhere
    poll = setting.poll(NEW_IDENTITY_S)
    while True:
        try:
            identity(open_domain(side, plan.domain(side)))
            return ""
        except (AwsError, Denied) as error:
            said = error.message
        except SnapferryError as error:
            return f"whether {arn} may use the {side} could not be tried: {error.message}"
        if poll.expired:
            return (
                f"{arn} could not be used on the {side} with these credentials within a minute: {said}. "
                "Whoever migrates must be allowed sts:AssumeRole on it"
            )
        message = f"waiting: {arn} was made or changed just now, and cannot be used on the {side} yet: {said}"
        report_progress(Progress(_STEP, message, waiting=True))
        poll.sleep(_BETWEEN_S)


def _elsewhere(plan: Plan, side: Side, arn: str) -> str:
    """Say so if these credentials are of another account than the role, which trusts its own alone."""
    settings, account = plan.domain(side), arn.split(":")[4]
    profile = settings.auth.profile if isinstance(settings.auth, SigV4Auth) else None
    base = aws.session(SigV4Auth(type="sigv4", profile=profile), settings.region)
    own = iam.caller(base).account
    if own == account:
        return ""
    return (
        f"{arn} trusts account {account}, and these credentials are of {own}: migrate with credentials of "
        f"{account} (auth.profile), or let somebody of {account} add yours to its trust policy"
    )
