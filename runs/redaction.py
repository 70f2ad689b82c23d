"""Cutting secrets out of a text that somebody else has written, such as a command's output."""

import os
import re
from collections.abc import Sequence

_SECRET_NAME = re.compile(r"SECRET|PASS(WORD|WD|PHRASE)|TOKEN|WEBHOOK|CREDENTIAL|API_?KEY|ACCESS_KEY", re.I)
_SHORTEST = 6  # a shorter value of a variable that only sounds secret would blank ordinary words
_BLANK = "[secret]"


def redacted(text: str, named: Sequence[str]) -> str:
    """The text without the values of environment variables that hold secrets.

    Args:
        named: variables that are known to hold one, beside those whose names tell so.
    """
    known = {os.environ.get(name, "") for name in named}
    known |= {
        value for name, value in os.environ.items() if _SECRET_NAME.search(name) and len(value) >= _SHORTEST
    }
    for value in sorted(filter(None, known), key=len, reverse=True):
        text = text.replace(value, _BLANK)
    return text
