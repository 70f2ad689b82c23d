"""`snapferry plan`: everything resolved and shown, nothing changed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.exit_codes import ExitCode
from snapferry.options import (
    AllowDelete,
    AllowPartial,
    AsJson,
    NewRun,
    PlanFile,
    StateFolder,
    errors_end_here,
    load_either,
    state_folder,
)

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.previews.migration import MigrationPreview
    from flows.sessions.session import Options
    from tasks.records.plan_document import PlanDocument

EXAMPLE = "Example: snapferry plan orders-to-ireland.yaml -o orders-to-ireland.saved.yaml"
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Save the resolved migration: `migrate FILE --execute` does exactly that. JSON if FILE ends "
        "in .json; - for standard output.",
        show_default=False,
    ),
]


def plan(
    plan: PlanFile,
    output: Output = None,
    allow_delete: AllowDelete = None,
    allow_partial: AllowPartial = False,
    new_run: NewRun = False,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Resolve everything and show exactly what would be done. Reads only.

    A saved plan in place of PLAN is compared with the domains: exits with 3 when they are not as they were.
    """
    from flows.sessions.session import Options
    from tasks.migration import Consents

    if as_json and str(output) == "-":
        raise typer.BadParameter("-o - and --json would print two documents; leave one of them out")
    loaded, saved = load_either(plan)
    consents = Consents(frozenset(allow_delete or ()), allow_partial)
    found = resolved(loaded, saved, Options(state_folder(state), consents, new_run))
    if output is not None:
        _save(found, output, overwrites=plan)
    if as_json:
        show_document(found.document)
    elif str(output) != "-":
        show_planned(found, plan)


def resolved(plan: "Plan", saved: "PlanDocument | None", options: "Options") -> "MigrationPreview":
    """The plan, resolved; exits with 3 when it is refused, or when a saved plan is not true any more."""
    from flows.previews.migration import migration_preview
    from tasks.planning.saved_plan import require_unchanged

    with errors_end_here():
        found = migration_preview(plan, options, saved)
        if saved and found.fresh:
            require_unchanged(saved, found.document)
    return found


def show_document(document: "PlanDocument") -> None:
    """Prints the document as JSON."""
    from reports.words.estimates import plan_in_words
    from snapferry.console import show_json

    show_json(plan_in_words(document).model_dump_json(indent=2))


def show_planned(found: "MigrationPreview", file: Path) -> None:
    """Prints what would be done, and what to do next."""
    from reports.views.plan import plan_view
    from snapferry.console import say, show

    show(plan_view(found.document))
    if found.finished:
        another = "`snapferry plan PLAN --new-run` plans another one"
        say(f"Run {found.finished} has finished: nothing is left to do; {another}.")
        return
    if found.fresh and not found.document.changes and not found.continues:
        say("Nothing was changed, and nothing is to be done: no index is left to move.")
        return
    if found.continues:
        say(f"Run {found.continues} is unfinished; this is what it has decided, and --execute continues it.")
    say(f"Nothing was changed. To do it: snapferry migrate {file} --execute")


def _save(found: "MigrationPreview", output: Path, *, overwrites: Path) -> None:
    from flows.sessions.saved_plans import save, text_of
    from snapferry.console import complain_of, print_text, say

    if found.continues or found.finished:
        complain_of(
            f"run {found.continues or found.finished} exists: there is no new migration to save",
            "finish it, or add --new-run",
        )
        raise typer.Exit(ExitCode.REFUSED)
    if str(output) == "-":
        print_text(text_of(found.document))
        return
    if output.exists() and output.resolve() == overwrites.resolve():
        complain_of(f"{output} is the plan itself", "choose another file for -o")
        raise typer.Exit(ExitCode.INVALID)
    try:
        save(found.document, output)
    except OSError as error:
        complain_of(f"cannot write {output}: {error.strerror}", "choose another file for -o")
        raise typer.Exit(ExitCode.INVALID) from None
    todo = f"To do exactly this: snapferry migrate {output} --execute"
    say(f"Saved to {output}. {todo if found.document.changes else 'Nothing is to be done.'}")
