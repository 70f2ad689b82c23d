"""Find out why a search ranks otherwise on the target. Reads only.

A difference that comes from deleted documents alone goes away with the next merges. It is believed only if
nothing else differs: the same terms, the same similarity, the same figures of each document, and counts that
differ by no more documents than are deleted. Whatever could not be explained is `unknown`, and fails.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domains.engine.comparison.searches import SearchAnswer, deleted_documents
from domains.engine.indices.index_metadata import IndexMetadata, index_metadata
from domains.errors import DomainError
from domains.http.json_replies import Json
from tasks.queries.comparing import ComparedSearch
from tasks.queries.explanations import difference
from tasks.queries.ranking.changes import Document
from tasks.queries.sides import SearchedSide, SearchedSides
from tasks.records.queries import Cause
from tasks.records.resolution import SelectedIndex
from tasks.verification.content import metadata

_EXPLAINED = 100
"""Documents of a search whose scores are explained, at most; of more, the cause is unknown."""
_SHOWN = 4
_SETTINGS = {
    "index.similarity.": Cause.SIMILARITY,
    "index.analysis.": Cause.ANALYSIS,
    "index.number_of_shards": Cause.SHARDS,
}
_WITHOUT_SCORE = "its ranks come from field values, and no difference of mappings or settings was found"


@dataclass
class Causes:
    """Looks for causes, and keeps what it has read of the indices.

    Args:
        sides: both domains.
    """

    sides: SearchedSides
    _metadata: dict[str, tuple[IndexMetadata | None, IndexMetadata | None]] = field(
        default_factory=dict[str, tuple[IndexMetadata | None, IndexMetadata | None]]
    )

    def explained(self, found: ComparedSearch) -> ComparedSearch:
        """The search with causes and evidence; `explained` if deleted documents are all of the cause.

        Raises:
            DomainError: transient errors only; any other leaves the cause unknown.
        """
        try:
            causes, evidence = self._causes(found)
        except DomainError as error:
            if error.transient:
                raise
            causes, evidence = {Cause.UNKNOWN}, [f"the cause could not be looked for: {error.message}"]
        ordered = tuple(each for each in Cause if each in causes) or (Cause.UNKNOWN,)
        outcome = found.result.outcome
        if ordered == (Cause.DELETED,) and not found.result.parts:
            outcome = "explained"
        told = tuple(dict.fromkeys(evidence))[:_SHOWN]
        return found.with_result(causes=ordered, evidence=told, outcome=outcome)

    def _causes(self, found: ComparedSearch) -> tuple[set[Cause], list[str]]:
        causes: set[Cause] = set()
        evidence: list[str] = []
        for index in found.indices:
            for cause, said in self._of_index(index):
                causes.add(cause)
                evidence.append(f"{index.name}: {said}")
        if not found.changes:
            return causes or {Cause.UNKNOWN}, evidence
        if not found.ranked_by_score:
            return causes or {Cause.UNKNOWN}, evidence or [_WITHOUT_SCORE]
        more, told = self._of_scores(found)
        return causes | more, [*evidence, *told]

    def _of_index(self, index: SelectedIndex) -> Iterator[tuple[Cause, str]]:
        """What differs in the definition of an index, as far as it can change what a search finds."""
        source, target = self._definitions(index)
        if source is None or target is None:
            yield Cause.UNKNOWN, "its mapping and settings could not be read"
            return
        for key in sorted(source.settings.keys() | target.settings.keys()):
            left, right = (each.settings.get(key, "not set") for each in (source, target))
            cause = next((each for start, each in _SETTINGS.items() if key.startswith(start)), None)
            if cause and left != right:
                yield cause, f"{key} is {left} on the source, {right} on the target"
        mapping = metadata.mapping(source, target)
        if mapping.outcome != "equal":
            said = mapping.detail
            yield (Cause.ANALYSIS if "analyzer" in said else Cause.MAPPING), said

    def _definitions(self, index: SelectedIndex) -> tuple[IndexMetadata | None, IndexMetadata | None]:
        if index.name not in self._metadata:
            both = (self.sides.source, self.sides.target)
            source, target = (_definition(side, side.names[index.name]) for side in both)
            self._metadata[index.name] = source, target
        return self._metadata[index.name]

    def _of_scores(self, found: ComparedSearch) -> tuple[set[Cause], list[str]]:
        named: list[Document] = [(each.index, each.id) for each in found.changes[:_EXPLAINED]]
        source, target = (
            self._explanations(side, found, named) for side in (self.sides.source, self.sides.target)
        )
        causes, evidence = _beyond(found)
        counted: dict[str, float] = {}
        for index, id_ in named:
            left, right = source.get((index, id_)), target.get((index, id_))
            if left is None or right is None:
                cause, said = _missing(id_, left, right)
                causes.add(cause)
                evidence.append(said)
                continue
            differs = difference(left, right)
            causes |= differs.causes - {Cause.DELETED}
            evidence += differs.evidence
            if Cause.DELETED in differs.causes:
                counted[index] = max(counted.get(index, 0.0), differs.count_difference)
        if counted:
            causes.add(self._cause_of_counts(found, counted, evidence))
        return causes, evidence

    def _cause_of_counts(
        self, found: ComparedSearch, counted: Mapping[str, float], evidence: list[str]
    ) -> Cause:
        """Whether deleted documents can be all of a difference of the statistics.

        Both sides count the same live documents, so counts differ by no more than one side has deleted: in
        one shard, or, where a search gathers the statistics of all shards first, in all of them.

        Args:
            counted: the largest difference of counts, by index.
        """
        both = [_deleted(side, found) for side in (self.sides.source, self.sides.target)]
        source, target = (sum(map(sum, each.values())) for each in both)
        evidence.insert(
            0, f"deleted documents that are not merged away: {source} on the source, {target} on the target"
        )
        if found.query.header.get("search_type") == "dfs_query_then_fetch":
            most = dict.fromkeys(counted, max(source, target))
        else:
            most = {name: max(0, *(max(each[name], default=0) for each in both)) for name in counted}
        enough = all(most[name] > 0 and counted[name] <= most[name] for name in counted)
        return Cause.DELETED if enough else Cause.UNKNOWN

    def _explanations(
        self, side: SearchedSide, found: ComparedSearch, named: Sequence[Document]
    ) -> dict[Document, Json]:
        """The explanations of these documents' scores, in the search as it is."""
        answer = side.run(found.indices, found.query.header, _explaining(found.query.body, named))
        return {side.document(hit): hit.explanation for hit in _whole(side, answer).hits}


def _beyond(found: ComparedSearch) -> tuple[set[Cause], list[str]]:
    """Whatever is not explained is unknown."""
    if len(found.changes) <= _EXPLAINED:
        return set(), []
    return {Cause.UNKNOWN}, [f"{len(found.changes)} documents changed, and only {_EXPLAINED} were explained"]


def _missing(id_: str, source: Json | None, target: Json | None) -> tuple[Cause, str]:
    if source is None and target is None:
        return Cause.UNKNOWN, f"document {id_} could not be explained on either side"
    return Cause.DOCUMENTS, f"document {id_} is found on the {'target' if source is None else 'source'} only"


def _deleted(side: SearchedSide, found: ComparedSearch) -> dict[str, tuple[int, ...]]:
    """The deleted documents of each shard, by the index's name on the source."""
    names = [side.names[index.name] for index in found.indices]
    counts = deleted_documents(side.domain, names)
    return {index.name: counts.get(side.names[index.name], ()) for index in found.indices}


def _whole(side: SearchedSide, answer: SearchAnswer) -> SearchAnswer:
    if answer.problem:
        raise DomainError(f"{side.domain.label}: POST /_msearch", answer.problem)
    return answer


def _definition(side: SearchedSide, name: str) -> IndexMetadata | None:
    return index_metadata(side.domain, [name]).get(name)


def _explaining(body: Json, named: Sequence[Document]) -> Json:
    """The search with explanations of these documents alone; `post_filter` changes no score."""
    wanted: Json = {"ids": {"values": list(dict.fromkeys(id_ for _, id_ in named))}}
    own = body.get("post_filter")
    both: Json = {"bool": {"filter": [own, wanted]}} if own else wanted
    kept = {
        key: value for key, value in body.items() if key in {"query", "rescore", "indices_boost", "collapse"}
    }
    return {
        **kept,
        "post_filter": both,
        "explain": True,
        "size": len(named) * (1 if len({index for index, _ in named}) == 1 else 4),
        "_source": False,
    }
