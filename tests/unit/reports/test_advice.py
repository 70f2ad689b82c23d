"""What `snapferry advise` shows."""

from __future__ import annotations

from typing import Any

from reports.views.advice import advice_view
from reports.views.fitting import text_of
from tasks.advice.case import Case
from tasks.advice.judging import advice
from tasks.records.advice import (
    Advice,
    DomainFacts,
    FoundVersion,
    PeerFacts,
    Question,
    ServiceAnswer,
    ServiceFacts,
    Unread,
    WorkloadFacts,
)

ASKED = Question(
    kind="upgrade check", operation="UpgradeDomain", right="es:UpgradeDomain",
    parameters={"DomainName": "orders", "TargetVersion": "OpenSearch_3.1", "PerformCheckOnly": True},
)  # fmt: skip


def made(questions: tuple[Question, ...] = (), *answers: ServiceAnswer, **service: Any) -> Advice:
    arn = "arn:aws:es:us-east-1:123456789012:domain/orders"
    told = ServiceFacts(
        **{
            "name": "orders",
            "arn": arn,
            "upgrade_targets": ("OpenSearch_3.1",),
            "clone_upgrade": "",
            **service,
        }
    )
    source = DomainFacts(
        side="source",
        named="orders",
        region="us-east-1",
        account="123456789012",
        managed=True,
        version=FoundVersion(engine="opensearch", number="2.19.4"),
        service=told,
        workload=WorkloadFacts(
            indices=3, shards=6, documents=9, bytes=5_000_000, closed=("a",), operations=4, observed_s=5
        ),
        unread=(Unread(what="its replication", why="denied", hint="allow es:DescribeDomainReplication"),),
    )
    return advice(Case(source, answers=answers), questions)


def shown(found: Advice, *, every: bool = False) -> str:
    return text_of(advice_view(found, every=every))


def test_facts_ways_what_is_not_known_and_the_recommendation_are_shown() -> None:
    text = shown(made(use_case="SEARCH", deployment_strategy="CapacityOptimized"))
    assert "Source: orders (OpenSearch 2.19.4, us-east-1, account 123456789012)" in text
    assert "3 indices, 5.0 MB in 6 shards, 1 closed, written to: 4 operations in 5 s" in text
    assert "use case SEARCH, deployments CapacityOptimized" in text
    assert "Wanted: a newer version, in place" in text
    assert "[AWS API reference: GetCompatibleVersions]" in text
    assert "Not known of the source, its replication: denied; allow es:DescribeDomainReplication" in text
    assert "Recommended: Clone-based upgrade" in text


def test_an_impossible_way_shows_what_is_against_it_and_the_rest_with_all() -> None:
    found = made(replication=PeerFacts(role=None))
    brief, whole = shown(found), shown(found, every=True)
    assert "IMPOSSIBLE Replication peer" in brief
    assert "switch over again" not in brief
    assert "switch over again" in whole


def test_a_question_is_shown_until_it_is_answered() -> None:
    assert "With --execute the service would be asked: UpgradeDomain DomainName=orders" in shown(
        made((ASKED,))
    )
    answer = ServiceAnswer(question=ASKED, outcome="failed", issues=("Too many shards.",))
    text = shown(made((ASKED,), answer))
    assert "With --execute" not in text
    assert "The service was asked: UpgradeDomain (upgrade check): failed: Too many shards." in text
    assert "Recommended: Clone" not in text


def test_without_a_possible_way_nothing_is_recommended() -> None:
    text = shown(made(clone_upgrade="PendingUserInput"))
    assert "No recommendation: none of these ways leads there" in text
    assert "POSSIBLE   " not in text
