"""`snapferry seed`: one round of what has changed, to closed copies on the target."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from snapferry.options import (
    AllowDelete,
    AllowPartial,
    AsJson,
    Execute,
    NewRun,
    PlanFile,
    StateFolder,
    errors_end_here,
    load,
    state_folder,
    terminated_as_interrupted,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from configs.plan import Plan
    from flows.session import Options
    from tasks.rounds.ahead import RoundAhead

EXAMPLE = "Example: snapferry seed orders-to-ireland.yaml --execute"


def seed(
    plan: PlanFile,
    execute: Execute = False,
    allow_delete: AllowDelete = None,
    allow_partial: AllowPartial = False,
    new_run: NewRun = False,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take one round of what has changed on the source to closed copies on the target.

    To be repeated, as often as you like: the first round takes everything, each later one what has changed
    since. The source takes writes all the time. `snapferry cutover` then needs a short window only.
    """
    from flows.session import Options
    from tasks.migration import Consents

    loaded = load(plan)
    consents = Consents(frozenset(allow_delete or ()), allow_partial)
    options = Options(state_folder(state), consents, new_run)
    if execute:
        run_round(loaded, options, partial(_flow, loaded, options), as_json=as_json)
    else:
        _show(loaded, options, plan, as_json=as_json)


def _show(plan: "Plan", options: "Options", file: Path, *, as_json: bool) -> None:
    from flows.ahead import seed_ahead

    with errors_end_here():
        found = seed_ahead(plan, options)
    show_ahead(found, file, as_json=as_json)


def show_ahead(found: "RoundAhead", file: Path, *, as_json: bool, options: str = "") -> None:
    """Prints what would be done, and the command that does it."""
    from reports.round_view import ahead_view
    from snapferry.console import say, show, show_json

    if as_json:
        show_json(found.model_dump_json(indent=2))
        return
    show(ahead_view(found))
    if found.continues and not found.frozen:
        say(f"Run {found.continues} is unfinished; --execute goes on with it.")
    say(f"Nothing was changed. To do it: snapferry {found.verb} {file} --execute{options}")


def run_round(plan: "Plan", options: "Options", call: "Callable[[], str]", *, as_json: bool) -> NoReturn:
    """Runs the flow of a round, shows its report, and ends the command with its exit code."""
    from snapferry.exit_codes import code_of_run
    from snapferry.running import run_flow, show_end

    with errors_end_here(), terminated_as_interrupted():
        journal = run_flow(plan.name, options.state, call)
        show_end(journal, as_json=as_json)
    raise typer.Exit(code_of_run(journal.document))


def _flow(plan: "Plan", options: "Options") -> str:
    from flows.migrate import ConsentParameters
    from flows.seed import seed as flow

    consents = ConsentParameters.of(options.consents)
    return flow(plan, execute=True, consents=consents, new_run=options.new_run, state=str(options.state))
