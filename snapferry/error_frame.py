"""How every verb ends when something goes wrong: one sentence on standard error, and an exit code."""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager

import typer

from snapferry.exit_codes import ExitCode

_OF_THE_MACHINE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)
}


@contextmanager
def exit_on_error() -> Generator[None]:
    """Print an expected error and exit with its code; for commands that have changed nothing yet."""
    from domains.errors import SnapferryError
    from domains.known_secrets import cut_from
    from runs.commands import current
    from snapferry.exit_codes import code_of_error
    from snapferry.output.console import show_error, show_problem, warn

    try:
        yield
    except SnapferryError as error:
        show_error(error)
        raise typer.Exit(code_of_error(error)) from None
    except OSError as error:
        cut_from(error)
        if error.errno not in _OF_THE_MACHINE:
            raise
        show_problem(
            f"this machine is short of something: {os.strerror(error.errno)}",
            "free disk space, or raise the limit (ulimit -n); then run the same command again",
        )
        raise typer.Exit(ExitCode.FAILED) from None
    except KeyboardInterrupt:
        called = current()
        if called and "--execute" in called.options:
            warn("snapferry: interrupted; the same command resumes it")
            warn(f"next: {called.again}")
        else:
            warn("snapferry: interrupted; nothing was changed")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except Exception as error:
        cut_from(error)
        raise
