"""A plan shows what a run sends: every request that changes something, and none besides."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from migrations import Desk, engine, log_size, mutations
from rounds import CUTOVER, append, copies, cut_over

PASSING = ("/_refresh", "/_flush")
"""Requests that a plan does not list: they change no document and no index."""
SIDES = ("source", "target")
REGISTRATION = "PUT /_snapshot/move"


@pytest.fixture
def few(desk: Desk) -> Desk:
    """A source with one index of each kind that a run treats differently; the target has one name already."""
    one = {"settings": {"number_of_replicas": 0}}
    send = desk.lab
    for name in ("alone", "aliased", "shut", "in-the-way"):
        engine(send, "source", "PUT", f"/{name}", one)
        engine(send, "source", "PUT", f"/{name}/_doc/1?refresh=true", {"n": 1})
    engine(send, "source", "PUT", "/aliased/_alias/all", {"filter": {"term": {"n": 1}}})
    some = {"filter": {"term": {"n": 1}}, "routing": "r", "is_write_index": True}
    engine(send, "source", "PUT", "/shut/_alias/some", some)
    for name in ("empty", "shut-empty"):  # no mapping, no document
        engine(send, "source", "PUT", f"/{name}")
    engine(send, "source", "DELETE", "/aliased/_doc/1?refresh=true")
    engine(send, "source", "POST", "/shut,shut-empty/_close")
    engine(send, "target", "PUT", "/in-the-way", one)
    template = {"index_patterns": ["stream-*"], "data_stream": {}, "template": one}
    for side in SIDES:
        engine(send, side, "PUT", "/_index_template/streams", template)
    append(send, "stream-1", 3)
    engine(send, "source", "PUT", "/_data_stream/stream-empty")
    return desk


def planned(requests: list[dict[str, Any]], side: str) -> list[str]:
    """What a plan shows for a side, in the log's words; names of one path in their order."""
    return sorted(_named(each["method"], each["path"]) for each in requests if each["side"] == side)


def sent(desk: Desk, side: str, after: int) -> list[str]:
    """What a side was sent that changes something, as its front door has logged it.

    A registration that was refused is sent once more in the other form that the plan names: it counts once.
    """
    found = (each.split(" ", 1) for each in mutations(desk.lab, side, after))
    named = [_named(method, path) for method, path in found if not path.endswith(PASSING)]
    again = [
        each == before and each == REGISTRATION for each, before in zip(named, ["", *named], strict=False)
    ]
    return sorted(each for each, repeated in zip(named, again, strict=True) if not repeated)


def _named(method: str, path: str) -> str:
    first, _, rest = unquote(path).lstrip("/").partition("/")
    return f"{method} /{','.join(sorted(first.split(',')))}/{rest}".rstrip("/")


def sizes(desk: Desk) -> dict[str, int]:
    """How long each side's log is."""
    return {side: log_size(desk.lab, side) for side in SIDES}


def require_as_planned(
    desk: Desk, requests: list[dict[str, Any]], before: dict[str, int], shown: str = "", run: str = ""
) -> None:
    """The plan's requests are the log's, but for the run's id in the name of its snapshot."""
    for side in SIDES:
        expected = [each.replace(shown, run) if shown else each for each in planned(requests, side)]
        assert sent(desk, side, before[side]) == expected, side


def test_of_a_rehearsal_and_of_a_saved_plan_that_is_executed(few: Desk) -> None:
    few.write(
        indices={"include": ["*"], "closed": "move"},
        conflicts={"policy": "delete", "delete": ["in-the-way"]},
        verify={"level": "content"},  # also of indices that have nothing to compare
    )
    shown = few.run("rehearse", "--json").json
    before = sizes(few)
    ended = few.run("rehearse", "--execute", "--json")
    assert ended.code == 0, str(ended)
    require_as_planned(few, shown["requests"], before, shown["run_id"], ended.json["run_id"])

    file = few.folder / "saved.json"
    assert few.run("plan", "-o", str(file), "--allow-delete", "in-the-way").code == 0
    saved = few.command("plan", str(file), "--json", "--allow-delete", "in-the-way").json
    before = sizes(few)
    ended = few.command("migrate", str(file), "--execute", "--json", "--allow-delete", "in-the-way")
    assert ended.code == 0, str(ended)
    require_as_planned(few, saved["requests"], before)
    assert any(each["method"] == "DELETE" for each in saved["requests"])


def test_of_seed_rounds_and_of_the_cutover_after_them(few: Desk) -> None:
    few.write(
        indices={"include": ["*"], "exclude": ["in-the-way"], "closed": "move"},
        cutover=CUTOVER,
        verify={"level": "content"},
    )
    changes = (lambda: None, lambda: append(few.lab, "alone", 2), lambda: append(few.lab, "stream-1", 2))
    for change, verb in zip(changes, ("seed", "seed", "cutover"), strict=True):
        change()
        shown = few.run(verb, "--json").json
        before = sizes(few)
        options = ("--allow-freeze",) if verb == "cutover" else ()
        ended = few.run(verb, "--execute", "--json", *options)
        assert ended.code == 0, str(ended)
        snapshot = shown["resolution"]["snapshot"]
        require_as_planned(few, shown["requests"], before, snapshot, ended.json["snapshot"]["name"])
    assert {name for name, state in copies(few.lab).items() if state == "close"} == {"shut", "shut-empty"}
    source, target = (engine(few.lab, side, "GET", "/shut/_alias") for side in SIDES)
    assert target == source, "an alias with a filter, which no engine adds to a closed index"


TAIL = {**CUTOVER, "delta": "tail"}


def test_of_follow_and_of_a_cutover_by_the_tail(few: Desk) -> None:
    """How many rounds there are, and of how many bulks, only shows when they are taken: each counts once."""
    indices = {"include": ["*"], "exclude": ["in-the-way", "stream-*"], "closed": "move"}
    few.write(indices=indices, cutover=TAIL)
    assert few.run("seed", "--execute").code == 0
    for verb, options in (
        ("follow", ("--until-ready",)),
        ("cutover", ("--allow-freeze",)),
    ):
        append(few.lab, "alone", 2)
        shown = few.run(verb, "--json").json["requests"]
        before = sizes(few)
        ended = few.run(verb, "--execute", *options)
        assert ended.code == 0, str(ended)
        for side in SIDES:
            went = set(sent(few, side, before[side]))
            expected = set(planned(shown, side))
            assert went <= expected, (verb, side)
            certain = {each for each in expected if not each.endswith(("/_bulk", "/_mapping"))}
            assert certain <= went, (verb, side)
        assert "POST /alone/_bulk" in sent(few, "target", before["target"]), verb


def test_of_a_rehearsed_cutover(few: Desk) -> None:
    few.write(indices={"include": ["*"], "exclude": ["in-the-way"]}, cutover=CUTOVER)
    assert few.run("seed", "--execute").code == 0
    append(few.lab, "alone", 2)
    shown = few.run("cutover", "--rehearse", "--json").json
    before = sizes(few)
    ended = few.run("cutover", "--rehearse", "--execute", "--json")
    assert ended.code == 0, str(ended)
    snapshot = shown["resolution"]["snapshot"]
    require_as_planned(few, shown["requests"], before, snapshot, ended.json["snapshot"]["name"])
    assert cut_over(few).code == 0
