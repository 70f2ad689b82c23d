"""Metadata between real engines: what is brought, told and refused. With access control: test_matrix."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import requests
from configured import metadata, pipelines, templates
from migrations import Desk, engine, log_size, mutations, rule

Call = Callable[..., requests.Response]
BASE = {"template": {"settings": {"index": {"codec": "best_compression"}}}}
COMPOSED = {"index_patterns": ["c-*"], "composed_of": ["base"]}
DOUBLE = {"script": {"lang": "painless", "source": "ctx.twice = ctx.n * 2"}}


def test_templates_pipelines_and_scripts_serve_on_the_target_as_on_the_source(desk: Desk) -> None:
    lab = desk.lab
    engine(lab, "source", "PUT", "/_scripts/m-double", DOUBLE)
    engine(
        lab,
        "source",
        "PUT",
        "/_search/pipeline/m-oversample",
        {"request_processors": [{"filter_query": {"query": {"match_all": {}}}}]},
    )
    for path, body in (*pipelines(), *islice(templates(), 17, None, 3), *islice(templates(), 29, None)):
        engine(lab, "source", "PUT", path, body)
    for side in ("source", "target"):
        engine(lab, side, "PUT", "/m-shared-1", {"settings": {"number_of_replicas": 0}})
    filtered = {"filter": {"term": {"state": "new"}}, "index_routing": "1", "search_routing": "1,2"}
    actions = [{"add": {"index": "m-shared-1", "alias": "m-new", **filtered}}]
    engine(lab, "source", "POST", "/_aliases", {"actions": actions})
    desk.write()
    shown = metadata(desk, "copy")
    assert shown.code == 0 and "PUT /_index_template/m-t17?create=true" in shown.out, str(shown)
    copied = metadata(desk, "copy", "--execute")
    assert copied.code == 0, str(copied)
    second = metadata(desk, "diff", "--json")
    assert second.code == 0, str(second)
    found = []
    for side in ("source", "target"):
        made = engine(lab, side, "POST", "/m-orders-9/_doc/1?pipeline=m-stamp&refresh=true", {"n": 4})
        assert made["result"] == "created"
        document = engine(lab, side, "GET", "/m-orders-9/_doc/1")["_source"]
        settings = engine(lab, side, "GET", "/m-orders-9/_mapping")["m-orders-9"]["mappings"]
        alias = engine(lab, side, "GET", "/_alias/m-new")
        found.append((document, settings, alias))
    assert found[0] == found[1] and found[0][0]["twice"] == 8


def test_component_templates_that_the_service_denies_are_told_and_hold_nothing_up(desk: Desk) -> None:
    engine(desk.lab, "source", "PUT", "/_component_template/base", BASE)
    engine(desk.lab, "source", "PUT", "/_index_template/composed", COMPOSED)
    engine(desk.lab, "source", "PUT", "/_ingest/pipeline/alone", {"processors": []})
    desk.write()
    ended = metadata(desk, "copy", "--execute", "--json")
    assert ended.code == 1, str(ended)
    told = {
        each["name"]: (each["result"], each["obstacle"], each["reason"]) for each in ended.json["outcomes"]
    }
    assert told == {
        "base": ("impossible", "not offered", ""),
        "composed": ("impossible", "needs", "component-templates base"),
        "alone": ("done", None, ""),
    }
    desk.write(metadata={"exclude": ["component-templates", "index-templates"]})
    assert metadata(desk, "diff").code == 0


def test_what_differs_is_replaced_only_if_the_plan_says_so(desk: Desk) -> None:
    ours, theirs = ({"processors": [{"set": {"field": "a", "value": each}}]} for each in (1, 2))
    engine(desk.lab, "source", "PUT", "/_ingest/pipeline/same-name", ours)
    engine(desk.lab, "target", "PUT", "/_ingest/pipeline/same-name", theirs)
    desk.write()
    before = log_size(desk.lab, "target")
    refused = metadata(desk, "copy", "--execute")
    assert refused.code == 3 and "processors" in refused.out, str(refused)
    assert mutations(desk.lab, "target", before) == []
    desk.write(metadata={"conflicts": "skip"})
    assert metadata(desk, "copy", "--execute").code == 0
    assert _pipeline(desk) == theirs
    desk.write(metadata={"conflicts": "replace"})
    replaced = metadata(desk, "copy", "--execute", "--json")
    assert [(each["name"], each["replaced"]) for each in replaced.json["outcomes"]] == [("same-name", True)]
    assert _pipeline(desk) == ours


def _pipeline(desk: Desk) -> Any:
    return engine(desk.lab, "target", "GET", "/_ingest/pipeline/same-name")["same-name"]


def test_a_refusal_of_one_and_a_lost_reply_of_another_are_told_by_what_the_target_shows(desk: Desk) -> None:
    for name in ("first", "second", "third"):
        body = {"index_patterns": [f"{name}-*"], "priority": 1}
        engine(desk.lab, "source", "PUT", f"/_index_template/{name}", body)
    reason = "unknown setting [index.new_thing] please check that any required plugins are installed"
    error = {"error": {"type": "illegal_argument_exception", "reason": reason}, "status": 400}
    rule(
        desk.lab,
        domain="target",
        method="PUT",
        path="/_index_template/first",
        times=1,
        status=400,
        body=error,
    )
    rule(
        desk.lab,
        domain="target",
        method="PUT",
        path="/_index_template/second",
        when="after",
        status=504,
        body="",
    )
    desk.write()
    ended = metadata(desk, "copy", "--execute", "--json")
    assert ended.code == 1, str(ended)
    told = {each["name"]: each for each in ended.json["outcomes"]}
    assert {name: each["result"] for name, each in told.items()} == {
        "first": "failed", "second": "done", "third": "done"
    }  # fmt: skip
    assert reason in told["first"]["reason"]
    assert metadata(desk, "copy", "--execute").code == 0


DELETING = {
    "description": "a second at most",
    "default_state": "hot",
    "states": [
        {
            "name": "hot",
            "actions": [],
            "transitions": [{"state_name": "gone", "conditions": {"min_index_age": "1s"}}],
        },
        {"name": "gone", "actions": [{"delete": {}}], "transitions": []},
    ],
    "ism_template": [{"index_patterns": ["nobody-*"], "priority": 3}],
}
KEEPING = {
    "description": "for ever",
    "default_state": "hot",
    "states": [
        {"name": "hot", "actions": [], "transitions": [{"state_name": "warm"}]},
        {"name": "warm", "actions": [{"read_only": {}}], "transitions": []},
    ],
}
NIGHTLY = {
    "description": "every night",
    "creation": {"schedule": {"cron": {"expression": "0 3 * * *", "timezone": "UTC"}}},
    "deletion": {"condition": {"max_count": 14, "min_count": 2}},
    "snapshot_config": {"repository": "backups", "indices": "*"},
}
CHANNEL = {
    "config_type": "slack",
    "name": "ops",
    "slack": {"url": "https://hooks.slack.com/services/T0/B0/hush"},
}
MONITOR = {
    "type": "monitor",
    "name": "errors",
    "monitor_type": "query_level_monitor",
    "schedule": {"period": {"interval": 5, "unit": "MINUTES"}},
    "inputs": [{"search": {"indices": ["logs-1"], "query": {"size": 0, "query": {"match_all": {}}}}}],
    "triggers": [],
}


def test_policies_channels_and_monitors_come_and_indices_are_attached_when_asked(
    desk: Desk, call: Call, s3_repository: Callable[..., dict[str, Any]]
) -> None:
    """By the lab's emulation of the plugins, which nobody publishes."""
    for side in ("source", "target"):
        for index in ("logs-1", "orders-1"):
            engine(desk.lab, side, "PUT", f"/{index}", {"settings": {"number_of_replicas": 0}})
    for method, path, body in (
        ("PUT", "/_snapshot/backups", s3_repository()),
        ("PUT", "/_plugins/_ism/policies/cleaning", {"policy": DELETING}),
        ("PUT", "/_plugins/_ism/policies/keeping", {"policy": KEEPING}),
        ("POST", "/_plugins/_ism/add/logs-1", {"policy_id": "cleaning"}),
        ("POST", "/_plugins/_ism/add/orders-1", {"policy_id": "keeping"}),
        ("POST", "/_plugins/_sm/policies/nightly", NIGHTLY),
        ("POST", "/_plugins/_notifications/configs", {"config_id": "ops-channel", "config": CHANNEL}),
        ("POST", "/_plugins/_alerting/monitors", MONITOR),
    ):
        sent = call("source", method, path, body)
        assert sent.ok, (path, sent.text)
    desk.write()
    refused = metadata(desk, "copy", "--execute")
    assert refused.code == 3 and "(backups)" in refused.out, str(refused)
    assert call(
        "target", "PUT", "/_snapshot/backups", s3_repository(endpoint="s3.amazonaws.com", readonly=True)
    ).ok
    copied = metadata(desk, "copy", "--execute")
    assert copied.code == 0, str(copied)
    for said in ("policy cleaning deletes logs-1 as soon as it is attached", "readonly on the target"):
        assert said in copied.out.replace("\n", " "), copied.out
    assert "hush" not in f"{copied}{metadata(desk, 'copy')}"
    assert metadata(desk, "diff").code == 0
    assert managed(call) == {}
    assert metadata(desk, "copy", "--attach", "--execute").code == 3
    attached = metadata(desk, "copy", "--attach", "--execute", "--allow-delete", "logs-1")
    assert attached.code == 0, str(attached)
    assert managed(call) == {"logs-1": "cleaning", "orders-1": "keeping"}
    again = metadata(desk, "diff", "--attach", "--json")
    assert {each["state"] for each in again.json["items"]} == {"in sync"}
    (shown,) = call("target", "GET", "/_plugins/_notifications/configs/ops-channel").json()["config_list"]
    assert shown["config"]["slack"] == CHANNEL["slack"]


def managed(call: Call) -> dict[str, str]:
    found = call("target", "GET", "/_plugins/_ism/explain").json()
    keys = ("policy_id", "index.plugins.index_state_management.policy_id")
    return {
        name: next(entry[key] for key in keys if entry.get(key))
        for name, entry in found.items()
        if isinstance(entry, dict) and any(entry.get(key) for key in keys)
    }


def test_a_migration_brings_it_along_where_the_plan_says_so(desk: Desk) -> None:
    lab = desk.lab
    engine(lab, "source", "PUT", "/_ingest/pipeline/alone", {"processors": []})
    engine(lab, "source", "PUT", "/shop", {"settings": {"index.default_pipeline": "alone"}})
    engine(lab, "source", "PUT", "/shop/_doc/1?refresh=true", {"n": 1})
    engine(lab, "target", "PUT", "/_ingest/pipeline/alone", {"processors": [{"drop": {}}]})
    desk.write(metadata={"automatic": True})
    before = log_size(lab, "target")
    refused = desk.run("migrate", "--execute")
    assert refused.code == 3 and "ingest-pipelines alone: conflict" in refused.out + refused.err, str(refused)
    assert mutations(lab, "target", before) == []
    engine(lab, "target", "DELETE", "/_ingest/pipeline/alone")
    planned = desk.run("plan", "--json").json
    steps = [each["step"] for each in planned["requests"] if "pipeline" in each["path"]]
    assert steps == ["metadata before restore"]
    ended = desk.run("migrate", "--execute", "--json")
    assert ended.code == 0, str(ended)
    first, last = ended.json["metadata"]
    assert [(each["kind"], each["result"]) for each in first["outcomes"]] == [("ingest-pipelines", "done")]
    assert last["checklist"], "what is left to be done by hand"
    sent = mutations(lab, "target", before)
    restore = next(at for at, each in enumerate(sent) if each.endswith("_restore"))
    assert sent.index("PUT /_ingest/pipeline/alone") < restore
    assert metadata(desk, "diff").code == 0
