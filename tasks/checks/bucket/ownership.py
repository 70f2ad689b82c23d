"""Check of the bucket's Object Ownership: who may let the target read what the source has written."""

from configs.values.aws import parse_role_arn
from domains.aws import s3
from domains.errors import AwsError
from tasks.checks.check import Finding, check, fail, ok, skip, unknown
from tasks.checks.facts import bucket as bucket_facts
from tasks.checks.facts import domains
from tasks.survey import Survey

_FULL_CONTROL = "bucket-owner-full-control"
_SHARING = (_FULL_CONTROL, "bucket-owner-read")
_HINT = (
    "set the bucket's Object Ownership to Bucket owner enforced: its owner then owns every object, those of "
    "before too, and its policy decides who reads them"
)


@check(
    "bucket.ownership",
    "the target's role can read what the source's role writes",
    source="Amazon S3: Object Ownership",
    decisive=True,
)
def ownership(survey: Survey) -> Finding:
    """What belongs to another account than the bucket's, that account alone reads, whatever policies say."""
    bucket_facts.plans_bucket(survey)
    writer, reader = (_account(survey, side) for side in ("source", "target"))
    if reader is None:
        return skip("the target passes no role")
    if writer is None:
        return _of_an_unknown_writer(survey)
    if writer == reader:
        return ok(f"both roles are of account {writer}")
    try:
        controls = bucket_facts.told(survey, "ownership", s3.object_ownership)
    except AwsError as error:
        return unknown(f"account {writer} writes, account {reader} reads; {error.message}", error.hint)
    acl = _acl(survey)
    if controls == s3.OWNER_ENFORCED or (controls == s3.OWNER_PREFERRED and acl == _FULL_CONTROL):
        return ok(f"{controls}: the bucket's owner owns every object")
    owner = _owner(survey)
    if owner == writer:
        return ok(f"the bucket is of account {owner}, which writes")
    if owner == reader and acl in _SHARING:
        return ok(f"account {owner}, which reads, owns the bucket, and {acl} shares each object with it")
    if survey.plan.snapshot.existing:
        return unknown(
            f"Object Ownership is {controls}, and who owns the snapshot's objects is not known", _HINT
        )
    said = f"Object Ownership is {controls}: account {writer} owns what it writes, and {reader} is to read it"
    return fail(said, _HINT) if owner else unknown(f"{said}; whose the bucket is could not be read", _HINT)


def _of_an_unknown_writer(survey: Survey) -> Finding:
    """Judge where keys of a cluster of your own write, or somebody wrote the snapshot that is the source."""
    try:
        controls = bucket_facts.told(survey, "ownership", s3.object_ownership)
    except AwsError as error:
        return unknown(error.message, error.hint)
    if controls == s3.OWNER_ENFORCED:
        return ok(f"{controls}: the bucket's owner owns every object")
    said = f"Object Ownership is {controls}, and it is not known which account owns what the source writes"
    return unknown(f"{said}: the target reads it if that is the bucket's own", _HINT)


def _account(survey: Survey, side: str) -> str | None:
    arn = domains.role_arn(survey, "source" if side == "source" else "target")
    return parse_role_arn(arn).account if arn else None


def _owner(survey: Survey) -> str:
    """The bucket's account, which alone may read its policy; empty if unknown."""
    try:
        return bucket_facts.policy(survey).account
    except AwsError:
        return ""


def _acl(survey: Survey) -> str:
    """The ACL of what the source will write; empty for an existing snapshot, which was written before."""
    if survey.plan.snapshot.existing:
        return ""
    return str(bucket_facts.plans_bucket(survey).settings.get("canned_acl") or "")
