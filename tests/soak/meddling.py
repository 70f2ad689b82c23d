"""Somebody who works on the domains, or takes something away from them, while the command moves indices."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from requests_aws4auth import AWS4Auth

from lab.engines.engine_client import EngineClient
from tests.lab.migrations import Desk, engine, log, log_size
from tests.soak.scene import REPOSITORY, Scene

NAMES = ("first", "second", "third")
DOCUMENTS = 300
REPOSITORY_PATH = f"/_snapshot/{REPOSITORY}"
THEIRS = "theirs"
"""How names of others begin, and where they register the repository."""
PATIENCE_S = 240.0
SLOW = {"max_snapshot_bytes_per_sec": "300kb", "max_restore_bytes_per_sec": "300kb"}


@dataclass
class Meddler:
    """Who meddles, and with what.

    Args:
        plan: what the plan adds to the lab's move.
        process: the command that works meanwhile.
        began: the sizes of the request logs before it.
        role: the repository's role, if the day has one of its own.
        error: why it could not meddle.
    """

    scene: Scene
    desk: Desk
    plan: Mapping[str, Any]
    process: subprocess.Popen[str] | None = None
    began: dict[str, int] = field(default_factory=dict[str, int])
    role: str = ""
    error: Exception | None = None

    def write(self, **changes: Any) -> None:
        """Write the plan, with a repository that takes its time; `changes` are for this day."""
        repository = {"settings": SLOW, **changes.pop("repository", {})}
        self.desk.write(**self.plan, repository=repository, **changes)

    def meddle(self, act: Callable[[Meddler], None]) -> None:
        """Do this beside the command; an error is kept for later."""
        try:
            act(self)
        except Exception as error:  # noqa: BLE001  told in the row of the day
            self.error = error

    def when(self, seen: Callable[[], bool]) -> None:
        """Wait until something is seen."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._seen(seen):
            assert self.process and self.process.poll() is None, "the command ended before its moment came"
            assert time.monotonic() < deadline, "the moment did not come"
            time.sleep(0.03)

    def _seen(self, seen: Callable[[], bool]) -> bool:
        with suppress(requests.RequestException, AssertionError, IndexError, OSError, ValueError):
            return seen()
        return False

    def when_asked(self, side: str, method: str, path: str) -> None:
        """Wait until the command has sent such a request; `path` is how it begins."""
        self.when(
            lambda: any(
                entry["method"] == method and entry["path"].startswith(path)
                for entry in log(self.desk.lab, side, self.began[side])
            )
        )

    def when_intended(self, action: str) -> None:
        """Wait until the command's journal says that it is about to do this."""
        self.when(lambda: any(each["action"] == action for each in self.desk.journal()["intents"]))

    def when_snapshot_runs(self) -> str:
        """Wait until the command's snapshot is being taken; return its name."""
        names: list[str] = []

        def seen() -> bool:
            running = self.engine("source", "GET", f"{REPOSITORY_PATH}/_status")["snapshots"]
            names.extend(each["snapshot"] for each in running)
            return bool(running) and any(each["shards_stats"]["started"] for each in running)

        self.when(seen)
        return names[-1]

    def when_restore_runs(self) -> None:
        """Wait until the target fetches shards."""

        def seen() -> bool:
            found = self.engine("target", "GET", "/_recovery?active_only=true")
            return any(index["shards"] for index in found.values())

        self.when(seen)

    def engine(self, side: str, method: str, path: str, body: Any = None) -> Any:
        """A request to an engine as its operator; its address may have changed meanwhile."""
        return engine(self.scene.lab, side, method, path, body)

    def tried(self, side: str, method: str, path: str) -> Any:
        """What an engine answers its operator, whatever that is."""
        domain = self.scene.lab.domain(side)
        return requests.request(method, domain.engine_url + path, headers=domain.operator, timeout=60).json()

    def newest_snapshot(self) -> str:
        """The name of the newest snapshot in the command's repository."""
        return self.engine("source", "GET", f"{REPOSITORY_PATH}/_all")["snapshots"][-1]["snapshot"]

    def snapshot_is_done(self, name: str) -> bool:
        """Whether it has been taken."""
        found = self.engine("source", "GET", f"{REPOSITORY_PATH}/{name}")["snapshots"]
        return found[0]["state"] == "SUCCESS"

    def asked(self, side: str, method: str, path: str, body: Any = None) -> Any:
        """A request of a colleague, through the domain's front door: it shows its own registrations alone."""
        lab = self.scene.lab
        domain, (key, secret) = lab.domain(side), lab.key(side)
        auth = AWS4Auth(key, secret, domain.region, "es")
        reply = requests.request(method, domain.endpoint + path, json=body, auth=auth, timeout=60)
        assert reply.ok, reply.text
        return reply.json()

    def registered(self, side: str, **settings: Any) -> None:
        """Register the command's repository again, with other settings."""
        found = self.asked(side, "GET", REPOSITORY_PATH)[REPOSITORY]
        found["settings"].update(settings)
        self.asked(side, "PUT", f"{REPOSITORY_PATH}?verify=false", found)

    def unregistered(self, side: str) -> None:
        """Remove that registration; it must be as its owner has made it."""
        found = self.asked(side, "GET", REPOSITORY_PATH)[REPOSITORY]
        assert found["settings"]["base_path"] == THEIRS, found
        self.asked(side, "DELETE", REPOSITORY_PATH)

    def setting(self, side: str, **settings: Any) -> None:
        """Change transient settings of a cluster; in their names, `__` stands for a dot."""
        body = {"transient": {f"cluster.{k.replace('__', '.')}": v for k, v in settings.items()}}
        self.engine(side, "PUT", "/_cluster/settings", body)

    def ill(self, *faults: dict[str, Any], s3: tuple[dict[str, Any], ...] = ()) -> None:
        """Let every request to a domain meet one of these faults, and every one to S3 one of the others."""
        classes = [{"name": "all", "method": None, "path": ".*", "rate": 1.0, "faults": list(faults)}]
        self.scene.install(
            {
                "seed": 1,
                "classes": classes if faults else [],
                "s3": {"rate": 1.0, "faults": list(s3)} if s3 else None,
            }
        )

    def well(self) -> None:
        """End all faults."""
        self.scene.well()

    def restart(self, side: str, down_s: float, engine: str | None = None) -> None:
        """Kill an engine; after so many seconds start it again, as another version if one is given."""
        self.scene.kill(side)
        time.sleep(down_s)
        self.scene.start(side, engine)


def fill(scene: Scene) -> None:
    """Three indices of about a megabyte each, with an alias, on an empty lab."""
    with EngineClient(scene.lab.source) as raw:
        for name in NAMES:
            settings = {"number_of_replicas": 0, "number_of_shards": 2}
            raw.call("PUT", f"/{name}", {"settings": settings, "mappings": {"enabled": False}})
            raw.bulk(_documents(name))
            raw.call("POST", "/_aliases", {"actions": [{"add": {"index": name, "alias": "all-three"}}]})
        raw.call("POST", "/_refresh")


def _documents(name: str) -> Any:
    letters = random.Random(name)
    for number in range(DOCUMENTS):
        noise = "".join(letters.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=3000))
        yield {"index": {"_index": name, "_id": str(number)}}, {"n": number, "text": noise}


def sizes(desk: Desk) -> dict[str, int]:
    """The sizes of both request logs."""
    return {side: log_size(desk.lab, side) for side in ("source", "target")}


def resolver_fails(folder: Path) -> Path:
    """The file that makes names have no address while it exists (`tests.soak.nameless`)."""
    return folder / "no-names"
