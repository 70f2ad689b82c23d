"""`snapferry status`: where the latest run stands, from its journal alone."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import RunCall
from snapferry.exit_codes import ExitCode
from snapferry.next_steps import next_command, say_next
from snapferry.options import RunId, chosen_run
from snapferry.plan_files import load_or_begun, note_differences
from snapferry.verb import verb

if TYPE_CHECKING:
    from flows.previews.watched import Watched
    from reports.model.seeding import WaitingCopies
    from runs.state import State


Watch = Annotated[
    bool,
    typer.Option(
        "--watch",
        help="Show it again and again until the run ends, then exit as the run: as `snapferry watch` does.",
    ),
]


@verb("snapferry status orders-to-ireland.yaml --json", "snapferry status orders-to-ireland.yaml --watch")
def status(call: RunCall, run: RunId = None, watch: Watch = False) -> ExitCode:
    """Show the state of the latest run and of the write block.

    While a step runs, shows its figures and its process. Reads the run's files only; nothing is sent to the
    domains. A source that a cutover has frozen refuses
    writes until the cutover is finished or rolled back.
    """
    from flows.previews.watched import WatchedPlan
    from runs.commands import current
    from runs.state import State

    plan = load_or_begun(call.file, call.folder)
    runs = State(call.folder, plan.name)
    if watch:
        return watch_run(call, runs, run)
    latest = chosen_run(runs, run)
    if latest is None:
        _show_no_run(call, plan.name)
        return ExitCode.DONE
    note_differences(latest, plan)
    seen = WatchedPlan(runs, run, current()).look()
    assert seen  # its journal was read a moment ago
    show_status(call, runs, seen)
    return ExitCode.DONE


def watch_run(call: RunCall, runs: "State", run: str | None) -> ExitCode:
    """Show the run again and again until it ends, then its status; return the exit code of the run."""
    from flows.previews.watched import WatchedPlan
    from runs.commands import current
    from snapferry.watching.terminal import watch_until_end

    if run:
        chosen_run(runs, run)
    return watch_until_end(WatchedPlan(runs, run, current()), partial(show_status, call, runs))


def _show_no_run(call: RunCall, name: str) -> None:
    from snapferry.output.console import say, show_json

    start = next_command("check")
    say(f"There is no run of plan {name} yet.")
    if call.as_json:
        show_json({"plan": name, "run_id": None, "next": start, "next_command": start})
    else:
        say_next(start)


def show_status(call: RunCall, runs: "State", seen: "Watched") -> None:
    """Print how a run stands."""
    from configs.values.visible import visible_values
    from flows.sessions.exclusion import TAKE_AWAY
    from reports.views.status import status_of, status_view, with_plan
    from runs.commands import current
    from runs.seed_cycles import being_removed
    from snapferry.output.console import show, show_json

    log = runs.log_of(seen.journal.run_id)
    found = status_of(
        seen.snapshot,
        seen.report,
        seen.block,
        _waiting_copies(runs),
        TAKE_AWAY if being_removed(runs) else None,
        str(log) if log.exists() else None,
        _way_back(runs),
    )
    found = with_plan(found, current())
    if call.as_json:
        show_json(found)
    else:
        show(status_view(visible_values(found)))


def _way_back(runs: "State") -> str | None:
    """How falling back stands, by the journals; None where no opening has promised it."""
    from flows.sessions.which_run import ENDED, has_ended_promise, promised_opening
    from reports.words.tail import way_back
    from tasks import steps

    opening = promised_opening(runs, back=True)
    if opening is None:
        return None
    if has_ended_promise(opening):
        return f"not possible any more, because {ENDED}"
    journals = (journal.document for journal in runs.journals())
    later = [each for each in journals if each.back and each.started > opening.document.started]
    decided = next((found for each in later if (found := each.recorded(steps.RESOLVE))), None)
    going = {index.target for index in decided.indices} if decided else set[str]()
    lost = (
        f"not possible any more, because of {name}: {position.lost}"
        for each in later
        for name, position in each.positions.items()
        if position.lost and name in going
    )
    if said := next(lost, None):
        return said
    return way_back(next((found for each in later if (found := each.recorded(steps.FOLLOW))), None))


def _waiting_copies(runs: "State") -> "WaitingCopies | None":
    """The copies that seed rounds and cutovers have left; read only if there were any."""
    documents = [journal.document for journal in runs.journals()]
    if not any(document.verb.is_round for document in documents):
        return None
    from reports.build.seeding import waiting_of
    from tasks.seeding.ledger import ledger

    return waiting_of(ledger(runs), documents)
