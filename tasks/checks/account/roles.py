"""Checks of the role that the service assumes to reach the bucket: existence, account, trust."""

from configs.values.aws import parse_role_arn
from domains.aws.iam import Role
from domains.domain import Side
from domains.errors import AwsError
from domains.http.json_replies import Json
from tasks.checks.check import Finding, fail, ok, side_check, skip, unknown
from tasks.checks.facts import domains
from tasks.checks.rules.trust_policies import denials, domains_not_let_in, is_denied, service_statements
from tasks.survey import Survey

_GUIDE = "AWS guide: Creating index snapshots, prerequisites"


@side_check("account.role", "the repository's role exists", source=_GUIDE)
def role(survey: Survey, side: Side) -> Finding:
    """The role that the service assumes to reach the bucket."""
    arn = domains.role_arn(survey, side)
    if arn is None or not domains.signed(survey, side):
        return skip("no role is passed")
    if elsewhere := _elsewhere(survey, side, arn):
        return elsewhere
    if domains.role(survey, side) is None:
        return fail(
            f"IAM has no role {arn}", f"create it, or correct {_field(survey, side)} (its path counts)"
        )
    return ok(arn)


@side_check("account.role-account", "the role is of the caller's own account", source="AWS: iam:PassRole")
def role_account(survey: Survey, side: Side) -> Finding:
    """A role can only be passed within its account."""
    arn = domains.role_arn(survey, side)
    if arn is None or not domains.signed(survey, side):
        return skip("no role is passed")
    own = domains.caller(survey, side).account
    if parse_role_arn(arn).account == own:
        return ok(f"account {own}")
    field = "repository.target_role_arn" if side == "target" else "repository.role_arn"
    said = f"the caller on the {side} is of account {own}, the role of {parse_role_arn(arn).account}"
    return fail(said, f"name a role of account {own} under {field}, or log in to the role's account")


def _field(survey: Survey, side: Side) -> str:
    """The key of the plan that names the side's role."""
    repository = domains.s3(survey)
    own = side == "target" and repository is not None and repository.target_role_arn is not None
    return "repository.target_role_arn" if own else "repository.role_arn"


def _elsewhere(survey: Survey, side: Side, arn: str) -> Finding | None:
    """SKIP for a role outside the caller's account; None for one inside it."""
    who, parts = domains.caller(survey, side), parse_role_arn(arn)
    if parts.partition != who.partition:
        return skip("it is of another partition, see account.partition")
    if parts.account != who.account:
        return skip("it is of another account, see account.role-account")
    return None


def own_role(survey: Survey, side: Side) -> Role | Finding:
    """Return the side's role; SKIP if there is none to check, or if another check reports the problem."""
    arn = domains.role_arn(survey, side)
    if arn is None or not domains.signed(survey, side):
        return skip("no role is passed")
    if elsewhere := _elsewhere(survey, side, arn):
        return elsewhere
    return domains.role(survey, side) or skip("there is no such role, see account.role")


def passed_role(survey: Survey, side: Side) -> str | Finding:
    """Return the same role's ARN, even if the caller may not read whether it exists."""
    try:
        found = own_role(survey, side)
    except AwsError:
        return domains.role_arn(survey, side) or skip("no role is passed")
    return found if isinstance(found, Finding) else found.arn


def _seen(survey: Survey, side: Side) -> Role | Finding:
    try:
        return own_role(survey, side)
    except AwsError as error:
        return unknown("the role could not be read, see account.role", error.hint)


@side_check("account.trust", "the service may assume the role", source=_GUIDE)
def trust(survey: Survey, side: Side) -> Finding:
    """Its trust policy names opensearchservice.amazonaws.com, or es.amazonaws.com."""
    found = _seen(survey, side)
    if isinstance(found, Finding):
        return found
    denied = [statement for statement in denials(found.trust) if not statement.get("Condition")]
    if denied:
        return fail(
            f"a Deny in the trust policy of {found.arn} keeps the service out",
            "remove that Deny, or give it a condition that matches neither domain",
        )
    if service_statements(found.trust):
        return ok("its trust policy names the service")
    return fail(
        f"the trust policy of {found.arn} does not let the service in",
        "allow opensearchservice.amazonaws.com (or es.amazonaws.com) sts:AssumeRole in it",
    )


@side_check(
    "account.trust-domains", "the role's trust lets the domain in", source="AWS: confused deputy prevention"
)
def trust_domains(survey: Survey, side: Side) -> Finding:
    """Conditions on aws:SourceAccount and aws:SourceArn must match both domains."""
    found = _seen(survey, side)
    if isinstance(found, Finding):
        return found
    allows, denies = service_statements(found.trust), denials(found.trust)
    if not allows or not all(statement.get("Condition") for statement in denies):
        return skip("see account.trust")
    if not denies and not all(statement.get("Condition") for statement in allows):
        return ok("its trust policy has no conditions")
    arn = domains.domain_arn(survey, side)
    if arn is None:
        return unknown(
            f"the {side}'s ARN is not known, and the trust policy of {found.arn} has conditions",
            "compare its aws:SourceArn and aws:SourceAccount with the domain by hand",
        )
    if denies and (refused := _denied(found, denies, arn)):
        return refused
    unfit = domains_not_let_in(allows, arn)
    if unfit and not unfit.certain:
        return unknown(f"{unfit.why}, in the trust policy of {found.arn}", f"check that it lets {arn} in")
    if unfit:
        return fail(
            f"{found.arn} does not trust {arn}: {unfit.why}",
            f"add {arn} (or its account) to that condition of the trust policy; both domains must fit",
        )
    return ok(f"its conditions fit {arn}")


def _denied(held: Role, denies: tuple[Json, ...], arn: str) -> Finding | None:
    """Judge denials with conditions for this domain; None if none applies."""
    applies = is_denied(denies, arn)
    if applies is False:
        return None
    if applies is None:
        said = f"a Deny in the trust policy of {held.arn} has a condition that is not understood"
        return unknown(said, f"check that it lets {arn} in")
    return fail(f"a Deny in the trust policy of {held.arn} keeps {arn} out", "remove that Deny")
