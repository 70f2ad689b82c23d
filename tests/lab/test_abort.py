"""`snapferry abort`: one command that lifts a cutover's block, and one that takes seed rounds away again."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

import pytest
from migrations import Desk, documents, engine, kill_when, log, log_size, lose_machine_when
from rounds import CUTOVER, append, copies, cut_over, seeded, write

from lab.state import state

ONE = {"settings": {"number_of_replicas": 0}}


def both(desk: Desk) -> dict[str, Any]:
    """All that rounds could have touched, on both sides."""
    return {side: state(desk.lab, side) for side in ("source", "target")}


@pytest.fixture
def small_desk(desk: Desk) -> Desk:
    """Two indices and a data stream, to be cut over soon; somebody else's index is on the target."""
    lab = desk.lab
    template: dict[str, Any] = {
        "index_patterns": ["logs*"],
        "data_stream": {},
        "template": {"settings": {"number_of_replicas": 0}},
    }
    engine(lab, "source", "PUT", "/_index_template/logs", template)
    for name in ("first", "second"):
        engine(lab, "source", "PUT", f"/{name}", {**ONE, "aliases": {"all": {}}})
        append(lab, name, 1)
    engine(lab, "source", "POST", "/logs/_doc?refresh=true", {"@timestamp": "2026-11-24T00:00:00Z"})
    engine(lab, "target", "PUT", "/of-somebody-else", ONE)
    desk.write(cutover=CUTOVER)
    return desk


def got(desk: Desk, side: str, method: str, path: str) -> Callable[[], bool]:
    """Whether this side has got such a request since now."""
    began = log_size(desk.lab, side)

    def seen() -> bool:
        return any(e["method"] == method and fnmatch(e["path"], path) for e in log(desk.lab, side, began))

    return seen


def killed_inside_the_window(desk: Desk, side: str, method: str, path: str) -> None:
    """A cutover killed with -9, with its guard, as soon as a domain has got this request."""
    seen = got(desk, side, method, path)
    lose_machine_when(desk, desk.start("cutover", "--execute", "--allow-freeze"), seen)
    assert desk.journal()["window"]["frozen"]


def test_two_seed_rounds_are_taken_away_and_the_next_is_the_first(small_desk: Desk) -> None:
    desk = small_desk
    before = both(desk)
    seeded(desk)
    append(desk.lab, "first", 1, 1)
    seeded(desk)
    shown = desk.run("abort", "--json")
    assert shown.code == 0, str(shown)
    assert (shown.json["concerns"], len(shown.json["indices"]), len(shown.json["snapshots"])) == (
        "seed rounds",
        3,
        2,
    )
    assert sorted(shown.json["registrations"]) == ["source", "target"]
    ended = desk.run("abort", "--execute", "--seeds")
    assert ended.code == 0, str(ended)
    after = both(desk)
    assert after["target"] == before["target"]
    assert after["source"]["repositories"] == before["source"]["repositories"]
    assert desk.run("abort", "--execute", "--seeds").code == 3
    seeded(desk)
    assert desk.journal()["steps"]["compare"]["record"]["round"] == 1


def test_an_index_that_takes_writes_by_now_is_no_copy_any_more(small_desk: Desk) -> None:
    desk = small_desk
    seeded(desk)
    engine(desk.lab, "target", "PUT", "/first/_settings", {"index.blocks.write": None})
    ended = desk.run("abort", "--execute", "--seeds")
    assert ended.code == 0, str(ended)
    assert "Not touched: first" in ended.out
    assert set(copies(desk.lab)) == {"first", "of-somebody-else"}


def test_taking_rounds_away_goes_on_after_a_kill(small_desk: Desk) -> None:
    desk = small_desk
    before = state(desk.lab, "target")
    seeded(desk)
    seen = got(desk, "source", "DELETE", "/_snapshot/move/*")
    kill_when(desk.start("abort", "--execute", "--seeds"), seen)
    refused = desk.run("seed", "--execute")
    assert refused.code == 3, str(refused)
    assert "being removed" in refused.err
    ended = desk.run("abort", "--execute", "--seeds")
    assert ended.code == 0, str(ended)
    assert state(desk.lab, "target") == before


def test_one_command_lets_the_source_take_writes_again(small_desk: Desk) -> None:
    desk = small_desk
    seeded(desk)
    append(desk.lab, "first", 1, 1)
    killed_inside_the_window(desk, "target", "POST", "*/_restore")
    desk.write(cutover=CUTOVER, indices={"include": ["something-else*"]})  # whatever the plan says by now
    shown = desk.run("abort", "--json")
    assert shown.code == 0, str(shown)
    assert shown.json["concerns"] == "cutover"
    assert set(shown.json["refusing"]) >= {"first", "second"}
    assert write(desk.lab, "first") == 403
    ended = desk.run(
        "abort", "--execute", "--seeds", environment={"PREFECT_API_URL": "http://127.0.0.1:1/api"}
    )
    assert ended.code == 0, str(ended)
    assert write(desk.lab, "first") == 201
    assert {status for name, status in copies(desk.lab).items() if name != "of-somebody-else"} == {"close"}
    desk.write(cutover=CUTOVER)
    done = cut_over(desk)
    assert done.code == 0, str(done)
    assert documents(desk.lab, "target", "first") == 3


def test_it_lifts_the_block_although_the_target_cannot_be_opened(small_desk: Desk) -> None:
    desk = small_desk
    seeded(desk)
    append(desk.lab, "first", 1, 1)
    killed_inside_the_window(desk, "target", "POST", "*/_restore")
    login = {"type": "basic", "username": "me", "password": {"env": "NOT_SET"}}
    desk.write(cutover=CUTOVER, target={"auth": login})
    ended = desk.run("abort", "--execute", "--seeds")
    assert ended.code == 5, str(ended)
    assert "The source takes writes again" in ended.err
    assert write(desk.lab, "first") == 201
    desk.write(cutover=CUTOVER)
    again = desk.run("abort", "--execute", "--seeds")
    assert again.code == 0, str(again)
    assert set(copies(desk.lab).values()) == {"close", "open"}  # the open one is somebody else's


@pytest.mark.soak
def test_aliases_that_were_set_for_an_opening_that_did_not_come_are_taken_off(small_desk: Desk) -> None:
    desk = small_desk
    seeded(desk)
    killed_inside_the_window(desk, "target", "POST", "/_aliases")
    ended = desk.run("abort", "--execute")
    assert ended.code == 0, str(ended)
    assert write(desk.lab, "first") == 201
    held = engine(desk.lab, "target", "GET", "/_all/_alias?expand_wildcards=all")
    assert {name: entry["aliases"] for name, entry in held.items() if entry["aliases"]} == {}
    done = cut_over(desk)
    assert done.code == 0, str(done)
    assert set(engine(desk.lab, "target", "GET", "/_alias/all")) == {"first", "second"}


def test_a_cutover_that_is_opening_goes_forward_only(small_desk: Desk) -> None:
    desk = small_desk
    seeded(desk)
    serving = lambda: any(intent["action"] == "serve" for intent in desk.journal()["intents"])  # noqa: E731
    lose_machine_when(desk, desk.start("cutover", "--execute", "--allow-freeze"), serving)
    refused = desk.run("abort", "--execute", "--seeds")
    assert refused.code == 3, str(refused)
    assert f"snapferry cutover {desk.plan_file} --execute --allow-freeze" in refused.err
    done = cut_over(desk)
    assert done.code == 0, str(done)
    opened = desk.run("abort", "--execute", "--seeds")
    assert opened.code == 3, str(opened)
    assert "has opened the target" in opened.err


# migrations

NEVER_RIGHT = {"index": "first", "query": {"match_all": {}}, "expect": 999}


def killed_in_the_restore(desk: Desk) -> None:
    seen = got(desk, "target", "POST", "*/_restore")
    kill_when(desk.start("migrate", "--execute"), seen)


def test_an_unfinished_migration_is_undone_but_for_its_snapshot_and_what_others_wrote(
    small_desk: Desk,
) -> None:
    desk = small_desk
    before = state(desk.lab, "target")
    killed_in_the_restore(desk)
    shown = desk.run("abort", "--json")
    assert shown.code == 0 and shown.json["concerns"] == "migration", str(shown)
    kill_when(desk.start("abort", "--execute"), got(desk, "target", "DELETE", "/*"))
    refused = desk.run("migrate", "--execute")
    assert refused.code == 3 and "is being removed" in refused.err, str(refused)
    ended = desk.run("abort", "--execute")
    assert ended.code == 0, str(ended)
    assert "the snapshot stays; its state is SUCCESS" in " ".join(ended.out.split())
    assert state(desk.lab, "target") == before
    assert len(engine(desk.lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]) == 1
    assert desk.run("abort", "--execute").code == 3
    assert desk.report()["outcome"] == "abandoned"

    desk.write(verify={"level": "content", "queries": [NEVER_RIGHT]})
    ended = desk.run("migrate", "--execute")
    assert ended.code == 4, str(ended)
    append(desk.lab, "first", 1, 1, side="target")
    ended = desk.run("abort", "--execute")
    assert ended.code == 0, str(ended)
    assert "Not touched: first – it has taken writes of others" in " ".join(ended.out.split())
    assert set(state(desk.lab, "target")["indices"]) == {*before["indices"], "first"}
    assert documents(desk.lab, "target", "first") == 2
