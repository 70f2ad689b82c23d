"""`snapferry approve`: a gate is opened for the run that waits there."""

from typing import Annotated

import typer

from configs.plan import Gate
from snapferry.options import AsJson, PlanFile, StateFolder, errors_end_here, load, state_folder

EXAMPLE = "Example: snapferry approve orders-to-ireland.yaml before-restore"
GateName = Annotated[
    str, typer.Argument(metavar="GATE", help="The gate, as the plan names it.", show_default=False)
]


def approve(plan: PlanFile, gate: GateName, state: StateFolder = None, as_json: AsJson = False) -> None:
    """Let the run that waits at this gate, or will come to it, go on. Sends nothing to a domain.

    Give it on the machine, and with the state folder, of the run. An approval cannot be taken back.
    """
    from runs.approvals import approve as write
    from runs.approvals import run_to_approve, this_user
    from runs.state import State
    from snapferry.console import print_text, show_json

    loaded = load(plan)
    known: dict[str, Gate] = {name: name for name in loaded.gates}
    named = known.get(gate)
    if named is None:
        gates = ", ".join(known) or "none"
        raise typer.BadParameter(f"the plan names no gate {gate}; its gates: {gates}", param_hint="GATE")
    with errors_end_here():
        runs = State(state_folder(state), loaded.name)
        journal = run_to_approve(runs, named)
        approval, fresh = write(journal, named, this_user())
        held = runs.is_held()
    if as_json:
        show_json({**approval.model_dump(mode="json"), "plan": loaded.name, "already": not fresh})
        return
    when = "" if fresh else f" already, at {approval.at:%Y-%m-%d %H:%M:%S} UTC"
    print_text(f"Gate {named} of run {approval.run_id} is approved{when} by {approval.by}.\n")
    command = journal.document.verb.command.replace("PLAN", str(plan))
    go_on = f"No process works on the run. To go on: {command}"
    print_text(f"{'The run goes on within seconds of coming there.' if held else go_on}\n")
