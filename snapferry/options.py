"""Command-line options that several verbs share, and the errors they end with."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from configs.plan import Plan
from snapferry.exit_codes import ExitCode

if TYPE_CHECKING:
    from tasks.records.plan_document import PlanDocument

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="The plan, a YAML file.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
StateFolder = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="FOLDER",
        help="Folder of journals and locks. Default: $SNAPFERRY_STATE, else ~/.local/state/snapferry.",
        show_default=False,
    ),
]
AllowDelete = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-delete",
        metavar="NAME",
        help="Consent to deleting this index or data stream on the target; the plan must name it too. "
        "Repeatable.",
    ),
]
Execute = Annotated[bool, typer.Option("--execute", help="Do it. Without this, show what would be done.")]
NewRun = Annotated[
    bool, typer.Option("--new-run", help="Start another run, although one has finished or is unfinished.")
]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="Consent to restoring a snapshot that lacks shards.")
]


def load(path: Path) -> Plan:
    """The plan in this file; prints every problem and exits with 2 when it has any."""
    return load_either(path)[0]


def load_either(path: Path) -> "tuple[Plan, PlanDocument | None]":
    """The plan in this file, or the saved plan and the plan that it was made from; exits as `load` does."""
    from configs.loading.loader import is_resolved, load_plan
    from configs.loading.problems import PlanError
    from snapferry.console import say

    try:
        if not is_resolved(path):
            return load_plan(path), None
        from flows.sessions.saved_plans import plan_in, read

        saved = read(path)
        return plan_in(saved, path), saved
    except PlanError as error:
        say(str(error))
        raise typer.Exit(ExitCode.INVALID) from None


def load_or_begun(path: Path, folder: Path) -> Plan:
    """The plan in this file; where that has problems, the plan that the latest run of its name began with.

    For the verbs that tell that the source refuses writes, and lift that: these must not fail on a typing
    error. Prints every problem, and exits with 2 where there is no such run.
    """
    from configs.loading.loader import is_resolved, load_plan, name_in
    from configs.loading.problems import PlanError
    from runs.begun_plan import plan_begun_with
    from runs.state import State
    from snapferry.console import say

    if is_resolved(path):
        return load(path)
    try:
        return load_plan(path)
    except PlanError as error:
        say(str(error))
    name = name_in(path)
    with errors_end_here():
        latest = State(folder, name).latest() if name else None
        begun = plan_begun_with(latest) if latest else None
    if latest is None or begun is None:
        raise typer.Exit(ExitCode.INVALID)
    say(f"snapferry: the plan file has problems; going by the plan that run {latest.run_id} began with")
    return begun


def state_folder(chosen: Path | None) -> Path:
    """The state folder of this command."""
    from runs.state import default_folder

    return chosen or default_folder()


@contextmanager
def errors_end_here() -> Generator[None]:
    """Prints an expected error of a command that has changed nothing, and ends it with its exit code."""
    from domains.errors import SnapferryError
    from snapferry.console import complain, say
    from snapferry.exit_codes import code_of_error

    try:
        yield
    except SnapferryError as error:
        complain(error)
        raise typer.Exit(code_of_error(error)) from None
    except KeyboardInterrupt:
        say("snapferry: interrupted; the same command continues")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


@contextmanager
def terminated_as_interrupted() -> Generator[None]:
    """SIGTERM inside the block ends the command as Ctrl-C does: the run is written down as interrupted."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
