"""Checks of a plan whose source is a snapshot: what applies, what cannot be told, and what fails."""

from __future__ import annotations

from typing import Any

import pytest
from support.building import a_domain, a_plan
from support.engine import FakeEngine, snapshot_reply
from support.fake_domain import FakeDomain, engine_error, ok

from tasks.checks.bucket.ownership import ownership
from tasks.checks.registry import FIRST, THEN
from tasks.checks.run import run_checks
from tasks.migration import Consents
from tasks.records.checks import CheckRecord
from tasks.survey import Survey

NAME = "nightly"
HERE = {"repo": {"type": "s3", "settings": {"bucket": "my-snapshots", "readonly": "true"}}}


class Bucket:
    """A target that can read a snapshot of one index; `registered` are its repositories."""

    def __init__(self, target: FakeDomain) -> None:
        self.domain, self.engine = target, FakeEngine(target, "target")
        self.registered: dict[str, Any] = HERE
        self.entry: dict[str, Any] = snapshot_reply(NAME, run=None, version_id=0x08000000 ^ 3_06_00_99)[
            "snapshots"
        ][0]
        target.on("GET /_snapshot", lambda _: ok(self.registered))
        target.on("GET /_snapshot/repo/[^/]+", lambda _: ok({"snapshots": [self.entry]}))
        total = {"file_count": 3, "size_in_bytes": 1000}
        held = {"a": {"shards_stats": {"total": 2}, "stats": {"total": total}}}
        target.on("GET /_snapshot/repo/.+/_status", ok({"snapshots": [{"indices": held}]}))

    def checks(self, **plan: Any) -> dict[tuple[str, str | None], CheckRecord]:
        place = {"endpoint": self.domain.endpoint, "auth": {"type": "none"}}
        made = a_plan(source={"snapshot": NAME}, target=place, **plan)
        survey = Survey(
            made,
            {"target": lambda: a_domain(self.domain, "target")},
            Consents.assumed(made),
            given=Consents(),
        )
        return {(each.id, each.side): each for each in run_checks(survey, FIRST, THEN)}


@pytest.fixture
def bucket(target: FakeDomain, no_aws: None) -> Bucket:
    return Bucket(target)


def test_every_check_of_the_source_is_skipped_and_says_why(bucket: Bucket) -> None:
    found = bucket.checks()
    skipped = [record for (_, side), record in found.items() if side == "source"]
    assert skipped and {record.status for record in skipped} == {"SKIP"}
    assert {record.detail for record in skipped} == {"the plan's source is a snapshot, not a domain"}
    assert not [record for record in found.values() if "a defect of Snapferry" in record.detail]
    assert not [record.id for record in found.values() if record.status == "FAIL"]


def test_what_the_record_tells_is_judged_and_what_it_does_not_tell_is_not_ok(bucket: Bucket) -> None:
    found = bucket.checks()
    fine = ("domains.version", "indices.selected", "indices.created", "indices.names", "safety.snapshot")
    assert {found[name, None].status for name in fine} == {"OK"}
    untold = ("indices.closed", "indices.aliases", "room.disk", "room.shards", "room.copies")
    assert all(found[name, None].unknown for name in untold)
    decided = bucket.checks(
        restore={"aliases": False, "index_settings": {"index.number_of_replicas": 0}},
    )
    assert {decided[name, None].status for name in ("room.disk", "room.shards")} == {"OK"}
    assert "2 of 1000 shards" in decided["room.shards", None].detail


def test_one_check_says_that_nothing_is_registered_yet_and_the_others_refer_to_it(bucket: Bucket) -> None:
    bucket.registered = {}
    found = bucket.checks()
    told = found["safety.snapshot", None]
    assert told.unknown and "migrate PLAN --execute" in told.hint
    for name in ("domains.version", "indices.selected", "indices.names", "room.disk"):
        assert found[name, None].status == "SKIP" and found[name, None].unknown
        assert "see safety.snapshot" in found[name, None].detail


def test_a_required_check_fails_while_it_cannot_be_told(bucket: Bucket) -> None:
    bucket.registered = {}
    found = bucket.checks(checks={"require": ["indices.names"]})
    assert found["indices.names", None].status == "FAIL"


def test_a_snapshot_that_is_not_there_fails(bucket: Bucket) -> None:
    missing = engine_error(404, "snapshot_missing_exception", "[repo:nightly] is missing")
    bucket.domain.on("GET /_snapshot/repo/[^/]+", missing)
    bucket.domain.on("GET /_snapshot/repo/_all", ok({"snapshots": []}))
    found = bucket.checks()["safety.snapshot", None]
    assert found.status == "FAIL" and "a readonly registration of a wrong path" in found.detail
    assert "repository.base_path" in found.hint


@pytest.mark.parametrize(
    ("version_id", "created", "version"),
    [
        (0x08000000 ^ 2_19_04_99, "WARN", "OK"),
        (7_10_02_99, "SKIP", "FAIL"),
        (None, "WARN", "WARN"),
    ],
    ids=["2.19", "7.10", "untold"],
)
def test_an_engine_that_could_hold_older_indices_leaves_it_open_and_one_too_old_is_refused(
    bucket: Bucket, version_id: int | None, created: str, version: str
) -> None:
    bucket.entry["version_id"] = version_id
    found = bucket.checks()
    assert (found["indices.created", None].status, found["domains.version", None].status) == (
        created,
        version,
    )


@pytest.mark.parametrize(
    ("controls", "status"), [("BucketOwnerEnforced", "OK"), ("ObjectWriter", "WARN")], ids=str
)
def test_whoever_wrote_it_the_buckets_owner_must_own_it(controls: str, status: str) -> None:
    target = {"endpoint": "http://127.0.0.1:2", "region": "eu-west-1", "auth": {"type": "sigv4"}}
    role = "arn:aws:iam::123456789012:role/SnapshotRole"
    repository = {"name": "repo", "bucket": "my-snapshots", "role_arn": role}
    plan = a_plan(source={"snapshot": NAME}, target=target, repository=repository)
    look = Survey(plan, {}, Consents())
    look.once("bucket found", lambda: None)
    look.once(("bucket", "ownership"), lambda: controls)
    found = ownership.judge(look, None)
    assert (found.status, found.unknown) == (status, status == "WARN")
