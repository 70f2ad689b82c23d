"""The rounds of a session of `follow`: until told, until it may be cut over, and never while it is paused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.building import a_migration
from support.fake_domain import FakeDomain

from domains.errors import SnapferryError, UnexpectedReply
from flows.chains import follow
from flows.chains.steps import perform
from runs.journal import Journal
from runs.progress import TailReason
from runs.state import State
from tasks import steps
from tasks.migration import Migration
from tasks.records.tail import FollowRecord, TailIndex, TailRound
from tasks.tail.outlook import Restored


class Rounds:
    """In place of the tail: rounds that bring over ten documents each.

    Args:
        ready: whether a cutover may begin after them: the last round of the window would be short.
    """

    def __init__(self, *, ready: bool = True) -> None:
        self.taken = 0
        self._seconds = 0.1 if ready else 10_000.0
        self.state = (TailIndex(name="a", target="a"),)

    def round(self, _: Migration) -> TailRound:
        """Take one."""
        self.taken += 1
        return TailRound(read=10, written=10, seconds=self._seconds, operations=10)


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain, monkeypatch: pytest.MonkeyPatch) -> Migration:
    monkeypatch.setattr(follow, "_EVERY_S", 0.0)
    monkeypatch.setattr(follow, "_RECORDED_EVERY_S", 0.0)
    return a_migration(tmp_path, source, target)


def followed(m: Migration, rounds: Rounds, *, told_after: int, until_ready: bool = False) -> FollowRecord:
    """How it ended; it is told to end when it has asked so often."""
    tail: Any = rounds
    asked = 0

    def told() -> bool:
        nonlocal asked
        asked += 1
        return asked > told_after

    loop = follow._Loop(m, tail, Restored())
    return perform(m, steps.FOLLOW, lambda: loop.run(told, until_ready=until_ready))


def pause_file(m: Migration) -> Path:
    return State.of(m.journal).runs / "follow.pause"


def test_rounds_are_taken_until_told(m: Migration) -> None:
    rounds = Rounds()
    record = followed(m, rounds, told_after=6)
    assert rounds.taken == record.rounds > 1
    assert (record.written, record.can_cut_over) == (10 * rounds.taken, True)


def test_told_before_the_first_round_takes_none(m: Migration) -> None:
    rounds = Rounds()
    assert followed(m, rounds, told_after=0).rounds == rounds.taken == 0


def test_until_ready_ends_as_soon_as_it_may_be_cut_over(m: Migration) -> None:
    rounds = Rounds()
    assert followed(m, rounds, told_after=100, until_ready=True).can_cut_over
    assert rounds.taken == 1


def test_until_ready_goes_on_while_it_may_not(m: Migration) -> None:
    rounds = Rounds(ready=False)
    record = followed(m, rounds, told_after=8, until_ready=True)
    assert rounds.taken > 1
    assert (record.can_cut_over, "cutover.window" in record.why) == (False, True)


def test_no_round_begins_while_the_pause_file_is_there(m: Migration) -> None:
    pause_file(m).touch()
    rounds = Rounds()
    record = followed(m, rounds, told_after=6, until_ready=True)
    assert rounds.taken == 0
    assert (record.paused, record.can_cut_over) == (True, False)
    assert str(pause_file(m)) in record.why
    assert record.reason is TailReason.PAUSED


def test_it_goes_on_once_the_pause_file_is_removed(m: Migration) -> None:
    pause_file(m).touch()
    followed(m, Rounds(), told_after=4)
    pause_file(m).unlink()
    record = followed(m, Rounds(), told_after=4)
    assert (record.paused, record.can_cut_over) == (False, True)


def test_status_can_show_how_it_stands_while_it_works(m: Migration) -> None:
    class Interrupted(Rounds):
        def round(self, _: Migration) -> TailRound:
            if self.taken == 3:
                raise KeyboardInterrupt
            return super().round(_)

    with pytest.raises(KeyboardInterrupt):
        followed(m, Interrupted(), told_after=100)
    kept = Journal.load(m.journal.path).record("follow")
    assert kept is not None
    assert FollowRecord.model_validate(kept).rounds == 3
    of_an_earlier_version = {key: value for key, value in kept.items() if key != "reason"}
    assert FollowRecord.model_validate(of_an_earlier_version).reason is None


class Failing(Rounds):
    """The first rounds fail.

    Args:
        failures: what they raise, one after the other.
    """

    def __init__(self, *failures: SnapferryError) -> None:
        super().__init__()
        self._failures = list(failures)

    def round(self, _: Migration) -> TailRound:
        """Fail, or take one."""
        if self._failures:
            raise self._failures.pop(0)
        return super().round(_)


def test_errors_that_pass_do_not_end_the_session_however_many_there_are(m: Migration) -> None:
    rounds = Failing(*[UnexpectedReply("target", "busy", transient=True) for _ in range(7)])
    found = followed(m, rounds, told_after=30)
    assert found.rounds == rounds.taken > 1 and found.can_cut_over


def test_after_a_round_that_failed_nothing_may_be_cut_over(m: Migration) -> None:
    found = followed(m, Failing(UnexpectedReply("target", "busy", transient=True)), told_after=1)
    assert found.can_cut_over is False and "the latest round failed, and is tried again" in found.why
    assert found.reason is TailReason.ROUND_FAILED


def test_an_error_that_stays_ends_the_session(m: Migration) -> None:
    with pytest.raises(UnexpectedReply):
        followed(m, Failing(UnexpectedReply("target", "nonsense")), told_after=9)
