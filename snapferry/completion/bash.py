"""Words as bash cuts them: it takes a colon for the end of a word, and `plan.yaml:target` for three words."""

import os
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from io import StringIO

_ASKS = "_SNAPFERRY_COMPLETE"


@contextmanager
def whole_words() -> Generator[None]:
    """Inside the block, a word that bash has cut at a colon is whole; nothing if bash does not ask.

    Bash puts what is printed in place of the last piece, so the pieces before it are taken off again.
    """
    if os.environ.get(_ASKS) != "complete_bash":
        yield
        return
    words = os.environ.get("COMP_WORDS", "").split("\n")
    joined, at = _joined(words, int(os.environ.get("COMP_CWORD") or 0))
    os.environ.update(COMP_WORDS="\n".join(joined), COMP_CWORD=str(at))
    before = joined[at].rpartition(":")[0] + ":" if at < len(joined) and len(joined) < len(words) else ""
    printed = StringIO()
    try:
        with redirect_stdout(printed):
            yield
    finally:
        print(*(line.removeprefix(before) for line in printed.getvalue().splitlines()), sep="\n")


def _joined(words: list[str], at: int) -> tuple[list[str], int]:
    """The words without cuts at colons, and the place of the one that is typed among them."""
    whole: list[str] = []
    place = 0
    for number, word in enumerate(words):
        belongs = number > 1 and (word == ":" or words[number - 1] == ":")
        if belongs:
            whole[-1] += word
        else:
            whole.append(word)
        if number == at:
            place = len(whole) - 1
    return whole, max(place, at - len(words) + len(whole)) if at >= len(words) else place
