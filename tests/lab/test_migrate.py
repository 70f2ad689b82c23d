"""The main job, end to end, as its user sees it."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
from migrations import Desk, documents, engine, log, log_size, mutations, rule, user_indices
from rounds import hidden

from lab.filling.load import load
from lab.state import state
from reports.model.report import report_schema

WRONG_REGION = "The bucket is in this region: us-east-1. Please use this region to retry the request."


def test_a_region_move_arrives_whole_and_is_reported(filled_desk: Desk) -> None:
    lab = filled_desk.lab
    filled_desk.write()
    began = log_size(lab, "target")
    ended = filled_desk.run("migrate", "--execute", "--json", "-v")
    assert ended.code == 0, str(ended)
    report = ended.json
    jsonschema.validate(report, report_schema())
    assert report["outcome"] == "done"

    # each line about it carries time and run, and the log holds all of them
    lines = [line for line in ended.err.splitlines() if " step=restore " in line]
    assert all(re.match(rf"snapferry: time=\S+Z run={report['run_id']} ", line) for line in lines) and lines
    text = Path(ended.err.rsplit("Log: ", 1)[1].strip()).read_text(encoding="utf-8")
    assert re.search(r"(?m)Z INFO step=verify state=done message='25 of 25 indices equal", text)
    assert re.search(r"(?m)Z DEBUG side=target method=PUT path=/_snapshot/move status=500 ms=\d+$", text)

    # the repository: read-write on the source, readonly and by endpoint on the target, after the real refusal
    assert engine(lab, "source", "GET", "/_snapshot/move")["move"]["settings"].get("readonly") is None
    assert engine(lab, "target", "GET", "/_snapshot/move")["move"]["settings"]["readonly"] == "true"
    forms = {record["side"]: record for record in report["repositories"]}
    assert (forms["source"]["form"], forms["target"]["form"]) == ("region", "endpoint")
    assert WRONG_REGION in forms["target"]["attempts"][0]["said"]
    puts = [e for e in log(lab, "target", began) if e["method"] == "PUT" and e["path"] == "/_snapshot/move"]
    assert [entry["status"] for entry in puts] == [500, 200]

    # nothing of the service's own arrived, everything else did, with the same documents
    arrived = set(user_indices(lab, "target"))
    assert not [name for name in arrived if name.startswith((".kibana", ".opendistro"))]
    moved = {index["target"] for index in report["indices"]}
    assert (
        arrived
        == moved
        == set(user_indices(lab, "source"))
        - {
            ".kibana_1",
            ".opendistro-job-scheduler-lock",
            "archive-2024",
        }
    )
    for index in report["indices"]:
        assert index["verdict"] == "equal"
        found = documents(lab, "target", index["target"])
        assert index["source_count"] == index["target_count"] == found
        assert found == documents(lab, "source", index["source"])
    left = {item["name"]: item["reason"] for item in report["left_out"]}
    assert left["archive-2024"] == "closed"

    # data stream, aliases, nested and routed documents answer as on the source
    streams = {
        side: engine(lab, side, "GET", "/_data_stream/logs-web")["data_streams"][0]
        for side in ("source", "target")
    }
    names = {side: [index["index_name"] for index in stream["indices"]] for side, stream in streams.items()}
    assert names["source"] == names["target"] and len(names["target"]) == 2
    for name in ("logs-web", "orders-open", "everything", "customers-ch", "invoices"):
        assert documents(lab, "target", name) == documents(lab, "source", name) > 0
    aliases = engine(lab, "target", "GET", "/_alias/invoices")
    assert aliases["invoices-000002"]["aliases"]["invoices"]["is_write_index"] is True
    nested = {"nested": {"path": "lines", "query": {"range": {"lines.price": {"gt": 10}}}}}
    assert (
        documents(lab, "target", "orders-nested", nested)
        == documents(lab, "source", "orders-nested", nested)
        > 0
    )
    routed = engine(lab, "source", "GET", "/customers/_search?size=1")["hits"]["hits"][0]
    path = f"/customers/_doc/{routed['_id']}?routing={routed['_routing']}"
    assert engine(lab, "target", "GET", path)["_source"] == routed["_source"]

    # the same command again shows the report and sends nothing that changes anything
    quiet = {side: log_size(lab, side) for side in ("source", "target")}
    again = filled_desk.run("migrate", "--execute")
    assert again.code == 0 and "has already finished" in again.err
    assert not mutations(lab, "source", quiet["source"]) + mutations(lab, "target", quiet["target"])
    text = filled_desk.run("report").out
    assert "done and verified" in text and "archive-2024" in text
    assert "# Migration lab-move: done" in filled_desk.run("report", "--format", "markdown").out


def test_without_execute_nothing_is_changed(filled_desk: Desk) -> None:
    lab = filled_desk.lab
    filled_desk.write()
    before = {side: (state(lab, side), log_size(lab, side)) for side in ("source", "target")}
    for verb in ("plan", "migrate"):
        ended = filled_desk.run(verb)
        assert ended.code == 0, str(ended)
        assert "logs-web" in ended.out and "Nothing was changed" in ended.err
    for side, (was, size) in before.items():
        assert state(lab, side) == was
        assert mutations(lab, side, size) == []


def test_a_closed_index_moves_on_request_and_is_closed_again(filled_desk: Desk) -> None:
    lab = filled_desk.lab
    filled_desk.write(indices={"include": ["archive-*", "cars"], "closed": "move"})
    ended = filled_desk.run("migrate", "--execute", "--json")
    assert ended.code == 0, str(ended)
    rows = engine(lab, "target", "GET", "/_cat/indices?format=json&expand_wildcards=all&h=index,status")
    assert {row["index"]: row["status"] for row in rows} == {"archive-2024": "close", "cars": "open"}
    assert (
        engine(lab, "source", "GET", "/_cat/indices/archive-2024?h=status&format=json")[0]["status"]
        == "close"
    )
    engine(lab, "target", "POST", "/archive-2024/_open")
    assert documents(lab, "target", "archive-2024") == ended.json["indices"][0]["source_count"] > 0


def test_a_gateway_timeout_after_the_snapshot_was_started_makes_no_second_one(filled_desk: Desk) -> None:
    lab = filled_desk.lab
    filled_desk.write(indices={"include": ["cars", "cities"]})
    began = log_size(lab, "target")
    html = "<html><body><h1>504 Gateway Time-out</h1></body></html>"
    rule(lab, domain="source", method="PUT", path="/_snapshot/move/.+", when="after", status=504, body=html)
    rule(
        lab,
        domain="target",
        method="POST",
        path="/_snapshot/move/.+/_restore",
        when="after",
        status=504,
        body=html,
    )
    ended = filled_desk.run("migrate", "--execute")
    assert ended.code == 0, str(ended)
    snapshots = engine(lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]
    assert len(snapshots) == 1
    assert (
        len([m for m in mutations(lab, "source") if m == f"PUT /_snapshot/move/{snapshots[0]['snapshot']}"])
        == 1
    )
    assert len([m for m in mutations(lab, "target", began) if m.endswith("/_restore")]) == 1


def test_batches_and_settings_of_the_restore(filled_desk: Desk) -> None:
    lab = filled_desk.lab
    engine(lab, "source", "PUT", "/cars/_settings", {"index.blocks.write": True})
    settings = {"batch": 4, "index_settings": {"index.number_of_replicas": 1}}
    filled_desk.write(indices={"exclude": ["strange"]}, restore=settings)
    began = log_size(lab, "target")
    with hidden(lab, "source", "strange"), hidden(lab, "target", "strange"):  # and in nobody's way
        ended = filled_desk.run("migrate", "--execute")
    assert ended.code == 0, str(ended)
    restores = [m for m in mutations(lab, "target", began) if m.endswith("/_restore")]
    assert 6 <= len(restores) <= 8
    settings = engine(lab, "target", "GET", "/_all/_settings?expand_wildcards=all&flat_settings=true")
    assert {entry["settings"]["index.number_of_replicas"] for entry in settings.values()} == {"1"}
    assert "index.blocks.write" not in settings["cars"]["settings"]


def test_a_month_later_a_new_run_takes_a_new_snapshot(desk: Desk) -> None:
    lab = desk.lab
    engine(lab, "source", "POST", "/shop/_doc?refresh=true", {"n": 1})
    desk.write()
    assert desk.run("migrate", "--execute").code == 0
    engine(lab, "source", "POST", "/shop/_doc?refresh=true", {"n": 2})
    assert desk.run("migrate", "--execute").code == 0  # the finished run's report
    assert documents(lab, "target", "shop") == 1
    refused = desk.run("migrate", "--execute", "--new-run")
    assert refused.code == 3 and "shop" in refused.out
    engine(lab, "target", "DELETE", "/shop")
    again = desk.run("migrate", "--execute", "--new-run")
    assert again.code == 0, str(again)
    assert documents(lab, "target", "shop") == 2
    assert len(engine(lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]) == 2


def test_an_existing_snapshot_is_restored_without_another(desk: Desk) -> None:
    lab = desk.lab
    for name in ("kept", "late"):
        engine(lab, "source", "POST", f"/{name}/_doc?refresh=true", {"n": 1})
    desk.write(indices={"include": ["kept"]})
    assert desk.run("migrate", "--execute").code == 0
    name = engine(lab, "source", "GET", "/_snapshot/move/_all")["snapshots"][0]["snapshot"]
    engine(lab, "target", "DELETE", "/kept")
    desk.write(snapshot={"existing": name})
    refused = desk.run("migrate", "--execute", "--new-run")
    assert refused.code == 3 and f"late: not in snapshot {name}; exclude it" in refused.out
    desk.write(snapshot={"existing": name}, indices={"include": ["*"], "exclude": ["late"]})
    ended = desk.run("migrate", "--execute", "--new-run")
    assert ended.code == 0, str(ended)
    assert list(user_indices(lab, "target")) == ["kept"]
    assert len(engine(lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]) == 1


def test_many_small_indices_go_in_batches(desk: Desk) -> None:
    load(desk.lab, documents=0, small_indices=40)
    desk.write(indices={"include": ["*"], "exclude": ["orders*", "customers"]}, restore={"batch": 15})
    ended = desk.run("migrate", "--execute", "--json")
    assert ended.code == 0, str(ended)
    assert ended.json["totals"]["equal"] >= 40
