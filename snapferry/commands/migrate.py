"""`snapferry migrate`: the job."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from configs.plan import Plan
from snapferry.commands.plan import resolved, show_document, show_planned
from snapferry.exit_codes import ExitCode
from snapferry.options import (
    AllowDelete,
    AllowPartial,
    AsJson,
    Execute,
    NewRun,
    PlanFile,
    StateFolder,
    errors_end_here,
    load_either,
    state_folder,
    terminated_as_interrupted,
)

if TYPE_CHECKING:
    from tasks.records.plan_document import PlanDocument

EXAMPLE = "Example: snapferry migrate orders-to-ireland.yaml --execute"


@dataclass(frozen=True)
class Options:
    """What was chosen on the command line.

    Args:
        saved: the saved plan that is executed, where `file` holds one.
        next_step: replaces the report's advice after a run that is done.
    """

    plan: Plan
    file: Path
    state: Path
    allow_delete: tuple[str, ...]
    allow_partial: bool
    new_run: bool
    as_json: bool
    saved: "PlanDocument | None" = None
    next_step: str = ""


def migrate(
    plan: PlanFile,
    execute: Execute = False,
    allow_delete: AllowDelete = None,
    allow_partial: AllowPartial = False,
    new_run: NewRun = False,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Move the plan's indices from source to target and verify them.

    An unfinished run is continued; a finished one shows its report and exits as it did. Uses the Prefect
    server named by PREFECT_API_URL, else a temporary one.
    """
    from flows.sessions.session import Options as Session
    from tasks.migration import Consents

    loaded, saved = load_either(plan)
    folder, consents = state_folder(state), Consents(frozenset(allow_delete or ()), allow_partial)
    if execute:
        deletions = tuple(allow_delete or ())
        raise typer.Exit(
            run(Options(loaded, plan, folder, deletions, allow_partial, new_run, as_json, saved))
        )
    found = resolved(loaded, saved, Session(folder, consents, new_run))
    if as_json:
        show_document(found.document)
    else:
        show_planned(found, plan)


def run(options: Options) -> ExitCode:
    """Runs or continues the migration, shows the report, and returns the exit code."""
    from flows.sessions.notifications import notify_end_again
    from flows.sessions.session import Options as Session
    from flows.sessions.session import finished_before
    from runs.state import State
    from snapferry.console import say
    from snapferry.exit_codes import code_of_run
    from snapferry.running import run_flow, show_end

    with errors_end_here(), terminated_as_interrupted():
        asked = Session(options.state, new_run=options.new_run)
        journal = finished_before(options.plan, asked, options.saved)
        if journal:
            another = "save the plan anew for another" if options.saved else "--new-run starts another"
            say(f"Run {journal.run_id} has finished already; {another}.")
            notify_end_again(options.plan, State(options.state, options.plan.name), journal)
        else:
            journal = run_flow(options.plan.name, options.state, partial(_flow, options))
        show_end(journal, as_json=options.as_json, next_step=options.next_step)
    return code_of_run(journal.document)


def _flow(options: Options) -> str:
    from flows.migrate import migrate
    from flows.parameters import ConsentParameters

    consents = ConsentParameters(allow_delete=list(options.allow_delete), allow_partial=options.allow_partial)
    return migrate(
        options.plan,
        execute=True,
        consents=consents,
        new_run=options.new_run,
        state=str(options.state),
        saved_plan=str(options.file) if options.saved else None,
    )
