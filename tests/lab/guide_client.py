"""The client steps of the AWS guide's page on snapshots, in its order and with its sample's own requests.

Plain `requests` and `requests_aws4auth`, as the sample client there; nothing of the product. `walk` works on
any lab: the engines may differ, and share a folder in place of S3.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests
from requests_aws4auth import AWS4Auth

from lab.description import LabDescription
from lab.engines.engine_client import EngineClient

REPOSITORY = "_snapshot/my-snapshot-repo-name"
SNAPSHOT = f"{REPOSITORY}/my-snapshot"
HELD = {"my-index": 3, "my-other-index": 2, ".kibana_1": 1}
IN_THE_SAMPLE = {"indices": "-.kibana*,-.opendistro_security", "include_global_state": False}
IN_THE_TEXT = {"indices": "-.kibana*,-.opendistro*", "include_global_state": False}
PATIENCE = 60.0  # seconds


class GuideClient:
    """The guide's sample client for one domain of the lab: `host`, `region` and `awsauth` are its variables.

    `key` is an access key and its secret; the lab's own user unless given.
    """

    def __init__(self, lab: LabDescription, side: str, key: tuple[str, str] | None = None) -> None:
        domain = lab.domain(side)
        self.host = f"{domain.endpoint}/"
        self.region = domain.region
        access_key, secret_key = key or (lab.access_key_id, lab.secret_access_key)
        self.awsauth = AWS4Auth(access_key, secret_key, self.region, "es")
        self._trusted = lab.ca_bundle or True
        self._settings = {"bucket": lab.bucket, "role_arn": lab.role_arn}

    def register(self, **settings: Any) -> requests.Response:
        """Register the repository: bucket, role, and these settings."""
        payload = {"type": "s3", "settings": self._settings | settings}
        return self.send("PUT", REPOSITORY, payload)

    def send(self, method: str, path: str, payload: Any = None) -> requests.Response:
        """A signed request as the sample sends it; without a payload there is no content type either."""
        headers = {"Content-Type": "application/json"} if payload is not None else {}
        return requests.request(
            method, self.host + path, auth=self.awsauth, json=payload, headers=headers, timeout=60,
            verify=self._trusted,
        )  # fmt: skip

    def said(self, method: str, path: str, payload: Any = None) -> Any:
        """The parsed reply to a request that must succeed."""
        reply = self.send(method, path, payload)
        assert reply.status_code in (200, 202), f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json()


def walk(lab: LabDescription, key: tuple[str, str] | None = None) -> None:
    """All steps, on the lab's two domains, which must be empty.

    The caller must be one who may do them: on domains with access control give the `key` of such a user.
    """
    source, target = GuideClient(lab, "source", key), GuideClient(lab, "target", key)
    _fill(lab, HELD)
    _register(source, lab.bucket_region)
    _take(source)
    _list(source)
    _restore_all_but_system(source, lab)
    _restore_one(source, lab)
    _migrate(target, lab)
    _delete_the_snapshot(source, target)


def _register(source: GuideClient, region: str) -> None:
    assert source.register(region=region).json() == {"acknowledged": True}
    assert list(source.said("GET", "_snapshot?pretty")) == ["my-snapshot-repo-name"]


def _take(source: GuideClient) -> None:
    """“You can't take a snapshot if one is currently in progress. To check …”"""
    assert source.said("GET", "_snapshot/_status") == {"snapshots": []}
    assert source.said("PUT", SNAPSHOT) == {"accepted": True}
    _wait(lambda: _snapshots(source) == [("my-snapshot", "SUCCESS")])


def _list(source: GuideClient) -> None:
    listed = source.send("GET", "_cat/snapshots/my-snapshot-repo-name?h=id,status")
    assert (listed.status_code, listed.text.split()) == (200, ["my-snapshot", "SUCCESS"])
    (snapshot,) = source.said("GET", SNAPSHOT)["snapshots"]
    assert set(HELD) <= set(snapshot["indices"])
    assert snapshot["shards"]["failed"] == 0


def _restore_all_but_system(source: GuideClient, lab: LabDescription) -> None:
    """“Restore snapshot (all indexes except Dashboards and fine-grained access control)”: refused as a whole
    while one of them is there."""
    kept = _identity(lab, ".kibana_1")
    assert source.said("DELETE", "my-index") == {"acknowledged": True}
    all_but_system = _all_but_system(source)
    refused = source.send("POST", f"{SNAPSHOT}/_restore", all_but_system)
    assert refused.status_code == 500, refused.text
    error = refused.json()["error"]
    assert error["type"] == "snapshot_restore_exception"
    assert "open index with same name already exists in the cluster" in error["reason"]
    assert _counts(lab, "source") == HELD | {"my-index": None}
    source.said("DELETE", "my-other-index")
    assert source.said("POST", f"{SNAPSHOT}/_restore", all_but_system) == {"accepted": True}
    _wait(lambda: _counts(lab, "source") == HELD)
    assert _identity(lab, ".kibana_1") == kept, "it was left out"


def _all_but_system(client: GuideClient) -> dict[str, Any]:
    """The guide writes the exclusion in two ways. The sample client's names `.opendistro_security`, and
    engines look for it in the snapshot: without access control it is not there, and the sample fails."""
    (snapshot,) = client.said("GET", SNAPSHOT)["snapshots"]
    if ".opendistro_security" in snapshot["indices"]:
        return IN_THE_SAMPLE
    refused = client.send("POST", f"{SNAPSHOT}/_restore", IN_THE_SAMPLE)
    assert (refused.status_code, refused.json()["error"]["type"]) == (404, "index_not_found_exception")
    return IN_THE_TEXT


def _restore_one(source: GuideClient, lab: LabDescription) -> None:
    kept = _identity(lab, "my-other-index")
    source.said("DELETE", "my-index")
    assert source.said("POST", f"{SNAPSHOT}/_restore", {"indices": "my-index"}) == {"accepted": True}
    _wait(lambda: _counts(lab, "source") == HELD)
    assert _identity(lab, "my-other-index") == kept


def _migrate(target: GuideClient, lab: LabDescription) -> None:
    """“Migrating data to a different domain”: readonly, and the endpoint where the Region is another one."""
    sentence = (
        f"The bucket is in this region: {lab.bucket_region}. Please use this region to retry the request"
    )
    form = {"region": lab.bucket_region}
    if target.region != lab.bucket_region:
        refused = target.register(readonly=True, **form)
        assert (refused.status_code, sentence in refused.text) == (500, True), refused.text
        form = {"endpoint": "s3.amazonaws.com"}
    assert target.register(readonly=True, **form).json() == {"acknowledged": True}
    assert _snapshots(target) == [("my-snapshot", "SUCCESS")]
    assert target.said("POST", f"{SNAPSHOT}/_restore", _all_but_system(target)) == {"accepted": True}
    _wait(lambda: _counts(lab, "target") == HELD | {".kibana_1": None})


def _delete_the_snapshot(source: GuideClient, target: GuideClient) -> None:
    refused = target.send("DELETE", SNAPSHOT)
    assert refused.status_code == 500
    assert "cannot delete snapshot from a readonly repository" in refused.json()["error"]["reason"]
    assert source.said("DELETE", SNAPSHOT) == {"acknowledged": True}
    assert _snapshots(source) == []


def _fill(lab: LabDescription, held: dict[str, int]) -> None:
    settings = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}
    with EngineClient(lab.source) as engine:
        for name, documents in held.items():
            engine.call("PUT", f"/{name}", settings)
            for number in range(documents):
                engine.call("PUT", f"/{name}/_doc/{number}", {"number": number}, refresh="true")


def _snapshots(client: GuideClient) -> list[tuple[str, str]]:
    listed = client.said("GET", f"{REPOSITORY}/_all?pretty")["snapshots"]
    return [(each["snapshot"], each["state"]) for each in listed]


def _counts(lab: LabDescription, side: str) -> dict[str, int | None]:
    """The documents that the engine holds by index: None where there is no index, or its shard is not up."""
    with EngineClient(lab.domain(side)) as engine:
        replies = {name: engine.call("GET", f"/{name}/_count", ok=(404, 503)) for name in HELD}
    return {name: reply.get("count") for name, reply in replies.items()}


def _identity(lab: LabDescription, name: str) -> str:
    with EngineClient(lab.source) as engine:
        return engine.call("GET", f"/{name}/_settings")[name]["settings"]["index"]["uuid"]


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
