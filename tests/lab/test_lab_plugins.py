"""The emulated plugins through the front door: policies are stored, checked, explained, and yield real
snapshots."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
import requests

SNAPSHOTS = {
    "creation": {"schedule": {"cron": {"expression": "0 3 * * *", "timezone": "Europe/Berlin"}}},
    "deletion": {"condition": {"max_count": 2}},
    "snapshot_config": {"repository": "guide", "indices": "books", "include_global_state": False},
}


def ism(*states, template=None, default="hot"):
    body = {"description": "x", "default_state": default, "states": list(states)}
    return {"policy": body | ({"ism_template": template} if template else {})}


def state(name, *actions, to=()):
    return {"name": name, "actions": list(actions), "transitions": list(to)}


def run(lab, **asked):
    reply = requests.post(f"{lab.admin_url}/policies/source/run", json=asked, timeout=60)
    assert reply.status_code == 200, reply.text
    return reply.json()["snapshots"]


def write(call, index):
    call("source", "PUT", f"/{index}/_doc/1?refresh=true", {"a": 1}).raise_for_status()


@pytest.fixture
def repository(clean_lab, call, s3_repository):
    call("source", "PUT", "/_snapshot/guide", s3_repository(region="us-east-1")).raise_for_status()


def test_a_snapshot_policy_takes_snapshots_and_keeps_as_many_as_it_says(clean_lab, call, repository):
    write(call, "books")
    made = call("source", "POST", "/_plugins/_sm/policies/nightly", SNAPSHOTS)
    assert (made.status_code, made.json()["_id"]) == (201, "nightly-sm-policy")
    again = call("source", "POST", "/_plugins/_sm/policies/nightly", SNAPSHOTS)
    assert (again.status_code, again.json()["error"]["type"]) == (409, "version_conflict_engine_exception")
    taken = [run(clean_lab, policy="nightly")[0]["snapshot"] for _ in range(3)]
    assert all(re.fullmatch(r"nightly-\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d-[a-z0-9]{8}", name) for name in taken)
    listed = call("source", "GET", "/_snapshot/guide/_all").json()["snapshots"]
    assert [each["snapshot"] for each in listed] == taken[1:]
    assert {(each["state"], each["metadata"]["sm_policy"]) for each in listed} == {("SUCCESS", "nightly")}
    (explained,) = call("source", "GET", "/_plugins/_sm/policies/nightly/_explain").json()["policies"]
    assert explained["creation"]["latest_execution"]["status"] == "SUCCESS"


def test_a_snapshot_policy_is_replaced_by_version_only_stopped_and_removed(clean_lab, call):
    path = "/_plugins/_sm/policies/nightly"
    made = call("source", "POST", path, SNAPSHOTS).json()
    blind = call("source", "PUT", path, SNAPSHOTS)
    assert (blind.status_code, blind.json()["error"]["type"]) == (400, "action_request_validation_exception")
    version = f"if_seq_no={made['_seq_no']}&if_primary_term={made['_primary_term']}"
    assert call("source", "PUT", f"{path}?{version}", SNAPSHOTS).status_code == 200
    assert call("source", "PUT", f"{path}?{version}", SNAPSHOTS).status_code == 409
    assert call("source", "POST", f"{path}/_stop").json() == {"acknowledged": True}
    assert call("source", "GET", path).json()["sm_policy"]["enabled"] is False
    assert call("source", "DELETE", path).json()["result"] == "deleted"
    assert call("source", "GET", path).status_code == 404
    assert call("source", "GET", "/_plugins/_sm/policies").json() == {"policies": [], "total_policies": 0}


def test_the_snapshot_action_of_a_state_takes_a_real_snapshot(clean_lab, call, repository):
    write(call, "books")
    action = {"snapshot": {"repository": "guide", "snapshot": "ism-{{ctx.index}}"}}
    call("source", "PUT", "/_plugins/_ism/policies/keep", ism(state("hot", action))).raise_for_status()
    added = call("source", "POST", "/_opendistro/_ism/add/books", {"policy_id": "keep"}).json()
    assert added == {"updated_indices": 1, "failures": False, "failed_indices": []}
    (taken,) = run(clean_lab)
    assert re.fullmatch(r"ism-books-\d{4}\.\d\d\.\d\d-\d\d:\d\d:\d\d\.\d{3}", taken["snapshot"])
    shown = call("source", "GET", f"/_snapshot/guide/{quote(taken['snapshot'])}").json()["snapshots"][0]
    assert (shown["state"], shown["indices"]) == ("SUCCESS", ["books"])
    explained = call("source", "GET", "/_plugins/_ism/explain/books").json()["books"]
    assert (explained["policy_id"], explained["policy_completed"]) == ("keep", True)
    assert call("source", "POST", "/_plugins/_ism/remove/books").json()["updated_indices"] == 1
    assert call("source", "GET", "/_plugins/_ism/explain/books").json()["books"]["enabled"] is None
    assert run(clean_lab) == []


def test_a_template_manages_new_indices_and_age_counts_from_their_creation(clean_lab, call, repository):
    write(call, "logs-old")
    call("source", "PUT", "/_snapshot/guide/one?wait_for_completion=true").raise_for_status()
    call("source", "DELETE", "/logs-old").raise_for_status()
    young = {"state_name": "gone", "conditions": {"min_index_age": "1d"}}
    policy = ism(state("hot", to=[young]), state("gone", {"delete": {}}),
                 template=[{"index_patterns": ["logs-*"], "priority": 5}])  # fmt: skip
    call("source", "PUT", "/_plugins/_ism/policies/age", policy).raise_for_status()
    call("source", "POST", "/_snapshot/guide/one/_restore?wait_for_completion=true",
         {"indices": "logs-old"}).raise_for_status()  # fmt: skip
    write(call, "logs-new")
    explained = call("source", "GET", "/_plugins/_ism/explain/logs-*").json()
    assert (explained["logs-new"]["policy_id"], explained["logs-old"]["enabled"]) == ("age", None)
    run(clean_lab)
    explained = call("source", "GET", "/_plugins/_ism/explain/logs-new").json()["logs-new"]
    assert explained["info"]["message"] == "Evaluating transition conditions [index=logs-new]"
    policy["policy"]["states"][0]["transitions"][0]["conditions"] = {"min_index_age": "1ms"}
    known = call("source", "GET", "/_plugins/_ism/policies/age").json()
    version = f"if_seq_no={known['_seq_no']}&if_primary_term={known['_primary_term']}"
    call("source", "PUT", f"/_plugins/_ism/policies/age?{version}", policy).raise_for_status()
    call("source", "POST", "/_plugins/_ism/change_policy/logs-new", {"policy_id": "age"}).raise_for_status()
    run(clean_lab)
    assert call("source", "HEAD", "/logs-new").status_code == 404
    assert call("source", "HEAD", "/logs-old").status_code == 200


def test_monitors_and_channels_are_kept(clean_lab, call):
    channel = {"config": {"name": "ops", "config_type": "slack", "slack": {"url": "https://x"}}}
    made = call("source", "POST", "/_plugins/_notifications/configs", channel).json()["config_id"]
    listed = call("source", "GET", "/_plugins/_notifications/configs").json()
    assert [each["config_id"] for each in listed["config_list"]] == [made]
    monitor = {"name": "errors", "schedule": {"period": {"interval": 5, "unit": "MINUTES"}},
               "triggers": [{"query_level_trigger": {"name": "t", "severity": "1"}}]}  # fmt: skip
    written = call("source", "POST", "/_plugins/_alerting/monitors", monitor)
    assert written.status_code == 201
    path = f"/_plugins/_alerting/monitors/{written.json()['_id']}"
    assert call("source", "GET", path).json()["monitor"]["name"] == "errors"
    found = call("source", "POST", "/_plugins/_alerting/monitors/_search", {"query": {"match_all": {}}})
    assert [hit["_source"]["name"] for hit in found.json()["hits"]["hits"]] == ["errors"]
    assert call("source", "DELETE", path).status_code == 200
    assert call("source", "GET", path).json()["error"]["reason"] == "Monitor not found."
