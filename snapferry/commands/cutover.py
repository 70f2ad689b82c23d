"""`snapferry cutover`: freeze the source, copy the rest, verify, and open the target."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from snapferry.calls import ExecutableCall, RunningCall
from snapferry.exit_codes import ExitCode
from snapferry.options import ConsentOptions, flow_parameters, run_options
from snapferry.running import Chain, run_and_report, show_preview
from snapferry.verb import verb

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.options import RunOptions

AllowFreeze = Annotated[
    bool, typer.Option("--allow-freeze", help="Consent to blocking writes on the source during the cutover.")
]
Rehearse = Annotated[
    bool,
    typer.Option(
        "--rehearse",
        help="Rehearse the window without freezing the source or opening the target: run a seed round, "
        "verify its copies, and measure how long that takes.",
    ),
]
SourceAfter = Annotated[
    Literal["blocked", "released", "follow"] | None,
    typer.Option(
        "--source-after",
        help="Keep the source blocked or release it once the target is open. Default: cutover.source_after.",
        show_default=False,
    ),
]


@verb(
    "snapferry cutover orders-to-ireland.yaml --execute --allow-freeze",
    "snapferry cutover orders-to-ireland.yaml --execute --rehearse",
)
def cutover(
    call: RunningCall,
    allow: ConsentOptions,
    allow_freeze: AllowFreeze = False,
    source_after: SourceAfter = None,
    rehearse: Rehearse = False,
) -> ExitCode:
    """Freeze the source, copy the rest, verify, open the target.

    The cutover is rolled back if it is interrupted, finds a difference (exit code 4), or is not verified
    within cutover.window (exit code 5): the source accepts writes again, and the copies wait for the next
    cutover. If the process is killed, its guard rolls the cutover back; once the target is being opened, the
    same command finishes that.
    """
    if rehearse:
        _require_no_freeze(allow_freeze, source_after)
    plan = call.load()
    if source_after:
        changed = plan.cutover.model_copy(update={"source_after": source_after})
        plan = plan.model_copy(update={"cutover": changed})
    options = run_options(call.folder, allow.consents(freeze=allow_freeze))
    if rehearse:
        return _rehearse(call, plan, options)
    if call.execute:
        return _execute(call, plan, options)
    from flows.previews.seeding import cutover_preview

    show_preview(call, cutover_preview(plan, options), "--allow-freeze")
    return ExitCode.DONE


def _require_no_freeze(allow_freeze: bool, source_after: str | None) -> None:
    """Refuse options that contradict a rehearsal, which neither freezes nor opens anything."""
    given = "--allow-freeze" if allow_freeze else "--source-after" if source_after else ""
    if given:
        raise typer.BadParameter(
            f"a rehearsal freezes and opens nothing; leave out {given} or --rehearse", param_hint=given
        )


def _rehearse(call: ExecutableCall, plan: "Plan", options: "RunOptions") -> ExitCode:
    if call.execute:
        from flows.sessions.begin_or_resume import Request
        from flows.sessions.verb_rules import SEED

        return run_and_report(call, Request(plan, options), SEED, Chain(_run_rehearsal, _rehearsal_flow))
    from flows.previews.seeding import cutover_rehearsal_preview

    show_preview(call, cutover_rehearsal_preview(plan, options))
    return ExitCode.DONE


def _execute(call: ExecutableCall, plan: "Plan", options: "RunOptions") -> ExitCode:
    from flows.guard.agreement import await_guard
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.cutover import finished_cutover, require_consent
    from flows.sessions.verb_rules import CUTOVER
    from runs.state import State
    from snapferry.exit_codes import code_of_run
    from snapferry.output.console import say
    from snapferry.output.progress import shown_progress
    from snapferry.running import show_report

    with shown_progress():
        await_guard(State(options.state, plan.name))
    journal = finished_cutover(plan, options)
    if journal is None:
        require_consent(plan, options)
        return run_and_report(call, Request(plan, options), CUTOVER, Chain(_run, _flow))
    say(f"Cutover {journal.run_id} has already opened the target.")
    show_report(call, journal)
    return code_of_run(journal.document)


def _run(request: "Request") -> str:
    from flows.chains import cutover as chain

    return chain.run(request)


def _flow(request: "Request") -> str:
    from flows.deployed.cutover import cutover as flow

    return flow(**flow_parameters(request))


def _run_rehearsal(request: "Request") -> str:
    from flows.chains import cutover_rehearsal as chain

    return chain.run(request)


def _rehearsal_flow(request: "Request") -> str:
    from flows.deployed.cutover import rehearse_cutover as flow

    return flow(**flow_parameters(request))
