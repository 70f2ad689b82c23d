"""Follow restored indices until their primaries are started, or until the reason against it is known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from domains.domain import Domain
from domains.engine import restores
from domains.engine.catalog import catalog
from domains.engine.restores import Primary
from domains.errors import DomainError, Refused
from runs.progress import Poll, Progress, report_progress
from runs.step_names import StepName
from tasks.errors import TimedOut
from tasks.migration import Migration
from tasks.records.resolution import SelectedIndex, Unit
from tasks.records.transfer import IndexRestore, SnapshotRecord
from tasks.restore.owned_indices import Arrival, arrivals

_ASK_AFTER_S = 5.0
_FORGOTTEN_AFTER_S = 30.0
_EXPLAINED_AT_ONCE = 5
_HOPELESS = frozenset({"no"})
_NO_COPY = "no_valid_shard_copy"


@dataclass(frozen=True)
class Whole:
    """The whole restore, of which one batch is followed: its progress is that of all batches together.

    Args:
        indices: everything that it restores.
        done: the outcomes of earlier batches.
    """

    indices: Sequence[SelectedIndex] = ()
    done: Sequence[IndexRestore] = ()

    def after(self, outcomes: Sequence[IndexRestore]) -> "Whole":
        """The same once these are done, too."""
        return replace(self, done=(*self.done, *outcomes))

    def progress(self, found: Mapping[str, Arrival], wanted: Mapping[str, SelectedIndex]) -> Progress:
        """How far it has come.

        Args:
            found: the indices of this batch that are on the target.
            wanted: all indices of this batch.
        """
        earlier = {index.target for index in self.done} - wanted.keys()
        later = [index for index in self.indices if index.target not in earlier | wanted.keys()]
        before = sum(index.bytes + index.reused_bytes for index in self.done if index.target in earlier)
        known = sum(arrival.bytes_total for arrival in found.values())
        batch = max(known, sum(index.bytes or 0 for index in wanted.values()))
        done = before + sum(arrival.bytes_done for arrival in found.values())
        total = before + batch + sum(index.bytes or 0 for index in later)
        counts = self._counts(found, wanted)
        detail = ", ".join(f"{number} of {of} {unit}" for unit, (number, of) in counts.items())
        return Progress(StepName.RESTORE, "restoring", done, total, "bytes", detail=detail, counts=counts)

    def _counts(
        self, found: Mapping[str, Arrival], wanted: Mapping[str, SelectedIndex]
    ) -> dict[str, tuple[int, int]]:
        earlier = [index for index in self.done if index.target not in wanted]
        started = sum(index.shards for index in earlier)
        started += sum(arrival.started for arrival in found.values())
        arrived = sum(index.restored for index in earlier)
        arrived += sum(is_started(found.get(name), index.shards) for name, index in wanted.items())
        every = {index.target: index.shards for index in (*self.indices, *wanted.values())}
        return {"shards": (started, sum(every.values())), "indices": (arrived, len(every))}


def follow(
    m: Migration, snapshot: SnapshotRecord, units: Sequence[Unit], whole: Whole, *, adopted: bool
) -> list[IndexRestore]:
    """Wait for these units and return the outcome of each index. Changes nothing; may be repeated.

    Args:
        whole: the restore that they are a part of.

    Raises:
        TimedOut: nothing moved for `patience_s`.
    """
    wanted = {index.target: index for unit in units for index in unit.indices}
    place = f"{snapshot.repository}/{snapshot.name}"
    noted: set[str] = set()

    def note(found: Mapping[str, Arrival]) -> None:
        # at once: a restarted target forgets the origin of a half-restored index
        noted.update(
            _noted(m, [name for name in found.keys() - noted if found[name].comes_from(place)], place)
        )
        report_progress(whole.progress(found, wanted))

    shards = {name: index.shards for name, index in wanted.items()}
    found, problems = await_primaries(m.target, shards, m.poll, m.patience_s, note)
    _noted(m, [name for name in wanted if name not in noted | problems.keys()])
    return [
        _outcome(index, found.get(name), problems.get(name, ""), adopted) for name, index in wanted.items()
    ]


def await_primaries(
    domain: Domain,
    wanted: Mapping[str, int | None],
    polling: Callable[[float | None], Poll],
    patience_s: float,
    note: Callable[[Mapping[str, Arrival]], None],
) -> tuple[dict[str, Arrival], dict[str, str]]:
    """Wait until the primaries of these indices are started, or the reason against it is known. Reads only.

    Args:
        wanted: each index with its number of shards; None where only the domain knows it.
        patience_s: seconds without any progress after which the wait is given up.
        note: called with the indices that are there after each look.

    Returns:
        The indices that are there, and why others are not started.

    Raises:
        TimedOut: nothing moved for `patience_s`.
    """
    poll = polling(patience_s)
    seen: object = None
    problems: dict[str, str] = {}
    while True:
        found = arrivals(domain, wanted)
        note(found)
        waiting = [
            name for name in wanted if name not in problems and not is_started(found.get(name), wanted[name])
        ]
        if not waiting:
            return found, problems
        state = {name: (arrival.started, arrival.bytes_done) for name, arrival in found.items()}
        if state != seen:
            seen = state
            poll.restart()
        elif poll.waited_s > _ASK_AFTER_S:
            problems |= _stuck(domain, found, waiting, poll.waited_s)
        if poll.expired:
            raise TimedOut(
                _nothing_moved(poll, waiting), "the restore continues by itself; the same command resumes"
            )
        poll.pause()


def is_started(arrival: Arrival | None, shards: int | None) -> bool:
    """Whether every primary of an index is started.

    Args:
        shards: how many it has; None: as many as the domain lists.
    """
    if arrival is None or not arrival.primaries:
        return False
    return arrival.started == len(arrival.primaries) and shards in {None, len(arrival.primaries)}


def _stuck(
    domain: Domain, found: dict[str, Arrival], waiting: Sequence[str], waited_s: float
) -> dict[str, str]:
    """Read why the allocator will not start primaries, once nothing has moved for a while."""
    problems: dict[str, str] = {}
    for name in waiting[:_EXPLAINED_AT_ONCE]:
        if name not in found:
            problems[name] = "the domain accepted the restore, but the index is not there"
            continue
        unassigned = [primary for primary in found[name].primaries if primary.state == "UNASSIGNED"]
        reason = _reason(domain, unassigned[0], waited_s) if unassigned else ""
        if reason:
            problems[name] = reason
    return problems


def _reason(domain: Domain, primary: Primary, waited_s: float) -> str:
    try:
        explanation = restores.explain(domain, primary.index, primary.shard)
    except Refused as error:
        # it has started since, or the caller may not ask: the next read decides
        report_progress(
            Progress(
                StepName.RESTORE,
                f"{primary.index}[{primary.shard}]: no explanation ({error.reply.text})",
                waiting=True,
            )
        )
        return ""
    said = f"shard {primary.shard} of {primary.index} is not started: {explanation.reason or primary.reason}"
    # a target restarted in the middle searches its disks for copies and has forgotten the snapshot; a node
    # that is gone for a moment may bring one back
    forgotten = explanation.decision == _NO_COPY and primary.restoring is None
    if explanation.decision not in _HOPELESS and not (forgotten and waited_s > _FORGOTTEN_AFTER_S):
        report_progress(Progress(StepName.RESTORE, f"waiting ({explanation.decision}): {said}", waiting=True))
        return ""
    return said


def _nothing_moved(poll: Poll, waiting: Sequence[str]) -> str:
    awaited = f"{len(waiting)} indices, {', '.join(waiting[:3])}"
    return f"restore: nothing has moved for {poll.waited_s:.0f} s; waiting for {awaited}"


def _noted(m: Migration, names: Sequence[str], place: str | None = None) -> set[str]:
    """Note the UUIDs of these indices as owned by this run; return the names that were noted.

    Args:
        place: `repository/snapshot` that they were seen to come from, which is read again: an index that was
            deleted and made anew since is not the run's.
    """
    if not names:
        return set()
    try:
        indices = catalog(m.target).indices
        again = arrivals(m.target, names) if place else {}
    except DomainError:
        return set()  # only helps a later attempt
    same = {name for name in names if place is None or (name in again and again[name].comes_from(place))}
    uuids = {name: indices[name].uuid for name in names if name in indices and name in same}
    m.journal.note_arrivals(uuids)
    return set(uuids)


def _outcome(index: SelectedIndex, arrival: Arrival | None, problem: str, adopted: bool) -> IndexRestore:
    recoveries = arrival.recoveries if arrival else ()
    return IndexRestore(
        source=index.name,
        target=index.target,
        restored=not problem,
        shards=arrival.started if arrival else 0,
        bytes=sum(recovery.bytes_done for recovery in recoveries),
        reused_bytes=sum(recovery.bytes_reused for recovery in recoveries),
        adopted=adopted,
        problem=problem,
    )
