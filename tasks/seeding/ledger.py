"""The copies that a plan's rounds have made on the target, read from its journals."""

from collections.abc import Iterator

from runs.journal import Journal
from runs.lifecycle import ends_cycle
from runs.state import State
from tasks import steps
from tasks.records.seeding import CopiesRecord, Copy, Ledger


def ledger(state: State, excluding: str = "") -> Ledger:
    """The copies as the plan's rounds left them. Those an unfinished round may have touched have no marks.

    Args:
        excluding: the id of the calling run: its own journal does not count.
    """
    base: CopiesRecord | None = None
    later: list[Journal] = []
    for journal in state.journals():
        if not journal.document.verb.is_round or journal.run_id == excluding:
            continue
        if ends_cycle(journal.document):
            break
        base = journal.document.recorded(steps.COPIES)
        if base:
            break
        later.append(journal)
    copies = {copy.target: copy for copy in base.copies} if base else {}
    for journal in reversed(later):
        copies |= {copy.target: copy for copy in _touched(journal, copies)}
    return Ledger(copies, base.round if base else 0)


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
            yield known.model_copy(update={"marks": (), "digest": "", "aliases": "", "doubt": ""})
