"""Watch the target: a repair is for copies that nobody uses yet, so nobody else may write to them."""

from collections.abc import Iterable, Mapping

from domains.engine.shard_stats import marks
from domains.errors import SnapferryError
from tasks.errors import ExecutionError, PreconditionError
from tasks.migration import Migration
from tasks.verification.operations.renumbered import Marks, positions

_HINT = (
    "repair is for a target that is not yet in use: stop what writes to it, then run the same command again"
)


class Watch:
    """The positions of the target's shards, as they are without anybody else.

    Args:
        m: the migration.
        names: of the indices on the target.
    """

    def __init__(self, m: Migration, names: Iterable[str]) -> None:
        self._m, self._names = m, tuple(names)
        self.marks: Marks = marks(m.target, self._names)
        self.sent = False
        """Whether this command has sent a change."""

    def require_still(self) -> None:
        """Refuse to go on where somebody else has written to one of the indices. Reads only.

        Raises:
            PreconditionError, ExecutionError: by whether this command has changed something.
        """
        now = marks(self._m.target, self._names)
        moved = [name for name in self._names if positions(now.get(name)) != positions(self.marks.get(name))]
        if moved:
            more = f", and {len(moved) - 1} more" if len(moved) > 1 else ""
            raise self.moved_on(f"{moved[0]}{more} took operations while it was compared")

    def expect(self, name: str, operations: int | None) -> None:
        """Take over what was just written to an index; refuse to go on where it has got more than that.

        Args:
            operations: how many it has accepted; None where a reply was lost, so that nobody knows.

        Raises:
            ExecutionError: somebody else has written to the index.
        """
        now = marks(self._m.target, [name])
        before, after = positions(self.marks.get(name)), positions(now.get(name))
        taken = _operations(after) - _operations(before)
        same = {shard: history for shard, (_, history) in before.items()} == {
            shard: history for shard, (_, history) in after.items()
        }
        if not same or operations not in {None, taken}:
            raise self.moved_on(f"{name} was written to while it was repaired")
        self.marks = {**self.marks, **now}

    def moved_on(self, said: str) -> SnapferryError:
        """The error that ends the repair: a refusal as long as nothing was changed."""
        said = f"the target has moved on: {said}"
        return ExecutionError(said, _HINT) if self.sent else PreconditionError(said, hint=_HINT)


def _operations(at: Mapping[int, tuple[int, str]]) -> int:
    return sum(last for last, _ in at.values())
