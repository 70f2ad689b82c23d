"""`snapferry watch`: how a run stands, again and again, until it ends."""

from snapferry.calls import RunCall
from snapferry.commands.status import watch_run
from snapferry.exit_codes import ExitCode
from snapferry.options import RunId
from snapferry.plan_files import load_or_begun
from snapferry.verb import verb


@verb("snapferry watch orders-to-ireland.yaml")
def watch(call: RunCall, run: RunId = None) -> ExitCode:
    """Show how a run stands until it ends; exit as the run did.

    Works beside a run in another terminal, under a service manager, or on another machine where the state is
    in S3. Where the plan has no run yet, it waits for one. Reads the run's files only; nothing is sent to the
    domains. Ctrl-C ends the watch, never the run, and exits with 5.
    """
    from runs.state import State

    plan = load_or_begun(call.file, call.folder)
    return watch_run(call, State(call.folder, plan.name), run)
