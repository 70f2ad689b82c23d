"""Objects in this process that are written on conditions, as those of S3 are."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from runs.errors import StateUnreachable
from runs.stores.conditional import Found


@dataclass
class Memory:
    """Objects as S3 keeps them. `fault` is what happens to the next write: it works, or not, unseen."""

    objects: dict[str, Found] = field(default_factory=dict)
    versions: Any = field(default_factory=lambda: map(str, itertools.count(1)))
    fault: str = ""

    def read(self, key: str) -> Found | None:
        return self.objects.get(key)

    def create(self, key: str, body: bytes) -> str | None:
        return self._write(key, body, key not in self.objects)

    def replace(self, key: str, body: bytes, version: str) -> str | None:
        found = self.objects.get(key)
        return self._write(key, body, found is not None and found.version == version)

    def remove(self, key: str) -> None:
        self.objects.pop(key, None)

    def names(self, folder: str) -> list[str]:
        below = [key.removeprefix(f"{folder}/") for key in self.objects if key.startswith(f"{folder}/")]
        return sorted({name if "/" not in name else f"{name.partition('/')[0]}/" for name in below})

    def _write(self, key: str, body: bytes, holds: bool) -> str | None:
        fault, self.fault = self.fault, ""
        if fault == "nothing done":
            raise StateUnreachable("no answer")
        if not holds:
            return None
        assert all(body != each.body for each in self.objects.values()), "two writes of the same bytes"
        self.objects[key] = Found(body, next(self.versions))
        if fault:
            raise StateUnreachable("no answer")
        return self.objects[key].version
