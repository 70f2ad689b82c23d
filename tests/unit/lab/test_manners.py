"""What the gateway before a domain lets through, and what it says instead: without an engine."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import httpx
import pytest
from support.small_lab import HOST, SmallLab

from lab.manners.switches import Manners

RUNNING = {"snapshots": [{"repository": "cs-automated-enc", "snapshot": "hourly"}]}


@pytest.fixture
def lab(tmp_path):
    return SmallLab(tmp_path)


@pytest.mark.parametrize(
    "path",
    ["/_xpack", "/_xpack/license?v=true", "/_ilm/policy/audit", "/_license", "/_cluster/reroute",
     "/_cluster/voting_config_exclusions", "/_cat/nodeattrs", "//_xpack", "/_settings", "/_recovery",
     "/_segments", "/_component_template/base"],
)  # fmt: skip
def test_an_api_that_the_service_lacks_is_denied_by_its_path(lab, path):
    reply = lab.call("GET", path)
    assert reply.status_code == 401
    assert reply.json() == {"Message": f"Your request: '{path.partition('?')[0]}' is not allowed."}
    assert lab.reached == []


@pytest.mark.parametrize(
    "path",
    ["/", "/books", "/books/_search", "/books/_xpack", "/_cat/indices?format=json", "/_cat",
     "/_cluster/health", "/_cluster/settings?flat_settings=true", "/_cluster/state/metadata/x",
     "/_cluster/allocation/explain", "/_all/_settings", "/_msearch", "/_nodes/stats", "/_search/pipeline",
     "/_search/point_in_time", "/_snapshot/r/s/_status", "/_plugins/_ppl", "/_data_stream",
     "/_opendistro/_security/api/rolesmapping", "/_resolve/index/*", "/_ingest/pipeline", "/_tasks",
     "/_aliases", "/.kibana_1/_count", "/%3Cbooks-%7Bnow%2Fd%7D%3E"],
)  # fmt: skip
def test_what_clients_need_passes(lab, path):
    assert lab.call("GET", path).status_code == 200
    assert lab.reached == [f"GET {path}"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/books/_block/write"), ("PUT", "/.ds-logs-000001,books/_block/write"),
        ("PUT", "/books/_settings"), ("PUT", "/logs/_settings"), ("POST", "/books/_flush"),
        ("POST", "/books/_close"), ("POST", "/books/_open?wait_for_active_shards=0"), ("POST", "/_aliases"),
        ("DELETE", "/books"), ("DELETE", "/_data_stream/logs"), ("DELETE", "/_snapshot/move"),
        ("GET", "/_all/_stats/docs?level=shards"), ("GET", "/_cluster/state/metadata"),
        ("PUT", "/books/_doc/1"), ("PUT", "/logs/_create/1"), ("POST", "/books/_bulk"),
    ],
)  # fmt: skip
def test_what_a_cutover_and_its_writers_send_passes(lab, method, path):
    assert lab.call(method, path, {}).status_code == 200
    assert lab.reached == [f"{method} {path}"]


DENIED = "Your request: '/_cluster/settings' payload is not allowed."


@pytest.mark.parametrize(
    ("payload", "allowed"),
    [
        ({"persistent": {"action.auto_create_index": False}}, True),
        ({"persistent": {"cluster.max_shards_per_node": 2000}, "transient": {}}, True),
        ({"persistent": {"indices.breaker.total.limit": None}}, True),
        ({"persistent": {"action": {"auto_create_index": False}}}, False),
        ({"persistent": {"cluster.search.request.slowlog.level": "warn"}}, True),
        ({"persistent": {"cluster.search.request.slowlog.threshold": {"warn": "1s"}}}, False),
        ({"persistent": {"index.number_of_shards": "5"}}, False),
        ({"persistent": {"indices.recovery.max_bytes_per_sec": "80mb"}}, False),
        ({"transient": {"cluster.routing.allocation.enable": "none"}}, False),
        (["no object"], True),
    ],
)
def test_cluster_settings_are_flat_and_of_a_list(lab, payload, allowed):
    reply = lab.call("PUT", "/_cluster/settings", payload)
    assert (reply.status_code == 200) is allowed
    assert allowed or (reply.status_code, reply.json()) == (401, {"Message": DENIED})


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (HOST, 200),
        (HOST.upper(), 200),
        (f"{HOST}:9200", 200),
        ("localhost:9234", 200),
        ("127.0.0.1:9235", 400),
        ("203.0.113.7", 400),
        ("search-orders-target-abc.us-east-1.es.amazonaws.com", 400),
    ],
)
def test_the_host_header_must_name_the_domain(lab, host, status):
    reply = lab.call("GET", "/books", host=host)
    assert reply.status_code == status
    assert status == 200 or "Invalid Host Header" in reply.text
    assert len(lab.reached) == (status == 200)


def test_a_body_over_the_limit_is_refused(lab):
    lab.turn(body_limit_bytes=10 << 20)
    assert lab.call("POST", "/_bulk", data=b"x" * (10 << 20)).status_code == 200
    reply = lab.call("POST", "/_bulk", data=b"x" * ((10 << 20) + 1))
    assert reply.status_code == 413
    assert reply.json() == {"Message": "Request size exceeded 10485760 bytes"}


@pytest.mark.parametrize("status", [503, 409, 429])
def test_a_second_snapshot_is_refused_while_one_runs(lab, status):
    lab.turn(concurrent_snapshots=status)
    lab.engine.on("GET /_snapshot/_status", 200, RUNNING)
    reply = lab.call("PUT", "/_snapshot/mine/one")
    error = reply.json()["error"]
    assert (reply.status_code, reply.json()["status"]) == (status, status)
    assert error["type"] == "concurrent_snapshot_execution_exception"
    assert error["reason"] == "[mine:one]  a snapshot is already running"
    assert "PUT /_snapshot/mine/one" not in lab.reached
    others = ["PUT /_snapshot/mine", "POST /_snapshot/mine/_verify", "POST /_snapshot/mine/one/_restore"]
    for asked in [*others, "GET /_snapshot/mine/one"]:
        assert lab.call(*asked.split()).status_code == 200
    lab.engine.on("GET /_snapshot/_status", 200, {"snapshots": []})
    assert lab.call("PUT", "/_snapshot/mine/one").status_code == 200


def test_a_second_snapshot_is_taken_where_the_engine_takes_it(lab):
    lab.engine.on("GET /_snapshot/_status", 200, RUNNING)
    assert lab.call("PUT", "/_snapshot/mine/one").status_code == 200


def test_the_gateway_gives_up_and_the_engine_goes_on(lab):
    lab.turn(request_timeout_s=0.02)
    finished = []

    async def slowly(_):
        await asyncio.sleep(0.1)
        finished.append(True)
        return httpx.Response(200, json={"acknowledged": True})

    lab.engine.answers["DELETE /books"] = slowly

    async def impatient():
        reply = await lab.send("DELETE", "/books")
        assert (reply.status_code, finished) == (504, [])
        await asyncio.sleep(0.2)
        return reply

    reply = asyncio.run(impatient())
    assert finished == [True]
    assert reply.headers["content-type"].startswith("text/html")
    assert lab.logged()[-1]["status"] == 504
    lab.turn(request_timeout_s=None)
    assert lab.call("DELETE", "/books").json() == {"acknowledged": True}


def test_switches_are_read_changed_one_by_one_and_reset(lab):
    defaults = Manners().model_dump(mode="json")
    assert lab.admin("GET", "/manners/source").json() == defaults
    lab.turn(concurrent_snapshots=429)
    lab.turn(body_limit_bytes=10)
    changed = defaults | {"concurrent_snapshots": 429, "body_limit_bytes": 10}
    assert lab.admin("GET", "/manners/source").json() == changed
    assert lab.admin("POST", "/reset").status_code == 200
    assert lab.admin("GET", "/manners/source").json() == defaults


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"concurent_snapshots": 429}, "concurent_snapshots: there is no such switch"),
        ({"concurrent_snapshots": 418}, "concurrent_snapshots"),
        ({"request_timeout_s": 0}, "request_timeout_s: Input should be greater than 0"),
        (["standby"], "valid dictionary"),
    ],
)
def test_a_wrong_switch_is_not_taken(lab, change, said):
    reply = lab.admin(
        "PUT", "/manners/source", {"body_limit_bytes": 10} | change if isinstance(change, dict) else change
    )
    assert (reply.status_code, said in reply.json()["error"]) == (400, True), reply.text
    assert lab.admin("GET", "/manners/source").json() == Manners().model_dump(mode="json")
    assert lab.admin("PUT", "/manners/sauce", {}).status_code == 404


def settings_of(lab, path, *, kept=lambda body: True):
    """What the engine holds under this path; a change that is not `kept` is refused."""
    held = {}

    async def put(request):
        body = json.loads(request.body)
        if not kept(body):
            return httpx.Response(400, json={"error": {"type": "illegal_argument_exception"}})
        held.update(body.get("persistent", body))
        return httpx.Response(200, json={"acknowledged": True})

    lab.engine.answers[f"PUT {path}"] = put
    return held


BOTH = {"warm_indices": ["w"], "standby": True, "request_timeout_s": 9}


def test_of_several_switches_all_are_taken_or_none(lab):
    index = settings_of(lab, "/w/_settings")
    balance = settings_of(lab, "/_cluster/settings", kept=lambda _: False)
    reply = lab.admin("PUT", "/manners/source", BOTH)
    assert (reply.status_code, "no balance over zones" in reply.json()["error"]) == (409, True)
    assert lab.admin("GET", "/manners/source").json() == Manners().model_dump(mode="json")
    assert set(index.values()) == {None}, "the index is hot again"
    assert balance == {}
    lab.engine.on("PUT /_cluster/settings", 200, {})
    assert lab.admin("PUT", "/manners/source", BOTH).json()["standby"] is True
    assert index["index.routing.allocation.require.box_type"] == "warm"


def test_a_switch_that_cannot_be_turned_back_is_shown_as_it_is(lab):
    index = settings_of(lab, "/w/_settings", kept=lambda body: None not in body.values())
    settings_of(lab, "/_cluster/settings", kept=lambda _: False)
    assert lab.admin("PUT", "/manners/source", BOTH).status_code == 409
    shown = lab.admin("GET", "/manners/source").json()
    assert shown == Manners().model_dump(mode="json") | {"warm_indices": ["w"]}
    assert index["index.blocks.read_only_allow_delete"] is True


def test_a_repository_that_the_engine_keeps_is_still_written_to(lab, monkeypatch):
    monkeypatch.setattr("lab.manners.automated.ATTEMPTS", 1)
    lab.turn(automated_snapshots=True)
    lab.engine.on("GET /_snapshot/cs-automated-enc/_status", 200, {"snapshots": []})
    lab.engine.on("DELETE /_snapshot/cs-automated-enc", 500, {"error": {}})
    assert lab.admin("PUT", "/manners/source", {"automated_snapshots": False}).status_code == 409
    assert lab.admin("GET", "/manners/source").json()["automated_snapshots"] is True
    assert "cs-automated-enc" in lab.door.background


@pytest.mark.parametrize(
    ("preset", "status", "said", "retry_after"),
    [
        ("throttle-429", 429, "429 Too Many Requests", None),
        ("throttle-429-retry-after", 429, "429 Too Many Requests", "1"),
        ("throttle-403", 403, "403 Request throttled due to too many requests", None),
        ("throttle-403-retry-after", 403, "403 Request throttled due to too many requests", "1"),
        ("bad-gateway-502", 502, "<h1>502 Bad Gateway</h1>", None),
        ("unavailable-503", 503, "<h1>503 Service Temporarily Unavailable</h1>", None),
    ],
)
def test_a_rule_by_name_says_it_cannot_just_now(lab, preset, status, said, retry_after):
    added = lab.admin("POST", "/rules", {"preset": preset, "times": 2, "path": "/books"})
    assert (added.status_code, added.json()[0]["left"]) == (201, 2)
    for _ in range(2):
        reply = lab.call("GET", "/books")
        assert (reply.status_code, said in reply.text) == (status, True)
        assert reply.headers.get("retry-after") == retry_after
    assert lab.reached == []
    assert lab.logged()[-1]["rule"] == preset
    assert lab.call("GET", "/books").status_code == 200


def test_a_504_by_name_comes_after_the_deed(lab):
    lab.admin("POST", "/rules", [{"preset": "timeout-504", "name": "mine"}])
    assert lab.call("PUT", "/books").status_code == 504
    assert (lab.reached, lab.logged()[-1]["rule"]) == (["PUT /books"], "mine")


def test_an_unknown_preset_is_not_taken(lab):
    reply = lab.admin("POST", "/rules", [{"preset": "throttle-429"}, {"preset": "throttle-418"}])
    assert (reply.status_code, "there are throttle-429" in reply.json()["error"]) == (400, True)
    assert lab.admin("GET", "/rules").json() == []


def test_the_services_repository_is_shown_without_settings_and_kept(lab):
    lab.turn(automated_snapshots=True, automated_interval_s=0.01)
    (registered,) = [each for each in lab.engine.seen if each.method == "PUT"]
    assert registered.target == "/_snapshot/cs-automated-enc?verify=false"
    lab.engine.on("GET /_snapshot", 200, {"cs-automated-enc": json.loads(registered.body)})
    assert lab.call("GET", "/_snapshot").json() == {"cs-automated-enc": {"type": "s3"}}
    for path in ("/_snapshot/*", "/_snapshot/cs-automated-enc", "/_snapshot/mine,cs-*"):
        assert lab.call("DELETE", path).status_code == 401
    assert lab.call("DELETE", "/_snapshot/mine").status_code == 200
    assert lab.call("POST", "/_snapshot/cs-automated-enc/x/_restore").status_code == 200


ELSEWHERE = "http://127.0.0.1:9999"
OTHER_DOMAIN = "http://127.0.0.1:9200"


@pytest.fixture
def lab_of_two(lab):
    """A lab whose domain has a neighbour in another Region."""
    door = lab.door
    beside = replace(door, settings=replace(door.settings, name="orders-target", region="eu-west-1"))
    door.neighbours[OTHER_DOMAIN.removeprefix("http://")] = beside
    return lab


def reindexed(lab, **remote):
    body = {"source": {"remote": remote, "index": "a"}, "dest": {"index": "b"}}
    return lab.call("POST", "/_reindex?wait_for_completion=false", body)


def test_reindexing_from_another_domain_goes_past_its_front_door(lab_of_two):
    assert reindexed(lab_of_two, host=OTHER_DOMAIN, region="eu-west-1").status_code == 200
    (sent,) = lab_of_two.engine.seen
    remote = json.loads(sent.body)["source"]["remote"]
    assert remote == {"host": "http://engine", "headers": {}}


@pytest.mark.parametrize(
    ("remote", "why"),
    [
        ({"host": "http://127.0.0.1"}, "[scheme]://[host]:[port]"),
        ({"host": OTHER_DOMAIN}, "valid Region"),
        ({"host": ELSEWHERE, "external": True}, "basic authentication"),
    ],
)
def test_reindexing_from_where_the_service_would_not_reach_is_refused(lab_of_two, remote, why):
    reply = reindexed(lab_of_two, **remote)
    assert reply.status_code == 400
    assert why in reply.json()["error"]["reason"]
    assert lab_of_two.reached == []


def test_reindexing_from_elsewhere_reaches_the_engine_without_the_services_own_keys(lab_of_two):
    login = {"username": "u", "password": "p"}
    assert reindexed(lab_of_two, host=ELSEWHERE, external=True, **login).status_code == 200
    (sent,) = lab_of_two.engine.seen
    assert json.loads(sent.body)["source"]["remote"] == {"host": ELSEWHERE, **login}
