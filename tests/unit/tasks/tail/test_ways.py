"""Which indices go by the tail, which by a restore, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.building import selected
from support.rounds import a_copy, a_mark

from domains.engine.indices.index_requirements import NO_REQUIREMENTS
from tasks.records.seeding import Change
from tasks.records.tail import Way, WaysRecord
from tasks.tail.ways import Candidate, hindrance_of, way_of

READABLE = replace(NO_REQUIREMENTS, unreadable="")


def a_change(kind: str = "changed", **more: Any) -> Change:
    values: dict[str, Any] = {"name": "a", "target": "a", "kind": kind, "base": True, **more}
    return Change(**values)


def a_candidate(**changes: Any) -> Candidate:
    """An index with 10 operations since its copy, which can go by the tail."""
    values: dict[str, Any] = {
        "index": selected("a", bytes=10**9, documents=10**6),
        "change": a_change(),
        "copy": a_copy("a", digest="mapping.settings"),
        "current": (a_mark(22),),
        "digest": "mapping.settings",
        "copied_shape": "shape",
        "requirements": READABLE,
        **changes,
    }
    return Candidate(**values)


HINDRANCES: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({}, ""),
    "its mapping changed": ({"digest": "another.settings"}, ""),
    "somebody checked its copy": ({"copy": a_copy("a", digest="m.settings", target_digest="shape")}, ""),
    "a primary moved": ({"current": (a_mark(22, primary_term=5),)}, ""),
    "the tail wrote to it before": (
        {"copy": a_copy("a", digest="m.settings", marks=(), base=(a_mark(),), doubt="d")},
        "",
    ),
    "no copy": ({"copy": None, "change": a_change("new", base=False)}, "the target has no copy of it"),
    "no copy, and a reason": ({"copy": None, "change": a_change(why="it was removed")}, "it was removed"),
    "made anew": ({"change": a_change("made anew", why="it was recreated")}, "it was recreated"),
    "reshaped": ({"change": a_change("reshaped", why="it has 2 shards now")}, "it has 2 shards now"),
    "a data stream's": ({"index": selected("a", stream="logs")}, "data stream"),
    "closed": ({"index": selected("a", open=False)}, "it is closed on the source"),
    "in doubt": ({"copy": a_copy("a", marks=(), doubt="it was being restored")}, "it was being restored"),
    "without marks": ({"copy": a_copy("a", marks=())}, "it is not known how far its copy goes"),
    "with fewer marks than shards": ({"index": selected("a", shards=2)}, "not known how far"),
    "another history": ({"current": (a_mark(22, history="other"),)}, "restored or force-allocated"),
    "without marks of today": ({"current": ()}, "restored or force-allocated"),
    "no requirements": ({"requirements": None}, "its mapping could not be read"),
    "no sources": ({"requirements": replace(READABLE, unreadable="no `_source`")}, "no `_source`"),
    "a changed copy": (
        {"copy": a_copy("a", digest="m.settings", target_digest="before")},
        "somebody changed the mapping or settings of its copy",
    ),
    "changed settings": ({"digest": "mapping.others"}, "its settings changed"),
}


@pytest.mark.parametrize("case", HINDRANCES)
def test_what_keeps_an_index_from_the_tail(case: str) -> None:
    changes, said = HINDRANCES[case]
    found = hindrance_of(a_candidate(**changes))
    assert (said in found) if said else (found == "")


@pytest.mark.parametrize("case", HINDRANCES)
@pytest.mark.parametrize("delta", ["auto", "tail"])
def test_what_is_hindered_is_restored_whatever_the_plan_wants_and_says_why(case: str, delta: Any) -> None:
    changes, said = HINDRANCES[case]
    found = way_of(a_candidate(**changes), delta)
    assert found.way is (Way.RESTORE if said else Way.TAIL)
    assert said in found.why
    assert found.why
    assert (found.tail_s is None) is bool(said)


@pytest.mark.parametrize("case", HINDRANCES)
def test_a_plan_that_wants_restores_gets_nothing_else(case: str) -> None:
    found = way_of(a_candidate(**HINDRANCES[case][0]), "restore")
    assert (found.way, "cutover.delta: restore" in found.why) == (Way.RESTORE, True)


@pytest.mark.parametrize("kind", ["unchanged", "aliases"])
@pytest.mark.parametrize("delta", ["auto", "tail", "restore"])
def test_what_has_not_changed_needs_no_way(kind: str, delta: Any) -> None:
    assert way_of(a_candidate(change=a_change(kind)), delta).way is Way.NOTHING


UNTOUCHED = [
    case
    for case, (changes, _) in HINDRANCES.items()
    if "change" not in changes and case != "the tail wrote to it before"
]


@pytest.mark.parametrize("case", UNTOUCHED)
def test_only_what_could_go_by_the_tail_is_followed_before_it_changes(case: str) -> None:
    """A copy of a closed index, or of a data stream's, would fall out and be restored without need."""
    changes, said = HINDRANCES[case]
    found = WaysRecord(ways=(way_of(a_candidate(**changes, change=a_change("unchanged")), "auto"),))
    assert found.ways[0].way is Way.NOTHING
    assert bool(found.followable) is not bool(said)


def test_a_copy_that_the_tail_was_written_to_is_proved_by_the_tail_although_nothing_is_new() -> None:
    """Its copy has numbers of its own, so no other verification could tell."""
    copy = a_copy("a", digest="m.settings", base=(a_mark(),), own=(a_mark(40),))
    assert way_of(a_candidate(copy=copy, change=a_change("unchanged")), "tail").way is Way.TAIL


@pytest.mark.parametrize(
    ("operations", "size", "way"),
    [
        (10, 10**9, Way.TAIL),
        (1_000_000, 10**6, Way.TAIL),  # four minutes before the freeze save a second inside the window
        (3_000_000, 10**9, Way.TAIL),
        (50_000_000, 10**10, Way.RESTORE),  # three hours and a half before it, for four minutes
        (50_000_000, 10**12, Way.TAIL),
    ],
)
def test_auto_catches_up_before_the_freeze_unless_that_takes_longer_than_it_is_worth(
    operations: int, size: int, way: Way
) -> None:
    candidate = a_candidate(
        index=selected("a", bytes=size, documents=10**6), current=(a_mark(12 + operations),)
    )
    found = way_of(candidate, "auto")
    assert (found.way, found.operations) == (way, operations)
    assert found.tail_s is not None and found.restore_s is not None
    assert f"{operations:,} operations" in found.why
    assert way_of(candidate, "tail").way is Way.TAIL, "a plan may want it all the same"


def test_auto_takes_the_tail_where_no_cost_is_known() -> None:
    assert way_of(a_candidate(index=selected("a", bytes=None)), "auto").way is Way.TAIL


def test_operations_are_counted_from_the_base_and_not_from_the_latest_round() -> None:
    """The tail lists everything above the base again in each session."""
    copy = a_copy("a", digest="m.settings", base=(a_mark(2),), marks=(a_mark(20),))
    assert way_of(a_candidate(copy=copy), "tail").operations == 20


def test_operations_count_from_the_global_checkpoint() -> None:
    """Above it, the snapshot may lack what its maximum covers."""
    copy = a_copy("a", digest="m.settings", marks=(a_mark(12, global_checkpoint=7),))
    assert way_of(a_candidate(copy=copy), "tail").operations == 15
