"""The role that the service assumes to reach the bucket: that it exists, whom it trusts, what it may do."""

from collections.abc import Iterator

from configs.aws import parse_role_arn
from configs.plan import S3Repository
from domains import account
from domains.account import Decision, Role
from domains.domain import Side
from domains.errors import AwsError
from tasks.checks import bucket_facts, facts
from tasks.checks.bucket_facts import BucketPolicy
from tasks.checks.check import Check, Finding, fail, ok, shown, side_check, skip, unknown
from tasks.checks.policies import Request, said, together
from tasks.checks.trust import domains_not_let_in, service_statements
from tasks.survey import Survey

_GUIDE = "AWS guide: Creating index snapshots, prerequisites"
_WRITE = ("s3:PutObject", "s3:DeleteObject")
_NO_POLICY = BucketPolicy((), "")


@side_check("account.role", "the repository's role exists", source=_GUIDE)
def role(survey: Survey, side: Side) -> Finding:
    """The role that the service assumes to reach the bucket."""
    arn = facts.role_arn(survey, side)
    if arn is None or not facts.signed(survey, side):
        return skip("no role is passed")
    if elsewhere := _elsewhere(survey, side, arn):
        return elsewhere
    if facts.role(survey, side) is None:
        return fail(f"IAM knows no role {arn}", "create it, or correct repository.role_arn (its path counts)")
    return ok(arn)


@side_check("account.role-account", "the role is of the caller's own account", source="AWS: iam:PassRole")
def role_account(survey: Survey, side: Side) -> Finding:
    """A role can be passed inside its account only."""
    arn = facts.role_arn(survey, side)
    if arn is None or not facts.signed(survey, side):
        return skip("no role is passed")
    own = facts.caller(survey, side).account
    if parse_role_arn(arn).account == own:
        return ok(f"account {own}")
    field = "repository.target_role_arn" if side == "target" else "repository.role_arn"
    said = f"the caller on the {side} is of account {own}, the role of {parse_role_arn(arn).account}"
    return fail(said, f"name a role of account {own} under {field}, or log in to the role's account")


def _elsewhere(survey: Survey, side: Side, arn: str) -> Finding | None:
    """SKIP for a role that the caller's account cannot have; None for its own."""
    who, parts = facts.caller(survey, side), parse_role_arn(arn)
    if parts.partition != who.partition:
        return skip("it is of another partition, see account.partition")
    if parts.account != who.account:
        return skip("it is of another account, see account.role-account")
    return None


def own_role(survey: Survey, side: Side) -> Role | Finding:
    """The side's role; SKIP where there is none to look at, or another check tells what is wrong with it."""
    arn = facts.role_arn(survey, side)
    if arn is None or not facts.signed(survey, side):
        return skip("no role is passed")
    if elsewhere := _elsewhere(survey, side, arn):
        return elsewhere
    return facts.role(survey, side) or skip("there is no such role, see account.role")


def passed_role(survey: Survey, side: Side) -> str | Finding:
    """The same role's ARN, also where the caller may not look whether it exists."""
    try:
        found = own_role(survey, side)
    except AwsError:
        return facts.role_arn(survey, side) or skip("no role is passed")
    return found if isinstance(found, Finding) else found.arn


def _seen(survey: Survey, side: Side) -> Role | Finding:
    try:
        return own_role(survey, side)
    except AwsError as error:
        return unknown("the role could not be looked at, see account.role", error.hint)


@side_check("account.trust", "the service may assume the role", source=_GUIDE)
def trust(survey: Survey, side: Side) -> Finding:
    """Its trust policy names opensearchservice.amazonaws.com, or es.amazonaws.com."""
    found = _seen(survey, side)
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
    found = _seen(survey, side)
    if isinstance(found, Finding):
        return found
    statements = service_statements(found.trust)
    if not statements:
        return skip("see account.trust")
    if not all(statement.get("Condition") for statement in statements):
        return ok("its trust policy has no conditions")
    arn = facts.domain_arn(survey, side)
    if arn is None:
        return unknown(
            f"the {side}'s ARN is not known, and the trust policy of {found.arn} has conditions",
            "compare its aws:SourceArn and aws:SourceAccount with the domain by hand",
        )
    why = domains_not_let_in(statements, arn)
    if why.startswith("?"):
        return unknown(f"{why[1:]}, in the trust policy of {found.arn}", f"see that it lets {arn} in")
    if why:
        return fail(
            f"{found.arn} does not trust {arn}: {why}",
            f"add {arn} (or its account) to that condition of the trust policy; both domains must fit",
        )
    return ok(f"its conditions fit {arn}")


@side_check("account.role-rights", "the role may use the bucket", source=_GUIDE)
def role_rights(survey: Survey, side: Side) -> Finding:
    """List and get on both sides, put and delete on the source; on all of the bucket where OpenSearch 3 is.

    It keeps the shards' files under prefixes of its own before base_path. The role's own policies are asked
    of IAM's simulation, the bucket's policy is read.
    """
    found, repository = passed_role(survey, side), facts.s3(survey)
    if isinstance(found, Finding):
        return found
    if repository is None:
        return skip("the repository is no bucket")
    if _is_missing(survey):
        return skip("the bucket is not there, see bucket.exists")
    needs = tuple(_needs(survey, side, repository, found))
    own: dict[Request, Decision] = {need: _own(survey, side, need) for need in needs}
    policy = _policy(survey)
    shown_policy = policy if isinstance(policy, BucketPolicy) else _NO_POLICY
    answers: dict[Request, Decision] = {
        need: together(
            own[need],
            said(shown_policy.statements, need),
            same_account=shown_policy.account in ("", need.account),
        )
        for need in needs
    }
    refused = [need for need, answer in answers.items() if answer in ("implicitDeny", "explicitDeny")]
    if isinstance(policy, AwsError):
        return _without_policy(policy, refused, own)
    if refused:
        return _lacks(found, refused, answers)
    if "unsure" in answers.values():
        return unknown(
            f"a condition in the policies of {found} or of bucket {repository.bucket} decides",
            "its keys are not known here: see by hand that the service fits it",
        )
    return ok(", ".join(dict.fromkeys(need.action.removeprefix("s3:") for need in needs)))


def _needs(survey: Survey, side: Side, repository: S3Repository, role_arn: str) -> Iterator[Request]:
    bucket = f"arn:{role_arn.split(':')[1]}:s3:::{repository.bucket}"
    writes = _WRITE if side == "source" else ()
    root = f"{repository.base_path}/" if repository.base_path else ""
    hashed = (f"M11111010011100/{root}indices/x/0/__x",) if facts.hashes(survey) else ()
    for key in (f"{root}index-0", *hashed):
        listed = {"s3:prefix": key[: key.rindex("/") + 1]} if "/" in key else {"s3:prefix": "index-"}
        yield Request(role_arn, "s3:ListBucket", bucket, tuple(listed.items()))
        for action in ("s3:GetObject", *writes):
            yield Request(role_arn, action, f"{bucket}/{key}")


def _own(survey: Survey, side: Side, need: Request) -> Decision:
    asked, session = (need.action, need.resource), survey.domain(side).session
    return account.decisions(session, need.principal, [asked], dict(need.context))[asked]


def _is_missing(survey: Survey) -> bool:
    try:
        return bucket_facts.found(survey).state == "missing"
    except AwsError:
        return False


def _policy(survey: Survey) -> BucketPolicy | AwsError:
    try:
        return bucket_facts.policy(survey)
    except AwsError as error:
        return error


def _without_policy(error: AwsError, refused: list[Request], own: dict[Request, Decision]) -> Finding:
    certain = [need for need in refused if own[need] == "explicitDeny"]
    if certain:
        return _lacks(certain[0].principal, certain, own)
    lacks = f"its own policies do not allow {_words(refused)}; " if refused else ""
    return unknown(f"{lacks}the bucket's policy may decide otherwise: {error.message}", error.hint)


def _lacks(arn: str, refused: list[Request], answers: dict[Request, Decision]) -> Finding:
    denied = any(answers[need] == "explicitDeny" for need in refused)
    said = f"a Deny in the policies of {arn} or of the bucket forbids" if denied else f"{arn} lacks"
    bucket = refused[0].resource.split("/")[0]
    actions = dict.fromkeys(need.action for need in refused)
    on = {"s3:ListBucket": bucket}
    needed = ", ".join(f"{action} on {on.get(action, f'{bucket}/*')}" for action in actions)
    hint = f"take that Deny away for {needed}" if denied else f"allow it {needed}"
    return fail(f"{said} {_words(refused)}", hint, [_one(need) for need in refused])


def _words(needs: list[Request]) -> str:
    return shown(dict.fromkeys(_one(need) for need in needs), 3)


def _one(need: Request) -> str:
    prefix = f" (prefix {need.context[0][1]})" if need.context else ""
    return f"{need.action} on {need.resource}{prefix}"


CHECKS: tuple[Check, ...] = (role, role_account, trust, trust_domains, role_rights)
