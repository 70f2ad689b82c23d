"""The requests that a domain received, from the lab's request log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lab.description import DomainDescription, LabDescription

Entry = dict[str, Any]


@dataclass
class Requested:
    """The requests to each side within a block, available once it has ended."""

    source: list[Entry] = field(default_factory=list[Entry])
    target: list[Entry] = field(default_factory=list[Entry])


@contextmanager
def requested(lab: LabDescription) -> Iterator[Requested]:
    """Collect the requests that the front doors receive within the block."""
    found = Requested()
    before = [len(_entries(domain)) for domain in (lab.source, lab.target)]
    yield found
    found.source += _entries(lab.source)[before[0] :]
    found.target += _entries(lab.target)[before[1] :]


def named(entries: list[Entry], ending: str) -> set[str]:
    """Indices named by requests whose path ends this way, in the body or in the path."""
    of_these = [entry for entry in entries if entry["path"].endswith(ending) and entry["method"] != "GET"]
    return {name for entry in of_these for name in _names(entry, ending)}


def snapshotted(entries: list[Entry]) -> set[str]:
    """Indices named in snapshot requests."""
    made = [
        e for e in entries if e["method"] == "PUT" and e["path"].count("/") == 3 and "_snapshot" in e["path"]
    ]
    return {name for entry in made for name in json.loads(entry["body"])["indices"]}


def _names(entry: Entry, ending: str) -> list[str]:
    if ending == "/_restore":
        return json.loads(entry["body"])["indices"]
    return [unquote(name) for name in entry["path"].removesuffix(ending).lstrip("/").split(",")]


def _entries(domain: DomainDescription) -> list[Entry]:
    lines = Path(domain.request_log).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
