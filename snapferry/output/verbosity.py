"""How much a command says: `-v`, `-q` and `--debug`, the same for every verb. Light, as help needs it."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Also show each request to a domain or to AWS, one line each.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show results and errors only.")]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug", help="Write all requests and replies, without secrets, to a file for a support case."
    ),
]


@dataclass(frozen=True, kw_only=True)
class Verbosity:
    """The options of every verb that say how much it shows."""

    verbose: Verbose = False
    quiet: Quiet = False
    debug: Debug = False


_current = [Verbosity()]


def is_quiet() -> bool:
    """Whether only results and errors are to be shown."""
    return _current[0].quiet


def is_verbose() -> bool:
    """Whether as much as possible is to be shown."""
    return _current[0].verbose


@contextmanager
def speaking(options: Verbosity) -> Generator[None]:
    """Inside the block, the command says as much as these options ask for.

    Raises:
        typer.BadParameter: two of the options contradict each other.
    """
    if options.quiet and options.verbose:
        raise typer.BadParameter("it contradicts --verbose; leave one of them out", param_hint="--quiet")
    before, _current[0] = _current[0], options
    try:
        yield
    finally:
        _current[0] = before
