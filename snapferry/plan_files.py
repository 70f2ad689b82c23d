"""Load the plan that a verb was given. A plan with problems ends the command with exit code 2."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from configs.plan import Plan
from snapferry.exit_codes import ExitCode

if TYPE_CHECKING:
    from configs.state import StateSettings
    from runs.journal import Journal
    from tasks.records.plan_document import PlanDocument


_ANEW = ("check", "cutover", "rehearse", "seed", "verify")
"""Verbs that a saved plan decides nothing for; `migrate` and `plan` keep to it, others look up its runs."""


_CALLS_HOOKS = ("check", "cutover", "fallback", "follow", "migrate", "plan", "rehearse", "seed")
"""Verbs that call the plan's hooks, and those that say beforehand whether these would work."""


def state_in(path: Path) -> "StateSettings | None":
    """Where the plan in this file says that its state is; None if it does not say, or cannot be read."""
    from configs.loading.loader import is_resolved, state_of
    from configs.loading.problems import PlanError

    if not is_resolved(path):
        return state_of(path)
    from flows.sessions.saved_plans import plan_in, read

    try:
        return plan_in(read(path), path).state
    except PlanError:
        return None


def name_of(path: Path) -> str | None:
    """The name of the plan in this file, or in the saved plan there; None if it cannot be read."""
    from configs.loading.loader import is_resolved, name_in
    from configs.loading.problems import PlanError

    if not is_resolved(path):
        return name_in(path)
    from flows.sessions.saved_plans import plan_in, read

    try:
        return plan_in(read(path), path).name
    except PlanError:
        return None


def load(path: Path) -> Plan:
    """Load the plan in this file; print every problem and exit with 2 if there is any."""
    from runs.commands import current
    from snapferry.output.console import say

    plan, saved = load_either(path)
    called = current()
    if saved and called and called.verb in _ANEW:
        say(f"{path} is a saved plan: {called.verb} uses the plan in it, and resolves that anew.")
    return plan


def load_either(path: Path) -> "tuple[Plan, PlanDocument | None]":
    """Load a plan, or a saved plan together with the plan it was made from; exit like `load`."""
    from configs.loading.loader import is_resolved, load_plan
    from configs.loading.problems import PlanError
    from snapferry.output.console import warn

    try:
        if not is_resolved(path):
            plan = load_plan(path)
            _require_notices(plan)
            return plan, None
        from flows.sessions.saved_plans import plan_in, read

        saved = read(path)
        return plan_in(saved, path), saved
    except PlanError as error:
        warn(str(error))
        raise typer.Exit(ExitCode.INVALID) from None


def _require_notices(plan: Plan) -> None:
    """Exit with 2 if a hook of the plan sends notices, and this verb would call it or should foresee it."""
    from runs.commands import current
    from snapferry.output.console import show_problem

    called = current()
    if called is None or called.verb not in _CALLS_HOOKS or not any(hook.notify for hook in plan.hooks):
        return
    from runs.notices import NOT_INSTALLED, is_installed

    if not is_installed():
        show_problem(f"the plan's hooks send notices, and {NOT_INSTALLED}")
        raise typer.Exit(ExitCode.INVALID)


def load_or_begun(path: Path, folder: Path) -> Plan:
    """Load the plan; if it has problems, use the plan that the latest run of its name began with.

    For the verbs that report and release the write block on the source: a typing error must not stop them.
    Prints every problem, and exits with 2 if there is no such run.

    Raises:
        SnapferryError: the state folder cannot be read.
    """
    from configs.loading.loader import is_resolved, load_plan, name_in
    from configs.loading.problems import PlanError
    from runs.begun_plan import plan_begun_with
    from runs.state import State
    from snapferry.output.console import warn

    if is_resolved(path):
        return load(path)
    try:
        return load_plan(path)
    except PlanError as error:
        warn(str(error))
    name = name_in(path)
    latest = State(folder, name).latest() if name else None
    begun = plan_begun_with(latest) if latest else None
    if latest is None or begun is None:
        raise typer.Exit(ExitCode.INVALID)
    warn(f"snapferry: the plan file has problems; using the plan that run {latest.run_id} began with")
    return begun


def note_differences(journal: "Journal", plan: Plan) -> None:
    """Say on standard error that a run began with a different plan, as when two plans have one name."""
    from runs.begun_plan import differences
    from snapferry.output.console import say

    changed = differences(journal, plan, but=("verify", "cutover"))
    if changed:
        shown = "; ".join(changed[:3]) + ("; …" if len(changed) > 3 else "")
        say(f"snapferry: run {journal.run_id} began with a different plan: {shown}")
