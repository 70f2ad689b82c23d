"""`snapferry status`: where the latest run stands, from its journal alone."""

import shlex
from typing import TYPE_CHECKING

from snapferry.calls import RunCall
from snapferry.plan_files import load_or_begun, note_differences
from snapferry.verb import verb

if TYPE_CHECKING:
    from reports.model.seeding import SourceBlock, WaitingCopies
    from runs.state import State


@verb("snapferry status orders-to-ireland.yaml --json")
def status(call: RunCall) -> None:
    """Show where the latest run stands and whether writes are blocked.

    Reads the run's journal only; nothing is sent to the domains. A source that a cutover has frozen refuses
    writes until the cutover is finished or rolled back.
    """
    from flows.sessions.exclusion import TAKE_AWAY
    from reports.build.report import report_of
    from reports.views.status import status_of, status_view, with_plan
    from runs.seed_cycles import being_removed
    from runs.state import State
    from snapferry.console import say, show, show_json

    plan = load_or_begun(call.file, call.folder)
    runs = State(call.folder, plan.name)
    latest = runs.latest()
    block, waiting = _left_by_seeding(runs)
    removal = TAKE_AWAY if being_removed(runs) else None
    if latest is None:
        say(
            f"There is no run of plan {plan.name} yet. "
            f"To start one: snapferry migrate {call.file} --execute; "
            f"or, to copy in rounds before a short window: snapferry seed {call.file} --execute"
        )
        if call.as_json:
            show_json({"plan": plan.name, "run_id": None})
        return
    note_differences(latest, plan)
    found = status_of(report_of(latest.document), runs.is_held(), block, waiting, runs.holder(), removal)
    found = with_plan(found, shlex.quote(str(call.file)))
    if call.as_json:
        show_json(found)
    else:
        show(status_view(found))


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
