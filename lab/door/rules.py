"""Rules that a test installs: requests to a domain that get another answer than the engine's."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from lab.door.matching import Matching

When = Literal["before", "after"]


class Rule(Matching):
    """One rule.

    It applies to the next `times` matching requests (None: all), after `delay_s` seconds. With a `status` it
    answers that, `headers` and `body` (a JSON value, or a string sent unchanged) in place of the engine:
    "before" the engine gets the request, or "after" it has acted.
    """

    name: str = "rule"
    times: int | None = Field(default=1, ge=1)
    when: When = "before"
    status: int | None = Field(default=None, ge=100, le=599)
    body: Any = None
    content_type: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    delay_s: float = Field(default=0.0, ge=0)


class Rules:
    """The active rules, in order of installation. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[tuple[Rule, int | None]] = []

    def add(self, rule: Rule) -> None:
        """Add the rule after the existing ones."""
        with self._lock:
            self._entries.append((rule, rule.times))

    def clear(self) -> None:
        """Drop all rules."""
        with self._lock:
            self._entries.clear()

    def listed(self) -> list[dict[str, Any]]:
        """List the active rules, with the number of requests `left` for each (None: no limit)."""
        with self._lock:
            return [rule.model_dump() | {"left": left} for rule, left in self._entries]

    def take(self, names: Iterable[str], method: str, path: str) -> Rule | None:
        """Find the first rule that matches this request, and count it as used once; None without one."""
        names = tuple(names)
        with self._lock:
            for position, (rule, left) in enumerate(self._entries):
                if rule.matches(names, method, path):
                    self._count_down(position, rule, left)
                    return rule
        return None

    def _count_down(self, position: int, rule: Rule, left: int | None) -> None:
        if left is None:
            return
        if left <= 1:
            del self._entries[position]
        else:
            self._entries[position] = (rule, left - 1)
