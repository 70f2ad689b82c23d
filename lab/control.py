"""Killing an engine's nodes and starting them again, while the lab is up.

A node must be started by the main thread (see `node.launch`), so others ask it to.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Literal

from lab.door.exchange import Door
from lab.engines.cluster import Cluster
from lab.errors import LabError

Action = Literal["kill", "start"]
PATIENCE = 200.0  # seconds


class EngineControl:
    """What the admin API asks, and what the main thread carries out."""

    def __init__(self) -> None:
        self._clusters: Mapping[str, Cluster] = {}
        self._doors: Mapping[str, Door] = {}
        self._wanted: queue.Queue[tuple[Callable[[], None], Future[None]]] = queue.Queue()

    def manage(self, clusters: Mapping[str, Cluster], doors: Sequence[Door]) -> None:
        """Take charge of these clusters (by side) and of the doors before them."""
        self._clusters, self._doors = clusters, {door.side: door for door in doors}

    def act(self, side: str, action: Action, node: int | None) -> None:
        """Kill (`kill -9`, data kept) or start nodes; returns when they are gone, or answer again.

        `node` counts from 1; None is all nodes.

        Raises:
            LabError: no such side or node, or a node did not start.
        """
        cluster = self._clusters.get(side)
        if cluster is None or (node is not None and not 1 <= node <= len(cluster.nodes)):
            raise LabError(f"There is no node {node or 'at all'} of {side!r}.")
        number = None if node is None else node - 1
        done: Future[None] = Future()
        call = cluster.kill if action == "kill" else cluster.launch
        self._wanted.put((lambda: call(number), done))
        done.result(PATIENCE)
        if action == "start":
            cluster.wait_ready()
        self._doors[side].engine.url = cluster.address() or self._doors[side].engine.url

    def url(self, side: str) -> str:
        """Where the engine of this side answers, or did before it was killed."""
        return self._doors[side].engine.url

    def work(self, seconds: float) -> None:
        """Carry out what was asked, waiting up to so long for something; for the main thread."""
        try:
            call, done = self._wanted.get(timeout=seconds)
        except queue.Empty:
            return
        try:
            call()
        except OSError as error:
            done.set_exception(LabError(f"The engine could not be started: {error}."))
        else:
            done.set_result(None)
