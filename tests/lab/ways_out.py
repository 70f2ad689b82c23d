"""A cutover whose release, and one whose opening, is refused by the domain: both have a way out."""

from __future__ import annotations

import json
from typing import Any

import requests
from migrations import Desk, documents, engine, refusal, rule
from rounds import CUTOVER, append, blocked, copies, cut_over, write

from lab.reset import reset

_ONE = {"settings": {"number_of_replicas": 0}}
_NAMES = {"first", "second"}


def require_ways_out(desk: Desk) -> None:
    """On any pair of engines: `abort` ends a refused release, the next cutover a refused opening."""
    reset(desk.lab)
    for name in sorted(_NAMES):
        engine(desk.lab, "source", "PUT", f"/{name}", _ONE)
        append(desk.lab, name, 5)
    _refused_release(desk)
    _refused_opening(desk)


def _refused_release(desk: Desk) -> None:
    """One index refuses its release when the cutover is rolled back."""
    _at_last_names(desk, refusal("source", "/.*first.*/_settings", None), then="exit 1")
    refused = cut_over(desk)
    said = " ".join(f"{refused.out} {refused.err}".split())
    assert refused.code == 1, str(refused)
    assert "1 index on the source still refuses writes: first" in said, said
    assert blocked(desk.lab) == {"first"} and write(desk.lab, "second") == 201
    assert set(copies(desk.lab).values()) == {"close"}
    requests.delete(f"{desk.lab.admin_url}/rules", timeout=30).raise_for_status()
    desk.write(cutover=CUTOVER)
    ended = desk.run("abort", "--execute")
    assert ended.code == 0, str(ended)
    assert blocked(desk.lab) == set() and write(desk.lab, "first") == 201


def _refused_opening(desk: Desk) -> None:
    """The target refuses the request that opens the copies: first when it is tried, then in earnest."""
    rule(desk.lab, **refusal("target", "/.*/_settings", 1))
    tried = cut_over(desk)
    assert tried.code == 3, str(tried)
    assert "the target refuses the requests that open its copies" in tried.out
    assert desk.journal()["window"] is None
    _at_last_names(desk, refusal("target", "/.*/_settings", 1), then="exit 0")
    refused = cut_over(desk)
    assert refused.code == 1, str(refused)
    assert blocked(desk.lab) == set() and set(copies(desk.lab).values()) == {"close"}
    desk.write(cutover=CUTOVER)
    shown = desk.run("abort", "--json")
    assert set(shown.json["indices"]) == _NAMES, str(shown)
    assert write(desk.lab, "first") == 201
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    assert {name: documents(desk.lab, "target", name) for name in _NAMES} == {"first": 7, "second": 6}


def _at_last_names(desk: Desk, found: dict[str, Any], then: str) -> None:
    """A hook of the cutover's plan installs the rule inside the window, and ends so."""
    script = desk.folder / "act"
    script.write_text(
        f'#!/bin/sh\n[ "$SNAPFERRY_STEP" = "look at names" ] || exit 0\n'
        f"curl -sf -XPOST -H 'content-type: application/json' -d '{json.dumps(found)}' "
        f"{desk.lab.admin_url}/rules\n{then}\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    desk.write(cutover=CUTOVER, hooks=[{"events": ["step-done"], "command": [str(script)]}])
