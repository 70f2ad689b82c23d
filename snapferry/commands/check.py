"""`snapferry check`: the preflight checks."""

from typing import Annotated

import typer

from configs.checks import IDS, checks_named
from snapferry.calls import PlanCall
from snapferry.exit_codes import ExitCode
from snapferry.options import ConsentOptions, ListAll
from snapferry.verb import verb
from snapferry.verbosity import is_verbose

Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="NAME",
        help="Run only this check, group of checks (window), or those that match a pattern ('window.*'). "
        "Repeatable.",
    ),
]


@verb("snapferry check orders-to-ireland.yaml", "snapferry check orders-to-ireland.yaml --only window")
def check(call: PlanCall, allow: ConsentOptions, only: Only = None, all: ListAll = False) -> ExitCode:
    """Run the preflight checks, and show how to fix what fails.

    Shows failures and warnings first, then what was skipped; --all also lists what passed. Reads only. Exits
    with 3 if any check fails. docs/checks.md explains each check.
    """
    chosen = _chosen(only)
    plan = call.load()
    from flows.check import run_check
    from reports.views.checks import checks_document, checks_view
    from snapferry.console import show, show_json

    records = run_check(plan, allow.consents(), chosen)
    if call.as_json:
        show_json(checks_document(records, chosen))
    else:
        show(checks_view(records, chosen, every=all or is_verbose()))
    failed = any(record.status == "FAIL" for record in records)
    return ExitCode.REFUSED if failed else ExitCode.DONE


def _chosen(only: list[str] | None) -> tuple[str, ...]:
    """The ids of the checks to run, in the order of the documentation.

    Raises:
        typer.BadParameter: a name means no check.
    """
    if not only:
        return IDS
    wanted: set[str] = set()
    for name in only:
        try:
            wanted |= {*checks_named(name)}
        except ValueError as error:
            raise typer.BadParameter(f"{name}: {error}", param_hint="--only") from None
    return tuple(id for id in IDS if id in wanted)
