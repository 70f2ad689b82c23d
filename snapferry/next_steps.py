"""The next step that a command ends with: one line, `next: …`, that can be pasted as it stands."""

from collections.abc import Sequence

from runs.commands import Called, command, current, in_full


def next_command(verb: str, *options: str) -> str:
    """A command about the same plan."""
    return in_full(command(verb, *options), current())


def same_command(*more: str, verb: str = "", without: Sequence[str] = ()) -> str:
    """This command, as it was called, with more options.

    Args:
        verb: another verb, called with the same options.
        without: options to leave out, each with its value.
    """
    called = current() or Called()
    given = _left(called.options, without)
    return next_command(verb or called.verb, *given, *(each for each in more if each not in given))


def _left(options: Sequence[str], without: Sequence[str]) -> list[str]:
    """The options without some that have a value each, in any of the forms that a shell user writes."""
    kept, left = list[str](), list(options)
    while left:
        each = left.pop(0)
        if each in without:
            left = left[1:]
        elif not any(each.startswith(f"{name}=" if name.startswith("--") else name) for name in without):
            kept.append(each)
    return kept


def say_next(text: str) -> None:
    """Print the next step, on standard error."""
    from snapferry.output.console import say

    say(f"next: {text}")
