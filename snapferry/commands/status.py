"""`snapferry status`: where a run stands, from its journal; the domains are not asked."""

import shlex
from typing import TYPE_CHECKING

from snapferry.options import AsJson, PlanFile, StateFolder, errors_end_here, load_or_begun, state_folder

if TYPE_CHECKING:
    from reports.model.seeding import SourceBlock, WaitingCopies
    from runs.state import State

EXAMPLE = "Example: snapferry status orders-to-ireland.yaml --json"


def status(plan: PlanFile, state: StateFolder = None, as_json: AsJson = False) -> None:
    """Show where the plan's latest run stands, and whether the source refuses writes. Sends nothing."""
    from flows.sessions.exclusion import TAKE_AWAY
    from reports.build.report import report_of
    from reports.views.status import status_of, status_view, with_plan
    from runs.seed_cycles import being_removed
    from runs.state import State
    from snapferry.console import say, show, show_json

    folder = state_folder(state)
    loaded = load_or_begun(plan, folder)
    with errors_end_here():
        runs = State(folder, loaded.name)
        latest = runs.latest()
        block, waiting = _left_standing(runs)
        taking_away = TAKE_AWAY if being_removed(runs) else None
        held, process = runs.is_held(), runs.holder()
    if latest is None:
        say(
            f"There is no run of plan {loaded.name} yet. To start one: snapferry migrate {plan} --execute; "
            f"or, in rounds before a short window: snapferry seed {plan} --execute"
        )
        if as_json:
            show_json({"plan": loaded.name, "run_id": None})
        return
    standing = status_of(report_of(latest.document), held, block, waiting, process, taking_away)
    standing = with_plan(standing, shlex.quote(str(plan)))
    if as_json:
        show_json(standing)
    else:
        show(status_view(standing))


def _left_standing(runs: "State") -> "tuple[SourceBlock | None, WaitingCopies | None]":
    """What seed rounds and cutovers have left on the domains; looked for only where there were any."""
    documents = [journal.document for journal in runs.journals()]
    if not any(document.verb.is_round for document in documents):
        return None, None
    from reports.build.seeding import waiting_of
    from reports.build.source_block import source_block
    from tasks.seeding.ledger import ledger

    return source_block(documents), waiting_of(ledger(runs), documents)
