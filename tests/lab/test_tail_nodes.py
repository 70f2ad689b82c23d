"""What the tail builds upon where shards have replicas: stale copies, promotions, lost history.

No product code; `make soak JOB=lab`. Each engine has two nodes; only the first may manage, so the second
can be killed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests
from bare_engine import BareEngine, Hit, Mark, index_lines, long_bulk, of
from migrations import eventually
from pairs import NEW, OLD

from lab.description import LabDescription
from lab.manager import attached
from lab.settings import DomainSettings, LabSettings

pytestmark = pytest.mark.soak

SETTINGS = LabSettings(
    source=DomainSettings("orders-source", "us-east-1", OLD, data_nodes=2),
    target=DomainSettings("orders-target", "eu-west-1", NEW, data_nodes=2),
)
INDEX, COPY = "tail-a", "tail-b"
LONG = 30_000
"""Documents of a bulk that is hardly ever over before its node is killed."""


@dataclass(frozen=True)
class Nodes:
    """An engine of two nodes: the first manages, the second can be killed."""

    side: str
    lab: LabDescription
    engine: BareEngine

    @property
    def names(self) -> tuple[str, str]:
        first, second = self.lab.domain(self.side).nodes
        return first, second

    @property
    def second(self) -> BareEngine:
        """The second node, asked by its own address."""
        nodes = self.engine.ask("GET", "/_nodes/http")["nodes"].values()
        address = next(each["http"]["publish_address"] for each in nodes if each["name"] == self.names[1])
        return replace(self.engine, url=f"http://{address}")

    def order(self, action: str) -> None:
        """Kills or starts the second node."""
        url = f"{self.lab.admin_url}/engines/{self.side}/{action}"
        requests.post(url, json={"node": 2}, timeout=120).raise_for_status()

    def make_whole(self) -> None:
        """Starts the second node if it is down, and empties the engine."""
        if len(self.engine.ask("GET", "/_nodes")["nodes"]) < 2:
            self.order("start")
        self.engine.ask("GET", "/_cluster/health?wait_for_nodes=2&timeout=60s")
        self.engine.ask("DELETE", "/tail-*")
        self.allocate("all")

    def allocate(self, which: str | None) -> None:
        """Which shards the engine may allocate by itself."""
        settings = {"persistent": {"cluster.routing.allocation.enable": which}}
        self.engine.ask("PUT", "/_cluster/settings", settings)

    def replicated(self, primary: int, **settings: Any) -> None:
        """An index of one shard, its primary on the node of this number, its replica on the other."""
        name = self.names[primary - 1]
        only = {"routing.allocation.include._name": name}
        self.engine.create(INDEX, {"refresh_interval": -1} | only | settings)
        self.engine.settings(INDEX, **{"number_of_replicas": 1, "routing.allocation.include._name": None})
        self.await_health("green")
        assert self.primary() == name

    def await_health(self, status: str) -> None:
        path = f"/_cluster/health/{INDEX}"
        found = self.engine.ask("GET", path, wait_for_status=status, timeout="60s")
        assert not found["timed_out"], found

    def primary(self) -> str | None:
        """The node of the started primary."""
        rows = self.engine.ask("GET", f"/_cat/shards/{INDEX}", format="json")
        started = (row["node"] for row in rows if row["prirep"] == "p" and row["state"] == "STARTED")
        return next(started, None)

    def reroute(self, command: str, node: int, **more: Any) -> None:
        order = {"index": INDEX, "shard": 0, "node": self.names[node - 1]} | more
        self.engine.ask("POST", "/_cluster/reroute", {"commands": [{command: order}]})

    def lose_second(self) -> None:
        """Kills the second node, and waits until the first has the primary."""
        self.order("kill")
        eventually(lambda: self.primary() == self.names[0])


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabDescription]:
    with attached(tmp_path_factory.mktemp("tail") / "lab", SETTINGS) as description:
        yield description


@pytest.fixture
def old_nodes(several: LabDescription) -> Nodes:
    return _whole("source", several)


@pytest.fixture
def new_nodes(several: LabDescription) -> Nodes:
    return _whole("target", several)


@pytest.fixture(params=("source", "target"), ids=(OLD, NEW))
def nodes(request: pytest.FixtureRequest, several: LabDescription) -> Nodes:
    return _whole(request.param, several)


def _whole(side: str, lab: LabDescription) -> Nodes:
    """The engine of one side, empty; a killed node is started again."""
    found = Nodes(side, lab, of(lab, side))
    found.make_whole()
    return found


def test_a_replica_of_segments_is_stale_after_a_clean_refresh_and_the_primary_never(new_nodes: Nodes) -> None:
    engine = new_nodes.engine
    limit = "indices.replication.max_bytes_per_sec"
    engine.ask("PUT", "/_cluster/settings", {"persistent": {limit: "1kb"}})
    new_nodes.replicated(1, **{"replication.type": "SEGMENT"})
    for number in range(50):
        engine.write(INDEX, str(number), {"random": os.urandom(200).hex()})
    shards = engine.ask("POST", f"/{INDEX}/_refresh")["_shards"]
    assert (shards["successful"], shards["failed"]) == (2, 0)

    def seen(preference: str) -> int:
        return engine.ask("GET", f"/{INDEX}/_search", preference=preference)["hits"]["total"]["value"]

    assert seen("_shards:0|_replica") == 0
    assert 0 in {seen("_shards:0") for _ in range(10)}
    assert {seen("_shards:0|_primary") for _ in range(10)} == {50}
    got = engine.ask("POST", f"/{INDEX}/_mget", {"ids": ["1"] * 10})["docs"]
    assert all(each["found"] for each in got), "it reads from the primary unless told otherwise"
    by_replica = {"preference": "_shards:0|_replica"}
    assert not engine.ask("POST", f"/{INDEX}/_mget", {"ids": ["1"]}, **by_replica)["docs"][0]["found"]
    assert engine.mark(INDEX).max_seq_no == 49
    engine.ask("PUT", "/_cluster/settings", {"persistent": {limit: None}})


def test_a_search_by_node_reads_the_copy_there_and_is_refused_where_none_is(nodes: Nodes) -> None:
    engine = nodes.engine
    engine.create(INDEX, {"routing.allocation.include._name": nodes.names[1]})
    engine.write(INDEX, "a")
    engine.ask("POST", f"/{INDEX}/_refresh")
    by_name = {each["name"]: id for id, each in engine.ask("GET", "/_nodes")["nodes"].items()}

    def asked(number: int) -> requests.Response:
        preference = f"_shards:0|_only_nodes:{by_name[nodes.names[number - 1]]}"
        return engine.reply("GET", f"/{INDEX}/_search", preference=preference)

    assert asked(2).json()["hits"]["total"]["value"] == 1
    assert asked(1).status_code == 400
    assert "no data nodes with criteria" in asked(1).text


def test_a_replica_that_is_built_and_promoted_has_every_number_version_and_term(nodes: Nodes) -> None:
    engine = nodes.engine
    engine.create(INDEX, {"routing.allocation.include._name": nodes.names[1]})
    engine.items(INDEX, *index_lines(50, version=7, version_type="external_gte"))
    for number in range(0, 50, 3):
        engine.delete(INDEX, str(number))
    engine.write(INDEX, "4")
    engine.ask("POST", f"/{INDEX}/_flush")
    before, mark = engine.hits(INDEX), engine.mark(INDEX)
    engine.settings(INDEX, **{"number_of_replicas": 1, "routing.allocation.include._name": None})
    nodes.await_health("green")
    assert engine.mark(INDEX) == mark

    engine.ask("GET", "/_cluster/health?wait_for_no_relocating_shards=true")
    nodes.reroute("cancel", 2, allow_primary=True)
    eventually(lambda: nodes.primary() == nodes.names[0])
    assert engine.hits(INDEX) == before
    assert (engine.mark(INDEX), engine.primary_term(INDEX)) == (mark, 2)


def test_a_stale_copy_that_is_forced_to_be_primary_begins_a_new_history_and_gives_numbers_twice(
    old_nodes: Nodes,
) -> None:
    engine = old_nodes.engine
    old_nodes.replicated(2)
    engine.items(INDEX, *index_lines(10))
    old_nodes.allocate("none")
    old_nodes.reroute("cancel", 1)
    lost = [engine.write(INDEX, f"lost-{n}")["_seq_no"] for n in range(5)]
    before, uuid = engine.mark(INDEX), engine.metadata(INDEX)["settings"]["index"]["uuid"]
    assert (lost, before.max_seq_no) == ([10, 11, 12, 13, 14], 14)

    old_nodes.order("kill")
    eventually(lambda: old_nodes.primary() is None)
    old_nodes.reroute("allocate_stale_primary", 1, accept_data_loss=True)
    eventually(lambda: old_nodes.primary() == old_nodes.names[0])
    after = engine.mark(INDEX)
    assert (after.max_seq_no, len(engine.hits(INDEX))) == (9, 10)
    assert after.history != before.history
    assert engine.metadata(INDEX)["settings"]["index"]["uuid"] == uuid
    again = engine.write(INDEX, "new")
    assert (again["_seq_no"], again["_primary_term"]) == (10, 3)


def test_a_promotion_fills_gaps_below_the_maximum_and_an_acknowledged_write_may_be_far_above_the_checkpoint(
    old_nodes: Nodes,
) -> None:
    engine = old_nodes.engine
    old_nodes.replicated(2)
    engine.items(INDEX, *index_lines(100))
    history = engine.mark(INDEX).history
    with long_bulk(old_nodes.second, INDEX, LONG) as running:
        quick = engine.write(INDEX, "quick")
        assert (quick["status"], quick["_shards"]["successful"]) == (201, 2)
        assert engine.mark(INDEX).global_checkpoint == 99 < quick["_seq_no"] - 10
        assert not running.answered
        old_nodes.lose_second()

    eventually(lambda: engine.mark(INDEX).local_checkpoint == quick["_seq_no"])
    mark = engine.mark(INDEX)
    assert mark.max_seq_no == quick["_seq_no"]
    assert mark.history == history
    assert [hit.seq_no for hit in engine.hits(INDEX)] == [*range(100), quick["_seq_no"]]
    following = engine.write(INDEX, "next")
    assert (following["_seq_no"], following["_primary_term"]) == (quick["_seq_no"] + 1, 2)


def test_a_snapshot_holds_unacknowledged_writes_whose_numbers_a_promoted_replica_gives_again(
    nodes: Nodes,
) -> None:
    """Equal count, ids, sum and maximum, and other documents: only the global checkpoint bounds safely."""
    engine = nodes.engine
    engine.repository("tail", f"tail-{engine.name}")
    found = _lost_within_a_bulk(nodes, LONG) or _lost_within_a_bulk(nodes, 3 * LONG)
    assert found, "the bulk was forwarded before its node was lost"
    safe, alive = found
    assert (engine.mark(INDEX).max_seq_no, engine.mark(INDEX).history) == (99, safe.history)

    engine.restore("tail", "one", INDEX, COPY)
    snapshot, bound = engine.hits(COPY), engine.mark(COPY).max_seq_no
    missing = {number for number in alive if number <= bound} - {hit.seq_no for hit in snapshot}
    assert missing and min(missing) > safe.global_checkpoint, "below the maximum, and yet not in the snapshot"

    lost = [hit for hit in snapshot if hit.seq_no > 99]
    engine.items(INDEX, *(part for hit in lost for part in ({"index": {"_id": hit.id}}, {"text": "other"})))
    source = engine.hits(INDEX)
    assert _figures(source) == _figures(snapshot)
    different = [one for one, other in zip(source, snapshot, strict=True) if one.source != other.source]
    assert [hit.id for hit in different] == [hit.id for hit in lost] != []
    assert {hit.primary_term for hit in different} == {2}


def _lost_within_a_bulk(nodes: Nodes, documents: int) -> tuple[Mark, set[int]] | None:
    """Loses the primary in the middle of a bulk, with a snapshot taken meanwhile; None if that came too late.

    Returns:
        What the source said before the snapshot, and the first numbers that the primary had documents for.
    """
    nodes.replicated(2)
    engine, primary = nodes.engine, nodes.second
    engine.items(INDEX, *index_lines(100))
    with long_bulk(primary, INDEX, documents) as running:
        safe = engine.mark(INDEX)
        assert engine.snapshot("tail", "one", INDEX) == "SUCCESS"
        alive = _numbers(primary)
        assert safe.global_checkpoint == 99
        nodes.lose_second()
    if not running.answered and engine.mark(INDEX).max_seq_no == 99:
        return safe, alive
    engine.ask("DELETE", "/_snapshot/tail/one")
    nodes.make_whole()
    return None


def _numbers(primary: BareEngine) -> set[int]:
    """The first numbers that the copy on this node has documents for."""
    body = {"size": 10_000, "sort": ["_seq_no"], "_source": False}
    return {hit["sort"][0] for hit in primary.search(INDEX, body, preference="_local")}


def _figures(hits: list[Hit]) -> tuple[int, int, int, list[str]]:
    """What a comparison by figures would see, and the ids."""
    numbers = [hit.seq_no for hit in hits]
    return len(numbers), sum(numbers), max(numbers), [hit.id for hit in hits]
