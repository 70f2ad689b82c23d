"""The service's own ways to move a domain, which moto lacks: what the control plane says of them.

Emulated: the shapes are those of the API reference (A). Guesses: the words of the refusals, what an upgrade
check says, how `DescribeDomain` shows a clone upgrade, and the versions above OpenSearch 3.3. The lab never
upgrades or replicates anything: a request to really do so is refused.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from lab.account import domain_status

PATH = re.compile(
    r"/2021-01-01/opensearch/(?:domain/(?P<domain>[^/]+)/(?P<part>progress|replication(?:/addPeer)?)"
    r"|(?P<versions>compatibleVersions)|upgradeDomain(?:/(?P<upgraded>[^/]+)/(?P<kept>status|history))?)"
)
ARN = re.compile(r"arn:aws:es:([a-z0-9-]+):(\d{12}):domain/[a-z][a-z0-9-]+")
PEER_REGION = "ap-south-1"
VERSIONS = (
    *(f"Elasticsearch_7.{minor}" for minor in (1, 4, 7, 8, 9, 10)),
    *(f"OpenSearch_1.{minor}" for minor in range(4)),
    *(f"OpenSearch_2.{minor}" for minor in (3, 5, 7, 9, 11, 13, 15, 17, 19)),
    *(f"OpenSearch_3.{minor}" for minor in (1, 3, 5, 6)),
)
LAST_BEFORE = {"3": "OpenSearch_2.19", "2": "OpenSearch_1.3"}


@dataclass
class NativePaths:
    """The state of one domain.

    Args:
        role: its role in replication, with one peer in another Region; None if it does not replicate.
        clone_upgrade: whether a clone upgrade waits for a decision.
        targets: the versions that it can be upgraded to; None for those that the service documents.
        issues: what an upgrade check finds; it succeeds without any.
        history: upgrade checks, newest last.
    """

    role: str | None = None
    clone_upgrade: bool = False
    targets: tuple[str, ...] | None = None
    issues: tuple[str, ...] = ()
    history: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """The account and the Region that a request is for."""

    account: str
    region: str


@dataclass(frozen=True)
class Refusal:
    """An error of the control plane."""

    status: int
    kind: str
    said: str


Answer = Mapping[str, Any] | Refusal
MISSING = Refusal(409, "ResourceNotFoundException", "Domain not found")
NOT_HERE = "The lab only checks whether this could be done."


def answer(method: str, path: str, query: str, body: bytes, place: Place) -> Answer | None:
    """Answer a request about the service's own ways; None for any other."""
    found = PATH.fullmatch(path)
    if found is None:
        return None
    asked = json.loads(body or b"{}")
    name = found["domain"] or found["upgraded"] or asked.get("DomainName")
    name = name or dict(parse_qsl(query)).get("domainName")
    if not name:
        return None  # moto lists every version
    domain = domain_status.moto_domain(place.account, place.region, name)
    if domain is None:
        return MISSING
    what = found["part"] or found["kept"] or ("versions" if found["versions"] else "upgrade")
    return _ANSWERS[(method, what)](domain, asked) if (method, what) in _ANSWERS else None


def state_of(domain: Any) -> NativePaths:
    """The state of moto's domain."""
    if not hasattr(domain, "native_paths"):
        domain.native_paths = NativePaths()
    return domain.native_paths


def _replication(domain: Any, _: Any) -> Answer:
    told = domain.to_dict()
    role = state_of(domain).role
    account = str(told["ARN"]).split(":")[4]
    peer = {"PeerDomainArn": f"arn:aws:es:{PEER_REGION}:{account}:domain/{told['DomainName']}"}
    other = {"PRIMARY": "SECONDARY", "SECONDARY": "PRIMARY"}
    peers = [{**peer, "PeerRole": other[role], "Status": "ACTIVE"}] if role else []
    return {"DomainArn": told["ARN"], "Peers": peers, **({"Role": role} if role else {})}


def _add_peer(domain: Any, asked: Any) -> Answer:
    peer = ARN.fullmatch(str(asked.get("PeerDomainArn")))
    own = str(domain.to_dict()["ARN"]).split(":")
    if peer is None or peer[1] == own[3] or peer[2] != own[4]:
        said = "The peer must be a domain in another Region, in the same account."
        return Refusal(400, "ValidationException", said)
    if state_of(domain).role:
        return Refusal(409, "ResourceAlreadyExistsException", "The domain already has a peer.")
    if not asked.get("DryRun"):
        return Refusal(409, "DisabledOperationException", NOT_HERE)
    return {"DomainArn": domain.to_dict()["ARN"], "Status": "PENDING_SETUP"}


def _progress(domain: Any, _: Any) -> Answer:
    if not state_of(domain).clone_upgrade:
        return {}
    split = {"PrimaryReadTrafficPercent": 100, "CloneReadTrafficPercent": 0}
    details = {"TrafficSplit": split, "RetentionInHours": 48}
    change = {"ChangeId": "lab", "Status": "PROCESSING", "ConfigChangeStatus": "PendingUserInput"}
    return {"ChangeProgressStatus": {**change, "ClonedBlueGreenUpgradeDetails": details}}


def _versions(domain: Any, _: Any) -> Answer:
    runs = str(domain.to_dict()["EngineVersion"])
    return {"CompatibleVersions": [{"SourceVersion": runs, "TargetVersions": list(_targets(domain))}]}


def _targets(domain: Any) -> tuple[str, ...]:
    known, runs = state_of(domain).targets, str(domain.to_dict()["EngineVersion"])
    if known is not None or runs not in VERSIONS:
        return known or ()
    later = VERSIONS[VERSIONS.index(runs) + 1 :]
    return tuple(version for version in later if _in_one_step(runs, version))


def _in_one_step(runs: str, version: str) -> bool:
    major = version.partition("_")[2].partition(".")[0]
    if version.startswith("Elasticsearch") or major == "1":
        return True
    first = VERSIONS.index(LAST_BEFORE[major])
    return VERSIONS.index(runs) >= first


def _upgrade(domain: Any, asked: Any) -> Answer:
    version = str(asked.get("TargetVersion"))
    if version not in _targets(domain):
        return Refusal(400, "ValidationException", f"Domain cannot be upgraded to {version}.")
    if not asked.get("PerformCheckOnly"):
        return Refusal(409, "DisabledOperationException", NOT_HERE)
    issues = list(state_of(domain).issues)
    status = "FAILED" if issues else "SUCCEEDED"
    step = {"UpgradeStep": "PRE_UPGRADE_CHECK", "UpgradeStepStatus": status, "Issues": issues}
    entry = {
        "UpgradeName": f"Pre-Upgrade Check from {domain.to_dict()['EngineVersion']} to {version}",
        "StartTimestamp": time.time(),
        "UpgradeStatus": status,
        "StepsList": [{**step, "ProgressPercent": 100.0}],
    }
    state_of(domain).history.append(entry)
    return {"DomainName": asked["DomainName"], "TargetVersion": version, "PerformCheckOnly": True}


def _status(domain: Any, _: Any) -> Answer:
    last = next(reversed(state_of(domain).history), None)
    if last is None:
        return {}
    shown = {"UpgradeStep": "PRE_UPGRADE_CHECK", "StepStatus": last["UpgradeStatus"]}
    return {**shown, "UpgradeName": last["UpgradeName"]}


def _history(domain: Any, _: Any) -> Answer:
    return {"UpgradeHistories": list(reversed(state_of(domain).history))}


_ANSWERS = {
    ("GET", "replication"): _replication,
    ("POST", "replication/addPeer"): _add_peer,
    ("GET", "progress"): _progress,
    ("GET", "versions"): _versions,
    ("POST", "upgrade"): _upgrade,
    ("GET", "status"): _status,
    ("GET", "history"): _history,
}
