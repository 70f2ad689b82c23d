"""`snapferry finish`: what a finished migration or cutover has left is settled."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from snapferry.exit_codes import ExitCode
from snapferry.options import (
    AsJson,
    Execute,
    PlanFile,
    StateFolder,
    errors_end_here,
    load,
    state_folder,
    terminated_as_interrupted,
)

if TYPE_CHECKING:
    from configs.plan import Plan
    from domains.errors import SnapferryError
    from flows.finish import Choices
    from flows.sessions.session import Options
    from runs.journal import Intent
    from runs.state import State

EXAMPLE = "Example: snapferry finish orders-to-ireland.yaml --source released --execute"
Snapshots = Annotated[
    Literal["keep", "drop"] | None,
    typer.Option("--snapshots", help="Of the run and its seed rounds. Default: keep.", show_default=False),
]
Registrations = Annotated[
    Literal["keep", "remove"] | None,
    typer.Option(
        "--registrations",
        help="Of the repository, on both sides. Default: remove, or put back what was there before.",
        show_default=False,
    ),
]
Source = Annotated[
    Literal["blocked", "released"] | None,
    typer.Option(
        "--source",
        help="What becomes of the block that the cutover has put on the source. Default: as it stands.",
        show_default=False,
    ),
]


def finish(
    plan: PlanFile,
    execute: Execute = False,
    snapshots: Snapshots = None,
    registrations: Registrations = None,
    source: Source = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Settle what a finished migration or cutover has left: snapshots, registrations, the source's block.

    What was moved is not touched. May be given again with other choices. Without --execute: only show it.
    """
    loaded = load(plan)
    from flows.finish import Choices
    from flows.sessions.session import Options

    options, choices = Options(state_folder(state)), Choices(snapshots, registrations, source)
    with errors_end_here(), terminated_as_interrupted():
        if execute:
            _do(loaded, options, choices, as_json=as_json)
        else:
            _show(loaded, options, choices, plan, as_json=as_json)


def _show(plan: "Plan", options: "Options", choices: "Choices", file: Path, *, as_json: bool) -> None:
    from flows.finish import preview
    from reports.views.cleanup import finish_preview_view
    from snapferry.console import say, show, show_json

    found = preview(plan, options, choices)
    if as_json:
        show_json(found.model_dump_json(indent=2))
    elif not found.finished:
        show(finish_preview_view(found))
    if found.finished:
        say(f"Run {found.run_id} is settled already.")
        return
    given = "".join(
        f" --{name} {value}"
        for name, value in (
            ("snapshots", choices.snapshots),
            ("registrations", choices.registrations),
            ("source", choices.source),
        )
        if value
    )
    say(f"Nothing was changed. To do it: snapferry finish {file}{given} --execute")


def _do(plan: "Plan", options: "Options", choices: "Choices", *, as_json: bool) -> None:
    from domains.errors import SnapferryError
    from flows.finish import finish as settle
    from flows.finish import finished_run
    from reports.views.cleanup import cleanup_document, finish_view
    from runs.state import State
    from snapferry.console import complain, say, show, show_json
    from snapferry.progress import shown_progress

    state = State(options.state, plan.name)
    before, sent = finished_run(state), len(_sent(state))
    try:
        with shown_progress():
            settled = settle(plan, options, choices)
    except SnapferryError as error:
        done = _sent(state)[sent:]
        if not done:
            raise
        complain(error)
        said = (f"{each.side} {each.action} {', '.join(each.names)}" for each in done)
        say(f"Done before that: {'; '.join(said)}. The same command goes on.")
        raise typer.Exit(_code(error)) from None
    if settled == before.document.recorded("finish", type(settled)):
        say(f"Run {before.run_id} is settled already.")
    if as_json:
        show_json(cleanup_document(settled))
    else:
        show(finish_view(settled))


def _sent(state: "State") -> "list[Intent]":
    """Every request of the plan's runs that has taken effect, oldest first: rounds keep book of their own."""
    intents = (intent for journal in state.journals() for intent in journal.document.intents)
    return sorted((each for each in intents if each.result == "sent"), key=lambda each: each.at)


def _code(error: "SnapferryError") -> ExitCode:
    """The code of an error after the first change."""
    from snapferry.exit_codes import code_of_error

    code = code_of_error(error)
    return ExitCode.FAILED if code == ExitCode.REFUSED else code
