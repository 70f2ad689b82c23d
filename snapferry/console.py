"""The only module that prints. Results go to standard output, everything else to standard error."""

import json
import sys
from typing import Any

from rich.console import Console, RenderableType

from domains.errors import SnapferryError

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def show(view: RenderableType) -> None:
    """Print a result for people."""
    out.print(view, markup=False, emoji=False)


def say(text: str) -> None:
    """Print a line that is no part of the result, on standard error."""
    err.print(text, markup=False, emoji=False, soft_wrap=True)


def show_json(document: dict[str, Any] | str) -> None:
    """Print one JSON document on standard output."""
    text = document if isinstance(document, str) else json.dumps(document, indent=2, default=str)
    print_text(text.rstrip("\n") + "\n")


def print_text(text: str) -> None:
    """Print a text unchanged on standard output."""
    sys.stdout.write(text)
    sys.stdout.flush()


def show_error(error: SnapferryError) -> None:
    """Print an error and its hint on standard error."""
    show_problem(error.message, error.hint)


def show_problem(message: str, hint: str = "") -> None:
    """Print what is wrong, and what to do next, on standard error."""
    err.print(f"snapferry: {message}", markup=False, emoji=False, soft_wrap=True, style="bold red")
    if hint:
        err.print(f"next: {hint}", markup=False, emoji=False, soft_wrap=True)
