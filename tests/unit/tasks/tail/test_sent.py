"""Whatever is lost or killed on the way: ours is not taken for somebody else's, nor theirs for ours."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.engine.bulk import Action, DeleteAction, IndexAction, ItemResult
from domains.engine.raw_documents import RawDocument, digest_of
from runs.errors import StateUnusable
from tasks.tail.sent import SentOperations, SeqNos, read_sent

CONFLICT = ItemResult(error="version_conflict_engine_exception")


@dataclass
class Shard:
    """A copy's shard: documents by id, and the number of its last operation."""

    documents: dict[str, RawDocument] = field(default_factory=dict)
    last: int = -1

    def apply(self, action: Action) -> ItemResult:
        """What an engine makes of our action."""
        there = self.documents.get(action.id)
        if isinstance(action, IndexAction):
            if there and there.version > action.version:
                return CONFLICT
            return self.write(action.id, action.version, action.source)
        if there is None or there.seq_no != action.seq_no:
            return CONFLICT
        return self.delete(action.id)

    def write(self, id: str, version: int, source: str) -> ItemResult:
        """Write a document, whoever does."""
        self.last += 1
        self.documents[id] = RawDocument(id, None, version, self.last, 1, source)
        return ItemResult(self.last, 1, version)

    def delete(self, id: str) -> ItemResult:
        """Delete a document, whoever does."""
        self.last += 1
        del self.documents[id]
        return ItemResult(self.last, 1, 0)

    def foreign(self, sent: SentOperations, last: int) -> int:
        """What the account says of everything since an operation."""
        account = sent.of("a", 0)
        live = [each for each in self.documents.values() if each.seq_no > last]
        deleted = {key for key in account.doubtful_deletes if key[0] not in self.documents}
        return account.foreign(last, self.last, live, deleted)


def a_write(id: str, version: int = 1, source: str = "{}") -> IndexAction:
    return IndexAction(id, None, version, source)


def a_delete(shard: Shard, id: str) -> DeleteAction:
    return DeleteAction(id, None, shard.documents[id].seq_no, 1)


def went_well(sent: SentOperations, shard: Shard, *actions: Action) -> None:
    """A request with its reply."""
    number = sent.send("a", 0, actions)
    sent.answer("a", 0, number, actions, [shard.apply(each) for each in actions])


@pytest.fixture
def sent(tmp_path: Path) -> SentOperations:
    return SentOperations(tmp_path / "run-0.sent")


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9))), st.integers(-1, 80), st.integers(0, 40))
def test_ranges_of_numbers_are_a_set(added: list[tuple[int, int]], above: int, length: int) -> None:
    found, expected = SeqNos(), set[int]()
    for low, more in added:
        found.add(low, low + more)
        expected |= set(range(low, low + more + 1))
    assert {n for n in range(80) if n in found} == expected
    assert found.count(above, above + length) == sum(above < n <= above + length for n in expected)
    assert found.ranges == sorted(found.ranges)
    assert all(high + 1 < low for (_, high), (low, _) in zip(found.ranges, found.ranges[1:], strict=False))


def history(seed: int, path: Path) -> tuple[Shard, int, int]:
    """A session that loses replies and is killed: the shard, where it stood before, foreign writes."""
    random, shard, sent = Random(seed), Shard(), SentOperations(path)
    for n in range(8):
        shard.write(str(n), 1, "old")
    last, strangers, version = shard.last, 0, 1
    for _ in range(random.randrange(1, 7)):
        version += 1
        if random.random() < 0.3:
            doomed = random.sample(sorted(shard.documents), k=min(3, len(shard.documents)))
            actions: list[Action] = [a_delete(shard, id) for id in doomed]
        else:
            ids = random.sample(range(12), k=4)
            actions = [a_write(str(id), version, f"ours {version}") for id in ids]
        for attempt in range(3):
            number = sent.send("a", 0, actions)
            arrives = random.random() < 0.7
            results = [shard.apply(each) for each in actions] if arrives else []
            if arrives and random.random() < 0.7:
                sent.answer("a", 0, number, actions, results)
                break
            if random.random() < 0.3 or attempt == 2:  # killed, in the middle of a request
                return shard, last, strangers
        if random.random() < 0.2:
            shard.write(random.choice("0123456789"), version, "theirs")
            strangers += 1
    return shard, last, strangers


def test_a_killed_session_knows_its_own_and_finds_a_strangers_document(tmp_path: Path) -> None:
    for seed in range(300):
        path = tmp_path / f"run-{seed}.sent"
        shard, last, strangers = history(seed, path)
        found = shard.foreign(read_sent(path), last)
        seen = sum(each.source == "theirs" for each in shard.documents.values())
        assert seen <= found <= strangers, seed


def test_where_every_reply_is_known_the_count_is_exact(sent: SentOperations) -> None:
    shard = Shard()
    went_well(sent, shard, a_write("1"), a_write("2"))
    assert shard.foreign(sent, -1) == 0
    shard.write("1", 2, "theirs")
    went_well(sent, shard, a_write("1", 3))
    assert shard.foreign(sent, -1) == 1, "although nobody can see it any more"


def test_a_line_that_was_never_finished_was_never_sent(sent: SentOperations) -> None:
    sent.send("a", 0, [a_write("1")])
    sent.send("a", 0, [a_write("2")])
    content = sent.path.read_bytes()
    sent.path.write_bytes(content[:-5])
    account = read_sent(sent.path).of("a", 0)
    assert [set(each.writes) for each in account.in_doubt] == [{("1", None)}]


def test_no_file_says_that_nothing_was_sent(tmp_path: Path) -> None:
    assert read_sent(tmp_path / "none.sent").of("a", 0).in_doubt == []


def test_a_file_of_something_else_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "odd.sent"
    path.write_text('{"copy": "a"}\n')
    with pytest.raises(StateUnusable, match=r"odd\.sent is not a record"):
        read_sent(path)


def test_a_large_file_is_written_anew_and_says_the_same(
    sent: SentOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.tail.sent._COMPACT_BYTES", 2_000)
    shard = Shard()
    sent.send("a", 0, [a_write("lost")])
    for n in range(200):
        went_well(sent, shard, a_write(str(n)))
    assert sent.path.stat().st_size < 5_000
    account = read_sent(sent.path).of("a", 0)
    assert account.done.ranges == [(0, 199)]
    assert [set(each.writes) for each in account.in_doubt] == [{("lost", None)}]


def test_what_was_forgotten_leaves_no_file(sent: SentOperations) -> None:
    went_well(sent, Shard(), a_write("1"))
    sent.forget()
    assert not sent.path.exists()
    assert sent.of("a", 0).done.ranges == []
    sent.send("a", 0, [a_write("2")])
    assert sent.path.stat().st_mode & 0o077 == 0


def test_requests_of_a_killed_session_may_still_arrive(sent: SentOperations, tmp_path: Path) -> None:
    shard = Shard()
    sent.send("a", 0, [a_write("1", 5, "late")])
    later = SentOperations(tmp_path / "run-1.sent")
    later.inherit(read_sent(sent.path), "a")
    shard.apply(a_write("1", 5, "late"))
    assert shard.foreign(later, -1) == 0
    shard.write("1", 6, "theirs")
    assert shard.foreign(later, -1) > 0


def test_a_request_without_a_reply_may_arrive_in_a_later_round(
    sent: SentOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a domain that stood still."""
    shard = Shard()
    sent.send("a", 0, [a_write("1", 5, "late")])
    went_well(sent, shard, a_write("1", 5, "late"))
    assert shard.foreign(sent, -1) == 0
    sent.forget()
    shard.apply(a_write("1", 5, "late"))
    assert shard.foreign(sent, 0) == 0
    monkeypatch.setattr("tasks.tail.sent._LATE_S", 0.0)
    sent.forget()
    shard.apply(a_write("1", 5, "late"))
    assert shard.foreign(sent, 1) == 1


def test_what_may_arrive_late_outlives_the_process(sent: SentOperations, tmp_path: Path) -> None:
    """One session is killed in a request; the next one ends its round; the one after that is killed, too."""
    shard = Shard()
    sent.send("a", 0, [a_write("1", 5, "late")])
    second = SentOperations(tmp_path / "run-1.sent")
    assert second.inherit(read_sent(sent.path), "a")
    second.forget()
    assert second.may_arrive("a")
    third = SentOperations(tmp_path / "run-2.sent")
    third.inherit(read_sent(second.path), "a")
    shard.apply(a_write("1", 5, "late"))
    assert shard.foreign(third, -1) == shard.foreign(read_sent(third.path), -1) == 0


def test_what_is_no_longer_in_doubt_is_not_waited_for(sent: SentOperations) -> None:
    went_well(sent, Shard(), a_write("1"))
    assert not sent.may_arrive("a")


def test_a_document_that_failed_may_have_taken_a_number(sent: SentOperations) -> None:
    """An engine that fails inside its index says no number, and has used one."""
    shard, actions = Shard(), [a_write("1"), a_write("2")]
    number = sent.send("a", 0, actions)
    failed = ItemResult(error="illegal_argument_exception", status=400)
    sent.answer("a", 0, number, actions, [shard.apply(a_write("1")), failed])
    shard.last += 1
    assert shard.foreign(sent, -1) == shard.foreign(read_sent(sent.path), -1) == 0
    shard.write("3", 1, "theirs")
    assert shard.foreign(sent, -1) == shard.foreign(read_sent(sent.path), -1) == 1


def test_a_large_file_remembers_what_was_written_twice(
    sent: SentOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = Shard()
    sent.send("a", 0, [a_write("1")])
    shard.apply(a_write("1"))  # the reply is lost
    monkeypatch.setattr("tasks.tail.sent._COMPACT_BYTES", 0)
    went_well(sent, shard, a_write("1"))
    assert shard.foreign(sent, -1) == shard.foreign(read_sent(sent.path), -1) == 0


def test_a_line_that_did_not_fit_on_the_disk_leaves_no_half(
    sent: SentOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = Shard()
    went_well(sent, shard, a_write("1"))
    write, room = os.write, [10]

    def filling_up(file: int, content: bytes) -> int:
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, content[: room.pop()])

    monkeypatch.setattr("os.write", filling_up)
    with pytest.raises(StateUnusable, match="no space left"):
        sent.send("a", 0, [a_write("2")])
    monkeypatch.setattr("os.write", write)
    went_well(sent, shard, a_write("3"))
    assert read_sent(sent.path).of("a", 0).done.ranges == [(0, 1)]


def test_a_stranger_who_wrote_the_same_version_is_told_by_the_contents(sent: SentOperations) -> None:
    sent.send("a", 0, [a_write("1", 5, "ours")])
    account = sent.of("a", 0)
    assert account.may_have_written(9, ("1", None), 5, digest_of("ours"))
    assert account.may_have_written(9, ("1", None), 5, b""), "where it was not read"
    assert not account.may_have_written(9, ("1", None), 5, digest_of("theirs"))


def test_a_disk_that_is_full_stops_before_anything_is_sent(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("")
    with pytest.raises(StateUnusable, match="cannot write"):
        SentOperations(folder / "run-0.sent").send("a", 0, [a_write("1")])
