"""`snapferry plan`: resolve everything and show it, changing nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runs.commands import command
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

_OTHER_FILE = "choose another file for -o, which replaces saved plans only; or -o - for standard output"


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
    if saved and new_run and output is not None:
        saved = None  # it is saved anew, from the plan in it
    options = run_options(call.folder, allow.consents(), new_run=new_run)
    preview = previewed(loaded, saved, options)
    if output is None:
        show_migration_preview(call, preview)
        return None
    return _save(call, preview, output)


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
    """Print what would be done, and the command that does it."""
    from snapferry.next_steps import say_next
    from snapferry.output.console import say

    to_run = _next(preview)
    _show_document(call, preview, to_run)
    if call.as_json:
        return
    for remark in _remarks(preview):
        say(remark)
    if to_run:
        say_next(to_run)


def _next(preview: "MigrationPreview") -> str:
    """The next command; empty if there is nothing to do."""
    from snapferry.next_steps import next_command, same_command

    if preview.finished:
        return next_command("report")
    return "" if _is_idle(preview) else same_command("--execute", *_consents(preview), verb="migrate")


def _remarks(preview: "MigrationPreview") -> Iterator[str]:
    if preview.finished:
        yield f"Run {preview.finished} has finished, and nothing is left to do (--new-run plans another one)."
        return
    if _is_idle(preview):
        yield "Nothing was changed, and there is nothing to do: no index is left to move."
        return
    if preview.continues:
        yield f"Run {preview.continues} is unfinished; this is what it has decided, and --execute resumes it."
    if preview.fresh:
        yield _not_looked_at()
    yield "Nothing was changed. To go ahead:"


def _not_looked_at() -> str:
    return f"Account, role and the bucket's settings were not looked at: {command('check')} does that."


def _show_document(call: PlanCall, preview: "MigrationPreview", to_run: str) -> None:
    from reports.views.plan import plan_view
    from reports.words.estimates import plan_in_words

    call.show(preview.document, plan_view, plan_in_words, to_run=to_run)


def _is_idle(preview: "MigrationPreview") -> bool:
    return preview.fresh and not preview.document.changes and not preview.continues


def _consents(preview: "MigrationPreview") -> list[str]:
    """The consents that executing it needs, as arguments."""
    return [word for consent in preview.document.consents for word in consent.split(" ", 1)]


def _save(call: PlanCall, preview: "MigrationPreview", output: Path) -> ExitCode | None:
    """Save the resolved plan, show it, and name the command that executes it.

    Returns:
        An exit code if it cannot be saved.
    """
    from configs.loading.loader import is_resolved
    from flows.sessions.saved_plans import save, text_of
    from snapferry.next_steps import same_command, say_next
    from snapferry.output.console import print_text, say, show_problem

    existing = preview.continues or preview.finished
    if existing:
        show_problem(
            f"run {existing} exists, so there is no new migration to save",
            f"to save another one: {same_command('--new-run')}",
        )
        return ExitCode.REFUSED
    if str(output) == "-":
        print_text(text_of(preview.document))
        return None
    try:
        if output.is_file() and not is_resolved(output):
            what = "the plan itself" if output.samefile(call.file) else "no saved plan"
            show_problem(f"{output} exists, and is {what}", _OTHER_FILE)
            return ExitCode.INVALID
        save(preview.document, output)
    except OSError as error:
        show_problem(f"cannot write {output}: {error.strerror}", _OTHER_FILE)
        return code_of_output(error)
    to_run = _next_of_saved(preview, output)
    _show_document(call, preview, to_run)
    if not to_run:
        say(f"Saved to {output}, but there is nothing to do: no index is left to move.")
        return None
    say(_not_looked_at())
    say(f"Saved to {output}. To execute exactly this plan:")
    if not call.as_json:
        say_next(to_run)
    return None


def _next_of_saved(preview: "MigrationPreview", output: Path) -> str:
    """The command that executes exactly this plan; empty if there is nothing to do."""
    from runs.commands import Called, current, in_full

    if not preview.document.changes:
        return ""
    called = (current() or Called()).model_copy(update={"plan": str(output)})
    return in_full(command("migrate", "--execute", *_consents(preview)), called)
