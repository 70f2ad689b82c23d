"""Journals that somebody has forged who may write them: the seal is made anew, the chain is left as it is."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable

_CHAIN, _SEAL = ',\n "chain": ', ',\n "seal": "'
_AT = "2026-01-01T00:00:00Z"
GATES = json.dumps({"before-restore": {"since": _AT, "until": _AT, "approved": _AT, "by": "cfo@desk"}})
HOOKS = json.dumps([{"at": _AT, "event": "finished", "hook": "audit", "seconds": 1.0}])
STEP = json.dumps({"attempts": 1, "started": _AT, "ended": _AT, "record": None})
Forgery = Callable[[str], str]


def resealed(whole: bytes, change: Forgery) -> bytes:
    """The journal, changed and sealed again."""
    body = change(whole.decode()).rpartition(_SEAL)[0]
    return f'{body}{_SEAL}{hashlib.sha256(body.encode()).hexdigest()}"\n}}'.encode()


def _unfinished(text: str) -> str:
    """Every step looks as if it went on, so that its record may change."""
    return re.sub(r'"ended": "[^"]*"(,\n   "seconds)', r'"ended": null\1', text)


def _another_unfinished(text: str) -> str:
    lines = json.dumps({**json.loads(STEP), "ended": None}, indent=1).replace("\n", "\n  ")
    return text.replace('\n "steps": {', f'\n "steps": {{\n  "finish": {lines},')


def _behind_counters(text: str) -> str:
    """Keys on the line of one that has no link, behind all others: the last of two with one name is read."""
    body, _, chain = text.replace('\n "requests": {},', "").rpartition(_CHAIN)
    hidden = f'"message": "forged", "gates": {GATES}, "steps": {{"verify": {STEP}}}'
    return f'{body},\n "requests": {{}}, {hidden}{_CHAIN}{chain}'


def _on_the_first_line(text: str) -> str:
    """Keys that hold nothing have no part: they are taken away, and stand in front of the first part."""
    without = text.replace('\n "hooks": [],', "").replace('\n "gates": {},', "")
    gates = f'"gates": {GATES},' if '"gates": ' not in without else ""
    return without.replace("{\n", f'{{"hooks": {HOOKS},{gates}\n', 1)


def _key_twice(text: str) -> str:
    return text.replace('\n "requests": {},', '\n "requests": {}, "message": "forged",\n "message": "",')


def _spaced(text: str) -> str:
    return text.replace('\n "requests": {},', '\n "requests": { },')


def _keys_moved(text: str) -> str:
    return re.sub(r'(\n "run_id": .*,)(\n "verb": .*,)', r"\2\1", text)


FORGERIES: dict[str, Forgery] = {
    "a step made unfinished": _unfinished,
    "an unfinished step added": _another_unfinished,
    "keys behind the counters": _behind_counters,
    "keys on the first line": _on_the_first_line,
    "a key twice": _key_twice,
    "spaces": _spaced,
    "keys moved": _keys_moved,
}
