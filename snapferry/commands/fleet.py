"""`snapferry fleet`: many plans, in waves, within limits."""

import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from runs.commands import current
from snapferry.calls import Call
from snapferry.exit_codes import ExitCode
from snapferry.fleet.calls import FleetCall, FleetConsents
from snapferry.next_steps import next_command, same_command, say_next
from snapferry.options import Execute, ListAll
from snapferry.verb import VerbGroup, verb

if TYPE_CHECKING:
    from flows.fleet.workers import Worker
    from reports.model.fleet import FleetReport
    from runs.fleets.journal import FleetJournal

NewRun = Annotated[
    bool,
    typer.Option("--new-run", help="Start a new run of the fleet, and of each of its plans, from the start."),
]
Format = Annotated[
    Literal["console", "json", "markdown", "html"],
    typer.Option("--format", help="Format of the report on standard output."),
]
Wave = Annotated[str, typer.Argument(metavar="WAVE", help="The wave's name.", show_default=False)]


@verb("snapferry fleet check december-weekend.yaml")
def check(call: FleetCall, allow: FleetConsents, all: ListAll = False) -> ExitCode:
    """Run the preflight checks of every plan.

    Shows the failures and warnings of each plan; --all lists every check. Reads only. Exits with 3 if any
    check of any plan fails.
    """
    from configs.values.visible import visible_values
    from flows.check import run_check
    from reports.views.checks import checks_document, checks_view
    from snapferry.output.console import say, show, show_json
    from tasks.migration import Consents

    consents = allow.by_plan(call.fleet.names)
    documents: dict[str, Any] = {}
    for name, member in call.fleet.members.items():
        say(f"{name} ({member.file}):")
        records = run_check(member.plan, consents.get(name, Consents()), folder=call.runs.folder)
        documents[name] = checks_document(records)
        if not call.as_json:
            show(checks_view(visible_values(records), every=all))
    failed = [name for name, found in documents.items() if not found["passed"]]
    to_run = same_command() if failed else next_command("fleet plan")
    if call.as_json:
        show_json({"passed": not failed, "failed": failed, "plans": documents, "next": to_run})
    else:
        said = (
            f"{len(failed)} of {len(documents)} plans fail: {', '.join(failed)}"
            if failed
            else "No plan fails."
        )
        say(said)
        say_next(to_run)
    return ExitCode.REFUSED if failed else ExitCode.DONE


@verb("snapferry fleet plan december-weekend.yaml")
def plan(call: FleetCall, allow: FleetConsents) -> ExitCode:
    """Show what the fleet would do, and when.

    Previews each plan, and puts them in the order in which they would run, with the estimated times. Reads
    only. Exits with 3 if any plan would be refused.
    """
    return _show_forecast(call, allow)


@verb(
    "snapferry fleet run december-weekend.yaml --execute",
    "snapferry fleet run december-weekend.yaml --execute --allow-freeze orders",
)
def run(
    call: FleetCall,
    execute: Execute = False,
    *,
    allow: FleetConsents,
    new_run: NewRun = False,
) -> ExitCode:
    """Run the plans of the fleet, in waves, within its limits.

    The same command resumes it, on this machine or on any other that has the same state. If PREFECT_API_URL
    names a Prefect server, each plan is a run of its deployment there; otherwise each is a process of this
    machine. Without --execute it is `fleet plan`.
    """
    if not execute:
        return _show_forecast(call, allow)
    from flows.fleet.runner import FleetRequest, run_fleet
    from snapferry.output.progress import shown_progress

    consents = allow.by_plan(call.fleet.names)
    request = FleetRequest(call.fleet, call.runs, _worker(call), consents, allow.options, new_run)
    with shown_progress():
        journal = run_fleet(request)
    _write_reports(call, journal)
    return _show_report(call, journal)


@verb("snapferry fleet status december-weekend.yaml", "snapferry fleet status december-weekend.yaml --json")
def status(call: FleetCall, all: ListAll = False) -> None:
    """Show where each plan stands, and what the rest waits for.

    Reads the state only; nothing is sent to the domains.
    """
    journal = call.runs.latest()
    if journal is None:
        _say_none_yet(call)
        return
    _show(call, _report_of(call, journal), every=all)


@verb("snapferry fleet report december-weekend.yaml --format html > fleet.html")
def report(call: FleetCall, format: Format = "console") -> ExitCode:
    """Show what the latest run of the fleet did.

    Reads the state only. Exits as the run did.
    """
    from reports.page.fleet import fleet_page
    from reports.views.fleet_markdown import fleet_markdown
    from snapferry.output.console import print_text, show_json

    journal = call.runs.latest()
    if journal is None:
        _say_none_yet(call)
        return ExitCode.REFUSED
    made = _report_of(call, journal)
    if call.as_json or format == "json":
        show_json(made.model_dump_json(indent=2))
    elif format in {"markdown", "html"}:
        print_text((fleet_markdown if format == "markdown" else fleet_page)(made))
    else:
        _show(call, made, every=True)
    return _code_of(journal)


@verb("snapferry fleet approve december-weekend.yaml rest")
def approve(call: FleetCall, wave: Wave) -> None:
    """Approve a wave, so that it starts once the waves before it are done."""
    from runs.approvals import this_user
    from runs.errors import NothingToApprove
    from snapferry.output.console import say, show_json

    journal = call.runs.latest()
    if journal is None:
        raise NothingToApprove(
            f"there is no run of fleet {call.runs.name} yet", f"start it first: {next_command('fleet run')}"
        )
    given, is_new = call.runs.approve(journal, wave, this_user())
    if call.as_json:
        show_json({**given.model_dump(mode="json"), "created": is_new})
        return
    said = "is approved" if is_new else f"was approved by {given.by} before"
    say(f"Wave {wave} of run {given.run_id} {said}.")
    say_next(next_command("fleet status"))


fleet = VerbGroup(
    "fleet",
    "Run many plans in waves, within limits and a calendar.",
    ("snapferry fleet plan december-weekend.yaml", "snapferry fleet run december-weekend.yaml --execute"),
    (check, plan, run, status, report, approve),
)


def _worker(call: FleetCall) -> "Worker":
    """What runs the plans: deployments of the server that PREFECT_API_URL names, else processes."""
    server = os.environ.get("PREFECT_API_URL", "")
    if not server:
        from snapferry.fleet.processes import ProcessWorker

        return ProcessWorker()
    from domains.http.environment import without_login
    from flows.prefect_runtime.named_server import require_prefect_server
    from snapferry.output.console import say

    require_prefect_server(server)
    from flows.prefect_runtime.deployment_runs import DeploymentWorker

    worker = DeploymentWorker(call.runs.folder, {m.entry.verb for m in call.fleet.members.values()})
    say(f"The plans run as deployments of the Prefect server at {without_login(server)}.")
    return worker


def _show_forecast(call: FleetCall, allow: FleetConsents) -> ExitCode:
    from configs.values.visible import visible_values
    from flows.fleet.preview import fleet_preview
    from reports.views.fleet import forecast_view
    from runs.journal import now
    from snapferry.output.console import say, show, show_json
    from snapferry.output.progress import shown_progress

    consents = allow.by_plan(call.fleet.names)
    with shown_progress():
        found = fleet_preview(call.fleet, call.runs, call.runs.latest(), consents, now())
    needed = [word for options in found.consents.values() for each in options for word in each.split(" ")]
    to_run = same_command("--execute", *needed, verb="fleet run")
    if call.as_json:
        show_json({**found.model_dump(mode="json"), "next": to_run})
    else:
        show(forecast_view(visible_values(found)))
        if found.resumes:
            say(f"Run {found.resumes} of the fleet is unfinished; --execute resumes it.")
        say("Nothing was changed. To go ahead:")
        say_next(to_run)
    return ExitCode.REFUSED if any(each.problem for each in found.plans) else ExitCode.DONE


def _report_of(call: FleetCall, journal: "FleetJournal") -> "FleetReport":
    from reports.build.fleet import fleet_report
    from runs.journal import now

    return fleet_report(call.fleet, call.runs, journal, now(), current())


def _show(call: Call, made: "FleetReport", *, every: bool = False) -> None:
    from reports.views.fleet import fleet_view

    call.show(made, lambda shown: fleet_view(shown, every=every))
    if not call.as_json and made.next_command:
        say_next(made.next_command)


def _write_reports(call: FleetCall, journal: "FleetJournal") -> None:
    """Write the report's files; one that cannot be written can be shown again."""
    from reports.files import fleet_report_files, write_fleet_reports
    from runs.errors import StateUnusable
    from snapferry.output.console import say, warn

    try:
        write_fleet_reports(journal, _report_of(call, journal))
    except (OSError, StateUnusable) as error:
        warn(f"snapferry: the report's files could not be written: {error}")
        return
    for file in fleet_report_files(journal):
        say(f"Report: {file}")


def _show_report(call: FleetCall, journal: "FleetJournal") -> ExitCode:
    _show(call, _report_of(call, journal))
    return _code_of(journal)


def _say_none_yet(call: FleetCall) -> None:
    from snapferry.output.console import say, show_json

    start = next_command("fleet check")
    say(f"There is no run of fleet {call.runs.name} in {call.runs.shown} yet.")
    if call.as_json:
        show_json(
            {"fleet": call.runs.name, "run_id": None, "plans": [], "next": start, "next_command": start}
        )
    else:
        say_next(start)


def _code_of(journal: "FleetJournal") -> ExitCode:
    """0 if every plan is done; else that of the plan that fared worst."""
    from snapferry.fleet.exit_code import code_of_fleet

    return code_of_fleet(journal.document)
