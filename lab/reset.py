"""Reset a lab without a restart: both engines, the bucket, the rules."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from lab.description import DomainDescription, LabDescription
from lab.engines.engine_client import EngineClient
from lab.errors import LabError
from lab.paths import SHARED

GIVE_UP = 60.0  # seconds
ALL = "open,closed,hidden"
PROTECTED = ".opendistro_security"
REMOVABLE = {
    ("index_template", "index_template"): "/_index_template",
    ("component_template", "component_template"): "/_component_template",
    ("templates", None): "/_template",
    ("ingest", "pipeline"): "/_ingest/pipeline",
    ("search_pipeline", "pipeline"): "/_search/pipeline",
    ("repositories", None): "/_snapshot",
}
"""Where the cluster state shows what a user can create, beside indices and data streams, and its API.

One look at the state instead of one a kind: tests reset a lab hundreds of times."""
SHOWN = ",".join(
    ("snapshots.snapshots", "metadata.indices.*.state", "metadata.data_stream",
     *(f"metadata.{kind}" for kind, _ in REMOVABLE))
)  # fmt: skip


def reset(description: LabDescription) -> None:
    """Return both domains and the bucket to the state of a new lab; request logs continue.

    Aborts running snapshots and restores, and drops rules.

    Raises:
        LabError: an engine does not answer, or something cannot be removed within a minute.
    """
    # Without TLS there is nothing to verify, and reading the authorities takes longer than the request.
    httpx.post(f"{description.admin_url}/reset", timeout=30, trust_env=False, verify=False).raise_for_status()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(empty_engine, (description.source, description.target)))
    empty_bucket(description)


def empty_engine(domain: DomainDescription) -> None:
    """Remove everything that a user can create on the domain's engine.

    Raises:
        LabError: as in `reset`.
    """
    deadline = time.monotonic() + GIVE_UP
    with EngineClient(domain) as engine:
        while True:
            try:
                state = engine.call("GET", "/_cluster/state/metadata,customs", filter_path=SHOWN)
                metadata = state.get("metadata", {})
                _abort_snapshots(engine, state)
                _remove_indices(engine, metadata)
                _remove_rest(engine, metadata)
                return
            except LabError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


def empty_bucket(description: LabDescription) -> None:
    """Delete every object in the lab's bucket, and its counterpart in the shared folder."""
    shared = Path(description.home) / SHARED
    for child in shared.iterdir():
        shutil.rmtree(child)
    user = description.access_key_id, description.secret_access_key
    s3 = _s3(description.control_url, *user, description.bucket_region)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=description.bucket):
        keys = [{"Key": each["Key"]} for each in page.get("Contents", [])]
        if keys:
            s3.delete_objects(Bucket=description.bucket, Delete={"Objects": keys, "Quiet": True})


@cache
def _s3(url: str, key: str, secret: str, region: str) -> Any:
    """A client of the lab's S3; it takes longer to build than to empty a bucket."""
    import boto3

    session = boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=region)
    client: Any = session.client("s3", endpoint_url=url)
    return client


def _abort_snapshots(engine: EngineClient, state: dict[str, Any]) -> None:
    for each in state.get("snapshots", {}).get("snapshots", ()):
        engine.call("DELETE", f"/_snapshot/{each['repository']}/{each['snapshot']}", ok=(404,))


def _remove_indices(engine: EngineClient, metadata: dict[str, Any]) -> None:
    """Delete all indices, which also ends running restores."""
    if metadata.get("data_stream", {}).get("data_stream"):
        engine.call("DELETE", "/_data_stream/*")
    names = metadata.get("indices", {})
    if PROTECTED not in names:
        engine.call("DELETE", "/*", expand_wildcards=ALL)
        return
    for name in names:
        if name != PROTECTED:
            engine.call("DELETE", f"/{quote(name, safe='')}", ok=(404,))


def _remove_rest(engine: EngineClient, metadata: dict[str, Any]) -> None:
    for (kind, inner), path in REMOVABLE.items():
        held = metadata.get(kind, {})
        if held.get(inner) if inner else held:
            engine.call("DELETE", f"{path}/*", ok=(404,))
    _remove_settings(engine)


def _remove_settings(engine: EngineClient) -> None:
    found = engine.call("GET", "/_cluster/settings", flat_settings="true")
    nothing = {scope: dict.fromkeys(found[scope]) for scope in ("persistent", "transient") if found[scope]}
    if nothing:
        engine.call("PUT", "/_cluster/settings", nothing)
