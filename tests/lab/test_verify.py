"""Verification fails closed, and names what differs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import requests
from migrations import Desk, engine
from support.building import a_domain

from configs.plan import VerifySettings
from domains.engine.shard_stats import marks
from tasks.records.resolution import SelectedIndex
from tasks.verification.comparison import Comparison
from tasks.verification.run import compare


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
        assert "people" not in ended.out, "what is equal is counted"
        assert "Equal: 1 index; --all lists them" in ended.out and "1 of 2 indices equal" in ended.out

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


def test_each_kind_of_document_that_differs_is_found_and_named(moved_desk: Desk) -> None:
    lab = moved_desk.lab
    engine(lab, "target", "PUT", "/orders/_doc/3", {"n": 3})
    engine(lab, "target", "DELETE", "/orders/_doc/7")
    engine(lab, "target", "PUT", "/orders/_doc/new?routing=r", {"n": 21})
    engine(lab, "target", "DELETE", "/people/_doc/11")
    engine(lab, "target", "PUT", "/people/_doc/instead", {"n": 11})
    assert moved_desk.run("verify", "--level", "counts").code == 0
    ended = moved_desk.run("verify", "--json")
    assert ended.code == 4, str(ended)
    verdicts = {verdict["target"]: verdict for verdict in ended.json["verdicts"]}
    assert {(d["id"], d["routing"], d["kind"]) for d in verdicts["orders"]["documents"]} == {
        ("3", None, "other operation"),
        ("7", None, "missing on the target"),
        ("new", "r", "surplus on the target"),
    }
    assert {(d["id"], d["kind"]) for d in verdicts["people"]["documents"]} == {
        ("11", "missing on the target"),
        ("instead", "surplus on the target"),
    }
    shown = moved_desk.run("verify").out
    assert "orders: document 7 of shard " in shown and "missing on the target" in shown


@pytest.fixture
def twins(desk: Desk) -> Desk:
    """One index of 3,000 documents in one shard, made by the same operations on both sides."""
    settings = {"number_of_shards": 1, "number_of_replicas": 0, "max_result_window": 50}
    lines = "".join(f'{{"index":{{"_id":"{n}"}}}}\n{{"n":{n}}}\n' for n in range(3000))
    for side in ("source", "target"):
        engine(desk.lab, side, "PUT", "/many", {"settings": settings})
        address = f"{desk.lab.domain(side).engine_url}/many/_bulk?refresh=true"
        reply = requests.post(address, lines, headers={"content-type": "application/x-ndjson"}, timeout=60)
        assert reply.ok and not reply.json()["errors"]
    desk.write(indices={"include": ["many"]})
    return desk


def test_one_document_in_thousands_is_found_however_few_a_search_may_return(twins: Desk) -> None:
    assert twins.run("verify").code == 0
    engine(twins.lab, "target", "DELETE", "/many/_doc/1234")
    (verdict,) = twins.run("verify", "--json").json["verdicts"]
    assert [(d["id"], d["kind"], d["source_seq_no"]) for d in verdict["documents"]] == [
        ("1234", "missing on the target", 1234)
    ]


def test_a_source_that_is_written_to_is_bracketed_by_its_marks(twins: Desk) -> None:
    source, target = (
        a_domain(SimpleNamespace(endpoint=twins.lab.domain(side).engine_url), side)
        for side in ("source", "target")
    )
    index = SelectedIndex(
        name="many", target="many", uuid="", open=True, shards=1, replicas=0, bytes=0, documents=0, created=""
    )
    known = marks(source, ["many"])
    c = Comparison(source, target, (index,), VerifySettings(level="operations"), None, known)
    assert [verdict.outcome for verdict in compare(c)] == ["equal"]
    engine(twins.lab, "source", "PUT", "/many/_doc/7", {"n": 0})
    engine(twins.lab, "source", "DELETE", "/many/_doc/2000")
    engine(twins.lab, "source", "PUT", "/many/_doc/late", {"n": 0})
    (verdict,) = compare(c)
    assert verdict.outcome == "bracketed", verdict
    assert "3 operations: 1 document written, 1 updated, 1 deleted" in verdict.detail
    engine(twins.lab, "target", "DELETE", "/many/_doc/1234")
    (verdict,) = compare(c)
    assert verdict.outcome == "different"
    assert [(d.id, d.kind) for d in verdict.documents] == [("1234", "missing on the target")]


def test_writes_on_the_source_after_the_snapshot_are_named_as_such(moved_desk: Desk) -> None:
    engine(moved_desk.lab, "source", "PUT", "/orders/_doc/late", {"n": 1})
    ended = moved_desk.run("verify")
    (row,) = [line for line in ended.out.splitlines() if line.startswith("orders ")]
    assert ended.code == 4 and "bracketed" in row, str(ended)


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
