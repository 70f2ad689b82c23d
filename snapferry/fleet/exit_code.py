"""The exit code of a fleet's run."""

from runs.fleets.journal import FleetDocument, FleetStatus, PlanStatus
from snapferry.exit_codes import ExitCode

_WORST_FIRST = (
    (PlanStatus.FAILED, ExitCode.FAILED),
    (PlanStatus.DIFFERENT, ExitCode.DIFFERENT),
    (PlanStatus.GIVEN_UP, ExitCode.INTERRUPTED),
    (PlanStatus.REFUSED, ExitCode.REFUSED),
)


def code_of_fleet(document: FleetDocument) -> ExitCode:
    """0 if every plan is done; else the code of the plan that fared worst, or 5 if the fleet did not end.

    A fleet in which something was refused after another plan was done has failed (1), because it changed
    something.
    """
    if document.status is FleetStatus.DONE:
        return ExitCode.DONE
    statuses = {entry.status for entry in document.plans.values()}
    if document.status is not FleetStatus.ENDED:
        return ExitCode.INTERRUPTED
    worst = next((code for status, code in _WORST_FIRST if status in statuses), ExitCode.INTERRUPTED)
    if worst is ExitCode.REFUSED and PlanStatus.DONE in statuses:
        return ExitCode.FAILED
    return worst
