"""How far one shard has come. A value by itself: journals hold it, and reading them must be quick."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """How far one primary shard had come at one look.

    Args:
        max_seq_no: number of the last operation, deletes included; -1 when there was none.
        global_checkpoint: every operation up to it is done on every copy: any later snapshot holds it.
        primary_term: another one means another primary: numbers may stand for other operations.
        history: changes when the shard is restored or forced: then its numbers tell nothing about before.
    """

    shard: int
    max_seq_no: int
    global_checkpoint: int
    primary_term: int
    history: str

    @property
    def idle(self) -> bool:
        """Whether no operation was under way: then any later snapshot holds all of them."""
        return self.max_seq_no == self.global_checkpoint
