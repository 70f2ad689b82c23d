"""Watch the copies of a session: every operation on them must be one of ours.

Somebody else's is found by its number: after each round, before anything is deleted, and by the next session
after a kill. Then the index is lost, and what they wrote stays.
"""

from collections.abc import Collection, Iterable
from itertools import chain

from domains.engine.raw_documents import look_up
from domains.engine.shard_stats import marks
from domains.shard_mark import Mark
from runs.state import State
from tasks.migration import Migration
from tasks.seeding.copies import ledger_of
from tasks.tail.comparison import Known
from tasks.tail.pages import pages, refresh_copies
from tasks.tail.places import CannotFollow, FollowedIndex, Lost, Place
from tasks.tail.sent import PlaceAccount, SentOperations, ShardAccount, read_sent
from tasks.tail.zones import Versions

_SILENT = "its copy on the target does not report its last operation"


class CopyWatch:
    """What one session has sent to its copies, and where they stand.

    Args:
        m: the migration; each call takes one, whose waits may be limited by then.
    """

    def __init__(self, m: Migration, versions: Versions) -> None:
        self._versions = versions
        self._sent = SentOperations(State.of(m.journal).sent_by(m.journal))

    def close(self) -> None:
        """Close the file of what was sent; it stays as long as the journal refers to it."""
        self._sent.close()

    def account(self, place: Place) -> PlaceAccount:
        """Where it is noted what is sent to one shard of a copy."""
        return PlaceAccount(self._sent, place.target, place.shard)

    def begin(self, m: Migration, new: Collection[FollowedIndex]) -> None:
        """Note where these copies stand; lose those that somebody has written to since the session before.

        What that session was about to send when it was killed is expected to arrive yet.

        Raises:
            StateUnusable: what it sent cannot be read.
            DomainError: transient, or denied.
        """
        killed = {name: self._sent_by(name) for name in {each.sending for each in new}}
        there = marks(m.target, [each.target for each in new])
        for each in new:
            found, sent = there.get(each.target, ()), killed[each.sending]
            if len(found) != len(each.places):
                each.out = _SILENT
            elif each.last:
                self._judge(m, each, found, sent)
            else:
                each.stands_at(found)
            self._sent.inherit(sent, each.target)
        self._note(m, new)
        State.of(m.journal).remove_sent({copy.sending for copy in ledger_of(m).copies.values()})

    def expect_writes(self, m: Migration, busy: Iterable[FollowedIndex]) -> None:
        """Note in the journal that these copies are about to be written to, and where that can be read."""
        busy = list(busy)
        for each in busy:
            each.sending = self._sent.path.name
        self._note(m, busy)

    def look(self, m: Migration, indices: Iterable[FollowedIndex]) -> None:
        """After a round, note where these copies stand; lose those that somebody else has written to.

        Raises:
            StateUnusable: that cannot be noted.
            DomainError: transient, or denied.
        """
        written = [each for each in indices if each.prepared and not each.lost]
        there = marks(m.target, [each.target for each in written])
        for each in written:
            found = there.get(each.target, ())
            if len(found) == len(each.places):
                self._judge(m, each, found, self._sent)
            else:
                each.lose(_SILENT)
        self._note(m, indices)
        self._sent.forget()

    def require_ours(self, index: FollowedIndex, place: Place, doomed: Iterable[Known]) -> None:
        """Refuse to delete what somebody else has written to the copy in this round.

        Raises:
            Lost: one of these documents is somebody else's.
        """
        account, last = self._sent.of(place.target, place.shard), index.last.get(place.shard, -1)
        for each in doomed:
            number, key = each.target_seq_no, (each.id, each.routing)
            if number is None or number <= last or account.may_have_written(number, key, each.version):
                continue
            raise Lost(f"somebody else has written to its copy: document {each.id} is not Snapferry's")

    def _sent_by(self, name: str) -> SentOperations:
        """What the session with this file has sent; nothing without a name."""
        path = self._sent.path
        return read_sent(path.with_name(name)) if name else SentOperations(path)

    def _note(self, m: Migration, indices: Iterable[FollowedIndex]) -> None:
        m.journal.note_positions({each.target: each.position for each in indices if each.last or each.lost})

    def _judge(
        self, m: Migration, index: FollowedIndex, there: tuple[Mark, ...], sent: SentOperations
    ) -> None:
        """Lose the index if its copy has operations that were not sent; note where the copy stands."""
        try:
            foreign = sum(
                self._foreign(m, index, place, mark.max_seq_no, sent.of(place.target, place.shard))
                for mark, place in zip(there, index.places, strict=True)
            )
        except CannotFollow as error:
            index.lose(f"what was written to its copy cannot be read back: {error}")
        else:
            if foreign:
                said = f"{foreign} operations are not Snapferry's"
                index.lose(f"somebody else has written to its copy: {said}")
        index.stands_at(there)

    def _foreign(
        self, m: Migration, index: FollowedIndex, place: Place, top: int, account: ShardAccount
    ) -> int:
        """How many operations of this shard of the copy since its last position were not sent."""
        last = index.last.get(place.shard, -1)
        if not account.in_doubt or top <= last:
            return account.foreign(last, top)
        refresh_copies(m, [index])
        found = pages(m.target, self._versions.target, place.target, place, last, index.page)
        doubtful = account.doubtful_deletes
        there = look_up(m.target, self._versions.target, place.target, doubtful)
        return account.foreign(last, top, chain.from_iterable(found), doubtful - there.keys())
