"""`snapferry advise` on the lab's two domains, which are in one account and two Regions."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from identities import Identities, allow, client_of
from migrations import Desk, Ended, engine, log_size, mutations

from lab.control.switching import switch

HERE = ("--source-region", "us-east-1")
THERE = ("--target-region", "eu-west-1")
QUICK = ("--observe", "0.2")


@pytest.fixture
def ready(desk: Desk) -> Desk:
    """One index on the source, and a plan."""
    engine(desk.lab, "source", "PUT", "/orders", {"settings": {"number_of_replicas": 0}})
    engine(desk.lab, "source", "PUT", "/orders/_doc/1?refresh=true", {"n": 1})
    desk.write()
    return desk


def command(desk: Desk, *more: str, target: bool = True) -> Ended:
    sides = (desk.lab.source.endpoint, *((desk.lab.target.endpoint,) if target else ()))
    regions = (*HERE, *(THERE if target else ()))
    return desk.command("advise", *sides, *regions, *QUICK, *more)


def advised(desk: Desk, *more: str, target: bool = True) -> dict[str, Any]:
    ended = command(desk, *more, "--json", target=target)
    assert ended.code == 0, str(ended)
    return ended.json


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {each["way"]: each["verdict"] for each in document["ways"]}


def rules(document: dict[str, Any], way: str, weight: str) -> set[str]:
    (found,) = (each for each in document["ways"] if each["way"] == way)
    return {reason["rule"] for reason in found["reasons"] if reason["weight"] == weight}


def test_a_quiet_source_is_migrated_and_the_next_step_is_a_plan(ready: Desk) -> None:
    before = log_size(ready.lab, "source")
    document = advised(ready)
    assert verdicts(document) == {
        "migrate": "possible",
        "seed-and-cutover": "possible",
        "reindex": "possible",
        "replication-peer": "possible",
        "cross-cluster-replication": "impossible",  # the lab's domains have no access control
        "opensearch-migrations": "impossible",  # which reads no OpenSearch 3
        "in-place-upgrade": "impossible",
        "clone-upgrade": "impossible",
    }
    assert document["recommended"]["way"] == "migrate"
    assert document["source"]["workload"]["created"] == {"OpenSearch 3.6.0": ["orders"]}
    assert document["next"].startswith(f"snapferry init --source {ready.lab.source.endpoint} ")
    assert mutations(ready.lab, "source", before) == []


def test_the_sides_of_a_plan_lead_to_its_checks_and_a_busy_source_is_seeded(ready: Desk) -> None:
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            engine(ready.lab, "source", "PUT", f"/orders/_doc/{number}", {"n": number})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        switch(ready.lab, "source", replication_role="PRIMARY")  # it has a peer already
        sides = (f"{ready.plan_file}:source", f"{ready.plan_file}:target")
        shown = ready.command("advise", *sides, "--observe", "1")
    finally:
        ended.set()
        writer.join()
    assert "the source is being written to" in shown.out
    assert "Recommended: Seed and cutover" in shown.out
    assert "a domain has one peer, and the source has arn:aws:es:ap-south-1:" in shown.out
    assert f"next: snapferry check {ready.plan_file}" in shown.err


def test_the_service_is_asked_for_its_check_of_an_upgrade_only_with_consent(ready: Desk) -> None:
    switch(ready.lab, "source", upgrade_targets=["OpenSearch_3.7"], upgrade_issues=["Too many shards."])
    asked = ("--target-version", "3.7", "--ask-upgrade-check")
    shown = command(ready, *asked, target=False)
    assert "UpgradeDomain DomainName=orders-source, TargetVersion=OpenSearch_3.7" in shown.out
    assert "Recommended: Clone-based upgrade" in shown.out
    assert history(ready) == []
    again = shown.err.rpartition("next: snapferry ")[2].split()
    assert again[-1] == "--execute"
    failed = ready.command(*again)
    assert "the service's own check of this upgrade has failed: Too many shards." in failed.out
    assert len(history(ready)) == 1
    switch(ready.lab, "source", upgrade_issues=[])
    passed = ready.command(*again)
    assert "next: aws opensearch upgrade-domain --domain-name orders-source" in passed.err
    assert "ClonedBlueGreen" in passed.err


def history(desk: Desk) -> list[Any]:
    client = client_of(desk.lab, "opensearch", "us-east-1")
    return client.get_upgrade_history(DomainName="orders-source").get("UpgradeHistories", [])


def test_a_peer_is_tried_only_with_consent(ready: Desk) -> None:
    shown = command(ready, "--ask-replication-dry-run")
    assert "AddReplicationPeer DomainName=orders-source, PeerDomainArn=arn:aws:es:eu-west-1:" in shown.out
    assert "the service says that it can replicate" not in shown.out
    tried = command(ready, "--ask-replication-dry-run", "--execute")
    assert "the service says that it can replicate the source to this target" in tried.out


def test_a_secondary_or_optimized_target_and_a_clone_upgrade_are_told(ready: Desk) -> None:
    switch(ready.lab, "target", replication_role="SECONDARY", told={"EngineMode": "OPTIMIZED"})
    document = advised(ready)
    assert rules(document, "migrate", "impossible") == {"secondary-target"}
    assert "engine-mode" in rules(document, "migrate", "unknown")
    assert document["recommended"]["way"] is None
    switch(ready.lab, "target", replication_role=None, told={})
    switch(ready.lab, "source", clone_upgrade=True)
    assert set(verdicts(advised(ready)).values()) == {"impossible"}


def test_a_migration_onto_a_secondary_is_refused_before_anything_is_changed(ready: Desk) -> None:
    switch(ready.lab, "target", replication_role="SECONDARY")
    sizes = {side: log_size(ready.lab, side) for side in ("source", "target")}
    refused = ready.run("migrate", "--execute")
    assert refused.code == 3
    assert "the target only reads: it is the secondary of arn:aws:es:" in refused.out
    assert [each for side, size in sizes.items() for each in mutations(ready.lab, side, size)] == []


def test_a_domain_that_does_not_answer_is_judged_by_the_control_plane_and_the_other_way_round(
    ready: Desk, identities: Identities
) -> None:
    by_name = ready.command("advise", "orders-source", *HERE, *QUICK, "--json")  # its host has no address
    assert by_name.code == 0, str(by_name)
    assert rules(by_name.json, "migrate", "unknown") == {"indices-read"}
    assert "did not answer" in by_name.json["source"]["unread"][0]["what"]
    user = identities.user(allow(["es:ESHttp*"]))
    login = {"AWS_ACCESS_KEY_ID": user.key, "AWS_SECRET_ACCESS_KEY": user.secret}
    ended = ready.command("advise", ready.lab.source.endpoint, *HERE, *QUICK, "--json", environment=login)
    assert ended.code == 0, str(ended)
    (unread,) = ended.json["source"]["unread"]
    assert "es:DescribeDomain" in unread["hint"]
    assert verdicts(ended.json)["in-place-upgrade"] == "unknown"
    assert verdicts(ended.json)["migrate"] == "possible"
