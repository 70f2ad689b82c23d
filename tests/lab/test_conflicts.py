"""Names that are taken on the target, under each policy of the plan."""

from __future__ import annotations

from typing import Any

import pytest
from migrations import Desk, documents, engine, log_size, mutations, user_indices

from lab.state import state

STREAM_TEMPLATE = {"index_patterns": ["events*"], "data_stream": {}}


@pytest.fixture
def taken_desk(desk: Desk) -> Desk:
    """Source and target both have `shop` (an index), `events` (a data stream) and `people`, which on the
    target is an alias; `free` is on the source only."""
    lab = desk.lab
    for side, amount in (("source", 3), ("target", 1)):
        engine(lab, side, "PUT", "/_index_template/events", STREAM_TEMPLATE)
        for number in range(amount):
            engine(lab, side, "POST", "/shop/_doc?refresh=true", {"n": number})
            engine(lab, side, "POST", "/events/_doc?refresh=true", {"@timestamp": "2026-01-01", "n": number})
    for name in ("people", "free"):
        engine(lab, "source", "POST", f"/{name}/_doc?refresh=true", {"n": 1})
    engine(lab, "target", "PUT", "/theirs", {"aliases": {"people": {}}})
    return desk


def everything(desk: Desk) -> dict[str, Any]:
    return {side: state(desk.lab, side) for side in ("source", "target")}


def sizes(desk: Desk) -> dict[str, int]:
    return {side: log_size(desk.lab, side) for side in ("source", "target")}


def test_fail_refuses_before_anything_is_changed(taken_desk: Desk) -> None:
    taken_desk.write()
    before, began = everything(taken_desk), sizes(taken_desk)
    ended = taken_desk.run("migrate", "--execute")
    assert ended.code == 3, str(ended)
    for words in ("shop: the target already has index shop", "data stream events", "alias people of theirs"):
        assert words in ended.out
    assert "free:" not in ended.out
    assert everything(taken_desk) == before
    assert [mutations(taken_desk.lab, side, size) for side, size in began.items()] == [[], []]
    assert before["source"]["repositories"] == {} == before["target"]["repositories"]

    # the conflict gone, the same command simply works: a refused run is not in the way
    for path in ("/shop", "/_data_stream/events", "/theirs"):
        engine(taken_desk.lab, "target", "DELETE", path)
    assert taken_desk.run("migrate", "--execute").code == 0


def test_skip_moves_the_rest_and_says_what_it_left(taken_desk: Desk) -> None:
    lab = taken_desk.lab
    taken_desk.write(conflicts={"policy": "skip"})
    kept = {name: entry["uuid"] for name, entry in state(lab, "target")["indices"].items()}
    ended = taken_desk.run("migrate", "--execute", "--json")
    assert ended.code == 0, str(ended)
    assert [index["target"] for index in ended.json["indices"]] == ["free"]
    skipped = {item["name"]: item["reason"] for item in ended.json["left_out"]}
    assert skipped == {"events": "conflict", "people": "conflict", "shop": "conflict"}
    after = state(lab, "target")["indices"]
    assert {name: after[name]["uuid"] for name in kept} == kept
    assert documents(lab, "target", "shop") == 1 and documents(lab, "target", "free") == 1
    assert taken_desk.run("migrate", "--execute", "--new-run").code == 3  # nothing is left to move


def test_rename_puts_the_copy_beside_what_is_there(taken_desk: Desk) -> None:
    lab = taken_desk.lab
    engine(lab, "source", "POST", "/_aliases", {"actions": [{"add": {"index": "shop", "alias": "sales"}}]})
    taken_desk.write(conflicts={"policy": "rename", "prefix": "new$1.", "suffix": "-moved"})
    ended = taken_desk.run("migrate", "--execute", "--json")
    assert ended.code == 0, str(ended)
    targets = {index["source"]: index["target"] for index in ended.json["indices"]}
    assert targets["shop"] == "new$1.shop-moved" and targets["people"] == "new$1.people-moved"
    assert targets["free"] == "free"
    assert documents(lab, "target", "new$1.shop-moved") == 3 and documents(lab, "target", "shop") == 1
    provided = engine(lab, "target", "GET", "/new$1.shop-moved/_settings/index.provided_name")
    assert provided == {}, "a rollover would write among the source's names"
    stream = engine(lab, "target", "GET", "/_data_stream/new$1.events-moved")["data_streams"][0]
    assert [index["index_name"] for index in stream["indices"]] == [".ds-new$1.events-moved-000001"]
    assert documents(lab, "target", "new$1.events-moved") == 3 and documents(lab, "target", "events") == 1
    assert (
        "sales" not in engine(lab, "target", "GET", "/new$1.shop-moved/_alias")["new$1.shop-moved"]["aliases"]
    )


def test_delete_needs_the_plan_and_a_consent_for_each_name(taken_desk: Desk) -> None:
    lab = taken_desk.lab
    wanted = {"include": ["shop", "events", "free"]}
    taken_desk.write(indices=wanted, conflicts={"policy": "delete", "delete": ["shop"]})
    before, began = everything(taken_desk), sizes(taken_desk)
    refused = taken_desk.run("migrate", "--execute", "--allow-delete", "shop", "--allow-delete", "events")
    assert refused.code == 3 and "name events under conflicts.delete" in refused.out

    taken_desk.write(indices=wanted, conflicts={"policy": "delete", "delete": ["shop", "events"]})
    refused = taken_desk.run("migrate", "--execute", "--allow-delete", "shop")
    assert refused.code == 3 and "--allow-delete events" in refused.out
    assert everything(taken_desk) == before
    assert [mutations(lab, side, size) for side, size in began.items()] == [[], []]

    ended = taken_desk.run(
        "migrate", "--execute", "--allow-delete", "shop", "--allow-delete", "events", "--json"
    )
    assert ended.code == 0, str(ended)
    assert set(ended.json["deleted"]) == {"shop", "events"}
    assert documents(lab, "target", "shop") == 3 and documents(lab, "target", "events") == 3
    assert "theirs" in set(user_indices(lab, "target"))


def test_an_alias_in_use_on_the_target_is_not_led_elsewhere(taken_desk: Desk) -> None:
    lab = taken_desk.lab
    for side, index in (("source", "free"), ("target", "theirs")):
        engine(lab, side, "POST", "/_aliases", {"actions": [{"add": {"index": index, "alias": "shared"}}]})
    taken_desk.write(indices={"include": ["free"]})
    refused = taken_desk.run("migrate", "--execute")
    assert refused.code == 3 and "its alias shared, on theirs" in refused.out
    taken_desk.write(indices={"include": ["free"]}, restore={"aliases": False})
    assert taken_desk.run("migrate", "--execute").code == 0
    assert list(engine(lab, "target", "GET", "/_alias/shared")) == ["theirs"]


def test_an_alias_in_the_way_is_never_deleted(taken_desk: Desk) -> None:
    taken_desk.write(indices={"include": ["people"]}, conflicts={"policy": "delete", "delete": ["people"]})
    ended = taken_desk.run("migrate", "--execute", "--allow-delete", "people")
    assert ended.code == 3 and "aliases are never deleted" in ended.out


def test_a_repository_registered_for_another_place_is_not_taken_over(taken_desk: Desk) -> None:
    lab = taken_desk.lab
    other = {"type": "s3", "settings": {"bucket": lab.bucket, "base_path": "someone-elses"}}
    engine(lab, "source", "PUT", "/_snapshot/move", other)
    taken_desk.write(indices={"include": ["free"]})
    ended = taken_desk.run("migrate", "--execute")
    assert ended.code == 3 and "already registered on the source for another place" in ended.out
    assert engine(lab, "source", "GET", "/_snapshot/move")["move"]["settings"]["base_path"] == "someone-elses"


def test_an_include_that_names_nothing_or_an_alias_is_refused(taken_desk: Desk) -> None:
    engine(
        taken_desk.lab,
        "source",
        "POST",
        "/_aliases",
        {"actions": [{"add": {"index": "free", "alias": "open"}}]},
    )
    taken_desk.write(indices={"include": ["free", "open", "nowhere"]})
    ended = taken_desk.run("migrate", "--execute")
    assert ended.code == 3
    assert (
        "open is an alias; name its indices: free" in ended.out
        and "no index or data stream nowhere" in ended.out
    )
