"""A repaired copy has numbers of its own: a later verification sees through them, and no further."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.building import selected
from support.shards import V3, Engine, Shard, sides

from configs.plan import VerifySettings
from domains.engine.shard_stats import marks
from domains.shard_mark import Mark
from tasks.records.repair import Deed, RepairedDocument, RepairedIndex
from tasks.records.verification import Verdict
from tasks.verification.comparison import Comparison
from tasks.verification.operations import compare
from tasks.verification.operations.drill_down import Budget
from tasks.verification.operations.renumbered import read_repaired

pytestmark = pytest.mark.slow

NAMES = st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([None, "r"]))
CHANGES = st.lists(st.tuples(NAMES, st.sampled_from(["write", "write", "delete"])), max_size=25)


def done(shard: Shard, changes: list[Any]) -> Shard:
    for name, how in changes:
        getattr(shard, how)(*name)
    return shard


class Twins:
    """A source, its copy, and what was repaired there."""

    def __init__(self, writes: list[Any], foreign: list[Any]) -> None:
        self.source = done(Shard(), writes)
        self.base = self._marks(self.source)
        self.target = self.source.copy()
        done(self.target, foreign)
        self.repaired: dict[Any, RepairedDocument] = {}

    def verdict(self) -> Verdict:
        left, right = Engine({"a": [self.source]}), Engine({"b": [self.target]})
        both = sides(left, right)
        index = selected("a", target="b")
        c = Comparison(
            both.source,
            both.target,
            (index,),
            VerifySettings(level="operations"),
            marks={"a": self.base},
            repaired={"a": self.record()},
            most_named=1000,
        )
        (verdict,) = compare.compared(c, both, [index], compare.marks_now(c), Budget(), "verify")
        return verdict

    def record(self) -> RepairedIndex:
        return RepairedIndex(
            source="a",
            target="b",
            source_histories={0: "history"},
            target_histories={0: "another"},
            documents=tuple(self.repaired.values()),
        )

    def repair(self) -> None:
        """As the command does it: what is named is written or deleted, and its numbers are kept."""
        for said in self.verdict().documents:
            name = (said.id, said.routing)
            if name not in self.source.documents:
                self.target.delete(*name)
                self.repaired.pop(name, None)
                continue
            self.target.write(*name)
            self.repaired[name] = RepairedDocument(
                id=said.id,
                routing=said.routing,
                shard=0,
                kind=said.kind,
                deed=Deed.WRITTEN,
                confirmed=True,
                source_seq_no=self.source.documents[name],
                source_term=self.source.term,
                target_seq_no=self.target.documents[name],
                target_term=self.target.term,
            )

    def alike(self) -> bool:
        """Whether every document of the copy stands for the source's operation, as only the test knows."""
        own = {name: each.source_seq_no for name, each in self.repaired.items()}
        stands = {
            name: own[name] if name in own and self.repaired[name].target_seq_no == number else number
            for name, number in self.target.documents.items()
        }
        return stands == self.source.documents

    @staticmethod
    def _marks(shard: Shard) -> tuple[Mark, ...]:
        engine: Any = sides(Engine({"a": [shard]}), Engine({})).source
        return marks(engine, ["a"])["a"]


@settings(max_examples=150, deadline=None)
@given(writes=CHANGES, foreign=CHANGES)
def test_what_is_named_and_repaired_is_equal_afterwards(writes: Any, foreign: Any) -> None:
    twins = Twins(writes, foreign)
    assume(twins.verdict().outcome == "different")
    twins.repair()
    assert twins.verdict().outcome == "equal"
    assert twins.alike()


@settings(max_examples=200, deadline=None)
@given(writes=CHANGES, foreign=CHANGES, later=CHANGES)
def test_whatever_others_do_to_a_repaired_copy_is_found(writes: Any, foreign: Any, later: Any) -> None:
    twins = Twins(writes, foreign)
    twins.repair()
    assume(twins.verdict().outcome == "equal")
    before = dict(twins.target.documents)
    done(twins.target, later)
    changed = before != twins.target.documents
    figures = [(len(each), sum(each.values())) for each in (before, twins.target.documents)]
    assume(not changed or figures[0] != figures[1])
    assert twins.verdict().outcome == ("different" if changed else "equal")
    twins.repair()
    assert twins.verdict().outcome == "equal"


@settings(max_examples=150, deadline=None)
@given(writes=CHANGES, foreign=CHANGES, later=CHANGES)
def test_what_the_source_does_after_a_repair_is_no_loss(writes: Any, foreign: Any, later: Any) -> None:
    twins = Twins(writes, foreign)
    twins.repair()
    assume(twins.verdict().outcome == "equal")
    done(twins.source, later)
    expected = "equal" if twins.alike() else "bracketed"
    assert twins.verdict().outcome == expected


def a_repaired_copy() -> Twins:
    twins = Twins([(("a", None), "write"), (("b", "r"), "write")], [(("b", "r"), "write")])
    twins.repair()
    assert twins.verdict().outcome == "equal"
    return twins


@pytest.mark.parametrize(
    ("side", "field", "value"),
    [("source", "term", 2), ("target", "term", 2), ("target", "history", "restored again")],
)
def test_numbers_that_may_stand_for_something_else_are_not_trusted(side: str, field: str, value: Any) -> None:
    twins = a_repaired_copy()
    setattr(getattr(twins, side), field, value)
    verdict = twins.verdict()
    assert (verdict.outcome, [each.id for each in verdict.documents]) == ("different", ["b"])


def test_a_copy_that_is_written_to_while_it_is_compared_is_not_compared(monkeypatch: Any) -> None:
    twins = a_repaired_copy()

    def read_and_write(*what: Any) -> Any:
        found = read_repaired(*what)
        twins.target.delete("b", "r")
        return found

    monkeypatch.setattr(compare, "read_repaired", read_and_write)
    assert twins.verdict().outcome == "not compared"


def test_a_copy_without_repairs_takes_no_request_more() -> None:
    left, right = Engine({"a": [Shard()]}), Engine({"b": [Shard()]})
    both = sides(left, right)
    assert read_repaired((both.source, both.target), (V3, V3), [selected("a", target="b")], {}).shards == {}
    assert left.requests == right.requests == []
