"""The description of a running lab: addresses, names and keys, also stored in `HOME/lab.json`; the keys also
as profiles in `HOME/aws-config`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lab.errors import LabError
from lab.paths import write_atomic
from lab.settings import ACCOUNT

FILE = "lab.json"
PROFILES = "aws-config"


@dataclass(frozen=True)
class DomainDescription:
    """One domain of the lab.

    `endpoint` is the front door, which requires signatures and logs every request to `request_log`; `host` is
    the domain's name on AWS, which the front door accepts as Host header; `engine_url` bypasses the front
    door and admits the lab by the headers `operator`. `engine` is its name in artifacts.json, `nodes` are the
    nodes started. `account` owns the domain; the key is its administrator's.
    """

    name: str
    region: str
    endpoint: str
    host: str
    engine_url: str
    request_log: str
    engine: str
    version: str
    java: str
    access_control: bool
    operator: dict[str, str]
    nodes: list[str]
    has_analysis: bool
    has_data_streams: bool
    account: str = ACCOUNT
    access_key_id: str = ""
    secret_access_key: str = ""

    @property
    def engine_title(self) -> str:
        """The engine's display name: `OpenSearch 3.6.0`."""
        product = "Elasticsearch" if self.engine.startswith("elasticsearch") else "OpenSearch"
        return f"{product} {self.version}"


@dataclass(frozen=True)
class LabDescription:
    """A running lab. `control_url` serves S3, IAM, STS and the control plane; `admin_url` the lab's own API.
    `ca_bundle` is the authority to trust, if the front doors speak HTTPS. The bucket, the role and the key
    are of the source's account."""

    home: str
    control_url: str
    admin_url: str
    bucket: str
    bucket_region: str
    role_arn: str
    access_key_id: str
    secret_access_key: str
    ca_bundle: str | None
    supervisor_pid: int
    source: DomainDescription
    target: DomainDescription

    @property
    def nodes(self) -> list[str]:
        """The names of all nodes that were started."""
        return [*self.source.nodes, *self.target.nodes]

    @property
    def has_analysis(self) -> bool:
        """Whether both domains have the language analyzers."""
        return self.source.has_analysis and self.target.has_analysis

    @property
    def has_data_streams(self) -> bool:
        """Whether both domains support data streams."""
        return self.source.has_data_streams and self.target.has_data_streams

    @property
    def has_two_accounts(self) -> bool:
        """Whether the domains belong to different accounts."""
        return self.source.account != self.target.account

    def key(self, side: str) -> tuple[str, str]:
        """Id and secret of the administrator's key, in the account of the "source" or "target"."""
        domain = self.domain(side)
        if domain.account == self.source.account:
            return self.access_key_id, self.secret_access_key
        return domain.access_key_id, domain.secret_access_key

    def domain(self, side: str) -> DomainDescription:
        """The domain called "source" or "target"."""
        if side not in ("source", "target"):
            raise ValueError(f"a lab has a source and a target, no {side!r}")
        return self.source if side == "source" else self.target

    def with_domain(self, side: str, domain: DomainDescription) -> LabDescription:
        """Copy the description, with another domain as "source" or "target"."""
        return replace(self, source=domain) if side == "source" else replace(self, target=domain)

    def save(self, home: Path) -> None:
        """Write `lab.json` in one step, readable by its owner only (it holds the lab's own key)."""
        write_atomic(home / FILE, json.dumps(asdict(self), indent=1) + "\n")

    def save_profiles(self, home: Path) -> None:
        """Write `aws-config` with the profiles `source` and `target`: the administrators' keys, and the lab
        as their endpoint. Readable by its owner only."""
        write_atomic(home / PROFILES, "\n".join(self._profile(side) for side in ("source", "target")))

    def _profile(self, side: str) -> str:
        key, secret = self.key(side)
        return (
            f"[profile {side}]\nregion = {self.domain(side).region}\nendpoint_url = {self.control_url}\n"
            f"aws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
        )


def load_description(home: Path) -> LabDescription | None:
    """Read `lab.json`, or return None where there is none.

    Raises:
        LabError: another version of the lab wrote it.
    """
    path = home / FILE
    if not path.exists():
        return None
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        source, target = (DomainDescription(**raw.pop(side)) for side in ("source", "target"))
        return LabDescription(**raw, source=source, target=target)
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(
            f"{path} was written by another version of the lab.", "End that lab first: snapferry lab down"
        ) from error


def environment(description: LabDescription) -> dict[str, str]:
    """The environment variables that point boto3 in a child process at the lab and nothing else, as the
    administrator of the source's account, or by the profiles `source` and `target`."""
    profiles = str(Path(description.home) / PROFILES)
    return {
        "AWS_ACCESS_KEY_ID": description.access_key_id,
        "AWS_SECRET_ACCESS_KEY": description.secret_access_key,
        "AWS_ENDPOINT_URL": description.control_url,
        "AWS_DEFAULT_REGION": description.source.region,
        "AWS_REGION": description.source.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": profiles,
        "AWS_SHARED_CREDENTIALS_FILE": profiles,
    }


def child_environment(description: LabDescription, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a child process: `base` (default: ours) with the lab's AWS settings in place of any
    others."""
    kept = {name: value for name, value in (base or os.environ).items() if not name.startswith("AWS_")}
    return kept | environment(description)
