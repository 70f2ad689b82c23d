"""`snapferry follow`: keep the copies in step by the tail, until told or until it may be cut over."""

from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import RunningCall
from snapferry.exit_codes import ExitCode
from snapferry.options import ConsentOptions, flow_parameters, run_options
from snapferry.running import Chain, run_and_report, show_preview
from snapferry.verb import verb

if TYPE_CHECKING:
    from flows.sessions.begin_or_resume import Request

UntilReady = Annotated[
    bool, typer.Option("--until-ready", help="End as soon as a cutover may begin, instead of when told.")
]


@verb(
    "snapferry follow orders-to-ireland.yaml --execute",
    "snapferry follow orders-to-ireland.yaml --execute --until-ready",
)
def follow(call: RunningCall, allow: ConsentOptions, until_ready: UntilReady = False) -> ExitCode:
    """Keep the copies in step with the source, by document.

    Reads what changes on the source by sequence number, and writes it to the copies that seed rounds have
    made, round after round, until Ctrl-C or SIGTERM. Nobody else can write to them. The source accepts writes
    all the time. `snapferry cutover` then needs a window of seconds.

    After a cutover whose plan promised a way back (cutover.source_after: follow), it keeps the domain that
    the cutover has left in step with the one that clients use now; `snapferry fallback` then takes seconds.
    """
    from flows.sessions.following import direction

    plan, rules = direction(call.load(), call.folder)
    options = run_options(call.folder, allow.consents()).model_copy(update={"until_ready": until_ready})
    if call.execute:
        from flows.sessions.begin_or_resume import Request

        return run_and_report(call, Request(plan, options), rules, Chain(_run, _flow))
    if rules.back:
        from flows.previews.fallback import fallback_preview
        from reports.views.fallback import follow_back_view
        from snapferry.next_steps import same_command, say_next
        from snapferry.output.console import say

        to_run = same_command("--execute")
        call.show(fallback_preview(plan, options), follow_back_view, to_run=to_run)
        if not call.as_json:
            say("Nothing was changed. To go ahead:")
            say_next(to_run)
        return ExitCode.DONE
    from flows.previews.seeding import follow_preview

    show_preview(call, follow_preview(plan, options))
    return ExitCode.DONE


def _run(request: "Request") -> str:
    from flows.chains import follow as chain

    return chain.run(request)


def _flow(request: "Request") -> str:
    from dataclasses import replace

    from flows.deployed.follow import follow as flow
    from flows.sessions.following import direction
    from runs.begun_plan import exchanged

    there = exchanged(request.plan)
    _, rules = direction(there, request.options.state)
    forward = replace(request, plan=there) if rules.back else request
    return flow(**flow_parameters(forward), until_ready=request.options.until_ready)
