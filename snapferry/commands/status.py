"""`snapferry status`: where a run stands, from its journal; the domains are not asked."""

from snapferry.options import AsJson, PlanFile, StateFolder, errors_end_here, load, state_folder

EXAMPLE = "Example: snapferry status orders-to-ireland.yaml --json"


def status(plan: PlanFile, state: StateFolder = None, as_json: AsJson = False) -> None:
    """Show where the plan's latest run stands. Sends nothing."""
    from reports.build import report_of
    from reports.status import status_of, status_view
    from runs.state import State
    from snapferry.console import say, show, show_json

    loaded = load(plan)
    with errors_end_here():
        runs = State(state_folder(state), loaded.name)
        latest = runs.latest()
        held = runs.is_held()
    if latest is None:
        say(f"There is no run of plan {loaded.name} yet. To start one: snapferry migrate {plan} --execute")
        if as_json:
            show_json({"plan": loaded.name, "run_id": None})
        return
    standing = status_of(report_of(latest.document), held)
    if as_json:
        show_json(standing)
    else:
        show(status_view(standing))
