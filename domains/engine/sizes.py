"""Sizes as the engines write them in settings."""

import re

_LARGEST = 2**63
_UNITS = {unit: 2 ** (10 * power) for power, unit in enumerate("bkmgtp")}


def bytes_of(text: str) -> int:
    """Bytes of a size such as `40mb`, `1g`, `41943040b`, or of a plain number; negative where it is.

    Raises:
        ValueError: it is no size.
    """
    found = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*(?:(b)|([kmgtp])b?)?\s*", text.lower())
    if not found:
        raise ValueError(f"not a size: {text!r}")
    size = float(found[1]) * _UNITS[found[3] or "b"]
    if abs(size) >= _LARGEST:
        raise ValueError(f"not a size: {text[:40]!r}")
    return int(size)
