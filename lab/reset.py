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
from lab.engines.engine_client import UNKNOWN, EngineClient
from lab.errors import LabError
from lab.paths import SHARED

GIVE_UP = 60.0  # seconds
ALL = "open,closed,hidden"
PROTECTED = ".opendistro_security"


def reset(description: LabDescription) -> None:
    """Return both domains and the bucket to the state of a new lab; request logs continue.

    Aborts running snapshots and restores, and drops rules.

    Raises:
        LabError: an engine does not answer, or something cannot be removed within a minute.
    """
    again = httpx.HTTPTransport(retries=4)  # on a busy machine a new lab's admin API may listen a moment late
    with httpx.Client(transport=again, timeout=30, trust_env=False) as client:
        client.post(f"{description.admin_url}/reset").raise_for_status()
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
                _abort_snapshots(engine)
                _remove_indices(engine)
                _remove_rest(engine)
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


def _abort_snapshots(engine: EngineClient) -> None:
    for each in engine.call("GET", "/_snapshot/_status")["snapshots"]:
        engine.call("DELETE", f"/_snapshot/{each['repository']}/{each['snapshot']}", ok=(404,))


def _remove_indices(engine: EngineClient) -> None:
    """Delete all indices, which also ends running restores."""
    if engine.call("GET", "/_data_stream", ok=UNKNOWN).get("data_streams"):
        engine.call("DELETE", "/_data_stream/*")
    listed = engine.call("GET", "/_cat/indices", format="json", h="index", expand_wildcards=ALL)
    names = [row["index"] for row in listed]
    if PROTECTED not in names:
        engine.call("DELETE", "/*", expand_wildcards=ALL)
        return
    for name in names:
        if name != PROTECTED:
            engine.call("DELETE", f"/{quote(name, safe='')}", ok=(404,))


def _remove_rest(engine: EngineClient) -> None:
    removable = {
        "index_templates": "/_index_template", "component_templates": "/_component_template",
    }  # fmt: skip
    for kind, path in removable.items():
        if engine.call("GET", path, ok=UNKNOWN).get(kind):
            engine.call("DELETE", f"{path}/*", ok=(404,))
    for path in ("/_template", "/_ingest/pipeline", "/_search/pipeline", "/_snapshot"):
        if _holds(engine.call("GET", path, ok=UNKNOWN)):
            engine.call("DELETE", f"{path}/*", ok=(404,))
    _remove_settings(engine)


def _holds(reply: dict[str, Any]) -> bool:
    """Whether a listing has entries; an engine without the API has none."""
    return bool(reply) and "error" not in reply


def _remove_settings(engine: EngineClient) -> None:
    found = engine.call("GET", "/_cluster/settings", flat_settings="true")
    nothing = {scope: dict.fromkeys(found[scope]) for scope in ("persistent", "transient") if found[scope]}
    if nothing:
        engine.call("PUT", "/_cluster/settings", nothing)
