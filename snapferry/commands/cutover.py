"""`snapferry cutover`: the source frozen, the last round, verified, and the target opened."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from snapferry.options import (
    AllowDelete,
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
from snapferry.running import run_round, show_preview

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.parameters import ConsentParameters
    from flows.sessions.session import Options

EXAMPLE = "Example: snapferry cutover orders-to-ireland.yaml --execute --allow-freeze"
AllowFreeze = Annotated[
    bool, typer.Option("--allow-freeze", help="Consent to making the source refuse writes.")
]
Rehearse = Annotated[
    bool,
    typer.Option("--rehearse", help="Do all of it but the freeze and the opening: a seed round, compared."),
]
SourceAfter = Annotated[
    Literal["blocked", "released"] | None,
    typer.Option(
        "--source-after",
        help="Override cutover.source_after: blocked or released, once the target is open.",
        show_default=False,
    ),
]


def cutover(
    plan: PlanFile,
    execute: Execute = False,
    allow_freeze: AllowFreeze = False,
    source_after: SourceAfter = None,
    rehearse: Rehearse = False,
    allow_delete: AllowDelete = None,
    allow_partial: AllowPartial = False,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Freeze the source, take the last round, verify every operation, and open the target.

    What is not verified within cutover.window is put back: the source takes writes again, the copies wait for
    the next cutover. Exits with 5 then, and with 4 when a difference was found. An interrupted cutover puts
    everything back as well; one that was killed is finished or put back by the same command.

    With --rehearse nothing is frozen or opened: the copies are opened for reading, compared and closed again,
    so that the window is known.
    """
    from flows.sessions.session import Options
    from tasks.migration import Consents

    if rehearse:
        _require_alone(allow_freeze, source_after)
    loaded = load(plan)
    if source_after:
        changed = loaded.cutover.model_copy(update={"source_after": source_after})
        loaded = loaded.model_copy(update={"cutover": changed})
    consents = Consents(frozenset(allow_delete or ()), allow_partial, allow_freeze)
    options = Options(state_folder(state), consents)
    if execute and rehearse:
        run_round(loaded, options, partial(_rehearsal, loaded, options), as_json=as_json)
    elif execute:
        _run(loaded, options, as_json=as_json)
    elif rehearse:
        _show_rehearsal(loaded, options, plan, as_json=as_json)
    else:
        more = f" --source-after {source_after}" if source_after else ""
        _show(loaded, options, plan, f" --allow-freeze{more}", as_json=as_json)


def _require_alone(allow_freeze: bool, source_after: str | None) -> None:
    """A rehearsal freezes and opens nothing: whoever gives more than that means something else."""
    given = "--allow-freeze" if allow_freeze else "--source-after" if source_after else ""
    if given:
        raise typer.BadParameter(
            f"a rehearsal freezes and opens nothing; leave out {given}, or --rehearse", param_hint=given
        )


def _show(plan: "Plan", options: "Options", file: Path, more: str, *, as_json: bool) -> None:
    from flows.previews.seeding import cutover_preview

    with errors_end_here():
        found = cutover_preview(plan, options)
    show_preview(found, file, as_json=as_json, options=more)


def _show_rehearsal(plan: "Plan", options: "Options", file: Path, *, as_json: bool) -> None:
    from flows.previews.seeding import cutover_rehearsal_preview

    with errors_end_here():
        found = cutover_rehearsal_preview(plan, options)
    show_preview(found, file, as_json=as_json, options=" --rehearse")


def _run(plan: "Plan", options: "Options", *, as_json: bool) -> None:
    from flows.sessions.cutover import finished_cutover, require_consent
    from snapferry.console import say
    from snapferry.exit_codes import code_of_run
    from snapferry.running import run_flow, show_end

    with errors_end_here(), terminated_as_interrupted():
        journal = finished_cutover(plan, options)
        if journal:
            say(f"Cutover {journal.run_id} has opened the target already.")
        else:
            require_consent(plan, options)
            journal = run_flow(plan.name, options.state, partial(_flow, plan, options))
        show_end(journal, as_json=as_json)
    raise typer.Exit(code_of_run(journal.document))


def _flow(plan: "Plan", options: "Options") -> str:
    from flows.cutover import cutover as flow

    return flow(plan, execute=True, consents=_consents(options), state=str(options.state))


def _rehearsal(plan: "Plan", options: "Options") -> str:
    from flows.cutover_rehearsal import rehearse_cutover as flow

    return flow(plan, execute=True, consents=_consents(options), state=str(options.state))


def _consents(options: "Options") -> "ConsentParameters":
    from flows.parameters import ConsentParameters

    return ConsentParameters.of(options.consents)
