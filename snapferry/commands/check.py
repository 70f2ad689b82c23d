"""`snapferry check`: the preflight checks."""

from snapferry.calls import PlanCall
from snapferry.exit_codes import ExitCode
from snapferry.options import ConsentOptions
from snapferry.verb import verb


@verb("snapferry check orders-to-ireland.yaml")
def check(call: PlanCall, allow: ConsentOptions) -> ExitCode:
    """Run the preflight checks, and show how to fix what fails.

    Reads only. Exits with 3 if any check fails. docs/checks.md explains each check.
    """
    plan = call.load()
    from configs.values.visible import visible_values
    from flows.check import run_check
    from reports.views.checks import checks_document, checks_view
    from snapferry.console import show, show_json

    records = run_check(plan, allow.consents())
    if call.as_json:
        show_json(checks_document(records))
    else:
        show(checks_view(visible_values(records)))
    failed = any(record.status == "FAIL" for record in records)
    return ExitCode.REFUSED if failed else ExitCode.DONE
