"""Check of the role's rights in the bucket."""

from configs.plan import S3Repository
from domains.aws import iam
from domains.aws.iam import Decision
from domains.domain import Side
from domains.errors import AwsError
from tasks.checks.account.roles import passed_role
from tasks.checks.check import Finding, fail, ok, shown, side_check, skip, unknown
from tasks.checks.facts import bucket as bucket_facts
from tasks.checks.facts import domains
from tasks.checks.facts.bucket import BucketPolicy
from tasks.checks.rules.iam_policies import Request, said, together
from tasks.survey import Survey

_GUIDE = "AWS guide: Creating index snapshots, prerequisites"
_WRITE = ("s3:PutObject", "s3:DeleteObject")
_NO_POLICY = BucketPolicy((), "")
_HASH = "M11111010011100/"


@side_check("account.role-rights", "the role may use the bucket", source=_GUIDE)
def role_rights(survey: Survey, side: Side) -> Finding:
    """List and get on both sides, put and delete on the source; in the whole bucket for OpenSearch 3.

    OpenSearch 3 stores shards under its own prefixes before base_path. IAM's policy simulator evaluates the
    role's own policies; the bucket's policy is read and evaluated here.
    """
    found, repository = passed_role(survey, side), domains.s3(survey)
    if isinstance(found, Finding):
        return found
    if repository is None:
        return skip("the repository is no bucket")
    if _is_missing(survey):
        return skip("the bucket is not there, see bucket.exists")
    hashed = domains.hashes(survey)
    usual, before = _needs(repository, side, found), _needs(repository, side, found, _HASH)
    if hashed is not None:
        return _judged(survey, side, (*usual, *before) if hashed else usual)
    known = _judged(survey, side, usual)
    perhaps = _judged(survey, side, before) if known.status == "OK" else known
    if perhaps.status != "FAIL":
        return known if known.status != "OK" else perhaps
    return unknown(
        f"whether the source puts shards in folders before base_path, as OpenSearch 3.6; {perhaps.detail}",
        f"{perhaps.hint}; or set repository.settings: {{shard_path_type: FIXED}}",
    )


def _judged(survey: Survey, side: Side, needs: tuple[Request, ...]) -> Finding:
    """Combine the role's own policies and the bucket's."""
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
    arn = needs[0].principal
    if isinstance(policy, AwsError):
        return _without_policy(policy, refused, own)
    if refused and policy.account != needs[0].account and "explicitDeny" not in answers.values():
        return _lacks_across(arn, refused, own, policy)
    if refused:
        return _lacks(arn, refused, answers)
    if "unsure" in answers.values():
        return unknown(
            f"a condition in the policies of {arn} or of the bucket decides",
            "its keys are not known here: check by hand that the service meets it",
        )
    return ok(", ".join(dict.fromkeys(need.action.removeprefix("s3:") for need in needs)))


def _needs(repository: S3Repository, side: Side, role_arn: str, before: str = "") -> tuple[Request, ...]:
    """Requests that a side makes for a file of the repository.

    Args:
        before: folder before `base_path` in which OpenSearch 3 stores a shard; empty for the root.
    """
    bucket = f"arn:{role_arn.split(':')[1]}:s3:::{repository.bucket}"
    root = f"{repository.base_path}/" if repository.base_path else ""
    key = f"{before}{root}indices/x/0/__x" if before else f"{root}index-0"
    prefix = key[: key.rindex("/") + 1] if "/" in key else "index-"
    writes = _WRITE if side == "source" else ()
    return (
        Request(role_arn, "s3:ListBucket", bucket, (("s3:prefix", prefix),)),
        *(Request(role_arn, action, f"{bucket}/{key}") for action in ("s3:GetObject", *writes)),
    )


def _own(survey: Survey, side: Side, need: Request) -> Decision:
    asked, session = (need.action, need.resource), survey.domain(side).session
    return iam.decisions(session, need.principal, [asked], dict(need.context))[asked]


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
    needed = _needed(refused)
    hint = f"remove that Deny for {needed}" if denied else f"allow it {needed}"
    return fail(f"{said} {_words(refused)}", hint, [_one(need) for need in refused])


def _lacks_across(
    arn: str, refused: list[Request], own: dict[Request, Decision], policy: BucketPolicy
) -> Finding:
    """Name which of the two policies lacks what: from another account than the bucket's, both must allow."""
    account, bucket = refused[0].account, refused[0].resource.split("/")[0].rpartition(":")[2]
    by_role = [need for need in refused if own[need] == "implicitDeny"]
    by_bucket = [need for need in refused if _is_silent(policy, need)]
    lacks: list[str] = []
    hints: list[str] = []
    if by_role:
        lacks.append(f"{arn} lacks {_words(by_role)} in its own policies")
        hints.append(f"allow it {_needed(by_role)} in a policy of the role")
    if by_bucket:
        lacks.append(f"the policy of bucket {bucket} does not allow {arn} {_words(by_bucket)}")
        hints.append(f"allow {arn} {_needed(by_bucket)} in the bucket's policy")
    why = f"the bucket is of account {policy.account}, the role of {account}: both policies must allow it"
    return fail(" and ".join(lacks), f"{', and '.join(hints)}; {why}", [_one(need) for need in refused])


def _is_silent(policy: BucketPolicy, need: Request) -> bool:
    found = said(policy.statements, need)
    return found.allow == found.delegated == "no"


def _needed(refused: list[Request]) -> str:
    """Each action with the ARN that a policy would name."""
    bucket = refused[0].resource.split("/")[0]
    actions = dict.fromkeys(need.action for need in refused)
    on = {"s3:ListBucket": bucket}
    return ", ".join(f"{action} on {on.get(action, f'{bucket}/*')}" for action in actions)


def _words(needs: list[Request]) -> str:
    return shown(dict.fromkeys(_one(need) for need in needs), 3)


def _one(need: Request) -> str:
    prefix = f" (prefix {need.context[0][1]})" if need.context else ""
    return f"{need.action} on {need.resource}{prefix}"
