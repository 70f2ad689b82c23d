"""Upgrades and replication as the lab's control plane tells them; nothing is ever done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.account import native_paths
from lab.account.native_paths import Place, Refusal, answer, state_of

ARN = "arn:aws:es:us-east-1:123456789012:domain/orders"
HERE = Place("123456789012", "us-east-1")
ROOT = "/2021-01-01/opensearch"
ELSEWHERE = "arn:aws:es:eu-west-1:123456789012:domain/orders"
FOREIGN = "arn:aws:es:eu-west-1:210987654321:domain/orders"


class Domain:
    """Moto's domain, as far as it is asked."""

    def __init__(self, version: str) -> None:
        self.version = version

    def to_dict(self) -> dict[str, Any]:
        return {"DomainName": "orders", "ARN": ARN, "EngineVersion": self.version}


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Domain:
    made = Domain("OpenSearch_2.19")
    found = {"orders": made}
    monkeypatch.setattr("lab.account.domain_status.moto_domain", lambda *place: found.get(place[-1]))
    return made


def ask(method: str, path: str, query: str = "", **body: Any) -> Any:
    return answer(method, f"{ROOT}/{path}", query, json.dumps(body).encode(), HERE)


@pytest.mark.parametrize(
    ("runs", "has", "lacks"),
    [
        ("OpenSearch_2.19", "OpenSearch_3.1", "OpenSearch_2.17"),
        ("OpenSearch_2.17", "OpenSearch_2.19", "OpenSearch_3.1"),
        ("OpenSearch_1.2", "OpenSearch_1.3", "OpenSearch_2.3"),
        ("OpenSearch_1.3", "OpenSearch_2.19", "OpenSearch_3.1"),
        ("Elasticsearch_7.10", "OpenSearch_1.3", "OpenSearch_2.3"),
    ],
)
def test_the_documented_paths_are_offered(domain: Domain, runs: str, has: str, lacks: str) -> None:
    domain.version = runs
    (found,) = ask("GET", "compatibleVersions", "domainName=orders")["CompatibleVersions"]
    assert has in found["TargetVersions"]
    assert lacks not in found["TargetVersions"]


def test_a_check_finds_its_issues_and_a_real_upgrade_is_refused(domain: Domain) -> None:
    state_of(domain).issues = ("Too many shards.",)
    real = ask("POST", "upgradeDomain", DomainName="orders", TargetVersion="OpenSearch_3.1")
    assert isinstance(real, Refusal)
    checked = {"DomainName": "orders", "PerformCheckOnly": True}
    assert isinstance(ask("POST", "upgradeDomain", TargetVersion="OpenSearch_9.1", **checked), Refusal)
    assert ask("GET", "upgradeDomain/orders/history") == {"UpgradeHistories": []}
    ask("POST", "upgradeDomain", TargetVersion="OpenSearch_3.1", **checked)
    (entry,) = ask("GET", "upgradeDomain/orders/history")["UpgradeHistories"]
    assert entry["StepsList"][0]["Issues"] == ["Too many shards."]
    assert ask("GET", "upgradeDomain/orders/status")["StepStatus"] == "FAILED"


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"PeerDomainArn": ELSEWHERE, "DryRun": True}, None),
        ({"PeerDomainArn": ELSEWHERE}, "DisabledOperationException"),
        ({"PeerDomainArn": ARN, "DryRun": True}, "ValidationException"),
        ({"PeerDomainArn": FOREIGN, "DryRun": True}, "ValidationException"),
        ({"PeerDomainArn": "orders", "DryRun": True}, "ValidationException"),
    ],
)  # fmt: skip
def test_a_peer_is_tried_by_the_documented_rules_and_never_made(
    domain: Domain, asked: dict[str, Any], kind: str | None
) -> None:
    found = ask("POST", "domain/orders/replication/addPeer", **asked)
    assert (found.kind if isinstance(found, Refusal) else None) == kind
    assert ask("GET", "domain/orders/replication") == {"DomainArn": ARN, "Peers": []}


def test_a_domain_has_one_peer_and_an_unknown_one_none(domain: Domain) -> None:
    state_of(domain).role = "PRIMARY"
    second = ask("POST", "domain/orders/replication/addPeer", PeerDomainArn=ELSEWHERE, DryRun=True)
    assert second.kind == "ResourceAlreadyExistsException"
    assert ask("GET", "domain/nobody/replication") is native_paths.MISSING


def test_what_moto_answers_is_left_to_it(domain: Domain) -> None:
    assert ask("GET", "compatibleVersions") is None
    assert ask("GET", "domain/orders") is None
    assert ask("DELETE", "domain/orders/replication") is None
