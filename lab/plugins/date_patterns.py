"""Java's patterns of dates, as far as names of snapshots use them."""

from __future__ import annotations

import re
from datetime import datetime

PIECES = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
LETTERS = {"y": "%Y", "u": "%Y", "M": "%m", "d": "%d", "H": "%H", "m": "%M", "s": "%S", "e": "%u", "D": "%j"}


class UnknownPattern(ValueError):
    """The pattern is broken, or the lab does not know a letter of it."""


def formatted(pattern: str, moment: datetime) -> str:
    """Format the moment by the pattern.

    Raises:
        UnknownPattern: as its name says.
    """
    text, position = "", 0
    for piece in PIECES.finditer(pattern):
        if piece.start() != position:
            break
        position = piece.end()
        text += _piece(piece, moment)
    if position != len(pattern) or not pattern:
        raise UnknownPattern(f"Invalid format: [{pattern}]: Pattern ends with an incomplete string literal")
    return text


def _piece(piece: re.Match[str], moment: datetime) -> str:
    literal, letter = piece.group(1), piece.group(2)
    if literal is not None:
        return literal.replace("''", "'") or "'"
    if letter is None:
        return piece.group(0)
    length = len(piece.group(0))
    if letter == "S":
        return f"{moment.microsecond:06d}".ljust(9, "0")[:length]
    if letter not in LETTERS:
        raise UnknownPattern(f"Invalid format: [{piece.group(0)}]: Unknown pattern letter: {letter}")
    shown = moment.strftime(LETTERS[letter])
    if letter in "yu" and length == 2:
        return shown[2:]
    return shown.lstrip("0") or "0" if length == 1 and letter not in "yu" else shown
