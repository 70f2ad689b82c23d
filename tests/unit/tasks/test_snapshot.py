"""Take the snapshot: its state is always read, never concluded from a reply.

The source is a fake (support.fake_domain): replies are lost and snapshots fail as no real engine would on
request.
"""

from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_migration, a_resolution, a_snapshot, a_stream_unit, a_unit
from support.engine import FakeEngine, FakeIndex, snapshot_reply
from support.fake_domain import CLOSE, RESET, FakeDomain, Reply, engine_error, html, ok

from domains.errors import Denied, DomainError, UnexpectedReply
from tasks.errors import ExecutionError, SelectionOutdated, TimedOut
from tasks.migration import Consents, Migration
from tasks.snapshot import find_on_target, follow_snapshot, start_snapshot

MISSING = engine_error(404, "snapshot_missing_exception", "[repo:snap] is missing")
RESOLUTION = a_resolution(a_unit("a"), a_stream_unit("logs", ".ds-logs-000001"), a_unit("b", action="skip"))
GET = "GET /_snapshot/repo/orders-.*"
PUT = "PUT /_snapshot/repo/orders-.*"
STATUS = "GET /_snapshot/_status"


def holding(source: FakeDomain, *indices: FakeIndex) -> FakeDomain:
    """The source as it was when the migration was decided, or with other indices."""
    FakeEngine(source, "source", *(indices or (FakeIndex("a"), FakeIndex(".ds-logs-000001"), FakeIndex("b"))))
    return source


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain, clock: Clock) -> Migration:
    """A migration whose waits take no time."""
    clock.step = 1.0
    holding(source).on(STATUS, ok({"snapshots": []}))
    source.on(PUT, ok({"accepted": True}))
    return a_migration(tmp_path, source, target, clock=clock)


def ours(m: Migration, state: str = "IN_PROGRESS", **changes: Any) -> Reply:
    return ok(snapshot_reply(m.snapshot, state, m.journal.run_id, **changes))


def foreign(m: Migration, run: str | None = "20250101-000000-ffff") -> Reply:
    return ok(snapshot_reply(m.snapshot, "SUCCESS", run))


def busy(name: str = "hourly", repository: str = "cs-automated-enc") -> Reply:
    return ok({"snapshots": [{"snapshot": name, "repository": repository, "state": "STARTED"}]})


def running(m: Migration, done: int, total: int = 100) -> Reply:
    stats = {"processed": {"size_in_bytes": done}, "incremental": {"size_in_bytes": total}}
    entry = {"snapshot": m.snapshot, "repository": "repo", "state": "STARTED", "stats": stats}
    return ok({"snapshots": [{**entry, "shards_stats": {"done": 0, "failed": 0, "total": 2}}]})


# start


def test_a_snapshot_of_what_moves_is_started_and_not_waited_for(m: Migration, source: FakeDomain) -> None:
    source.on(GET, MISSING, ours(m))
    assert start_snapshot(m, RESOLUTION) is False
    (asked,) = source.asked(PUT)
    assert asked.query["wait_for_completion"] == "false"
    assert asked.json["indices"] == ["a", "logs"]
    assert asked.json["metadata"] == {"snapferry_run": m.journal.run_id}
    assert m.snapshot == f"orders-{m.journal.run_id}"
    (intent,) = m.journal.intents("snapshot")
    assert (intent.side, intent.result) == ("source", "sent")


@pytest.mark.parametrize("state", ["IN_PROGRESS", "SUCCESS", "FAILED"])
def test_ours_that_is_there_is_adopted(m: Migration, source: FakeDomain, state: str) -> None:
    source.on(GET, ours(m, state))
    assert start_snapshot(m, RESOLUTION) is True
    assert source.changing == []


@pytest.mark.parametrize("run", [None, "another"])
def test_a_foreign_snapshot_of_the_name_is_never_taken(
    m: Migration, source: FakeDomain, run: str | None
) -> None:
    source.on(GET, foreign(m, run))
    with pytest.raises(ExecutionError, match="is not this run's"):
        start_snapshot(m, RESOLUTION)
    assert source.changing == []


LOST = {
    "504 of the service": Reply(504, {"message": "Endpoint request timed out"}),
    "504 page": html(504),
    "502 page": html(502),
    "reset": RESET,
    "closed": CLOSE,
    "half a reply": Reply(200, '{"acc'),
    "duplicate name": engine_error(
        400,
        "invalid_snapshot_name_exception",
        "[repo:x] Invalid snapshot name [x], snapshot with the same name already exists",
    ),
    "already in progress": engine_error(
        400,
        "invalid_snapshot_name_exception",
        "[repo:x] Invalid snapshot name [x], snapshot with the same name is already in-progress",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("looks", [0, 3])
def test_a_reply_that_does_not_decide_is_looked_after(
    m: Migration, source: FakeDomain, how: str, looks: int
) -> None:
    source.on(PUT, LOST[how]).on(GET, MISSING, *[MISSING] * looks, ours(m))
    assert start_snapshot(m, RESOLUTION) is True
    assert len(source.asked(PUT)) == 1


@pytest.mark.parametrize("how", LOST)
def test_after_such_a_reply_a_foreign_snapshot_is_not_taken(
    m: Migration, source: FakeDomain, how: str
) -> None:
    source.on(PUT, LOST[how]).on(GET, MISSING, foreign(m))
    with pytest.raises(ExecutionError, match="is not this run's"):
        start_snapshot(m, RESOLUTION)


@pytest.mark.parametrize("how", LOST)
def test_after_such_a_reply_nothing_there_is_the_reply_itself(
    m: Migration, source: FakeDomain, clock: Clock, how: str
) -> None:
    source.on(PUT, LOST[how]).on(GET, MISSING)
    with pytest.raises(DomainError) as caught:
        start_snapshot(m, RESOLUTION)
    assert "PUT /_snapshot/repo" in str(caught.value)
    assert len(source.asked(PUT)) == 1
    assert 15 <= sum(clock.pauses) < 20


def test_accepted_and_never_there_is_not_taken_for_started(m: Migration, source: FakeDomain) -> None:
    source.on(GET, MISSING)
    with pytest.raises(UnexpectedReply, match="did not appear"):
        start_snapshot(m, RESOLUTION)


@pytest.mark.parametrize(
    "message",
    [
        "User: x is not authorized to perform: es:ESHttpPut",
        "The security token included in the request is expired",
    ],
)
def test_a_refusal_is_told_at_once(m: Migration, source: FakeDomain, clock: Clock, message: str) -> None:
    source.on(GET, MISSING).on(PUT, Reply(403, {"Message": message}))
    with pytest.raises(Denied):
        start_snapshot(m, RESOLUTION)
    assert clock.pauses == []
    assert m.journal.intents("snapshot")[0].result not in {None, "sent"}


@pytest.mark.parametrize(
    ("indices", "said"),
    [
        ((FakeIndex("a", "another"), FakeIndex(".ds-logs-000001")), "a on the source has been recreated"),
        ((FakeIndex("a"),), r"\.ds-logs-000001 on the source is gone"),
    ],
)
def test_a_source_that_has_changed_since_it_was_looked_at_is_not_snapshotted(
    m: Migration, source: FakeDomain, indices: tuple[FakeIndex, ...], said: str
) -> None:
    holding(source, *indices).on(GET, MISSING)
    with pytest.raises(SelectionOutdated, match=said) as caught:
        start_snapshot(m, RESOLUTION)
    assert "selects again" in caught.value.hint
    assert source.changing == []
    assert not m.journal.changed_something


def test_an_index_that_is_gone_when_the_request_arrives_does_not_bind_the_run(
    m: Migration, source: FakeDomain
) -> None:
    """The next attempt selects again, and does not ask for the same index for ever."""
    gone = engine_error(404, "index_not_found_exception", "no such index [a]")
    source.on(GET, MISSING).on(PUT, gone)
    with pytest.raises(SelectionOutdated, match=r"no such index \[a\]"):
        start_snapshot(m, RESOLUTION)
    assert not m.journal.may_have_sent(["snapshot"])


def test_the_source_is_looked_at_after_the_wait_for_others(m: Migration, source: FakeDomain) -> None:
    def ended(_: Any) -> Reply:
        holding(source, FakeIndex("a", "another"), FakeIndex(".ds-logs-000001"))
        return ok({})

    source.on(GET, MISSING).on(STATUS, busy(), ended)
    with pytest.raises(ExecutionError, match="recreated"):
        start_snapshot(m, RESOLUTION)
    assert source.changing == []


# others that run


def test_a_running_snapshot_is_waited_for(m: Migration, source: FakeDomain, clock: Clock) -> None:
    source.on(GET, MISSING, ours(m)).on(STATUS, *[busy()] * 4, ok({}))
    assert start_snapshot(m, RESOLUTION) is False
    assert len(clock.pauses) == 4
    assert len(source.asked(PUT)) == 1


def test_waiting_for_others_has_an_end(m: Migration, source: FakeDomain, clock: Clock) -> None:
    clock.step = 30.0
    source.on(GET, MISSING).on(STATUS, busy())
    with pytest.raises(TimedOut, match="cs-automated-enc/hourly") as caught:
        start_snapshot(m, RESOLUTION)
    assert "snapshot.wait_for_running" in caught.value.hint
    assert 1800 <= sum(clock.pauses) < 1810
    assert source.changing == []


@pytest.mark.parametrize("status", [400, 409, 429, 503])
def test_a_refusal_as_concurrent_is_waited_for_whatever_its_status(
    m: Migration, source: FakeDomain, status: int
) -> None:
    refused = engine_error(
        status, "concurrent_snapshot_execution_exception", "[repo:x]  a snapshot is already running"
    )
    started: list[Reply] = []

    def put(_: Any) -> Reply:
        started.append(refused if len(started) < 2 else ok({"accepted": True}))
        return started[-1]

    source.on(PUT, put).on(GET, lambda _: ours(m) if len(started) == 3 else MISSING)
    assert start_snapshot(m, RESOLUTION) is False
    assert len(source.asked(PUT)) == 3


def test_refused_as_concurrent_for_ever_times_out(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    holding(source).on(STATUS, ok({}))
    m = a_migration(tmp_path, source, target, clock=Clock(step=1.0), snapshot={"wait_for_running": "10s"})
    refused = engine_error(
        409, "concurrent_snapshot_execution_exception", "[repo:x]  a snapshot is already running"
    )
    source.on(GET, MISSING).on(PUT, refused)
    with pytest.raises(TimedOut, match="refused as concurrent"):
        start_snapshot(m, RESOLUTION)


# an existing one


def existing(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Migration:
    return a_migration(tmp_path, source, target, clock=Clock(), snapshot={"existing": "nightly"})


def test_an_existing_snapshot_is_used_whosever_it_is(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    source.on("GET /_snapshot/repo/nightly", ok(snapshot_reply("nightly", run=None)))
    m = existing(tmp_path, source, target)
    assert start_snapshot(m, RESOLUTION) is True
    assert follow_snapshot(m, adopted=True).existing
    assert source.changing == []


def test_an_existing_snapshot_that_is_not_there(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    source.on("GET /_snapshot/repo/nightly", MISSING)
    with pytest.raises(ExecutionError, match="has no snapshot nightly"):
        start_snapshot(existing(tmp_path, source, target), RESOLUTION)
    assert source.changing == []


# follow


def test_it_is_followed_to_its_end(m: Migration, source: FakeDomain, clock: Clock) -> None:
    source.on(GET, *[ours(m)] * 3, ours(m, "SUCCESS", indices=["a", ".ds-logs-000001"]))
    source.on(STATUS, running(m, 10), ok({}), running(m, 90))
    record = follow_snapshot(m, adopted=False)
    assert (record.state, record.indices, record.shards_total, record.shards_failed) == ("SUCCESS", 2, 2, 0)
    assert (record.ended - record.started).total_seconds() == 60
    assert (record.bytes_written, record.uuid, record.adopted) == (100, "snapshot-uuid", False)
    assert len(clock.pauses) == 3
    assert source.changing == []


def test_nothing_moves(m: Migration, source: FakeDomain, clock: Clock) -> None:
    clock.step = 30.0
    source.on(GET, ours(m)).on(STATUS, running(m, 10))
    with pytest.raises(TimedOut, match="has not moved for 1800 s"):
        follow_snapshot(m, adopted=False)
    assert 1800 <= sum(clock.pauses) < 1900


def test_a_long_snapshot_that_moves_is_not_given_up(m: Migration, source: FakeDomain, clock: Clock) -> None:
    """It takes five times the patience, and moves a little all the time."""

    def moving(_: Any) -> Reply:
        return running(m, int(clock.now), 10**9)

    end = clock.now + 5 * m.patience_s
    source.on(STATUS, moving).on(GET, lambda _: ours(m, "SUCCESS" if clock.now > end else "IN_PROGRESS"))
    clock.step = 300.0
    assert follow_snapshot(m, adopted=False).state == "SUCCESS"


FAILURE = {
    "index": "a",
    "shard_id": 1,
    "reason": "IndexShardSnapshotFailedException[disk]",
    "status": "INTERNAL",
}
BAD_ENDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "failed": ("FAILED", {"shards": {"total": 2, "failed": 2}}, "ended as FAILED: 2 of 2 shards failed"),
    "partial": (
        "PARTIAL",
        {"shards": {"total": 2, "failed": 1}, "failures": [FAILURE]},
        r"PARTIAL: a\[1\]: .*disk",
    ),
    "success with a failed shard": ("SUCCESS", {"shards": {"total": 2, "failed": 1}}, "1 of 2 shards failed"),
    "success without any shard": ("SUCCESS", {"shards": {"total": 0, "failed": 0}}, "0 of 0 shards"),
    "success with a failure": ("SUCCESS", {"failures": [FAILURE]}, "disk"),
    "incompatible": ("INCOMPATIBLE", {}, "INCOMPATIBLE"),
    "unheard of": ("ABORTED", {}, "ABORTED"),
}


@pytest.mark.parametrize("name", BAD_ENDS)
def test_only_a_whole_snapshot_is_accepted(m: Migration, source: FakeDomain, name: str) -> None:
    state, changes, said = BAD_ENDS[name]
    source.on(GET, ours(m, state, **changes))
    with pytest.raises(ExecutionError, match=said) as caught:
        follow_snapshot(m, adopted=False)
    assert "--new-run" in caught.value.hint
    assert ("--allow-partial" in caught.value.hint) is (state == "PARTIAL")


@pytest.mark.parametrize(("plan", "consent"), [(True, False), (False, True), (True, True)])
def test_a_partial_snapshot_needs_plan_and_consent(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, plan: bool, consent: bool
) -> None:
    m = a_migration(
        tmp_path,
        source,
        target,
        clock=Clock(),
        consents=Consents(allow_partial=consent),
        snapshot={"allow_partial": plan},
    )
    source.on(GET, ours(m, "PARTIAL", shards={"total": 2, "failed": 1}, failures=[FAILURE]))
    if plan and consent:
        record = follow_snapshot(m, adopted=False)
        assert (record.state, record.shards_failed) == ("PARTIAL", 1)
        assert record.failures
    else:
        with pytest.raises(ExecutionError, match="PARTIAL"):
            follow_snapshot(m, adopted=False)


@pytest.mark.parametrize(("plan", "consent"), [(True, False), (False, True), (True, True)])
def test_the_request_asks_for_partial_only_with_both(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, plan: bool, consent: bool
) -> None:
    m = a_migration(
        tmp_path,
        source,
        target,
        clock=Clock(),
        consents=Consents(allow_partial=consent),
        snapshot={"allow_partial": plan},
    )
    holding(source).on(STATUS, ok({})).on(PUT, ok({"accepted": True})).on(GET, MISSING, ours(m))
    start_snapshot(m, RESOLUTION)
    assert source.asked(PUT)[0].json["partial"] is (plan and consent)


@pytest.mark.parametrize("state", ["FAILED", "SUCCESS"])
def test_consent_to_partial_is_none_to_failure(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, state: str
) -> None:
    consents = Consents(allow_partial=True)
    m = a_migration(
        tmp_path, source, target, clock=Clock(), consents=consents, snapshot={"allow_partial": True}
    )
    source.on(GET, ours(m, state, shards={"total": 2, "failed": 2}))
    with pytest.raises(ExecutionError):
        follow_snapshot(m, adopted=False)


def test_a_snapshot_that_vanishes_before_anything_was_restored_is_taken_anew(
    m: Migration, source: FakeDomain
) -> None:
    source.on(GET, MISSING, ours(m), MISSING)
    start_snapshot(m, RESOLUTION)
    with pytest.raises(ExecutionError, match="vanished") as caught:
        follow_snapshot(m, adopted=False)
    assert "the same command" in caught.value.hint
    source.on(GET, MISSING, ours(m))
    assert start_snapshot(m, RESOLUTION) is False
    assert len(source.asked(PUT)) == 2


def test_a_snapshot_that_vanishes_after_a_restore_has_begun_is_not_replaced(
    m: Migration, source: FakeDomain
) -> None:
    with m.journal.intend("restore", "target", "restore", {"targets": ["a"]}):
        pass
    source.on(GET, MISSING)
    for step in (lambda: follow_snapshot(m, adopted=False), lambda: start_snapshot(m, RESOLUTION)):
        with pytest.raises(ExecutionError, match="vanished") as caught:
            step()
        assert caught.value.hint == "start again with --new-run"
    assert source.asked(PUT) == []


# from the target


def test_the_target_must_see_this_very_snapshot(m: Migration, target: FakeDomain) -> None:
    held = ["a", ".ds-logs-000001", "b"]
    target.on("GET /_snapshot/repo/snap", ok(snapshot_reply("snap", indices=held)))
    find_on_target(m, RESOLUTION, a_snapshot("snap"))
    assert target.changing == []


@pytest.mark.parametrize("found", [MISSING, ok(snapshot_reply("snap", uuid="another"))])
def test_a_target_that_looks_elsewhere_is_noticed(
    m: Migration, source: FakeDomain, target: FakeDomain, found: Reply
) -> None:
    source.on("GET /_snapshot/repo/snap", ok(snapshot_reply("snap")))
    target.on("GET /_snapshot/repo/_all", ok({"snapshots": [{"snapshot": "x"}, {"snapshot": "y"}]}))
    target.on("GET /_snapshot/repo/snap", found)
    own = {"type": "s3", "settings": {"bucket": "my-snapshots"}}
    target.on("GET /_snapshot/repo", ok({"repo": own}))
    with pytest.raises(ExecutionError, match="lists 2 snapshots") as caught:
        find_on_target(m, RESOLUTION, a_snapshot("snap"))
    assert "base_path" in caught.value.hint
    theirs = {"type": "s3", "settings": {"bucket": "my-snapshots", "base_path": "theirs"}}
    target.on("GET /_snapshot/repo", ok({"repo": theirs}))
    with m.journal.intend("register on target", "target", "register", {"name": "repo"}):
        pass
    with pytest.raises(ExecutionError, match=r"leads to another place \(s3 .*theirs.*somebody has") as caught:
        find_on_target(m, RESOLUTION, a_snapshot("snap"))
    assert caught.value.hint.startswith("if nobody needs that registration, remove it")


def test_a_snapshot_that_somebody_has_deleted_is_no_matter_of_bucket_and_base_path(
    m: Migration, source: FakeDomain, target: FakeDomain
) -> None:
    """At a gate, for example: the same command takes another one."""
    for side in (source, target):
        side.on("GET /_snapshot/repo/snap", MISSING)
    with pytest.raises(
        ExecutionError, match="vanished from repository repo: somebody has removed it"
    ) as caught:
        find_on_target(m, RESOLUTION, a_snapshot("snap"))
    assert caught.value.hint == "run the same command again: it takes a new snapshot"


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_repository_that_somebody_has_unregistered_is_registered_by_the_same_command(
    m: Migration, source: FakeDomain, target: FakeDomain, side: str
) -> None:
    gone = engine_error(404, "repository_missing_exception", "[repo] missing")
    (source if side == "source" else target).on("GET /_snapshot/repo/snap", gone)
    target.on("GET /_snapshot/repo/snap", gone if side == "target" else MISSING)
    with pytest.raises(ExecutionError, match=f"no longer registered on the {side}") as caught:
        find_on_target(m, RESOLUTION, a_snapshot("snap"))
    assert caught.value.hint == "run the same command again: it registers the repository again"


def test_a_snapshot_that_lacks_what_moves(m: Migration, target: FakeDomain) -> None:
    target.on("GET /_snapshot/repo/snap", ok(snapshot_reply("snap", indices=["a"])))
    with pytest.raises(ExecutionError, match=r"lacks 1 of the indices to move: \.ds-logs-000001"):
        find_on_target(m, RESOLUTION, a_snapshot("snap"))


def test_a_repository_that_is_gone_is_not_an_empty_one(m: Migration, source: FakeDomain) -> None:
    source.on(GET, engine_error(404, "repository_missing_exception", "[repo] missing"))
    for step in (lambda: start_snapshot(m, RESOLUTION), lambda: follow_snapshot(m, adopted=False)):
        with pytest.raises(ExecutionError, match="no longer registered on the source"):
            step()
