"""The service's manners that a real engine has a part in: switched on, met by a caller, and gone with a
reset."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from identities import allow

from lab.engines.engine_client import EngineClient
from lab.manners.switches import Manners
from lab.reset import reset

AUTOMATED = "/_snapshot/cs-automated-enc"
THREE = "expected total copies needs to be a multiple of total awareness attributes [3]"


@pytest.fixture
def turn(clean_lab):
    """Turns switches of the source, and puts all back afterwards."""

    def put(**switches):
        reply = requests.put(f"{clean_lab.admin_url}/manners/source", json=switches, timeout=20)
        assert reply.status_code == 200, reply.text

    yield put
    reset(clean_lab)


def automated(lab, **how):
    reply = requests.post(f"{lab.admin_url}/automated/source", json=how, timeout=60)
    assert reply.status_code == 201, reply.text
    return reply.json()["snapshot"]


def running(call):
    shown = call("source", "GET", "/_snapshot/_status").json()["snapshots"]
    return [(each["repository"], each["snapshot"]) for each in shown]


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def write(call, index, documents=1):
    for number in range(documents):
        body = {"number": number, "text": f"{number}" * 500}
        call("source", "PUT", f"/{index}/_doc/{number}?refresh=true", body).raise_for_status()


def described(lab):
    client = boto3.Session(lab.access_key_id, lab.secret_access_key, region_name=lab.source.region).client(
        "opensearch", endpoint_url=lab.control_url
    )
    return client.describe_domain(DomainName=lab.source.name)["DomainStatus"]


def test_automated_snapshots_are_real_and_the_services_own(clean_lab, call, turn):
    turn(automated_snapshots=True)
    write(call, "books", 3)
    assert call("source", "GET", "/_snapshot").json() == {"cs-automated-enc": {"type": "s3"}}
    name = automated(clean_lab)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dt\d\d-\d\d-\d\d\.[0-9a-f-]{36}", name)
    (listed,) = call("source", "GET", f"{AUTOMATED}/_all").json()["snapshots"]
    assert (listed["snapshot"], listed["state"], listed["indices"]) == (name, "SUCCESS", ["books"])
    for method, path in (
        ("PUT", f"{AUTOMATED}/mine"), ("DELETE", f"{AUTOMATED}/{name}"), ("DELETE", AUTOMATED),
        ("DELETE", "/_snapshot/cs-*"), ("DELETE", "/_snapshot/*"), ("POST", f"{AUTOMATED}/_cleanup"),
    ):  # fmt: skip
        refused = call("source", method, path)
        assert (refused.status_code, "is not allowed" in refused.text) == (401, True), refused.text
    call("source", "DELETE", "/books").raise_for_status()
    restored = call(
        "source", "POST", f"{AUTOMATED}/{name}/_restore?wait_for_completion=true", {"indices": "books"}
    )
    assert restored.json()["snapshot"]["shards"]["successful"] == 1
    assert call("source", "GET", "/books/_count").json()["count"] == 3


def test_a_manual_snapshot_is_refused_while_an_automated_one_runs(clean_lab, call, turn, s3_repository):
    turn(automated_snapshots=True, concurrent_snapshots=429)
    write(call, "books", 30)
    call("source", "PUT", "/_snapshot/guide", s3_repository(region="us-east-1")).raise_for_status()
    name = automated(clean_lab, slow=True, seconds=3)
    assert running(call) == [("cs-automated-enc", name)]
    refused = call("source", "PUT", "/_snapshot/guide/one")
    reason = "[guide:one]  a snapshot is already running"
    assert (refused.status_code, refused.json()["error"]["reason"]) == (429, reason)
    assert call("source", "GET", "/_snapshot/guide/_all").json()["snapshots"] == []
    until(lambda: running(call) == [])
    assert call("source", "PUT", "/_snapshot/guide/one?wait_for_completion=true").status_code == 200


def test_automated_snapshots_are_taken_by_themselves(clean_lab, call, turn):
    refused = requests.post(f"{clean_lab.admin_url}/automated/source", timeout=10)
    assert (refused.status_code, refused.json()["error"]) == (409, "automated_snapshots is off")
    write(call, "books")
    turn(automated_snapshots=True, automated_interval_s=0.2)
    until(lambda: len(call("source", "GET", f"{AUTOMATED}/_all").json()["snapshots"]) >= 2)
    turn(automated_snapshots=False)
    assert call("source", "GET", "/_snapshot").json() == {}


def test_the_gateway_gives_up_but_the_snapshot_is_taken(clean_lab, call, turn, s3_repository):
    write(call, "books", 20)
    slowly = s3_repository(region="us-east-1", max_snapshot_bytes_per_sec="20kb")
    call("source", "PUT", "/_snapshot/guide", slowly).raise_for_status()
    turn(request_timeout_s=0.2)
    reply = call("source", "PUT", "/_snapshot/guide/one?wait_for_completion=true")
    assert (reply.status_code, running(call)) == (504, [("guide", "one")])
    until(lambda: running(call) == [])
    (taken,) = call("source", "GET", "/_snapshot/guide/one").json()["snapshots"]
    assert taken["state"] == "SUCCESS"


def test_standby_wants_three_copies_of_everything(clean_lab, call, turn, s3_repository):
    write(call, "books")
    call("source", "PUT", "/_snapshot/guide", s3_repository(region="us-east-1")).raise_for_status()
    call("source", "PUT", "/_snapshot/guide/one?wait_for_completion=true").raise_for_status()
    call("source", "DELETE", "/books").raise_for_status()
    turn(standby=True)
    restore = "/_snapshot/guide/one/_restore?wait_for_completion=true"
    none, two = ({"index_settings": {"index.number_of_replicas": number}} for number in (0, 2))
    for refused in (
        call("source", "PUT", "/one", {"settings": {"number_of_replicas": 1}}),
        call("source", "POST", restore),
        call("source", "POST", restore, none),
    ):
        assert (refused.status_code, refused.json()["error"]["type"]) == (400, "validation_exception")
        assert THREE in refused.json()["error"]["reason"]
    assert call("source", "POST", restore, two).json()["snapshot"]["shards"]["failed"] == 0
    assert call("source", "GET", "/books/_count").json()["count"] == 1
    assert call("source", "PUT", "/two").status_code == 200
    assert described(clean_lab)["ClusterConfig"]["MultiAZWithStandbyEnabled"] is True
    turn(standby=False)
    assert described(clean_lab)["ClusterConfig"]["MultiAZWithStandbyEnabled"] is False
    assert call("source", "PUT", "/three", {"settings": {"number_of_replicas": 1}}).status_code == 200


def test_warm_indices_are_listed_written_no_more_and_left_out(clean_lab, call, turn, s3_repository):
    for name in ("hot", "warm-1", "warm-2"):
        write(call, name)
    call("source", "PUT", "/_snapshot/guide", s3_repository(region="us-east-1")).raise_for_status()
    turn(warm_indices=["warm-1", "warm-2"])
    warm = call("source", "GET", "/_cat/indices/_warm?h=index&s=index")
    assert warm.text.split() == ["warm-1", "warm-2"]
    assert call("source", "GET", "/_cat/indices/_hot?h=index").text.split() == ["hot"]
    assert set(call("source", "GET", "/_warm").json()) == {"warm-1", "warm-2"}
    settings = call("source", "GET", "/warm-1/_settings?flat_settings=true").json()["warm-1"]["settings"]
    assert settings["index.routing.allocation.require.box_type"] == "warm"
    written = call("source", "PUT", "/warm-1/_doc/9", {"number": 9})
    assert (written.status_code, written.json()["error"]["type"]) == (429, "cluster_block_exception")

    def taken(name, body=None):
        reply = call("source", "PUT", f"/_snapshot/guide/{name}?wait_for_completion=true", body)
        return reply.json()["snapshot"]["indices"] if reply.status_code == 200 else reply.status_code

    assert taken("default") == ["hot"]
    assert taken("one", {"indices": "warm-1"}) == ["warm-1"]
    for mixed in ("warm-1,hot", "*", ["warm-1", "warm-2"], "warm-*"):
        assert taken("mixed", {"indices": mixed}) == 400, mixed
    refused = requests.put(
        f"{clean_lab.admin_url}/manners/source", json={"warm_indices": ["hot", "none"]}, timeout=10
    )
    assert (refused.status_code, "no such index [none]" in refused.text) == (409, True)
    turn(warm_indices=[])
    assert call("source", "PUT", "/warm-1/_doc/9", {"number": 9}).status_code == 201


def test_automated_snapshots_pause_by_the_control_plane(clean_lab, call, turn, identities):
    turn(automated_snapshots=True)
    region, name = clean_lab.source.region, clean_lab.source.name
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    ann = identities.user(allow(["es:DescribeDomain", "es:ESHttp*"]))

    def client(key, secret):
        made = boto3.Session(key, secret, region_name=region)
        return made.client("opensearch", endpoint_url=clean_lab.control_url)

    def change(plane, **options):
        reply = plane.update_domain_config(DomainName=name, AutomatedSnapshotPauseOptions=options)
        return reply["DomainConfig"]["AutomatedSnapshotPauseOptions"]["Options"]["State"]

    plane = client(clean_lab.access_key_id, clean_lab.secret_access_key)
    with pytest.raises(ClientError, match=f"AccessDenied.*{ann.arn}.*es:UpdateDomainConfig"):
        change(client(ann.key, ann.secret), Enabled=True, EndTime=end)
    with pytest.raises(ClientError, match=r"ValidationException.*3 days"):
        change(plane, Enabled=True, EndTime=end + timedelta(days=3))
    assert automated(clean_lab)
    assert change(plane, Enabled=True, EndTime=end) == "Active"
    shown = described(clean_lab)["AutomatedSnapshotPauseOptions"]
    assert (shown["State"], shown["EndTime"]) == ("Active", end)
    configured = plane.describe_domain_config(DomainName=name)["DomainConfig"]
    assert configured["AutomatedSnapshotPauseOptions"]["Options"] == shown
    refused = requests.post(f"{clean_lab.admin_url}/automated/source", timeout=10)
    assert (refused.status_code, "are paused" in refused.json()["error"]) == (409, True)
    turn(automated_interval_s=0.05)
    taken = call("source", "GET", f"{AUTOMATED}/_all").json()["snapshots"]
    time.sleep(0.5)
    assert call("source", "GET", f"{AUTOMATED}/_all").json()["snapshots"] == taken
    assert change(plane, Enabled=False) == "Disabled"
    until(lambda: call("source", "GET", f"{AUTOMATED}/_all").json()["snapshots"] != taken)


def test_a_pause_is_refused_while_the_domain_changes_and_where_it_is_not_offered(clean_lab, turn):
    plane = boto3.Session(
        clean_lab.access_key_id, clean_lab.secret_access_key, region_name=clean_lab.source.region
    ).client("opensearch", endpoint_url=clean_lab.control_url)
    for switches, why in (({"processing": True}, "in progress"), ({"pause_refused": True}, "not supported")):
        turn(processing=False)
        turn(**switches)
        with pytest.raises(ClientError, match=f"ValidationException.*{why}"):
            plane.update_domain_config(
                DomainName=clean_lab.source.name, AutomatedSnapshotPauseOptions={"Enabled": False}
            )


def test_a_domain_can_be_processing(clean_lab, turn):
    turn(processing=True)
    status = described(clean_lab)
    assert (status["Processing"], status["DomainProcessingStatus"]) == (True, "Modifying")
    turn(processing=False)
    status = described(clean_lab)
    assert (status["Processing"], status["DomainProcessingStatus"]) == (False, "Active")


def test_a_domain_can_be_upgrading_and_told_to_have_another_version(clean_lab, turn):
    before = described(clean_lab)["EngineVersion"]
    turn(upgrading=True, told_version="OpenSearch_3.9")
    status = described(clean_lab)
    told = ("UpgradeProcessing", "DomainProcessingStatus", "EngineVersion")
    assert [status[name] for name in told] == [True, "UpgradingEngineVersion", "OpenSearch_3.9"]
    turn(upgrading=False, told_version=None)
    assert [described(clean_lab)[name] for name in told] == [False, "Active", before]


def test_a_reset_brings_every_switch_back(clean_lab, call, turn):
    write(call, "books")
    turn(automated_snapshots=True, warm_indices=["books"], standby=True, processing=True)
    automated(clean_lab, slow=True, seconds=20)
    reset(clean_lab)
    shown = requests.get(f"{clean_lab.admin_url}/manners/source", timeout=10).json()
    assert shown == Manners().model_dump(mode="json")
    status = described(clean_lab)
    assert (status["Processing"], status["ClusterConfig"]["MultiAZWithStandbyEnabled"]) == (False, False)
    with EngineClient(clean_lab.source) as engine:
        assert engine.call("GET", "/_snapshot") == {}
        assert engine.call("GET", "/_cluster/settings") == {"persistent": {}, "transient": {}}
