"""How a single operation runs: print its requests; with --execute, act and print the outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from snapferry.calls import Call
from snapferry.exit_codes import ExitCode
from snapferry.one_domain import OneDomain
from snapferry.options import Execute, StatePlace, state_folder

if TYPE_CHECKING:
    from rich.console import RenderableType

    from flows.operations.operation import Place, Prepare
    from tasks.operations.operation import Operation, Prepared
    from tasks.records.operations import Outcome, Preview

    R = TypeVar("R", bound="Outcome")

NO_WAIT = "--no-wait"


@dataclass(frozen=True, kw_only=True)
class DomainCall(Call):
    """The call of a verb that reads one domain, and the state folder for the runs that work on it."""

    state: StatePlace = None


@dataclass(frozen=True, kw_only=True)
class OperationCall(DomainCall):
    """The call of a verb that changes one domain with `--execute`."""

    execute: Execute = False

    @property
    def waits(self) -> bool:
        """Whether to wait until the work has ended."""
        return True


@dataclass(frozen=True, kw_only=True)
class LongOperationCall(OperationCall):
    """The call of a verb whose work continues on the domain when the command ends."""

    no_wait: Annotated[
        bool,
        typer.Option(
            NO_WAIT, help="Return once it has surely begun. The same command without it follows the work."
        ),
    ] = False

    @property
    def waits(self) -> bool:
        """Whether to wait until the work has ended."""
        return not self.no_wait


def place_of(call: DomainCall, domain: OneDomain) -> "Place":
    """The domain as it was named.

    Raises:
        typer.BadParameter: an option is missing or wrong, or two do not go together.
    """
    chosen = domain.chosen()
    from flows.operations.operation import Place

    return Place(
        settings=chosen.settings,
        key=chosen.key,
        state=state_folder(call.state, chosen.plan),
        side=chosen.side,
        plan=chosen.plan,
        reach=tuple(domain.options()),
    )


def carry_out(
    call: OperationCall,
    domain: OneDomain,
    prepare: "Prepare[R]",
    view: "Callable[[R], RenderableType]",
) -> ExitCode:
    """Prepare an operation and print its requests; with --execute, carry it out and print the outcome.

    Returns:
        0 without --execute; else as the outcome says.

    Raises:
        PreconditionError: something speaks against it, or a consent is lacking; nothing was changed.
        SnapferryError: it failed before anything was sent.
    """
    place = place_of(call, domain)
    from flows.operations.operation import open_operation, require_consents, require_sound
    from reports.views.operations import preview_view
    from reports.words.operations import lacking, options
    from snapferry.next_steps import same_command
    from snapferry.output.progress import shown_progress

    op = open_operation(place, wait=call.waits)
    with shown_progress():
        prepared = prepare(op)
    preview = prepared.preview
    if not call.as_json:
        call.show(preview, preview_view)
    require_sound(preview)
    to_run = same_command("--execute", *options(preview))
    if not call.execute:
        _end_preview(call, preview, to_run)
        return ExitCode.DONE
    require_consents(preview, lacking, to_run)
    return _act(call, op, prepared, view)


def _end_preview(call: OperationCall, preview: "Preview", to_run: str) -> None:
    from reports.views.operations import preview_view
    from snapferry.next_steps import say_next
    from snapferry.output.console import say

    if call.as_json:
        call.show(preview, preview_view, to_run=to_run)
        return
    say("Nothing was changed. To go ahead:")
    say_next(to_run)


def _act(
    call: OperationCall,
    op: "Operation",
    prepared: "Prepared[R]",
    view: "Callable[[R], RenderableType]",
) -> ExitCode:
    """Carry it out. After an error, the exit code says whether something may have been changed."""
    from domains.errors import SnapferryError
    from snapferry.exit_codes import code_of_error
    from snapferry.next_steps import say_next
    from snapferry.output.console import show_error
    from snapferry.output.progress import shown_progress

    try:
        with shown_progress():
            outcome = prepared.act()
    except SnapferryError as error:
        code = code_of_error(error)
        if not op.sent or code is ExitCode.INTERRUPTED:
            raise
        show_error(error)
        return ExitCode.FAILED
    to_run = _following() if outcome.pending else ""
    call.show(outcome, view, to_run=to_run)
    if to_run and not call.as_json:
        say_next(to_run)
    if outcome.failed:
        return ExitCode.FAILED if op.sent else ExitCode.REFUSED
    return ExitCode.DONE


def _following() -> str:
    """The same command, waiting this time."""
    from runs.commands import current
    from snapferry.next_steps import next_command

    called = current()
    words = [each for each in (called.options if called else ()) if each != NO_WAIT]
    return next_command(called.verb if called else "", *words)


def require_exact(names: list[str], what: str, parameter: str) -> tuple[str, ...]:
    """Names without wildcards, each once: what is deleted or released is named exactly.

    Raises:
        typer.BadParameter: one is a pattern, or no name at all.
    """
    for name in names:
        bad = next((sign for sign in '*?,"\\/# <>|' if sign in name), None)
        if bad or not name or name in {"_all", ".", ".."} or name.startswith(("-", "+")):
            said = f"{name!r} is no exact name of {what}"
            raise typer.BadParameter(f"{said}; write each name out, without patterns", param_hint=parameter)
    return tuple(dict.fromkeys(names))


def settings_from(given: list[str] | None, option: str) -> dict[str, str]:
    """`KEY=VALUE` options as a mapping.

    Raises:
        typer.BadParameter: one has no key or no value, or a key is given twice.
    """
    found: dict[str, str] = {}
    for each in given or ():
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{each!r}: write KEY=VALUE", param_hint=option)
        if key in found:
            raise typer.BadParameter(f"{key} is given twice", param_hint=option)
        found[key] = value
    return found
