"""The next step after an end that has come before: the same advice again would lead in a circle."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.building import a_plan

from flows.sessions.begin_or_resume import Request, begin_or_resume
from flows.sessions.options import RunOptions
from flows.sessions.verb_rules import SEED
from reports.build.report import report_of
from reports.words.next_step import advice_in
from runs.journal import FROM_OUTSIDE, Journal
from runs.run_status import RunStatus
from runs.state import State
from runs.verbs import Verb

AGAIN = "run the same command again: it takes a new snapshot"
VANISHED = "snapshot orders-{run} vanished from repository repo: somebody has removed it"


def ended(journal: Journal, message: str, step: str = "snapshot", hint: str = AGAIN) -> str:
    """A session fails in this step; what its report advises."""
    with journal.intend(step, "source", "snapshot", {"name": "s"}):
        pass
    with pytest.raises(RuntimeError), journal.step(step):
        raise RuntimeError(message)
    journal.settle(RunStatus.FAILED, message, hint)
    report = report_of(journal.document)
    return advice_in(report.next, report.next_command)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return State(tmp_path, "orders").begin(a_plan(), Verb.MIGRATE)


def test_the_second_same_end_says_where_to_find_the_cause(journal: Journal) -> None:
    first = VANISHED.format(run="20261129-101010123-0af3")
    assert ended(journal, first) == AGAIN
    journal.resume()
    second = ended(journal, VANISHED.format(run="20261129-111213456-77cd"))
    assert second.startswith(
        "the last 2 attempts ended like this, so the same command alone is unlikely to help"
    )
    assert "the source's error log tells why" in second
    assert second.endswith(f"; then: {AGAIN}")
    journal.resume()
    assert ended(journal, first).startswith("the last 3 attempts")


def test_another_cause_begins_anew(journal: Journal) -> None:
    ended(journal, "3 of 10 indices were not restored: a", "restore")
    journal.resume()
    assert ended(journal, "3 of 10 indices were not restored: b", "restore") == AGAIN
    journal.resume()
    assert "GET _cluster/allocation/explain" in ended(
        journal, "2 of 9 indices were not restored: b", "restore"
    )


def test_an_interruption_is_no_cause(journal: Journal) -> None:
    for _ in range(2):
        assert "attempts" not in ended(journal, FROM_OUTSIDE, hint="")
        journal.resume()


def test_a_run_that_begins_anew_remembers_the_one_before_it(tmp_path: Path) -> None:
    """A refused round, or a cutover that was rolled back, is not resumed: the next one is another run."""
    request = Request(a_plan(), RunOptions(state=tmp_path))
    said = "POST /_aliases was refused; nothing was opened"
    for times in (1, 2, 3):
        journal = begin_or_resume(request, SEED)
        journal.document.message = ""
        with pytest.raises(RuntimeError), journal.step("set aliases"):
            raise RuntimeError(said)
        journal.settle(RunStatus.REFUSED, said, "seed again")
        found = report_of(journal.document).next
        assert ("attempts" in found) == (times > 1)
        assert found.endswith("seed again")
    journal = begin_or_resume(request, SEED)
    journal.settle(RunStatus.DONE)
    journal = begin_or_resume(request, SEED)
    journal.settle(RunStatus.REFUSED, said, "seed again")
    assert report_of(journal.document).next == "seed again", "it went well in between"
