"""`snapferry migrate`: move the indices and verify them."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from snapferry.calls import ExecutableCall, RunningCall
from snapferry.commands.plan import previewed, show_migration_preview
from snapferry.exit_codes import ExitCode
from snapferry.options import ConsentOptions, NewRun, flow_parameters, run_options
from snapferry.plan_files import load_either
from snapferry.verb import verb

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.options import RunOptions
    from runs.journal import Journal
    from tasks.records.plan_document import PlanDocument


@verb("snapferry migrate orders-to-ireland.yaml --execute")
def migrate(call: RunningCall, allow: ConsentOptions, new_run: NewRun = False) -> ExitCode | None:
    """Move the plan's indices to the target and verify them.

    The same command resumes an unfinished run. For a finished run it shows the report again and exits with
    the same code. If PREFECT_API_URL names a Prefect server, the run is a flow run there.
    """
    plan, saved = load_either(call.file)
    options = run_options(call.folder, allow.consents(), new_run=new_run)
    if call.execute:
        return execute(call, plan, options, saved)
    show_migration_preview(call, previewed(plan, saved, options))
    return None


def execute(
    call: ExecutableCall,
    plan: "Plan",
    options: "RunOptions",
    saved: "PlanDocument | None" = None,
    *,
    then: str = "",
) -> ExitCode:
    """Start or resume the migration, show its report, and return its exit code.

    Args:
        saved: the saved plan that is executed, if the call's file holds one.
        then: the verb of the next step after a run that is done, instead of the report's own.

    Raises:
        SnapferryError, KeyboardInterrupt: no run was started or resumed.
    """
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.verb_rules import MIGRATE, finished_before
    from snapferry.exit_codes import code_of_run
    from snapferry.output.console import say
    from snapferry.running import Chain, run_chain, show_report

    journal = finished_before(plan, options, saved)
    if journal:
        another = "save the plan again to start another" if saved else "--new-run starts another"
        say(f"Run {journal.run_id} has already finished; {another}.")
        _notify_again(plan, options, journal)
    else:
        flow = partial(_flow, call.file if saved else None)
        journal = run_chain(Request(plan, options, saved), MIGRATE, Chain(_run, flow))
    show_report(call, journal, then=then)
    return code_of_run(journal.document)


def _notify_again(plan: "Plan", options: "RunOptions", journal: "Journal") -> None:
    from flows.sessions.notifications import notify_end_again
    from runs.state import State

    notify_end_again(plan, State(options.state, plan.name), journal)


def _run(request: "Request") -> str:
    from flows.chains import migrate as chain

    return chain.run(request)


def _flow(saved_plan: Path | None, request: "Request") -> str:
    from flows.deployed.migrate import migrate as flow

    saved = str(saved_plan.absolute()) if saved_plan else None
    return flow(**flow_parameters(request), new_run=request.options.new_run, saved_plan=saved)
