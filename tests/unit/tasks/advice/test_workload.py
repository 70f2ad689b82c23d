"""What is read of the source's indices, and what is not known if something may not be read."""

from __future__ import annotations

import pytest
from support.building import a_domain
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, engine_error
from support.rounds import a_mark

from tasks.advice.unread import Reading
from tasks.advice.workload import operations_between, read_workload

DENIED = engine_error(403, "security_exception", "no permissions for [indices:admin/get] and User [name=me]")


def test_sizes_ages_and_kinds_of_the_users_indices_are_read(source: FakeDomain) -> None:
    engine = FakeEngine(source, "source")
    engine.put(FakeIndex("orders"))
    engine.put(FakeIndex("cut", mapping={"_source": {"enabled": False}}))
    engine.put(FakeIndex("rebuilt", settings={"index.derived_source.enabled": "true"}))
    engine.put(FakeIndex("tepid", settings={"index.routing.allocation.require.box_type": "warm"}))
    engine.put(FakeIndex(".kibana_1"))
    reading = Reading()
    found = read_workload(a_domain(source), reading, 0)
    assert found
    assert (found.indices, found.without_source, found.derived, found.warm) == (
        4,
        ("cut",),
        ("rebuilt",),
        ("tepid",),
    )
    assert sorted(name for names in found.created.values() for name in names) == [
        *("cut", "orders", "rebuilt", "tepid"),
    ]
    assert found.operations is None
    assert reading.unread == []
    assert source.changing == []


def test_what_may_not_be_read_is_noted_and_not_taken_for_nothing(source: FakeDomain) -> None:
    engine = FakeEngine(source, "source")
    engine.put(FakeIndex("orders"))
    reading = Reading()
    source.on("GET /_all", DENIED)
    found = read_workload(a_domain(source), reading, 0)
    assert found
    assert (found.without_source, found.derived, found.warm) == (None, None, None)
    assert "which are warm" in reading.unread[0].what
    source.on("GET /_cat/indices", DENIED)
    assert read_workload(a_domain(source), reading, 0) is None


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        ({"a": (5, 7)}, {"a": (5, 7)}, 0),
        ({"a": (5, 7)}, {"a": (6, 9)}, 3),
        ({"a": (5,)}, {"a": (5,), "b": (0,)}, 1),  # it is new
        ({"a": (5,), "b": (0,)}, {"a": (5,)}, 1),  # it is gone
    ],
)
def test_writes_are_counted_by_sequence_number(
    first: dict[str, tuple[int, ...]], second: dict[str, tuple[int, ...]], count: int
) -> None:
    def marks(told: dict[str, tuple[int, ...]]):
        return {
            name: tuple(a_mark(number, shard=shard) for shard, number in enumerate(numbers))
            for name, numbers in told.items()
        }

    assert operations_between(marks(first), marks(second)) == count


def test_an_index_that_was_made_anew_meanwhile_was_written_to() -> None:
    before, after = (a_mark(5),), (a_mark(2, history="another"),)
    assert operations_between({"a": before}, {"a": after}) == 1
