"""Verification fails closed, and names what differs."""

from __future__ import annotations

import pytest
from migrations import Desk, engine


@pytest.fixture
def moved_desk(desk: Desk) -> Desk:
    """Two indices, moved and verified."""
    for name in ("orders", "people"):
        engine(
            desk.lab,
            "source",
            "PUT",
            f"/{name}",
            {"settings": {"number_of_shards": 2, "number_of_replicas": 0}},
        )
        for number in range(20):
            engine(desk.lab, "source", "PUT", f"/{name}/_doc/{number}", {"n": number})
    desk.write(indices={"include": ["orders", "people"]})
    ended = desk.run("migrate", "--execute")
    assert ended.code == 0, str(ended)
    assert desk.run("verify").code == 0
    return desk


def test_a_missing_document_an_unreadable_index_and_later_writes_are_told_apart(moved_desk: Desk) -> None:
    lab = moved_desk.lab
    engine(lab, "target", "DELETE", "/orders/_doc/7")
    for level in ("counts", "operations"):
        ended = moved_desk.run("verify", "--level", level)
        assert ended.code == 4, str(ended)
        row = next(line for line in ended.out.splitlines() if line.startswith("orders"))
        assert row.split() == ["orders", "different", "20", "19"]
        assert "people" in ended.out and "1 of 2 indices equal" in ended.out

    engine(lab, "target", "POST", "/people/_close")
    found = moved_desk.run("verify", "--json")
    assert found.code == 4
    verdicts = {verdict["target"]: verdict for verdict in found.json["verdicts"]}
    assert verdicts["people"]["outcome"] == "not compared"
    assert (
        "could not be compared" in verdicts["people"]["detail"] and "closed" in verdicts["people"]["detail"]
    )
    assert (verdicts["people"]["source_count"], verdicts["people"]["target_count"]) == (20, None)

    engine(lab, "target", "DELETE", "/people")
    gone = moved_desk.run("verify")
    assert gone.code == 4 and "no such index [people]" in gone.out


def test_an_exchange_that_leaves_the_count_is_seen_by_level_operations(moved_desk: Desk) -> None:
    lab = moved_desk.lab
    engine(lab, "target", "DELETE", "/orders/_doc/7")
    engine(lab, "target", "PUT", "/orders/_doc/7", {"n": 7})
    assert moved_desk.run("verify", "--level", "counts").code == 0
    seen = moved_desk.run("verify", "--level", "operations")
    assert seen.code == 4 and "same count, but other operations" in seen.out


def test_writes_on_the_source_after_the_snapshot_are_named_as_such(moved_desk: Desk) -> None:
    engine(moved_desk.lab, "source", "PUT", "/orders/_doc/late", {"n": 1})
    ended = moved_desk.run("verify")
    assert ended.code == 4 and "written to after the snapshot" in ended.out


def test_an_index_that_came_too_late_is_no_success(moved_desk: Desk) -> None:
    moved_desk.write(indices={"include": ["orders*", "people"]})
    engine(moved_desk.lab, "target", "DELETE", "/orders,people")
    assert moved_desk.run("migrate", "--execute", "--new-run").code == 0
    engine(moved_desk.lab, "source", "PUT", "/orders-new/_doc/1", {"n": 1})
    ended = moved_desk.run("verify")
    assert ended.code == 4 and "orders-new" in ended.out and "was not moved" in ended.out


def test_a_changed_plan_does_not_speak_for_the_run(moved_desk: Desk) -> None:
    moved_desk.write(indices={"include": ["orders"]})
    for verb in (("verify",), ("migrate", "--execute")):
        refused = moved_desk.run(*verb)
        assert refused.code == 3 and "the plan has changed" in refused.err


def test_a_default_search_pipeline_hides_nothing(moved_desk: Desk) -> None:
    lab = moved_desk.lab
    nothing = {"request_processors": [{"filter_query": {"query": {"term": {"no": "such"}}}}]}
    for side in ("source", "target"):
        engine(lab, side, "PUT", "/_search/pipeline/none", nothing)
        engine(lab, side, "PUT", "/orders/_settings", {"index.search.default_pipeline": "none"})
    engine(lab, "target", "DELETE", "/orders/_doc/7")
    ended = moved_desk.run("verify")
    assert ended.code == 4 and "19" in ended.out


def test_verify_works_without_a_run(desk: Desk) -> None:
    for side in ("source", "target"):
        engine(desk.lab, side, "PUT", "/same/_doc/1?refresh=true", {"n": 1})
    engine(desk.lab, "source", "PUT", "/only-here/_doc/1?refresh=true", {"n": 1})
    desk.write(indices={"include": ["same"]})
    assert desk.run("verify").code == 0
    desk.write()
    assert desk.run("verify").code == 4
