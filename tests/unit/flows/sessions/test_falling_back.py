"""What a way back leads away from: which opening, which indices it may release, and when it has ended."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.building import a_plan

from flows.sessions.falling_back import closed_by_plan
from flows.sessions.which_run import finished_run, followed_opening, require_way_back
from reports.build.source_block import source_block
from reports.views.status import block_lines
from runs.begun_plan import exchanged
from runs.journal import Journal, WindowEntry, now
from runs.lifecycle import SERVE
from runs.state import State
from runs.step_names import StepName
from runs.verbs import Verb
from tasks.errors import PreconditionError
from tasks.records.cutover import FreezeRecord, ReleaseRecord
from tasks.records.seeding import CopiesRecord


def keep(run: Journal, name: StepName, record: FreezeRecord | CopiesRecord | ReleaseRecord) -> None:
    with run.step(name):
        pass
    run.keep(name, record)


def began(state: Path, verb: Verb) -> Journal:
    plan = exchanged(a_plan()) if verb is Verb.FALLBACK else a_plan()
    run = State(state, "orders").begin(plan, verb)
    run.document.back = verb is Verb.FALLBACK
    return run


@pytest.fixture
def opening(tmp_path: Path) -> Journal:
    """A finished cutover that has frozen two indices of the source, and promised a way back."""
    run = began(tmp_path, Verb.CUTOVER)
    keep(run, StepName.FREEZE, FreezeRecord(at=now(), blocked=("a", "b"), before=()))
    keep(run, StepName.WAY_BACK, CopiesRecord(round=0, copies=()))
    open_window(run)
    run.settle("done", "")
    return run


def open_window(run: Journal) -> None:
    with run.step("resolve"):
        pass
    run.document.window = WindowEntry(frozen=now(), deadline=now() + timedelta(hours=1))
    run.save()
    run.document.window.opening = now()
    run.save()
    with run.intend(StepName.OPEN, "target", SERVE, {"names": ["a"]}):
        pass
    run.document.window.ended = now()
    run.save()


def test_a_fallback_that_resumes_its_opening_still_knows_what_to_release(
    tmp_path: Path, opening: Journal
) -> None:
    run = began(tmp_path, Verb.FALLBACK)
    assert closed_by_plan(run) == {"a", "b"}
    open_window(run)
    assert closed_by_plan(run) == {"a", "b"}


def test_what_an_earlier_fallback_created_is_released_too(tmp_path: Path, opening: Journal) -> None:
    earlier = began(tmp_path, Verb.FALLBACK)
    with earlier.intend(StepName.CREATE_BACK, "target", "create", {"names": ["new"]}):
        pass
    earlier.settle("failed", "rolled back")
    assert closed_by_plan(began(tmp_path, Verb.FALLBACK)) == {"a", "b", "new"}


def test_a_release_of_the_domain_that_was_left_ends_the_promise(tmp_path: Path, opening: Journal) -> None:
    state = State(tmp_path, "orders")
    assert followed_opening(state, back=True)
    with opening.intend(StepName.RELEASE, "source", "release", {"names": ["a", "b"]}):
        pass
    assert followed_opening(state, back=True) is None
    with pytest.raises(PreconditionError, match="was released and takes writes of its own"):
        require_way_back(state)


# which domain refuses writes, and what can be cleaned up


def released(run: Journal, *, kept: tuple[str, ...] = ()) -> None:
    with run.step(StepName.RELEASE):
        pass
    run.keep(StepName.RELEASE, ReleaseRecord(released=(), kept=kept))


def test_a_fallback_that_was_rolled_back_leaves_the_block_of_the_cutover_to_be_told(
    tmp_path: Path, opening: Journal
) -> None:
    released(opening, kept=("a", "b"))
    back = began(tmp_path, Verb.FALLBACK)
    back.document.window = WindowEntry(frozen=now(), deadline=now() + timedelta(hours=1), ended=now())
    released(back)
    block = source_block(State(tmp_path, "orders").journals())
    assert block and (block.run_id, block.verb, block.side) == (opening.run_id, "cutover", "source")


def test_after_a_fallback_it_is_the_target_that_refuses_writes(tmp_path: Path, opening: Journal) -> None:
    released(opening, kept=("a", "b"))
    back = began(tmp_path, Verb.FALLBACK)
    open_window(back)
    released(back, kept=("a",))
    block = source_block(State(tmp_path, "orders").journals())
    assert block and (block.verb, block.side, block.indices) == ("fallback", "target", ["a"])
    (first, lift) = block_lines(block, held=False)
    assert first.startswith("The target refuses writes to 1 index since ")
    assert first.endswith("the source is open, and the target keeps refusing them.")
    assert "unfreeze PLAN:target" in lift


def test_nothing_refuses_writes_once_the_domain_that_was_left_was_released(
    tmp_path: Path, opening: Journal
) -> None:
    released(opening, kept=("a", "b"))
    back = began(tmp_path, Verb.FALLBACK)
    open_window(back)
    released(back)
    assert source_block(State(tmp_path, "orders").journals()) is None


def test_what_was_followed_or_brought_back_does_not_keep_the_cutover_from_being_cleaned_up(
    tmp_path: Path, opening: Journal
) -> None:
    followed = began(tmp_path, Verb.FOLLOW)
    followed.document.back = True
    with followed.intend("follow", "target", "apply", {"names": ["a"]}):
        pass
    followed.settle("done", "")
    assert finished_run(State(tmp_path, "orders")).run_id == opening.run_id
