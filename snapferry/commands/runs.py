"""`snapferry runs`: the runs of a plan, or of all plans."""

from pathlib import Path
from typing import Annotated

import typer

from snapferry.calls import Call
from snapferry.options import ListAll, StatePlace
from snapferry.plan_files import load_or_begun, state_in
from snapferry.verb import verb

OptionalPlan = Annotated[
    Path | None,
    typer.Argument(
        metavar="PLAN",
        help="The plan: its file, or its name. Without it, the runs of all plans.",
        show_default=False,
    ),
]


@verb("snapferry runs", "snapferry runs orders-to-ireland.yaml --json")
def runs(call: Call, plan: OptionalPlan = None, all: ListAll = False, state: StatePlace = None) -> None:
    """List the runs of a plan, or of all plans, newest first.

    Shows each run's id, verb, start, the time spent in its steps, and its status; `report` and `status` take
    the id with --run. Reads the state folder only; nothing is sent to the domains.
    """
    from configs.values.visible import visible_values
    from reports.build.run_list import run_list
    from reports.views.run_list import run_list_view
    from runs.place import state_place
    from runs.state import place_shown, plan_names
    from snapferry.output.console import say, show, show_json

    folder = state_place(state, state_in(plan) if plan and not state else None)
    names = plan_names(folder) if plan is None else [_name_of(plan, folder)]
    found = run_list(folder, names)
    if call.as_json:
        show_json({"runs": [run.model_dump(mode="json") for run in found]})
    elif found:
        show(run_list_view(visible_values(found), every=all))
    else:
        of_plan = f"of plan {names[0]} " if plan else ""
        say(f"There is no run {of_plan}in {place_shown(folder)} yet.")


def _name_of(plan: Path, folder: Path) -> str:
    """The plan's name: that of its file, or the word itself if it is the name of a plan with runs."""
    from runs.state import plan_names

    if not plan.exists() and str(plan) in plan_names(folder):
        return str(plan)
    return load_or_begun(plan, folder).name
