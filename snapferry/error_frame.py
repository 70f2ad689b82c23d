"""How every verb ends when something goes wrong: one sentence on standard error, and an exit code."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import typer

from snapferry.exit_codes import ExitCode


@contextmanager
def exit_on_error() -> Generator[None]:
    """Print an expected error and exit with its code; for commands that have changed nothing yet."""
    from domains.errors import SnapferryError
    from snapferry.console import say, show_error
    from snapferry.exit_codes import code_of_error

    try:
        yield
    except SnapferryError as error:
        show_error(error)
        raise typer.Exit(code_of_error(error)) from None
    except KeyboardInterrupt:
        say("snapferry: interrupted; the same command resumes it")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


@contextmanager
def sigterm_as_interrupt() -> Generator[None]:
    """Treat SIGTERM inside the block like Ctrl-C, so that an interrupted run is recorded as such."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
