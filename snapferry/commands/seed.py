"""`snapferry seed`: one round that copies what has changed into closed indices on the target."""

from typing import TYPE_CHECKING

from snapferry.calls import RunningCall
from snapferry.exit_codes import ExitCode
from snapferry.options import ConsentOptions, NewRun, flow_parameters, run_options
from snapferry.running import Chain, run_and_report, show_preview
from snapferry.verb import verb

if TYPE_CHECKING:
    from flows.sessions.begin_or_resume import Request


@verb("snapferry seed orders-to-ireland.yaml --execute")
def seed(call: RunningCall, allow: ConsentOptions, new_run: NewRun = False) -> ExitCode:
    """Copy what changed since the last round into closed indices.

    The first round copies everything to the target, each later one only what has changed on the source
    since. Repeat it as often as you like; the source accepts writes all the time. `snapferry cutover` then
    needs only a short window.
    """
    plan = call.load()
    options = run_options(call.folder, allow.consents(), new_run=new_run)
    if call.execute:
        from flows.sessions.begin_or_resume import Request
        from flows.sessions.verb_rules import SEED

        return run_and_report(call, Request(plan, options), SEED, Chain(_run, _flow))
    from flows.previews.seeding import seed_preview

    show_preview(call, seed_preview(plan, options))
    return ExitCode.DONE


def _run(request: "Request") -> str:
    from flows.chains import seed as chain

    return chain.run(request)


def _flow(request: "Request") -> str:
    from flows.deployed.seed import seed as flow

    return flow(**flow_parameters(request), new_run=request.options.new_run)
