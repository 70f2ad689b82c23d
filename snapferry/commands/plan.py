"""`snapferry plan`: resolve everything and show it, changing nothing."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import PlanCall, RunCall
from snapferry.exit_codes import ExitCode, code_of_output
from snapferry.options import ConsentOptions, NewRun, run_options
from snapferry.plan_files import load_either
from snapferry.verb import verb

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.previews.migration import MigrationPreview
    from flows.sessions.options import RunOptions
    from tasks.records.plan_document import PlanDocument

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Save the resolved plan: `snapferry migrate FILE --execute` then does exactly that, or refuses. "
        "JSON if FILE ends in .json; - for standard output.",
        show_default=False,
    ),
]


@verb(
    "snapferry plan orders-to-ireland.yaml",
    "snapferry plan orders-to-ireland.yaml -o orders-to-ireland.saved.yaml",
)
def plan(
    call: RunCall, allow: ConsentOptions, output: Output = None, new_run: NewRun = False
) -> ExitCode | None:
    """Show exactly what migrate would do, and optionally save it.

    Reads only. If PLAN is a saved plan, it is compared with the domains; exits with 3 if they have changed
    since.
    """
    if call.as_json and str(output) == "-":
        raise typer.BadParameter("-o - and --json would print two documents; leave one of them out")
    loaded, saved = load_either(call.file)
    options = run_options(call.folder, allow.consents(), new_run=new_run)
    preview = previewed(loaded, saved, options)
    code = _save(preview, output, overwrites=call.file) if output is not None else None
    if code is None and (call.as_json or str(output) != "-"):
        show_migration_preview(call, preview)
    return code


def previewed(plan: "Plan", saved: "PlanDocument | None", options: "RunOptions") -> "MigrationPreview":
    """What migrating this plan would do.

    Raises:
        PreconditionError: the plan is refused, or the domains have changed since the plan was saved.
    """
    from flows.previews.migration import migration_preview
    from tasks.planning.saved_plan import require_unchanged

    preview = migration_preview(plan, options, saved)
    if saved and preview.fresh:
        require_unchanged(saved, preview.document)
    return preview


def show_migration_preview(call: PlanCall, preview: "MigrationPreview") -> None:
    """Print what would be done and, for people, the command that does it."""
    from reports.views.plan import plan_view
    from reports.words.estimates import plan_in_words
    from snapferry.console import say

    call.show(preview.document, plan_view, plan_in_words)
    if call.as_json:
        return
    if preview.finished:
        another = f"snapferry plan {call.file} --new-run"
        say(f"Run {preview.finished} has finished, and nothing is left to do. To plan another run: {another}")
        return
    if preview.fresh and not preview.document.changes and not preview.continues:
        say("Nothing was changed, and there is nothing to do: no index is left to move.")
        return
    if preview.continues:
        say(f"Run {preview.continues} is unfinished; this is what it has decided, and --execute resumes it.")
    say(f"Nothing was changed. To go ahead: snapferry migrate {call.file} --execute")


def _save(preview: "MigrationPreview", output: Path, *, overwrites: Path) -> ExitCode | None:
    """Save the resolved plan; returns an exit code if it cannot be saved."""
    from flows.sessions.saved_plans import save, text_of
    from snapferry.console import print_text, say, show_problem

    existing = preview.continues or preview.finished
    if existing:
        show_problem(
            f"run {existing} exists, so there is no new migration to save", "finish it, or add --new-run"
        )
        return ExitCode.REFUSED
    if str(output) == "-":
        print_text(text_of(preview.document))
        return None
    if output.exists() and output.resolve() == overwrites.resolve():
        show_problem(f"{output} is the plan itself", "choose another file for -o")
        return ExitCode.INVALID
    try:
        save(preview.document, output)
    except OSError as error:
        show_problem(f"cannot write {output}: {error.strerror}", "choose another file for -o")
        return code_of_output(error)
    execute = f"To execute exactly this plan: snapferry migrate {output} --execute"
    say(f"Saved to {output}. {execute if preview.document.changes else 'There is nothing to do.'}")
    return None
