"""Builders of the inputs of steps: plans, domains, catalogs, migrations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from configs.plan import Plan
from domains.domain import Domain, Side
from domains.engine.catalog import Alias, Catalog, Index, Stream
from domains.http.connection import Connection
from runs.begun_plan import plan_record
from runs.journal import Journal, now
from runs.progress import Poll
from runs.state import State
from tasks.migration import Consents, Migration
from tasks.planning.saved_plan import seal
from tasks.records.plan_document import PlanDocument
from tasks.records.resolution import ClusterRecord, Resolution, SelectedIndex, Unit
from tasks.records.transfer import SnapshotRecord

from .fake_domain import FakeDomain

NO_AUTH = {"type": "none"}
UUIDS = {"source": "SourceClusterUuid", "target": "TargetClusterUuid"}


def a_plan(**changes: Any) -> Plan:
    """A valid plan between two unsecured clusters."""
    values: dict[str, Any] = {
        "name": "orders",
        "source": {"endpoint": "http://127.0.0.1:1", "auth": NO_AUTH},
        "target": {"endpoint": "http://127.0.0.1:2", "auth": NO_AUTH},
        "repository": {"name": "repo", "bucket": "my-snapshots", "region": "us-east-1"},
    }
    return Plan.model_validate({**values, **changes})


def a_plan_between(source: FakeDomain, target: FakeDomain, **changes: Any) -> Plan:
    """A valid plan between two fake domains."""
    sides = {"source": source, "target": target}
    places = {side: {"endpoint": fake.endpoint, "auth": NO_AUTH} for side, fake in sides.items()}
    return a_plan(**{**places, **changes})


def a_domain(fake: FakeDomain, side: Side = "source", auth: Any = None, **changes: Any) -> Domain:
    """A fake domain, opened as a Domain."""
    signed = changes.pop("signed", False)
    connection = Connection(side, fake.endpoint, auth, **changes)
    region = "us-east-1" if side == "source" else "eu-west-1"
    return Domain(side, fake.endpoint, region, signed, connection, _session(region))


@cache
def _session(region: str) -> boto3.Session:
    return boto3.Session(region_name=region)


@dataclass
class Clock:
    """A clock that advances only by sleeping.

    Args:
        pauses: seconds of each sleep.
        step: minimum seconds of a sleep, so that a long wait takes few polls.
    """

    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)
    step: float = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance at once."""
        slept = max(seconds, self.step)
        self.pauses.append(slept)
        self.now += slept

    def poll(self, limit_s: float | None) -> Poll:
        """A long wait by this clock."""
        return Poll(limit_s, sleep=self.sleep, clock=self)


def a_journal(folder: Path, plan: Plan) -> Journal:
    """The journal of a new run."""
    return State(folder, plan.name).begin(plan, "migrate")


def a_migration(
    folder: Path,
    source: FakeDomain,
    target: FakeDomain,
    *,
    clock: Clock | None = None,
    consents: Consents | None = None,
    signed: bool = False,
    **plan: Any,
) -> Migration:
    """A migration between two fake domains, with its own clock."""
    made = a_plan(**plan)
    clock = clock or Clock()
    return Migration(
        made,
        a_domain(source, "source", signed=signed),
        a_domain(target, "target", signed=signed),
        a_journal(folder, made),
        consents or Consents(),
        poll=clock.poll,
    )


def an_index(name: str, **changes: Any) -> Index:
    """An index of a catalog. `aliases` may be names."""
    aliases = changes.pop("aliases", ())
    values: dict[str, Any] = {
        "uuid": f"uuid-{name}",
        "open": True,
        "shards": 1,
        "replicas": 1,
        "documents": 10,
        "bytes": 1000,
        "created_id": 136408327,
        **changes,
    }
    if not values["open"]:
        values |= {"documents": None, "bytes": None}
    found = tuple(a if isinstance(a, Alias) else Alias(a, None, False) for a in aliases)
    return Index(name=name, aliases=found, **values)


def a_catalog(*indices: Index | str, streams: dict[str, list[str]] | None = None) -> Catalog:
    """A catalog; missing backing indices of streams are added."""
    known = {index.name: index for index in (an_index(i) if isinstance(i, str) else i for i in indices)}
    for stream, backing in (streams or {}).items():
        for name in backing:
            known[name] = replace(known.get(name) or an_index(name), stream=stream)
    made = {name: Stream(name, tuple(backing)) for name, backing in (streams or {}).items()}
    return Catalog(dict(sorted(known.items())), made)


def selected(name: str, **changes: Any) -> SelectedIndex:
    """A selected index."""
    values: dict[str, Any] = {
        "target": name,
        "uuid": f"uuid-{name}",
        "open": True,
        "shards": 1,
        "replicas": 1,
        "bytes": 1000,
        "documents": 10,
        "created": "OpenSearch 2.19.4",
        **changes,
    }
    return SelectedIndex(name=name, **values)


def a_unit(name: str, *indices: SelectedIndex, **changes: Any) -> Unit:
    """A unit of a migration: a single index, or with `is_stream` a data stream's backing indices."""
    target = changes.pop("target", name)
    members = indices or (selected(name, target=target),)
    return Unit(name=name, target=target, indices=members, **{"is_stream": False, **changes})


def a_stream_unit(name: str, *backing: str, **changes: Any) -> Unit:
    """The unit of a data stream."""
    return a_unit(name, *(selected(b, stream=name) for b in backing), is_stream=True, **changes)


def a_cluster(side: str) -> ClusterRecord:
    """A cluster's identity record."""
    return ClusterRecord(
        endpoint=f"https://{side}.example",
        region="us-east-1",
        cluster_uuid=UUIDS[side],
        cluster_name=f"123456789012:{side}",
        version="OpenSearch 3.6.0",
    )


def a_resolution(*units: Unit, snapshot: str = "snap", **changes: Any) -> Resolution:
    """A migration's resolution."""
    values: dict[str, Any] = {
        "source": a_cluster("source"),
        "target": a_cluster("target"),
        "left_out": (),
        "repository": "repo",
        **changes,
    }
    return Resolution(units=units, snapshot=snapshot, **values)


def a_snapshot(name: str = "snap", **changes: Any) -> SnapshotRecord:
    """The record of a complete snapshot."""
    values: dict[str, Any] = {
        "repository": "repo",
        "uuid": "snapshot-uuid",
        "state": "SUCCESS",
        "indices": 1,
        "shards_total": 1,
        "shards_failed": 0,
        "started": "2026-01-01T00:00:00Z",
        "ended": "2026-01-01T00:01:00Z",
        "adopted": False,
        "existing": False,
        "bytes_written": 1000,
        **changes,
    }
    return SnapshotRecord(name=name, **values)


def identity_reply(
    side: str, number: str = "3.6.0", distribution: str | None = "opensearch"
) -> dict[str, Any]:
    """The reply to `GET /`."""
    version = {"number": number, **({"distribution": distribution} if distribution else {})}
    return {"name": "node", "cluster_name": f"123:{side}", "cluster_uuid": UUIDS[side], "version": version}


def a_document(resolution: Resolution, plan: Plan | None = None, **changes: Any) -> PlanDocument:
    """The sealed plan document of a migration with this resolution."""
    made = plan or a_plan()
    values: dict[str, Any] = {
        "name": made.name,
        "made": now(),
        "run_id": "20261124-101010000-abcd",
        "changes": 0,
        "resolution": resolution,
        "forms": {"source": ("region", "endpoint"), "target": ("region", "endpoint")},
        "batches": (tuple(unit.name for unit in resolution.moving),),
        "requests": (),
        "consents": (),
        "mappings": {index.name: f"mapping-{index.name}" for index in resolution.indices},
        "settings": {index.name: f"settings-{index.name}" for index in resolution.indices},
        "aliases": {index.name: f"aliases-{index.name}" for index in resolution.indices},
        "plan": plan_record(made),
    }
    return seal(PlanDocument(**{**values, **changes}))
