"""The copies that a plan's rounds have made on the target, read from its journals."""

from collections.abc import Iterator, Mapping

from domains.shard_mark import Mark
from runs.journal import CopyPosition, Journal
from runs.lifecycle import ends_cycle
from runs.state import State
from runs.step_names import StepName
from tasks import steps
from tasks.records.seeding import CopiesRecord, Copy, Ledger
from tasks.records.tail import WRITES

_TAIL = "the tail was written to it, and it is not known how far"


def ledger(state: State, excluding: str = "", *, back: bool = False) -> Ledger:
    """The copies as the plan's rounds left them. Those an unfinished round may have touched have no marks.

    Args:
        excluding: the id of the calling run: its own journal does not count.
        back: of the way back: then the copies are on the plan's source, as the opening promised.
    """
    base: CopiesRecord | None = None
    later: list[Journal] = []
    lifted: set[str] = set()
    resumed: Journal | None = None
    for journal in state.journals():
        if not journal.document.verb.is_round or journal.run_id == excluding:
            continue
        if ends_cycle(journal.document):
            base = _promised(journal, back=back)
            break
        if journal.document.back is not back:
            continue
        lifted |= maybe_lifted(journal)
        base = journal.document.recorded(steps.COPIES)
        if base:
            resumed = journal if _went_on(journal) else None
            break
        later.append(journal)
    copies = {copy.target: copy for copy in base.copies} if base else {}
    copies |= written_by_tail(resumed, copies) if resumed else {}
    for journal in reversed(later):
        copies |= {copy.target: copy for copy in _touched(journal, copies)}
        created = journal.document.recorded(steps.CREATE_BACK)
        copies |= {copy.target: copy for copy in created.copies} if created else {}
        copies |= written_by_tail(journal, copies)
    return Ledger(copies, base.round if base else 0, frozenset(lifted))


def _promised(journal: Journal, *, back: bool) -> CopiesRecord | None:
    """The copies that an opening has promised to keep in step in this direction; None if it has not."""
    return journal.document.recorded(steps.WAY_BACK) if journal.document.back is not back else None


def _went_on(journal: Journal) -> bool:
    """Whether this run was resumed after it had recorded its copies: their positions are later then."""
    ended = journal.document.steps[StepName.COPIES].ended
    return ended is None or any(intent.at > ended for intent in journal.intents(WRITES))


def maybe_lifted(journal: Journal) -> set[str]:
    """Copies whose write block this run may have lifted and, killed, not set again."""
    return {name for intent in journal.intents(WRITES) if intent.result is None for name in intent.names}


def written_by_tail(journal: Journal, copies: Mapping[str, Copy]) -> dict[str, Copy]:
    """Those of these copies that this run's tail wrote to: their base still holds, their marks do not."""
    named = {name for intent in journal.intents(WRITES) for name in intent.names}
    positions = journal.document.positions
    return {name: after_tail(copies[name], positions.get(name)) for name in sorted(named & copies.keys())}


def after_tail(copy: Copy, position: CopyPosition | None = None) -> Copy:
    """A copy that the tail was written to.

    Args:
        position: how far the copy itself is; None if nothing was sent to it.
    """
    if position and position.lost:
        return copy.without_marks(position.lost)
    base = copy.base or copy.marks
    found = copy.model_copy(update={"base": base, "marks": (), "target_digest": "", "doubt": _TAIL})
    if position is None:
        return found
    return found.model_copy(update={"own": marks_at(position), "sending": position.sending})


def marks_at(position: CopyPosition) -> tuple[Mark, ...]:
    """A copy's own marks at this position, without checkpoints and history."""
    last, terms = sorted(position.last.items()), position.terms
    return tuple(Mark(shard, number, -1, terms.get(shard, 0), "") for shard, number in last)


def _touched(journal: Journal, copies: dict[str, Copy]) -> Iterator[Copy]:
    """Copies that an unfinished round has restored, or was about to restore."""
    decided = journal.document.recorded(steps.RESOLVE)
    sources = {index.target: index for index in decided.indices} if decided else {}
    intended = {name for intent in journal.intents("restore") for name in intent.detail["targets"]}
    for name in sorted(intended):
        known, uuid = copies.get(name), journal.document.arrived.get(name)
        if uuid and name in sources:
            index = sources[name]
            yield Copy(source=index.name, uuid=index.uuid, target=name, target_uuid=uuid, stream=index.stream)
        elif known:
            yield known.without_marks("")
