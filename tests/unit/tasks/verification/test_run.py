"""The verdict: equal only if every figure was read and is the same; everything else is not equal.

Both sides are fakes (support.engine): half answers and differences as told.
"""

from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_migration, a_resolution, a_stream_unit, a_unit, selected
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, Reply, html, ok
from support.shards import Shard

from domains.engine.shard_stats import marks
from domains.errors import DomainError
from runs.progress import Progress, listening
from tasks.migration import Migration
from tasks.records.resolution import LeftOut, Unit
from tasks.records.verification import Limit, Verdict
from tasks.verification.run import verify

pytestmark = pytest.mark.slow


@pytest.fixture
def sides(source: FakeDomain, target: FakeDomain) -> tuple[FakeEngine, FakeEngine]:
    """Two engines."""
    return FakeEngine(source, "source"), FakeEngine(target, "target")


def migration(tmp_path: Path, source: FakeDomain, target: FakeDomain, level: str = "operations") -> Migration:
    return a_migration(tmp_path, source, target, clock=Clock(), verify={"level": level})


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Migration:
    """A migration that compares operations."""
    return migration(tmp_path, source, target)


def held(
    sides: tuple[FakeEngine, FakeEngine], name: str, left: list[Any], right: list[Any], **both: Any
) -> None:
    for engine, figures in zip(sides, (left, right), strict=True):
        engine.put(FakeIndex(name, figures=figures, states=["STARTED"] * len(figures), **both))


def one(m: Migration, unit: Unit) -> Verdict:
    record = verify(m, a_resolution(unit))
    (verdict,) = record.verdicts
    assert record.passed is (verdict.outcome == "equal")
    return verdict


def two_shards() -> Unit:
    return a_unit("a", selected("a", shards=2))


def test_equal(m: Migration, sides: Any, source: FakeDomain, target: FakeDomain) -> None:
    held(sides, "a", [(3, 30, 12), (4, 40, 13)], [(3, 30, 12), (4, 40, 13)])
    verdict = one(m, two_shards())
    assert (verdict.outcome, verdict.source_count, verdict.target_count, verdict.shards) == ("equal", 7, 7, 2)
    assert source.changing == target.changing == ["POST /a/_refresh"]


def test_the_figures_of_each_shard_are_kept_for_a_certificate(m: Migration, sides: Any) -> None:
    held(sides, "a", [(3, 30, 12), (4, 40, 13)], [(3, 30, 12), (4, 40, 13)])
    figures = one(m, two_shards()).figures
    assert figures is not None
    assert figures.source == figures.target
    assert [(each.documents, each.sum, each.last) for each in figures.source] == [(3, 30, 12), (4, 40, 13)]
    assert figures.source_uuid == figures.target_uuid == "uuid-a"


def test_a_missing_document_names_both_counts_and_the_shard(m: Migration, sides: Any) -> None:
    held(sides, "a", [(3, 30, 12), (4, 40, 13)], [(3, 30, 12), (3, 27, 13)])
    verdict = one(m, two_shards())
    assert (verdict.outcome, verdict.source_count, verdict.target_count) == ("different", 7, 6)
    assert verdict.detail.startswith("shard 1: 4 documents on the source, 3 on the target")


def test_documents_that_cannot_be_looked_at_leave_the_difference(m: Migration, sides: Any) -> None:
    held(sides, "a", [(3, 30, 12)], [(2, 18, 12)])
    verdict = one(m, a_unit("a"))
    assert (verdict.outcome, verdict.documents) == ("different", ())
    assert "its documents could not be read" in verdict.detail


def test_what_differs_is_named(m: Migration, sides: Any) -> None:
    left = Shard()
    for number in range(5):
        left.write(str(number))
    right = left.copy()
    right.delete("3")
    right.write("4")
    held(sides, "a", [left], [right])
    verdict = one(m, a_unit("a"))
    assert [(d.id, d.kind, d.source_seq_no, d.target_seq_no) for d in verdict.documents] == [
        ("3", "missing on the target", 3, None),
        ("4", "other operation", 4, 6),
    ]


@pytest.mark.parametrize(
    "right",
    [[(3, 30, 12), (4, 41, 13)], [(3, 30, 12), (4, 40, 14)], [(4, 40, 13), (3, 30, 12)]],
    ids=["other sum", "other maximum", "swapped shards"],
)
def test_the_same_count_is_not_enough(m: Migration, sides: Any, right: list[Any]) -> None:
    held(sides, "a", [(3, 30, 12), (4, 40, 13)], right)
    verdict = one(m, two_shards())
    assert verdict.outcome == "different"
    assert verdict.source_count == verdict.target_count == 7
    assert verdict.detail


def test_a_source_that_was_written_to_is_suspected(m: Migration, sides: Any) -> None:
    held(sides, "a", [(5, 50, 20)], [(3, 30, 12)])
    assert "was it written to after the snapshot?" in one(m, a_unit("a")).detail


def test_at_level_counts_only_counts_are_compared(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, sides: Any
) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 99, 50)])
    held(sides, "b", [(3, 30, 12)], [(2, 30, 12)])
    record = verify(migration(tmp_path, source, target, "counts"), a_resolution(a_unit("a"), a_unit("b")))
    assert [verdict.outcome for verdict in record.verdicts] == ["equal", "different"]
    assert record.verdicts[1].detail == "3 documents on the source, 2 on the target"
    assert record.level == "counts"
    assert not record.passed


def timed_out() -> dict[str, Any]:
    return {"timed_out": True, "_shards": {"total": 1, "successful": 1, "failed": 0}}


def denied() -> dict[str, Any]:
    return {
        "error": {"type": "security_exception", "reason": "no permissions for [indices:data/read/search]"}
    }


def lower_bound() -> dict[str, Any]:
    hits = {"total": {"value": 3, "relation": "gte"}}
    return {"timed_out": False, "_shards": {"total": 1, "successful": 1, "failed": 0}, "hits": hits}


@pytest.mark.parametrize("level", ["counts", "operations"])
@pytest.mark.parametrize("bad", [timed_out, denied, lower_bound])
@pytest.mark.parametrize("side", [0, 1])
def test_what_cannot_be_read_is_not_equal(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, sides: Any, level: str, bad: Any, side: int
) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    sides[side].indices["a"].figures = [bad()]
    verdict = one(migration(tmp_path, source, target, level), a_unit("a"))
    assert verdict.outcome == "not compared"
    assert verdict.detail.startswith("could not be compared: " + ("source", "target")[side])
    assert (verdict.source_count, verdict.target_count)[side] is None
    assert (verdict.source_count, verdict.target_count)[1 - side] == 3


def test_two_sides_that_fail_alike_are_not_equal(m: Migration, sides: Any) -> None:
    held(sides, "a", [denied()], [denied()])
    assert one(m, a_unit("a")).outcome == "not compared"


@pytest.mark.parametrize("level", ["counts", "operations"])
def test_an_index_that_is_gone_or_closed_on_the_target(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, sides: Any, level: str
) -> None:
    m = migration(tmp_path, source, target, level)
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    sides[1].indices["a"].open = False
    assert "index_closed_exception" in one(m, a_unit("a")).detail
    del sides[1].indices["a"]
    assert "index_not_found_exception" in one(m, a_unit("a")).detail


def test_figures_that_may_be_stale_are_not_used(m: Migration, sides: Any) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    sides[1].unrefreshed["a"] = "disk full"
    verdict = one(m, a_unit("a"))
    assert (verdict.outcome, "disk full" in verdict.detail) == ("not compared", True)


def test_one_bad_index_does_not_hide_the_others(m: Migration, sides: Any) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    held(sides, "b", [(3, 30, 12)], [denied()])
    record = verify(m, a_resolution(a_unit("a"), a_unit("b")))
    assert [verdict.outcome for verdict in record.verdicts] == ["equal", "not compared"]
    assert [verdict.target for verdict in record.failing] == ["b"]
    assert not record.passed


def test_nothing_to_compare_is_no_success(m: Migration, sides: Any, source: FakeDomain) -> None:
    left = (LeftOut(name="a", reason="closed"),)
    record = verify(m, a_resolution(a_unit("a", action="skip"), left_out=left))
    assert record.verdicts == ()
    assert not record.passed
    assert record.skipped == left


def test_what_was_left_out_is_listed_and_no_part_of_the_verdict(m: Migration, sides: Any) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    left = (LeftOut(name="shut", reason="closed"), LeftOut(name=".kibana_1", reason="system"))
    record = verify(m, a_resolution(a_unit("a"), left_out=left))
    assert record.passed
    assert record.skipped == left


def test_renamed_indices_and_streams_are_compared_with_their_originals(m: Migration, sides: Any) -> None:
    left, right = sides
    left.put(FakeIndex("a"))
    right.put(FakeIndex("x-a"))
    right.put(FakeIndex("a", figures=[(99, 0, 0)]))
    for engine in sides:
        engine.put(FakeIndex(".ds-l-000001"))
        engine.streams["l"] = [".ds-l-000001"]
    units = [a_unit("a", target="x-a", action="rename"), a_stream_unit("l", ".ds-l-000001")]
    record = verify(m, a_resolution(*units))
    assert [v.detail for v in record.verdicts] == ["", ""]
    assert [(v.source, v.target, v.outcome) for v in record.verdicts] == [
        ("a", "x-a", "equal"),
        (".ds-l-000001", ".ds-l-000001", "equal"),
    ]


def test_a_backing_index_without_its_stream_is_not_equal(m: Migration, sides: Any) -> None:
    for engine in sides:
        engine.put(FakeIndex(".ds-l-000001"))
    assert "does not belong to data stream l" in one(m, a_stream_unit("l", ".ds-l-000001")).detail


def test_an_index_that_was_made_anew_on_the_source_is_not_equal(m: Migration, sides: Any) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    sides[0].indices["a"].uuid = "another"
    verdict = one(m, a_unit("a"))
    assert (verdict.outcome, "recreated on the source" in verdict.detail) == ("different", True)


@pytest.mark.parametrize("level", ["counts", "operations"])
def test_another_number_of_shards_is_not_equal(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, sides: Any, level: str
) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    sides[1].put(FakeIndex("a", figures=[(3, 30, 12), (0, 0, None)], states=["STARTED"] * 2))
    verdict = one(migration(tmp_path, source, target, level), a_unit("a"))
    assert (verdict.outcome, verdict.detail) == ("different", "1 shards on the source, 2 on the target")


def test_what_differs_already_keeps_its_own_words(m: Migration, sides: Any) -> None:
    held(sides, "a", [(3, 30, 12)], [(2, 30, 12)])
    sides[0].indices["a"].uuid = "another"
    assert "3 documents on the source, 2 on the target" in one(m, a_unit("a")).detail


def test_an_index_that_came_to_the_source_too_late_is_no_success(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, sides: Any
) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    for name in ("late", "tmp", ".kibana_1", "skipped", "was-closed"):
        sides[0].put(FakeIndex(name))
    m = a_migration(tmp_path, source, target, clock=Clock(), indices={"include": ["*"], "exclude": ["tmp"]})
    left = (LeftOut(name="was-closed", reason="closed"),)
    record = verify(m, a_resolution(a_unit("a"), a_unit("skipped", action="skip"), left_out=left))
    assert [(v.source, v.outcome) for v in record.verdicts] == [("a", "equal"), ("late", "different")]
    assert "appeared on the source" in record.failing[0].detail
    assert not record.passed


def test_an_index_that_appeared_and_is_gone_again_is_no_difference(
    m: Migration, source: FakeDomain, sides: Any
) -> None:
    """One that is made and deleted all the time would end every run with a difference, by chance."""
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    sides[0].put(FakeIndex("late"))
    source.before("GET /.*/_settings/index.uuid", lambda: sides[0].indices.pop("late", None))
    assert [v.source for v in verify(m, a_resolution(a_unit("a"))).verdicts] == ["a"]


def test_a_stream_that_rolled_over_too_late_is_no_success(m: Migration, sides: Any) -> None:
    for engine in sides:
        engine.put(FakeIndex(".ds-l-000001"))
        engine.streams["l"] = [".ds-l-000001"]
    sides[0].put(FakeIndex(".ds-l-000002"))
    sides[0].streams["l"] = [".ds-l-000001", ".ds-l-000002"]
    record = verify(m, a_resolution(a_stream_unit("l", ".ds-l-000001")))
    assert [(v.source, v.outcome) for v in record.verdicts] == [
        (".ds-l-000001", "equal"),
        (".ds-l-000002", "different"),
    ]


def test_empty_indices_are_compared_too(m: Migration, sides: Any) -> None:
    held(sides, "a", [(0, 0, None)], [(0, 0, None)])
    assert one(m, a_unit("a")).outcome == "equal"
    held(sides, "a", [(1, 0, 0)], [(0, 0, None)])
    assert one(m, a_unit("a")).outcome == "different"


@pytest.mark.parametrize("bad", [ok([]), Reply(200, "<html/>", type="text/html"), ok({"responses": []})])
def test_a_side_that_answers_nonsense_makes_all_of_it_not_compared(
    m: Migration, sides: Any, target: FakeDomain, bad: Reply
) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    target.on("POST /_msearch", bad)
    assert one(m, a_unit("a")).outcome == "not compared"


def test_what_passes_by_itself_is_an_error_and_no_verdict(
    m: Migration, sides: Any, target: FakeDomain, clock: Clock
) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    target.on("POST /_msearch", html(503))
    with pytest.raises(DomainError) as caught:
        verify(m, a_resolution(a_unit("a")))
    assert caught.value.transient


@pytest.mark.parametrize("with_marks", [True, False])
def test_a_thousand_indices_take_at_most_twenty_requests_a_domain(
    m: Migration, sides: Any, source: FakeDomain, target: FakeDomain, with_marks: bool
) -> None:
    names = [f"logs-of-some-service-2026-{number:04}" for number in range(1000)]
    for name in names:
        held(sides, name, [(3, 30, 12)], [(3, 30, 12)])
    known = marks(m.source, names) if with_marks else {}
    source.requests.clear()
    record = verify(m, a_resolution(*map(a_unit, names)), known)
    assert record.passed
    assert [verdict.source for verdict in record.verdicts] == names
    assert max(len(source.requests), len(target.requests)) <= 20


def test_more_indices_go_in_pieces(m: Migration, sides: Any) -> None:
    names = [f"index-{number:04}" for number in range(2100)]
    for name in names:
        held(sides, name, [(3, 30, 12)], [(3, 30, 12)])
    looks: list[Progress] = []
    with listening(looks.append):
        record = verify(m, a_resolution(*map(a_unit, names)))
    assert record.passed
    assert [look.done for look in looks] == [1000, 2000, 2100]


def test_a_source_that_was_written_to_since_its_mark_is_bracketed(m: Migration, sides: Any) -> None:
    left = Shard()
    for number in range(5):
        left.write(str(number))
    held(sides, "a", [left], [left.copy()])
    held(sides, "b", [(3, 30, 12)], [(3, 30, 12)])
    known = marks(m.source, ["a", "b"])
    left.write("4")
    record = verify(m, a_resolution(a_unit("a"), a_unit("b")), known)
    assert [verdict.outcome for verdict in record.verdicts] == ["bracketed", "equal"]
    assert (record.passed, record.bracketed) == (False, True)
    assert verify(m, a_resolution(a_unit("a"), a_unit("b"))).verdicts[0].outcome == "different"


def test_a_bracketed_index_that_was_made_anew_is_different(m: Migration, sides: Any) -> None:
    left = Shard()
    left.write("1")
    held(sides, "a", [left], [left.copy()])
    known = marks(m.source, ["a"])
    left.write("2")
    sides[0].indices["a"].uuid = "another"
    verdict = verify(m, a_resolution(a_unit("a")), known).verdicts[0]
    assert (verdict.outcome, "recreated" in verdict.detail) == ("different", True)


def test_what_is_not_proved_is_said(m: Migration, sides: Any) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    without = verify(m, a_resolution(a_unit("a"))).limits
    with_marks = verify(m, a_resolution(a_unit("a")), marks(m.source, ["a"])).limits
    assert without == (Limit.NO_MARKS, Limit.NOT_CONTENT)
    assert with_marks == (Limit.OTHER_WRITERS, Limit.NOT_CONTENT)


# closed indices


def shut(name: str = "a", shards: int = 1) -> Unit:
    return a_unit(name, selected(name, open=False, shards=shards))


@pytest.mark.parametrize("target_open", [True, False])
def test_closed_indices_are_compared_by_their_shards_own_figures(
    m: Migration, sides: Any, target_open: bool
) -> None:
    held(sides, "a", [(3, 0, 12), (4, 0, -1)], [(3, 0, 12), (4, 0, -1)], open=False)
    sides[1].indices["a"].open = target_open
    verdict = one(m, shut(shards=2))
    assert (verdict.outcome, verdict.source_count, verdict.target_count) == ("equal", 7, 7)
    assert "closed" in verdict.detail


@pytest.mark.parametrize("right", [(2, 0, 12), (3, 0, 13)], ids=["documents", "operations"])
def test_closed_indices_that_differ(m: Migration, sides: Any, right: Any) -> None:
    held(sides, "a", [(3, 0, 12)], [right], open=False)
    assert one(m, shut()).outcome == "different"


def test_closed_shards_that_tell_nothing_are_not_compared(m: Migration, sides: Any) -> None:
    held(sides, "a", [(3, 0, 12)], [(3, 0, 12)], open=False)
    verdict = one(m, shut(shards=2))
    assert verdict.outcome == "not compared"
    assert "1 of 2 closed shards" in verdict.detail
    del sides[1].indices["a"]
    assert "target: 0 of 1 closed shards" in one(m, shut()).detail


def figures_of(verdict: Verdict) -> tuple[str, list[Any], list[Any]]:
    assert verdict.figures
    told = [
        [(each.documents, each.sum, each.last) for each in side]
        for side in (verdict.figures.source, verdict.figures.target)
    ]
    return verdict.figures.kind, *told


def test_each_way_of_comparing_keeps_the_figures_that_it_has(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, sides: Any
) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 30, 12)])
    (counted,) = verify(migration(tmp_path, source, target, "counts"), a_resolution(a_unit("a"))).verdicts
    assert figures_of(counted) == ("counts", [(3, None, None)], [(3, None, None)])

    held(sides, "a", [(3, 0, 12)], [(3, 0, 12)], open=False)
    closed = one(migration(tmp_path / "closed", source, target), shut())
    assert figures_of(closed) == ("closed", [(3, None, 12)], [(3, None, 12)])


def test_of_an_index_with_numbers_of_its_own_both_sides_are_read(m: Migration, sides: Any) -> None:
    held(sides, "a", [(3, 30, 12)], [(3, 3, 2)])
    proved = Verdict(source="a", target="a", outcome="equal", source_count=3, target_count=3, shards=1)
    (by_tail,) = verify(m, a_resolution(a_unit("a")), proved={"a": proved}).verdicts
    assert figures_of(by_tail) == ("operations", [(3, 30, 12)], [(3, 3, 2)])
