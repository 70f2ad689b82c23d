"""`snapferry plan`: everything resolved and shown, nothing changed."""

from collections.abc import Iterable
from pathlib import Path

from configs.plan import Plan
from snapferry.options import (
    AllowDelete,
    AllowPartial,
    AsJson,
    PlanFile,
    StateFolder,
    errors_end_here,
    load,
    state_folder,
)

EXAMPLE = "Example: snapferry plan orders-to-ireland.yaml"


def plan(
    plan: PlanFile,
    allow_delete: AllowDelete = None,
    allow_partial: AllowPartial = False,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Resolve everything and show exactly what would be done. Reads only."""
    show_resolution(load(plan), state_folder(state), allow_delete or (), allow_partial, as_json, plan)


def show_resolution(
    plan: Plan, state: Path, allow_delete: Iterable[str], allow_partial: bool, as_json: bool, file: Path
) -> None:
    """Resolves a plan and prints the result; exits with 3 when it is refused."""
    from flows.looking import resolved
    from reports.console import resolution_view
    from snapferry.console import say, show, show_json
    from tasks.migration import Consents

    with errors_end_here():
        resolution, continued = resolved(plan, state, Consents(frozenset(allow_delete), allow_partial))
    if as_json:
        show_json(resolution.model_dump(mode="json"))
    else:
        show(resolution_view(resolution))
    if continued:
        say(f"Run {continued} is unfinished; this is what it has decided, and --execute continues it.")
    say(f"Nothing was changed. To do it: snapferry migrate {file} --execute")
