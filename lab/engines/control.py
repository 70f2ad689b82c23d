"""Killing an engine's nodes and starting them again, while the lab is up.

A node must be started by the main thread (see `node.launch`), so others ask it to. What follows from it, the
engine's new address, is written down by the main thread too, so that nothing is written while the lab ends.
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
from lab.engines.cluster import Cluster
from lab.errors import LabError

Action = Literal["kill", "start"]
PATIENCE = 200.0  # seconds


class NoSuchNode(LabError):
    """The lab has no such side, or the side no such node."""


class NotInTime(LabError):
    """The main thread has not done in time what it was asked for."""


class EngineControl:
    """What the admin API asks, and what the main thread carries out; `patience` is in seconds."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._clusters: Mapping[str, Cluster] = {}
        self._doors: Mapping[str, Door] = {}
        self._description: LabDescription | None = None
        self._wanted: queue.Queue[tuple[Callable[[], None], Future[None]]] = queue.Queue()

    def manage(self, clusters: Mapping[str, Cluster], doors: Sequence[Door]) -> None:
        """Take charge of these clusters (by side) and of the doors before them."""
        self._clusters, self._doors = clusters, {door.side: door for door in doors}

    def describe(self, description: LabDescription) -> None:
        """Save the description anew in its home whenever an engine has moved; for the main thread."""
        self._description = description

    def act(self, side: str, action: Action, node: int | None) -> None:
        """Kill (`kill -9`, data kept) or start nodes; returns when they are gone, or answer again.

        `node` counts from 1; None is all nodes.

        Raises:
            NoSuchNode: there is no such side or node.
            NotInTime: it was not done in time; what had not begun is not done later either.
            LabError: a node did not start.
        """
        cluster = self._clusters.get(side)
        if cluster is None or (node is not None and not 1 <= node <= len(cluster.nodes)):
            raise NoSuchNode(f"There is no node {node or 'at all'} of {side!r}.")
        number = None if node is None else node - 1
        call = cluster.kill if action == "kill" else cluster.launch
        self._have_done(lambda: call(number))
        if action == "start":
            cluster.wait_ready()
        self._have_done(lambda: self._follow(side))

    def url(self, side: str) -> str:
        """Where the engine of this side answers, or did before it was killed."""
        return self._doors[side].engine.url

    def work(self, seconds: float) -> None:
        """Carry out what was asked, waiting up to so long for something; for the main thread. What goes wrong
        is told to whoever asked."""
        try:
            call, done = self._wanted.get(timeout=seconds)
        except queue.Empty:
            return
        if not done.set_running_or_notify_cancel():
            return
        try:
            call()
        except Exception as error:  # noqa: BLE001  the lab goes on, whatever one request met
            done.set_exception(LabError(f"The engine could not be killed or started: {error!r}."))
        else:
            done.set_result(None)

    def _have_done(self, call: Callable[[], None]) -> None:
        """Have the main thread do this, and wait for it."""
        done: Future[None] = Future()
        self._wanted.put((call, done))
        try:
            done.result(self._patience)
        except TimeoutError as error:
            what = "and will not be done" if done.cancel() else "and may be done yet"
            raise NotInTime(f"It was not done within {self._patience:g} s, {what}.") from error

    def _follow(self, side: str) -> None:
        """Take over the address that the engine has now."""
        url, door = self._clusters[side].address(), self._doors[side]
        if url is None or url == door.engine.url:
            return
        door.engine.url = url
        if self._description is not None:
            moved = replace(self._description.domain(side), engine_url=url)
            self._description = self._description.with_domain(side, moved)
            self._description.save(Path(self._description.home))
