"""The position of one shard. Kept apart: journals hold marks, and reading a journal must be quick."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """The position of one primary shard at one moment.

    Args:
        max_seq_no: number of the last operation, deletes included; -1 before the first one.
        global_checkpoint: every copy has all operations up to it, so any later snapshot holds them.
        primary_term: a new term means a new primary: the same numbers may stand for other operations.
        history: changes when the shard is restored or forced; numbers of two histories cannot be compared.
    """

    shard: int
    max_seq_no: int
    global_checkpoint: int
    primary_term: int
    history: str

    @property
    def idle(self) -> bool:
        """Whether no operation was in flight, so that any later snapshot holds all of them."""
        return self.max_seq_no == self.global_checkpoint
