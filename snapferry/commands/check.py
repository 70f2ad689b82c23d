"""`snapferry check`: the preflight, as named checks."""

import typer

from snapferry.exit_codes import ExitCode
from snapferry.options import AllowDelete, AllowPartial, AsJson, PlanFile, errors_end_here, load

EXAMPLE = "Example: snapferry check orders-to-ireland.yaml"


def check(
    plan: PlanFile,
    allow_delete: AllowDelete = None,
    allow_partial: AllowPartial = False,
    as_json: AsJson = False,
) -> None:
    """Look at everything that a migration needs, as named checks. Reads only.

    Exits with 3 when a check fails, and lists all that do. What each one means: docs/checks.md.
    """
    loaded = load(plan)
    from flows.check import run_check
    from reports.views.checks import checks_document, checks_view
    from snapferry.console import show, show_json
    from tasks.migration import Consents

    with errors_end_here():
        records = run_check(loaded, Consents(frozenset(allow_delete or ()), allow_partial))
    if as_json:
        show_json(checks_document(records))
    else:
        show(checks_view(records))
    failed = any(record.status == "FAIL" for record in records)
    raise typer.Exit(ExitCode.REFUSED if failed else ExitCode.DONE)
