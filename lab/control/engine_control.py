"""Kill an engine's nodes and start them again while the lab is up.

Only the main thread may start a node (see `node.launch`), so other threads ask it to. The main thread also
saves the engine's new address, so that nothing is written while the lab ends.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Literal

from lab.description import LabDescription
from lab.door.exchange import Door
from lab.engines.artifacts import find_engine
from lab.engines.cluster import Cluster
from lab.engines.engine_files import ensure_engine
from lab.engines.java import choose_java
from lab.errors import LabError
from lab.progress import Silent

Action = Literal["kill", "start"]
PATIENCE = 200.0  # seconds


class NoSuchNode(LabError):
    """There is no such side, or the side has no such node."""


class NotInTime(LabError):
    """The main thread did not carry out a request in time."""


class EngineControl:
    """Requests of the admin API that the main thread carries out, each within `timeout_s` seconds."""

    def __init__(self, timeout_s: float = PATIENCE) -> None:
        self._timeout_s = timeout_s
        self._clusters: Mapping[str, Cluster] = {}
        self._doors: Mapping[str, Door] = {}
        self._description: LabDescription | None = None
        self._wanted: queue.Queue[tuple[Callable[[], None], Future[None]]] = queue.Queue()

    def manage(self, clusters: Mapping[str, Cluster], doors: Sequence[Door]) -> None:
        """Manage these clusters (by side) and their front doors."""
        self._clusters, self._doors = clusters, {door.side: door for door in doors}

    def describe(self, description: LabDescription) -> None:
        """Save the description in its home again when an engine's address changes; for the main thread."""
        self._description = description

    def upgrade(self, side: str, engine: str) -> None:
        """Let the side's killed engine start as this one (a name of artifacts.json) the next time.

        Raises:
            NoSuchNode: there is no such side.
            LabError: no such engine, or a node runs.
        """
        cluster = self._cluster(side, None)
        found = find_engine(engine)
        java = choose_java(found.java_minimum, found.java_maximum)
        cluster.upgrade(ensure_engine(found, java, False, Silent()), java)
        self._have_done(
            lambda: self._describe(side, engine=found.name, version=found.version, java=java.text)
        )

    def act(self, side: str, action: Action, node: int | None) -> None:
        """Kill (`kill -9`, data kept) or start nodes; return when they are gone, or answer again.

        `node` counts from 1; None is all nodes.

        Raises:
            NoSuchNode: there is no such side or node.
            NotInTime: not done in time; a request that had not begun is cancelled.
            LabError: a node did not start.
        """
        cluster = self._cluster(side, node)
        number = None if node is None else node - 1
        call = cluster.kill if action == "kill" else cluster.launch
        self._have_done(lambda: call(number))
        if action == "start":
            cluster.wait_ready()
        self._have_done(lambda: self._follow(side))

    def _cluster(self, side: str, node: int | None) -> Cluster:
        cluster = self._clusters.get(side)
        if cluster is None or (node is not None and not 1 <= node <= len(cluster.nodes)):
            said = f"There is no node {node or 'at all'} of {side!r}."
            raise NoSuchNode(said, "Name source or target, and a node from 1.")
        return cluster

    def url(self, side: str) -> str:
        """The address of this side's engine, or its last one if it was killed."""
        return self._doors[side].engine.url

    def work(self, seconds: float) -> None:
        """Carry out the next request, waiting for one up to the timeout; for the main thread. Errors go to
        the requester."""
        try:
            call, done = self._wanted.get(timeout=seconds)
        except queue.Empty:
            return
        if not done.set_running_or_notify_cancel():
            return
        try:
            call()
        except Exception as error:  # noqa: BLE001  one failed request must not end the lab
            said = f"The engine could not be killed or started: {error!r}."
            done.set_exception(LabError(said, "See the engine's log in the lab's home, then try again."))
        else:
            done.set_result(None)

    def _have_done(self, call: Callable[[], None]) -> None:
        """Let the main thread do this, and wait for it."""
        done: Future[None] = Future()
        self._wanted.put((call, done))
        try:
            done.result(self._timeout_s)
        except TimeoutError as error:
            what = "and was cancelled" if done.cancel() else "and may still be done"
            said = f"It was not done within {self._timeout_s:g} s, {what}."
            raise NotInTime(said, "Check the lab with `snapferry lab status`.") from error

    def _follow(self, side: str) -> None:
        """Adopt the engine's current address."""
        url, door = self._clusters[side].address(), self._doors[side]
        if url is None or url == door.engine.url:
            return
        door.engine.url = url
        self._describe(side, engine_url=url)

    def _describe(self, side: str, **changed: str) -> None:
        if self._description is not None:
            described = replace(self._description.domain(side), **changed)
            self._description = self._description.with_domain(side, described)
            self._description.save(Path(self._description.home))
