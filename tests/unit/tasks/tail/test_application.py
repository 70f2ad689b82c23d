"""What is written to a copy arrives whole, once and exactly, through busy domains and lost replies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote

import pytest
from support.building import Clock, a_migration, selected
from support.fake_domain import RESET, FakeDomain, ReceivedRequest, Reply, engine_error, html, ok
from support.rounds import a_copy, a_mark

from domains.engine.raw_documents import RawDocument
from domains.versions import version_of
from tasks.errors import TimedOut
from tasks.tail.application import BulkSize, Writer, Written
from tasks.tail.comparison import Known
from tasks.tail.places import CannotFollow, FollowedIndex, Place
from tasks.tail.sent import PlaceAccount, SentOperations

pytestmark = pytest.mark.slow

V3 = version_of("opensearch", "3.6.0")
CONFLICT = {"type": "version_conflict_engine_exception", "reason": "current version [9] is higher"}
BUSY = {"type": "rejected_execution_exception", "reason": "rejected execution of primary operation"}
Fault = Callable[[ReceivedRequest], Reply | None]


@dataclass
class Shard:
    """A copy's shard that applies bulks as an engine does.

    Args:
        documents: id → version, sequence number, text.
        remembered: id → version of deleted documents.
        items: what each item of the next bulks fails with, in order; None for none.
    """

    documents: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    remembered: dict[str, int] = field(default_factory=dict)
    last: int = -1
    items: list[tuple[int, dict[str, str]] | None] = field(default_factory=list)

    def bulk(self, asked: ReceivedRequest) -> Reply:
        """Answer a `_bulk`."""
        lines = asked.body.decode().split("\n")[:-1]
        found: list[dict[str, Any]] = []
        at = 0
        while at < len(lines):
            ((kind, target),) = json.loads(lines[at]).items()
            text = lines[at + 1] if kind == "index" else ""
            at += 2 if kind == "index" else 1
            fails = self.items.pop(0) if self.items else None
            if fails:
                found.append({kind: {"_id": target["_id"], "status": fails[0], "error": fails[1]}})
            else:
                found.append({kind: self._applied(kind, target, text)})
        return ok({"items": found})

    def put(self, asked: ReceivedRequest) -> Reply:
        """Answer a `PUT /_doc`."""
        id = unquote(asked.path.rpartition("/")[2])
        applied = self._applied(
            "index", {"_id": id, "version": int(asked.query["version"])}, asked.body.decode()
        )
        if "error" in applied:
            return engine_error(409, CONFLICT["type"], CONFLICT["reason"])
        return ok(applied)

    def got(self, asked: ReceivedRequest) -> Reply:
        """Answer a `_mget`."""
        return ok({"docs": [self._got(each["_id"]) for each in asked.json["docs"]]})

    def _got(self, id: str) -> dict[str, Any]:
        if id not in self.documents:
            return {"_id": id, "found": False}
        version, seq_no, _ = self.documents[id]
        return {"_id": id, "found": True, "_version": version, "_seq_no": seq_no, "_primary_term": 1}

    def _applied(self, kind: str, target: dict[str, Any], text: str) -> dict[str, Any]:
        id = target["_id"]
        there = self.documents.get(id)
        if kind == "index":
            if target["version"] < max(there[0] if there else 0, self.remembered.get(id, 0)):
                return {"_id": id, "status": 409, "error": CONFLICT}
            self.last += 1
            self.documents[id] = (target["version"], self.last, text)
            self.remembered.pop(id, None)
            return self._done(id, target["version"])
        if there is None or there[1] != target["if_seq_no"]:
            return {"_id": id, "status": 409, "error": CONFLICT}
        self.last += 1
        del self.documents[id]
        self.remembered[id] = there[0] + 1
        return self._done(id, there[0] + 1)

    def _done(self, id: str, version: int) -> dict[str, Any]:
        return {"_id": id, "status": 200, "_seq_no": self.last, "_primary_term": 1, "_version": version}


@dataclass
class Copy:
    """A writer to a shard of a copy on a fake target."""

    target: FakeDomain
    shard: Shard
    index: FollowedIndex
    account: PlaceAccount
    size: BulkSize
    writer: Writer
    purged: list[int]

    @property
    def bulks(self) -> list[list[str]]:
        """The ids of each bulk that was sent."""
        return [_ids(asked) for asked in self.target.asked("POST /a/_bulk")]

    @property
    def operations(self) -> int:
        """How many operations are known to be ours."""
        return self.account.sent.of("a", 0).done.count(-1, 1_000_000)

    def texts(self) -> dict[str, str]:
        """The documents that the copy has."""
        return {id: text for id, (_, _, text) in self.shard.documents.items()}


def _ids(asked: ReceivedRequest) -> list[str]:
    lines = [line for line in asked.body.decode().split("\n") if '"_id"' in line]
    return [next(iter(json.loads(line).values()))["_id"] for line in lines]


@pytest.fixture
def copy(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Copy:
    """An empty copy."""
    m = a_migration(tmp_path, source, target, clock=Clock(step=10.0))
    index = FollowedIndex(selected("a"), a_copy("a"), ())
    shard, size, purged = Shard(), BulkSize(), []

    def purge() -> None:
        purged.append(1)
        shard.remembered.clear()

    place = Place(0, "a", "a", 0, a_mark())
    target.on("POST /a/_bulk", shard.bulk).on("PUT /a/_doc/.*", shard.put).on("POST /a/_mget", shard.got)
    target.on("POST /a/_refresh", ok({"_shards": {"total": 1, "successful": 1, "failed": 0}}))
    account = PlaceAccount(SentOperations(tmp_path / "1.sent"), "a", 0)
    return Copy(target, shard, index, account, size, Writer(m, V3, account, place, size, purge), purged)


def a_document(id: str, text: str = '{"a": 1.10}', version: int = 1) -> RawDocument:
    return RawDocument(id, None, version, 100, 1, text)


def known(id: str, seq_no: int | None, term: int | None = 1) -> Known:
    return Known(id, None, 1, b"", target_seq_no=seq_no, target_term=term)


def test_each_document_arrives_as_it_is_with_its_own_operation(copy: Copy) -> None:
    documents = [a_document("1"), a_document("2", '{ "b" : 1e400 }', 7)]
    assert copy.writer.write(documents) == [Written(documents[0], 0, 1), Written(documents[1], 1, 1)]
    assert copy.shard.documents == {"1": (1, 0, '{"a": 1.10}'), "2": (7, 1, '{ "b" : 1e400 }')}
    assert copy.operations == 2
    assert not copy.account.is_unsure


def test_nothing_to_write_sends_nothing(copy: Copy) -> None:
    assert copy.writer.write([]) == []
    assert copy.writer.delete([]) == []
    assert copy.target.requests == []


def test_a_document_of_two_lines_goes_alone_and_harms_no_other(copy: Copy) -> None:
    copy.writer.write([a_document("victim")])
    evil = '{"a":\n{"delete":{"_id":"victim"}} }'
    documents = [a_document("1"), a_document("2", evil), a_document("3", '{"c":1}\r'), a_document("4")]
    written = copy.writer.write(documents)
    assert [each.document.id for each in written] == ["1", "2", "3", "4"]
    assert [each.seq_no for each in written] == [copy.shard.documents[str(n)][1] for n in range(1, 5)]
    assert copy.texts() == {"victim": '{"a": 1.10}', **{each.id: each.source for each in documents}}
    assert copy.bulks == [["victim"], ["1", "4"]]


def test_items_that_the_domain_was_too_busy_for_are_sent_again_and_no_others(copy: Copy) -> None:
    copy.shard.items = [None, (429, BUSY), None, (429, BUSY), (429, BUSY)]
    copy.writer.write([a_document(str(n)) for n in range(4)])
    assert copy.bulks == [["0", "1", "2", "3"], ["1", "3"], ["1"]]
    assert copy.texts().keys() == {"0", "1", "2", "3"}
    assert copy.operations == 4, "what was turned away took no number"


def test_a_domain_that_stays_busy_ends_the_round_and_says_what_to_do(copy: Copy) -> None:
    copy.shard.items = [(429, BUSY)] * 1_000
    with pytest.raises(TimedOut, match="rejected execution") as caught:
        copy.writer.write([a_document("1")])
    assert "run the same command again" in (caught.value.hint or "")
    assert copy.index.out == "", "it is not out: it will be kept in step once the domain has time"


def test_a_bulk_that_is_too_large_is_halved_until_it_fits(copy: Copy) -> None:
    def limited(asked: ReceivedRequest) -> Reply:
        too_large = len(asked.body) > 1_000
        return engine_error(413, "content_too_long_exception", "x") if too_large else copy.shard.bulk(asked)

    copy.target.on("POST /a/_bulk", limited)
    documents = [a_document(str(n), json.dumps({"t": "x" * 200})) for n in range(11)]
    copy.writer.write(documents)
    assert copy.texts() == {each.id: each.source for each in documents}
    assert copy.size.bytes < 4_000_000
    assert [each.seq_no for each in copy.writer.write(documents)] == list(range(11, 22)), "in their order"


def test_a_document_that_is_too_large_alone_goes_by_a_restore(copy: Copy) -> None:
    copy.target.on("POST /a/_bulk", engine_error(413, "content_too_long_exception", "too long"))
    with pytest.raises(CannotFollow, match="too large for one request"):
        copy.writer.write([a_document("1")])


@pytest.mark.parametrize("reply", [RESET, html(502), html(504)])
def test_a_lost_reply_is_asked_for_again_and_noted(copy: Copy, reply: Reply) -> None:
    """It took effect or it did not: sent again, an equal version is simply written again."""

    def lost(asked: ReceivedRequest) -> Reply:
        copy.shard.bulk(asked)
        return reply

    copy.target.on("POST /a/_bulk", lost, copy.shard.bulk)
    documents = [a_document("1"), a_document("2")]
    assert [each.seq_no for each in copy.writer.write(documents)] == [2, 3]
    assert copy.texts() == {"1": '{"a": 1.10}', "2": '{"a": 1.10}'}
    assert copy.account.is_unsure, "its operations cannot be counted as its own this round"


def test_a_document_that_the_copy_refuses_sends_the_index_to_a_restore(copy: Copy) -> None:
    copy.shard.items = [None, (400, {"type": "mapper_parsing_exception", "reason": "failed to parse [a]"})]
    with pytest.raises(CannotFollow, match=r"mapper_parsing_exception: failed to parse \[a\]"):
        copy.writer.write([a_document("1"), a_document("2")])


def test_a_bulk_that_is_refused_as_a_whole_sends_the_index_to_a_restore(copy: Copy) -> None:
    copy.target.on("POST /a/_bulk", engine_error(400, "illegal_argument_exception", "malformed"))
    with pytest.raises(CannotFollow, match="malformed"):
        copy.writer.write([a_document("1")])


# versions that began again


def test_a_document_that_was_made_anew_replaces_the_later_version_of_the_copy(copy: Copy) -> None:
    copy.writer.write([a_document("1", "{}", 5)])
    (written,) = copy.writer.write([a_document("1", '{"new":1}', 1)])
    assert copy.shard.documents["1"][::2] == (1, '{"new":1}')
    assert written.seq_no == copy.shard.documents["1"][1]
    assert copy.purged, "the copy was made to forget the deleted version"
    assert copy.operations == 3, "written, deleted, written: all of them are ours"


def test_a_deleted_document_whose_version_the_copy_remembers_is_written_all_the_same(copy: Copy) -> None:
    copy.shard.remembered["1"] = 5
    copy.writer.write([a_document("1", '{"new":1}', 1)])
    assert copy.texts() == {"1": '{"new":1}'}


def test_a_version_is_not_begun_again_while_an_earlier_write_may_still_arrive(copy: Copy) -> None:
    """A late bulk with the old version would be accepted then, and bring the old text back."""
    copy.writer.write([a_document("1", "{}", 5)])
    copy.account.send([])
    with pytest.raises(CannotFollow, match="may still arrive"):
        copy.writer.write([a_document("1", '{"new":1}', 1)])
    assert copy.shard.documents["1"][0] == 5


# deletions


def test_only_the_operation_that_was_seen_is_deleted(copy: Copy) -> None:
    copy.writer.write([a_document("1"), a_document("2"), a_document("3")])
    gone = copy.writer.delete([known("1", 0), known("2", 99), known("3", None)])
    assert gone == ["1"]
    assert copy.texts().keys() == {"2", "3"}, "2 was written since; of 3 it is not known yet"


def test_a_lost_deletion_is_repeated_and_harms_nobody(copy: Copy) -> None:
    copy.writer.write([a_document("1"), a_document("2")])

    def lost(asked: ReceivedRequest) -> Reply:
        copy.shard.bulk(asked)
        return RESET

    copy.target.on("POST /a/_bulk", lost, copy.shard.bulk)
    assert copy.writer.delete([known("1", 0)]) == ["1"]
    assert copy.texts().keys() == {"2"}


# bodies


def test_bodies_are_of_a_bounded_size(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.tail.application._MOST_BYTES", 10_000)
    copy.size.bytes = 10_000
    documents = [a_document(str(n), json.dumps({"t": "é" * 100})) for n in range(20)]
    copy.writer.write(documents)
    bodies = [len(asked.body) for asked in copy.target.asked("POST /a/_bulk")]
    assert max(bodies) <= 10_000
    assert len(bodies) < 20


def test_the_size_of_a_body_follows_what_the_domain_takes() -> None:
    size = BulkSize()
    before = size.bytes
    size.was_too_large(3_000_000)
    assert size.bytes == 1_500_000
    for _ in range(100):
        size.went_well(size.bytes)
    assert before < size.bytes <= 16_000_000
    for _ in range(100):
        size.was_too_large(size.bytes)
    assert size.bytes == 64_000
    size.went_well(1_000)
    assert size.bytes == 64_000, "a small body says nothing about a large one"


@pytest.mark.parametrize("seed", range(12))
def test_whatever_goes_wrong_in_between_every_document_arrives_exactly(copy: Copy, seed: int) -> None:
    random = Random(seed)
    copy.size.bytes = 3_000

    def troubled(asked: ReceivedRequest) -> Reply:
        what = random.random()
        if what < 0.1:
            return engine_error(429, "circuit_breaking_exception", "data too large")
        if what < 0.2 and len(_ids(asked)) > 1:
            return engine_error(413, "content_too_long_exception", "too long")
        copy.shard.items = [(429, BUSY) if random.random() < 0.2 else None for _ in _ids(asked)]
        reply = copy.shard.bulk(asked)
        return RESET if what > 0.9 else reply

    copy.target.on("POST /a/_bulk", troubled)
    texts = ['{"a": 1.10}', '{"a":\n1}', json.dumps({"t": "x" * 500}), '{"a":1}\r']
    documents = [a_document(str(n), random.choice(texts), random.randint(1, 9)) for n in range(60)]
    written = copy.writer.write(documents)
    assert [each.document for each in written] == documents
    assert copy.shard.documents == {
        w.document.id: (w.document.version, w.seq_no, w.document.source) for w in written
    }
