"""An operation on a fake domain, and a fake engine with repositories and snapshots for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from configs.plan import DomainSettings
from runs.state import State
from tasks.operations.operation import Operation

from .building import NO_AUTH, UUIDS, Clock, a_domain
from .engine import FakeEngine, FakeIndex, snapshot_reply
from .fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, ok

RESTORE = "POST /_snapshot/.*/_restore"


def an_operation(fake: FakeDomain, state: Path, clock: Clock | None = None, **changes: Any) -> Operation:
    """An operation on a fake domain, which waits by its own clock."""
    settings = DomainSettings.model_validate({"endpoint": fake.endpoint, "auth": NO_AUTH})
    clock = clock or Clock(step=1.0)
    values: dict[str, Any] = {"cluster": UUIDS["source"], "settings": settings, "state": state}
    return Operation(domain=a_domain(fake), poll=clock.poll, **{**values, **changes})


@dataclass
class Repositories:
    """Registrations and snapshots of a fake engine, as it reads and changes them.

    Args:
        held: registrations by name.
        snapshots: entries by repository and name, as `GET _snapshot/…` lists them.
        running: entries of `_status`.
    """

    domain: FakeDomain
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    snapshots: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    running: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        on = self.domain.on
        on("GET /_snapshot", lambda _: ok(self.held))
        on("GET /_snapshot/[^_/][^/]*", self._registration)
        on("PUT /_snapshot/[^_/][^/]*", self._register)
        on("DELETE /_snapshot/[^_/][^/]*", self._unregister)
        on("POST /_snapshot/[^/]+/_verify", ok({"nodes": {"n": {"name": "node-1"}}}))
        on("GET /_snapshot/_status", lambda _: ok({"snapshots": self.running}))
        on("GET /_snapshot/[^_/][^/]*/[^/]+", self._listed)
        on("PUT /_snapshot/[^_/][^/]*/[^/]+", self._take)
        on("DELETE /_snapshot/[^_/][^/]*/[^/]+", self._delete)

    def put(self, repository: str, name: str, state: str = "SUCCESS", **changes: Any) -> dict[str, Any]:
        """Add a snapshot, later than all before."""
        self.held.setdefault(repository, {"type": "s3", "settings": {"bucket": "my-snapshots"}})
        started = 1_700_000_000_000 + 3_600_000 * len(self.snapshots)
        values = {"run": None, "uuid": f"uuid-{name}", "start_time_in_millis": started, **changes}
        (entry,) = snapshot_reply(name, state, values.pop("run"), **values)["snapshots"]
        self.snapshots[repository, name] = entry
        return entry

    def _registration(self, asked: ReceivedRequest) -> Reply:
        name = asked.path.split("/")[2]
        if name not in self.held:
            return engine_error(404, "repository_missing_exception", f"[{name}] missing")
        return ok({name: self.held[name]})

    def _register(self, asked: ReceivedRequest) -> Reply:
        self.held[asked.path.split("/")[2]] = asked.json
        return ok({"acknowledged": True})

    def _unregister(self, asked: ReceivedRequest) -> Reply:
        del self.held[asked.path.split("/")[2]]
        return ok({"acknowledged": True})

    def _listed(self, asked: ReceivedRequest) -> Reply:
        _, _, repository, names = asked.path.split("/")
        found = [e for (where, n), e in self.snapshots.items() if where == repository]
        if names != "_all":
            found = [each for each in found if each["snapshot"] in names.split(",")]
            if not found and "ignore_unavailable" not in asked.target:
                return engine_error(404, "snapshot_missing_exception", f"[{repository}:{names}] is missing")
        return ok({"snapshots": found})

    def _take(self, asked: ReceivedRequest) -> Reply:
        _, _, repository, name = asked.path.split("/")
        self.put(repository, name, indices=asked.json["indices"], metadata=asked.json["metadata"])
        return ok({"accepted": True})

    def _delete(self, asked: ReceivedRequest) -> Reply:
        _, _, repository, name = asked.path.split("/")
        del self.snapshots[repository, name]
        return ok({"acknowledged": True})


def restoring(engine: FakeEngine) -> None:
    """Let every restore succeed at once, under the names that it asks for."""

    def restore(asked: ReceivedRequest) -> Reply:
        _, _, repository, snapshot, _ = asked.path.split("/")
        for name in asked.json["indices"]:
            target = name
            if "rename_pattern" in asked.json:
                from .java import renamed

                target = renamed(name, asked.json["rename_pattern"], asked.json["rename_replacement"])
            engine.put(FakeIndex(target, f"restored-{target}", origin=f"{repository}/{snapshot}"))
        return ok({"accepted": True})

    engine.domain.on(RESTORE, restore)


def sent(fake: FakeDomain) -> list[str]:
    """Requests that may have changed something, in order."""
    reading = re.compile(r"_(search|msearch|count|mget)$")
    return [
        f"{each.method} {each.path}"
        for each in fake.requests
        if each.method not in {"GET", "HEAD"} and not reading.search(each.path)
    ]


def a_state(folder: Path, plan: str = "orders") -> State:
    """The state of one plan in this folder."""
    return State(folder, plan)
