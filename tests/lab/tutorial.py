"""Give a page's commands to one shell, as its reader does, and compare what is printed with what is shown.

What is shown is shortened, and its numbers are those of another day. So a shown line must occur, with any
numbers, run ids, times and amounts, and with anything in place of `…`.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from support import shown_commands
from support.shown_commands import Block

MARK = "--- block"
UNEXPECTED = 99
_RUN = r"\d{8}-\d{6,9}-[0-9a-f]{4}"
_AMOUNT = r"\d[\d,.:]*(?: (?:kB|MB|GB|B|ms|s|min|h)\b)?"


def shell(page: str, folder: Path, environment: Mapping[str, str], left_out: Collection[str]) -> str:
    """Gives all commands of a page, in order, in one shell; returns everything that was printed.

    Args:
        environment: the reader's.
        left_out: commands that are not given.
    """
    script = "\n".join(_script(block, left_out) for block in shown_commands.blocks(page))
    command = Path(sys.executable).with_name("snapferry").parent
    variables = {**environment, "PATH": f"{command}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert ended.returncode == 0, f"{ended.stdout[-6000:]}\n{ended.stderr[-6000:]}"
    return ended.stdout


def _script(block: Block, left_out: Collection[str]) -> str:
    """A block's commands, each of which must exit as the page says; then a mark."""
    lines = ["exec 2>&1"]
    for command in block.commands:
        if command.text in left_out:
            continue
        said = shlex.quote(f"unexpected exit of: {command.text}")
        lines += [command.text, f"[ $? = {command.code} ] || {{ echo {said}; exit {UNEXPECTED}; }}"]
    return "\n".join([*lines, f"echo '{MARK}'"])


def missing(page: str, printed: str) -> list[str]:
    """The lines that the page shows, and that its commands did not print."""
    parts = printed.split(MARK)
    return [
        line
        for block, part in zip(shown_commands.blocks(page), parts, strict=False)
        for line in block.output
        if not re.search(_pattern(line), re.sub(r"\s+", " ", part))
    ]


def _pattern(line: str) -> str:
    """What a shown line must look like when it is printed."""
    pieces = re.split(rf"({_RUN}|{_AMOUNT}|…|\s+)", line.strip())
    return "".join(_piece(piece) for piece in pieces)


def _piece(piece: str) -> str:
    if re.fullmatch(_RUN, piece):
        return _RUN
    if re.fullmatch(_AMOUNT, piece):
        return _AMOUNT
    if piece == "…":
        return ".*?"
    return " ?" if piece and not piece.strip() else re.escape(piece)
