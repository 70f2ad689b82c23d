"""The log that tests assert on: every request to a domain as one JSON line, written before the reply ends."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

BODY_LIMIT = 20_000  # bytes


@dataclass(frozen=True)
class Entry:
    """One request. `time` is its arrival (ISO 8601, UTC), `body` at most 20 kB of text, `rule` a rule's name,
    `injected` the injected faults. `status` is 0 if the connection ended without a reply."""

    time: str
    domain: str
    method: str
    path: str
    query: str
    status: int
    caller: str
    duration_ms: float
    body: str
    rule: str | None
    injected: list[str] = field(default_factory=list)


class RequestLog:
    """Appends entries to a file, each flushed at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = path.open("a", encoding="utf-8", buffering=1)

    def write(self, entry: Entry) -> None:
        """Append the entry."""
        self._handle.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
        self._handle.flush()


def read_log(path: str | Path) -> list[Entry]:
    """Read all complete entries of a request log, oldest first."""
    text = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
    return [Entry(**json.loads(line)) for line in text.split("\n")[:-1] if line]


def shown(body: bytes) -> str:
    """The start of the body as text."""
    return body[:BODY_LIMIT].decode("utf-8", errors="replace")
