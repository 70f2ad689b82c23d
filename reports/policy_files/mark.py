"""The first lines of every generated file, by which it is known to be ours."""

from collections.abc import Sequence

from tasks.records.policies import WantedPolicy

_MARK = "# Made by snapferry for the plan "


def made_by(wanted: WantedPolicy) -> str:
    """The comment at the start of a file."""
    again = (
        f"# `snapferry policy apply --by {wanted.way.value}` writes it again; changes by hand are lost then."
    )
    return f"{_MARK}{wanted.plan}.\n{again}\n"


def is_ours(lines: Sequence[str], wanted: WantedPolicy) -> bool:
    """Whether a file was made for this plan."""
    return lines[:1] == (f"{_MARK}{wanted.plan}.",)
