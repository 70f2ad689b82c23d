"""A saved plan, executed after the domains have changed: exactly what was saved, or refused with reasons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from migrations import Desk, documents, engine, log_size, mutations, user_indices

ONE = {"settings": {"number_of_replicas": 0}}


@pytest.fixture
def saved(desk: Desk) -> Path:
    """Two indices on the source, and the plan of their move, saved."""
    for name in ("first", "second"):
        engine(desk.lab, "source", "PUT", f"/{name}", ONE)
        engine(desk.lab, "source", "PUT", f"/{name}/_doc/1?refresh=true", {"n": 1})
    engine(desk.lab, "source", "PUT", "/first/_alias/all", {})
    desk.write()
    file = desk.folder / "saved.yaml"
    ended = desk.run("plan", "-o", str(file))
    assert ended.code == 0, str(ended)
    return file


def test_it_is_done_exactly_so_although_the_indices_have_grown(desk: Desk, saved: Path) -> None:
    document = yaml.safe_load(saved.read_text(encoding="utf-8"))
    engine(desk.lab, "source", "PUT", "/first/_doc/2?refresh=true", {"n": 2})
    shown = desk.command("plan", str(saved), "--json")
    assert shown.code == 0, str(shown)
    ended = desk.command("migrate", str(saved), "--execute", "--json")
    assert ended.code == 0, str(ended)
    assert ended.json["run_id"] == document["run_id"]
    assert ended.json["snapshot"]["name"] == document["resolution"]["snapshot"]
    assert documents(desk.lab, "target", "first") == 2
    # done is done: the plan of a finished run says so, and executing it again changes nothing
    assert desk.command("plan", str(saved), "--json").json["changes"] == 0
    before = {side: log_size(desk.lab, side) for side in ("source", "target")}
    again = desk.command("migrate", str(saved), "--execute", "--json")
    assert (again.code, again.json["run_id"]) == (0, document["run_id"])
    assert [mutations(desk.lab, side, size) for side, size in before.items()] == [[], []]


def added(desk: Desk) -> None:
    engine(desk.lab, "source", "PUT", "/third", ONE)


def dropped(desk: Desk) -> None:
    engine(desk.lab, "source", "DELETE", "/second")


def made_anew(desk: Desk) -> None:
    dropped(desk)
    engine(desk.lab, "source", "PUT", "/second", ONE)
    engine(desk.lab, "source", "PUT", "/second/_doc/1?refresh=true", {"n": 1})


def mapped(desk: Desk) -> None:
    engine(desk.lab, "source", "PUT", "/second/_mapping", {"properties": {"new": {"type": "keyword"}}})


def tuned(desk: Desk) -> None:
    engine(desk.lab, "source", "PUT", "/second/_settings", {"index.refresh_interval": "5s"})


def filtered(desk: Desk) -> None:
    action = {"index": "first", "alias": "all", "filter": {"term": {"n": 1}}}
    engine(desk.lab, "source", "POST", "/_aliases", {"actions": [{"add": action}]})


def taken(desk: Desk) -> None:
    engine(desk.lab, "target", "PUT", "/second", ONE)


REFUSED: dict[str, tuple[Callable[[Desk], None], str]] = {
    "added": (added, "+ third: it is new on the source"),
    "dropped": (dropped, "- second: it is gone from the source"),
    "made anew": (made_anew, "~ second: it was recreated on the source"),
    "mapping": (mapped, "~ second: its mapping has changed"),
    "settings": (tuned, "~ second: its settings have changed"),
    "filter of an alias": (filtered, "~ first: an alias of it has changed"),
    "name taken on the target": (taken, "second"),
}


@pytest.mark.parametrize("change", REFUSED)
def test_it_is_refused_and_says_what_is_different(desk: Desk, saved: Path, change: str) -> None:
    act, said = REFUSED[change]
    act(desk)
    names = set(user_indices(desk.lab, "target"))
    before = {side: log_size(desk.lab, side) for side in ("source", "target")}
    for verb, *more in (["plan"], ["migrate", "--execute"]):
        ended = desk.command(verb, str(saved), *more)
        assert ended.code == 3, str(ended)
        assert said in ended.out + ended.err
    assert [mutations(desk.lab, side, size) for side, size in before.items()] == [[], []]
    assert set(user_indices(desk.lab, "target")) == names


def test_plan_and_migrate_print_the_same_lines(desk: Desk, saved: Path) -> None:
    planned = desk.command("plan", str(saved)).out
    migrated = desk.command("migrate", str(saved), "--execute").out
    assert _rows(planned, "planned") == _rows(migrated, "equal") == ["first", "second"]
    for start in ("Source: ", "Target: "):
        assert _line(planned, start) == _line(migrated, start)


def _rows(text: str, verdict: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines() if line.rstrip().endswith(f" {verdict}")]


def _line(text: str, start: str) -> Any:
    return next(line for line in text.splitlines() if line.startswith(start))
