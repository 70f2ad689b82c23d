"""Both domains read again: still true, the source has moved on since, no longer true, or unknown."""

from typing import Any

import pytest
from support.building import a_domain
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, engine_error

from tasks.records.certificates import AgainstRecord, Answer, CertifiedIndex
from tasks.records.verification import Figures, ShardFigures
from tasks.verification.certified import read_again

FIGURES = [(3, 30, 12), (4, 40, 13)]


@pytest.fixture
def sides(source: FakeDomain, target: FakeDomain) -> tuple[FakeEngine, FakeEngine]:
    """Two engines that hold the certified index `a`."""
    engines = FakeEngine(source, "source"), FakeEngine(target, "target")
    for engine in engines:
        put(engine)
    return engines


def put(engine: FakeEngine, figures: list[Any] = FIGURES, **more: Any) -> None:
    engine.put(FakeIndex("a", figures=figures, states=["STARTED"] * len(figures), **more))


def certified() -> CertifiedIndex:
    shards = tuple(ShardFigures(documents=count, sum=total, last=last) for count, total, last in FIGURES)
    figures = Figures(
        kind="operations", source=shards, target=shards, source_uuid="uuid-a", target_uuid="uuid-a"
    )
    return CertifiedIndex(
        source="a", target="a", verdict="equal", source_count=7, target_count=7, detail="", figures=figures
    )


def asked(source: FakeDomain, target: FakeDomain) -> AgainstRecord:
    return read_again(a_domain(source, "source"), a_domain(target, "target"), [certified()])


def test_as_certified(sides: Any, source: FakeDomain, target: FakeDomain) -> None:
    record = asked(source, target)
    assert (record.answer, record.changed) == (Answer.STILL_TRUE, ())
    assert source.changing == target.changing == ["POST /a/_refresh"]


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"figures": [(3, 30, 12), (5, 54, 14)]}, "written to"),
        ({"figures": [(3, 30, 12), (4, 41, 14)]}, "written to"),
        ({"uuid": "another"}, "made anew"),
        ({"figures": [(3, 30, 12)]}, "made anew"),
        (None, "gone"),
    ],
    ids=["a document more", "a document changed", "made anew", "other shards", "gone"],
)
def test_what_has_changed_is_named(
    sides: Any, source: FakeDomain, target: FakeDomain, side: str, change: Any, named: str
) -> None:
    engine = sides[("source", "target").index(side)]
    if change is None:
        del engine.indices["a"]
    else:
        put(engine, **change)
    record = asked(source, target)
    assert record.answer is (Answer.MOVED_ON if side == "source" else Answer.NO_LONGER_TRUE)
    (found,) = record.changed
    assert (found.side, found.name, found.change) == (side, "a", named)
    if named == "written to":
        assert found.shards == (1,)


def test_both_changed_is_no_longer_true(sides: Any, source: FakeDomain, target: FakeDomain) -> None:
    for engine in sides:
        put(engine, uuid="another")
    assert asked(source, target).answer is Answer.NO_LONGER_TRUE


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("path", ["GET /_cat/indices", "POST /_msearch", "POST /a/_refresh"])
def test_what_cannot_be_read_is_unknown(
    sides: Any, source: FakeDomain, target: FakeDomain, side: str, path: str
) -> None:
    (source if side == "source" else target).on(path, lambda _: engine_error(403, "security_exception", "no"))
    record = asked(source, target)
    assert record.answer is Answer.UNKNOWN
    assert [(each.side, each.change) for each in record.changed] == [(side, "not read")]


def test_an_index_that_is_closed_now_is_unknown(sides: Any, source: FakeDomain, target: FakeDomain) -> None:
    put(sides[1], open=False)
    assert asked(source, target).answer is Answer.UNKNOWN


def test_a_source_that_is_a_snapshot_is_not_read(sides: Any, source: FakeDomain, target: FakeDomain) -> None:
    record = read_again(None, a_domain(target, "target"), [certified()])
    assert record.answer is Answer.STILL_TRUE
    assert source.changing == []
