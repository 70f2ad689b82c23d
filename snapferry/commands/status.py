"""`snapferry status`: where the latest run stands, from its journal alone."""

from typing import TYPE_CHECKING

from runs.commands import current
from snapferry.calls import RunCall
from snapferry.next_steps import next_command, say_next
from snapferry.options import RunId, chosen_run
from snapferry.plan_files import load_or_begun, note_differences
from snapferry.verb import verb

if TYPE_CHECKING:
    from reports.model.seeding import SourceBlock, WaitingCopies
    from runs.state import State


@verb("snapferry status orders-to-ireland.yaml --json")
def status(call: RunCall, run: RunId = None) -> None:
    """Show where the latest run stands and whether writes are blocked.

    While a step runs, shows its figures and its process. Reads the run's files only; nothing is sent to the
    domains. A source that a cutover has frozen refuses
    writes until the cutover is finished or rolled back.
    """
    from configs.values.visible import visible_values
    from flows.sessions.exclusion import TAKE_AWAY
    from reports.build.report import report_of
    from reports.views.status import status_of, status_view, with_plan
    from runs.live_progress import read_live_progress
    from runs.seed_cycles import being_removed
    from runs.state import State
    from snapferry.output.console import say, show, show_json

    plan = load_or_begun(call.file, call.folder)
    runs = State(call.folder, plan.name)
    latest = chosen_run(runs, run)
    block, waiting = _left_by_seeding(runs)
    removal = TAKE_AWAY if being_removed(runs) else None
    if latest is None:
        start = next_command("check")
        say(f"There is no run of plan {plan.name} yet.")
        if call.as_json:
            show_json({"plan": plan.name, "run_id": None, "next": start, "next_command": start})
        else:
            say_next(start)
        return
    note_differences(latest, plan)
    live, log = read_live_progress(runs.live_of(latest.run_id)), runs.log_of(latest.run_id)
    held = runs.is_held() and (run is None or (live is not None and live.process == runs.holder()))
    called = current()
    found = status_of(
        report_of(latest.document, called),
        held,
        block,
        waiting,
        runs.holder() if held else None,
        removal,
        live,
        str(log) if log.exists() else None,
        _way_back(runs),
    )
    found = with_plan(found, called)
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


def _left_by_seeding(runs: "State") -> "tuple[SourceBlock | None, WaitingCopies | None]":
    """What seed rounds and cutovers have left on the domains; read only if there were any."""
    journals = list(runs.journals())
    documents = [journal.document for journal in journals]
    if not any(document.verb.is_round for document in documents):
        return None, None
    from reports.build.seeding import waiting_of
    from reports.build.source_block import source_block
    from tasks.seeding.ledger import ledger

    return source_block(journals), waiting_of(ledger(runs), documents)
