"""`snapferry seed`: one round of what has changed, to closed copies on the target."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from snapferry.options import (
    AllowDelete,
    AllowPartial,
    AsJson,
    Execute,
    NewRun,
    PlanFile,
    StateFolder,
    errors_end_here,
    load,
    state_folder,
)
from snapferry.running import run_round, show_preview

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.sessions.session import Options

EXAMPLE = "Example: snapferry seed orders-to-ireland.yaml --execute"


def seed(
    plan: PlanFile,
    execute: Execute = False,
    allow_delete: AllowDelete = None,
    allow_partial: AllowPartial = False,
    new_run: NewRun = False,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take one round of what has changed on the source to closed copies on the target.

    To be repeated, as often as you like: the first round takes everything, each later one what has changed
    since. The source takes writes all the time. `snapferry cutover` then needs a short window only.
    """
    from flows.sessions.session import Options
    from tasks.migration import Consents

    loaded = load(plan)
    consents = Consents(frozenset(allow_delete or ()), allow_partial)
    options = Options(state_folder(state), consents, new_run)
    if execute:
        run_round(loaded, options, partial(_flow, loaded, options), as_json=as_json)
    else:
        _show(loaded, options, plan, as_json=as_json)


def _show(plan: "Plan", options: "Options", file: Path, *, as_json: bool) -> None:
    from flows.previews.seeding import seed_preview

    with errors_end_here():
        found = seed_preview(plan, options)
    show_preview(found, file, as_json=as_json)


def _flow(plan: "Plan", options: "Options") -> str:
    from flows.parameters import ConsentParameters
    from flows.seed import seed as flow

    consents = ConsentParameters.of(options.consents)
    return flow(plan, execute=True, consents=consents, new_run=options.new_run, state=str(options.state))
