"""Redact secrets from third-party text, such as a command's output."""

import os
import re
from collections.abc import Sequence

from domains.known_secrets import cut_secrets

_SECRET_NAME = re.compile(r"SECRET|PASS(WORD|WD|PHRASE)|TOKEN|WEBHOOK|CREDENTIAL|API_?KEY|ACCESS_KEY", re.I)
_SHORTEST = 6  # redacting shorter values of variables that only sound secret would blank ordinary words
_BLANK = "[secret]"


def redacted(text: str, named: Sequence[str]) -> str:
    """Redact the values of environment variables that hold secrets.

    Args:
        named: variables known to hold a secret, besides those whose names suggest it.
    """
    text = cut_secrets(text)
    known = {os.environ.get(name, "") for name in named}
    known |= {
        value for name, value in os.environ.items() if _SECRET_NAME.search(name) and len(value) >= _SHORTEST
    }
    for value in sorted(filter(None, known), key=len, reverse=True):
        text = text.replace(value, _BLANK)
    return text
