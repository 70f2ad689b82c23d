"""Who writes where: repositories of both sides, the plan's existing snapshot, consents."""

from __future__ import annotations

from typing import Any

import pytest
from support.building import a_domain, a_plan
from support.engine import FakeEngine, FakeIndex, snapshot_reply
from support.fake_domain import FakeDomain, engine_error, ok

from tasks.checks.registry import ALL
from tasks.checks.run import run_checks
from tasks.migration import Consents
from tasks.records.checks import CheckRecord
from tasks.repository.bodies import same_place
from tasks.survey import Survey

CHECKS = {made.id: made for made in ALL if made.group == "safety"}
BUCKET = {"bucket": "my-snapshots", "region": "us-east-1"}


def at(path: str = "", **settings: Any) -> dict[str, Any]:
    """A registration in the plan's bucket."""
    return {"type": "s3", "settings": {**BUCKET, **({"base_path": path} if path else {}), **settings}}


class Pair:
    """Two fakes, and the checks made of them."""

    def __init__(self, source: FakeDomain, target: FakeDomain) -> None:
        self.source, self.target = FakeEngine(source, "source"), FakeEngine(target, "target")
        self.source.put(FakeIndex("a"))
        self.plan: dict[str, Any] = {}
        self.given = Consents()

    def has(self, side: str, **registrations: Any) -> None:
        getattr(self, side).domain.on("GET /_snapshot", ok(registrations))

    def made(self, id: str) -> list[CheckRecord]:
        plan = a_plan(**self.plan)
        openers = {
            "source": lambda: a_domain(self.source.domain, "source"),
            "target": lambda: a_domain(self.target.domain, "target"),
        }
        assumed = Consents.assumed(plan)
        look = Survey(plan, openers, assumed, given=self.given)
        return list(run_checks(look, (), (CHECKS[id],)))


@pytest.fixture
def pair(source: FakeDomain, target: FakeDomain) -> Pair:
    return Pair(source, target)


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ({}, "OK"),
        ({"repo": at()}, "OK"),
        ({"repo": at("archive")}, "FAIL"),
        ({"repo": at(bucket="another")}, "FAIL"),
        ({"repo": {"type": "fs", "settings": {"location": "/mnt"}}}, "FAIL"),
        ({"repo": {"type": "s3"}}, "FAIL"),
        ({"other": at("archive"), "cs-automated-enc": {"type": "s3"}}, "OK"),
    ],
)
@pytest.mark.parametrize("side", ["source", "target"])
def test_a_name_that_leads_elsewhere_is_somebodys(
    pair: Pair, side: str, found: dict[str, Any], status: str
) -> None:
    pair.has(side, **found)
    told = {record.side: record.status for record in pair.made("safety.repository")}
    assert told == {"source": "OK", "target": "OK", side: status}


@pytest.mark.parametrize(
    ("source_has", "target_has", "status", "says"),
    [
        ({}, {}, "OK", ""),
        ({"repo": at()}, {"repo": at(readonly="true")}, "OK", ""),
        ({"repo": at()}, {"repo": at()}, "OK", ""),  # safety.readonly tells
        ({"repo": at(readonly="true")}, {}, "FAIL", "repo is registered readonly on the source"),
        ({}, {"copies": at()}, "FAIL", "copies on the target leads to the same place"),
        ({}, {"copies": at(readonly=True)}, "OK", ""),
        ({}, {"copies": at("elsewhere")}, "OK", ""),
        ({"nightly": at()}, {}, "FAIL", "nightly on the source leads to the same place"),
        ({"nightly": at(readonly="true")}, {}, "WARN", "readonly as nightly"),
        ({"nightly": at(readonly="true"), "repo": at()}, {}, "WARN", "readonly as nightly"),
        ({"cs-automated-enc": {"type": "s3"}}, {"cs-automated-enc": {"type": "s3"}}, "OK", ""),
    ],
)
def test_only_one_registration_may_write(
    pair: Pair, source_has: dict[str, Any], target_has: dict[str, Any], status: str, says: str
) -> None:
    pair.has("source", **source_has)
    pair.has("target", **target_has)
    (record,) = pair.made("safety.writer")
    assert (record.status, says in record.detail) == (status, True), record
    assert bool(record.hint) == (status != "OK")


def test_two_writers_are_both_named(pair: Pair) -> None:
    pair.has("source", nightly=at())
    pair.has("target", copies=at())
    (record,) = pair.made("safety.writer")
    assert (record.status, len(record.items)) == ("FAIL", 2)


@pytest.mark.parametrize(
    ("found", "status"),
    [({}, "OK"), ({"repo": at(readonly="true")}, "OK"), ({"repo": at()}, "WARN"), ({"repo": at("x")}, "OK")],
)
def test_a_registration_of_the_target_that_will_become_readonly_is_told(
    pair: Pair, found: dict[str, Any], status: str
) -> None:
    pair.has("target", **found)
    (record,) = pair.made("safety.readonly")
    assert record.status == status


def test_a_slash_at_the_end_of_a_path_makes_no_other_place() -> None:
    assert same_place(at("move/"), at("move"))
    assert not same_place(at("move/more"), at("move"))
    assert not same_place(at("/move"), at("move"))


@pytest.mark.parametrize(
    ("snapshot", "status", "says"),
    [
        (snapshot_reply("nightly"), "OK", "holds everything"),
        (snapshot_reply("nightly", indices=["b"]), "FAIL", "a: not in snapshot nightly"),
        (snapshot_reply("nightly", "FAILED"), "FAIL", "ended as FAILED"),
        (snapshot_reply("nightly", "PARTIAL"), "FAIL", "ended as PARTIAL"),
        (snapshot_reply("nightly", "IN_PROGRESS"), "WARN", "is still being taken"),
        (snapshot_reply("nightly", "INCOMPATIBLE"), "FAIL", "ended as INCOMPATIBLE"),
    ],
)
def test_an_existing_snapshot_must_be_whole_and_hold_what_moves(
    pair: Pair, snapshot: dict[str, Any], status: str, says: str
) -> None:
    pair.has("source", repo=at())
    pair.source.domain.on("GET /_snapshot/repo/nightly", ok(snapshot))
    pair.plan = {"snapshot": {"existing": "nightly"}}
    (record,) = pair.made("safety.snapshot")
    assert (record.status, says in record.detail) == (status, True), record


def test_a_partial_snapshot_is_what_the_plan_may_allow(pair: Pair) -> None:
    pair.has("source", repo=at())
    pair.source.domain.on("GET /_snapshot/repo/nightly", ok(snapshot_reply("nightly", "PARTIAL")))
    pair.plan = {"snapshot": {"existing": "nightly", "allow_partial": True}}
    (record,) = pair.made("safety.snapshot")
    assert record.status == "OK"


@pytest.mark.parametrize(("streams", "status"), [([], "FAIL"), (["logs"], "OK")])
def test_a_stream_must_be_in_the_snapshot_by_its_own_name(
    pair: Pair, streams: list[str], status: str
) -> None:
    pair.source.put(FakeIndex(".ds-logs-000001"))
    pair.source.streams["logs"] = [".ds-logs-000001"]
    pair.has("source", repo=at())
    held = snapshot_reply("nightly", indices=["a", ".ds-logs-000001"], data_streams=streams)
    pair.source.domain.on("GET /_snapshot/repo/nightly", ok(held))
    pair.plan = {"snapshot": {"existing": "nightly"}}
    (record,) = pair.made("safety.snapshot")
    assert record.status == status


def test_a_snapshot_that_no_side_can_read_yet_is_not_taken_for_good(pair: Pair) -> None:
    pair.plan = {"snapshot": {"existing": "nightly"}}
    (record,) = pair.made("safety.snapshot")
    assert (record.status, record.unknown) == ("WARN", True)


def test_registrations_that_may_not_be_read_are_not_taken_for_none(pair: Pair) -> None:
    said = "no permissions for [cluster:admin/repository/get] and User [name=me, backend_roles=[]]"
    pair.target.domain.on("GET /_snapshot", engine_error(403, "security_exception", said))
    (record,) = pair.made("safety.writer")
    assert (record.status, record.unknown) == ("WARN", True)


def test_a_consent_that_was_given_is_not_asked_for(pair: Pair) -> None:
    pair.target.put(FakeIndex("a"))
    pair.plan = {
        "conflicts": {"policy": "delete", "delete": ["a"]},
        "snapshot": {"allow_partial": True},
    }
    (record,) = pair.made("safety.consents")
    assert (record.status, "--allow-partial --allow-delete a" in record.detail) == ("WARN", True)
    pair.given = Consents(allow_delete=("a",), allow_partial=True)
    (record,) = pair.made("safety.consents")
    assert record.status == "OK"
