"""The two domains that a search is run on, and the names of the indices there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from domains.domain import Domain
from domains.engine.comparison.search_problems import said_of_search
from domains.engine.comparison.searches import Hit, SearchAnswer, run_search
from domains.errors import DomainError
from domains.http.json_replies import Json
from tasks.queries.ranking.changes import Document
from tasks.records.resolution import SelectedIndex

Name = Literal["source", "target"]


@dataclass(frozen=True)
class SearchedSide:
    """One side, as a search sees it.

    Args:
        names: of the indices there, by their names on the source.
    """

    domain: Domain
    names: Mapping[str, str]

    def run(self, indices: Sequence[SelectedIndex], header: Json, body: Json) -> SearchAnswer:
        """Run a search on these indices. A refusal is an answer with a problem. Reads only.

        Raises:
            DomainError: transient errors only.
        """
        try:
            return run_search(self.domain, [self.names[index.name] for index in indices], header, body)
        except DomainError as error:
            if error.transient:
                raise
            return SearchAnswer(problem=said_of_search(error))

    def document(self, hit: Hit) -> Document:
        """The document of a hit, under its index's name on the source."""
        return self._on_source.get(hit.index, hit.index), hit.id

    @property
    def _on_source(self) -> dict[str, str]:
        return {here: name for name, here in self.names.items()}


@dataclass(frozen=True)
class SearchedSides:
    """Both sides."""

    source: SearchedSide
    target: SearchedSide


def sides_of(source: Domain, target: Domain, indices: Sequence[SelectedIndex]) -> SearchedSides:
    """Both sides with the names that these indices have there."""
    return SearchedSides(
        SearchedSide(source, {index.name: index.name for index in indices}),
        SearchedSide(target, {index.name: index.target for index in indices}),
    )
