"""The way to a domain, its version, what it is busy with, its health, and its access control."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.building import a_domain, a_plan, identity_reply
from support.engine import FakeEngine, FakeIndex, snapshot_reply
from support.fake_domain import CLOSE, FakeDomain, Reply, engine_error, html, ok

from configs.plan import Plan
from domains.aws.control_plane import DomainStatus
from domains.aws.replication import Peer, Replication
from domains.aws.upgrades import CloneUpgrade
from domains.domain import Side
from domains.engine import reachability
from domains.engine.reachability import Reachability
from domains.engine.snapshots import SnapshotInfo
from domains.errors import AwsError
from domains.versions import version_of
from tasks.checks import registry
from tasks.checks.domains import automated_snapshots
from tasks.checks.run import run_checks
from tasks.migration import Consents
from tasks.records.checks import CheckRecord
from tasks.survey import Survey

FIRST = tuple(made for made in registry.FIRST if made.group == "domains")
THEN = tuple(made for made in registry.THEN if made.group == "domains")
CHECKS = {made.id: made for made in (*FIRST, *THEN)}
DENIED = "no permissions for [cluster:admin/repository/get] and User [name=arn:me, backend_roles=[]]"
NONE = Reply(400, {"error": "no handler found for uri [/_plugins/_security/authinfo] and method [GET]"})
STATUS = DomainStatus(
    name="orders", arn="arn:aws:es:us-east-1:123456789012:domain/orders", version="OpenSearch_3.6", busy="",
    access_policy="", access_control=False, standby=False, warm=False, cold=False,
)  # fmt: skip


class Pair:
    """Two fakes, and the checks made of them."""

    def __init__(self, source: FakeDomain, target: FakeDomain) -> None:
        self.source, self.target = FakeEngine(source, "source"), FakeEngine(target, "target")
        self.signed = False
        self.plan: dict[str, Any] = {}
        self.known: dict[Any, Any] = {}
        for engine in (self.source, self.target):
            engine.domain.on("GET /_cluster/health", ok({"status": "green"}))
            engine.domain.on("GET /_snapshot/_status", ok({"snapshots": []}))
            engine.domain.on("GET /_plugins/_security/authinfo", NONE)

    def survey(self) -> Survey:
        changes = {side: self._settings(side) for side in ("source", "target")}
        plan = a_plan(**{**changes, **self._role(), **self.plan})
        openers = {
            "source": lambda: a_domain(self.source.domain, "source", signed=self.signed),
            "target": lambda: a_domain(self.target.domain, "target", signed=self.signed),
        }
        look = Survey(plan, openers, Consents())
        for key, answer in self.known.items():
            look.once(key, lambda answer=answer: answer)
        return look

    def _settings(self, side: str) -> dict[str, Any]:
        endpoint = getattr(self, side).domain.endpoint
        return {
            "endpoint": endpoint,
            **({"region": "us-east-1"} if self.signed else {"auth": {"type": "none"}}),
        }

    def _role(self) -> dict[str, Any]:
        role = {"role_arn": "arn:aws:iam::123456789012:role/SnapshotRole"} if self.signed else {}
        return {"repository": {"name": "repo", "bucket": "my-snapshots", "region": "us-east-1", **role}}

    def made(self, id: str, side: str | None = None) -> CheckRecord:
        found = run_checks(self.survey(), FIRST, (CHECKS[id],))
        return next(record for record in found if record.id == id and record.side == side)


@pytest.fixture
def pair(source: FakeDomain, target: FakeDomain) -> Pair:
    return Pair(source, target)


def way(domain: FakeDomain, **settings: Any) -> Reachability:
    plan: Plan = a_plan(source={"endpoint": domain.endpoint, "auth": {"type": "none"}, **settings})
    return reachability.probe(a_domain(domain), plan.source)


@pytest.mark.parametrize(
    ("answer", "stage"),
    [
        (ok(identity_reply("source")), "reached"),
        (html(502), "answer"),
        (CLOSE, "answer"),
        (Reply(200, "<html/>", type="text/html"), "answer"),
        (engine_error(500, "x", "boom"), "answer"),
        (engine_error(403, "security_exception", DENIED), "access-control"),
        (Reply(403, {"Message": "User: arn:me is not authorized to perform: es:ESHttpGet"}), "domain-access"),
        (
            Reply(403, {"Message": "User: anonymous is not authorized to perform: es:ESHttpGet"}),
            "domain-access",
        ),
        (Reply(401, "Unauthorized", type="text/plain"), "credentials"),
        (Reply(403, {"message": "The security token included in the request is invalid."}), "credentials"),
        (Reply(403, {"message": "Signature expired: 20261124T000000Z is now earlier than …"}), "clock"),
    ],
)
def test_the_first_answer_tells_where_the_way_ends(
    source: FakeDomain, clock: Any, answer: Reply, stage: str
) -> None:
    found = way(source.on("GET /", answer))
    assert (found.stage, found.asked) == (stage, True)
    assert found.place == f"127.0.0.1:{source.port}"
    assert bool(found.hint) == (stage != "reached")


def test_an_answer_that_passes_by_itself_is_no_finding(source: FakeDomain, clock: Any) -> None:
    source.on("GET /", html(503), ok(identity_reply("source")))
    assert way(source).stage == "reached"


def test_an_expired_login_is_told_at_once(source: FakeDomain, clock: Any) -> None:
    source.on("GET /", Reply(403, {"message": "The security token included in the request is expired"}))
    assert way(source).stage == "credentials"
    assert len(source.requests) == 1


def test_a_port_that_speaks_no_tls_is_told_from_one_that_is_closed(source: FakeDomain) -> None:
    plan = a_plan(source={"endpoint": f"https://127.0.0.1:{source.port}", "auth": {"type": "none"}})
    domain = replace(a_domain(source), endpoint=f"https://127.0.0.1:{source.port}")
    assert reachability.probe(domain, plan.source).stage == "tls"
    tunnelled = way(source, connect_to="127.0.0.1:1")
    assert (tunnelled.stage, tunnelled.place) == ("tcp", "127.0.0.1:1")
    assert "start the tunnel" in tunnelled.hint


def test_behind_a_proxy_of_the_environment_there_is_no_way_of_our_own(
    source: FakeDomain, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{source.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    source.on("GET /", ok(identity_reply("source")))
    plan = a_plan(source={"endpoint": "https://vpc-orders.invalid", "auth": {"type": "none"}})
    domain = replace(a_domain(source), endpoint="http://vpc-orders.invalid")
    assert reachability.probe(domain, plan.source).place == "the proxy 127.0.0.1"


def test_stages_before_the_one_that_fails_are_in_order_and_later_ones_skipped(pair: Pair, clock: Any) -> None:
    pair.source.domain.on("GET /", html(502))
    records = run_checks(pair.survey(), FIRST, THEN)
    told = {record.id: record.status for record in records if record.side == "source"}
    assert [told[f"domains.{stage}"] for stage in ("dns", "tcp", "tls", "answer")] == [
        "OK", "OK", "SKIP", "FAIL",
    ]  # fmt: skip
    later = {status for id, status in told.items() if CHECKS[id] in THEN}
    assert later == {"SKIP"}
    other = {record.status for record in records if record.side == "target"}
    assert other == {"OK", "SKIP"}


def test_two_endpoints_of_one_cluster_are_no_migration(pair: Pair) -> None:
    pair.target.domain.on("GET /", ok(identity_reply("source")))
    record = pair.made("domains.answer", "target")
    assert (record.status, "one cluster" in record.detail) == ("FAIL", True)
    assert pair.made("domains.health", "target").status == "SKIP"
    assert pair.made("domains.version").status == "SKIP"


def test_what_is_no_search_engine_is_told(pair: Pair) -> None:
    pair.source.domain.on("GET /", ok({"status": "UP"}))
    assert pair.made("domains.answer", "source").status == "FAIL"
    assert pair.made("domains.primaries", "source").status == "SKIP"


@pytest.mark.parametrize(
    ("nodes", "status", "unknown", "hint"),
    [
        (ok({"nodes": {"n": {"version": "2.19.4"}}}), "OK", False, ""),
        (engine_error(403, "security_exception", "no permissions for [cluster:monitor/nodes/info]"), "FAIL",
         False, "cluster:monitor/nodes/info"),
        (Reply(429, {"message": "Rate exceeded"}), "WARN", True, "check again"),
        (ok({}), "FAIL", False, "endpoint"),
    ],
)  # fmt: skip
def test_a_domain_in_disguise_is_asked_for_its_nodes(
    pair: Pair, clock: Any, nodes: Reply, status: str, unknown: bool, hint: str
) -> None:
    told = identity_reply("source", "7.10.2")
    told["version"].pop("distribution", None)
    pair.source.domain.on("GET /", ok(told | {"tagline": "The OpenSearch Project"}))
    pair.source.domain.on("GET /_nodes", nodes)
    record = pair.made("domains.answer", "source")
    assert (record.status, record.unknown, hint in record.hint) == (status, unknown, True), record


@pytest.mark.parametrize(
    ("told", "busy", "status"),
    [
        ("OpenSearch_3.6", "", "OK"),
        ("OpenSearch_3.5", "", "FAIL"),
        ("Elasticsearch_7.10", "", "FAIL"),
        ("OpenSearch_3.5", "its engine is being upgraded", "OK"),  # domains.processing tells
        ("", "", "OK"),
    ],
)
def test_the_control_plane_must_tell_the_domains_version(
    pair: Pair, told: str, busy: str, status: str
) -> None:
    pair.signed = True
    pair.known = {("status", side): replace(STATUS, version=told, busy=busy) for side in ("source", "target")}
    assert pair.made("domains.version").status == status


def test_a_target_that_reads_no_snapshot_of_the_source_is_told_with_the_way_out(
    source: FakeDomain, target: FakeDomain
) -> None:
    pair = Pair(source, target)
    target.on("GET /", ok(identity_reply("target", "2.19.4")))
    record = pair.made("domains.version")
    assert (record.status, "upgrade the target" in record.hint) == ("FAIL", True)


@pytest.mark.parametrize(
    ("found", "status", "unknown"),
    [
        (STATUS, "OK", False),
        (replace(STATUS, busy="it is being deleted"), "FAIL", False),
        (None, "WARN", True),
    ],
)
def test_a_domain_under_change_is_not_migrated(pair: Pair, found: Any, status: str, unknown: bool) -> None:
    assert pair.made("domains.processing", "source").status == "SKIP"
    pair.signed, pair.known = True, {("status", side): found for side in ("source", "target")}
    record = pair.made("domains.processing", "source")
    assert (record.status, record.unknown) == (status, unknown)


def test_a_caller_who_may_not_describe_the_domain_is_told_the_right(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: Any) -> None:
        raise AwsError("could not describe domain orders: AccessDeniedException")

    monkeypatch.setattr("tasks.checks.facts.domains.status", denied)
    pair.signed = True
    record = pair.made("domains.processing", "source")
    assert (record.status, record.unknown, "es:DescribeDomain" in record.hint) == ("WARN", True, True)
    assert pair.made("domains.version").status == "OK"


PEER = Peer("arn:aws:es:ap-south-1:123456789012:domain/orders", "ACTIVE")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("found", "side", "status"),
    [
        (Replication(None), "target", "OK"),
        (Replication("SECONDARY", (PEER,)), "target", "FAIL"),
        (Replication("PRIMARY", (replace(PEER, status="EJECTED"),)), "target", "FAIL"),
        (Replication("PRIMARY", (PEER,)), "target", "WARN"),
        (Replication("PRIMARY", (PEER,)), "source", "OK"),
        (Replication("SECONDARY", (PEER,)), "source", "WARN"),
    ],
)
def test_a_target_that_only_reads_is_refused(pair: Pair, found: Replication, side: str, status: str) -> None:
    assert pair.made("domains.replication", side).status == "SKIP"
    pair.signed = True
    pair.known = {("status", side): STATUS, ("replication", side): found}
    assert pair.made("domains.replication", side).status == status


def test_a_clone_upgrade_is_named_once(pair: Pair) -> None:
    pair.signed = True
    busy = replace(STATUS, busy="its engine is being upgraded")
    pair.known = {
        ("status", "source"): busy,
        ("clone upgrade", "source"): CloneUpgrade("Completed", scheduled="DeletePrimaryCluster"),
    }
    record = pair.made("domains.clone-upgrade", "source")
    assert (record.status, "DeletePrimaryCluster" in record.detail) == ("FAIL", True)
    assert pair.made("domains.processing", "source").status == "SKIP"
    pair.known[("clone upgrade", "source")] = None
    assert pair.made("domains.clone-upgrade", "source").status == "OK"
    assert pair.made("domains.processing", "source").status == "FAIL"


def test_replication_of_a_domain_that_the_control_plane_does_not_know_is_not_told_as_none(pair: Pair) -> None:
    pair.signed, pair.known = True, {("status", "target"): None}
    for id in ("domains.replication", "domains.clone-upgrade", "domains.engine-mode"):
        record = pair.made(id, "target")
        assert (record.status in {"SKIP", "WARN"}, record.unknown) == (True, True), id


@pytest.mark.parametrize(("mode", "status"), [("", "OK"), ("GENERAL", "OK"), ("OPTIMIZED", "WARN")])
def test_the_optimized_engine_is_told(pair: Pair, mode: str, status: str) -> None:
    pair.signed, pair.known = True, {("status", "target"): replace(STATUS, engine_mode=mode)}
    assert pair.made("domains.engine-mode", "target").status == status


class Sick(FakeIndex):
    """An index whose health is in its name."""

    def row(self) -> dict[str, Any]:
        return super().row() | {"health": self.name.split("-")[0]}

    def routing(self) -> dict[str, Any]:
        self.states = ["UNASSIGNED" if self.name.startswith("red") else "STARTED"]
        return super().routing()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("side", "name", "excluded", "health", "primaries"),
    [
        ("source", "green-a", "", "OK", "OK"),
        ("source", "yellow-a", "", "WARN", "OK"),
        ("source", "yellow-a", "yellow-a", "OK", "OK"),
        ("target", "yellow-a", "", "WARN", "OK"),
        ("source", "red-a", "", "SKIP", "FAIL"),
        ("source", "red-a", "red-a", "SKIP", "WARN"),
        ("target", "red-a", "", "SKIP", "WARN"),
    ],
)
def test_lost_primaries_stop_what_moves_and_lost_replicas_are_told(
    pair: Pair, side: Side, name: str, excluded: str, health: str, primaries: str
) -> None:
    pair.source.put(FakeIndex("green-z"))
    engine = getattr(pair, side)
    engine.put(Sick(name))
    engine.domain.on("GET /_cluster/health", ok({"status": name.split("-")[0]}))
    pair.plan = {"indices": {"exclude": [excluded] if excluded else []}}
    assert pair.made("domains.health", side).status == health
    record = pair.made("domains.primaries", side)
    assert (record.status, name in record.detail) == (primaries, primaries != "OK")


@pytest.mark.slow
@pytest.mark.parametrize("snapshot", [{"existing": "nightly"}, {"allow_partial": True}])
def test_a_lost_primary_does_not_stop_a_plan_that_can_do_without(
    pair: Pair, snapshot: dict[str, Any]
) -> None:
    pair.source.put(Sick("red-a"))
    pair.plan = {"snapshot": snapshot}
    assert pair.made("domains.primaries", "source").status == "WARN"


RUNNING = {"snapshot": "s1", "repository": "cs-automated-enc", "shards_stats": {"done": 3, "total": 9}}


@pytest.mark.parametrize(
    ("side", "plan", "status"),
    [
        ("source", {}, "WARN"),
        ("source", {"snapshot": {"wait_for_running": "0s"}}, "FAIL"),
        ("source", {"snapshot": {"wait_for_running": "0s", "existing": "nightly"}}, "OK"),
        ("target", {"snapshot": {"wait_for_running": "0s"}}, "OK"),
        ("target", {"conflicts": {"policy": "delete", "delete": ["a"]}}, "WARN"),
    ],
)
def test_a_running_snapshot_is_waited_for_or_not(
    pair: Pair, side: Side, plan: dict[str, Any], status: str
) -> None:
    pair.plan = plan
    getattr(pair, side).domain.on("GET /_snapshot/_status", ok({"snapshots": [RUNNING]}))
    record = pair.made("domains.snapshot-running", side)
    assert record.status == status
    assert "the service's own snapshot cs-automated-enc/s1 is being taken (3 of 9 shards)" in record.detail


def authinfo(*roles: str) -> Reply:
    return ok({"user_name": "arn:me", "backend_roles": [], "roles": list(roles)})


NOT_ALLOWED = Reply(401, {"Message": "Your request: '/_plugins/_security/authinfo' is not allowed."})


@pytest.mark.parametrize(
    ("on", "answer", "status", "unknown"),
    [
        (None, NONE, "SKIP", False),
        (None, NOT_ALLOWED, "SKIP", False),
        (True, NOT_ALLOWED, "WARN", True),
        (True, authinfo("own_index", "manage_snapshots"), "OK", False),
        (None, authinfo("all_access"), "OK", False),
        (True, authinfo("own_index", "readers"), "WARN", True),
        (True, authinfo(), "WARN", True),
        (False, NONE, "OK", False),
    ],
)
def test_the_callers_roles_tell_what_it_may(
    pair: Pair, on: bool | None, answer: Reply, status: str, unknown: bool
) -> None:
    pair.signed = True
    found = None if on is None else replace(STATUS, access_control=on)
    pair.known = {("status", side): found for side in ("source", "target")}
    pair.source.domain.on("GET /_plugins/_security/authinfo", answer)
    record = pair.made("domains.access-control", "source")
    assert (record.status, record.unknown) == (status, unknown)
    assert bool(pair.source.domain.asked("GET /_plugins/_security/authinfo")) == (on is not False)


def test_a_read_that_is_refused_fails_whatever_else_is_told(pair: Pair) -> None:
    pair.source.domain.on("GET /_snapshot", engine_error(403, "security_exception", DENIED))
    record = pair.made("domains.access-control", "source")
    assert (record.status, "cluster:admin/repository/get" in record.detail) == ("FAIL", True)
    assert "docs/access.md" in record.hint


def test_a_domain_that_does_not_let_the_caller_in_at_all_is_one_failure(pair: Pair) -> None:
    pair.source.domain.on("GET /", engine_error(403, "security_exception", DENIED))
    failed = [r.id for r in run_checks(pair.survey(), FIRST, THEN) if r.status == "FAIL"]
    assert failed == ["domains.access-control"]


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago_min", "version", "status", "says"),
    [
        (10, "opensearch-2.19.4", "OK", "due at about 12:50 UTC"),
        (57, "opensearch-2.19.4", "WARN", "due at about 12:03 UTC"),
        (70, "opensearch-2.19.4", "WARN", "due at about 11:50 UTC, and is overdue"),
        (200, "opensearch-2.19.4", "OK", "none is expected"),
        (57, "elasticsearch-5.3.2", "WARN", "12:03 UTC"),
        (57, "elasticsearch-5.1.1", "OK", "due at about 11:03 UTC"),
        (24 * 60 - 3, "elasticsearch-5.1.1", "WARN", "12:03 UTC"),
    ],
)
def test_the_next_snapshot_of_the_service_is_an_hour_after_the_last(
    ago_min: int, version: str, status: str, says: str
) -> None:
    began = int((NOW - timedelta(minutes=ago_min)).timestamp() * 1000)
    last = SnapshotInfo("s", "u", "SUCCESS", (), 1, 0, (), (), None, began, began + 90_000)
    engine, number = version.split("-")
    found = automated_snapshots._due(last, version_of(engine, number), NOW, timedelta(minutes=30))  # pyright: ignore[reportArgumentType]
    assert (found.status, says in found.detail, "took 90 s" in found.detail) == (status, True, True), found


def test_the_last_snapshot_of_the_service_is_found_by_two_requests(pair: Pair) -> None:
    pair.signed = True
    domain = pair.source.domain
    domain.on("GET /_snapshot", ok({"cs-automated": {"type": "s3"}, "cs-automated-enc": {"type": "s3"}}))
    listed = [{"snapshot": f"2026-11-24t1{n}-00-00.x"} for n in (2, 1, 0)]
    domain.on("GET /_snapshot/cs-automated-enc/_all", ok({"snapshots": listed}))
    last = "2026-11-24t12-00-00.x"
    domain.on(f"GET /_snapshot/cs-automated-enc/{last}", ok(snapshot_reply(last)))
    assert pair.made("domains.automated-snapshot", "source").status == "OK"
    assert len(domain.asked("GET /_snapshot/cs-automated.*")) == 2


def test_a_side_that_can_be_asked_is_known_before_anything_else() -> None:
    assert [made.id for made in registry.FIRST] == [
        "account.credentials", "domains.dns", "domains.tcp", "domains.tls", "domains.answer", "domains.reads",
    ]  # fmt: skip


READ_ONLY = {
    "description": "cluster read-only (api)",
    "retryable": False,
    "levels": ["write", "metadata_write"],
}
CREATE = {"description": "cluster create-index blocked (api)", "retryable": False, "levels": ["create_index"]}


@pytest.mark.parametrize(
    ("side", "blocks", "status", "setting"),
    [
        ("source", {}, "OK", ""),
        ("source", {"6": READ_ONLY}, "FAIL", "cluster.blocks.read_only"),
        ("source", {"10": CREATE}, "OK", ""),
        ("target", {"6": READ_ONLY}, "FAIL", "cluster.blocks.read_only"),
        ("target", {"13": READ_ONLY}, "FAIL", "cluster.blocks.read_only_allow_delete"),
        ("target", {"10": CREATE}, "FAIL", "cluster.blocks.create_index"),
    ],
)
def test_a_block_on_all_of_a_domain_is_named_with_what_takes_it_off(
    pair: Pair, side: Side, blocks: dict[str, Any], status: str, setting: str
) -> None:
    engine = getattr(pair, side)
    engine.blocks = {"global": blocks}
    engine.domain.on("GET /_cluster/settings", ok({"transient": {setting: "true"}}))
    found = pair.made("domains.blocks", side)
    assert found.status == status
    if setting:
        assert found.detail == f"all of the {side} is blocked by {setting}"
        assert f'PUT /_cluster/settings {{"transient": {{"{setting}": null}}}}' in found.hint


def test_a_block_on_a_source_that_nothing_is_changed_on_only_warns(pair: Pair) -> None:
    pair.source.blocks = {"global": {"6": READ_ONLY}}
    registered = {"type": "s3", "settings": {"bucket": "my-snapshots"}}
    pair.source.domain.on("GET /_snapshot", ok({"repo": registered}))
    assert pair.made("domains.blocks", "source").status == "FAIL"
    pair.plan = {"snapshot": {"existing": "nightly"}}
    assert pair.made("domains.blocks", "source").status == "WARN"


@pytest.mark.parametrize("path", ["GET /_cat/indices", "GET /_snapshot"])
def test_a_list_that_everything_else_needs_fails_once_where_it_is_refused(pair: Pair, path: str) -> None:
    pair.target.domain.on(path, engine_error(500, "illegal_state_exception", "broken"))
    records = run_checks(pair.survey(), FIRST, THEN)
    target = {record.id: record for record in records if record.side == "target"}
    failed = [name for name, record in target.items() if record.status == "FAIL"]
    assert failed == ["domains.reads"]
    assert "broken" in target["domains.reads"].detail and target["domains.reads"].hint
    assert not any(record.status == "WARN" for record in target.values())
    assert target["domains.blocks"].status == "SKIP"


def test_a_list_that_access_control_refuses_is_reported_by_that_check(pair: Pair) -> None:
    pair.source.domain.on("GET /_snapshot", engine_error(403, "security_exception", DENIED))
    assert pair.made("domains.reads", "source").status == "SKIP"
    assert pair.made("domains.access-control", "source").status == "FAIL"
