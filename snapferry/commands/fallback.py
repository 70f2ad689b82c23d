"""`snapferry fallback`: go back to the source, with everything that the target has taken since."""

from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import RunningCall
from snapferry.exit_codes import ExitCode
from snapferry.options import ConsentOptions, flow_parameters, run_options
from snapferry.running import Chain, run_and_report
from snapferry.verb import verb

if TYPE_CHECKING:
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.options import RunOptions
    from runs.journal import Journal

AllowFreeze = Annotated[
    bool, typer.Option("--allow-freeze", help="Consent to blocking writes on the target during the fallback.")
]


@verb("snapferry fallback orders-to-ireland.yaml --execute --allow-freeze")
def fallback(call: RunningCall, allow: ConsentOptions, allow_freeze: AllowFreeze = False) -> ExitCode:
    """Go back to the source, with what the target took since.

    Only after a cutover whose plan promised it (cutover.source_after: follow). Freezes the target, brings the
    last of its writes back, proves both sides equal, and lets the source accept writes again. It is rolled
    back if it is interrupted, finds a difference (exit code 4) or is not proved within cutover.window (exit
    code 5): the target accepts writes again.
    """
    from flows.previews.fallback import fallback_preview
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.verb_rules import FALLBACK
    from reports.views.fallback import fallback_view
    from reports.words.common import EXCHANGED
    from runs.begun_plan import exchanged
    from snapferry.exit_codes import code_of_run
    from snapferry.next_steps import same_command, say_next
    from snapferry.output.console import say
    from snapferry.running import show_report

    plan = exchanged(call.load())
    options = run_options(call.folder, allow.consents(freeze=allow_freeze))
    if call.execute:
        finished = _finished(options, plan.name)
        if finished:
            say(f"Fallback {finished.run_id} has already opened the source.")
            show_report(call, finished)
            return code_of_run(finished.document)
        _require_consent(allow_freeze)
        say(EXCHANGED)
        return run_and_report(call, Request(plan, options), FALLBACK, Chain(_run, _flow))
    call.show(fallback_preview(plan, options), fallback_view)
    if not call.as_json:
        say("Nothing was changed. To go ahead:")
        say_next(same_command("--execute", "--allow-freeze"))
    return ExitCode.DONE


def _finished(options: "RunOptions", plan: str) -> "Journal | None":
    """The fallback that has brought the plan back to its source; None while there is none.

    First it waits for a guard that rolls back a killed one.
    """
    from flows.guard.agreement import await_guard
    from flows.sessions.which_run import finished_fallback
    from runs.state import State
    from snapferry.output.progress import shown_progress

    with shown_progress():
        await_guard(State(options.state, plan))
    return finished_fallback(State(options.state, plan))


def _require_consent(allow_freeze: bool) -> None:
    from tasks.errors import PreconditionError

    if not allow_freeze:
        raise PreconditionError(
            "the fallback makes the target refuse writes, which needs your consent: --allow-freeze",
            hint="`snapferry fallback PLAN` shows what it would do",
        )


def _run(request: "Request") -> str:
    from flows.chains import fallback as chain

    return chain.run(request)


def _flow(request: "Request") -> str:
    from dataclasses import replace

    from flows.deployed.fallback import fallback as flow
    from runs.begun_plan import exchanged

    return flow(**flow_parameters(replace(request, plan=exchanged(request.plan))))
