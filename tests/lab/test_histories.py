"""Histories: what they remember is what an engine holds, and a single defect of a copy is seen."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from migrations import eventually

from lab.description import LabDescription
from lab.reset import reset
from tests.support.defects import BLOCK, DEFECTS, Place, writable
from tests.support.full_dump import Dump, differences, full_dump, full_dumps
from tests.support.histories import History
from tests.support.raw_engine import RawEngine

SEED = 5
OPERATIONS = 200
COPIED = "history-routed"


@dataclass(frozen=True)
class Written:
    """A history on an engine, and what the engine held then."""

    history: History
    dumps: dict[str, Dump]


@pytest.fixture(scope="module")
def twice(lab: LabDescription) -> Iterator[tuple[Written, Written]]:
    """The same history on both engines. On the source others write meanwhile."""
    reset(lab)
    with ExitStack() as stack:
        source, target = (stack.enter_context(RawEngine(lab.domain(side))) for side in ("source", "target"))
        yield _written(source), _written(target)


def _written(engine: RawEngine) -> Written:
    history = History(SEED).prepare(engine)
    history.burst(OPERATIONS)
    return Written(history, full_dumps(engine, history.names))


def test_the_same_seed_gives_the_same_history(twice: tuple[Written, Written]) -> None:
    one, other = twice
    assert one.history.lines == other.history.lines and len(one.history.lines) > OPERATIONS
    assert one.history.outcomes == other.history.outcomes
    for ours, theirs in zip(one.dumps.values(), other.dumps.values(), strict=True):
        if ours.index != "history-forgets":  # when it forgets a delete is the engine's affair
            assert differences(ours, theirs) == []
        assert [(*each.name, each.source) for each in ours.documents] == [
            (*each.name, each.source) for each in theirs.documents
        ]


def test_a_history_has_what_damages_copies(twice: tuple[Written, Written]) -> None:
    """Deletes, one id in two shards, versions that begin anew, ids of 512 bytes, nested documents, and bytes
    that parsers of JSON do not keep."""
    history, dumps = twice[0].history, twice[0].dumps
    assert {verb for verb, outcome in history.outcomes if outcome == "acknowledged"} == {
        *("index", "update", "delete", "refresh", "flush", "merge", "expunge")
    }
    assert history.begun_anew("history-forgets") and not history.begun_anew("history-plain")
    ids = [each.id for each in dumps[COPIED].documents]
    assert len(ids) > len(set(ids))
    assert all(history.deleted(index) for index in history.names)
    assert dumps["history-nested"].lucene > len(dumps["history-nested"].documents)
    every = [each for dump in dumps.values() for each in dump.documents]
    assert any(len(each.id.encode()) > 500 for each in every)
    for part in (b":1.10}", b"1e400", b"\n", b"{}", rb"\u00e9", "値".encode()):
        assert any(part in each.source for each in every), part


def test_an_engine_holds_what_the_history_remembers_while_others_write(
    twice: tuple[Written, Written],
) -> None:
    for history in (each.history for each in twice):
        with history.writing(rate=200):
            seen = history.acknowledged()
            history.burst(30)
            eventually(lambda seen=seen, history=history: history.acknowledged() > seen + 100)
        dumps = full_dumps(history.engine, history.names)
        assert [line for dump in dumps.values() for line in history.wrong(dump)] == []
        assert not any(outcome == "unknown" for _, outcome in history.outcomes)


@pytest.mark.parametrize("kind", DEFECTS)
def test_a_defect_of_a_copy_is_seen_and_named(twice: tuple[Written, Written], kind: str) -> None:
    engine, history = twice[1].history.engine, twice[1].history
    before, remembered = full_dump(engine, COPIED), len(history.wrong(full_dump(engine, COPIED)))
    engine.call("PUT", f"/{COPIED}/_settings", {BLOCK: True})
    engine.call("POST", f"/{COPIED}/_close")
    with writable(engine, COPIED):
        said = DEFECTS[kind](Place(engine, COPIED, random.Random(kind), history.deleted(COPIED)))
        after = full_dump(engine, COPIED)
    (row,) = engine.call("GET", f"/_cat/indices/{COPIED}?format=json&h=status&expand_wildcards=all")
    settings = engine.call("GET", f"/{COPIED}/_settings?flat_settings=true")[COPIED]["settings"]
    assert (row["status"], settings[BLOCK]) == ("close", "true")
    engine.call("POST", f"/{COPIED}/_open")
    engine.call("PUT", f"/{COPIED}/_settings", {BLOCK: None})
    (found,) = differences(before, after)
    name = said.removeprefix(kind.split(",")[0]).split(f" {COPIED}")[0].rsplit(" ", 1)[0]
    assert name in found, (said, found)
    assert len(history.wrong(after)) > remembered
