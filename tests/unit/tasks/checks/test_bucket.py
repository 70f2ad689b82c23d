"""Lifecycle rules against the files of a repository, and Regions, Object Lock and paths."""

from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from support.building import a_plan

from domains.aws.s3 import BucketLookup, ObjectLock
from domains.engine.cluster import ClusterIdentity
from domains.engine.reachability import Reachability
from domains.errors import AwsError
from domains.versions import version_of
from tasks.checks.bucket import bucket, ownership
from tasks.checks.bucket import state as bucket_state
from tasks.checks.check import Check, Finding
from tasks.checks.facts import bucket as bucket_facts
from tasks.checks.facts.bucket import BucketPolicy
from tasks.checks.rules.bucket_lifecycle import judged, reaches
from tasks.migration import Consents
from tasks.survey import SIDES, Survey

ROLE = "arn:aws:iam::123456789012:role/SnapshotRole"


@pytest.mark.parametrize(
    ("prefix", "base_path", "hashed", "expected"),
    [
        ("", "move", False, True),
        ("move/", "move", False, True),
        ("mo", "move", False, True),
        ("move/indices/", "move", False, True),
        ("move", "move", False, True),
        ("moved/", "move", False, False),
        ("logs/", "move", True, False),
        ("logs/", "", True, False),
        ("indices/", "", False, True),
        ("index-", "", False, True),
        ("", "", False, True),
        ("M1", "move", True, True),
        ("M1", "move", False, False),
        ("m", "move", True, True),
        ("x", "move", True, True),
        ("x", "move", False, False),
        ("xy", "move", True, False),
        ("M11111010011100/", "move", True, True),
        ("M11111010011100/move/", "move", True, True),
        ("M11111010011100/other/", "move", True, False),
        ("M11111010011100/move/indices/x", "move", True, True),
        ("M1111101001110022/", "move", True, False),
        ("M11111010011100/indices/", "", True, True),
        ("a/b/", "a/b", False, True),
        ("a/", "a/b", False, True),
        ("a/c/", "a/b", False, False),
    ],
)
def test_a_rule_reaches_the_repository_or_not(
    prefix: str, base_path: str, hashed: bool, expected: bool
) -> None:
    assert reaches(prefix, base_path, hashed=hashed) is expected


def rule(**changes: Any) -> dict[str, Any]:
    return {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "move/"}, **changes}


GLACIER = {"Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}
EXPIRES = {"Expiration": {"Days": 7}}


@pytest.mark.parametrize(
    ("made", "harm", "notes"),
    [
        (rule(**GLACIER), 1, 0),
        (rule(**GLACIER, **EXPIRES), 2, 0),
        (rule(Transitions=[{"Date": "2030-01-01", "StorageClass": "DEEP_ARCHIVE"}]), 1, 0),
        (rule(Status="Disabled", **GLACIER), 0, 0),
        (rule(Filter={"Prefix": "logs/"}, **EXPIRES), 0, 0),
        ({"ID": "old", "Status": "Enabled", "Prefix": "move/", **EXPIRES}, 1, 0),
        ({"ID": "old", "Status": "Enabled", "Prefix": "logs/", **EXPIRES}, 0, 0),
        (rule(Filter={}, **EXPIRES), 1, 0),
        (rule(Filter={"Tag": {"Key": "a", "Value": "b"}}, **EXPIRES), 0, 1),
        (rule(Filter={"And": {"Prefix": "move/", "Tags": [{"Key": "a", "Value": "b"}]}}, **EXPIRES), 0, 1),
        (rule(Filter={"And": {"Prefix": "logs/", "Tags": [{"Key": "a", "Value": "b"}]}}, **EXPIRES), 0, 0),
        (rule(Filter={"And": {"Prefix": "move/", "ObjectSizeGreaterThan": 500}}, **EXPIRES), 1, 0),
        (rule(Filter={"ObjectSizeGreaterThan": 500}, **GLACIER), 1, 0),
        (rule(Expiration={"ExpiredObjectDeleteMarker": True}), 0, 0),
        (rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1}), 0, 0),
        (rule(Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}]), 0, 0),
        (rule(Transitions=[{"Days": 0, "StorageClass": "INTELLIGENT_TIERING"}]), 0, 1),
        (rule(Transitions=[{"Days": 0, "StorageClass": "GLACIER_IR"}]), 0, 1),
        (rule(NoncurrentVersionExpiration={"NoncurrentDays": 1}), 0, 1),
        (rule(NoncurrentVersionTransitions=[{"NoncurrentDays": 1, "StorageClass": "GLACIER"}]), 0, 1),
    ],
)
def test_what_a_rule_does(made: dict[str, Any], harm: int, notes: int) -> None:
    found = judged([made], "move", hashed=True)
    assert (len(found.harm), len(found.notes)) == (harm, notes)


def signed(region: str) -> dict[str, Any]:
    return {"endpoint": "http://127.0.0.1:1", "region": region, "auth": {"type": "sigv4"}}


def survey(answers: dict[Any, Any], **repository: Any) -> Survey:
    """A survey of two signed domains that asks nothing: its answers are given."""
    plan = a_plan(
        source=signed("us-east-1"),
        target={**signed("eu-west-1"), "endpoint": "http://127.0.0.1:2"},
        repository={
            "name": "repo", "bucket": "my-snapshots", "base_path": "move", "role_arn": ROLE, **repository,
        },
    )  # fmt: skip
    made = Survey(
        plan, {side: partial(SimpleNamespace, side=side, signed=True) for side in SIDES}, Consents()
    )  # pyright: ignore[reportArgumentType]
    for key, value in answers.items():
        made.once(key, lambda value=value: value)
    return made


def finding(made: Check, look: Survey) -> Finding:
    return made.judge(look, None)


@pytest.mark.parametrize(
    ("repository", "found", "status"),
    [
        ({}, BucketLookup("there", "us-east-1"), "OK"),
        ({"region": "us-east-1"}, BucketLookup("there", "us-east-1"), "OK"),
        ({"region": "us-east-1"}, BucketLookup("denied", "us-east-1"), "OK"),
        ({"region": "eu-west-1"}, BucketLookup("there", "us-east-1"), "WARN"),
        ({"region": "eu-west-1", "endpoint_fallback": "never"}, BucketLookup("there", "us-east-1"), "FAIL"),
        ({"endpoint_fallback": "never"}, BucketLookup("there", "us-east-1"), "FAIL"),
        ({"endpoint_fallback": "always"}, BucketLookup("there", "us-east-1"), "OK"),
        ({}, BucketLookup("denied", None), "WARN"),
        ({}, BucketLookup("missing", None), "SKIP"),
    ],
)
def test_the_region_of_the_bucket(repository: dict[str, Any], found: BucketLookup, status: str) -> None:
    assert finding(bucket.region, survey({"bucket found": found}, **repository)).status == status


@pytest.mark.parametrize(
    ("lock", "engine", "number", "status"),
    [
        (ObjectLock(False, ""), "opensearch", "3.6.0", "OK"),
        (ObjectLock(True, ""), "elasticsearch", "7.10.2", "OK"),
        (ObjectLock(True, "COMPLIANCE for 3 days"), "opensearch", "2.19.4", "WARN"),
        (ObjectLock(True, "GOVERNANCE for 1 years"), "elasticsearch", "7.10.2", "FAIL"),
    ],
)
def test_a_default_retention(lock: ObjectLock, engine: Any, number: str, status: str) -> None:
    who = ClusterIdentity("uuid", "name", version_of(engine, number))
    look = survey({("bucket", "object lock"): lock, ("identity", "source"): who})
    assert finding(bucket.object_lock, look).status == status


def registered(base_path: str | None = "move", readonly: bool = False, **more: Any) -> dict[str, Any]:
    settings = {"bucket": "my-snapshots", "base_path": base_path, "readonly": str(readonly).lower(), **more}
    return {"type": "s3", "settings": {key: value for key, value in settings.items() if value is not None}}


OWN = {"repo": registered()}
AUTOMATED = {"cs-automated-enc": {"type": "s3"}}


@pytest.mark.parametrize(
    ("source", "target", "files", "existing", "status"),
    [
        ({}, {}, (), None, "OK"),
        (AUTOMATED, AUTOMATED, (), None, "OK"),
        (OWN, {}, ("move/index-3",), None, "OK"),
        (OWN, {"repo": registered(readonly=True)}, ("move/index-3",), None, "OK"),
        ({}, {"other": registered(readonly=True)}, ("move/index-3",), None, "WARN"),
        ({}, {"repo": registered()}, ("move/index-3",), None, "WARN"),
        ({}, {"repo": registered(readonly=True)}, ("move/index-3",), "nightly", "OK"),
        ({}, {}, ("move/index-3",), None, "WARN"),
        ({}, {}, ("move/index-3",), "nightly", "OK"),
        ({"repo": registered("elsewhere")}, {}, ("move/index-3",), None, "WARN"),
        ({**OWN, "other": registered()}, {}, (), None, "SKIP"),
        ({"other": registered("move/", readonly=True)}, {}, ("move/index-3",), None, "OK"),
        ({"other": registered("moved")}, {}, (), None, "OK"),
        ({"other": registered(bucket="another")}, {}, (), None, "OK"),
        ({}, {"other": registered()}, (), None, "SKIP"),
        ({}, {"repo": registered()}, (), None, "OK"),
    ],
)
def test_who_else_uses_the_path(
    source: dict[str, Any], target: dict[str, Any], files: tuple[str, ...], existing: str | None, status: str
) -> None:
    look = survey(
        {
            ("registrations", "source"): source,
            ("registrations", "target"): target,
            ("bucket", "files"): files,
        }
    )
    if existing:
        changed = look.plan.snapshot.model_copy(update={"existing": existing})
        look.plan = look.plan.model_copy(update={"snapshot": changed})
    assert finding(bucket.path, look).status == status


def test_a_folder_is_no_bucket_but_may_have_another_writer() -> None:
    plan = a_plan(repository={"type": "fs", "name": "repo", "location": "/mnt/snapshots"})
    look = Survey(
        plan, {side: partial(SimpleNamespace, side=side, signed=False) for side in SIDES}, Consents()
    )  # pyright: ignore[reportArgumentType]
    there = {"other": {"type": "fs", "settings": {"location": "/mnt/snapshots/"}}}
    look.once(("registrations", "source"), lambda: there)
    look.once(("registrations", "target"), lambda: dict[str, Any]())
    assert finding(bucket.path, look).status == "SKIP", "safety.writer tells"


@pytest.mark.parametrize(
    ("number", "settings", "prefix", "status"),
    [
        ("3.6.0", {}, "M1", "FAIL"),
        ("3.0.0", {}, "M1", "WARN"),
        ("3.0.0", {}, "move/", "FAIL"),
        ("3.0.0", {}, "logs/", "OK"),
        ("3.6.0", {"shard_path_type": "FIXED"}, "M1", "OK"),
        ("2.19.4", {}, "M1", "OK"),
        ("", {}, "M1", "WARN"),
        ("", {}, "move/", "FAIL"),
    ],
)
def test_a_rule_for_shard_folders_harms_where_they_are_known_to_be(
    number: str, settings: dict[str, Any], prefix: str, status: str
) -> None:
    answers: dict[Any, Any] = {
        ("bucket", "lifecycle"): (rule(Filter={"Prefix": prefix}, **EXPIRES),),
        ("registrations", "source"): {},
    }
    if number:
        answers["identity", "source"] = ClusterIdentity("uuid", "name", version_of("opensearch", number))
    look = survey(answers, settings=settings)
    if not number:
        look.give_up("source", "it cannot be reached")
    found = finding(bucket.lifecycle, look)
    assert (found.status, found.unknown) == (status, status == "WARN")


def test_the_sides_own_session_looks_at_the_bucket_even_where_its_domain_cannot_be_reached() -> None:
    look = survey(
        {
            ("reach", "source"): Reachability("tcp", "no way"),
            ("reach", "target"): Reachability("clock", "late"),
        }
    )
    mine = object()
    look.once(("domain", "source"), lambda: SimpleNamespace(session=mine))
    look.give_up("source", "see domains.tcp")
    assert bucket_facts.logins(look) == (bucket_facts.Login(mine, "us-east-1"),)  # pyright: ignore[reportArgumentType]


WRITER, READER, THIRD = "111111111111", "222222222222", "333333333333"


@pytest.mark.parametrize(
    ("reader", "controls", "owner", "settings", "status"),
    [
        (WRITER, "ObjectWriter", THIRD, {}, "OK"),
        (READER, "BucketOwnerEnforced", THIRD, {}, "OK"),
        (READER, "ObjectWriter", WRITER, {}, "OK"),
        (READER, "ObjectWriter", THIRD, {}, "FAIL"),
        (READER, "ObjectWriter", READER, {}, "FAIL"),
        (READER, "BucketOwnerPreferred", READER, {}, "FAIL"),
        (READER, "BucketOwnerPreferred", READER, {"canned_acl": "bucket-owner-full-control"}, "OK"),
        (READER, "ObjectWriter", READER, {"canned_acl": "bucket-owner-read"}, "OK"),
        (READER, "ObjectWriter", THIRD, {"canned_acl": "bucket-owner-full-control"}, "FAIL"),
        (READER, "ObjectWriter", "", {}, "WARN"),
    ],
)
def test_what_another_account_writes_must_belong_to_the_buckets_owner(
    monkeypatch: pytest.MonkeyPatch,
    reader: str, controls: str, owner: str, settings: dict[str, str], status: str,
) -> None:  # fmt: skip
    def policy(_: object) -> BucketPolicy:
        if not owner:
            raise AwsError("could not read the policy", "allow s3:GetBucketPolicy")
        return BucketPolicy((), owner)

    monkeypatch.setattr(bucket_facts, "policy", policy)
    roles = {"role_arn": ROLE.replace("123456789012", WRITER)}
    if reader != WRITER:
        roles["target_role_arn"] = ROLE.replace("123456789012", reader)
    look = survey({("bucket", "ownership"): controls}, **roles, settings=settings)
    found = finding(ownership.ownership, look)
    assert found.status == status
    assert status == "OK" or "Bucket owner enforced" in found.hint


def test_who_owns_an_existing_snapshot_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def policy(_: object) -> BucketPolicy:
        return BucketPolicy((), READER)

    monkeypatch.setattr(bucket_facts, "policy", policy)
    writer, reader = (ROLE.replace("123456789012", account) for account in (WRITER, READER))
    look = survey({("bucket", "ownership"): "ObjectWriter"}, role_arn=writer, target_role_arn=reader)
    changed = look.plan.snapshot.model_copy(update={"existing": "nightly-1"})
    look.plan = look.plan.model_copy(update={"snapshot": changed})
    assert finding(ownership.ownership, look).unknown


EXPIRING = rule(Filter={"Prefix": "flock/"}, **EXPIRES)


@pytest.mark.parametrize(
    ("state", "there", "rules", "kept", "status", "said"),
    [
        (None, "there", [], True, "SKIP", "no state in S3"),
        ("s3://our-states/flock", "there", [], True, "OK", "keeps versions"),
        ("s3://our-states/flock", "there", [], False, "WARN", "keeps no versions"),
        ("s3://our-states/flock", "there", [EXPIRING], True, "FAIL", "deletes objects after 7 days"),
        ("s3://our-states/other", "there", [EXPIRING], True, "OK", "keeps versions"),
        ("s3://our-states/flock", "missing", [], True, "FAIL", "has no bucket our-states"),
        ("s3://our-states/flock", "denied", [], True, "WARN", "does not let the caller read"),
    ],
)
def test_the_states_bucket_keeps_what_is_written(
    monkeypatch: pytest.MonkeyPatch,
    state: str | None,
    there: Any,
    rules: Any,
    kept: bool,
    status: str,
    said: str,
) -> None:
    monkeypatch.setattr(bucket_state, "session", lambda *_: None)
    monkeypatch.setattr(bucket_state.s3, "look_up_bucket", lambda *_: BucketLookup(there, "eu-west-1"))
    monkeypatch.setattr(bucket_state.s3, "lifecycle_rules", lambda *_: rules)
    monkeypatch.setattr(bucket_state.s3, "keeps_versions", lambda *_: kept)
    plan = a_plan(**({"state": state} if state else {}))
    found = finding(bucket_state.state, Survey(plan, {}, Consents()))
    assert (found.status, said in found.detail) == (status, True), found
