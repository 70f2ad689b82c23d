"""Starting states of domains and account, from scenario folders (tests/scenarios/broken_starts/README.md)."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

import requests
import yaml
from identities import ACCOUNT, Identities, client_of
from listeners import listening
from migrations import Desk, engine
from requests_aws4auth import AWS4Auth

from lab.description import LabDescription

Step = dict[str, Any]
ORDERS = {"settings": {"number_of_replicas": 0, "number_of_shards": 1}}


@dataclass
class Stage:
    """What a state is made with, and what it has made."""

    desk: Desk
    identities: Identities
    words: dict[str, str]
    environment: dict[str, str | None] = field(default_factory=dict)
    buckets: list[tuple[str, str]] = field(default_factory=list)
    later: ExitStack = field(default_factory=ExitStack)

    @property
    def lab(self) -> LabDescription:
        return self.desk.lab

    def filled(self, value: Any) -> Any:
        """The value with every `${word}` in it replaced."""
        if isinstance(value, str):
            return Template(value).safe_substitute(self.words)
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if isinstance(value, dict):
            return {self.filled(name): self.filled(each) for name, each in value.items()}
        return value


@contextmanager
def started(scenario: Path, desk: Desk, identities: Identities) -> Iterator[Stage]:
    """The state of the folder, for the block; the desk has its plan."""
    stage = Stage(desk, identities, _words(desk))
    _orders(desk.lab)
    with stage.later:
        try:
            for step in _read(scenario / "start.yaml") or []:
                take(stage, step)
            desk.write(**stage.filled(_read(scenario / "plan.yaml") or {}))
            yield stage
        finally:
            for name, region in stage.buckets:
                _remove_bucket(stage, name, region)


def expected(scenario: Path) -> dict[str, Any]:
    """What the state's `expected.yaml` says."""
    return _read(scenario / "expected.yaml")


def take(stage: Stage, step: Step) -> None:
    """Does one step; what is to be undone is noted."""
    step = stage.filled(step)
    kind = next((kind for kind in STEPS if kind in step), None)
    assert kind, f"no such step: {step}"
    STEPS[kind](stage, step)
    if "undo" in step:
        stage.later.callback(take, stage, step["undo"])


def _to_engine(side: str) -> Callable[[Stage, Step], None]:
    def send(stage: Stage, step: Step) -> None:
        method, path = step[side].split(" ", 1)
        engine(stage.lab, side, method, path, step.get("body"))

    return send


def _through_the_door(stage: Stage, step: Step) -> None:
    lab = stage.lab
    domain = lab.domain(step["door"])
    method, path = step["send"].split(" ", 1)
    auth = AWS4Auth(lab.access_key_id, lab.secret_access_key, domain.region, "es")
    reply = requests.request(
        method, domain.endpoint + path, json=step.get("body"), auth=auth, timeout=60,
        verify=lab.ca_bundle or True,
    )  # fmt: skip
    assert reply.ok or step.get("fails"), reply.text


def _aws(stage: Stage, step: Step) -> None:
    service, _, call = step["aws"].partition(".")
    region = step.get("region", "us-east-1")
    client = client_of(stage.lab, service, region)
    settings = step.get("with", {})
    if call == "create_bucket":
        stage.buckets.append((settings["Bucket"], region))
    getattr(client, call)(**{key: _text(key, value) for key, value in settings.items()})


def _text(key: str, value: Any) -> Any:
    """Policies are sent as JSON text."""
    return json.dumps(value) if key in {"Policy", "PolicyDocument", "AccessPolicies"} else value


def _remove_bucket(stage: Stage, name: str, region: str) -> None:
    s3 = client_of(stage.lab, "s3", region)
    for entry in s3.list_object_versions(Bucket=name).get("Versions", []):
        s3.delete_object(Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"])
    s3.delete_bucket(Bucket=name)


def _manners(stage: Stage, step: Step) -> None:
    _admin(stage, "PUT", f"/manners/{step['manners']}", step["with"])


def _rule(stage: Stage, step: Step) -> None:
    _admin(stage, "POST", "/rules", step["rule"])


def _automated(stage: Stage, step: Step) -> None:
    _admin(stage, "POST", f"/automated/{step['automated']}", step.get("with", {}))


def _admin(stage: Stage, method: str, path: str, body: Any) -> None:
    reply = requests.request(method, stage.lab.admin_url + path, json=body, timeout=60)
    assert reply.ok, reply.text


def _role(stage: Stage, step: Step) -> None:
    made = stage.identities.role(*step.get("may", []), trusts=step.get("trusted"))
    stage.words[step["role"]] = made


def _user(stage: Stage, step: Step) -> None:
    user = stage.identities.user(*step["user"])
    stage.environment |= {"AWS_ACCESS_KEY_ID": user.key, "AWS_SECRET_ACCESS_KEY": user.secret}
    stage.words["user"] = user.arn


def _key(stage: Stage, step: Step) -> None:
    kms = stage.identities.client("kms")
    policy = json.dumps({"Version": "2012-10-17", "Statement": step["policy"]})
    made = kms.create_key(Policy=policy)["KeyMetadata"]
    stage.words |= {step["key"]: made["Arn"], f"{step['key']}_id": made["KeyId"]}


def _environment(stage: Stage, step: Step) -> None:
    stage.environment |= step["environment"]


def _listen(stage: Stage, step: Step) -> None:
    stage.words[step["as"]] = stage.later.enter_context(listening(step["listen"]))


STEPS: dict[str, Callable[[Stage, Step], None]] = {
    "source": _to_engine("source"),
    "target": _to_engine("target"),
    "door": _through_the_door,
    "aws": _aws,
    "manners": _manners,
    "rule": _rule,
    "automated": _automated,
    "role": _role,
    "user": _user,
    "key": _key,
    "environment": _environment,
    "listen": _listen,
}


def _words(desk: Desk) -> dict[str, str]:
    lab = desk.lab
    folder = desk.folder / "folder"
    folder.mkdir(exist_ok=True)
    words = {
        "bucket": lab.bucket,
        "role": lab.role_arn,
        "folder": str(folder),
        "account": ACCOUNT,
        "closed_port": str(_closed_port()),
    }
    for side in ("source", "target"):
        domain = lab.domain(side)
        words[side] = domain.endpoint
        words[f"{side}_host"] = domain.host
        words[f"{side}_port"] = str(urlsplit(domain.endpoint).port)
    return words


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _orders(lab: LabDescription) -> None:
    engine(lab, "source", "PUT", "/orders", ORDERS)
    for number in range(3):
        engine(lab, "source", "PUT", f"/orders/_doc/{number}?refresh=true", {"n": number})


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
