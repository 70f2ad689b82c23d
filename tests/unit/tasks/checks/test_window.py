"""Checks of a cutover's window: each state of a fake source, and what the check makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from support.building import a_domain, a_plan
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain

from tasks.checks.registry import ALL, FIRST, THEN, WINDOW
from tasks.checks.run import run_checks
from tasks.checks.window import may_be_made
from tasks.migration import Consents
from tasks.records.checks import CheckRecord
from tasks.survey import Survey

CHECKS = {made.id: made for made in ALL if made.group == "window"}
BLOCKED = {"index.blocks.write": "true"}
PLUGIN = "index.plugins.index_state_management"


class Pair:
    """Two fakes, and the checks made of them."""

    def __init__(self, source: FakeDomain, target: FakeDomain) -> None:
        self.source, self.target = FakeEngine(source, "source"), FakeEngine(target, "target")
        self.plan: dict[str, Any] = {}

    def made(self, id: str) -> CheckRecord:
        openers = {
            "source": lambda: a_domain(self.source.domain, "source"),
            "target": lambda: a_domain(self.target.domain, "target"),
        }
        survey = Survey(a_plan(**self.plan), openers, Consents())
        (record,) = run_checks(survey, (), (CHECKS[id],))
        return record


@pytest.fixture
def pair(source: FakeDomain, target: FakeDomain) -> Pair:
    return Pair(source, target)


def test_indices_that_refuse_writes_already_are_named(pair: Pair) -> None:
    pair.source.put(FakeIndex("a", settings=BLOCKED))
    pair.source.put(FakeIndex("b", settings={"index.blocks.read_only": "true", **BLOCKED}))
    pair.source.put(FakeIndex("c", settings={"index.blocks.write": "false", "index.blocks.metadata": "true"}))
    found = pair.made("window.blocked")
    assert (found.status, found.items) == (
        "WARN",
        ("a: index.blocks.write", "b: index.blocks.write, index.blocks.read_only"),
    )


def test_an_index_that_could_not_be_released_again_fails(pair: Pair) -> None:
    pair.source.put(FakeIndex("a"))
    assert pair.made("window.release").status == "OK"
    pair.source.put(FakeIndex("b", settings={"archived.index.lifecycle.name": "x"}))
    found = pair.made("window.release")
    assert (found.status, found.items) == ("FAIL", ("b: archived.index.lifecycle.name",))


@pytest.mark.parametrize("name", ["other", "shut"])
def test_a_block_on_what_does_not_move_or_is_closed_is_nothing(pair: Pair, name: str) -> None:
    pair.plan = {"indices": {"include": ["a", "shut"], "closed": "move"}}
    pair.source.put(FakeIndex("a"))
    pair.source.put(FakeIndex(name, settings=BLOCKED, open=name != "shut"))
    assert pair.made("window.blocked").status == "OK"


def test_a_cluster_that_refuses_all_writes_is_told(pair: Pair) -> None:
    pair.source.put(FakeIndex("a"))
    pair.source.cluster_settings = {"cluster.blocks.read_only": "true", "cluster.blocks.create_index": "true"}
    found = pair.made("window.blocked")
    assert (found.status, "refuses writes: cluster.blocks.read_only" in found.detail) == ("WARN", True)
    pair.source.cluster_settings = {"cluster.blocks.read_only": "false"}
    assert pair.made("window.blocked").status == "OK"


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (FakeIndex("a", aliases={"now": {"is_write_index": True}}), "alias now of a"),
        (FakeIndex("a", aliases={"now": {"is_write_index": False}, "all": {}}), ""),
        (FakeIndex("a", settings={f"{PLUGIN}.rollover_alias": "now"}), "index a, by policy through now"),
        (FakeIndex("a", settings={f"{PLUGIN}.policy_id": "tidy"}), ""),
    ],
)
def test_what_may_roll_over_is_named(pair: Pair, held: FakeIndex, said: str) -> None:
    pair.source.put(held)
    found = pair.made("window.rollover")
    assert (found.status, found.items) == (("WARN", (said,)) if said else ("OK", ()))


def test_a_data_stream_may_roll_over(pair: Pair) -> None:
    pair.source.put(FakeIndex(".ds-logs-000001"))
    pair.source.streams["logs"] = [".ds-logs-000001"]
    assert pair.made("window.rollover").items == ("data stream logs",)


@pytest.mark.parametrize(
    ("include", "setting", "status"),
    [
        (["*"], None, "WARN"),
        (["*"], "true", "WARN"),
        (["*"], "false", "OK"),
        (["a"], "true", "OK"),
        (["a", "x*"], "+b*,-*", "OK"),
        (["a", "x*"], "+*2026,-*", "WARN"),
    ],
)
def test_indices_that_a_write_may_make_are_told(
    pair: Pair, include: list[str], setting: str | None, status: str
) -> None:
    pair.plan = {"indices": {"include": include}}
    pair.source.put(FakeIndex("a"))
    pair.source.cluster_settings = {"action.auto_create_index": setting} if setting else {}
    assert pair.made("window.auto-create").status == status


@pytest.mark.parametrize(
    ("pattern", "setting", "made"),
    [
        ("a*", "true", True),
        ("a*", "false", False),
        ("a*", "-a*,+*", False),
        ("a*", "-ab*,+a*", True),
        ("a*", "+b*", False),
        ("a*c", "+abc", True),
        ("a*c", "abd", False),
        ("a*c", "*d", False),
        ("*c", "a*, -*", True),
        ("a*", "", False),
    ],
)
def test_a_new_name_is_held_against_the_settings_patterns(pattern: str, setting: str, made: bool) -> None:
    assert may_be_made(pattern, setting) is made


@pytest.mark.parametrize("id", CHECKS)
def test_a_plan_with_a_snapshot_of_its_own_has_no_window(pair: Pair, id: str) -> None:
    pair.plan = {"snapshot": {"existing": "nightly"}}
    pair.source.put(FakeIndex("a", settings=BLOCKED))
    assert pair.made(id).status == "SKIP"


def test_a_migration_without_a_window_makes_none_of_them() -> None:
    assert not {made.id for made in WINDOW} & {made.id for made in (*FIRST, *THEN)}
    assert not any(made.decisive for made in WINDOW)
