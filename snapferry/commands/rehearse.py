"""`snapferry rehearse`: the whole job for real, under other names, and taken away again."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.options import (
    AllowPartial,
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
    from flows.sessions.session import Options
    from tasks.rehearsal import Rehearsal

EXAMPLE = "Example: snapferry rehearse orders-to-ireland.yaml --only 'orders-2024-*' --execute"
Prefix = Annotated[
    str, typer.Option("--prefix", metavar="TEXT", help="Put in front of every name on the target.")
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="PATTERN",
        help="Rehearse with these indices and data streams only. Repeatable. Default: all that move.",
    ),
]
Keep = Annotated[
    bool, typer.Option("--keep", help="Leave what was made; `snapferry abort` takes it away later.")
]
Shadow = Annotated[
    str | None,
    typer.Option(
        "--shadow",
        metavar="DOMAIN",
        help="Rehearse on a third domain instead of the target: its name, or its https:// URL.",
        show_default=False,
    ),
]


def rehearse(
    plan: PlanFile,
    execute: Execute = False,
    only: Only = None,
    prefix: Prefix = "rehearsal-",
    keep: Keep = False,
    shadow: Shadow = None,
    allow_partial: AllowPartial = False,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Do the whole job into prefixed indices, verify and time it, and remove what it made.

    Snapshot, registrations and indices are removed again by the record of what was made. Exits with 4 when
    something was found that the real run would meet. An interrupted rehearsal is continued.
    """
    from flows.sessions.session import Options
    from tasks.migration import Consents
    from tasks.rehearsal import Rehearsal

    loaded = load(plan)
    wanted = Rehearsal(prefix=_prefix(prefix), only=tuple(only or ()), keep=keep, shadow=shadow)
    _require_shadow(loaded, shadow)
    options = Options(state_folder(state), Consents(partial=allow_partial))
    if execute:
        _run(loaded, wanted, options, as_json=as_json)
    else:
        _show(loaded, wanted, options, plan, as_json=as_json)


def _prefix(text: str) -> str:
    from configs.values.names import check_prefix

    try:
        if not text:
            raise ValueError("give a prefix: without one the target's own names would be used")
        return check_prefix(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--prefix") from None


def _require_shadow(plan: "Plan", shadow: str | None) -> None:
    from tasks.rehearsal import shadowed

    try:
        shadowed(plan, shadow)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--shadow") from None


def _show(plan: "Plan", wanted: "Rehearsal", options: "Options", file: Path, *, as_json: bool) -> None:
    from flows.previews.migration import rehearsal_preview
    from flows.sessions.which_run import unfinished_rehearsal
    from reports.views.plan import plan_view
    from runs.state import State
    from snapferry.console import say, show, show_json

    begun = unfinished_rehearsal(State(options.state, plan.name))
    if begun:
        said = f"Rehearsal {begun.run_id} of this plan is unfinished: --execute goes on with it"
        say(f"{said}; snapferry abort {file} --execute takes away what it has made.")
        if as_json:
            show_json({"unfinished": begun.run_id})
        return
    with errors_end_here():
        document = rehearsal_preview(plan, wanted, options)
    if as_json:
        show_json(document.model_dump_json(indent=2))
    else:
        show(plan_view(document))
    after = "It stays there (--keep)." if wanted.keep else "All of it is removed again at the end."
    say(f"Nothing was changed. {after} To do it: snapferry rehearse {file} --execute (and the same options)")


def _run(plan: "Plan", wanted: "Rehearsal", options: "Options", *, as_json: bool) -> None:
    from snapferry.exit_codes import code_of_run
    from snapferry.running import run_flow, show_end

    with errors_end_here(), terminated_as_interrupted():
        journal = run_flow(plan.name, options.state, partial(_flow, plan, wanted, options))
        show_end(journal, as_json=as_json)
    raise typer.Exit(code_of_run(journal.document))


def _flow(plan: "Plan", wanted: "Rehearsal", options: "Options") -> None:
    from flows.parameters import ConsentParameters
    from flows.rehearse import rehearse as flow

    consents = ConsentParameters(allow_partial=options.consents.partial)
    flow(plan, execute=True, rehearsal=wanted, consents=consents, state=str(options.state))
