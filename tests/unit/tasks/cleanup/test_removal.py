"""Taking away what a run has made: by its journal, checked on the domains; whatever else is there stays.

Both domains are fakes (support.engine): they hold what each test puts there.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from support.building import Clock, a_migration
from support.engine import FakeEngine, FakeIndex, snapshot_reply
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, ok

from domains.errors import Refused
from runs.journal import now
from runs.progress import listening
from runs.state import State
from tasks.cleanup.removal import (
    end_snapshot,
    leftovers,
    remove_made,
    removed_names,
    require_removable,
    require_removed,
)
from tasks.errors import ExecutionError, PreconditionError, TimedOut
from tasks.migration import Migration
from tasks.records.cleanup import Registration, RegistrationOutcome, SkippedReason
from tasks.records.resolution import LeftOut

pytestmark = pytest.mark.slow

BUSY = engine_error(
    400, "snapshot_in_progress_exception", "Cannot delete indices that are being snapshotted: [[a/uuid]]"
)
REPOSITORY = {"type": "s3", "settings": {"bucket": "my-snapshots", "region": "us-east-1"}}
MISSING = engine_error(404, "repository_missing_exception", "[repo] missing")


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain, clock: Clock) -> Migration:
    """A migration whose waits take no time."""
    clock.step = 1.0
    made = a_migration(tmp_path, source, target, clock=clock, snapshot={"wait_for_running": "60s"})
    FakeEngine(source, "source")
    source.on("GET /_snapshot/repo", ok({"repo": REPOSITORY}))
    source.on(
        f"GET /_snapshot/repo/{made.snapshot}", ok(snapshot_reply(made.snapshot, run=made.journal.run_id))
    )
    source.on(f"DELETE /_snapshot/repo/{made.snapshot}", ok({"acknowledged": True}))
    return made


@pytest.fixture
def engine(m: Migration, target: FakeDomain) -> FakeEngine:
    """The target, on which this run has restored `a` and `b`; `c` is somebody's."""
    place = f"repo/{m.snapshot}"
    engine = FakeEngine(
        target,
        "target",
        FakeIndex("a", "uuid-a", origin=place),
        FakeIndex("b", "uuid-b", origin=place),
        FakeIndex("c"),
    )
    intend(m, "restore", "target", names=["a", "b"], targets=["a", "b"])
    m.journal.note_arrivals({"a": "uuid-a"})
    return engine


def intend(m: Migration, action: str, side: str, **detail: object) -> None:
    with m.journal.intend(action, side, action, detail):  # pyright: ignore[reportArgumentType]
        pass


def deleted(domain: FakeDomain) -> list[str]:
    return [asked.path for asked in domain.requests if asked.method == "DELETE"]


def test_who_may_not_delete_is_told_before_anything_is_made(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    require_removable(m, "rehearsal-nothing")  # there is no such index, and that is told
    denied = engine_error(403, "security_exception", "no permissions for [indices:admin/delete]")
    target.on("DELETE /[^_].*", denied)
    with pytest.raises(PreconditionError, match="could not be removed again") as caught:
        require_removable(m, "rehearsal-nothing")
    assert "--keep" in caught.value.hint
    asked = len(deleted(target))
    require_removable(m, "c")  # what is there is never asked to be deleted
    assert len(deleted(target)) == asked


def test_what_arrived_goes_and_what_is_somebody_elses_stays(m: Migration, engine: FakeEngine) -> None:
    removed = remove_made(m)
    assert removed.indices == ("a", "b")
    assert set(engine.indices) == {"c"}
    require_removed(m)


def test_an_index_that_somebody_made_anew_under_a_name_of_the_run_is_left(
    m: Migration, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("a", "another"))
    found = leftovers(m)
    assert (found.indices, [left.name for left in found.left]) == (("b",), ["a"])
    removed = remove_made(m)
    assert [left.name for left in removed.left] == ["a"]
    assert set(engine.indices) == {"a", "c"}


def test_an_index_restored_from_another_snapshot_is_left(m: Migration, engine: FakeEngine) -> None:
    engine.put(FakeIndex("b", "another", origin="repo/another-snapshot"))
    remove_made(m)
    assert set(engine.indices) == {"b", "c"}


def test_a_stream_goes_whole_if_all_of_it_is_the_runs(m: Migration, engine: FakeEngine) -> None:
    engine.streams = {"logs": ["a", "b"]}
    assert remove_made(m).indices == ("logs",)
    assert set(engine.indices) == {"c"}


def test_a_stream_with_a_backing_index_of_somebody_else_stays_whole(m: Migration, engine: FakeEngine) -> None:
    engine.streams = {"logs": ["a", "c"]}
    removed = remove_made(m)
    assert [left.name for left in removed.left] == ["logs"]
    assert set(engine.indices) == {"a", "c"}
    require_removed(m)  # it was left on purpose


def test_a_stream_that_rolls_over_while_a_snapshot_holds_it_stays(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    engine.streams = {"logs": ["a", "b"]}

    def delete(_: ReceivedRequest) -> Reply:
        engine.put(FakeIndex("new"))
        engine.streams["logs"].append("new")
        return BUSY

    target.on("DELETE /_data_stream/.*", delete)
    removed = remove_made(m)
    assert [left.name for left in removed.left] == ["logs"]
    assert set(engine.indices) == {"a", "b", "c", "new"}


def test_what_was_made_anew_while_a_reply_was_lost_is_not_deleted(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    asked: list[str] = []

    def delete(request: ReceivedRequest) -> Reply:
        asked.append(request.path)
        engine.put(FakeIndex("a", "another"))  # an auto-creating writer is quicker than the next look
        engine.indices.pop("b", None)
        return Reply(503, {"message": "Service Unavailable"})

    target.on("DELETE /[^_].*", delete)
    remove_made(m)
    assert asked == ["/a,b"]
    assert set(engine.indices) == {"a", "c"}


def test_many_indices_take_few_requests(m: Migration, engine: FakeEngine, target: FakeDomain) -> None:
    names = [f"many-{number:03}" for number in range(120)]
    for name in names:
        engine.put(FakeIndex(name, f"uuid-{name}"))
    intend(m, "restore", "target", names=names, targets=names)
    m.journal.note_arrivals({name: f"uuid-{name}" for name in names})
    remove_made(m)
    assert set(engine.indices) == {"c"}
    assert len(deleted(target)) <= 5
    assert len(m.journal.intents("remove")) <= 3


def test_what_is_left_is_told_by_a_look_afterwards(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    target.on("DELETE /[^_].*", ok({"acknowledged": True}))  # and it is still there
    remove_made(m)
    with pytest.raises(ExecutionError, match="2 things that this run has made are still there: a, b"):
        require_removed(m)


def test_it_waits_while_a_snapshot_of_the_target_holds_an_index(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    answers = [BUSY, BUSY]

    def delete(asked: ReceivedRequest) -> Reply:
        if answers:
            return answers.pop()
        for name in asked.path.strip("/").split(","):
            engine.indices.pop(name, None)
        return ok({"acknowledged": True})

    target.on("DELETE /[^_].*", delete)
    remove_made(m)
    assert set(engine.indices) == {"c"}


def test_it_does_not_wait_for_ever(m: Migration, engine: FakeEngine, target: FakeDomain) -> None:
    target.on("DELETE /[^_].*", BUSY)
    with pytest.raises(TimedOut, match="a snapshot on the target is using an index"):
        remove_made(m)


def test_a_refusal_that_will_not_pass_is_told_at_once(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    target.on(
        "DELETE /[^_].*", engine_error(403, "security_exception", "no permissions for [indices:admin/delete]")
    )
    with pytest.raises(Refused, match="no permissions"):
        remove_made(m)


def test_the_runs_own_snapshot_goes(m: Migration, engine: FakeEngine, source: FakeDomain) -> None:
    intend(m, "snapshot", "source", name=m.snapshot)
    assert leftovers(m).snapshots == (m.snapshot,)
    remove_made(m)
    assert deleted(source) == [f"/_snapshot/repo/{m.snapshot}"]


def test_a_snapshot_of_that_name_that_carries_another_runs_id_stays(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    intend(m, "snapshot", "source", name=m.snapshot)
    source.on(f"GET /_snapshot/repo/{m.snapshot}", ok(snapshot_reply(m.snapshot, run="another")))
    assert leftovers(m).snapshots == ()
    remove_made(m)
    assert deleted(source) == []


def test_a_repository_that_cannot_be_read_is_not_waited_for_in_the_name_of_another_snapshot(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    intend(m, "snapshot", "source", name=m.snapshot)
    away = engine_error(500, "repository_exception", "Unable to execute HTTP request: connection refused")
    source.on(f"GET /_snapshot/repo/{m.snapshot}", away)
    said: list[str] = []
    with listening(lambda each: said.append(each.message)), pytest.raises(Refused, match="Unable to execute"):
        end_snapshot(m)
    assert any("Unable to execute" in line for line in said)
    assert not any("another snapshot" in line for line in said)


def test_a_snapshot_that_became_whole_meanwhile_is_kept_and_not_held_for_removed(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    intend(m, "snapshot", "source", name=m.snapshot)
    states = iter(["IN_PROGRESS"] * 2)

    def get(_: ReceivedRequest) -> Reply:
        return ok(snapshot_reply(m.snapshot, next(states, "SUCCESS"), m.journal.run_id))

    source.on(f"GET /_snapshot/repo/{m.snapshot}", get)
    busy = engine_error(503, "concurrent_snapshot_execution_exception", "another snapshot is running")
    source.on(f"DELETE /_snapshot/repo/{m.snapshot}", busy)
    end_snapshot(m)
    assert len(deleted(source)) == 1
    assert removed_names(m, "remove snapshot") == ()
    end_snapshot(m)  # whole by now: nothing is sent, and nothing written
    assert len(m.journal.intents("remove snapshot")) == 1
    source.on(f"DELETE /_snapshot/repo/{m.snapshot}", ok({"acknowledged": True}))
    remove_made(m)
    assert len(deleted(source)) == 2


def registered(m: Migration, side: str, before: object = None, result: str = "sent") -> None:
    """This run has registered the plan's place there."""
    intend(m, "register", side, name="repo", before=before, **REPOSITORY)
    m.journal.document.intents[-1].result = result


def became_of_the_sources(m: Migration) -> RegistrationOutcome:
    """What became of the source's registration when all was removed."""
    return remove_made(m).registrations["source"].outcome


def test_a_registration_that_was_not_there_before_is_removed(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    registered(m, "source")
    source.on("DELETE /_snapshot/repo", ok({"acknowledged": True}))
    assert leftovers(m).registrations == ("source",)
    removed = remove_made(m)
    assert deleted(source) == ["/_snapshot/repo"]
    assert removed.registrations["source"] == Registration(outcome=RegistrationOutcome.REMOVED)
    assert removed.registrations["target"] == Registration(outcome=RegistrationOutcome.NOT_BY_THIS_RUN)


def test_a_registration_that_was_changed_is_put_back(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    before = {"type": "s3", "settings": {"bucket": "my-snapshots", "endpoint": "s3.amazonaws.com"}}
    registered(m, "source", before)
    source.on("PUT /_snapshot/repo", ok({"acknowledged": True}))
    assert became_of_the_sources(m) == RegistrationOutcome.REVERTED
    (asked,) = source.asked("PUT /_snapshot/repo")
    assert asked.json == before


OTHERS = {
    "another place": {"type": "s3", "settings": {"bucket": "another", "region": "us-east-1"}},
    "another rate": {
        "type": "s3",
        "settings": {**REPOSITORY["settings"], "max_snapshot_bytes_per_sec": "10mb"},  # pyright: ignore
    },
    "another Region": {"type": "s3", "settings": {"bucket": "my-snapshots", "region": "eu-west-1"}},
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_registration_that_somebody_has_changed_since_is_left(
    m: Migration, engine: FakeEngine, source: FakeDomain, other: str
) -> None:
    registered(m, "source")
    source.on("GET /_snapshot/repo", ok({"repo": OTHERS[other]}))
    assert leftovers(m).registrations == ()
    assert became_of_the_sources(m) == RegistrationOutcome.CHANGED_BY_OTHERS
    assert deleted(source) == []


def test_a_registration_that_was_denied_was_never_this_runs(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    registered(m, "source", result="denied")
    assert became_of_the_sources(m) == RegistrationOutcome.NOT_BY_THIS_RUN
    assert deleted(source) == []


def test_a_former_registration_that_somebody_has_removed_is_not_made_again(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    registered(m, "source", before={"type": "s3", "settings": {"bucket": "my-snapshots"}})
    source.on("GET /_snapshot/repo", MISSING)
    assert became_of_the_sources(m) == RegistrationOutcome.REMOVED_BY_OTHERS
    assert [asked.method for asked in source.requests if asked.method in {"PUT", "DELETE"}] == []


def test_a_registration_that_a_later_migration_works_with_is_left(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    registered(m, "source")
    later = State.of(m.journal).begin(m.plan, "migrate", "99991231-000000000-0000")
    with later.step("register on source"):
        pass
    later.keep("register on source", LeftOut(name="repo", reason="closed"))  # any record
    assert remove_made(m).registrations["source"] == Registration(
        outcome=RegistrationOutcome.USED_BY_A_LATER_RUN, run_id=later.run_id
    )
    assert deleted(source) == []


def test_the_runs_snapshot_goes_although_its_registration_was_removed(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    registered(m, "source")
    intend(m, "snapshot", "source", name=m.snapshot)
    there = {"repo": False}
    body = {"repo": {"type": "s3", "settings": {**REPOSITORY["settings"]}}}  # pyright: ignore

    def turned(on: bool) -> Reply:
        there["repo"] = on
        return ok({"acknowledged": True})

    source.on("GET /_snapshot/repo", lambda _: ok(body) if there["repo"] else MISSING)
    source.on("PUT /_snapshot/repo", lambda _: turned(True)).on(
        "DELETE /_snapshot/repo", lambda _: turned(False)
    )
    source.on("POST /_snapshot/repo/_verify", ok({"nodes": {"n": {"name": "n"}}}))
    removed = remove_made(m)
    assert deleted(source) == [f"/_snapshot/repo/{m.snapshot}", "/_snapshot/repo"]
    assert (removed.snapshots, removed.left) == ((m.snapshot,), ())


def test_a_snapshot_that_cannot_be_reached_any_more_is_told(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    registered(m, "source")
    intend(m, "snapshot", "source", name=m.snapshot)
    gone = engine_error(500, "repository_verification_exception", "[repo] path is not accessible")
    source.on("GET /_snapshot/repo", MISSING).on("PUT /_snapshot/repo", gone)
    (left,) = remove_made(m).left
    assert left.name == m.snapshot
    assert (left.why, left.detail) == (SkippedReason.SNAPSHOT_OUT_OF_REACH, "repo")
    assert "path is not accessible" in left.error


def in_doubt(m: Migration, seconds_ago: float = 0) -> None:
    """The process was killed while it restored."""
    m.journal.document.intents[-1].result = None
    m.journal.document.intents[-1].at = now() - timedelta(seconds=seconds_ago)


def test_a_request_that_a_kill_left_in_doubt_is_waited_for(
    m: Migration, engine: FakeEngine, clock: Clock
) -> None:
    began = clock.now
    in_doubt(m)
    remove_made(m)
    assert clock.now - began >= 15


@pytest.mark.parametrize("seconds", [16, 61])
def test_one_that_the_domain_has_still_in_its_queue_is_waited_for_longer(
    m: Migration, engine: FakeEngine, clock: Clock, seconds: int
) -> None:
    began = clock.now
    engine.queue = [{"source": f"restore_snapshot[{m.snapshot}]"}]
    in_doubt(m, seconds)
    remove_made(m)
    assert (clock.now > began) == (seconds < 60)


def test_nothing_is_waited_for_after_a_step_that_came_to_its_end(
    m: Migration, engine: FakeEngine, clock: Clock
) -> None:
    began = clock.now
    remove_made(m)
    assert clock.now == began


def test_taking_away_twice_is_as_once(m: Migration, engine: FakeEngine, source: FakeDomain) -> None:
    registered(m, "source")
    source.on("DELETE /_snapshot/repo", ok({"acknowledged": True}))
    remove_made(m)
    source.on("GET /_snapshot/repo", MISSING)
    assert became_of_the_sources(m) == RegistrationOutcome.ABSENT
    assert deleted(source) == ["/_snapshot/repo"]


SETTING_OF = {5: "index.blocks.read_only", 9: "index.blocks.metadata"}


@pytest.mark.parametrize("number", SETTING_OF)
def test_a_block_that_somebody_has_set_on_a_copy_by_hand_is_taken_off_first(
    m: Migration, engine: FakeEngine, target: FakeDomain, number: int
) -> None:
    blocked = {"a", "b"}
    refused = engine_error(
        403,
        "cluster_block_exception",
        "".join(f"index [{name}] blocked by: [FORBIDDEN/{number}/index x (api)];" for name in ("b", "a")),
    )

    def delete(asked: ReceivedRequest) -> Reply:
        named = set(asked.path.removeprefix("/").split(","))
        return refused if named & blocked else engine._delete(asked)  # pyright: ignore[reportPrivateUsage]

    def change(asked: ReceivedRequest) -> Reply:
        blocked.discard(asked.path.split("/")[1])
        return ok({"acknowledged": True})

    target.on("DELETE /[^_].*", delete).on("PUT /[^_].*/_settings", change)
    assert remove_made(m).indices == ("a", "b")
    assert engine.indices.keys() == {"c"}
    bodies = [(asked.path, asked.json) for asked in target.asked("PUT /.*/_settings")]
    assert bodies == [(f"/{name}/_settings", {SETTING_OF[number]: None}) for name in ("b", "a")]
    assert [intent.detail["names"] for intent in m.journal.intents("unblock")] == [["b"], ["a"]]


def test_a_block_on_the_whole_target_is_not_touched_and_its_way_out_is_told(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    said = "blocked by: [FORBIDDEN/6/cluster read-only (api)];"
    target.on("DELETE /[^_].*", engine_error(403, "cluster_block_exception", said))
    with pytest.raises(Refused) as caught:
        remove_made(m)
    assert '{"persistent": {"cluster.blocks.read_only": null}}' in caught.value.hint
    assert target.asked("PUT .*") == []
    assert removed_names(m, "remove") == ("a", "b"), "several requests: what they did is not known"


def test_a_block_that_a_full_disk_has_made_is_waited_for(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    """The engine takes it off by itself."""
    said = "index [a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark];"
    full = engine_error(429, "cluster_block_exception", said)

    def delete(asked: ReceivedRequest) -> Reply:
        first = len(target.asked("DELETE /[^_].*")) < 3
        return full if first else engine._delete(asked)  # pyright: ignore[reportPrivateUsage]

    target.on("DELETE /[^_].*", delete)
    assert remove_made(m).indices == ("a", "b")
    assert target.asked("PUT .*") == []
