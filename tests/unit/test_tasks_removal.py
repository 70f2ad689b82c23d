"""Taking away what a run has made: by its journal, checked on the domains; whatever else is there stays.

Both domains are fakes (support.engine): they hold what each test puts there.
"""

from pathlib import Path

import pytest
from support.building import Clock, a_migration
from support.engine import FakeEngine, Held, snapshot_reply
from support.fake_domain import Asked, FakeDomain, Reply, engine_error, ok

from domains.errors import Refused
from runs.journal import now
from tasks.errors import ExecutionError, TimedOut
from tasks.migration import Migration
from tasks.removal import leftovers, remove_made, require_removed

BUSY = engine_error(
    400, "snapshot_in_progress_exception", "Cannot delete indices that are being snapshotted: [[a/uuid]]"
)
REPOSITORY = {"type": "s3", "settings": {"bucket": "my-snapshots", "region": "us-east-1"}}


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
        target, "target", Held("a", "uuid-a", origin=place), Held("b", "uuid-b", origin=place), Held("c")
    )
    intend(m, "restore", "target", names=["a", "b"], targets=["a", "b"])
    m.journal.note_arrivals({"a": "uuid-a"})
    return engine


def intend(m: Migration, action: str, side: str, **detail: object) -> None:
    with m.journal.intend(action, side, action, detail):  # pyright: ignore[reportArgumentType]
        pass


def deleted(domain: FakeDomain) -> list[str]:
    return [asked.path for asked in domain.requests if asked.method == "DELETE"]


def test_what_arrived_goes_and_what_is_somebody_elses_stays(m: Migration, engine: FakeEngine) -> None:
    removed = remove_made(m)
    assert removed.indices == ("a", "b")
    assert set(engine.indices) == {"c"}
    require_removed(m)


def test_an_index_that_somebody_made_anew_under_a_name_of_the_run_is_left(
    m: Migration, engine: FakeEngine
) -> None:
    engine.put(Held("a", "another"))
    found = leftovers(m)
    assert (found.indices, [left.name for left in found.left]) == (("b",), ["a"])
    removed = remove_made(m)
    assert [left.name for left in removed.left] == ["a"]
    assert set(engine.indices) == {"a", "c"}


def test_an_index_restored_from_another_snapshot_is_left(m: Migration, engine: FakeEngine) -> None:
    engine.put(Held("b", "another", origin="repo/another-snapshot"))
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
    with pytest.raises(ExecutionError, match="still on the target: a"):
        require_removed(m)


def test_it_waits_while_a_snapshot_of_the_target_holds_an_index(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    answers = [BUSY, BUSY]

    def delete(asked: Asked) -> Reply:
        if answers:
            return answers.pop()
        engine.indices.pop(asked.path.strip("/"), None)
        return ok({"acknowledged": True})

    target.on("DELETE /[^_].*", delete)
    remove_made(m)
    assert set(engine.indices) == {"c"}


def test_it_does_not_wait_for_ever(m: Migration, engine: FakeEngine, target: FakeDomain) -> None:
    target.on("DELETE /[^_].*", BUSY)
    with pytest.raises(TimedOut, match="a snapshot on the target holds a"):
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
    assert leftovers(m).snapshot == m.snapshot
    remove_made(m)
    assert deleted(source) == [f"/_snapshot/repo/{m.snapshot}"]


def test_a_snapshot_of_that_name_that_carries_another_runs_id_stays(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    intend(m, "snapshot", "source", name=m.snapshot)
    source.on(f"GET /_snapshot/repo/{m.snapshot}", ok(snapshot_reply(m.snapshot, run="another")))
    assert leftovers(m).snapshot is None
    remove_made(m)
    assert deleted(source) == []


def test_a_registration_that_was_not_there_before_is_removed(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    intend(m, "register", "source", name="repo", before=None)
    source.on("DELETE /_snapshot/repo", ok({"acknowledged": True}))
    removed = remove_made(m)
    assert deleted(source) == ["/_snapshot/repo"]
    assert removed.registrations["source"] == "the registration was removed"
    assert removed.registrations["target"] == "this run registered nothing"


def test_a_registration_that_was_changed_is_put_back(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    before = {"type": "s3", "settings": {"bucket": "my-snapshots", "endpoint": "s3.amazonaws.com"}}
    intend(m, "register", "source", name="repo", before=before)
    source.on("PUT /_snapshot/repo", ok({"acknowledged": True}))
    assert remove_made(m).registrations["source"] == "the former registration was put back"
    (asked,) = source.asked("PUT /_snapshot/repo")
    assert asked.json == before


def test_a_registration_that_somebody_has_led_elsewhere_since_is_left(
    m: Migration, engine: FakeEngine, source: FakeDomain
) -> None:
    intend(m, "register", "source", name="repo", before=None)
    elsewhere = {"type": "s3", "settings": {"bucket": "another"}}
    source.on("GET /_snapshot/repo", ok({"repo": elsewhere}))
    assert "somebody" in remove_made(m).registrations["source"]
    assert deleted(source) == []


def test_a_request_that_a_kill_left_in_doubt_is_waited_for(
    m: Migration, engine: FakeEngine, clock: Clock
) -> None:
    began = clock.now
    m.journal.document.intents[-1].result = None
    m.journal.document.intents[-1].at = now()
    remove_made(m)
    assert clock.now - began >= 15


def test_nothing_is_waited_for_after_a_step_that_came_to_its_end(
    m: Migration, engine: FakeEngine, clock: Clock
) -> None:
    began = clock.now
    remove_made(m)
    assert clock.now == began


def test_taking_away_twice_is_as_once(m: Migration, engine: FakeEngine, source: FakeDomain) -> None:
    intend(m, "register", "source", name="repo", before=None)
    source.on("DELETE /_snapshot/repo", ok({"acknowledged": True}))
    remove_made(m)
    source.on("GET /_snapshot/repo", engine_error(404, "repository_missing_exception", "[repo] missing"))
    assert remove_made(m).registrations["source"] == "nothing is registered"
    assert deleted(source) == ["/_snapshot/repo"]
