"""One domain's engine: a node or a cluster of nodes, which can be killed and restarted."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab.engines import node, security
from lab.engines.configuration import alone, member
from lab.engines.engine_files import EngineTree
from lab.engines.java import Java
from lab.engines.node_spec import NodeSpec
from lab.errors import LabError
from lab.paths import SHARED
from lab.settings import DomainSettings, LabSettings
from lab.sockets import hold

Started = Callable[[str, int], object]


@dataclass
class Node:
    """A node and its process; None before the start and after a kill."""

    spec: NodeSpec
    process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is running."""
        return self.process is not None and self.process.poll() is None


@dataclass
class Cluster:
    """The nodes of one domain, data nodes first. `started` receives each process (name, id); `held` reserves
    their ports."""

    name: str
    nodes: list[Node]
    started: Started = field(repr=False, default=lambda name, pid: None)
    held: Sequence[socket.socket] = field(repr=False, default=())

    def launch(self, number: int | None = None) -> None:
        """Start the node with this number (from 0), or all that are down; return at once.

        Must be called from a thread that lives as long as the lab (see `node.launch`).
        """
        for each in self._chosen(number):
            if not each.running:
                each.process = node.launch(each.spec)
                self.started(f"engine {each.spec.name}", each.process.pid)

    def wait_ready(self, stopping: Callable[[], bool] = lambda: False) -> str:
        """Wait until all started nodes answer; return the first one's address.

        Raises:
            LabError: a node died or took too long, no node was started, or `stopping` became true.
        """
        started = [(each.spec, each.process) for each in self.nodes]
        ready = [node.wait_ready(spec, process, stopping) for spec, process in started if process is not None]
        if not ready:
            raise LabError(f"No node of {self.name} runs.", "Start one first.")
        return ready[0]

    def kill(self, number: int | None = None) -> None:
        """Kill the node with this number, or all, and wait until they are gone; the data stays."""
        for each in self._chosen(number):
            if each.process is not None:
                each.process.kill()
                each.process.wait()
            each.process = None

    def upgrade(self, tree: EngineTree, java: Java) -> None:
        """Let the killed nodes start as another version of the engine, on their data.

        Raises:
            LabError: a node runs, or the domain has access control, whose files are the version's.
        """
        if any(each.running or each.spec.secured for each in self.nodes):
            raise LabError(
                f"{self.name} cannot be upgraded.", "Kill it first; one with access control stays."
            )
        for each in self.nodes:
            each.spec = replace(each.spec, tree=tree, java=java)
            node.configure(each.spec)

    def address(self) -> str | None:
        """The address of the first running node, or None if none answers."""
        running = (node.address(each.spec) for each in self.nodes if each.running)
        return next((found for found in running if found), None)

    def fallen(self) -> LabError | None:
        """The error of a node that ended unexpectedly, or None."""
        for each in self.nodes:
            if each.process is not None and not each.running:
                code = each.process.returncode
                return LabError(
                    f"The engine of {self.name} ended (exit status {code}).", node.tail(each.spec)
                )
        return None

    def _chosen(self, number: int | None) -> list[Node]:
        return self.nodes if number is None else [self.nodes[number]]


def build(
    home: Path,
    settings: LabSettings,
    domain: DomainSettings,
    tree: EngineTree,
    java: Java,
    s3_url: str,
    started: Started,
) -> Cluster:
    """Prepare the folders of the domain's nodes; start nothing.

    An earlier lab's data in them is lost.
    """
    shared = home / SHARED
    shared.mkdir(parents=True, exist_ok=True)
    held = [hold() for _ in range(domain.nodes)] if domain.nodes > 1 else []
    common = NodeSpec(
        domain.name, domain.name, home / domain.name, tree, java, settings.heap_mb, settings.java_options,
        s3_url, shared, domain.access_control,
    )  # fmt: skip
    specs = _specs(common, _discovery(domain, tree.engine.product, [port for _, port in held]))
    _prepare(specs, "source" if domain == settings.source else "target", domain.account)
    return Cluster(domain.name, [Node(spec) for spec in specs], started, [sock for sock, _ in held])


def _specs(common: NodeSpec, own: Sequence[Mapping[str, object]]) -> list[NodeSpec]:
    """The specifications of the nodes: common settings and each node's own."""
    extra = security.node_settings() if common.secured else {}
    return [
        replace(
            common, name=f"{common.cluster}-{number}", home=common.home / str(number),
            settings=tuple({**settings, **extra}.items()),
        )
        for number, settings in enumerate(own, 1)
    ]  # fmt: skip


def _prepare(specs: list[NodeSpec], side: security.Side, account: str) -> None:
    certificates = security.certificates() if specs[0].secured else None
    for spec in specs:
        node.prepare(spec)
        if certificates is not None:
            security.write(spec.config, spec.tree, certificates, side, account)


def _discovery(domain: DomainSettings, product: str, ports: Sequence[int]) -> list[Mapping[str, object]]:
    """Each node's discovery settings for these ports; empty for a single node."""
    if not ports:
        return [alone()]
    names = [f"{domain.name}-{number}" for number in range(1, len(ports) + 1)]
    addresses = [f"127.0.0.1:{port}" for port in ports]
    eligible = max(domain.managers, 1)
    return [
        member(product, number < domain.data_nodes, number < eligible, names[:eligible], addresses, port)
        for number, port in enumerate(ports)
    ]
