"""Check of the bucket's encryption: whether the role may use its key."""

from domains.aws import iam, kms, s3
from domains.aws.iam import Decision
from domains.aws.kms import Key
from domains.domain import Side
from domains.errors import AwsError
from domains.http.json_replies import Json
from tasks.checks.account.roles import passed_role
from tasks.checks.check import Finding, fail, ok, shown, side_check, skip, unknown
from tasks.checks.facts import bucket as bucket_facts
from tasks.checks.facts import domains
from tasks.checks.rules.iam_policies import Request, by_key, said, statements_of
from tasks.survey import Survey

_ACTIONS: dict[Side, tuple[str, ...]] = {
    "source": ("kms:GenerateDataKey", "kms:Decrypt"),
    "target": ("kms:Decrypt",),
}
_S3S_OWN = ("", "alias/aws/s3")
_TYPE = "server_side_encryption_type"
_KEY = "server_side_encryption_kms_key_id"


@side_check("bucket.encryption", "the role may use the bucket's key", source="Amazon S3: SSE-KMS")
def encryption(survey: Survey, side: Side) -> Finding:
    """S3's own encryption needs nothing; a KMS key requires rights for the role."""
    named = named_key(survey)
    if named is None:
        return ok("S3's own encryption, which needs no rights")
    if is_s3s_own(named):
        return _by_s3s_own_key(survey, side)
    role = passed_role(survey, side)
    if isinstance(role, Finding):
        return role
    found = found_key(survey, named)
    if found is None and named.startswith("arn:"):
        return fail(f"KMS knows no key {named}", "correct the bucket's default encryption, or create the key")
    if found is None:
        return unknown(
            f"KMS knows no key {named} in the account of either login; it may be of the bucket's",
            "name the key by its whole ARN in the bucket's default encryption",
        )
    if found.state != "Enabled":
        return fail(f"key {found.arn} is {found.state}: nothing can be read or written", "enable the key")
    return _rights(survey, side, role, found)


def named_key(survey: Survey) -> str | None:
    """Return the key that encrypts the repository's files: the registration's, else the bucket's.

    Raises:
        SnapferryError: the bucket's encryption could not be read.
    """
    if _by_s3(survey):
        return None
    return registered_key(survey) or bucket_facts.told(survey, "encryption", s3.encryption_key)


def registered_key(survey: Survey) -> str | None:
    """Return the key that the plan's registration names; None if it names none."""
    told = _settings(survey)
    kind = str(told.get(_TYPE) or "").lower()
    return str(told[_KEY]) if kind == "aws:kms" and told.get(_KEY) and not _by_s3(survey) else None


def _by_s3(survey: Survey) -> bool:
    """Whether the plan's registration asks for S3's own encryption."""
    told = _settings(survey)
    asked = str(told.get(_TYPE) or "").lower() == "aes256"
    return asked or str(told.get("server_side_encryption")).lower() == "true"


def is_s3s_own(named: str) -> bool:
    """Whether this names the KMS key that S3 keeps for the account."""
    return named.rpartition(":")[2] in _S3S_OWN


def found_key(survey: Survey, named: str) -> Key | None:
    """Look up a key by its ARN, id or alias, once; None when no login finds one.

    Raises:
        SnapferryError: no login finds it, and one may not read it.
    """
    full = named if named.startswith(("arn:", "alias/")) else named.rpartition("/")[2]
    return survey.once(("key", full), lambda: _key(survey, full))


def _settings(survey: Survey) -> Json:
    """Return the plan's registration settings; existing files do not depend on them."""
    return {} if survey.plan.existing_snapshot else bucket_facts.plans_bucket(survey).settings


def _key(survey: Survey, named: str) -> Key | None:
    """Look up the key with the first login that may read it and finds it; ids and aliases are per account.

    Raises:
        AwsError: no login finds the key, and one may not read it.
    """
    errors: list[AwsError] = []
    for login in bucket_facts.logins(survey):
        try:
            if found := kms.key(login.session, named, bucket_facts.region(survey)):
                return found
        except AwsError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return None


def _by_s3s_own_key(survey: Survey, side: Side) -> Finding:
    """Judge the key `aws/s3`: it serves everybody in the bucket's account who may use S3, nobody else."""
    arn = domains.role_arn(survey, side)
    if arn is None:
        return skip("no role is passed")
    try:
        owner = bucket_facts.policy(survey).account
    except AwsError as error:
        return unknown(
            f"the bucket encrypts with S3's own KMS key; whose bucket it is: {error.message}", error.hint
        )
    if owner == arn.split(":")[4]:
        return ok("S3's own KMS key, which serves the role's account")
    return fail(
        f"the bucket encrypts with the KMS key aws/s3 of account {owner}, which cannot serve {arn}",
        "encrypt the bucket with S3's own encryption (SSE-S3), or with a key of yours that the role may use",
    )


def _rights(survey: Survey, side: Side, role: str, key: Key) -> Finding:
    asked = [(action, key.arn) for action in _ACTIONS[side]]
    region = key.arn.split(":")[3]
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    context = {"kms:ViaService": f"s3.{region}.{suffix}", "kms:CallerAccount": role.split(":")[4]}
    own = iam.decisions(survey.domain(side).session, role, asked, context)
    denied = [action for action, arn in asked if own[action, arn] == "explicitDeny"]
    if denied:
        return _refused(role, key, denied)
    try:
        document = survey.once(("key policy", key.arn), lambda: _policy(survey, key))
    except AwsError as error:
        return unknown(f"what the policy of {key.arn} says: {error.message}", error.hint)
    statements = statements_of(document)
    known = tuple(context.items())
    found: dict[str, Decision] = {
        action: by_key(
            own[action, arn],
            said(statements, Request(role, action, arn, known)),
            same_account=key.account == role.split(":")[4],
        )
        for action, arn in asked
    }
    refused = [action for action, answer in found.items() if answer in {"implicitDeny", "explicitDeny"}]
    if refused:
        return _refused(role, key, refused)
    if "unsure" in found.values():
        return unknown(
            f"a condition in the policies of {role} or {key.arn} decides, and its keys are not known"
        )
    return ok(f"{shown(found)} on {key.arn}")


def _policy(survey: Survey, key: Key) -> str:
    return bucket_facts.by_first(survey, lambda login: kms.policy(login.session, key.arn))


def _refused(role: str, key: Key, actions: list[str]) -> Finding:
    return fail(
        f"{role} lacks {', '.join(actions)} on {key.arn}",
        f"allow it {' and '.join(actions)} in its own policy, and let the key's policy leave that to account "
        f"{role.split(':')[4]} or name the role",
    )
