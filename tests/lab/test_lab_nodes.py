"""A domain of several nodes behind HTTPS: what only such a one shows, and a node that is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from migrations import Desk, documents, engine
from requests_aws4auth import AWS4Auth

from lab.description import LabDescription, load_description
from lab.manager import attached, status
from lab.settings import DomainSettings, LabSettings

SETTINGS = LabSettings(
    source=DomainSettings("orders-source", "us-east-1", "opensearch-2.19.4", data_nodes=2, managers=3),
    target=DomainSettings("orders-target", "eu-west-1", "opensearch-2.19.4"),
    tls=True,
)
HEALTH = "/_cluster/health"


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabDescription]:
    with attached(tmp_path_factory.mktemp("nodes") / "lab", SETTINGS) as description:
        yield description


def test_two_nodes_hold_data_and_three_may_manage(several: LabDescription) -> None:
    rows = engine(several, "source", "GET", "/_cat/nodes?format=json&h=name,node.role")
    roles = {row["name"]: row["node.role"] for row in rows}
    assert {name for name, role in roles.items() if "d" in role} == {"orders-source-1", "orders-source-2"}
    assert all("m" in role for role in roles.values()) and len(roles) == 3
    assert status(Path(several.home)).state == "up"


def test_only_those_who_trust_the_labs_authority_come_in(several: LabDescription) -> None:
    assert several.source.endpoint.startswith("https://")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(several.source.endpoint, timeout=10)
    reply = requests.get(several.source.endpoint, timeout=10, verify=several.ca_bundle)
    assert "anonymous" in reply.json()["Message"]


def test_the_main_job_verifies_the_repository_on_every_node_and_a_killed_node_comes_back(
    several: LabDescription, tmp_path: Path
) -> None:
    settings = {"settings": {"number_of_shards": 2, "number_of_replicas": 1}}
    engine(several, "source", "PUT", "/books", settings)
    engine(several, "source", "PUT", "/books/_doc/1?refresh=true", {"n": 1})
    engine(several, "source", "GET", f"{HEALTH}?wait_for_status=green&timeout=60s")
    desk = Desk(several, tmp_path)
    desk.write()

    def order(action: str) -> None:
        url = f"{several.admin_url}/engines/source/{action}"
        requests.post(url, json={"node": 2}, timeout=120).raise_for_status()

    order("kill")
    assert engine(several, "source", "GET", f"{HEALTH}?wait_for_nodes=2&timeout=60s")["number_of_nodes"] == 2
    assert documents(several, "source", "books") == 1, "the other copy answers"
    order("start")
    health = engine(
        several, "source", "GET", "/_cluster/health?wait_for_nodes=3&wait_for_status=green&timeout=60s"
    )
    assert (health["number_of_nodes"], health["status"]) == (3, "green")

    ended = desk.run("migrate", "--execute")
    assert ended.code == 0, str(ended)
    verified = desk.report()["repositories"]
    nodes = {each["side"]: sorted(each["nodes"]) for each in verified}
    assert nodes["source"] == ["orders-source-1", "orders-source-2", "orders-source-3"]
    assert documents(several, "target", "books") == 1


def test_a_domain_whose_engine_is_gone_answers_502_and_comes_back_with_its_data(
    several: LabDescription,
) -> None:
    engine(several, "target", "PUT", "/kept/_doc/1?refresh=true", {"n": 1})
    url = f"{several.admin_url}/engines/target"
    auth = AWS4Auth(several.access_key_id, several.secret_access_key, several.target.region, "es")

    def asked() -> requests.Response:
        return requests.get(several.target.endpoint, auth=auth, verify=several.ca_bundle, timeout=30)

    requests.post(f"{url}/kill", timeout=60).raise_for_status()
    assert (asked().status_code, "502 Bad Gateway" in asked().text) == (502, True)
    back = requests.post(f"{url}/start", timeout=120).json()
    written = load_description(Path(several.home))
    assert written is not None and written.target.engine_url == back["engine_url"]
    assert asked().status_code == 200
    path = "/_cluster/health/kept?wait_for_status=yellow&timeout=60s"
    assert requests.get(back["engine_url"] + path, timeout=90).json()["status"] != "red"
    assert requests.get(back["engine_url"] + "/kept/_count", timeout=30).json()["count"] == 1


def test_a_node_that_is_not_there_cannot_be_killed(several: LabDescription) -> None:
    reply = requests.post(f"{several.admin_url}/engines/source/kill", json={"node": 7}, timeout=30)
    assert reply.status_code == 400 and "no node 7" in reply.json()["error"]
    reply = requests.post(f"{several.admin_url}/engines/middle/start", timeout=30)
    assert reply.status_code == 400
