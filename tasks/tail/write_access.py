"""Copies take our writes and nobody else's: their block is off for a round at most, and put back after it.

While a copy is written to, it may have other settings than its own; those are in the journal, with what they
were, and put back at the end, also by the next command after a kill.
"""

import threading
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from configs.values.listing import counted
from domains.domain import Domain
from domains.engine.catalog import catalog, path_pieces
from domains.engine.indices.index_metadata import index_settings
from domains.engine.indices.index_opening import require_acknowledged
from domains.engine.indices.write_blocks import (
    WRITE,
    block_requests,
    blocks,
    change_each,
    settings_requests,
)
from domains.errors import Missing, Refused
from domains.http.requests import Request, path_of
from runs.journal import Intent, Journal, now
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.migration import Migration
from tasks.records.tail import WRITES

ADJUSTS = "adjust"
"""Action of the intents that change other settings of copies for the time being."""
PUT_BACK = "put back"
FINAL_PIPELINE = "index.final_pipeline"
GC_DELETES = "index.gc_deletes"
_NO_PIPELINE = "_none"
_AT_ONCE = "0s"


@contextmanager
def writing_to(m: Migration, names: Sequence[str]) -> Generator[Mapping[str, Refused]]:
    """Let these copies take writes inside the block, and refuse them again at its end, whatever happens.

    Yields:
        the copies that cannot take writes, each with the target's refusal to lift its block.

    Raises:
        DomainError: transient; or, after everything else, a block could not be set again.
    """
    if not names:
        yield {}
        return
    try:
        yield change_each(m.target, names, {WRITE: None})
    finally:
        lock(m.target, names)


@contextmanager
def recorded_writes(m: Migration, step: StepName, names: Sequence[str]) -> Generator[Intent]:
    """Record that the block may write to these copies.

    One intent covers a whole session, however many rounds it has. Without a result, it tells the next command
    that the copies may have been left without their blocks.
    """
    intent = Intent(step=str(step), side="target", action=WRITES, detail={"names": list(names)}, at=now())
    if names:
        begin_writes(m, intent)
    yield intent
    _lock_open_ones(m.target, intent.names)
    intent.result = "sent"
    m.journal.save()


def _lock_open_ones(domain: Domain, names: Collection[str]) -> None:
    """Block those that take writes: the request at the end of a round may have failed for one."""
    if names:
        there = catalog(domain).indices
        lock(domain, _open_ones(domain, [name for name in names if name in there]))


def _open_ones(domain: Domain, names: Iterable[str]) -> list[str]:
    """Those of these indices that take writes. Reads only."""
    blocked = blocks(domain)
    return [name for name in names if name not in blocked or not blocked[name].write]


def round_requests(names: Sequence[str]) -> Iterator[Request]:
    """The requests that change copies in one round of the tail, each `_bulk` without its documents."""
    if names:
        yield from settings_requests(names, {WRITE: None})
        yield from (Request("POST", path_of(name, "_bulk")) for name in names)
        yield from block_requests(names)


def begin_writes(m: Migration, intent: Intent) -> None:
    """Write the intent, or what was added to it, before the first request that it covers."""
    if intent not in m.journal.document.intents:
        m.journal.document.intents.append(intent)
    m.journal.save()


def lock(domain: Domain, names: Iterable[str]) -> None:
    """Make these copies refuse writes, and wait until those under way have ended. Safe to repeat.

    A copy that is gone holds none of the others.

    Raises:
        DomainError: transient; or one that cannot be blocked, after all others are.
    """
    refused: list[Refused] = []
    for piece in path_pieces(names):
        try:
            _lock_piece(domain, piece)
        except Refused as error:
            if error.transient:
                raise
            refused += _locked_one_by_one(domain, piece)
    if refused:
        raise refused[0]


def _lock_piece(domain: Domain, names: Sequence[str]) -> None:
    for request in block_requests(names):
        require_acknowledged(domain, "block writes", domain.connection.send(request))


def _locked_one_by_one(domain: Domain, names: Iterable[str]) -> Iterator[Refused]:
    """Block each by itself; one that refuses does not hold the others, and its refusal is returned."""
    for name in names:
        try:
            with suppress(Missing):
                _lock_one(domain, name)
        except Refused as error:
            if error.transient:
                raise
            yield error


def _lock_one(domain: Domain, name: str) -> None:
    try:
        _lock_piece(domain, [name])
    except Refused as error:
        if error.transient or isinstance(error, Missing):
            raise
        _lock_by_settings(domain, [name])  # engines before 7.9 know no other way


def _lock_by_settings(domain: Domain, names: Iterable[str]) -> None:
    for request in settings_requests(names, {WRITE: True}):
        require_acknowledged(domain, "block writes", domain.connection.send(request))


class Adjustments:
    """Settings of copies that are other than their own for the time being. Thread-safe.

    Args:
        m: the migration whose journal holds what they were.
        step: the step that they are changed for.
    """

    def __init__(self, m: Migration, step: StepName = StepName.FOLLOW) -> None:
        self._m, self._step = m, step
        self._lock = threading.Lock()
        self._purging: set[str] = set()

    def turn_pipelines_off(self, names: Sequence[str]) -> None:
        """Keep the copies' final pipelines from changing what is written: `pipeline=_none` does not."""
        found = index_settings(self._m.target, names)
        having = [
            name for name in names if found.get(name, {}).get(FINAL_PIPELINE, _NO_PIPELINE) != _NO_PIPELINE
        ]
        for name in having:
            self._change(name, FINAL_PIPELINE, _NO_PIPELINE, found[name].get(FINAL_PIPELINE))

    def forget_deleted(self, name: str) -> None:
        """Make a copy forget deleted documents at once, so that older versions of them can be written."""
        with self._lock:
            if name in self._purging:
                return
            before = index_settings(self._m.target, [name]).get(name, {}).get(GC_DELETES)
            self._change(name, GC_DELETES, _AT_ONCE, before)
            self._purging.add(name)

    def _change(self, name: str, key: str, value: str, before: object) -> None:
        """Change a setting. What it was before an earlier change that may have taken effect stays noted."""
        open_ones = (intent for _, intent in adjusted([self._m.journal]))
        same = next((i for i in open_ones if i.names == [name] and i.detail["setting"] == key), None)
        detail = {"names": [name], "setting": key, "before": same.detail["before"] if same else before}
        with self._m.journal.intend(self._step, "target", ADJUSTS, detail):
            for request in settings_requests([name], {key: value}):
                reply = self._m.target.connection.send(request)
                require_acknowledged(self._m.target, f"change {key}", reply)

    def put_back(self) -> None:
        """Give the copies their own settings again. Safe to repeat."""
        if any(adjusted([self._m.journal])):
            put_back(self._m, [self._m.journal], catalog(self._m.target).indices)
        self._purging.clear()


def adjusted(journals: Iterable[Journal]) -> Iterator[tuple[Journal, Intent]]:
    """Settings that these runs have changed for the time being and may not have put back."""
    for journal in journals:
        for intent in journal.intents(ADJUSTS):
            if intent.result != PUT_BACK and not intent.was_turned_away:
                yield journal, intent


def put_back(m: Migration, journals: Iterable[Journal], copies: Collection[str]) -> None:
    """Give copies the settings that these runs have changed for the time being. Safe to repeat.

    A copy that has been restored since has its own settings already: it is asked all the same.

    Args:
        copies: names on the target that are copies of the plan; what has another name is gone, or not ours.
    """
    for journal, intent in list(adjusted(journals)):
        (name,) = intent.names
        if name in copies:
            for request in settings_requests([name], {intent.detail["setting"]: intent.detail["before"]}):
                require_acknowledged(m.target, "put settings back", m.target.connection.send(request))
        intent.result = PUT_BACK
        journal.save()


def maybe_lifted(journals: Iterable[Journal]) -> Iterator[tuple[Journal, Intent]]:
    """Intents of runs that were killed while they may have lifted the block of copies."""
    for journal in journals:
        for intent in journal.intents(WRITES):
            if intent.result is None:
                yield journal, intent


def lock_again(m: Migration, journals: Iterable[Journal], uuids: Mapping[str, str]) -> None:
    """Make copies refuse writes that a killed run may have left without a block; put settings back.

    Safe to repeat. A copy that is gone or has been replaced is left alone.

    Args:
        journals: of the plan.
        uuids: of the copies, by name on the target.
    """
    runs = list(journals)
    lifted = list(maybe_lifted(runs))
    if not lifted and not any(adjusted(runs)):
        return
    there = catalog(m.target).indices
    ours = {name for name, index in there.items() if index.uuid == uuids.get(name)}
    names = dict.fromkeys(name for _, intent in lifted for name in intent.names if name in ours)
    open_ones = _open_ones(m.target, names) if names else []
    if open_ones:
        many = counted(len(open_ones), "copy was", "copies were")
        said = f"{many} left without a block; blocking writes to them again"
        report_progress(Progress(StepName.FOLLOW, said, waiting=True))
        lock(m.target, open_ones)
    put_back(m, runs, ours)
    for journal, intent in lifted:
        intent.result = "locked again"
        journal.save()
