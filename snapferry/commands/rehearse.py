"""`snapferry rehearse`: the whole migration for real, with prefixed indices that are removed afterwards."""

from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import ExecutableCall, RunningCall
from snapferry.exit_codes import ExitCode
from snapferry.options import AllowPartial, ConsentOptions, flow_parameters, run_options
from snapferry.running import Chain, run_and_report
from snapferry.verb import verb

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.options import RunOptions
    from tasks.rehearsal import Rehearsal

Prefix = Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Prefix for every name on the target.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="PATTERN",
        help="Rehearse only with these indices and data streams. Repeatable. Default: all that move.",
    ),
]
Keep = Annotated[
    bool, typer.Option("--keep", help="Keep what is made; remove it later with `snapferry abort`.")
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


@verb(
    "snapferry rehearse orders-to-ireland.yaml --execute",
    "snapferry rehearse orders-to-ireland.yaml --only 'orders-2024-*' --execute",
)
def rehearse(
    call: RunningCall,
    only: Only = None,
    prefix: Prefix = "rehearsal-",
    keep: Keep = False,
    shadow: Shadow = None,
    allow_partial: AllowPartial = False,
) -> ExitCode:
    """Rehearse with prefixed indices, and remove them afterwards.

    Does the whole migration for real: snapshot, restore, verification, with the time each step takes. Exits
    with 4 if it finds something that would go wrong in the real run. The same command resumes an interrupted
    rehearsal.
    """
    from tasks.rehearsal import Rehearsal

    plan = call.load()
    rehearsal = Rehearsal(prefix=_checked_prefix(prefix), only=tuple(only or ()), keep=keep, shadow=shadow)
    _require_valid_shadow(plan, shadow)
    options = run_options(call.folder, ConsentOptions(partial=allow_partial).consents())
    if call.execute:
        from flows.sessions.begin_or_resume import Request
        from flows.sessions.verb_rules import REHEARSE

        request = Request(plan, options, rehearsal=rehearsal)
        return run_and_report(call, request, REHEARSE, Chain(_run, _flow))
    _show(call, plan, rehearsal, options)
    return ExitCode.DONE


def _checked_prefix(text: str) -> str:
    from configs.values.names import check_prefix

    try:
        if not text:
            raise ValueError("give a prefix: without one the target's own names would be used")
        return check_prefix(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--prefix") from None


def _require_valid_shadow(plan: "Plan", shadow: str | None) -> None:
    from configs.values.endpoints import PLAIN_HTTP
    from tasks.rehearsal import with_shadow

    try:
        if any(with_shadow(plan, shadow).target.refusals()):
            raise ValueError(PLAIN_HTTP)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--shadow") from None


def _show(call: ExecutableCall, plan: "Plan", rehearsal: "Rehearsal", options: "RunOptions") -> None:
    from flows.previews.migration import rehearsal_preview
    from flows.sessions.which_run import unfinished_rehearsal
    from reports.views.plan import plan_view
    from reports.words.estimates import plan_in_words
    from runs.commands import command
    from runs.state import State
    from snapferry.next_steps import same_command, say_next
    from snapferry.output.console import say, show_json

    begun = unfinished_rehearsal(State(options.state, plan.name))
    if begun:
        say(
            f"Rehearsal {begun.run_id} of this plan is unfinished: --execute resumes it; "
            f"{command('abort', '--execute')} removes what it made."
        )
        resume = same_command("--execute")
        if call.as_json:
            show_json({"unfinished": begun.run_id, "next": resume})
        else:
            say_next(resume)
        return
    preview = rehearsal_preview(plan, rehearsal, options)
    to_run = same_command("--execute")
    call.show(preview, plan_view, plan_in_words, to_run=to_run)
    after = (
        "Everything it makes is kept (--keep)." if rehearsal.keep else "Everything it makes is removed again."
    )
    if not call.as_json:
        say(f"Nothing was changed. {after} To go ahead:")
        say_next(to_run)


def _run(request: "Request") -> str:
    from flows.chains import rehearse as chain

    return chain.run(request)


def _flow(request: "Request") -> str:
    from flows.deployed.rehearse import rehearse as flow
    from tasks.rehearsal import Rehearsal

    return flow(**flow_parameters(request), rehearsal=request.rehearsal or Rehearsal())
