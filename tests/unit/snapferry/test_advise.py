"""`snapferry advise` on the command line: how domains are named, what is refused, what is shown."""

from __future__ import annotations

import json

import pytest
from support.building import identity_reply
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, ok
from typer.testing import CliRunner

from snapferry.main import app


def says(*arguments: str) -> tuple[int, str, str]:
    ended = CliRunner().invoke(app, ["advise", *arguments], env={"COLUMNS": "400"})
    return ended.exit_code, ended.stdout, ended.stderr


@pytest.fixture
def own(source: FakeDomain) -> FakeDomain:
    """A cluster of one's own, which holds one index."""
    FakeEngine(source, "source").put(FakeIndex("orders"))
    return source


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("orders",), "--source-region"),
        (("https://a", "https://b", "--target-version", "3.1"), "TARGET has its own"),
        (("https://a", "--target-version", "new"), "this is no version"),
        (("https://a", "--target-account", "12"), "twelve digits"),
        (("https://a", "--target-region", "Ireland"), "this is not a Region"),
        (("https://a", "--target-profile", "night"), "which is not named"),
        (("https://a", "--execute"), "name what to ask"),
        (("plan.yaml",), "say which side of the plan"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_sent(
    no_connections: list[object], arguments: tuple[str, ...], said: str
) -> None:
    code, _, err = says(*arguments)
    assert (code, said in " ".join(err.split())) == (2, True), err
    assert not no_connections


def test_a_cluster_of_ones_own_is_moved_by_snapshot_and_not_by_the_service(
    own: FakeDomain, target: FakeDomain
) -> None:
    FakeEngine(target, "target")
    code, out, err = says(own.endpoint, target.endpoint, "--observe", "0")
    assert code == 0, err
    assert "the source is no domain of the service" in out
    assert "POSSIBLE   Snapshot migration" in out
    assert f"next: snapferry init --source {own.endpoint} --target {target.endpoint} -o plan.yaml" in err
    assert own.changing == target.changing == []


def test_two_addresses_of_one_cluster_are_no_move(own: FakeDomain, target: FakeDomain) -> None:
    FakeEngine(target, "target")
    target.on("GET /", ok(identity_reply("source")))
    code, _, err = says(own.endpoint, target.endpoint, "--observe", "0")
    assert (code, "SOURCE and TARGET are one domain" in err) == (3, True)


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_and_has_no_control_plane_is_an_error() -> None:
    code, _, err = says("http://127.0.0.1:9", "--observe", "0")
    assert (code, "SOURCE" in err) == (3, True), err


def test_the_document_holds_facts_ways_and_the_recommendation(own: FakeDomain) -> None:
    code, out, _ = says(own.endpoint, "--observe", "0", "--json", "--target-version", "3.1")
    document = json.loads(out)
    assert code == 0
    assert document["source"]["managed"] is False
    assert document["wish"]["version"] == {"engine": "opensearch", "number": "3.1"}
    assert len(document["ways"]) == 8
    assert all(reason["source"] for way in document["ways"] for reason in way["reasons"])
