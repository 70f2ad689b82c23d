"""What is compared: two domains, pairs of indices, and how far."""

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
        settings: the level, and what level content looks at.
        restore: what the restore was to change, so that it is no difference; None when nothing is known.
        marks: by index of the source: how far each shard had come before the snapshot that the target's copy
            is from; indices that are not in it have an unknown copy.
    """

    source: Domain
    target: Domain
    indices: tuple[SelectedIndex, ...]
    settings: VerifySettings
    restore: RestoreSettings | None = None
    marks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict[str, tuple[Mark, ...]])
