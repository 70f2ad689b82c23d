"""A lab from within: engines killed and started on request, and what a home keeps for the next lab."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from starlette.applications import Starlette
from support.descriptions import described
from support.small_lab import SmallLab

from lab import manager
from lab.control.engine_control import EngineControl
from lab.control.engine_control_api import engine_routes
from lab.description import LabDescription, load_description
from lab.engines.artifacts import engines
from lab.engines.cluster import Cluster, build
from lab.engines.engine_files import EngineTree
from lab.engines.java import Java
from lab.errors import LabError
from lab.settings import DomainSettings, LabSettings
from lab.sockets import hold

ENGINE = "http://127.0.0.1:9200"


@dataclass
class FakeCluster:
    """Two nodes; each start is at a new port."""

    nodes: list[str] = field(default_factory=lambda: ["1", "2"])
    done: list[tuple[str, int | None]] = field(default_factory=list)
    starts: int = 0
    fails: Exception | None = None

    def kill(self, number: int | None) -> None:
        self.done.append(("kill", number))

    def launch(self, number: int | None) -> None:
        if self.fails:
            raise self.fails
        self.done.append(("start", number))
        self.starts += 1

    def wait_ready(self) -> str:
        return self.address()

    def address(self) -> str:
        return f"http://127.0.0.1:{9200 + self.starts}"


def whole(home: Path) -> LabDescription:
    return LabDescription(
        home=str(home), control_url="http://c", admin_url="http://a", bucket="b", bucket_region="us-east-1",
        role_arn="r", access_key_id="k", secret_access_key="s", ca_bundle=None, supervisor_pid=1,
        source=described("source", ENGINE), target=described("target", ENGINE),
    )  # fmt: skip


@dataclass
class Controlled:
    """An admin API whose main thread works, or does not."""

    home: Path
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        self.cluster = FakeCluster()
        self.control = EngineControl(self.timeout_s)
        self.door = SmallLab(self.home).door
        self.door.engine.url = "http://127.0.0.1:9200"
        self.control.manage({"source": self.cluster}, [self.door])
        description = whole(self.home)
        description.save(self.home)
        self.control.describe(description)

    def post(self, path: str, content: bytes = b"") -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(Starlette(routes=engine_routes(self.control)))
            async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
                return await client.post(path, content=content)

        return asyncio.run(ask())


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Controlled]:
    made, ended = Controlled(tmp_path), threading.Event()

    def work() -> None:
        while not ended.is_set():
            made.control.work(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    yield made
    ended.set()
    thread.join(5)
    assert not thread.is_alive()


def test_an_engine_that_was_started_again_is_found_where_it_is(lab):
    assert lab.post("/engines/source/kill").json()["acknowledged"] is True
    started = lab.post("/engines/source/start", b'{"node": 2}')
    assert started.json()["engine_url"] == "http://127.0.0.1:9201"
    assert lab.cluster.done == [("kill", None), ("start", 1)]
    assert lab.door.engine.url == "http://127.0.0.1:9201"
    written = load_description(lab.home)
    assert written is not None
    assert (written.source.engine_url, written.target.engine_url) == (
        "http://127.0.0.1:9201", "http://127.0.0.1:9200",
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [b"[1]", b'{"node": "2"}', b'{"node": 2.5}', b'{"node": true}', b'{"nodes": 2}', b"{", b"null",
     b'{"node": 0}', b'{"node": 3}', b'{"node": -1}'],
)  # fmt: skip
def test_what_is_not_asked_well_is_not_done(lab, body):
    reply = lab.post("/engines/source/kill", body)
    assert (reply.status_code, "error" in reply.json()) == (400, True)
    assert lab.cluster.done == []


def test_what_does_not_exist_is_not_killed(lab):
    assert lab.post("/engines/middle/kill").status_code == 400
    assert lab.post("/engines/source/freeze").status_code == 404


@pytest.mark.parametrize("error", [OSError("no memory"), RuntimeError("odd"), LabError("the port is taken")])
def test_whatever_goes_wrong_is_told_and_the_lab_goes_on(lab, error):
    lab.cluster.fails = error
    reply = lab.post("/engines/source/start")
    assert (reply.status_code, str(error) in reply.json()["error"]) == (409, True)
    lab.cluster.fails = None
    assert lab.post("/engines/source/start").status_code == 200


def test_what_is_not_done_in_time_is_not_done_later_either(tmp_path):
    lab = Controlled(tmp_path, timeout_s=0.05)
    reply = lab.post("/engines/source/kill")
    assert (reply.status_code, "was cancelled" in reply.json()["error"]) == (504, True)
    lab.control.work(0)
    assert lab.cluster.done == []


def test_what_has_begun_goes_on_when_nobody_waits_any_longer(tmp_path, monkeypatch):
    lab = Controlled(tmp_path, timeout_s=0.05)
    begun, gone = threading.Event(), threading.Event()

    def slowly(number: int | None) -> None:
        begun.set()
        gone.wait(5)

    monkeypatch.setattr(lab.cluster, "kill", slowly)
    thread = threading.Thread(target=lab.control.work, args=(5,))
    thread.start()
    reply = lab.post("/engines/source/kill")
    gone.set()
    thread.join(5)
    assert begun.is_set() and not thread.is_alive()
    assert (reply.status_code, "may still be done" in reply.json()["error"]) == (504, True)


def test_a_cluster_without_a_running_node_does_not_get_ready():
    with pytest.raises(LabError, match="No node of orders runs"):
        Cluster("orders", []).wait_ready()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere ports cannot be held")
def test_a_held_port_is_given_to_an_engine_only():
    held, port = hold()
    with held, socket.socket() as stranger, socket.socket() as engine, socket.socket() as caller:
        with pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))
        engine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        engine.bind(("127.0.0.1", port))
        engine.listen()
        caller.connect(("127.0.0.1", port))
        connection, _ = engine.accept()
        connection.close()


def fake_tree(folder: Path) -> EngineTree:
    (folder / "config").mkdir(parents=True)
    for name in ("log4j2.properties", "opensearch.keystore"):
        (folder / "config" / name).write_text("")
    return EngineTree(engines()["opensearch-3.6.0"], folder, True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere ports cannot be held")
def test_nobody_takes_a_nodes_port_before_it_listens(tmp_path):
    java = Java(tmp_path / "jdk", "21", 21, True, "here")
    domain = DomainSettings("orders", "us-east-1", data_nodes=2, managers=3)
    tree = fake_tree(tmp_path / "tree")
    built = build(tmp_path / "home", LabSettings(), domain, tree, java, "http://s3", lambda name, pid: None)
    files = [yaml.safe_load((each.spec.config / "opensearch.yml").read_text()) for each in built.nodes]
    assert [file["node.name"] for file in files] == ["orders-1", "orders-2", "orders-3"]
    assert [file["node.roles"] for file in files] == [
        ["data", "ingest", "cluster_manager"], ["data", "ingest", "cluster_manager"], ["cluster_manager"],
    ]  # fmt: skip
    ports = [file["transport.port"] for file in files]
    assert all(file["discovery.seed_hosts"] == [f"127.0.0.1:{port}" for port in ports] for file in files)
    for port in ports:
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))
    alone = build(
        tmp_path / "home", LabSettings(), DomainSettings("one", "us-east-1"), tree, java, "http://s3",
        lambda name, pid: None,
    )  # fmt: skip
    assert (len(alone.nodes), len(alone.held)) == (1, 0)


def test_a_new_lab_finds_nothing_of_an_earlier_one(tmp_path, monkeypatch):
    home = manager.prepare_home(tmp_path / "home")
    snapshot = home / "shared" / "snapshots" / "a" / "index-0"
    snapshot.parent.mkdir(parents=True)
    left = [home / name for name in ("failure.json", "requests-orders.jsonl", "s3-faults.jsonl")]
    for path in (snapshot, *left):
        path.write_text("{}")
    whole(home).save(home)

    def no_network(*_: Any) -> None:
        raise LabError("There is no network.")

    monkeypatch.setattr(manager, "_fetch", no_network)
    with pytest.raises(LabError, match="no network"):
        manager.up(home)
    assert sorted(path.name for path in home.iterdir()) == [".snapferry-lab", "up.lock"]
