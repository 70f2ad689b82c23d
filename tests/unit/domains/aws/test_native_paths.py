"""Upgrades and replication by the control plane, without one: its answers are made here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from domains.aws import replication, upgrades
from domains.aws.replication import Peer, Replication
from domains.aws.upgrades import CloneUpgrade
from domains.errors import AwsError
from tasks.advice.questions import ask
from tasks.records.advice import Question

AT = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)
PEER = "arn:aws:es:eu-west-1:123456789012:domain/orders"
UPGRADE = Question(
    kind="upgrade check", operation="UpgradeDomain", right="es:UpgradeDomain",
    parameters={"DomainName": "orders", "TargetVersion": "OpenSearch_3.1", "PerformCheckOnly": True},
)  # fmt: skip
DRY_RUN = Question(
    kind="replication dry run", operation="AddReplicationPeer", right="es:AddReplicationPeer",
    parameters={"DomainName": "orders", "PeerDomainArn": PEER, "DryRun": True},
)  # fmt: skip


class ControlPlane:
    """Scripted replies by operation; the last one of each stays. `sent` are the requests."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Any]] = {}
        self.sent: list[tuple[str, Any]] = []

    def answer(self, _: Any, operation: str, parameters: Any) -> Any:
        self.sent.append((operation, parameters))
        replies = self.replies[operation]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, str):
            raise ClientError({"Error": {"Code": reply, "Message": "no"}}, operation)
        return reply


@pytest.fixture
def plane(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    made = ControlPlane()
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", lambda *said: made.answer(*said))
    return made


@pytest.fixture
def session() -> boto3.Session:
    return boto3.Session(region_name="us-east-1")


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ({"Peers": []}, Replication(None)),
        (
            {"Role": "SECONDARY", "Peers": [{"PeerDomainArn": PEER, "Status": "ACTIVE"}]},
            Replication("SECONDARY", (Peer(PEER, "ACTIVE"),)),
        ),
        ({"Peers": [{"PeerDomainArn": PEER, "Status": "DETACHED"}]}, Replication(None)),
        ("ResourceNotFoundException", Replication(None)),
    ],
)
def test_the_role_in_replication_is_read(
    plane: ControlPlane, session: boto3.Session, reply: Any, found: Replication
) -> None:
    plane.replies["DescribeDomainReplication"] = [reply]
    assert replication.replication(session, "orders") == found


def test_a_secondary_and_an_ejected_primary_only_read() -> None:
    assert PEER in Replication("SECONDARY", (Peer(PEER, "ACTIVE"),)).why_read_only
    assert "ejected" in Replication("PRIMARY", (Peer(PEER, "EJECTED"),)).why_read_only
    assert not Replication("PRIMARY", (Peer(PEER, "ACTIVE"),)).why_read_only


@pytest.mark.parametrize("reply", ["AccessDeniedException", {"Role": "KING", "Peers": []}, {"Peers": [{}]}])
def test_what_cannot_be_read_is_no_answer(plane: ControlPlane, session: boto3.Session, reply: Any) -> None:
    plane.replies["DescribeDomainReplication"] = [reply]
    with pytest.raises(AwsError):
        replication.replication(session, "orders")


DETAILS = {"TrafficSplit": {"PrimaryReadTrafficPercent": 80, "CloneReadTrafficPercent": 20}}
KEPT = {"ScheduledAction": {"Action": "DeletePrimaryCluster"}}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, None),
        ({"Status": "PROCESSING", "ConfigChangeStatus": "ApplyingChanges"}, None),
        (
            {"ConfigChangeStatus": "PendingUserInput", "ClonedBlueGreenUpgradeDetails": DETAILS},
            CloneUpgrade("PendingUserInput", 20),
        ),
        (
            {"ConfigChangeStatus": "Completed", "ClonedBlueGreenUpgradeDetails": KEPT},
            CloneUpgrade("Completed", None, "DeletePrimaryCluster"),
        ),
        ({"ConfigChangeStatus": "Cancelled", "ClonedBlueGreenUpgradeDetails": DETAILS}, None),
    ],
)
def test_a_clone_upgrade_is_under_way_until_its_old_cluster_is_gone(
    plane: ControlPlane, session: boto3.Session, change: Any, found: CloneUpgrade | None
) -> None:
    plane.replies["DescribeDomainChangeProgress"] = [{"ChangeProgressStatus": change}]
    assert upgrades.clone_upgrade(session, "orders") == found


def entry(name: str, status: str, *issues: str, minute: int = 0) -> dict[str, Any]:
    step = {"UpgradeStep": "PRE_UPGRADE_CHECK", "Issues": list(issues)}
    at = AT.replace(minute=minute)
    return {"UpgradeName": name, "StartTimestamp": at, "UpgradeStatus": status, "StepsList": [step]}


def histories(*listed: list[dict[str, Any]]) -> list[Any]:
    return [{"UpgradeHistories": each} for each in listed]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("SUCCEEDED", "passed"), ("SUCCEEDED_WITH_ISSUES", "passed"), ("FAILED", "failed")],
)
def test_an_upgrade_check_is_followed_to_its_own_result(
    plane: ControlPlane, session: boto3.Session, monkeypatch: pytest.MonkeyPatch, status: str, outcome: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    old = entry("old", "FAILED", "of last week")
    running, over = entry("new", "IN_PROGRESS", minute=5), entry("new", status, "an issue", minute=5)
    plane.replies = {
        "GetUpgradeHistory": histories([old], [old], [running, old], [over, old]),
        "UpgradeDomain": [{}],
    }
    found = ask(UPGRADE, session)
    assert (found.outcome, found.issues) == (outcome, ("an issue",))
    (sent,) = (parameters for operation, parameters in plane.sent if operation == "UpgradeDomain")
    assert sent["PerformCheckOnly"] is True


@pytest.mark.parametrize("question", [UPGRADE, DRY_RUN])
def test_a_refusal_is_the_answer_and_a_missing_right_an_error(
    plane: ControlPlane, session: boto3.Session, question: Question
) -> None:
    plane.replies = {"GetUpgradeHistory": histories([]), question.operation: ["ValidationException"]}
    assert ask(question, session).outcome == "failed"
    plane.replies[question.operation] = ["AccessDeniedException"]
    with pytest.raises(AwsError, match=question.right):
        ask(question, session)


def test_a_dry_run_says_so(plane: ControlPlane, session: boto3.Session) -> None:
    plane.replies["AddReplicationPeer"] = [{"Status": "PENDING_SETUP"}]
    assert ask(DRY_RUN, session).outcome == "passed"
    assert plane.sent == [("AddReplicationPeer", DRY_RUN.parameters)]


def test_the_offered_versions_are_those_of_the_domain(plane: ControlPlane, session: boto3.Session) -> None:
    listed = [{"SourceVersion": "OpenSearch_2.19", "TargetVersions": ["OpenSearch_3.1"]}]
    plane.replies["GetCompatibleVersions"] = [{"CompatibleVersions": listed}]
    assert upgrades.upgrade_targets(session, "orders") == ("OpenSearch_3.1",)
