"""State folders that commit 886cfe4 left are read and shown with the same facts as that commit showed.

Keys may be added and sentences reworded. tests/fixtures/old_state/README.md describes how the folders were
made.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from support.old_state import FOLDER, SAVED, STATE, OldState, digest, old_states
from typer.testing import CliRunner

from snapferry.main import app

SENTENCES = {
    "next",
    "stands",
    "basis",
    "bottleneck",
    "assumptions",
    "falling_back",
    "automated_snapshots",
    "lift",
}
"""Keys of words that are made when a run is shown; those that its journal holds stay as they are."""
LIMITS = {
    "equal figures up to a mark prove the same documents only if the target was written to by nobody else, "
    "and no operation was rolled back on the source": (
        "equal figures up to a mark prove equality only if nobody else wrote to the target and no operation "
        "was rolled back on the source"
    ),
    "contents, mappings, settings and aliases were not compared: that is level content": (
        "contents, mappings, settings and aliases were not compared: that takes level content"
    ),
}
"""Limits of a verification as that commit worded them, and as they are worded now."""
OLD = old_states()


def snapferry(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def unlike(old: Any, new: Any, place: str = "") -> list[str]:
    """Each place where something of the old is not in the new."""
    if isinstance(old, dict) and isinstance(new, dict):
        lacking = [f"{place}.{key}: it is gone" for key in old.keys() - new.keys()]
        both = [key for key in old if key in new]
        return lacking + [
            said for key in both for said in _unlike_part(key, old[key], new[key], f"{place}.{key}")
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [said for at, (one, other) in pairs for said in unlike(one, other, f"{place}[{at}]")]
    wanted = LIMITS.get(old, old) if isinstance(old, str) else old
    return [] if wanted == new else [f"{place}: {old!r} → {new!r}"]


def _unlike_part(key: str, old: Any, new: Any, place: str) -> list[str]:
    if key in SENTENCES and isinstance(old, str | list):
        alike = type(old) is type(new) and bool(old) == bool(new)
        return [] if alike else [f"{place}: {old!r} → {new!r}"]
    return unlike(old, new, place)


@pytest.mark.slow
@pytest.mark.parametrize("old", OLD, ids=lambda old: old.name)
def test_it_is_told_as_it_was(old: OldState, tmp_path: Path, no_connections: list[Any]) -> None:
    values = {**old.values, "folder": str(tmp_path)}
    plan = old.lay_out(tmp_path, values)
    for what, printed in old.printed(values).items():
        verb, *options = printed["arguments"]
        told = snapferry(verb, plan, *options, "--state", tmp_path / STATE)
        assert told.exit_code == printed["exit"], f"{what}: {told.stderr}"
        if printed["json"] is not None:
            assert unlike(printed["json"], json.loads(told.stdout)) == [], what
    assert no_connections == []


def test_every_kind_of_run_and_of_end_is_among_them() -> None:
    printed = [old.printed({**old.values, "folder": "/"})["status"]["json"] for old in OLD]
    assert {(told.get("verb"), told.get("outcome")) for told in printed} == {
        (None, None),  # a saved plan, and no run yet
        ("cutover", "done"),
        ("cutover", "interrupted"),
        ("migrate", "different"),
        ("migrate", "done"),
        ("migrate", "interrupted"),
        ("rehearse", "done"),
        ("rehearse", "interrupted"),
        ("seed", "done"),
        ("seed", "interrupted"),
    }


def test_what_is_gone_or_another_is_named() -> None:
    old = {"a": 1, "next": "do this", "list": [{"b": 2}]}
    assert unlike(old, {**old, "next": "do that", "more": 3}) == []
    assert unlike(old, {"a": 2, "next": "", "list": [{}]}) == [
        ".a: 1 → 2",
        ".next: 'do this' → ''",
        ".list[0].b: it is gone",
    ]
    assert unlike(old, {**old, "list": []}) == [".list: [{'b': 2}] → []"]


def test_the_saved_plans_hash_is_made_in_the_same_way(tmp_path: Path) -> None:
    """The lab's tests fill in other values, and make the hash anew with this."""
    (old,) = [each for each in OLD if (each.folder / SAVED).exists()]
    kept = (old.folder / SAVED).read_text(encoding="utf-8")
    old.lay_out(tmp_path, {**old.values, "folder": str(tmp_path)})
    document = yaml.safe_load((tmp_path / SAVED).read_text(encoding="utf-8"))
    assert f"hash: {digest(document)}\n" in kept


_WORDS = {"$ref", "$defs", "title", "description"}


def schema_now() -> Any:
    return inlined(json.loads(snapferry("schema").stdout))


def inlined(schema: Any, named: dict[str, Any] | None = None) -> Any:
    """The schema with its definitions in their places, without titles and descriptions: those are words."""
    named = schema.get("$defs", {}) if named is None else named
    if isinstance(schema, list):
        return [inlined(each, named) for each in schema]
    if not isinstance(schema, dict):
        return schema
    referred = named[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
    parts = {**referred, **schema}
    words = {key for key in ("title", "description") if isinstance(parts.get(key), str)}
    return {key: inlined(parts[key], named) for key in parts.keys() - {"$ref", "$defs"} - words}


def lost(then: Any, now: Any, at: str = "") -> list[str]:
    """Where the schema of today does not hold what the one of then holds. It may have grown."""
    if isinstance(then, dict) and isinstance(now, dict) and "oneOf" in now.keys() - then.keys():
        rest = {key: part for key, part in now.items() if key != "oneOf"}
        return min((lost(then, {**rest, **each}, at) for each in now["oneOf"]), key=len)
    if isinstance(then, dict) and isinstance(now, dict):
        return [where for key in then for where in lost(then[key], now.get(key), f"{at}/{key}")]
    if isinstance(then, list) and isinstance(now, list) and at.endswith(("/enum", "/required")):
        same = at.endswith("/enum") or set(now) <= set(then)  # a new key must not be required of old plans
        return [at] if not same or not set(then) <= set(now) else []
    return [] if then == now else [at]


def test_the_plans_schema_still_accepts_every_plan_of_then() -> None:
    then = json.loads((FOLDER / "plan.schema.json").read_text(encoding="utf-8"))
    assert lost(inlined(then), schema_now()) == []


def test_the_checks_of_then_have_their_ids() -> None:
    ids = json.loads((FOLDER / "checks.json").read_text(encoding="utf-8"))
    checks = schema_now()["properties"]["checks"]["properties"]
    assert set(ids) <= set(checks["require"]["items"]["enum"])
