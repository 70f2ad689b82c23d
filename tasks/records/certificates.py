"""Records of certificates: the indices that one is about, and how both domains stand to it now."""

from enum import StrEnum
from typing import Literal

from configs.plan import Side
from tasks.records.base import Record
from tasks.records.verification import Figures, Outcome, ShardFigures


class CertifiedIndex(Record):
    """One index as it was verified.

    Args:
        source, target: its names.
        source_count, target_count: live documents; None where they are not known.
        detail: what is to be known about its verdict.
    """

    source: str
    target: str
    verdict: Outcome
    source_count: int | None
    target_count: int | None
    detail: str
    figures: Figures


class Answer(StrEnum):
    """Whether what a certificate says still holds."""

    STILL_TRUE = "still true"
    MOVED_ON = "the source has moved on since"
    NO_LONGER_TRUE = "no longer true"
    UNKNOWN = "unknown"


Change = Literal["written to", "gone", "made anew", "closed since", "not read"]


class ChangedIndex(Record):
    """One index that a domain does not show as it was certified.

    Args:
        shards: those that have changed; empty where the index as a whole has.
        then, now: of these shards together.
    """

    side: Side
    name: str
    change: Change
    shards: tuple[int, ...] = ()
    then: ShardFigures | None = None
    now: ShardFigures | None = None
    why: str = ""


class AgainstRecord(Record):
    """Both domains read again, compared with what a certificate says of them.

    Args:
        indices: how many were read again.
        changed: those that are not as certified.
    """

    answer: Answer
    indices: int
    changed: tuple[ChangedIndex, ...]
