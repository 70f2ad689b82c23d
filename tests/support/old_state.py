"""State folders that an earlier version has left, with the values of other domains filled in.

Knows files only, and nothing of the product: that is what these files are to be tested with. How they were
made stands in tests/fixtures/old_state/README.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "old_state"
PLAN, SAVED, STATE = "plan.yaml", "saved.yaml", "state"
REQUESTS, VALUES, PRINTED = "requests.jsonl", "values.json", "printed.json"
_PLACE = re.compile(r"\{\{([^{}\s]+)\}\}")
_LATER = ("settings", "aliases", "snapshot_uuid")


@dataclass(frozen=True)
class OldState:
    """One of the fixtures: a plan, what running it has left, and what was printed about that.

    Args:
        name: that of its folder.
    """

    name: str

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def values(self) -> dict[str, str]:
        """What the places held on the domains that it was made with."""
        return json.loads((self.folder / VALUES).read_text(encoding="utf-8"))

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What was done to the domains, in order: requests, and acts of others."""
        lines = (self.folder / REQUESTS).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def printed(self, values: Mapping[str, str]) -> dict[str, Any]:
        """What the version that made it has printed, by command."""
        return json.loads(filled((self.folder / PRINTED).read_text(encoding="utf-8"), values))

    def lay_out(self, folder: Path, values: Mapping[str, str]) -> Path:
        """Writes plan, saved plan and state folder into this folder, filled; returns the plan's file."""
        for path in (self.folder / PLAN, *self._files()):
            made = folder / path.relative_to(self.folder)
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(filled(path.read_text(encoding="utf-8"), values), encoding="utf-8")
        if (folder / SAVED).exists():
            seal(folder / SAVED)
        return folder / PLAN

    def _files(self) -> Iterator[Path]:
        saved = self.folder / SAVED
        yield from (path for path in (self.folder / STATE).rglob("*") if path.is_file())
        yield from [saved] if saved.exists() else []


def old_states() -> list[OldState]:
    """Every fixture."""
    return [OldState(path.parent.name) for path in sorted(FOLDER.glob(f"*/{PLAN}"))]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with every `{{place}}` in it replaced.

    Raises:
        KeyError: there is no value for one of them.
    """
    return _PLACE.sub(lambda found: values[found[1]], text)


def templated(text: str, values: Mapping[str, str]) -> str:
    """The text with a place instead of each of these values, the longest first."""
    for place, value in sorted(values.items(), key=lambda each: -len(each[1])):
        text = text.replace(value, "{{" + place + "}}")
    return text


def places(text: str) -> set[str]:
    """Every place in the text."""
    return set(_PLACE.findall(text))


def seal(file: Path) -> None:
    """Writes the hash of a saved plan anew, as the version that saved it would."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    text = file.read_text(encoding="utf-8").replace(document["hash"], digest(document))
    file.write_text(text, encoding="utf-8")


def digest(document: Mapping[str, Any]) -> str:
    """The hash of a saved plan: of everything in it that decides what is done."""
    content = json.loads(json.dumps(document, default=str))
    for key in ("hash", "made", "estimate", "counts"):
        content.pop(key, None)
    for unit in content["resolution"]["units"]:
        for index in unit["indices"]:
            del index["bytes"], index["documents"]
    basis = {key: part for key, part in content.items() if part or key not in _LATER}
    packed = json.dumps(basis, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(packed.encode()).hexdigest()
