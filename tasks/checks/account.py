"""Who calls, and whether the caller, the role and the service may do what a migration asks of them."""

from email.utils import parsedate_to_datetime

from configs.aws import parse_role_arn
from domains import account as aws_account
from domains.domain import Side
from runs.journal import now
from tasks.checks import facts
from tasks.checks.check import Check, Finding, check, fail, ok, shown, side_check, skip, unknown, warn
from tasks.checks.trust import domains_not_let_in, service_statements
from tasks.survey import SIDES, Survey

_GUIDE = "AWS guide: Creating index snapshots, prerequisites"
_SKEW_FAIL_S = 300.0
_SKEW_WARN_S = 60.0
_HTTP = ("es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut", "es:ESHttpDelete")
_READ = ("s3:GetObject",)
_WRITE = ("s3:PutObject", "s3:DeleteObject")


@side_check("account.credentials", "the login for the domain can be used")
def credentials(survey: Survey, side: Side) -> Finding:
    """Keys are found and accepted, the role under auth is assumed, the domain's name is known."""
    found = facts.reached(survey, side)
    if found.stage == "credentials":
        return fail(found.detail, found.hint)
    kind = facts.settings(survey, side).auth.type
    return ok(
        f"auth {kind}: nothing is wrong with it" if found.stage == "reached" else f"auth {kind} is complete"
    )


@side_check("account.clock", "this machine's clock is that of the domain", source="AWS: Signature Version 4")
def clock(survey: Survey, side: Side) -> Finding:
    """A signature is good for five minutes."""
    found = facts.reached(survey, side)
    if found.stage == "clock":
        return fail(found.detail, found.hint)
    if not facts.signed(survey, side):
        return skip("requests are not signed")
    survey.domain(side)
    if found.date is None:
        return unknown("the domain's answer has no Date header")
    try:
        skew = abs((parsedate_to_datetime(found.date) - now()).total_seconds())
    except (TypeError, ValueError):
        return unknown("the domain's Date header is none")
    if skew > _SKEW_FAIL_S:
        return fail(f"it is {skew:.0f} s off; signatures are good for {_SKEW_FAIL_S:.0f} s", "set the clock")
    if skew > _SKEW_WARN_S:
        return warn(f"it is {skew:.0f} s off", "set the clock: at five minutes signatures are refused")
    return ok(f"{skew:.0f} s off")


@side_check("account.identity", "who calls")
def identity(survey: Survey, side: Side) -> Finding:
    """The ARN that policies and access control must know."""
    if not facts.signed(survey, side):
        return skip("requests are not signed")
    return ok(facts.caller(survey, side).arn)


@check("account.partition", "everything is in one partition", source="AWS: partitions")
def partition(survey: Survey) -> Finding:
    """A domain of one partition reaches no bucket of another."""
    sides: list[Side] = [side for side in SIDES if facts.signed(survey, side)]
    if not sides:
        return skip("requests are not signed")
    callers = {f"the caller on the {side}": facts.caller(survey, side).partition for side in sides}
    arns = {side: facts.role_arn(survey, side) for side in sides}
    roles = {f"the role of the {side}": arn.split(":")[1] for side, arn in arns.items() if arn}
    found = callers | roles
    if len(set(found.values())) > 1:
        said = ", ".join(f"{who} is in {where}" for who, where in found.items())
        return fail(said, "snapshots are not shared across partitions: use one login's partition throughout")
    return ok(next(iter(found.values())))


@side_check("account.role", "the repository's role exists", source=_GUIDE)
def role(survey: Survey, side: Side) -> Finding:
    """The role that the service assumes to reach the bucket."""
    arn = facts.role_arn(survey, side)
    if arn is None or not facts.signed(survey, side):
        return skip("no role is passed")
    if _foreign(survey, side, arn):
        return skip("it is of another account, see account.role-account")
    if facts.role(survey, side) is None:
        return fail(f"IAM knows no role {arn}", "create it, or correct repository.role_arn (its path counts)")
    return ok(arn)


@side_check("account.role-account", "the role is of the caller's own account", source="AWS: iam:PassRole")
def role_account(survey: Survey, side: Side) -> Finding:
    """A role can be passed inside its account only."""
    arn = facts.role_arn(survey, side)
    if arn is None or not facts.signed(survey, side):
        return skip("no role is passed")
    if _foreign(survey, side, arn):
        own = facts.caller(survey, side).account
        field = "repository.target_role_arn" if side == "target" else "repository.role_arn"
        said = f"the caller is of account {own}, the role of {parse_role_arn(arn).account}"
        return fail(said, f"name a role of account {own} under {field}")
    return ok(f"account {facts.caller(survey, side).account}")


def _foreign(survey: Survey, side: Side, arn: str) -> bool:
    return parse_role_arn(arn).account != facts.caller(survey, side).account


@side_check("account.trust", "the service may assume the role", source=_GUIDE)
def trust(survey: Survey, side: Side) -> Finding:
    """Its trust policy names opensearchservice.amazonaws.com, or es.amazonaws.com."""
    found = _own_role(survey, side)
    if isinstance(found, Finding):
        return found
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
    """Conditions on aws:SourceAccount and aws:SourceArn must fit both domains."""
    found = _own_role(survey, side)
    if isinstance(found, Finding):
        return found
    statements = service_statements(found.trust)
    if not statements:
        return skip("see account.trust")
    if not any(statement.get("Condition") for statement in statements):
        return ok("its trust policy has no conditions")
    status = facts.status(survey, side)
    if status is None or not status.arn:
        return unknown(f"the {side}'s ARN is not known, and the trust policy has conditions")
    why = domains_not_let_in(statements, status.arn)
    if why.startswith("?"):
        return unknown(why[1:])
    if why:
        return fail(f"{found.arn} does not trust {status.arn}: {why}", "let both domains in, by their ARNs")
    return ok("its conditions fit")


def _own_role(survey: Survey, side: Side) -> aws_account.Role | Finding:
    arn = facts.role_arn(survey, side)
    if arn is None or not facts.signed(survey, side):
        return skip("no role is passed")
    if _foreign(survey, side, arn):
        return skip("it is of another account, see account.role-account")
    return facts.role(survey, side) or skip("there is no such role, see account.role")


@side_check("account.role-rights", "the role may use the bucket", source=_GUIDE)
def role_rights(survey: Survey, side: Side) -> Finding:
    """List and get on both sides, put and delete on the source; on all of the bucket where OpenSearch 3 is.

    It keeps the shards' files under prefixes of its own before base_path.
    """
    found, repository = _own_role(survey, side), facts.s3(survey)
    if isinstance(found, Finding):
        return found
    if repository is None:
        return skip("the repository is no bucket")
    arn = f"arn:{found.arn.split(':')[1]}:s3:::{repository.bucket}"
    actions = (*_READ, *_WRITE) if side == "source" else _READ
    asked = [("s3:ListBucket", arn)]
    asked += [
        (action, f"{arn}/{path}") for path in _paths(survey, repository.base_path) for action in actions
    ]
    session = survey.domain(side).session
    refused = aws_account.refused_actions(session, found.arn, asked)
    if refused:
        return fail(
            f"{found.arn} lacks {shown(refused, 3)}",
            f"allow it s3:ListBucket on {arn}, and {', '.join(actions)} on {arn}/*",
            refused,
        )
    return ok(f"ListBucket, {', '.join(action[3:] for action in actions)}")


def _paths(survey: Survey, base_path: str) -> tuple[str, ...]:
    """Keys as the engines make them: at the repository's root, and (OpenSearch 3) below a hash before it."""
    root = f"{base_path}/" if base_path else ""
    newest = max(survey.identity(side).version.generation for side in SIDES)
    hashed = (f"M11111010011100/{root}indices/x/0/__x",) if newest >= 10 else ()
    return (f"{root}index-0", *hashed)


@side_check("account.pass-role", "the caller may pass the role to the service", source=_GUIDE)
def pass_role(survey: Survey, side: Side) -> Finding:
    """`iam:PassRole`, asked of IAM's simulation."""
    found = _own_role(survey, side)
    if isinstance(found, Finding):
        return found
    who = facts.caller(survey, side)
    if who.principal is None:
        return unknown(f"policies of {who.arn} cannot be simulated")
    context = {"iam:PassedToService": "es.amazonaws.com"}
    asked = [("iam:PassRole", found.arn)]
    if aws_account.refused_actions(survey.domain(side).session, who.principal, asked, context=context):
        return fail(f"{who.principal} may not pass {found.arn}", f"allow it iam:PassRole on {found.arn}")
    return ok(f"{who.principal} may")


@side_check("account.domain-access", "the caller may send requests to the domain", source=_GUIDE)
def domain_access(survey: Survey, side: Side) -> Finding:
    """`es:ESHttp*`: by the caller's policies, or by the domain's access policy."""
    found = facts.reached(survey, side)
    if found.stage == "domain-access":
        return fail(found.detail, found.hint)
    if not facts.signed(survey, side):
        return skip("requests are not signed")
    who, status = facts.caller(survey, side), facts.status(survey, side)
    if who.principal is None:
        return unknown(f"policies of {who.arn} cannot be simulated")
    if status is None or not status.arn:
        return unknown(
            f"the control plane does not know the {side}, so its ARN and access policy are not known"
        )
    asked = [(action, f"{status.arn}/_snapshot") for action in _HTTP]
    session = survey.domain(side).session
    policy = status.access_policy
    refused = aws_account.refused_actions(session, who.principal, asked, resource_policy=policy)
    if refused:
        names = [each.split(" ")[0] for each in refused]
        return fail(
            f"{who.principal} lacks {', '.join(names)} on {status.arn}",
            "allow them in its IAM policy, or in the domain's access policy",
        )
    return ok("es:ESHttpGet, Head, Post, Put, Delete")


CHECKS: tuple[Check, ...] = (
    clock, identity, partition, role, role_account, trust, trust_domains, role_rights, pass_role,
    domain_access,
)  # fmt: skip
"""All but `credentials`, which comes first of all."""
