"""The scope of a comparison: two domains, pairs of indices, and the level."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from configs.plan import RestoreSettings, VerifySettings
from domains.domain import Domain
from domains.shard_mark import Mark
from tasks.records.resolution import SelectedIndex


@dataclass(frozen=True)
class Comparison:
    """Two domains, the indices to compare, and at what level.

    Args:
        indices: each with its name on the source and on the target.
        settings: the level, and the sample of level content.
        restore: settings that the restore changes on purpose, so they are no difference; None if unknown.
        marks: by index of the source: each shard's mark before the snapshot that the target's copy is from;
            for indices without marks the origin of the copy is unknown.
    """

    source: Domain
    target: Domain
    indices: tuple[SelectedIndex, ...]
    settings: VerifySettings
    restore: RestoreSettings | None = None
    marks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict[str, tuple[Mark, ...]])
