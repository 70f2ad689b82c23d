"""The window: waits end with it, a restart does not prolong it, and its end is reported as such."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.building import Clock, a_migration
from support.fake_domain import FakeDomain
from support.rounds import freeze_began, intended

from runs.begun_plan import require_same_plan
from runs.errors import PlanChanged
from runs.journal import Journal, now
from runs.lifecycle import opening_has_begun
from runs.state import State
from runs.verbs import Verb
from tasks.cutover import window
from tasks.migration import Migration


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Migration:
    """A cutover with a window of twenty minutes."""
    return a_migration(tmp_path, source, target, clock=Clock(), cutover={"window": "20m"})


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The current instant, which tests move."""
    at = [now()]
    monkeypatch.setattr(window, "now", lambda: at[0])
    return at


def test_a_continued_run_keeps_its_window(m: Migration, instant: list[datetime]) -> None:
    first = window.begin(m)
    assert first.deadline == first.frozen + timedelta(minutes=20)
    instant[0] += timedelta(minutes=15)
    again = Journal.load(m.journal.path)
    assert window.begin(Migration(m.plan, m.source, m.target, again)) == first


def test_every_wait_inside_ends_with_the_window_however_much_moves(
    m: Migration, instant: list[datetime]
) -> None:
    window.begin(m)
    limit_waits = window.limit_waits(m)
    polls = [limit_waits.poll(limit) for limit in (None, 1800.0)]
    assert not any(poll.expired for poll in polls)
    instant[0] += timedelta(minutes=20)
    for poll in polls:
        poll.restart()  # something moved
    assert all(poll.expired for poll in polls)


def test_a_wait_may_end_before_the_window(m: Migration, instant: list[datetime]) -> None:
    window.begin(m)
    assert window.limit_waits(m).poll(0.0).expired


def test_without_a_window_waits_are_as_they_were(m: Migration) -> None:
    assert window.limit_waits(m) is m
    window.require_time(m)
    assert not window.is_frozen(m) and not window.is_opening(m)


def test_nothing_begins_after_the_deadline(m: Migration, instant: list[datetime]) -> None:
    window.begin(m)
    window.require_time(m)
    instant[0] += timedelta(minutes=20)
    with pytest.raises(window.WindowOver, match="the window of 20m has passed") as raised:
        window.require_time(m)
    assert "the next cutover continues from the copies" in raised.value.hint


def test_the_window_ends_once(m: Migration, instant: list[datetime]) -> None:
    window.begin(m)
    assert window.is_frozen(m)
    window.begin_opening(m)
    window.end(m)
    ended = freeze_entry(m).ended
    instant[0] += timedelta(minutes=1)
    window.end(m)
    assert freeze_entry(m).ended == ended and not window.is_frozen(m)


def freeze_entry(m: Migration):
    """The window as the journal's file has it."""
    found = Journal.load(m.journal.path).document.window
    assert found
    return found


def test_an_opening_that_has_sent_nothing_is_withdrawn_and_the_deadline_stays(
    m: Migration, instant: list[datetime]
) -> None:
    """Killed right before: whoever goes on must look whether the source has stood still since."""
    before = window.begin(m).deadline
    window.begin_opening(m)
    assert window.is_opening(m) and not opening_has_begun(m.journal.document)
    window.withdraw_opening(m)
    assert not window.is_opening(m) and freeze_entry(m).opening is None
    assert freeze_entry(m).deadline == before


def test_an_opening_that_may_have_sent_something_has_begun(m: Migration) -> None:
    freeze_began(m)
    window.begin_opening(m)
    intended(m.journal, "alias", "all")
    assert not opening_has_begun(m.journal.document), "nothing takes writes by an alias"
    m.journal.document.intents.clear()
    intended(m.journal, "serve", "a")
    m.journal.document.intents[-1].result = None
    assert opening_has_begun(m.journal.document)
    for refused in ("denied", "refused: validation_exception"):
        m.journal.document.intents[-1].result = refused
        assert not opening_has_begun(m.journal.document), "what was refused has opened nothing"


def test_a_changed_plan_is_told_the_command_that_lifts_the_block(m: Migration) -> None:
    m.journal.document.verb = Verb.CUTOVER
    other = m.plan.model_copy(update={"indices": m.plan.indices.model_copy(update={"include": ["a"]})})
    with pytest.raises(PlanChanged) as raised:
        require_same_plan(m.journal, other)
    assert "snapferry abort PLAN --execute" in raised.value.hint and "--new-run" not in raised.value.hint


def test_a_run_with_a_window_is_gone_on_with_even_when_it_has_sent_nothing(m: Migration) -> None:
    """Killed before the first block was sent: `status` shows the window, so that `abort` must find it."""
    m.journal.document.verb = Verb.CUTOVER
    m.journal.save()
    state = State.of(m.journal)
    assert state.unfinished("cutover") is None
    freeze_began(m)
    found = state.unfinished("cutover")
    assert found is not None and found.run_id == m.journal.run_id
