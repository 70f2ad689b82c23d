"""`snapferry approve`: open a gate for the run that waits there."""

from typing import Annotated

import typer

from configs.plan import Gate
from snapferry.calls import RunCall
from snapferry.verb import verb

GateName = Annotated[
    str, typer.Argument(metavar="GATE", help="The gate, as the plan names it.", show_default=False)
]


@verb("snapferry approve orders-to-ireland.yaml before-restore")
def approve(call: RunCall, gate: GateName) -> None:
    """Approve a gate, so that the run waiting there continues.

    A gate may also be approved before the run reaches it. Use the machine and the state folder of the run.
    An approval cannot be withdrawn. Nothing is sent to the domains.
    """
    from reports.words.next_step import resume_command
    from runs.approvals import approve as record_approval
    from runs.approvals import run_to_approve, this_user
    from runs.begun_plan import require_same_sides
    from runs.commands import current, in_full
    from runs.state import State
    from snapferry.next_steps import next_command, say_next
    from snapferry.output.console import print_text, show_json

    plan = call.load()
    known: dict[str, Gate] = {name: name for name in plan.gates}
    named = known.get(gate)
    if named is None:
        gates = ", ".join(known) or "none"
        raise typer.BadParameter(f"the plan has no gate {gate}; its gates: {gates}", param_hint="GATE")
    runs = State(call.folder, plan.name)
    journal = run_to_approve(runs, named)
    require_same_sides(journal, plan)
    approval, is_new = record_approval(journal, named, this_user())
    is_running = runs.is_held()
    to_run = next_command("status") if is_running else in_full(resume_command(journal.document), current())
    if call.as_json:
        written = {"plan": plan.name, "already": not is_new, "next": to_run}
        show_json({**approval.model_dump(mode="json"), **written})
        return
    when = "" if is_new else f" already, at {approval.at:%Y-%m-%d %H:%M:%S} UTC"
    print_text(f"Gate {named} of run {approval.run_id} is approved{when} by {approval.by}.\n")
    resume = "No process is working on the run. To resume it:"
    print_text(f"{'The run continues within seconds of reaching the gate.' if is_running else resume}\n")
    say_next(to_run)
