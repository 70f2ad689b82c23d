"""`snapferry runs`: the runs of a plan, or of all plans."""

from pathlib import Path
from typing import Annotated

import typer

from snapferry.calls import Call
from snapferry.options import ListAll, StateFolder, state_folder
from snapferry.plan_files import load_or_begun
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
def runs(call: Call, plan: OptionalPlan = None, all: ListAll = False, state: StateFolder = None) -> None:
    """List the runs of a plan, or of all plans, newest first.

    Shows each run's id, verb, start, the time spent in its steps, and its status; `report` and `status` take
    the id with --run. Reads the state folder only; nothing is sent to the domains.
    """
    from configs.values.visible import visible_values
    from reports.build.run_list import plan_names, run_list
    from reports.views.run_list import run_list_view
    from snapferry.output.console import say, show, show_json

    folder = state_folder(state)
    names = plan_names(folder) if plan is None else [_name_of(plan, folder)]
    found = run_list(folder, names)
    if call.as_json:
        show_json({"runs": [run.model_dump(mode="json") for run in found]})
    elif found:
        show(run_list_view(visible_values(found), every=all))
    else:
        say(f"There is no run {f'of plan {names[0]} ' if plan else ''}in {folder} yet.")


def _name_of(plan: Path, folder: Path) -> str:
    """The plan's name: that of its file, or the word itself if it is the name of a plan with runs."""
    from reports.build.run_list import plan_names

    if not plan.exists() and str(plan) in plan_names(folder):
        return str(plan)
    return load_or_begun(plan, folder).name
