"""Judge a bucket's lifecycle rules for the files of a snapshot repository. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domains.http.json_replies import Json, child, children

_ARCHIVES = {"GLACIER": "Glacier", "DEEP_ARCHIVE": "Deep Archive"}
_SLOW = {"GLACIER_IR": "Glacier Instant Retrieval", "INTELLIGENT_TIERING": "Intelligent-Tiering"}
_AT_THE_ROOT = (
    "index-", "index.latest", "incompatible-snapshots", "indices/", "meta-", "snap-", "snapshot_shard_paths/",
    "tests-",
)  # fmt: skip
"""File names that the engines use in a repository."""
_HASH = ("[A-Za-z0-9_-]", *["[01]"] * 14, "/")
"""Prefix that OpenSearch 3 puts before base_path, character by character, as in `M11111010011100/`."""


@dataclass(frozen=True)
class Judged:
    """Effects of lifecycle rules on a repository, one line each.

    Args:
        harm: effects that make snapshots unreadable.
        notes: effects that only cost money, or occur only if somebody tags objects.
    """

    harm: tuple[str, ...]
    notes: tuple[str, ...]


def judged(rules: Iterable[Json], base_path: str, *, hashed: bool) -> Judged:
    """Judge the effects of the rules on a repository's files.

    Args:
        rules: as S3 returns them.
        hashed: whether the engine puts its own prefixes before `base_path` (OpenSearch 3).
    """
    harm: list[str] = []
    notes: list[str] = []
    for rule in rules:
        prefix = _prefix(rule)
        if rule.get("Status") != "Enabled" or not reaches(prefix, base_path, hashed=hashed):
            continue
        name = f"rule {rule.get('ID') or '(without ID)'} ({prefix or 'the whole bucket'})"
        only = _tagged(rule)
        (notes if only else harm).extend(f"{name} {what}{only}" for what in _harm(rule))
        notes.extend(f"{name} {what}{only}" for what in _notes(rule))
    return Judged(tuple(harm), tuple(notes))


def reaches(prefix: str, base_path: str, *, hashed: bool) -> bool:
    """Whether a rule for this prefix applies to any file of the repository."""
    root = f"{base_path}/" if base_path else ""
    stems = [root] if root else _AT_THE_ROOT
    if any(_overlap(prefix, stem) for stem in stems):
        return True
    below = _below_a_hash(prefix) if hashed else None
    return below is not None and _overlap(below, f"{root}indices/")


def _overlap(prefix: str, stem: str) -> bool:
    return prefix.startswith(stem) or stem.startswith(prefix)


def _below_a_hash(prefix: str) -> str | None:
    """Return the part of the prefix after a hash, empty if it ends in the hash; None if there is no hash."""
    length = min(len(prefix), len(_HASH))
    if re.fullmatch("".join(_HASH[:length]), prefix[:length]) is None:
        return None
    return prefix[length:]


def _prefix(rule: Json) -> str:
    places = (child(rule, "Filter", "And"), child(rule, "Filter"), rule)
    return next((str(place["Prefix"]) for place in places if place.get("Prefix")), "")


def _tagged(rule: Json) -> str:
    """Describe a rule that only applies to tagged objects; a repository's files have no tags."""
    tags = [child(rule, "Filter", "Tag"), *children(child(rule, "Filter", "And"), "Tags")]
    named = [f"{tag['Key']}={tag.get('Value')}" for tag in tags if tag]
    return f", if somebody tags them {', '.join(named)}" if named else ""


def _harm(rule: Json) -> Iterator[str]:
    for transition in children(rule, "Transitions"):
        if archive := _ARCHIVES.get(str(transition.get("StorageClass"))):
            yield f"moves objects to {archive}{_when(transition)}"
    expiration = child(rule, "Expiration")
    if expiration.get("Days") or expiration.get("Date"):
        yield f"deletes objects{_when(expiration)}"


def _notes(rule: Json) -> Iterator[str]:
    for transition in children(rule, "Transitions"):
        if slow := _SLOW.get(str(transition.get("StorageClass"))):
            yield f"moves objects to {slow}{_when(transition)}"
    if children(rule, "NoncurrentVersionTransitions") or child(rule, "NoncurrentVersionExpiration"):
        yield "applies to versions that were replaced or deleted"


def _when(said: Json) -> str:
    return f" after {said['Days']} days" if said.get("Days") is not None else f" on {said.get('Date')}"
