"""A fleet's report: what it says of plans that are done, failed, waiting or held up."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from support.fleets import MONDAY, FleetClock, MemoryWorker, a_fleet

from configs.fleet.loading import LoadedFleet
from flows.fleet.runner import FleetRequest, run_fleet
from reports.build.fleet import fleet_report
from reports.files import fleet_report_files, write_fleet_reports
from reports.model.fleet import FleetReport
from reports.page.fleet import fleet_page
from reports.views.fitting import text_of
from reports.views.fleet import fleet_view
from reports.views.fleet_markdown import fleet_markdown
from runs.commands import Called
from runs.fleets.journal import FleetJournal, PlanStatus
from runs.fleets.state import FleetState


def _run(tmp_path: Path, fleet: LoadedFleet, **worker: Any) -> tuple[FleetReport, FleetJournal]:
    state, clock = FleetState(tmp_path / "state", "weekend"), FleetClock()
    request = FleetRequest(fleet, state, MemoryWorker(state.folder, clock, **worker))
    journal = run_fleet(request, clock=clock.now, sleep=clock.sleep)
    called = Called(verb="fleet run", plan="fleet.yaml")
    return fleet_report(fleet, state, journal, clock.now(), called), journal


def test_what_failed_says_why_and_the_rest_says_what_it_waits_for(tmp_path: Path) -> None:
    plans = {"users": {}, "orders": {"after": ["users"]}, "logs": {}}
    fleet = a_fleet(tmp_path, plans, limits={"total": 1})
    report, _ = _run(tmp_path, fleet, ends={"users": [PlanStatus.FAILED]})
    said = text_of(fleet_view(report))
    assert "ended: 0 of 3 plans done, 1 not, 2 not started" in said
    assert "users: it is failed" in said
    assert "not started: it comes after users" in said
    assert "not started any more: the stop rule" in said
    assert report.next_command == "snapferry fleet run fleet.yaml --execute"
    assert "put right what failed" in report.next


def test_a_fleet_that_is_done_adds_up(tmp_path: Path) -> None:
    report, journal = _run(tmp_path, a_fleet(tmp_path, ["users", "orders"]))
    assert (report.totals.plans, report.totals.done, report.totals.failed) == (2, 2, 0)
    assert report.next_command == "snapferry fleet report fleet.yaml"
    assert {plan.status for plan in report.plans} == {PlanStatus.DONE}
    assert all(plan.seconds and plan.worker.startswith("memory") for plan in report.plans)
    write_fleet_reports(journal, report)
    as_json, as_markdown, as_page = fleet_report_files(journal)
    assert FleetReport.model_validate_json(as_json.read_text()) == report
    assert "**Done and verified: 2 of 2 plans done" in as_markdown.read_text()
    assert "<h1" in as_page.read_text() and "<script src" not in as_page.read_text()


def test_a_blackout_and_a_wave_are_told(tmp_path: Path) -> None:
    waves = [{"name": "canary", "plans": ["users"]}, {"name": "rest", "plans": ["*"], "approval": True}]
    blackout = [{"days": ["mon"], "from": "06:00", "until": "20:00", "why": "office hours"}]
    fleet = a_fleet(tmp_path, ["users", "orders"], waves=waves, blackouts=blackout)
    state = FleetState(tmp_path / "state", "weekend")
    clock = FleetClock(MONDAY + timedelta(hours=9))  # after it
    clock.happens = lambda: _approve(state)
    journal = run_fleet(
        FleetRequest(fleet, state, MemoryWorker(state.folder, clock)), clock=clock.now, sleep=clock.sleep
    )
    done = fleet_report(fleet, state, journal, MONDAY)
    assert done.blackout == "", "it is over"
    assert "rest: 1 of 1 plan done, approved by me@here" in text_of(fleet_view(done))
    journal.document.status = type(journal.document.status)("interrupted")
    standing = fleet_report(fleet, state, journal, MONDAY)
    assert standing.blackout == "blackout until 2026-12-07 20:00:00 UTC (office hours)"
    assert "Nothing is started now" in text_of(fleet_view(standing))


def _approve(state: FleetState) -> None:
    journal = state.latest()
    if journal and not state.approval(journal, "rest"):
        state.approve(journal, "rest", "me@here")


def test_no_message_is_markup(tmp_path: Path) -> None:
    report, _ = _run(tmp_path, a_fleet(tmp_path, ["users"]))
    evil = report.plans[0].model_copy(update={"message": "<img src=x onerror=alert(1)> | `x`\n# title"})
    report = report.model_copy(update={"plans": [evil]})
    assert "<img" not in fleet_page(report)
    assert "<img" not in fleet_markdown(report) and "\n# title" not in fleet_markdown(report)
