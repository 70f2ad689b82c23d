"""Pieces of Markdown for the generated pages."""

import re
from collections.abc import Iterable

NOTE = "<!-- Made from the code by `python -m snapferry.reference`. Do not edit it. -->"
_CODE, _MARKUP = re.compile(r"(`[^`]+`)"), re.compile(r"[\\`*_\[\]<>]")


def page(title: str, *parts: str) -> str:
    """A page of these parts, one paragraph, table or block each."""
    return "\n\n".join([NOTE, f"# {title}", *(part for part in parts if part)]) + "\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table; empty without rows."""
    lines = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *lines]) if lines else ""


def code(text: str) -> str:
    """Text as inline code."""
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """Text in which nothing is markup but what stands between backticks."""
    pieces = _CODE.split(text)
    return "".join(piece if _CODE.fullmatch(piece) else _MARKUP.sub(r"\\\g<0>", piece) for piece in pieces)


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")
