"""Which indices of a snapshot are restored, and under which names."""

from __future__ import annotations

from typing import Any

import pytest
from support.java import renamed

from domains.engine.snapshots import SnapshotInfo
from tasks.operations.restore_selection import Chosen, RenameRule, batches, choose, rename_of

HELD = (
    "orders",
    "logs-1",
    "logs-2",
    ".kibana_1",
    ".opendistro_security",
    ".ds-events-000001",
    ".ds-events-000002",
)


def a_snapshot(*indices: str, streams: tuple[str, ...] = ("events",)) -> SnapshotInfo:
    values: dict[str, Any] = {
        "name": "s", "uuid": "u", "state": "SUCCESS", "indices": indices or HELD, "shards_total": 1,
        "shards_failed": 0, "failures": (), "data_streams": streams, "run": None,
        "started_ms": 1, "ended_ms": 2,
    }  # fmt: skip
    return SnapshotInfo(**values)


def chosen(*names: str, rules: tuple[RenameRule, ...] = (), **more: Any) -> Chosen:
    return choose(a_snapshot(), names, rules, everything=more.get("everything", False))


def names_of(found: Chosen) -> list[str]:
    return [unit.name for unit in found.units]


def test_everything_is_all_but_the_system_indices_with_data_streams_as_wholes() -> None:
    found = chosen(everything=True)
    assert names_of(found) == ["events", "orders", "logs-1", "logs-2"]
    assert set(found.system) == {".kibana_1", ".opendistro_security"}
    assert found.units[0].indices == {
        ".ds-events-000001": ".ds-events-000001",
        ".ds-events-000002": ".ds-events-000002",
    }
    assert found.problems == ()


def test_a_pattern_never_selects_a_system_index_and_an_exact_name_does() -> None:
    assert names_of(chosen("*")) == ["events", "orders", "logs-1", "logs-2"]
    assert names_of(chosen(".kib*")) == []
    assert names_of(chosen(".kibana_1")) == [".kibana_1"]


def test_the_security_index_is_refused_whoever_asks() -> None:
    assert "whoever asks" in chosen(".opendistro_security").problems[0]


def test_a_name_that_the_snapshot_lacks_is_a_problem_and_a_close_one_is_suggested() -> None:
    (problem,) = chosen("orders", "order").problems
    assert "did you mean orders?" in problem


def test_a_backing_index_can_be_restored_alone_by_its_exact_name() -> None:
    (unit,) = chosen(".ds-events-000001").units
    assert (unit.name, unit.is_stream) == (".ds-events-000001", False)


@pytest.mark.parametrize(
    ("old", "new", "name", "expected"),
    [
        ("orders", "old", "orders", "old"),
        ("logs-*", "old-*", "logs-1", "old-1"),
        ("*", "restored-*", "a.b$c", "restored-a.b$c"),
        ("*-1", "$1-*", "logs-1", "$1-logs"),
        ("logs*", "fixed", "logs-1", "fixed"),
    ],
)
def test_a_rename_means_the_same_to_the_engine(old: str, new: str, name: str, expected: str) -> None:
    rule = RenameRule(old, new)
    assert rule.applied(name) == expected
    assert renamed(name, *rule.for_engine) == expected


@pytest.mark.parametrize("name", ["xorders", "orders-2", "my-orders"])
def test_a_rename_is_anchored_although_the_engine_replaces_anywhere(name: str) -> None:
    rule = RenameRule("orders", "old")
    assert rule.applied(name) is None
    assert renamed(name, *rule.for_engine) == name


def test_a_renamed_data_stream_takes_its_backing_indices_along() -> None:
    found = chosen("events", rules=(RenameRule("events", "old"),))
    (unit,) = found.units
    pattern, replacement = rename_of([unit]) or ("", "")
    for index, target in unit.indices.items():
        assert target == index.replace("events", "old")
        assert renamed(index, pattern, replacement, of_a_stream=True) == target
    assert renamed("events", pattern, replacement) == "old"


def test_each_request_has_one_rename_and_at_most_so_many_names() -> None:
    rules = (RenameRule("logs-*", "old-*"), RenameRule("events", "e"))
    found = chosen("*", rules=rules)
    made = [[unit.name for unit in batch] for batch in batches(found.units, 1)]
    assert sorted(made) == [["events"], ["logs-1"], ["logs-2"], ["orders"]]
    assert [rename_of(batch) is None for batch in batches(found.units, 9)].count(True) == 1


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ((RenameRule("logs-*", "same"),), "would all be called same"),
        ((RenameRule("orders", "Capital"),), "cannot be called"),
        ((RenameRule("customers", "old"),), "fits nothing"),
        ((RenameRule("orders", "x" * 256),), "cannot be called"),
    ],
)
def test_a_rename_that_cannot_work_is_refused(rules: tuple[RenameRule, ...], words: str) -> None:
    assert any(words in each for each in chosen("*", rules=rules).problems)
