"""A recorded search as a value, and how many of them are read at most."""

import hashlib
import json
from dataclasses import dataclass, field

from domains.http.json_replies import Json

MOST_BYTES = 64 * 1024 * 1024
"""The most that a file of recorded searches may hold."""
MOST_QUERIES = 500
"""The most different searches that are run."""
MOST_BODY = 256 * 1024
"""The longest search, in characters of JSON."""


class NotUsable(ValueError):
    """An entry that cannot be run; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One search as a file has it, not yet looked at.

    Args:
        place: `line 12`, or `entry 3` of one JSON document.
        kind: what the file's form calls it, such as `slow log`.
        index: expressions of names, aliases and patterns; empty for every index.
        seen: how often it was seen, where the form says so.
    """

    place: str
    kind: str
    index: tuple[str, ...]
    body: Json
    params: Json = field(default_factory=dict[str, object])
    seen: int = 1


@dataclass(frozen=True)
class RecordedQuery:
    """A search that can be run on either side, and changes nothing there.

    Args:
        place: where its file has it first.
        index: expressions of names, aliases and patterns; empty for every index.
        body: of `_search`, with its parameters in it.
        header: what `_msearch` takes beside the indices: `routing`, `search_type`.
        notes: what was left out of it, or limits its comparison.
    """

    place: str
    kind: str
    index: tuple[str, ...]
    body: Json
    header: Json = field(default_factory=dict[str, object])
    notes: tuple[str, ...] = ()
    seen: int = 1

    @property
    def digest(self) -> str:
        """The same for the same search, wherever it is recorded."""
        text = json.dumps([self.index, self.body, self.header], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
