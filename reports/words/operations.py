"""Words about single operations: risks and their consents, notes, outcomes."""

import json
from collections.abc import Iterator

from configs.values.listing import counted, listed
from reports.words import common
from tasks.records.operations import (
    Consent,
    NameOutcome,
    NameResult,
    Note,
    NoteKind,
    Preview,
    Risk,
    ShownRequest,
    Taker,
    TakerKind,
)

_MOST = 10
_LONGEST_BODY = 2_000
RISKS: dict[Risk, str] = {
    Risk.CHOSEN_BY_ALL: "{name} would be deleted, because --all was given",
    Risk.SYSTEM_INDEX: "{name} belongs to {detail}",
    Risk.WRITE_INDEX: "{name} takes the writes of alias {detail}, which would be refused without it",
    Risk.ONLY_INDEX: "{name} is all that alias {detail} leads to: the alias would be deleted with it, and "
    "the next write through it would create an index {detail}, so that the alias cannot be made again: "
    "stop those writes first, or switch the alias to another index",
    Risk.BACKING_INDEX: "{name} holds a part of data stream {detail}",
    Risk.RUN_NEEDS_IT: "{name} is needed by {detail}, which is unfinished",
    Risk.SEED_CYCLE_NEEDS_IT: "{name} belongs to {detail}, whose seed rounds have not been cut over yet",
    Risk.PLAN_NAMES_IT: "{name} is still needed: {detail}",
    Risk.OF_AN_UNKNOWN_RUN: "{name} was taken by {detail}, which this state folder does not know: "
    "it may be unfinished",
    Risk.RUNNING: "{name} is still running, and would be aborted",
    Risk.ANOTHER_REGISTRATION: "{name} is registered otherwise: {detail}",
    Risk.PARTIAL_SNAPSHOT: "{name} is PARTIAL: {detail}",
    Risk.PARTIAL_WANTED: "{name} may end as PARTIAL, without the shards that are not started",
    Risk.REPLACES_CLOSED: "{name} is there, closed: what it holds would be replaced",
    Risk.REPLACES_OPEN: "{name} is there, open: it would be closed, and what it holds replaced",
    Risk.KEPT_BY_CUTOVER: "{name} is kept from taking writes by {detail}, which has moved it: what is "
    "written to it now is not on the target",
}
"""What each risk is, with the name and the detail of a consent."""
NOTES: dict[NoteKind, str] = {
    NoteKind.OTHER_FORM: "If the service says that the bucket is in another Region, it is registered with "
    "these settings instead: {detail}",
    NoteKind.WRITTEN_BY_ANOTHER: "Another domain writes there as well, the source of plan {names}. Two "
    "writers damage a repository: register it here with --readonly",
    NoteKind.SAME_PLACE: "The same place is registered here as {names}: snapshots taken through both damage "
    "the repository",
    NoteKind.HOLDS_SNAPSHOTS: "It holds {detail} snapshots already. If another domain writes there, register "
    "it again with --readonly and --replace {names}",
    NoteKind.HOLDS_NOTHING: "It holds no snapshot. A readonly registration is accepted although its base "
    "path is wrong: compare it with the one of the domain that writes there",
    NoteKind.REGISTERED: "{names} is registered like this already; it is only verified",
    NoteKind.UNDER_WAY: "Under way already: {names}. Nothing is sent; it is followed",
    NoteKind.DONE: "Done already: {names}{detail}. Nothing is sent",
    NoteKind.ABSENT: "Not there: {names}{detail}",
    NoteKind.IS_AN_ALIAS: "Cannot be deleted: {names}: {detail}",
    NoteKind.SYSTEM_LEFT_OUT: "System indices are left out: {names}",
    NoteKind.CLOSED_LEFT_OUT: "Closed indices are left out, unless one is named exactly: {names}",
    NoteKind.WRITES_NOW: "Somebody writes into {names} right now: {detail}",
    NoteKind.NO_WRITES_NOW: "Nobody has written into {names} while it was watched",
    NoteKind.MADE_AGAIN: "A write has created an index of this name since: {names}. Find out who still "
    "writes to it",
    NoteKind.NOT_BLOCKED: "Takes writes already: {names}",
    NoteKind.HELD: "Not touched: {detail}",
    NoteKind.DISK_BLOCK: "A full disk makes the engine block {names}; without room it is blocked again soon",
    NoteKind.ARCHIVED: "{names} has archived settings, so the release may be refused: {detail}",
    NoteKind.WAITS: "A snapshot is running, and is waited for: {names}",
}
"""What each note says, with its names and its detail."""
WARNINGS = frozenset(
    {
        NoteKind.WRITTEN_BY_ANOTHER,
        NoteKind.SAME_PLACE,
        NoteKind.HOLDS_SNAPSHOTS,
        NoteKind.HOLDS_NOTHING,
        NoteKind.ABSENT,
        NoteKind.IS_AN_ALIAS,
        NoteKind.WRITES_NOW,
        NoteKind.MADE_AGAIN,
        NoteKind.HELD,
        NoteKind.DISK_BLOCK,
        NoteKind.ARCHIVED,
    }
)
_DONE = {
    "repository remove": "removed; its snapshots stay in the bucket",
    "snapshot delete": "deleted",
    "index delete": "deleted",
    "unfreeze": "takes writes again",
}


def consent(each: Consent) -> str:
    """What is at risk, and the option that consents to it."""
    option = f"{each.option} {each.value}" if each.value else each.option
    said = RISKS[each.risk].format(name=each.name, detail=each.detail)
    return f"{said} ({'given' if each.given else 'needs'} {option})"


def lacking(preview: Preview) -> tuple[str, ...]:
    """What each lacking consent is about."""
    return tuple(dict.fromkeys(consent(each) for each in preview.lacking))


def options(preview: Preview) -> tuple[str, ...]:
    """The options that give all consents, each in one word."""
    words = (f"{each.option}={each.value}" if each.value else each.option for each in preview.lacking)
    return tuple(dict.fromkeys(words))


def note(each: Note) -> str:
    """A note as a sentence."""
    detail = each.detail
    if detail and each.kind in {NoteKind.ABSENT, NoteKind.DONE}:
        detail = f"; did you mean {detail}?" if each.kind is NoteKind.ABSENT else f" {detail}"
    return NOTES[each.kind].format(names=listed(each.names, _MOST), detail=detail)


def request(each: ShownRequest) -> Iterator[str]:
    """A request as it is sent: the line, and its body."""
    query = "&".join(f"{key}={value}" for key, value in each.query.items())
    yield f"{each.method} {each.path}{f'?{query}' if query else ''}"
    if each.body is not None:
        yield body(each.body)


def body(value: object) -> str:
    """A body as JSON; of a very long one the beginning."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= _LONGEST_BODY:
        return text
    more = common.number(len(text) - _LONGEST_BODY)
    return f"{text[:_LONGEST_BODY]}… ({more} more characters; --json shows all)"


def name_result(operation: str, each: NameResult) -> str:
    """What became of one name."""
    said = {
        NameOutcome.DONE: _DONE.get(operation, "done"),
        NameOutcome.ABSENT: "not there",
        NameOutcome.NOTHING_TO_DO: "takes writes already",
        NameOutcome.FAILED: "failed",
        NameOutcome.HELD: "not touched",
    }[each.outcome]
    return f"{each.name}: {said}{f': {each.detail}' if each.detail else ''}"


def taker(each: Taker) -> str:
    """Whoever took a snapshot."""
    if each.kind is TakerKind.RUN:
        return f"run {each.name} of {each.plan}" if each.plan else f"run {each.name}"
    if each.kind is TakerKind.POLICY:
        return f"policy {each.name}"
    return {TakerKind.TAKE: "snapshot take", TakerKind.SERVICE: "the service"}.get(each.kind, "–")


def counted_indices(count: int) -> str:
    """A number of indices."""
    return counted(count, "index", "indices")
