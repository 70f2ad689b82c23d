"""The only place that prints. Results go to standard output, everything else to standard error."""

import json
import sys
from typing import Any

from rich.console import Console, RenderableType

from domains.errors import SnapferryError

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def show(view: RenderableType) -> None:
    """Prints a result for people."""
    out.print(view, markup=False, emoji=False)


def say(text: str) -> None:
    """Prints a line beside the result, on standard error."""
    err.print(text, markup=False, emoji=False, soft_wrap=True)


def show_json(document: dict[str, Any] | str) -> None:
    """Prints one JSON document on standard output."""
    text = document if isinstance(document, str) else json.dumps(document, indent=2, default=str)
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def print_text(text: str) -> None:
    """Prints a text as it is on standard output."""
    sys.stdout.write(text)
    sys.stdout.flush()


def complain(error: BaseException) -> None:
    """Prints an error and its hint on standard error."""
    ours = isinstance(error, SnapferryError)
    complain_of(error.message if ours else str(error), error.hint if ours else "")


def complain_of(message: str, hint: str = "") -> None:
    """Prints what is wrong, and what to do, on standard error."""
    err.print(f"snapferry: {message}", markup=False, emoji=False, soft_wrap=True, style="bold red")
    if hint:
        err.print(f"next: {hint}", markup=False, emoji=False, soft_wrap=True)
