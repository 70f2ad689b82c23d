"""Pair indices whose names differ on source and target. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from configs.values.names import check_index_pattern
from tasks.errors import PreconditionError
from tasks.records.resolution import SelectedIndex


@dataclass(frozen=True)
class Rename:
    """One rule: `old` on the source is called `new` on the target; `*` stands for the rest."""

    old: str
    new: str

    def apply(self, name: str) -> str | None:
        """Return the name on the target; None if the rule does not match."""
        found = re.fullmatch(re.escape(self.old).replace(r"\*", "(.*)"), name, re.DOTALL)
        return self.new.replace("*", found[1]) if found and "*" in self.old else self.new if found else None


def rename(text: str) -> Rename:
    """Parse a rule written as `OLD=NEW`.

    Raises:
        ValueError: the text is no rule; the message shows a correct one.
    """
    old, equals, new = text.partition("=")
    if not equals or not old or not new or "=" in new:
        raise ValueError("write OLD=NEW, such as orders=restored-orders or 'orders-*=restored-orders-*'")
    if old.count("*") != new.count("*") or old.count("*") > 1:
        raise ValueError("OLD and NEW both have one *, or both have none")
    return Rename(check_index_pattern(old), check_index_pattern(new))


def renamed(indices: Sequence[SelectedIndex], rules: Sequence[Rename]) -> tuple[SelectedIndex, ...]:
    """Set the names of the indices on the target. The first matching rule counts.

    A rule that matches a data stream renames its backing indices with it.

    Raises:
        PreconditionError: a rule matches nothing, or two indices would be compared with one.
    """
    used = set[Rename]()
    found = tuple(index.model_copy(update={"target": _target(index, rules, used)}) for index in indices)
    idle = [rule for rule in rules if rule not in used]
    if idle:
        said = f"--rename {idle[0].old}={idle[0].new} matches none of the compared indices"
        raise PreconditionError(said, hint="correct the name on its left, or leave it out")
    for name, times in Counter(index.target for index in found).items():
        if times > 1:
            both = " and ".join([index.name for index in found if index.target == name][:2])
            raise PreconditionError(
                f"{both} would both be compared with {name}",
                hint="correct --rename, or compare fewer indices",
            )
    return found


def _target(index: SelectedIndex, rules: Sequence[Rename], used: set[Rename]) -> str:
    for rule in rules:
        new = rule.apply(index.name)
        if new is None and index.stream and (stream := rule.apply(index.stream)):
            new = index.name.replace(f".ds-{index.stream}-", f".ds-{stream}-", 1)
        if new is not None:
            used.add(rule)
            return new
    return index.name
