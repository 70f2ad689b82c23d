"""Upgrades of a domain by the service: the versions it offers, a clone upgrade under way, eligibility checks.

Sources: AWS API reference, GetCompatibleVersions, DescribeDomainChangeProgress, UpgradeDomain and
GetUpgradeHistory.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3

from domains.aws.session import call_aws, call_aws_if_exists, control_plane_of
from domains.http.documented import documented_by_aws
from domains.http.json_replies import Json, child, children

_ENDED = {"Completed", "Cancelled", "ValidationFailed"}
_FAILED = "FAILED"
_CHECK = "PRE_UPGRADE_CHECK"


@dataclass(frozen=True)
class CloneUpgrade:
    """A clone upgrade that is under way.

    Args:
        status: the status of the change, such as `PendingUserInput` while it waits for a decision.
        clone_reads: the percentage of search requests that the clone answers; None where it is not said.
        scheduled: what the service will do by itself, such as `DeletePrimaryCluster`; empty if nothing.
    """

    status: str
    clone_reads: int | None = None
    scheduled: str = ""


@dataclass(frozen=True)
class UpgradeCheck:
    """An upgrade, or an eligibility check, in the domain's history.

    Args:
        name: the service's name for it.
        started: when it was started.
        status: `IN_PROGRESS`, `SUCCEEDED`, `SUCCEEDED_WITH_ISSUES` or `FAILED`.
        issues: what the eligibility check has found.
    """

    name: str
    started: datetime
    status: str
    issues: tuple[str, ...] = ()


@documented_by_aws
def upgrade_targets(session: boto3.Session, name: str) -> tuple[str, ...]:
    """List the versions that the domain can be upgraded to in one step (`OpenSearch_2.19`). Reads only.

    Raises:
        AwsError: the caller may not ask (`es:GetCompatibleVersions`), or the control plane cannot be reached.
    """
    client = control_plane_of(session)
    reply = call_aws(
        f"list the versions that domain {name} can be upgraded to",
        lambda: client.get_compatible_versions(DomainName=name),
        f"es:GetCompatibleVersions on {name}",
    )
    listed = children(reply, "CompatibleVersions")
    return tuple(str(version) for each in listed for version in each["TargetVersions"])


@documented_by_aws
def clone_upgrade(session: boto3.Session, name: str) -> CloneUpgrade | None:
    """Read the clone upgrade that is under way, also one whose old cluster is still kept; None without one.

    Raises:
        AwsError: the caller may not ask (`es:DescribeDomainChangeProgress`), or the control plane cannot be
            reached.
    """
    client = control_plane_of(session)
    reply = call_aws_if_exists(
        f"read the progress of changes to domain {name}",
        lambda: client.describe_domain_change_progress(DomainName=name),
        f"es:DescribeDomainChangeProgress on {name}",
    )
    change: Json = child(reply, "ChangeProgressStatus") if reply else {}
    if "ClonedBlueGreenUpgradeDetails" not in change:
        return None
    details = child(change, "ClonedBlueGreenUpgradeDetails")
    scheduled = str(child(details, "ScheduledAction").get("Action") or "")
    status = str(change.get("ConfigChangeStatus") or change.get("Status") or "")
    is_over = status in _ENDED or str(change.get("Status")) in {"COMPLETED", _FAILED}
    if is_over and not scheduled:
        return None
    reads = child(details, "TrafficSplit").get("CloneReadTrafficPercent")
    return CloneUpgrade(status, None if reads is None else int(reads), scheduled)


@documented_by_aws
def upgrade_history(session: boto3.Session, name: str) -> tuple[UpgradeCheck, ...]:
    """List the domain's last upgrades and eligibility checks, newest first. Reads only.

    Raises:
        AwsError: the caller may not ask (`es:GetUpgradeHistory`), or the control plane cannot be reached.
    """
    client = control_plane_of(session)
    reply = call_aws(
        f"read the upgrade history of domain {name}",
        lambda: client.get_upgrade_history(DomainName=name),
        f"es:GetUpgradeHistory on {name}",
    )
    found = [_entry(each) for each in children(reply, "UpgradeHistories")]
    return tuple(sorted(found, key=lambda each: each.started, reverse=True))


def _entry(told: Json) -> UpgradeCheck:
    steps = [step for step in children(told, "StepsList") if step.get("UpgradeStep") == _CHECK]
    issues = tuple(str(issue) for step in steps for issue in step.get("Issues") or ())
    return UpgradeCheck(
        str(told.get("UpgradeName") or ""), told["StartTimestamp"], str(told["UpgradeStatus"]), issues
    )


def start_upgrade_check(session: boto3.Session, name: str, version: str) -> None:
    """Let the service check whether the domain can be upgraded to this version; it is not upgraded.

    The request is that of an upgrade, with `PerformCheckOnly`; sent twice, it checks twice. The result comes
    later, in `upgrade_history`.

    Args:
        version: such as `OpenSearch_2.19`.

    Raises:
        AwsError: the caller may not (`es:UpgradeDomain`), or the service refuses the request.
    """
    client = control_plane_of(session)
    call_aws(
        f"let the service check an upgrade of domain {name} to {version}",
        lambda: client.upgrade_domain(**upgrade_check_request(name, version)),
        f"es:UpgradeDomain on {name}",
    )


def upgrade_check_request(name: str, version: str) -> dict[str, Any]:
    """The parameters of `UpgradeDomain` that `start_upgrade_check` sends."""
    return {"DomainName": name, "TargetVersion": version, "PerformCheckOnly": True}
