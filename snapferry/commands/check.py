"""`snapferry check`: the preflight checks."""

from typing import TYPE_CHECKING, Annotated

import typer

from configs.checks import IDS, checks_named
from snapferry.calls import RunCall
from snapferry.exit_codes import ExitCode
from snapferry.options import ConsentOptions, ListAll
from snapferry.output.verbosity import is_verbose
from snapferry.verb import verb

Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="NAME",
        help="Run only this check, group of checks (window), or those that match a pattern ('window.*'). "
        "Repeatable.",
    ),
]

if TYPE_CHECKING:
    from runs.state import State


@verb("snapferry check orders-to-ireland.yaml", "snapferry check orders-to-ireland.yaml --only window")
def check(call: RunCall, allow: ConsentOptions, only: Only = None, all: ListAll = False) -> ExitCode:
    """Run the preflight checks, and show how to fix what fails.

    Shows failures and warnings first, then what was skipped; --all also lists what passed. Reads only. Exits
    with 3 if any check fails. docs/checks.md explains each check.
    """
    chosen = _chosen(only)
    plan = call.load()
    from configs.values.visible import visible_values
    from flows.check import run_check
    from reports.views.checks import checks_document, checks_view
    from runs.state import State
    from snapferry.next_steps import say_next
    from snapferry.output.console import show, show_json

    runs = State(call.folder, plan.name)
    records = run_check(plan, allow.consents(), chosen, call.folder)
    failed = any(record.status == "FAIL" for record in records)
    to_run = _next(runs, failed=failed)
    if call.as_json:
        show_json({**checks_document(records, chosen), "next": to_run})
    else:
        show(checks_view(visible_values(records), chosen, every=all or is_verbose()))
        say_next(to_run)
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


def _next(state: "State", *, failed: bool) -> str:
    """Check again after a failure; rehearse before the first run; then plan, or see how the run stands."""
    from runs.errors import StateUnusable
    from runs.lifecycle import RunStatus, is_given_up
    from runs.verbs import Verb
    from snapferry.next_steps import next_command, same_command

    if failed:
        return same_command()
    try:
        latest = state.latest()
    except StateUnusable:
        latest = None  # the verb that needs the state folder says what is wrong with it
    if latest is None or is_given_up(latest.document):
        return next_command("rehearse")
    rehearsed = latest.document.verb is Verb.REHEARSE and latest.document.status is RunStatus.DONE
    return next_command("plan") if rehearsed else next_command("status")
