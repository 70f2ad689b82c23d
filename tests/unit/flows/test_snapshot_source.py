"""A migration from a snapshot: nothing is asked of a source, and a kill at any request is survived."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.building import a_plan
from support.engine import FakeEngine, snapshot_reply
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, ok
from typer.testing import CliRunner

from configs.plan import Plan
from domains.http.connection import Connection
from domains.http.requests import Request
from flows.chains import migrate
from flows.previews.migration import migration_preview
from flows.previews.seeding import seed_preview
from flows.sessions.begin_or_resume import Request as Asked
from flows.sessions.options import RunOptions
from runs.errors import Busy, PlanChanged
from runs.lifecycle import RunStatus
from runs.state import State
from snapferry.main import app
from tasks.errors import PreconditionError
from tasks.migration import Migration, NoSource
from tasks.records.resolution import Resolution

pytestmark = pytest.mark.slow

NAME = "nightly"


class Killed(BaseException):
    """The process ends here."""


class Bucket:
    """A target whose repository holds one snapshot of index `a`."""

    def __init__(self, target: FakeDomain) -> None:
        self.registered: dict[str, Any] = {}
        self.snapshot: dict[str, Any] = snapshot_reply(NAME, run=None)["snapshots"][0]
        self.engine = FakeEngine(target, "target").restoring(f"repo/{NAME}")
        target.on("GET /_snapshot", lambda _: ok(self.registered))
        target.on("PUT /_snapshot/repo", self._register)
        target.on("GET /_snapshot/repo", self._registration)
        target.on("DELETE /_snapshot/repo", self._unregister)
        target.on("POST /_snapshot/repo/_verify", ok({"nodes": {"n": {"name": "node-1"}}}))
        target.on("GET /_snapshot/repo/[^/]+", self._snapshot)
        target.on("GET /_snapshot/repo/_all", lambda _: ok({"snapshots": [{"snapshot": NAME}]}))
        target.on("GET /_snapshot/_status", ok({"snapshots": []}))
        total = {"file_count": 0, "size_in_bytes": 1000}
        held = {"a": {"shards_stats": {"total": 1}, "stats": {"total": total}}}
        target.on("GET /_snapshot/repo/.+/_status", ok({"snapshots": [{"indices": held}]}))

    def _register(self, asked: ReceivedRequest) -> Reply:
        body = asked.json
        told = {key: str(value).lower() for key, value in body["settings"].items()}
        self.registered["repo"] = {**body, "settings": told | {"bucket": body["settings"]["bucket"]}}
        return ok({"acknowledged": True})

    def _unregister(self, _: ReceivedRequest) -> Reply:
        del self.registered["repo"]
        return ok({"acknowledged": True})

    def _registration(self, _: ReceivedRequest) -> Reply:
        if "repo" in self.registered:
            return ok(self.registered)
        return engine_error(404, "repository_missing_exception", "[repo] missing")

    def _snapshot(self, asked: ReceivedRequest) -> Reply:
        if asked.path.endswith(f"/{NAME}"):
            return ok({"snapshots": [self.snapshot]})
        return engine_error(404, "snapshot_missing_exception", "[repo:x] is missing")


@pytest.fixture
def bucket(target: FakeDomain) -> Bucket:
    return Bucket(target)


def plan_to(target: FakeDomain, name: str = NAME, **changes: Any) -> Plan:
    place = {"endpoint": target.endpoint, "auth": {"type": "none"}}
    return a_plan(source={"snapshot": name}, target=place, **changes)


def run(plan: Plan, state: Path, **options: Any) -> str:
    return migrate.run(Asked(plan, RunOptions(state=state, **options)))


def restores(target: FakeDomain) -> int:
    return sum(each.path.endswith("/_restore") for each in target.requests)


def test_it_is_registered_readonly_restored_and_verified(
    bucket: Bucket, target: FakeDomain, tmp_path: Path, no_aws: None
) -> None:
    run_id = run(plan_to(target), tmp_path)
    journal = State(tmp_path, "orders").run(run_id)
    assert journal and journal.document.status is RunStatus.DONE
    assert bucket.registered["repo"]["settings"]["readonly"] == "true"
    assert {intent.side for intent in journal.document.intents} == {"target"}
    resolution = Resolution.model_validate(journal.record("resolve"))
    assert resolution.source is None and resolution.origin and resolution.origin.name == NAME
    sent = len(target.changing)
    assert run(plan_to(target), tmp_path) == run_id, "a finished run is only shown"
    assert len(target.changing) == sent


@pytest.mark.parametrize("lost", range(4), ids=["register", "verify", "restore", "refresh"])
@pytest.mark.parametrize("took_effect", [True, False])
def test_killed_at_any_request_the_same_command_goes_on(
    bucket: Bucket,
    target: FakeDomain,
    tmp_path: Path,
    no_aws: None,
    monkeypatch: pytest.MonkeyPatch,
    lost: int,
    took_effect: bool,
) -> None:
    send, sent = Connection.send, list[str]()

    def killed(self: Connection, request: Request, *arguments: Any) -> Any:
        sent.append(request.path)
        if len(sent) == order[lost] + 1:
            if took_effect:
                send(self, request, *arguments)
            raise Killed
        return send(self, request, *arguments)

    order = [0, 1, 3, 4]  # the registration is verified once more before the restore
    monkeypatch.setattr(Connection, "send", killed)
    if lost == 3:  # refreshes are written otherwise
        monkeypatch.setattr(Connection, "write", _dying)
    with pytest.raises(Killed):
        run(plan_to(target), tmp_path)
    monkeypatch.undo()
    run_id = run(plan_to(target), tmp_path)
    journal = State(tmp_path, "orders").run(run_id)
    assert journal and journal.document.status is RunStatus.DONE
    assert len(list(State(tmp_path, "orders").journals())) == 1, "it is the same run"
    assert restores(target) == 1, "nothing is restored twice"


def _dying(self: Connection, *_: Any, **__: Any) -> Any:
    raise Killed


def test_a_plan_that_is_not_registered_yet_is_refused_by_plan_and_nothing_is_sent(
    bucket: Bucket, target: FakeDomain, tmp_path: Path, no_aws: None
) -> None:
    with pytest.raises(PreconditionError, match="no repository for the plan's place yet"):
        migration_preview(plan_to(target), RunOptions(state=tmp_path))
    assert target.changing == []
    run(plan_to(target), tmp_path)
    assert migration_preview(plan_to(target), RunOptions(state=tmp_path)).finished


def test_a_name_that_is_not_there_takes_the_registration_back(
    bucket: Bucket, target: FakeDomain, tmp_path: Path, no_aws: None
) -> None:
    with pytest.raises(PreconditionError, match=f"1 snapshot: {NAME}") as caught:
        run(plan_to(target, "another"), tmp_path)
    assert "--new-run" in caught.value.hint
    assert bucket.registered == {}
    (journal,) = State(tmp_path, "orders").journals()
    assert journal.document.status is RunStatus.FAILED


def test_somebody_elses_registration_of_that_name_is_left_alone(
    bucket: Bucket, target: FakeDomain, tmp_path: Path, no_aws: None
) -> None:
    theirs = {"type": "s3", "settings": {"bucket": "theirs"}}
    bucket.registered = {"repo": theirs}
    with pytest.raises(PreconditionError) as caught:
        run(plan_to(target), tmp_path)
    assert "for another place" in caught.value.problems[0]
    assert target.changing == [] and bucket.registered == {"repo": theirs}


def test_a_partial_snapshot_takes_consent(
    bucket: Bucket, target: FakeDomain, tmp_path: Path, no_aws: None
) -> None:
    bucket.snapshot |= {
        "state": "PARTIAL",
        "failures": [{"index": "a", "shard_id": 0, "reason": "node left"}],
    }
    with pytest.raises(PreconditionError) as caught:
        run(plan_to(target), tmp_path)
    assert "ended as PARTIAL (a[0]: node left)" in caught.value.problems[0]
    assert restores(target) == 0


def test_a_snapshot_of_a_newer_engine_is_refused(
    bucket: Bucket, target: FakeDomain, tmp_path: Path, no_aws: None
) -> None:
    bucket.snapshot["version_id"] = 0x08000000 ^ 4_00_00_99  # OpenSearch 4.0.0
    with pytest.raises(PreconditionError, match=r"runs OpenSearch 4\.0\.0, the target OpenSearch 3\.6\.0"):
        run(plan_to(target), tmp_path)
    assert restores(target) == 0


def test_two_plans_without_a_source_exclude_each_other_by_the_targets_uuid(
    bucket: Bucket, target: FakeDomain, tmp_path: Path, no_aws: None
) -> None:
    other = State(tmp_path, "other")
    with other.lock_pair("", "TargetClusterUuid"), pytest.raises(Busy):
        run(plan_to(target), tmp_path)
    with other.lock_pair("SourceClusterUuid", "TargetClusterUuid"):
        run(plan_to(target), tmp_path)


def test_another_snapshot_is_another_plan(
    bucket: Bucket, target: FakeDomain, tmp_path: Path, no_aws: None
) -> None:
    run(plan_to(target), tmp_path)
    with pytest.raises(PlanChanged, match=r"source\.snapshot: 'nightly' → 'another'"):
        run(plan_to(target, "another"), tmp_path)


def test_rounds_and_cutovers_are_refused(
    bucket: Bucket, target: FakeDomain, tmp_path: Path, no_aws: None
) -> None:
    with pytest.raises(PreconditionError, match="nothing changes there any more"):
        seed_preview(plan_to(target), RunOptions(state=tmp_path))
    assert target.changing == []


def test_whoever_asks_the_source_all_the_same_gets_an_error(
    bucket: Bucket, target: FakeDomain, tmp_path: Path
) -> None:
    m = Migration(plan_to(target), None, None, None)  # type: ignore[arg-type]
    with pytest.raises(NoSource):
        m.source  # noqa: B018


def test_a_level_that_needs_a_source_is_refused(tmp_path: Path, no_connections: list[Any]) -> None:
    file = tmp_path / "plan.json"
    plan = {
        "name": "orders",
        "source": {"snapshot": NAME},
        "target": {"endpoint": "http://127.0.0.1:2", "auth": {"type": "none"}},
        "repository": {"name": "repo", "bucket": "my-snapshots"},
    }
    file.write_text(json.dumps(plan), encoding="utf-8")
    for option in (["--level", "counts"], ["--sample", "1.0"], ["--seed", "7"]):
        ended = CliRunner().invoke(app, ["verify", str(file), *option])
        assert ended.exit_code == 2 and "only level record" in " ".join(ended.output.split()), ended.output
    assert no_connections == []
