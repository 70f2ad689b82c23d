"""Lifecycle rules of buckets: apply a day's transitions at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lab.account.moto_buckets import moto_bucket

ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")

_aged: set[str] = set()


def age(name: str) -> list[str]:
    """Apply the bucket's transitions to Glacier as if their days had passed; return the keys moved.

    Raises:
        KeyError: there is no such bucket.
    """
    bucket = moto_bucket(name)
    if bucket is None:
        raise KeyError(name)
    _aged.add(name)
    moved = []
    for prefix, storage_class in _transitions(bucket):
        for key in [each for each in bucket.keys.values() if each.name.startswith(prefix)]:
            if key.storage_class not in ARCHIVES:
                key.set_storage_class(storage_class)
                moved.append(key.name)
    return sorted(moved)


def covers(name: str, base_path: str) -> bool:
    """Whether objects under the base path would be in Glacier by now: the bucket has aged, and a rule of its
    current lifecycle covers them.

    For engines that keep a repository in a folder, unknown to moto's S3.
    """
    bucket = moto_bucket(name)
    if bucket is None or name not in _aged:
        return False
    folder = f"{base_path.strip('/')}/".lstrip("/")
    return any(folder.startswith(prefix) or prefix.startswith(folder) for prefix, _ in _transitions(bucket))


def forget() -> None:
    """Forget which buckets have aged."""
    _aged.clear()


def _transitions(bucket: Any) -> Iterator[tuple[str, str]]:
    """Yield prefix and storage class of each enabled transition to an archive; skip rules by tags."""
    for rule in bucket.rules:
        prefix = _prefix(rule)
        for transition in rule.transitions or ():
            if rule.status == "Enabled" and prefix is not None and transition.storage_class in ARCHIVES:
                yield prefix, transition.storage_class


def _prefix(rule: Any) -> str | None:
    """The prefix of a rule's filter, or of the rule itself (older form); None if it selects by tags."""
    if rule.filter is None:
        return rule.prefix or ""
    both = rule.filter.and_filter
    if rule.filter.tag_key or (both is not None and both.tags):
        return None
    return (both.prefix if both is not None else rule.filter.prefix) or ""
