"""Copy: read, decide, write, read again; kind by kind, so that each finds what it needs.

It may be killed anywhere and called again: it reads first, and what is on the target already is in sync.
Nothing that the target has is replaced unless the plan says `replace`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from configs.values.visible import visible
from domains.errors import DomainError, Unreachable
from domains.http.json_replies import children, is_object
from domains.http.requests import Request
from domains.known_secrets import cut_secrets, remember_secret
from tasks.metadata import dashboards
from tasks.metadata.compare import Compared, compare, compared
from tasks.metadata.families import DASHBOARDS, Family
from tasks.metadata.field_differences import redacted, secrets_in
from tasks.metadata.obstacles import Circumstances
from tasks.metadata.sides import Sides
from tasks.records.metadata import (
    CopyResult,
    ItemOutcome,
    ItemState,
    MetadataCopy,
    MetadataDiff,
    MetadataItem,
    PlannedRequest,
)

_ROUNDS = 3
"""How often what a busy domain has refused is tried."""


_WITH_SECRETS = frozenset({"users", "notification-channels", "monitors"})


class Recorder(Protocol):
    """Remembers what is about to be written, and what became of it."""

    def intend(self, item: MetadataItem) -> AbstractContextManager[None]:
        """Around the requests for one thing."""
        ...

    def settle(self, outcomes: Iterable[ItemOutcome]) -> None:
        """What became of a kind's things, as the target shows them afterwards."""
        ...


def copy(sides: Sides, families: Iterable[Family], record: Recorder) -> MetadataCopy:
    """Bring what the plan wants of these kinds to the target, unless something must be decided first.

    Raises:
        DomainError: a side did not answer; the same call resumes it.
    """
    chosen = tuple(families)
    before = compare(sides, chosen)
    if before.refusals:
        return MetadataCopy(before=before)
    outcomes = tuple(
        outcome for family in chosen for outcome in _copied(sides, family, _wanted(before, family), record)
    )
    return MetadataCopy(before=before, outcomes=outcomes, after=compare(sides.anew(), chosen))


def _wanted(before: MetadataDiff, family: Family) -> frozenset[str]:
    """What the plan wants of a kind: what appears later is left to the next copy."""
    return frozenset(item.name for item in before.wanted if item.kind == family.kind)


def _copied(sides: Sides, family: Family, names: frozenset[str], record: Recorder) -> tuple[ItemOutcome, ...]:
    """Write one kind's things, and judge them by what the target shows then."""
    found: dict[str, ItemOutcome] = {}
    left = names
    for _ in range(_ROUNDS):
        if not left:
            break
        now, errors = _written(sides, family, left, record, found)
        confirmed = tuple(_confirmed(sides, family, now, errors))
        record.settle(confirmed)
        found |= {outcome.name: outcome for outcome in confirmed}
        left = frozenset(name for name, error in errors.items() if _is_worth_another(found[name], error))
    return tuple(found[name] for name in sorted(found))


def _is_worth_another(outcome: ItemOutcome, error: DomainError | str) -> bool:
    return outcome.result is CopyResult.FAILED and isinstance(error, DomainError) and error.transient


def _written(
    sides: Sides,
    family: Family,
    names: frozenset[str],
    record: Recorder,
    found: dict[str, ItemOutcome],
) -> tuple[tuple[MetadataItem, ...], dict[str, DomainError | str]]:
    """Write what is still wanted after another look; return it, and what was answered badly.

    Args:
        found: gets the outcome of what cannot be written.
    """
    fresh = sides.anew()
    now = compared(family, Circumstances(fresh))
    if not isinstance(now, Compared):
        why = getattr(now, "problem", "")
        found |= {name: _unread(family.kind, name, why) for name in names}
        return (), {}
    items = tuple(item for item in now.items if item.name in names)
    found |= {item.name: _impossible(item) for item in items if item.is_wanted and item.obstacle}
    writable = tuple(item for item in items if item.is_wanted and not item.obstacle)
    already = tuple(item for item in items if item.state is ItemState.IN_SYNC)
    return (*writable, *already), _answers(fresh, now, writable, record)


def _answers(
    sides: Sides, now: Compared, items: tuple[MetadataItem, ...], record: Recorder
) -> dict[str, DomainError | str]:
    """Send each thing's requests; return what was answered badly, by name."""
    if now.family.kind == DASHBOARDS:
        return _import(sides, items, record)
    answers = {item.name: _sent(sides, now, item, record) for item in items}
    return {name: answer for name, answer in answers.items() if answer}


def _impossible(item: MetadataItem) -> ItemOutcome:
    return ItemOutcome(
        kind=item.kind,
        name=item.name,
        result=CopyResult.IMPOSSIBLE,
        obstacle=item.obstacle,
        reason=item.detail,
    )


def _unread(kind: str, name: str, why: str) -> ItemOutcome:
    return ItemOutcome(kind=kind, name=name, result=CopyResult.FAILED, reason=why)


def _sent(sides: Sides, now: Compared, item: MetadataItem, record: Recorder) -> DomainError | str | None:
    """Send one thing's requests; what was answered badly, which may have taken effect all the same."""
    requests = requests_for(sides, now, item)
    for request in requests if item.kind in _WITH_SECRETS else ():
        for secret in secrets_in(request.body):
            remember_secret(secret)  # an error reply may quote what it was sent
    try:
        with record.intend(item):
            for request in requests:
                said = refusal_in(sides.target.domain.connection.send(request))
                if said:
                    return said
    except DomainError as error:
        return error
    return None


def refusal_in(reply: object) -> str:
    """Why a reply of 200 is none: index management lists indices that it did not take. Pure."""
    if is_object(reply) and reply.get("failures") is True:
        listed = children(reply, "failed_indices")
        return "; ".join(str(each.get("reason")) for each in listed) or "it was not taken"
    return ""


def _import(sides: Sides, items: tuple[MetadataItem, ...], record: Recorder) -> dict[str, DomainError | str]:
    if not items:
        return {}
    try:
        with ExitStack() as intents:
            for item in items:
                intents.enter_context(record.intend(item))
            return {**dashboards.bring(sides, items)}
    except DomainError as error:
        return {item.name: error for item in items}


def _confirmed(
    sides: Sides, family: Family, written: tuple[MetadataItem, ...], errors: Mapping[str, DomainError | str]
) -> Iterator[ItemOutcome]:
    """What the target shows of each, whatever was answered."""
    if not written:
        return
    now = compared(family, Circumstances(sides.anew()))
    there = {item.name: item for item in now.items} if isinstance(now, Compared) else {}
    for item in written:
        seen, error = there.get(item.name), errors.get(item.name)
        if seen is not None and seen.state is ItemState.IN_SYNC:
            result, reason = CopyResult.DONE, ""
        else:
            result = CopyResult.FAILED if error else CopyResult.DIFFERS
            reason = _words(error)
        yield ItemOutcome(
            kind=item.kind,
            name=item.name,
            result=result,
            replaced=item.state is ItemState.DIVERGED,
            reason=reason,
            differences=seen.differences if seen and result is not CopyResult.DONE else (),
        )


def _words(error: DomainError | str | None) -> str:
    if isinstance(error, Unreachable):
        return f"{error.message} (its outcome was read afterwards)"
    text = error.message if isinstance(error, DomainError) else error or ""
    return visible(cut_secrets(text))


def requests_for(sides: Sides, now: Compared, item: MetadataItem) -> tuple[Request, ...]:
    """The requests that bring one thing to the target."""
    existing = (now.target or {}).get(item.name)
    return now.family.send(sides, item.name, now.source[item.name], existing)


def planned_requests(sides: Sides, families: Iterable[Family]) -> Iterator[PlannedRequest]:
    """The requests that `copy` would send, in their order. Only reads."""
    at = Circumstances(sides)
    for family in families:
        now = compared(family, at)
        if not isinstance(now, Compared):
            continue
        for item in now.items:
            if item.is_wanted and not item.obstacle:
                yield from _planned(sides, now, item)


def _planned(sides: Sides, now: Compared, item: MetadataItem) -> Iterator[PlannedRequest]:
    if now.family.kind == DASHBOARDS:
        line = "POST /_dashboards/api/saved_objects/_import"
        yield PlannedRequest(kind=item.kind, name=item.name, request=line)
    for request in requests_for(sides, now, item):
        query = "&".join(f"{key}={value}" for key, value in request.query.items())
        body = cut_secrets(json.dumps(redacted(request.body), ensure_ascii=False)) if request.body else ""
        yield PlannedRequest(
            kind=item.kind,
            name=item.name,
            request=f"{request.method} {request.path}{'?' if query else ''}{query}",
            body=body,
        )
