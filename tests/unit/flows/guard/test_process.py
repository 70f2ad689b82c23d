"""What a guard does, and when: in a thread of its own, between two pipes, with fake domains."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from support.engine import FakeIndex
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, html
from support.pair import Pair, told_blocks, window

from flows.cutover_rollback import record_rolled_back
from flows.guard import guarded_window, process
from flows.guard.guarded_window import GuardedWindow
from flows.guard.messages import Answer, Line, Order, Told
from flows.guard.messages import Reply as Answered
from runs.begun_plan import plan_record
from runs.guard_record import GuardState, read_record, record_path
from runs.journal import Journal, now
from runs.lifecycle import RunStatus, is_rolled_back
from runs.verbs import Verb
from tasks import in_flight
from tasks.errors import PreconditionError

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)


@dataclass
class Post:
    """A guard at work, and the command's end of the pipes."""

    line: Line
    writing: int
    thread: threading.Thread
    journal: Journal
    closed: bool = False

    def tell(self, told: Told) -> Answered:
        self.line.send(told)
        answer = self.line.receive(Answered, 10)
        assert answer
        return answer

    def die(self) -> None:
        """The command's process ends; the guard may take a while."""
        if not self.closed:
            os.close(self.writing)
            self.closed = True

    def wait_for(self, seen: Callable[[], bool]) -> None:
        """Until something is seen, for ten seconds at most."""
        for _ in range(200):
            if seen():
                return
            self.thread.join(0.05)
        raise AssertionError("what was waited for did not happen")

    def ended(self) -> None:
        self.die()
        self.thread.join(30)
        assert not self.thread.is_alive()

    @property
    def state(self) -> GuardState | None:
        found = read_record(self.journal)
        return found.state if found else None


@pytest.fixture
def pair(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Pair:
    made = Pair(tmp_path, source, target)
    made.engines["source"].put(FakeIndex("a", settings={"index.blocks.write": "true"}))
    return made


@pytest.fixture
def frozen(pair: Pair) -> Journal:
    """A cutover inside its window: index `a` of the source refuses writes."""
    journal = pair.run("cutover", "running", window=window())
    pair.intend(journal, "block", "source", names=["a"])
    return journal


@pytest.fixture
def post(pair: Pair, frozen: Journal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    for name in ("_AGAIN_S", "_GRACE_S"):
        monkeypatch.setattr(process, name, 0.05)
    for name in ("_LOOK_S", "_RELEASE_S"):
        monkeypatch.setattr(guarded_window, name, 0.4)
    theirs, writing = os.pipe()
    ours, answering = os.pipe()
    order = Order(plan=plan_record(pair.plan), journal=frozen.path, verb=Verb.CUTOVER, names=("a",))
    guarded = GuardedWindow(order)
    watch = process.Watch(Line(theirs, answering), guarded)
    made = Post(Line(ours, writing), writing, threading.Thread(target=watch.run, daemon=True), frozen)
    made.thread.start()
    yield made
    made.ended()
    for each in (theirs, ours, answering):
        os.close(each)


def released(pair: Pair) -> bool:
    return not told_blocks(pair.engines["source"].indices["a"])


def test_the_end_of_the_command_ends_the_window_on_record(pair: Pair, post: Post) -> None:
    assert post.tell(Told(deadline=now() + HOUR)).answer is Answer.WATCHING
    assert (post.state, released(pair)) == (GuardState.WATCHING, False)
    post.ended()
    run = Journal.load(post.journal.path).document
    assert released(pair) and is_rolled_back(run)
    assert (run.status, post.state) == (RunStatus.INTERRUPTED, None)
    assert "its guard released the source" in run.message


def test_at_the_deadline_it_releases_the_source_beside_a_command_that_lives(pair: Pair, post: Post) -> None:
    post.tell(Told(deadline=now() + timedelta(seconds=0.1)))
    post.wait_for(lambda: post.state is GuardState.RELEASED)
    assert (post.state, released(pair)) == (GuardState.RELEASED, True)
    refused = post.tell(Told())
    assert refused.answer is Answer.REFUSED and "the deadline passed" in refused.message
    pair.engines["source"].indices["a"].settings["index.blocks.write"] = "true"  # a block that was on its way
    post.wait_for(lambda: released(pair))


def test_once_it_has_stood_down_only_what_was_not_begun_is_ended(pair: Pair, post: Post) -> None:
    post.tell(Told(deadline=now() + HOUR))
    assert post.tell(Told()).answer is Answer.STANDING_DOWN
    assert post.state is GuardState.STOOD_DOWN
    pair.intend(post.journal, "serve", "target", names=["a"])
    post.ended()
    assert (post.state, released(pair)) == (GuardState.STOOD_DOWN, False)


def test_stood_down_but_nothing_sent_ends_the_window(pair: Pair, post: Post) -> None:
    post.tell(Told(deadline=now() + HOUR))
    post.tell(Told())
    post.ended()
    assert released(pair) and is_rolled_back(Journal.load(post.journal.path).document)


def test_it_does_not_stand_down_once_the_deadline_has_passed(
    pair: Pair, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_GRACE_S", 60.0)
    post.tell(Told(deadline=now() - timedelta(seconds=1)))
    assert post.tell(Told()).answer is Answer.REFUSED
    assert not released(pair)


def test_a_command_that_has_rolled_back_by_itself_leaves_it_nothing_to_do(pair: Pair, post: Post) -> None:
    post.tell(Told(deadline=now() + HOUR))
    post.journal.document.aborting = True
    post.journal.document.window = window(ended=now())
    record_rolled_back(post.journal)
    before = len(pair.source.requests)
    post.ended()
    assert len(pair.source.requests) == before and post.state is None


def test_a_roll_back_that_the_command_did_not_live_to_finish_is_finished(pair: Pair, post: Post) -> None:
    """The source is released, and the copies are still open."""
    post.tell(Told(deadline=now() + HOUR))
    pair.engines["source"].indices["a"].settings["index.blocks.write"] = "false"
    post.journal.document.aborting = True
    post.journal.document.window = window(ended=now())
    post.journal.save()
    post.ended()
    assert is_rolled_back(Journal.load(post.journal.path).document) and post.state is None


def test_what_a_source_with_lost_replies_has_released_counts_as_released(
    pair: Pair, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The looks before and during the release get no reply in time, the next one does."""
    source = pair.source
    answer, asked_to_release = source.answer, threading.Event()

    def lost_at_first(asked: ReceivedRequest) -> Reply:
        if asked.method == "PUT":
            asked_to_release.set()
        return answer(asked) if asked_to_release.is_set() else html(503)

    monkeypatch.setattr(source, "answer", lost_at_first)
    post.tell(Told(deadline=now() + timedelta(seconds=0.1)))
    post.wait_for(lambda: post.state is GuardState.RELEASED)
    assert released(pair)
    post.wait_for(lambda: bool(getattr(read_record(post.journal), "copies_closed", False)))


def test_it_goes_on_until_a_silent_source_answers_again(pair: Pair, post: Post) -> None:
    post.tell(Told(deadline=now() + HOUR))
    pair.source.on("GET /_all/_settings", html(503))
    post.die()
    post.wait_for(lambda: post.state is GuardState.RELEASING)
    assert released(pair)  # the source obeys although it cannot be looked at
    pair.tell_blocks(pair.source, pair.engines["source"])
    post.ended()
    assert is_rolled_back(Journal.load(post.journal.path).document)


def test_what_is_refused_for_good_is_named_and_left(pair: Pair, post: Post) -> None:
    refusal = engine_error(400, "illegal_argument_exception", "unknown setting [archived.x]")
    pair.source.on("PUT /a/_settings", refusal)
    post.tell(Told(deadline=now() + HOUR))
    post.ended()
    found = read_record(post.journal)
    assert found and found.state is GuardState.LEFT and "archived.x" in found.problem
    run = Journal.load(post.journal.path).document
    assert run.aborting and "archived.x" in run.message and not is_rolled_back(run)


def test_with_a_journal_that_cannot_be_written_its_own_record_tells(pair: Pair, post: Post) -> None:
    post.tell(Told(deadline=now() + HOUR))
    post.journal.path.with_suffix(".new").mkdir()  # stands for a full disk
    post.ended()
    found = read_record(post.journal)
    assert released(pair) and found
    assert (found.state, found.copies_closed) == (GuardState.RELEASED, True)
    assert "cannot write" in found.problem


def test_without_a_readable_journal_it_releases_what_it_was_ordered_to(
    pair: Pair, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_flight, "_ON_ITS_WAY_S", 0.1)
    post.tell(Told(deadline=now() + HOUR))
    post.journal.path.write_text("{", encoding="utf-8")
    post.ended()
    found = read_record(post.journal)
    assert released(pair) and found and found.state is GuardState.RELEASED


def test_a_guard_of_a_fallback_knows_its_direction_without_a_readable_journal(
    pair: Pair, frozen: Journal
) -> None:
    frozen.path.write_text("{", encoding="utf-8")
    ordered = Order(plan=plan_record(pair.plan), journal=frozen.path, verb=Verb.FALLBACK, names=("a",))
    run = GuardedWindow(ordered).migration(1).journal.document
    assert (run.verb, run.back) == (Verb.FALLBACK, True)
    found = read_record(frozen)
    assert found and found.verb is Verb.FALLBACK


def test_the_proof_names_what_the_source_would_not_release(pair: Pair, frozen: Journal) -> None:
    refusal = engine_error(
        403, "cluster_block_exception", "index [a] blocked by: [FORBIDDEN/5/index read-only]"
    )
    pair.source.on("PUT /a/_settings", refusal)
    guarded = GuardedWindow(
        Order(plan=plan_record(pair.plan), journal=frozen.path, verb=Verb.CUTOVER, names=("a",))
    )
    with pytest.raises(PreconditionError, match=r"a: cluster_block_exception") as refused:
        guarded.prove()
    assert '"index.blocks.read_only": null' in refused.value.hint
    assert not record_path(frozen.path).exists()


def test_an_answer_that_says_nothing_lasting_is_not_taken_for_the_end(pair: Pair, post: Post) -> None:
    """A proxy's page, a refused signature: the guard goes on, and claims no release."""
    post.tell(Told(deadline=now() + HOUR))
    pair.source.on("GET /_all/_settings", engine_error(403, "security_exception", "no permissions"))
    pair.source.on("PUT /a/_settings", engine_error(403, "security_exception", "no permissions"))
    post.die()
    post.wait_for(lambda: post.state is GuardState.RELEASING)
    post.thread.join(0.5)
    assert post.thread.is_alive() and (post.state, released(pair)) == (GuardState.RELEASING, False)
    pair.tell_blocks(pair.source, pair.engines["source"])
    post.ended()
    assert released(pair) and is_rolled_back(Journal.load(post.journal.path).document)


def test_a_guard_of_a_run_that_is_over_leaves_the_source_alone(pair: Pair, post: Post) -> None:
    post.tell(Told(deadline=now() + HOUR))
    pair.source.on("GET /_all/_settings", html(503))
    pair.source.on("PUT /a/_settings", html(503))
    post.die()
    post.wait_for(lambda: post.state is GuardState.RELEASING)
    run = Journal.load(post.journal.path)  # `abort` has rolled it back, and another cutover has frozen again
    run.document.aborting, run.document.window = True, window(ended=now())
    run.save()
    post.thread.join(10)  # it looks at the journal before each try; one that did not would go on trying
    pair.tell_blocks(pair.source, pair.engines["source"])
    post.ended()
    assert (post.state, released(pair)) == (None, False)
