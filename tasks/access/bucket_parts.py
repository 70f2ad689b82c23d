"""The bucket of a set-up: there, with the wanted encryption, open to the roles, and left alone by rules."""

import json
from collections.abc import Callable, Iterator, Sequence

from domains.aws import kms, kms_changes, s3, s3_changes
from domains.aws.calls import merged
from domains.aws.iam_changes import account_of
from domains.aws.s3_changes import Place
from domains.http.json_replies import Json, is_object
from runs.journal import now
from tasks.access.parts import Found, Part, Setting, others_in, refused, there
from tasks.access.rights import distinct, lacking_in, requests_of
from tasks.checks.bucket import encryption, ownership
from tasks.checks.check import shown
from tasks.checks.facts import bucket as bucket_facts
from tasks.checks.rules.bucket_lifecycle import judged
from tasks.checks.rules.iam_policies import Request, statements_of
from tasks.records.access import BucketModel, Made, MadeKind, Piece, Statement

_NEW = "it is made with the bucket"
_Look = Callable[[Setting, BucketModel], Found]


def bucket_parts(setting: Setting, bucket: BucketModel) -> Iterator[Part]:
    """The bucket itself, its rules and its encryption."""
    at = f"account {bucket.account}" if bucket.account else "an unknown account"

    def part(what: str, look: _Look) -> Part:
        return Part(Piece.BUCKET, at, what, bucket.name, lambda: look(setting, bucket))

    yield part("bucket", _bucket)
    yield part("lifecycle rules", _lifecycle)
    yield part("encryption", _encryption)


def shared_bucket_parts(setting: Setting, bucket: BucketModel) -> Iterator[Part]:
    """What lets the roles use the bucket and its key; the roles must be there first: policies name them."""
    at = f"account {bucket.account}" if bucket.account else "an unknown account"
    name, plan = bucket.name, setting.plan.name
    if bucket.key:
        yield Part(
            Piece.BUCKET,
            f"account {account_of(bucket.key)}",
            "key policy",
            bucket.key,
            lambda: _key_policy(setting, bucket),
            others=lambda: others_in(plan, document_of(_key_document(setting, bucket))),
        )
    if bucket.crosses_accounts:
        yield Part(Piece.BUCKET, at, "Object Ownership", name, lambda: _ownership(setting, bucket))
    if bucket.policy:
        yield Part(
            Piece.BUCKET,
            at,
            "bucket policy",
            name,
            lambda: _policy(setting, bucket),
            others=lambda: others_in(plan, document_of(_document(setting, bucket))),
        )


def place_of(bucket: BucketModel) -> Place:
    """The bucket as calls name it."""
    return Place(bucket.name, bucket.account, bucket.region)


def _is_missing(setting: Setting) -> bool:
    return bucket_facts.found(setting.survey()).state == "missing"


def _bucket(setting: Setting, bucket: BucketModel) -> Found:
    if _is_missing(setting):
        place = place_of(bucket)
        changes = (s3_changes.create_bucket(place), s3_changes.put_tags(place, setting.model.tags))
        return Found("missing", "S3 has no such bucket", changes=changes, makes=(_made(bucket),))
    if not bucket.account:
        return refused(
            "it is there, and of an account that no login of yours may administer",
            "name a profile of that account with --profile, or choose another bucket",
        )
    if _was_begun(setting, bucket) and not _tags(setting, bucket):
        change = s3_changes.put_tags(place_of(bucket), setting.model.tags)
        return Found("missing", "it lacks its tags", changes=(change,))
    return there(f"it exists, in {bucket.region}")


def _made(bucket: BucketModel) -> Made:
    return Made(kind=MadeKind.BUCKET, at=bucket.account, name=bucket.name, region=bucket.region, since=now())


def _was_begun(setting: Setting, bucket: BucketModel) -> bool:
    """Whether an earlier command has made the bucket, or was about to."""
    return any(each.kind is MadeKind.BUCKET and each.name == bucket.name for each in setting.recorded.read())


def _tags(setting: Setting, bucket: BucketModel) -> dict[str, str]:
    return s3.tags(setting.session(bucket.account), bucket.name, bucket.region)


def is_ours(setting: Setting, bucket: BucketModel) -> bool:
    """Whether the bucket was made for this plan."""
    return _was_begun(setting, bucket) or _tags(setting, bucket).items() >= setting.model.tags.items()


def _lifecycle(setting: Setting, bucket: BucketModel) -> Found:
    """Rules are somebody's decision about a bucket, and never changed here."""
    if _is_missing(setting):
        return there("a new bucket has none")
    rules = bucket_facts.told(setting.survey(), "lifecycle", s3.lifecycle_rules)
    found = judged(rules, bucket.base_path, hashed=setting.model.hashed)
    if found.harm:
        return refused(
            shown(found.harm, 3),
            "limit that rule to other folders, disable it, or choose another bucket: no rule is changed here",
        )
    return there(f"{len(rules)} rules, none archives or deletes the repository's files" if rules else "none")


def _encryption(setting: Setting, bucket: BucketModel) -> Found:
    wanted = f"by KMS key {bucket.key}" if bucket.key else "by S3"
    if _is_missing(setting):
        if bucket.key is None:
            return there("S3 encrypts a new bucket by itself")
        change = s3_changes.put_encryption(place_of(bucket), bucket.key)
        return Found("missing", _NEW, changes=(change,))
    survey = setting.survey()
    named = bucket_facts.told(survey, "encryption", s3.encryption_key)
    if named is not None and encryption.is_s3s_own(named):
        finding = encryption.encryption.judge(survey, "source")
        return there(finding.detail) if finding.status == "OK" else refused(finding.detail, finding.hint)
    key = encryption.found_key(survey, named) if named else None
    if (key.arn if key else None) == bucket.key or encryption.registered_key(survey):
        return there(f"encrypted {wanted}")
    if not is_ours(setting, bucket):
        return refused(
            f"the bucket encrypts by {key.arn if key else 'S3'}, not {wanted}",
            "leave --kms-key out, or change the bucket's default encryption yourself",
        )
    change = s3_changes.put_encryption(place_of(bucket), bucket.key)
    return Found("missing", f"not yet encrypted {wanted}", changes=(change,))


# the key's policy


def _key_document(setting: Setting, bucket: BucketModel) -> Json:
    key = str(bucket.key)
    return loaded(kms.policy(setting.session(account_of(key)), key))


def _key_policy(setting: Setting, bucket: BucketModel) -> Found:
    key = str(bucket.key)
    state = kms.key(setting.session(account_of(key)), key)
    if state is None or state.state != "Enabled":
        return refused(
            f"the key is {state.state if state else 'not there'}", "enable it, or name another key"
        )
    document = _key_document(setting, bucket)
    found = lacking_in(document_of(document), _needs(bucket.key_policy, key))
    if found.denied:
        return refused(f"a Deny in it forbids {distinct(found.denied)[0]}", "remove that Deny")
    if not found.missing:
        return there("it leaves the roles to their account's policies, or names them")
    change = kms_changes.put_key_policy(key, merged(document, bucket.key_policy, _sids(bucket.key_policy)))
    made = Made(kind=MadeKind.KEY_POLICY, at=account_of(key), name=key, since=now())
    return Found(
        "missing", f"it does not allow {distinct(found.missing)[0]}", changes=(change,), makes=(made,)
    )


# the bucket's policy


def _document(setting: Setting, bucket: BucketModel) -> Json:
    if _is_missing(setting):
        return {}
    return loaded(s3.policy(setting.session(bucket.account), bucket.name, bucket.region))


def _policy(setting: Setting, bucket: BucketModel) -> Found:
    if not bucket.account:
        return refused(
            "the bucket is of an account that no login of yours may administer",
            "print its policy (`snapferry access print PLAN --only bucket`) and let its owner add it",
        )
    document = _document(setting, bucket)
    found = lacking_in(document_of(document), _needs(bucket.policy))
    if found.denied:
        return refused(f"a Deny in it forbids {distinct(found.denied)[0]}", "remove that Deny")
    if not found.missing:
        return there("it allows the roles of other accounts what they need")
    change = s3_changes.put_policy(place_of(bucket), merged(document, bucket.policy, _sids(bucket.policy)))
    made = Made(
        kind=MadeKind.BUCKET_POLICY, at=bucket.account, name=bucket.name, region=bucket.region, since=now()
    )
    who = found.missing[0].principal
    lacks = f"it does not allow {who} {distinct(found.missing)[0]}"
    return Found("missing", lacks, changes=(change,), makes=(made,))


def _needs(statements: Sequence[Statement], key: str = "") -> Iterator[Request]:
    """What the statements allow, each its own principal."""
    for each in statements:
        on = {**each, "Resource": key} if key else each
        yield from requests_of(each["Principal"]["AWS"], [on])


def _sids(statements: Sequence[Statement]) -> set[str]:
    return {str(each["Sid"]) for each in statements}


def loaded(document: str) -> Json:
    """A policy document, parsed; empty without one."""
    statements_of(document)  # refuses what is no policy
    loaded: object = json.loads(document) if document else {}
    return loaded if is_object(loaded) else {}


def document_of(document: Json) -> tuple[Json, ...]:
    """The statements of a policy document; none of an empty one."""
    return statements_of(json.dumps(document)) if document else ()


# object ownership


def _ownership(setting: Setting, bucket: BucketModel) -> Found:
    if _is_missing(setting):
        return Found("missing", f"{s3.OWNER_ENFORCED} {_NEW}")
    survey = setting.survey()
    finding = ownership.ownership.judge(survey, None)
    if finding.status == "OK":
        return there(finding.detail)
    if finding.unknown:
        return Found("unknown", finding.detail, finding.hint)
    if not (setting.allow_ownership or is_ours(setting, bucket)):
        return refused(
            finding.detail,
            "consent with --allow-ownership: the bucket's owner then owns every object, and its access "
            "control lists (ACLs) no longer count",
        )
    before = s3.object_ownership(setting.session(bucket.account), bucket.name, bucket.region)
    made = Made(
        kind=MadeKind.OWNERSHIP, at=bucket.account, name=bucket.name, before=before, region=bucket.region,
        since=now(),
    )  # fmt: skip
    change = s3_changes.put_ownership(place_of(bucket), s3.OWNER_ENFORCED)
    return Found("missing", finding.detail, changes=(change,), makes=(made,))
