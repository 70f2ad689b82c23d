"""Which of the compared indices an index expression of the source means. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domains.engine.catalog import Catalog
from tasks.records.resolution import SelectedIndex
from tasks.selection.select import matches


@dataclass(frozen=True)
class Scope:
    """The indices that are compared, and the names that the source has.

    Args:
        indices: open ones, each with its name on the source and on the target.
    """

    indices: tuple[SelectedIndex, ...]
    source: Catalog

    def meant(self, expressions: Sequence[str]) -> tuple[list[SelectedIndex], int]:
        """The compared indices that a recorded search is about, and how many others of the source.

        Aliases and data streams stand for their indices, so that a search can be run where the target does
        not have these names yet. As for the engine, `-NAME` leaves out what came before it.

        Args:
            expressions: names, patterns, aliases; empty for every index.
        """
        names = dict.fromkeys(self._names(expressions))
        chosen = [index for index in self.indices if index.name in names]
        return chosen, len(names) - len(chosen)

    def _names(self, expressions: Sequence[str]) -> Iterator[str]:
        found: dict[str, None] = {}
        for at, each in enumerate(expressions or ("*",)):
            if at and each.startswith("-"):
                found = {name: None for name in found if name not in self._of(each[1:])}
            else:
                found |= dict.fromkeys(self._of("*" if each == "_all" else each))
        return iter(found)

    def _of(self, expression: str) -> list[str]:
        """The open indices of one expression; hidden ones only by their own name."""
        wanted = [expression]
        listed = [
            name
            for name, index in self.source.indices.items()
            if index.open and matches(name, wanted) and (name == expression or not name.startswith("."))
        ]
        for name, covered in self.source.aliases.items():
            if matches(name, wanted):
                listed += [each for each in covered if self.source.indices[each].open]
        for name, stream in self.source.streams.items():
            if matches(name, wanted):
                listed += stream.backing
        return listed
