"""The scope of a comparison: two domains, pairs of indices, and the level."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from configs.plan import RestoreSettings, VerifySettings
from domains.domain import Domain
from domains.shard_mark import Mark
from tasks.records.repair import RepairedIndex
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import Verdict

NAMED = 20
"""Documents that a verdict names, unless more are asked for."""


@dataclass(frozen=True)
class Comparison:
    """Two domains, the indices to compare, and at what level.

    Args:
        indices: each with its name on the source and on the target.
        settings: the level, and the sample of level content.
        restore: settings that the restore changes on purpose, so they are no difference; None if unknown.
        by_content: indices of the source whose copies were written anew, with other sequence numbers: they
            are compared by counts and by the contents of all documents, whatever the level.
        proved: by index of the source: verdicts on the operations of indices that went by the tail, whose
            copies have sequence numbers of their own.
        marks: by index of the source: each shard's mark before the snapshot that the target's copy is from;
            for indices without marks the origin of the copy is unknown.
        repaired: by index of the source: documents that a repair wrote to its copy.
        most_named: documents that a verdict names, at most.
    """

    source: Domain
    target: Domain
    indices: tuple[SelectedIndex, ...]
    settings: VerifySettings
    restore: RestoreSettings | None = None
    marks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict[str, tuple[Mark, ...]])
    by_content: frozenset[str] = frozenset()
    proved: Mapping[str, Verdict] = field(default_factory=dict[str, Verdict])
    repaired: Mapping[str, RepairedIndex] = field(default_factory=dict[str, RepairedIndex])
    most_named: int = NAMED
