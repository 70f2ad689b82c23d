"""Watch the copies of a session: every operation on them must be one of ours.

Somebody else's is found by its number: after each round, before anything is deleted, and by the next session
after a kill. Then the index is lost, and what they wrote stays.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain

from configs.values.listing import counted
from domains.engine.raw_documents import RawDocument, look_up
from domains.engine.shard_stats import marks
from domains.shard_mark import Mark
from runs.state import State
from tasks.migration import Migration
from tasks.seeding.copies import ledger_of
from tasks.tail.comparison import Known
from tasks.tail.pages import pages, refresh_all, require_speaking
from tasks.tail.places import CannotFollow, FollowedIndex, Lost, Place
from tasks.tail.sent import PlaceAccount, SentOperations, ShardAccount, read_sent
from tasks.tail.zones import Versions


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
        for each, found in self._speaking(m, new):
            sent = killed[each.sending]
            if each.last:
                self._judge(m, each, found, sent)
            else:
                each.stands_at(found)
            if self._sent.inherit(sent, each.target):
                each.sending = self._sent.path.name
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
        for each, found in self._speaking(m, written):
            self._judge(m, each, found, self._sent)
            if self._sent.may_arrive(each.target):
                each.sending = self._sent.path.name
        self._note(m, indices)
        self._sent.forget()

    def _speaking(
        self, m: Migration, indices: Collection[FollowedIndex]
    ) -> Iterator[tuple[FollowedIndex, tuple[Mark, ...]]]:
        """These with the marks of their copies; one whose copy is gone is lost."""
        there = marks(m.target, [each.target for each in indices])
        silent = [each for each in indices if len(there.get(each.target, ())) != len(each.places)]
        require_speaking(m.target, {each.target: each.copy.target_uuid for each in silent})
        for each in silent:
            each.lose("its copy is gone from the target, or was made anew there")
        return ((each, there[each.target]) for each in indices if not each.lost)

    def require_ours(self, index: FollowedIndex, place: Place, doomed: Iterable[Known]) -> None:
        """Refuse to delete what somebody else has written to the copy in this round.

        Raises:
            Lost: one of these documents is somebody else's.
        """
        account, last = self._sent.of(place.target, place.shard), index.last.get(place.shard, -1)
        for each in doomed:
            number, key = each.target_seq_no, (each.id, each.routing)
            if number is None or number <= last:
                continue
            if account.may_have_written(number, key, each.version, each.digest):
                continue
            raise Lost(f"somebody else has written to its copy: document {each.id} is not Snapferry's")

    def are_ours(self, place: Place, documents: Iterable[RawDocument]) -> bool:
        """Whether these documents of a copy can be ours: of a request that has arrived late."""
        account = self._sent.of(place.target, place.shard)
        return all(account.may_have_written(d.seq_no, d.key, d.version, d.digest) for d in documents)

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
            foreign = [
                self._foreign(m, index, place, mark, sent.of(place.target, place.shard))
                for mark, place in zip(there, index.places, strict=True)
            ]
        except CannotFollow as error:
            index.lose(f"what was written to its copy cannot be read back: {error}")
        else:
            if max(foreign) > 0:
                many = counted(sum(n for n in foreign if n > 0), "operation is", "operations are")
                index.lose(f"somebody else has written to its copy: {many} not Snapferry's")
            elif min(foreign) < 0:
                index.lose("its copy has lost operations")
        index.stands_at(there)

    def _foreign(
        self, m: Migration, index: FollowedIndex, place: Place, mark: Mark, account: ShardAccount
    ) -> int:
        """How many operations of this shard of the copy since its last position were not sent."""
        last, term = index.last.get(place.shard, -1), index.terms.get(place.shard, 0)
        moved = account.is_used and term not in {0, mark.primary_term}
        if mark.max_seq_no <= last or not (account.in_doubt or moved):
            return account.foreign(last, mark.max_seq_no)
        refresh_all(m.target, [index.target])
        found = pages(m.target, self._versions.target, place.target, place, last, index.page)
        live = chain.from_iterable(found)
        if moved:  # a new primary fills gaps, and an engine repeats what it did not finish: they are not seen
            return account.strange(live)
        doubtful = account.doubtful_deletes
        there = look_up(m.target, self._versions.target, place.target, doubtful)
        return account.foreign(last, mark.max_seq_no, live, doubtful - there.keys())
