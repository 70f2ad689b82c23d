"""The bare REST calls of a migration, as somebody would write them into a script: no product code.

`python -m benchmarks.bare FILE` registers the repository on both domains (with the fallback for a bucket in
another Region), takes a snapshot, restores it, and compares the number of documents of each index. FILE is a
JSON object: `source` and `target` (`endpoint`, `region`), `bucket`, `bucket_region`, `base_path`, `role_arn`,
`repository`, `snapshot` and `indices`. It believes what it is told, and repeats nothing.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import requests
from requests_aws4auth import AWS4Auth

_POLL_S = 0.1
_TIMEOUT_S = 60


class Domain:
    """Signed requests to one domain."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint = endpoint
        self._session = requests.Session()
        key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        self._session.auth = AWS4Auth(key, secret, region, "es")
        self._session.trust_env = False

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        """Send one request."""
        url = f"{self._endpoint}{path}"
        return self._session.request(method, url, json=body, params=query, timeout=_TIMEOUT_S)

    def answer(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Send one request that must succeed, and return its reply."""
        reply = self.call(method, path, body, **query)
        reply.raise_for_status()
        return reply.json()


def main(file: str) -> None:
    """Do the job of the file."""
    job = json.loads(Path(file).read_text(encoding="utf-8"))
    source, target = Domain(**job["source"]), Domain(**job["target"])
    repository, indices = f"/_snapshot/{job['repository']}", job["indices"]
    register(source, repository, job)
    register(target, repository, job, readonly=True)
    snapshot = f"{repository}/{job['snapshot']}"
    names = {"indices": ",".join(indices), "include_global_state": False}
    source.answer("PUT", snapshot, names, wait_for_completion="false")
    while (state := source.answer("GET", snapshot)["snapshots"][0]["state"]) == "IN_PROGRESS":
        time.sleep(_POLL_S)
    assert state == "SUCCESS", state
    target.answer("POST", f"{snapshot}/_restore", names, wait_for_completion="false")
    while not all_started(target, indices):
        time.sleep(_POLL_S)
    for name in indices:
        counts = [count(domain, name) for domain in (source, target)]
        assert counts[0] == counts[1], f"{name}: {counts}"


def register(domain: Domain, path: str, job: Any, **more: Any) -> None:
    """Register the bucket by its Region, or by S3's endpoint where the domain is in another one."""
    settings = {"bucket": job["bucket"], "base_path": job["base_path"], "role_arn": job["role_arn"], **more}
    reply = domain.call("PUT", path, {"type": "s3", "settings": {**settings, "region": job["bucket_region"]}})
    if reply.status_code != 200:
        domain.answer("PUT", path, {"type": "s3", "settings": {**settings, "endpoint": "s3.amazonaws.com"}})


def all_started(domain: Domain, indices: list[str]) -> bool:
    """Whether every primary of the restored indices has started."""
    reply = domain.call("GET", f"/_cluster/health/{','.join(indices)}", level="indices", timeout="0s")
    found = reply.json().get("indices", {})
    return all(found.get(name, {}).get("status") in ("yellow", "green") for name in indices)


def count(domain: Domain, name: str) -> int:
    """The index's documents, refreshed."""
    domain.answer("POST", f"/{name}/_refresh")
    return int(domain.answer("GET", f"/{name}/_count")["count"])


if __name__ == "__main__":
    main(sys.argv[1])
