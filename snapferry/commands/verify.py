"""`snapferry verify`: both domains compared, at any time."""

from typing import Annotated, Literal

import typer

from snapferry.exit_codes import ExitCode
from snapferry.options import AsJson, PlanFile, StateFolder, errors_end_here, load, state_folder

EXAMPLE = "Example: snapferry verify orders-to-ireland.yaml --level counts"
Level = Annotated[
    Literal["counts", "operations"] | None,
    typer.Option("--level", help="Override the plan's level: counts or operations.", show_default=False),
]


def verify(plan: PlanFile, level: Level = None, state: StateFolder = None, as_json: AsJson = False) -> None:
    """Compare what the latest run moved (or, without one, the plan's indices) on both domains.

    Reads, and refreshes both sides. Exits with 4 when anything differs or cannot be compared.
    """
    loaded = load(plan)
    if level:
        loaded = loaded.model_copy(update={"verify": loaded.verify.model_copy(update={"level": level})})
    from flows.looking import verified
    from reports.console import verification_view
    from snapferry.console import show, show_json
    from snapferry.progress import shown_progress

    with errors_end_here(), shown_progress():
        record = verified(loaded, state_folder(state))
    if as_json:
        show_json({"passed": record.passed, **record.model_dump(mode="json")})
    else:
        show(verification_view(record))
    raise typer.Exit(ExitCode.DONE if record.passed else ExitCode.DIFFERENT)
