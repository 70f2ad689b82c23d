"""Where the soak takes place: one lab, and a way back to the start of a run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from lab.description import LabDescription
from lab.engines.engine_client import EngineClient
from lab.reset import empty_bucket, empty_engine
from lab.state import state
from tests.soak.data import BYSTANDER, STREAM, Truth, fill_source, put_bystander, truth

REPOSITORY = "move"


@dataclass
class Scene:
    """A lab whose source is filled once, and what it really holds.

    Args:
        lab: its description; the engines' addresses change when they are restarted.
        folder: where runs keep their plans and state folders.
        kills: how often a command or an engine was killed.
    """

    lab: LabDescription
    folder: Path
    kills: int = 0
    filled: Truth = field(init=False)

    def prepare(self) -> None:
        """Fill the source of an empty lab."""
        fill_source(self.lab)
        self.filled = truth(self.lab, "source")

    def renew(self) -> None:
        """Reset the lab: a fresh target but for the bystander, no repository, an empty bucket, no faults."""
        self.ask("POST", "/reset")
        empty_engine(self.lab.target)
        with EngineClient(self.lab.source) as engine:
            for each in engine.call("GET", "/_snapshot/_status")["snapshots"]:
                engine.call("DELETE", f"/_snapshot/{each['repository']}/{each['snapshot']}", ok=(404,))
            engine.call("DELETE", f"/_snapshot/{REPOSITORY}", ok=(404,))
        empty_bucket(self.lab)
        put_bystander(self.lab)

    def install(self, plan: dict[str, Any]) -> None:
        """Let things go wrong from now on."""
        self.ask("PUT", "/faults", plan)

    def well(self) -> dict[str, Any]:
        """End all faults; return what the fault plan has done."""
        return self.ask("DELETE", "/faults")

    def kill(self, side: str) -> None:
        """kill -9 an engine."""
        self.ask("POST", f"/engines/{side}/kill")

    def start(self, side: str, engine: str | None = None) -> None:
        """Restart a killed engine, as another version if one is given; return when it answers."""
        started = self.ask("POST", f"/engines/{side}/start", {"engine": engine} if engine else None)
        self._follow(side, started["engine_url"])

    def _follow(self, side: str, url: str) -> None:
        domain = dataclasses.replace(self.lab.domain(side), engine_url=url)
        self.lab = dataclasses.replace(self.lab, **{side: domain})

    def node(self, side: str, action: str, number: int) -> None:
        """Kill or start one node of several, from 1."""
        url = self.ask("POST", f"/engines/{side}/{action}", {"node": number})["engine_url"]
        self._follow(side, url)

    def delete_half_stream(self) -> None:
        """Do what the command advises for a partly restored data stream: delete it on the target."""
        with EngineClient(self.lab.target) as engine:
            path = f"/_cat/indices/.ds-{STREAM}-*"
            rows = engine.call("GET", path, format="json", h="health", expand_wildcards="all")
            if any(row["health"] == "red" for row in rows):
                engine.call("DELETE", f"/_data_stream/{STREAM}")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Call the lab's own API."""
        reply = requests.request(method, self.lab.admin_url + path, json=body, timeout=240)
        assert reply.ok, reply.text
        return reply.json()

    def unconcerned(self) -> dict[str, Any]:
        """Everything that no run may change: all of the source's indices, and the target's bystander."""
        return {side: _unconcerned(state(self.lab, side), side) for side in ("source", "target")}

    def snapshots(self) -> dict[str, str]:
        """The states of the snapshots in the repository, by name, as the source has them."""
        with EngineClient(self.lab.source) as engine:
            reply = engine.call("GET", f"/_snapshot/{REPOSITORY}/_all", ok=(404,))
        return {each["snapshot"]: each["state"] for each in reply.get("snapshots", [])}


def _unconcerned(found: dict[str, Any], side: str) -> dict[str, Any]:
    kept = {key: value for key, value in found.items() if key not in ("repositories", "snapshots")}
    if side == "target":
        kept["indices"] = {BYSTANDER: found["indices"].get(BYSTANDER)}
        kept["data_streams"] = None
    return kept
