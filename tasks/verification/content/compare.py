"""Level content: mappings, settings, aliases and documents of each index, and templates in force.

The plan's acceptance queries run at every level. `run.with_contents` merges the findings into the verdicts of
the other levels.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from configs.values.listing import counted
from domains.domain import Domain
from domains.engine.cluster import identity
from domains.engine.comparison import source_digests
from domains.engine.indices.index_creation import OF_THE_ENGINE
from domains.engine.indices.index_metadata import IndexMetadata, index_metadata, unreadable_source
from domains.engine.shard_stats import marks as shard_marks
from domains.errors import DomainError
from domains.versions import Version
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import Contents, Finding, IndexContents
from tasks.restore.requests import left_out
from tasks.verification.comparison import Comparison
from tasks.verification.content import metadata
from tasks.verification.content.documents import Documents, Tally
from tasks.verification.content.paging import Reader
from tasks.verification.content.sampling import Range, ranges
from tasks.verification.content.templates import templates
from tasks.verification.operations.renumbered import Renumbered, read_repaired
from tasks.verification.queries import answers

_INDICES_AT_ONCE = 100
_WINDOW = 10_000  # max_result_window of an index that does not set its own


def content(c: Comparison, step: StepName = StepName.VERIFY) -> Contents:
    """Run the acceptance queries, and compare the contents of the indices. Reads only.

    Below level content, only those indices that can be compared by nothing else.

    Call it at every level, after the refresh and the operations. May be repeated.

    Args:
        step: the step whose progress it reports.

    Raises:
        DomainError: transient errors only; any other makes the indices or queries concerned `not compared`.
    """
    answered = answers(c)
    if c.settings.level != "content":
        chosen = tuple(index for index in c.indices if index.name in c.by_content)
        return Contents(indices=tuple(_indices(replace(c, indices=chosen), step)), general=answered)
    return Contents(indices=tuple(_indices(c, step)), general=(*answered, *templates(c)))


def _indices(c: Comparison, step: str) -> Iterator[IndexContents]:
    watched = _Watched(step, len(c.indices))
    for start in range(0, len(c.indices), _INDICES_AT_ONCE):
        piece = c.indices[start : start + _INDICES_AT_ONCE]
        try:
            sides = _Sides.of(c, piece)
        except DomainError as error:
            if error.transient:
                raise
            yield from (_not_compared(index, str(error)) for index in piece)
            continue
        for index in piece:
            yield sides.compare(index, watched)
            watched.indices += 1


@dataclass
class _Watched:
    """Progress of the comparison."""

    step: str
    total: int
    indices: int = 0
    documents: int = 0

    def more(self, documents: int) -> None:
        """Report that this many more documents have been compared."""
        self.documents += documents
        read = counted(self.documents, "document", "documents")
        report_progress(
            Progress(self.step, "comparing contents", self.indices, self.total, "indices", detail=read)
        )


@dataclass(frozen=True)
class _Sides:
    """Both sides of some indices: the engine versions, and the metadata of each index."""

    c: Comparison
    versions: tuple[Version, Version]
    source: Mapping[str, IndexMetadata]
    target: Mapping[str, IndexMetadata]

    @classmethod
    def of(cls, c: Comparison, indices: Sequence[SelectedIndex]) -> "_Sides":
        return cls(
            c,
            (identity(c.source).version, identity(c.target).version),
            index_metadata(c.source, [index.name for index in indices]),
            index_metadata(c.target, [index.target for index in indices]),
        )

    def compare(self, index: SelectedIndex, watched: _Watched) -> IndexContents:
        """Compare everything of one index."""
        source, target = self.source.get(index.name), self.target.get(index.target)
        if source is None or target is None:
            side = "source" if source is None else "target"
            return _not_compared(index, f"{side}: the index is not there")
        restore = self.c.restore
        findings = [
            metadata.mapping(source, target),
            metadata.settings(source, target, restore, self._left_out(index)),
        ]
        if index.name == index.target and (restore is None or restore.aliases):
            findings.append(metadata.aliases(source, target))
        if not index.open:  # it answers no search; docs/verification.md says what is compared instead
            return IndexContents(target=index.target, findings=tuple(findings))
        tally = self._tally(index, source, target)
        findings.append(self._documents(index, source, target, tally, watched))
        more = tally.different - len(tally.named)
        return IndexContents(
            target=index.target, findings=tuple(findings), documents=tuple(tally.named), more=more
        )

    def _left_out(self, index: SelectedIndex) -> tuple[str, ...]:
        """Patterns of the settings in which a copy may differ."""
        made_anew = OF_THE_ENGINE if index.name in self.c.by_content else ()
        return (*left_out(index), *made_anew)

    def _tally(self, index: SelectedIndex, source: IndexMetadata, target: IndexMetadata) -> Tally:
        marks = self.c.marks.get(index.name, ()) if _shards(source) == _shards(target) else ()

        def last_operations() -> dict[int, int]:
            now = shard_marks(self.c.source, [index.name]).get(index.name, ())
            return {mark.shard: mark.max_seq_no for mark in now}

        return Tally(
            {mark.shard: mark.global_checkpoint for mark in marks},
            last_operations,
            most=self.c.most_named,
        )

    def _renumbered(self, index: SelectedIndex) -> dict[int, Renumbered]:
        """By shard: documents that a repair wrote, under numbers of the target's own."""
        if index.name in self.c.by_content:
            return {}
        domains = (self.c.source, self.c.target)
        found = read_repaired(domains, self.versions, [index], self.c.repaired).shards
        return {shard: own for (_, shard), own in found.items()}

    def _documents(
        self,
        index: SelectedIndex,
        source: IndexMetadata,
        target: IndexMetadata,
        tally: Tally,
        watched: _Watched,
    ) -> Finding:
        for side, made in (("source", source), ("target", target)):
            why = unreadable_source(made.mapping, made.settings)
            if why:
                return Finding(what="document", outcome="not compared", detail=f"{side}: {why}")
        try:
            self._compare(index, source, target, tally, watched)
        except DomainError as error:
            if error.transient:
                raise
            return Finding(what="document", outcome="not compared", detail=str(error))
        outcome = "different" if tally.different else "equal"
        return Finding(what="document", outcome=outcome, detail=self._told(index, tally))

    def _compare(
        self,
        index: SelectedIndex,
        source: IndexMetadata,
        target: IndexMetadata,
        tally: Tally,
        watched: _Watched,
    ) -> None:
        window = min(_window(source), _window(target))
        both = Documents(
            Reader(self.c.source, self.versions[0], index.name, window),
            Reader(self.c.target, self.versions[1], index.target, window),
            (_shards(source), _shards(target)),
        )
        if _shards(source) == _shards(target):
            tally.renumbered = self._renumbered(index)
        chosen = self._chosen(index, both.shards)
        seen = 0

        def moved() -> None:
            nonlocal seen
            watched.more(tally.compared - seen)
            seen = tally.compared

        both.compare(lambda shard: chosen[shard], tally, moved)

    def _chosen(self, index: SelectedIndex, shards: tuple[int, int]) -> list[tuple[Range, ...]]:
        """The ranges to read of each shard."""
        settings, most = self.c.settings, max(shards)
        if self._is_whole(index):
            return [(Range(0, None),)] * most
        here = _last_numbers(self.c.source, self.versions[0], index.name, shards[0])
        there = _last_numbers(self.c.target, self.versions[1], index.target, shards[1])
        here, there = (each + [-1] * (most - len(each)) for each in (here, there))
        return [
            ranges(settings.sample, settings.seed, index.name, shard, max(here[shard], there[shard]))
            for shard in range(most)
        ]

    def _is_whole(self, index: SelectedIndex) -> bool:
        """Whether all documents are compared, not a sample."""
        return self.c.settings.sample >= 1 or index.name in self.c.by_content

    def _told(self, index: SelectedIndex, tally: Tally) -> str:
        settings = self.c.settings
        part = (
            "" if self._is_whole(index) else f" (a sample of {settings.sample:g} with seed {settings.seed})"
        )
        at_least = "at least " if tally.enough else ""
        differ = f"{at_least}{tally.different} of " if tally.different else ""
        verb = " differ" if tally.different else ""
        later = (
            f"; {tally.later} that have changed on the source since are not counted" if tally.later else ""
        )
        compared = counted(tally.compared, "document", "documents")
        return f"{differ}{compared} compared{verb}{part}{later}"


def _last_numbers(domain: Domain, version: Version, index: str, shards: int) -> list[int]:
    return source_digests.highest_seq_nos(domain, version, [(index, shard) for shard in range(shards)])


def _window(made: IndexMetadata) -> int:
    return int(made.settings.get("index.max_result_window", _WINDOW))


def _shards(made: IndexMetadata) -> int:
    return int(made.settings["index.number_of_shards"])


def _not_compared(index: SelectedIndex, why: str) -> IndexContents:
    finding = Finding(what="document", outcome="not compared", detail=why)
    return IndexContents(target=index.target, findings=(finding,))
