"""Which way can be taken, from facts alone: no domain, no service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.advice import judging
from tasks.advice.case import Case
from tasks.advice.judging import RULES, advice
from tasks.records.advice import (
    DomainFacts,
    FoundVersion,
    PeerFacts,
    Question,
    ServiceAnswer,
    ServiceFacts,
    Verdict,
    Way,
    Wish,
    WorkloadFacts,
)

ACCOUNT, OTHER = "123456789012", "210987654321"
CLONED: dict[str, Any] = {"clone_upgrade": "PendingUserInput"}
SMALL: dict[str, Any] = {"instance_type": "t3.small.search"}
READS_ONLY = PeerFacts(role="SECONDARY", read_only="it is the secondary")
BOTH = ("a", "b")
PEER = "arn:aws:es:ap-south-1:123456789012:domain/other"


def version(text: str) -> FoundVersion:
    name, _, number = text.partition(" ")
    return FoundVersion(engine="elasticsearch" if name == "ES" else "opensearch", number=number)


def service(**changes: Any) -> ServiceFacts:
    usual: dict[str, Any] = {
        "name": "orders",
        "arn": f"arn:aws:es:us-east-1:{ACCOUNT}:domain/orders",
        "access_control": True,
        "node_to_node": True,
        "instance_type": "r6g.large.search",
        "upgrade_targets": ("OpenSearch_3.1",),
        "clone_upgrade": "",
        "replication": PeerFacts(role=None),
    }
    return ServiceFacts(**{**usual, **changes})


def work(**changes: Any) -> WorkloadFacts:
    usual: dict[str, Any] = {
        "indices": 2,
        "shards": 2,
        "documents": 10,
        "bytes": 1000,
        "created": {"OpenSearch 2.19.4": ("a", "b")},
        "operations": 0,
        "observed_s": 5.0,
    }
    return WorkloadFacts(**{**usual, **changes})


def domain(side: Any = "source", runs: str = "OS 2.19.4", **changes: Any) -> DomainFacts:
    usual: dict[str, Any] = {
        "side": side,
        "named": side,
        "region": "us-east-1" if side == "source" else "eu-west-1",
        "account": ACCOUNT,
        "managed": True,
        "version": version(runs),
        "service": service() if side == "source" else service(arn=f"arn:aws:es:eu-west-1:{ACCOUNT}:domain/t"),
        "workload": work() if side == "source" else None,
    }
    return DomainFacts(**{**usual, **changes})


def verdicts(case: Case) -> dict[Way, Verdict]:
    return {each.way: each.verdict for each in advice(case).ways}


def weights(case: Case, way: Way) -> dict[str, str]:
    return {reason.rule: reason.weight for reason in advice(case).way(way).reasons}


def in_place(wish: str = "OS 3.1", **source: Any) -> Case:
    return Case(domain(**source), None, Wish(version=version(wish)))


def between(target: str = "OS 2.19.4", source: dict[str, Any] | None = None, **changes: Any) -> Case:
    return Case(domain(**(source or {})), domain("target", target, **changes))


@pytest.mark.parametrize(
    ("case", "way", "rule", "weight"),
    [
        # upgrades of the domain itself
        (in_place(), Way.IN_PLACE, "upgrade-offered", "fits"),
        (in_place("OS 3.3"), Way.IN_PLACE, "upgrade-offered", "impossible"),
        (in_place(service=service(upgrade_targets=())), Way.CLONE, "upgrade-offered", "impossible"),
        (in_place(service=service(upgrade_targets=None)), Way.CLONE, "upgrade-offered", "unknown"),
        (in_place(runs="OS 2.17.0"), Way.IN_PLACE, "upgrade-over-2-19", "impossible"),
        (in_place("OS 2.11"), Way.IN_PLACE, "upgrade-forward", "impossible"),
        (in_place(runs="ES 2.3.0"), Way.IN_PLACE, "upgrade-forward", "impossible"),
        (
            in_place(workload=work(created={"Elasticsearch 7.10.2": ("old",)})),
            Way.CLONE,
            "upgrade-too-old",
            "impossible",
        ),
        (in_place(workload=None), Way.IN_PLACE, "upgrade-too-old", "unknown"),
        (in_place(workload=work(created={"unknown": ("a",)})), Way.IN_PLACE, "upgrade-too-old", "unknown"),
        (in_place(workload=work(red=("a",))), Way.IN_PLACE, "red", "impossible"),
        (in_place(managed=False, service=None), Way.IN_PLACE, "managed", "impossible"),
        (in_place(managed=None, service=None), Way.CLONE, "managed", "unknown"),
        (between(), Way.IN_PLACE, "another-domain", "impossible"),
        (Case(domain(), None, Wish(region="eu-west-1")), Way.CLONE, "another-domain", "impossible"),
        (Case(domain(), None, Wish(account=OTHER)), Way.CLONE, "another-domain", "impossible"),
        (
            in_place(service=service(deployment_strategy="CapacityOptimized")),
            Way.IN_PLACE,
            "deployment-strategy",
            "caution",
        ),
        # a replication peer
        (between(), Way.PEER, "peer-region", "fits"),
        (between(region="us-east-1"), Way.PEER, "peer-region", "impossible"),
        (between(region=None), Way.PEER, "peer-region", "unknown"),
        (between(account=OTHER), Way.PEER, "peer-account", "impossible"),
        (between(account=None), Way.PEER, "peer-account", "unknown"),
        (between("OS 3.1.0"), Way.PEER, "peer-version", "unknown"),
        (
            between(source={"service": service(replication=PeerFacts(role="PRIMARY", peers=(PEER,)))}),
            Way.PEER,
            "one-peer",
            "impossible",
        ),
        (between(source={"service": service(replication=None)}), Way.PEER, "one-peer", "unknown"),
        (between(managed=False, service=None), Way.PEER, "managed", "impossible"),
        # snapshots
        (between(), Way.MIGRATE, "snapshot-version", "fits"),
        (between("OS 2.11.0"), Way.MIGRATE, "snapshot-version", "impossible"),
        (between(version=None), Way.SEED, "snapshot-version", "unknown"),
        (between(region="cn-north-1"), Way.MIGRATE, "partition", "impossible"),
        (between(source={"workload": None}), Way.MIGRATE, "indices-read", "unknown"),
        (
            between("OS 3.1.0", {"workload": work(created={"ES": ("x",), "Elasticsearch 7.10.2": ("old",)})}),
            Way.MIGRATE,
            "too-old",
            "caution",
        ),
        (
            between("OS 3.1.0", {"workload": work(created={"Elasticsearch 7.10.2": ("a", "b")})}),
            Way.SEED,
            "too-old",
            "impossible",
        ),
        (between(source={"workload": work(warm=("a",))}), Way.MIGRATE, "warm", "caution"),
        (
            between(source={"workload": work(warm=None), "service": service(warm=True)}),
            Way.MIGRATE,
            "warm",
            "unknown",
        ),
        (between(source={"service": service(cold=True)}), Way.MIGRATE, "cold", "caution"),
        (between(source={"workload": work(closed=("a",))}), Way.MIGRATE, "closed", "caution"),
        (between(source={"workload": work(operations=7)}), Way.MIGRATE, "writes", "caution"),
        (between(source={"workload": work(operations=7)}), Way.SEED, "writes", "fits"),
        (between(source={"workload": work(operations=None)}), Way.MIGRATE, "writes", "caution"),
        (between(service=service(standby=True)), Way.MIGRATE, "standby", "caution"),
        # the state of the domains
        (between(service=service(**CLONED)), Way.SEED, "clone-under-way", "impossible"),
        (between(service=service(clone_upgrade=None)), Way.SEED, "clone-under-way", "caution"),
        (between(source={"service": service(busy="Modifying")}), Way.MIGRATE, "processing", "caution"),
        (
            between(service=service(replication=READS_ONLY)),
            Way.REINDEX,
            "secondary-target",
            "impossible",
        ),
        (between(service=service(replication=None)), Way.MIGRATE, "secondary-target", "caution"),
        (
            between(
                source={"service": service(replication=PeerFacts(role="SECONDARY", read_only="it is one"))}
            ),
            Way.MIGRATE,
            "secondary-source",
            "unknown",
        ),
        (between(service=service(engine_mode="OPTIMIZED")), Way.MIGRATE, "engine-mode", "unknown"),
        (in_place(service=service(engine_mode="OPTIMIZED")), Way.IN_PLACE, "engine-mode", "caution"),
        (between(service=service(encryption_mode="NATIVE")), Way.SEED, "native-encryption", "unknown"),
        # reindexing, opensearch-migrations, cross-cluster replication
        (between("OS 1.3.0"), Way.REINDEX, "reindex-version", "impossible"),
        (between("ES 7.10.2"), Way.REINDEX, "reindex-version", "impossible"),
        (between(source={"runs": "ES 8.1.0"}), Way.REINDEX, "reindex-version", "unknown"),
        (between(source={"workload": work(without_source=BOTH)}), Way.REINDEX, "source-field", "impossible"),
        (between(source={"workload": work(without_source=("a",))}), Way.ASSISTANT, "source-field", "caution"),
        (between(source={"workload": work(without_source=None)}), Way.REINDEX, "source-field", "unknown"),
        (between(source={"workload": work(derived=("a",))}), Way.REINDEX, "derived-source", "caution"),
        (between(source={"workload": work(data_streams=1)}), Way.ASSISTANT, "data-streams", "caution"),
        (between("OS 3.6.0", {"runs": "OS 3.1.0"}), Way.ASSISTANT, "assistant-version", "impossible"),
        (between("OS 1.3.2", {"runs": "OS 1.0.0"}), Way.ASSISTANT, "assistant-version", "impossible"),
        (between("ES 7.10.2", {"runs": "ES 6.8.0"}), Way.ASSISTANT, "assistant-version", "impossible"),
        (between("OS 3.1.0"), Way.CROSS_CLUSTER, "cross-cluster-version", "impossible"),
        (between("OS 2.11.0"), Way.CROSS_CLUSTER, "cross-cluster-version", "impossible"),
        (between("ES 7.4.0", {"runs": "ES 7.4.0"}), Way.CROSS_CLUSTER, "cross-cluster-version", "impossible"),
        (between(service=service(access_control=False)), Way.CROSS_CLUSTER, "access-control", "impossible"),
        (between(service=service(**SMALL)), Way.CROSS_CLUSTER, "access-control", "impossible"),
        (between(service=None), Way.CROSS_CLUSTER, "access-control", "unknown"),
    ],
)  # fmt: skip
def test_a_fact_counts_for_or_against_a_way(case: Case, way: Way, rule: str, weight: str) -> None:
    assert weights(case, way)[rule] == weight
    wanted = {"impossible": Verdict.IMPOSSIBLE, "unknown": Verdict.UNKNOWN}.get(weight)
    if wanted is Verdict.IMPOSSIBLE:
        assert verdicts(case)[way] is Verdict.IMPOSSIBLE
    elif wanted is Verdict.UNKNOWN:
        assert verdicts(case)[way] is not Verdict.POSSIBLE


def test_what_is_plain_is_possible() -> None:
    assert {way for way, found in verdicts(between()).items() if found is Verdict.POSSIBLE} == {
        *(Way.MIGRATE, Way.SEED, Way.PEER, Way.REINDEX, Way.CROSS_CLUSTER, Way.ASSISTANT),
    }
    assert {Way.CLONE, Way.IN_PLACE} <= {
        way for way, found in verdicts(in_place()).items() if found is Verdict.POSSIBLE
    }


@pytest.mark.parametrize(
    ("case", "way"),
    [
        (in_place(), Way.CLONE),
        (in_place(service=service(upgrade_targets=())), Way.MIGRATE),
        (in_place(service=service(upgrade_targets=()), workload=work(operations=3)), Way.SEED),
        (between(), Way.MIGRATE),  # nothing is written
        (between(source={"workload": work(operations=3)}), Way.PEER),
        (between(source={"workload": work(operations=3)}, account=OTHER), Way.SEED),
        (between("OS 3.1.0", {"workload": work(operations=3)}), Way.SEED),
        (between("OS 3.1.0", {"runs": "ES 7.10.2", "workload": work(created={})}), Way.REINDEX),
        (between("ES 7.10.2"), None),
    ],
)
def test_the_recommendation_fits_what_is_wanted(case: Case, way: Way | None) -> None:
    assert advice(case).recommended.way is way


def test_a_better_way_that_is_not_known_is_named_and_not_recommended() -> None:
    found = advice(in_place(service=service(upgrade_targets=None))).recommended
    assert found.way is None or found.way not in {Way.CLONE, Way.IN_PLACE}
    assert found.if_known[:2] == (Way.CLONE, Way.IN_PLACE)


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [("passed", Verdict.POSSIBLE), ("failed", Verdict.IMPOSSIBLE), ("unknown", Verdict.UNKNOWN)],
)
def test_the_answer_of_the_service_decides(outcome: Any, verdict: Verdict) -> None:
    asked = Question(kind="upgrade check", operation="UpgradeDomain", parameters={}, right="es:UpgradeDomain")
    answered = ServiceAnswer(question=asked, outcome=outcome, issues=("Too many shards.",))
    case = Case(domain(), None, Wish(version=version("OS 3.1")), (answered,))
    assert verdicts(case)[Way.IN_PLACE] is verdict


def test_writes_need_no_stop_of_unknown_length_where_limits_are_documented() -> None:
    found = advice(between()).way(Way.MIGRATE)
    assert found.seconds
    assert found.whole_seconds
    assert found.seconds.high <= found.whole_seconds.high
    assert advice(between()).way(Way.PEER).seconds is None


VERSIONS = st.sampled_from(
    ["ES 5.6.0", "ES 7.10.2", "ES 8.2.0", "OS 1.3.2", "OS 2.19.4", "OS 3.1.0", "OS 3.6.0"]
)
SERVICES = st.none() | st.builds(
    service,
    clone_upgrade=st.sampled_from([None, "", "PendingUserInput"]),
    engine_mode=st.sampled_from(["", "GENERAL", "OPTIMIZED"]),
    replication=st.sampled_from([None, PeerFacts(role=None), PeerFacts(role="SECONDARY", read_only="it is")]),
    upgrade_targets=st.sampled_from([None, (), ("OpenSearch_2.19",), ("OpenSearch_3.1",)]),
    warm=st.booleans(),
    access_control=st.booleans(),
)  # fmt: skip
WORK = st.none() | st.builds(
    work,
    operations=st.sampled_from([None, 0, 9]),
    created=st.sampled_from([{}, {"unknown": ("a",)}, {"Elasticsearch 7.10.2": ("a", "b")}]),
    without_source=st.sampled_from([None, (), ("a",)]),
    red=st.sampled_from([(), ("a",)]),
)
MANAGED = st.sampled_from([None, True, False])


def facts(side: str) -> st.SearchStrategy[DomainFacts]:
    region = st.sampled_from([None, "us-east-1", "eu-west-1", "cn-north-1"])
    account = st.sampled_from([None, ACCOUNT, OTHER])
    runs = st.none() | VERSIONS.map(version)
    return st.builds(
        domain, st.just(side), region=region, account=account, version=runs, service=SERVICES,
        managed=MANAGED, workload=WORK if side == "source" else st.none(),
    )  # fmt: skip


CASES = st.builds(
    Case,
    facts("source"),
    st.none() | facts("target"),
    st.builds(Wish, version=st.none() | VERSIONS.map(version)),
)


@given(CASES)
def test_whatever_is_known_a_way_is_recommended_only_if_it_is_possible(case: Case) -> None:
    made = advice(case)
    assert sorted(each.way for each in made.ways) == sorted(Way)
    for each in made.ways:
        found = {reason.weight for reason in each.reasons}
        assert (each.verdict is Verdict.IMPOSSIBLE) == ("impossible" in found)
        assert (each.verdict is Verdict.POSSIBLE) == (not found & {"impossible", "unknown"})
        assert all(reason.fact and reason.source for reason in each.reasons)
    chosen = made.recommended.way
    if chosen:
        assert made.way(chosen).verdict is Verdict.POSSIBLE
    else:
        assert all(each.verdict is not Verdict.POSSIBLE for each in made.ways)
    assert all(made.way(way).verdict is Verdict.UNKNOWN for way in made.recommended.if_known)


@given(facts("source"), facts("target"))
def test_an_upgrade_never_leads_to_another_domain(source: DomainFacts, target: DomainFacts) -> None:
    found = verdicts(Case(source, target))
    assert found[Way.IN_PLACE] is found[Way.CLONE] is Verdict.IMPOSSIBLE


def test_a_domain_of_which_nothing_is_known_makes_nothing_possible() -> None:
    nothing = DomainFacts(side="source", named="orders")
    found = verdicts(Case(nothing, DomainFacts(side="target", named="other")))
    assert Verdict.POSSIBLE not in found.values()


def test_every_rule_has_an_id_of_its_own_that_the_documentation_lists() -> None:
    text = (Path(__file__).parents[4] / "docs/advise.md").read_text(encoding="utf-8")
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert [id for id in ids if f"`{id}`" not in text] == []
    assert judging.RULES
