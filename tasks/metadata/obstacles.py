"""What stands in the way of copying one thing. Reads; never changes anything."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import cast

from domains.engine.configuration.definition import Definition, Definitions
from domains.errors import DomainError
from domains.http.json_replies import is_object
from tasks.metadata import channels, index_aliases, managing
from tasks.metadata.families import FAMILIES, Family, can_write_components
from tasks.metadata.policy_hazards import hazard, repositories_in
from tasks.metadata.sides import Sides
from tasks.records.metadata import (
    ItemState,
    LeftReason,
    MetadataItem,
    Notice,
    NoticeKind,
    Obstacle,
    PolicyHazard,
)
from tasks.selection.select import matches
from tasks.selection.system_indices import system_indices_of

_POLICIES = frozenset({"index-policies", "snapshot-policies"})
_TEMPLATES = frozenset({"index-templates", "legacy-templates", "component-templates"})
Found = tuple[Obstacle, str]


@dataclass
class Circumstances:
    """What one comparison has found so far, kind by kind in their order.

    Args:
        available: names that the target has, or will have once the kind is copied.
        hazards, notices: what to show with the comparison.
    """

    sides: Sides
    available: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    hazards: list[PolicyHazard] = field(default_factory=list[PolicyHazard])
    notices: dict[NoticeKind, list[str]] = field(default_factory=dict[NoticeKind, list[str]])

    def notice(self, kind: NoticeKind, *names: str) -> None:
        """Note something to know."""
        self.notices.setdefault(kind, []).extend(names)

    def all_notices(self) -> tuple[Notice, ...]:
        """All notices, one of each kind."""
        return tuple(Notice(kind=kind, names=tuple(names)) for kind, names in self.notices.items())

    def names(self, kind: str) -> frozenset[str] | None:
        """Names that the target has of another kind, or will have; None if that cannot be told."""
        if kind not in self.available:
            family = next(each for each in FAMILIES if each.kind == kind)
            try:
                found = self.sides.once(f"names {kind}", lambda: family.read(self.sides, "target"))
            except DomainError:
                return None
            self.available[kind] = frozenset(found or {})
        return self.available[kind]


def judged(
    item: MetadataItem, family: Family, source: Definitions, target: Definitions | None, at: Circumstances
) -> MetadataItem:
    """The item with its obstacle, or with the reason why it stays; as it was if it can be copied."""
    if not item.is_wanted:
        return item
    if family.kind == "managed-indices" and not at.sides.attaches:
        return item.model_copy(update={"left": LeftReason.LATER})
    if item.state is ItemState.DIVERGED and at.sides.settings.conflicts == "skip":
        return item.model_copy(update={"left": LeftReason.SKIPPED})
    found = _obstacle(item, family, source[item.name], target, at)
    if found is None:
        _note(item, family.kind, source[item.name], at)
        return item
    return item.model_copy(update={"obstacle": found[0], "detail": found[1]})


def _obstacle(
    item: MetadataItem, family: Family, wanted: Definition, target: Definitions | None, at: Circumstances
) -> Found | None:
    if target is None or (family.kind == "component-templates" and not can_write_components(at.sides)):
        return Obstacle.NOT_OFFERED, ""
    existing = target.get(item.name)
    if existing is not None and existing.protected:
        return Obstacle.PROTECTED_THERE, existing.protected
    if item.state is ItemState.DIVERGED and at.sides.settings.conflicts == "fail":
        return Obstacle.CONFLICT, ""
    look = _LOOKS.get(family.kind)
    return look(item, wanted, at) if look else None


def _index_template(item: MetadataItem, wanted: Definition, at: Circumstances) -> Found | None:
    composed = _texts(wanted.body.get("composed_of"))
    return _needs(composed - _texts(wanted.body.get("ignore_missing_component_templates")),
                  "component-templates", at)  # fmt: skip


def _role_mapping(item: MetadataItem, wanted: Definition, at: Circumstances) -> Found | None:
    return _needs({item.name}, "roles", at)


def _needs(names: Collection[str], kind: str, at: Circumstances) -> Found | None:
    there = at.names(kind) if names else None
    lacking = sorted(set(names) - there) if there is not None else []
    return (Obstacle.NEEDS, f"{kind} {', '.join(lacking)}") if lacking else None


def _policy(item: MetadataItem, wanted: Definition, at: Circumstances) -> Found | None:
    registered = at.sides.repositories()
    named = repositories_in(item.kind, wanted.body)
    lacking = sorted(named - registered.keys())
    if lacking:
        return Obstacle.NO_REPOSITORY, ", ".join(lacking)
    for name in sorted(named):
        settings = registered[name].get("settings")
        if is_object(settings) and str(settings.get("readonly")).lower() == "true":
            at.notice(NoticeKind.READONLY_REPOSITORY, f"{item.name}: {name}")
    return None


def _managed_index(item: MetadataItem, wanted: Definition, at: Circumstances) -> Found | None:
    name = str(wanted.body["policy"])
    lacking = _needs({name}, "index-policies", at)
    if lacking:
        return lacking
    risk = _hazard(item.name, name, str(wanted.body["state"]), at)
    if risk is None:
        return None
    at.hazards.append(risk)
    if item.name in at.sides.allow_delete:
        return None
    return Obstacle.DELETES, name


def _hazard(index: str, name: str, state: str, at: Circumstances) -> PolicyHazard | None:
    body = managing.policy_body(at.sides, "source", name) or managing.policy_body(at.sides, "target", name)
    created = at.sides.created("target").get(index) or at.sides.created("source").get(index)
    if body is None or created is None:
        return None
    return hazard(name, body, index, int(time.time() * 1000) - created, state)


def hazards_of_later(at: Circumstances) -> Iterator[PolicyHazard]:
    """The hazards of attaching the source's indices, where the plan attaches them later.

    Those that are not on the target yet count too: a restored index keeps the date of its creation.
    """
    names = at.sides.settings.names
    for index, managed in (at.sides.managed("source") or {}).items():
        chosen = matches(index, names.include) and not matches(index, names.exclude)
        risk = _hazard(index, managed.policy, managed.state, at) if chosen else None
        if risk:
            yield risk


def note_waiting_aliases(at: Circumstances) -> None:
    """Note aliases whose indices the target does not have yet."""
    names = at.sides.settings.names
    found = [
        name
        for name in index_aliases.waiting(at.sides)
        if matches(name, names.include)
        and not matches(name, names.exclude)
        and system_indices_of(name) is None
    ]
    if found:
        at.notice(NoticeKind.NOT_YET, *found)


def _alias(item: MetadataItem, wanted: Definition, at: Circumstances) -> Found | None:
    return (Obstacle.NAME_TAKEN, item.name) if item.name in at.sides.created("target") else None


def _monitor(item: MetadataItem, wanted: Definition, at: Circumstances) -> Found | None:
    return (Obstacle.AMBIGUOUS, str(wanted.body["name"])) if item.name != wanted.body["name"] else None


def _channel(item: MetadataItem, wanted: Definition, at: Circumstances) -> Found | None:
    return (Obstacle.BY_HAND, str(wanted.body["config_type"])) if channels.BY_HAND in wanted.body else None


_LOOKS: dict[str, Callable[[MetadataItem, Definition, Circumstances], Found | None]] = {
    "index-templates": _index_template,
    "role-mappings": _role_mapping,
    "index-policies": _policy,
    "snapshot-policies": _policy,
    "managed-indices": _managed_index,
    "aliases": _alias,
    "monitors": _monitor,
    "notification-channels": _channel,
}


def _note(item: MetadataItem, kind: str, wanted: Definition, at: Circumstances) -> None:
    """Note what to know about something that will be copied."""
    if kind == "users" and item.state is ItemState.SOURCE_ONLY:
        at.notice(NoticeKind.PASSWORDS, item.name)
    if kind == "notification-channels" and "arn:" in str(wanted.body):
        at.notice(NoticeKind.OTHER_ARNS, item.name)
    if kind in _TEMPLATES:
        if at.sides.plan.conflicts.policy == "rename" and kind != "component-templates":
            at.notice(NoticeKind.RENAMED, item.name)
        if "'analyzers/F" in str(wanted.body):
            at.notice(NoticeKind.PACKAGES, item.name)


def _texts(value: object) -> set[str]:
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return {each for each in listed if isinstance(each, str)}
