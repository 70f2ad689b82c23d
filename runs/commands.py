"""Commands that texts name, so that a user can paste them as they stand.

Errors, records and journals name a command by its verb and options, `snapferry abort PLAN --execute`: PLAN
stands for the plan's file, and `--state` where it was given. `in_full` fills that in when the text is shown,
by how the command that shows it was called.
"""

import re
import shlex
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from pydantic import BaseModel, ConfigDict

from configs.values.visible import is_visible

_NOT_AGAIN = ("--new-run",)  # they would start another run
_NAMED = re.compile(r"\bsnapferry ((?:[a-z-]+ )?[a-z-]+) PLAN\b( --new-run)?( -o PLAN\b)?")
_ALONE = re.compile(
    r"(?<!by )`snapferry (abort|check|cutover|finish|migrate|plan|rehearse|report|seed|status|verify)`"
)
"""Without its plan, as earlier versions wrote it into journals."""
_SAME = re.compile(r"\brun the same command again\b")


class Called(BaseModel):
    """How a command was called, to name the next one.

    Args:
        verb: its verb, after its group where it has one; empty for a flow that a deployment runs.
        plan: the plan's file as it was given; for a deployment, a copy of its plan; for a verb that works on
            one domain, that domain; empty if it took none.
        state: the state folder as it was given; empty for the default one.
        options: its other options and arguments, as they were given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    verb: str = ""
    plan: str = ""
    state: str = ""
    options: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The plan and the state folder, quoted for a shell."""
        state = f" --state {quoted_file(self.state)}" if self.state else ""
        return quoted_file(self.plan) + state

    @property
    def again(self) -> str:
        """The command that resumes the run it worked on; empty for a deployment."""
        options = [each for each in self.options if each not in _NOT_AGAIN]
        return command(self.verb, *options) if self.verb else ""


_called: ContextVar[Called | None] = ContextVar("snapferry_called", default=None)


@contextmanager
def called_as(called: Called) -> Generator[None]:
    """Inside the block, the process is a command that was called like this."""
    token = _called.set(called)
    try:
        yield
    finally:
        _called.reset(token)


def current() -> Called | None:
    """How this command was called; None if a deployment, or other code, runs a flow."""
    return _called.get()


def command(verb: str, *options: str) -> str:
    """Name a command of the same plan in a text; `in_full` completes it."""
    return " ".join(["snapferry", verb, "PLAN", *map(quoted, options)])


def quoted(word: str) -> str:
    """A word as a shell takes it: in quotes, or in bash's escapes where it cannot be shown as it is."""
    if all(map(is_visible, word)) and _can_be_shown(word):
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, word))}'"


def quoted_file(name: str) -> str:
    """The name of a file as a shell takes it, and no command takes it for an option."""
    return quoted(f"./{name}" if name.startswith("-") else name)


def _can_be_shown(word: str) -> bool:
    try:
        word.encode(getattr(sys.stderr, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _escaped(character: str) -> str:
    if character.isascii() and is_visible(character):
        return rf"\{character}" if character in r"\'" else character
    code = ord(character)
    is_byte = 0xDC80 <= code <= 0xDCFF  # of a name that is none in this locale; Python keeps it like this
    raw = bytes([code - 0xDC00]) if is_byte else character.encode("utf-8", "surrogatepass")
    return "".join(rf"\x{each:02x}" for each in raw)


def with_options(*options: str) -> str:
    """Name this command with more options; empty if no command was called."""
    called = current()
    return command(called.verb, *called.options, *options) if called and called.verb else ""


def in_full(text: str, called: Called | None) -> str:
    """Complete the commands in a text, so that they can be pasted.

    Args:
        called: how the command was called that shows the text, or that worked on the run it is about.
    """
    if called is None or not called.plan:
        return text
    if not called.verb:
        text = _SAME.sub("run the deployment again with the same parameters", text)
    text = _ALONE.sub(lambda found: f"`snapferry {found[1]} {called.place}`", text)
    return _NAMED.sub(lambda found: _completed(found, called), text)


def _completed(found: re.Match[str], called: Called) -> str:
    output = f" -o {quoted_file(called.plan)}" if found[3] else ""
    return f"snapferry {found[1]} {called.place}{found[2] or ''}{output}"


def called_with(verb: str, arguments: Sequence[str], plan: str | None, state: str | None) -> Called:
    """How a verb was called, from its arguments as they were given.

    Args:
        arguments: everything after the verb.
        plan, state: their values; None where they were not given.
    """
    kept, left = list[str](), list(arguments)
    file = ""
    while left:
        each = left.pop(0)
        if each == "--state" and state is not None:
            left = left[1:]
        elif each == "--json" or each.startswith("--state="):
            continue
        elif plan is not None and not file and _is_same_file(each, plan):
            file = each
        else:
            kept.append(each)
    return Called(verb=verb, plan=file or plan or "", state=state or "", options=tuple(kept))


def _is_same_file(given: str, plan: str) -> bool:
    return given == plan or (not given.startswith("-") and given.removeprefix("./") == plan)
