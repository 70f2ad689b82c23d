"""Cutovers that somebody meddles with: whoever takes a block off, no acknowledged write is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from migrations import Desk, documents, engine, eventually, kill_when
from rounds import CUTOVER, append, blocked, copies, cut_over, hidden, kinds, record, seeded, write

ONE = {"settings": {"number_of_replicas": 0}}
SOME = {"filter": {"term": {"n": 1}}, "index_routing": "r", "search_routing": "r", "is_write_index": True}
SHUT = {"settings": {"number_of_replicas": 0, "index.hidden": True}, "aliases": {"some": SOME, "plain": {}}}
OFF = {"index.blocks.write": False}


@pytest.fixture
def few(desk: Desk) -> Desk:
    """A user with three indices, one of them closed, hidden and with aliases; one round was taken."""
    for name, body in (("first", ONE), ("second", ONE), ("shut", SHUT)):
        engine(desk.lab, "source", "PUT", f"/{name}", body)
        append(desk.lab, name, 5)
    engine(desk.lab, "source", "POST", "/shut/_close")
    desk.write(cutover=CUTOVER, indices={"closed": "move"})
    seeded(desk)
    return desk


def at_step(desk: Desk, event: str, step: str, command: str) -> None:
    """Lets the plan's hook run a command at one step's start or end."""
    script = desk.folder / "act"
    script.write_text(f'#!/bin/sh\n[ "$SNAPFERRY_STEP" = "{step}" ] || exit 0\n{command}\n', encoding="utf-8")
    script.chmod(0o755)
    hooks = [{"events": [event], "command": [str(script)]}]
    desk.write(cutover=CUTOVER, indices={"closed": "move"}, hooks=hooks)


def require_all_there(desk: Desk) -> None:
    """The source takes writes; without meddling the next cutover brings all of them."""
    assert blocked(desk.lab) == set()
    assert set(copies(desk.lab).values()) == {"close"}
    desk.write(cutover=CUTOVER, indices={"closed": "move"}, hooks=[])
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    assert documents(desk.lab, "target", "first") == documents(desk.lab, "source", "first") == 6


def test_a_write_that_somebody_let_through_after_the_verification_ends_the_window(few: Desk) -> None:
    url = f"{few.lab.source.engine_url}/first"
    json = "-H 'content-type: application/json'"
    at_step(
        few,
        "step-done",
        "look at names",
        f"curl -sf -XPUT {json} -d '{{\"index.blocks.write\": false}}' {url}/_settings\n"
        f"curl -sf -XPOST {json} -d '{{}}' {url}/_doc",
    )
    ended = cut_over(few)
    assert ended.code == 4, str(ended)
    assert "first on the source takes writes again" in " ".join(ended.out.split())
    require_all_there(few)


@pytest.mark.soak
def test_a_write_to_a_verified_copy_that_is_blocked_again_ends_the_window(few: Desk) -> None:
    url = f"{few.lab.target.engine_url}/first"
    json = "-H 'content-type: application/json'"
    block = '{\\"index.blocks.write\\": %s}'
    at_step(
        few,
        "step-done",
        "look at names",
        f'curl -sf -XPUT {json} -d "{block % "false"}" {url}/_settings\n'
        f"curl -sf -XPOST {json} -d '{{}}' {url}/_doc\n"
        f'curl -sf -XPUT {json} -d "{block % "true"}" {url}/_settings',
    )
    ended = cut_over(few)
    assert ended.code == 4, str(ended)
    assert "first on the target was written to" in " ".join(ended.out.split())
    assert write(few.lab, "first") == 201
    require_all_there(few)


def test_an_alias_that_somebody_gave_a_waiting_copy_does_not_go_live(few: Desk) -> None:
    added = {"actions": [{"add": {"index": "first", "alias": "live"}}]}
    engine(few.lab, "target", "POST", "/_aliases", added)
    refused = cut_over(few)
    assert refused.code != 0 and blocked(few.lab) == set()
    assert "first on the target has alias live" in " ".join(refused.out.split())
    engine(
        few.lab, "target", "POST", "/_aliases", {"actions": [{"remove": {"index": "first", "alias": "live"}}]}
    )
    ended = cut_over(few)
    assert ended.code == 0, str(ended)


FIELD = {"properties": {"somebodys": {"type": "keyword"}}}


def mapped(desk: Desk) -> set[str]:
    """The fields of the copy of `first`."""
    reply = engine(desk.lab, "target", "GET", "/first/_mapping?expand_wildcards=all")
    return set(reply["first"]["mappings"]["properties"])


def test_a_field_that_somebody_gave_a_waiting_copy_does_not_go_live(few: Desk) -> None:
    before = mapped(few)
    engine(few.lab, "target", "PUT", "/first/_mapping", FIELD)
    assert mapped(few) == before | {"somebodys"}
    ended = cut_over(few)
    assert ended.code == 0, str(ended)
    assert kinds(few.journal()) == {"first": "changed"}
    assert mapped(few) == before


@pytest.mark.soak
def test_a_field_that_somebody_gives_a_verified_copy_ends_the_window(few: Desk) -> None:
    url, json = f"{few.lab.target.engine_url}/first/_mapping", "-H 'content-type: application/json'"
    put = f'curl -sf -XPUT {json} -d \'{{"properties":{{"somebodys":{{"type":"keyword"}}}}}}\' {url}'
    at_step(few, "step-done", "look at names", put)
    ended = cut_over(few)
    assert ended.code == 4, str(ended)
    assert "first on the target has another mapping" in " ".join(ended.out.split())
    assert write(few.lab, "first") == 201
    require_all_there(few)
    assert "somebodys" not in mapped(few)


@pytest.mark.soak
def test_settings_that_the_target_does_not_know_do_not_keep_a_copy_from_being_opened(few: Desk) -> None:
    """The engine archives them, and would refuse the change that opens the copy. Here the source has one."""
    lab = few.lab
    few.write(cutover=CUTOVER, indices={"closed": "move", "exclude": ["strange"]})
    (snapshot,) = engine(lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]
    engine(lab, "source", "DELETE", "/first")
    unknown = {"indices": "first", "index_settings": {"index.lifecycle.name": "x"}}
    path = f"/_snapshot/move/{snapshot['snapshot']}/_restore?wait_for_completion=true"
    engine(lab, "source", "POST", path, unknown)
    ended = few.run("seed", "--execute")
    assert ended.code == 0, str(ended)
    assert "removed settings that the target does not know" in ended.err + ended.out
    archived = "/_all/_settings?expand_wildcards=all&filter_path=*.settings.archived*"
    assert engine(lab, "target", "GET", archived) == {}
    for method, path, body in (("POST", "_close", None), ("PUT", "_settings", {"archived.*": None})):
        engine(lab, "source", method, f"/first/{path}", body)
    engine(lab, "source", "POST", "/first/_open")
    append(lab, "first", 1, 5)
    with hidden(lab, "source", "strange"), hidden(lab, "target", "strange"):  # and in nobody's way
        ended = cut_over(few)
    assert ended.code == 0, str(ended)
    assert documents(lab, "target", "first") == 6


def test_a_run_killed_before_it_opened_anything_ends_its_window(few: Desk, tmp_path: Path) -> None:
    mark = tmp_path / "opening"
    at_step(few, "step-started", "open", f"touch {mark}; sleep 30")
    kill_when(few.start("cutover", "--execute", "--allow-freeze"), mark.exists)
    eventually(lambda: blocked(few.lab) == set())
    assert write(few.lab, "first") == 201
    assert blocked(few.lab, "target") >= {"first"}
    at_step(few, "step-started", "none", "true")
    ended = cut_over(few)
    assert ended.code == 0, str(ended)
    assert documents(few.lab, "target", "first") == 6
    assert blocked(few.lab) == {"first", "second"}


def test_a_block_that_is_switched_off_by_false_and_a_closed_index_go_the_same_way(few: Desk) -> None:
    lab = few.lab
    engine(lab, "source", "PUT", "/second/_settings", OFF)
    append(lab, "second", 2)
    journal = seeded(few)
    assert kinds(journal) == {"second": "changed"}
    ended = cut_over(few)
    assert ended.code == 0, str(ended)
    assert blocked(lab) == {"first", "second"}
    assert copies(lab) == {"first": "open", "second": "open", "shut": "close"}
    assert blocked(lab, "target") == set()
    assert engine(lab, "target", "GET", "/shut/_alias")["shut"]["aliases"] == {"some": SOME, "plain": {}}
    notes = record(few.journal(), "resolve")["notes"]
    assert "could not tell" not in str(notes), "the size of a closed, hidden index is known"
    engine(lab, "target", "POST", "/shut/_open")
    assert (documents(lab, "target", "second"), documents(lab, "target", "shut")) == (7, 5)


def test_an_index_on_the_target_that_somebody_works_with_is_not_closed_by_a_round(few: Desk) -> None:
    """Its copy was opened and made to take writes, and the plan leaves it out since then."""
    lab = few.lab
    engine(lab, "target", "PUT", "/second/_settings", OFF)
    engine(lab, "target", "POST", "/second/_open")
    few.write(cutover=CUTOVER, indices={"exclude": ["second"]})
    append(lab, "first", 1, 5)
    seeded(few)
    assert write(lab, "second", "target") == 201
    assert copies(lab)["first"] == "close"
