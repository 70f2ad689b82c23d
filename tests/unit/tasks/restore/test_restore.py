"""Restoring: what is ours is adopted, what is not is never touched, and an accepted request proves nothing.

The target is a fake (support.engine): it holds what each test puts there.
"""

from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_migration, a_resolution, a_snapshot, a_stream_unit, a_unit, selected
from support.engine import FakeEngine, FakeIndex, snapshot_reply
from support.fake_domain import CLOSE, FakeDomain, ReceivedRequest, Reply, engine_error, ok
from support.java import renamed

from domains.engine.catalog import catalog
from domains.engine.restores import Primary, Recovery
from domains.errors import DomainError, Refused, Unreachable
from runs.progress import Poll, Progress, listening
from tasks.errors import ExecutionError, TimedOut
from tasks.migration import Consents, Migration
from tasks.records.resolution import Unit
from tasks.restore.owned_indices import Arrival, ours
from tasks.restore.requests import batches
from tasks.restore.restore import restore
from tasks.selection.conflicts import decide

RESTORE = "POST /_snapshot/repo/snap/_restore"
SNAPSHOT = a_snapshot("snap")
OURS = "repo/snap"


@pytest.fixture
def engine(target: FakeDomain) -> FakeEngine:
    """The target: empty, and every restore succeeds."""
    return FakeEngine(target, "target").restoring(OURS)


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain, clock: Clock) -> Migration:
    """A migration whose waits take no time."""
    clock.step = 1.0
    return a_migration(tmp_path, source, target, clock=clock)


def migrating(tmp_path: Path, source: FakeDomain, target: FakeDomain, **plan: Any) -> Migration:
    return a_migration(tmp_path, source, target, clock=Clock(), **plan)


def intended(m: Migration, *targets: str) -> None:
    with m.journal.intend("restore", "target", "restore", {"names": list(targets), "targets": list(targets)}):
        pass


def named(target: FakeDomain) -> list[list[str]]:
    return [asked.json["indices"] for asked in target.asked(RESTORE)]


# whose it is


def born(domain: FakeDomain, date: str) -> None:
    domain.on("GET /a/_settings", ok({"a": {"settings": {"index.creation_date": date}}}))


def whose(m: Migration, unit: Unit) -> bool:
    return ours(m, [unit], SNAPSHOT, catalog(m.target)) == [unit]


def test_restored_from_our_snapshot_and_intended_is_ours(m: Migration, engine: FakeEngine) -> None:
    engine.put(FakeIndex("a", origin=OURS))
    intended(m, "a")
    assert whose(m, a_unit("a"))


def test_without_an_intent_in_the_journal_it_is_not(m: Migration, engine: FakeEngine) -> None:
    engine.put(FakeIndex("a", origin=OURS))
    intended(m, "b")
    assert not whose(m, a_unit("a"))


@pytest.mark.parametrize("states", [["STARTED"], ["INITIALIZING"], ["UNASSIGNED"], ["STARTED", "UNASSIGNED"]])
def test_whatever_its_shards_stand_at_the_origin_decides(
    m: Migration, engine: FakeEngine, states: list[str]
) -> None:
    intended(m, "a")
    engine.put(FakeIndex("a", origin=OURS, states=list(states)))
    assert whose(m, a_unit("a"))
    engine.put(FakeIndex("a", "u2", origin="repo/another", states=list(states)))
    assert not whose(m, a_unit("a"))
    engine.put(FakeIndex("a", "u3", origin="elsewhere/snap", states=list(states)))
    assert not whose(m, a_unit("a"))


@pytest.mark.parametrize("states", [["STARTED"], ["STARTED", "STARTED"], ["INITIALIZING"]])
def test_an_index_that_was_made_on_the_target_is_never_ours(
    m: Migration, engine: FakeEngine, states: list[str], source: FakeDomain, target: FakeDomain
) -> None:
    """The run was killed between its intent and its request, and an application made the index meanwhile."""
    engine.put(FakeIndex("a", origin=None, states=states))
    intended(m, "a")
    born(source, "1")
    born(target, "2")
    assert not whose(m, a_unit("a"))


def test_one_shard_of_another_origin_is_enough_to_leave_it_alone() -> None:
    def arrival(*recovered: str | None, restoring: str | None = None) -> Arrival:
        primaries = [Primary("a", n, "STARTED", "", restoring) for n in range(2)]
        recoveries = [Recovery("a", n, place, 1, 1, 0) for n, place in enumerate(recovered)]
        return Arrival(tuple(primaries), tuple(recoveries))

    assert arrival(OURS, OURS).comes_from(OURS)
    assert arrival(restoring=OURS).comes_from(OURS)
    assert not arrival(OURS, "repo/another").comes_from(OURS)
    assert not arrival(OURS, None).comes_from(OURS)
    assert not arrival(OURS).comes_from(OURS), "nothing is known of the second shard"
    assert not Arrival((), ()).comes_from(OURS)


def test_an_empty_index_without_shards_started_is_not_ours(
    m: Migration, engine: FakeEngine, source: FakeDomain, target: FakeDomain
) -> None:
    engine.put(FakeIndex("a", origin=None, states=["UNASSIGNED"]))
    intended(m, "a")
    born(source, "1")
    born(target, "2")
    assert not whose(m, a_unit("a"))


def test_a_restart_that_makes_the_target_forget_the_origin_leaves_it_ours_by_its_birth(
    m: Migration, engine: FakeEngine, source: FakeDomain, target: FakeDomain
) -> None:
    engine.put(FakeIndex("a", "u1", origin=None, states=["UNASSIGNED"]))
    intended(m, "a")
    born(source, "1700000000000")
    born(target, "1700000000001")
    assert not whose(m, a_unit("a")), "somebody else has made it"
    born(target, "1700000000000")
    assert whose(m, a_unit("a"))
    born(source, "0")
    assert whose(m, a_unit("a")), "its UUID is noted"


@pytest.mark.parametrize(
    ("states", "origin"), [(["STARTED"], None), (["UNASSIGNED"], "repo/another"), (["INITIALIZING"], "x/y")]
)
def test_what_has_started_or_comes_from_elsewhere_is_not_ours_by_its_birth(
    m: Migration,
    engine: FakeEngine,
    source: FakeDomain,
    target: FakeDomain,
    states: list[str],
    origin: str | None,
) -> None:
    engine.put(FakeIndex("a", origin=origin, states=states))
    intended(m, "a")
    born(source, "1700000000000")
    born(target, "1700000000000")
    assert not whose(m, a_unit("a"))


def test_what_this_run_has_seen_arrive_with_another_uuid_is_not_ours_by_its_birth(
    m: Migration, engine: FakeEngine, source: FakeDomain, target: FakeDomain
) -> None:
    """Somebody has deleted our copy, and restored the same index from another snapshot."""
    intended(m, "a")
    m.journal.note_arrivals({"a": "ours-of-before"})
    engine.put(FakeIndex("a", "theirs", origin=None, states=["UNASSIGNED"]))
    born(source, "1700000000000")
    born(target, "1700000000000")
    assert not whose(m, a_unit("a"))
    assert m.journal.document.arrived == {"a": "ours-of-before"}


def test_what_took_the_name_before_the_restore_is_never_closed(
    m: Migration, engine: FakeEngine, source: FakeDomain, target: FakeDomain
) -> None:
    """An application makes the index between our look and our request; its primary is not started yet."""
    born(source, "1700000000000")
    born(target, "1700000000099")

    def taken(_: Any) -> Reply:
        engine.put(FakeIndex("a", "theirs", origin=None, states=["INITIALIZING"]))
        said = "[repo:snap/u] cannot restore index [a] because an open index with same name already exists"
        return engine_error(500, "snapshot_restore_exception", said)

    target.on(RESTORE, taken)
    (index,) = restore(m, a_resolution(a_unit("a")), SNAPSHOT).indices
    assert not index.restored and "already exists" in index.problem
    assert target.changing == [RESTORE] and m.journal.document.arrived == {}


def test_a_restore_whose_reply_is_unknown_makes_nothing_ours_by_its_birth(
    m: Migration, engine: FakeEngine, source: FakeDomain, target: FakeDomain
) -> None:
    engine.put(FakeIndex("a", origin=None, states=["UNASSIGNED"]))
    with (
        pytest.raises(Unreachable),
        m.journal.intend("restore", "target", "restore", {"names": ["a"], "targets": ["a"]}),
    ):
        raise Unreachable("target: POST", "no reply")
    born(source, "1700000000000")
    born(target, "1700000000000")
    assert not whose(m, a_unit("a"))


def test_what_arrived_is_known_by_its_uuid_later(m: Migration, engine: FakeEngine) -> None:
    """After a node's restart the recovery no longer names the snapshot; the noted UUID still tells."""
    engine.put(FakeIndex("a", "u1", origin=None))
    intended(m, "a")
    m.journal.note_arrivals({"a": "u1"})
    assert whose(m, a_unit("a"))


def test_what_was_recognised_is_known_by_its_uuid_from_then_on(m: Migration, engine: FakeEngine) -> None:
    held = engine.put(FakeIndex("a", "u1", origin=OURS))
    engine.put(FakeIndex("b", "u2", origin="repo/another"))
    intended(m, "a", "b")
    assert ours(m, [a_unit("a"), a_unit("b")], SNAPSHOT, catalog(m.target)) == [a_unit("a")]
    assert m.journal.document.arrived == {"a": "u1"}
    held.origin = None  # moved to another node, or closed: the domain no longer tells
    assert whose(m, a_unit("a"))


def test_an_index_that_was_made_anew_under_the_name_is_not_ours(m: Migration, engine: FakeEngine) -> None:
    engine.put(FakeIndex("a", "u2", origin="repo/another"))
    intended(m, "a")
    m.journal.note_arrivals({"a": "u1"})
    assert not whose(m, a_unit("a"))


@pytest.mark.slow
def test_one_made_anew_between_two_reads_is_never_noted_as_ours(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    """It was ours when its origin was read, and another when its UUID was: `abort` must not delete it."""

    def replaced() -> None:
        if len(target.asked("GET /a/_recovery")) == 1:
            engine.put(FakeIndex("a", "foreign", states=["INITIALIZING"]))

    target.before("GET /_cat/indices", replaced)
    engine.restoring(OURS, states=["INITIALIZING"])
    with pytest.raises(TimedOut):
        restore(m, a_resolution(a_unit("a")), SNAPSHOT)
    assert "foreign" not in m.journal.document.arrived.values()


def test_half_a_stream_is_not_there(m: Migration, engine: FakeEngine) -> None:
    engine.put(FakeIndex(".ds-l-000001", origin=OURS))
    unit = a_stream_unit("l", ".ds-l-000001", ".ds-l-000002")
    engine.streams["l"] = [".ds-l-000001"]
    intended(m, ".ds-l-000001", ".ds-l-000002")
    assert not whose(m, unit)
    engine.put(FakeIndex(".ds-l-000002", origin=OURS))
    engine.streams["l"] = [".ds-l-000001", ".ds-l-000002"]
    assert whose(m, unit)


def test_backing_indices_by_themselves_are_no_stream(m: Migration, engine: FakeEngine) -> None:
    """As seed rounds leave them: the name itself is not there yet."""
    engine.put(FakeIndex(".ds-l-000001", origin=OURS))
    intended(m, ".ds-l-000001")
    assert not whose(m, a_stream_unit("l", ".ds-l-000001"))


# the request


def test_names_are_listed_and_nothing_else_is_restored(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    record = restore(m, a_resolution(a_unit("a"), a_unit("b")), SNAPSHOT)
    (asked,) = target.asked(RESTORE)
    body = asked.json
    assert asked.query == {"wait_for_completion": "false"}
    assert body["indices"] == ["a", "b"]
    assert (body["include_global_state"], body["ignore_unavailable"], body["partial"]) == (
        False,
        False,
        False,
    )
    assert body["include_aliases"] is True
    behind = {"index.blocks.*", "index.routing.allocation.*", "index.lifecycle.*"}
    followers = {"index.plugins.replication.follower.*", "index.xpack.ccr.*"}
    assert behind | followers <= set(body["ignore_index_settings"])
    assert "index.provided_name" not in body["ignore_index_settings"], "a rollover may go by its date math"
    assert "rename_pattern" not in body
    assert "index_settings" not in body
    assert target.changing == [RESTORE]
    assert [(i.target, i.restored, i.bytes, i.reused_bytes, i.adopted) for i in record.indices] == [
        ("a", True, 900, 100, False),
        ("b", True, 900, 100, False),
    ]
    assert m.journal.document.arrived == {"a": "restored-a", "b": "restored-b"}
    (intent,) = m.journal.intents("restore")
    assert (intent.detail["targets"], intent.result) == (["a", "b"], "sent")


def test_the_plans_settings_are_sent(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    plan = {
        "aliases": False,
        "index_settings": {"index.number_of_replicas": 0},
        "ignore_index_settings": ["index.refresh_interval"],
    }
    restore(
        migrating(tmp_path, source, target, restore=plan),
        a_resolution(a_unit("a")),
        a_snapshot("snap", state="PARTIAL"),
    )
    body = target.asked(RESTORE)[0].json
    assert (body["include_aliases"], body["partial"]) == (False, True)
    assert body["index_settings"] == {"index.number_of_replicas": 0}
    assert "index.refresh_interval" in body["ignore_index_settings"]
    assert "index.blocks.*" in body["ignore_index_settings"]


def test_renamed_indices_share_a_request_and_a_renamed_stream_goes_by_itself(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    m = migrating(tmp_path, source, target, conflicts={"policy": "rename", "prefix": "x-"})
    holds = {"a": ["a"], "b": ["b"], "c": ["c"], "l": [".ds-l-000001"]}

    def renaming(asked: Any) -> Reply:
        body = asked.json
        rule = (body.get("rename_pattern", "^(.+)$"), body.get("rename_replacement", "$1"))
        for name in body["indices"]:
            for index in holds[name]:
                engine.put(FakeIndex(renamed(index, *rule, of_a_stream=name == "l"), origin=OURS))
        return ok({"accepted": True})

    target.on(RESTORE, renaming)
    backing = selected(".ds-l-000001", target=".ds-x-l-000001", stream="l")
    units = [
        a_unit("l", backing, target="x-l", action="rename", is_stream=True),
        a_unit("a", target="x-a", action="rename"),
        a_unit("b"),
        a_unit("c", target="x-c", action="rename"),
    ]
    record = restore(m, a_resolution(*units), SNAPSHOT)
    assert named(target) == [["b"], ["a", "c"], ["l"]]
    plain, together, alone = (asked.json for asked in target.asked(RESTORE))
    assert (together["rename_pattern"], together["rename_replacement"]) == ("^(.+)$", "x-$1")
    assert (alone["rename_pattern"], alone["rename_replacement"]) == (
        r"^\Ql\E(-(?:\d{4}\.\d{2}\.\d{2}-)?\d{6,})?$",
        "x-l$1",
    )
    assert [body["include_aliases"] for body in (plain, together, alone)] == [True, False, False]
    provided = ["index.provided_name" in body["ignore_index_settings"] for body in (plain, together, alone)]
    assert provided == [False, True, True], "a rollover of a copy must not count on among the source's names"
    assert sorted(engine.indices) == [".ds-x-l-000001", "b", "x-a", "x-c"]
    assert {index.target for index in record.indices if index.restored} == set(engine.indices)


def unit_of(name: str, indices: int, action: Any = "restore") -> Unit:
    if indices == 1:
        return a_unit(name, action=action)
    return a_stream_unit(name, *(f".ds-{name}-{n:06}" for n in range(indices)), action=action)


@pytest.mark.parametrize(
    ("sizes", "size", "wanted"),
    [
        ([1, 1, 1, 1, 1], 2, [[0, 1], [2, 3], [4]]),
        ([1, 1], 200, [[0, 1]]),
        ([3, 1, 1], 3, [[0], [1, 2]]),
        ([1, 9, 1], 3, [[0], [1], [2]]),
        ([], 3, []),
    ],
)
def test_requests_are_cut_by_indices_and_streams_stay_whole(
    sizes: list[int], size: int, wanted: list[list[int]]
) -> None:
    units = [unit_of(f"u{number}", count) for number, count in enumerate(sizes)]
    assert [[int(unit.name[1:]) for unit in batch] for batch in batches(units, size)] == wanted


def test_batches_follow_one_another(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    m = migrating(tmp_path, source, target, restore={"batch": 2})
    record = restore(m, a_resolution(*(a_unit(name) for name in "abcde")), SNAPSHOT)
    assert named(target) == [["a", "b"], ["c", "d"], ["e"]]
    assert record.batches == 3
    assert [index.target for index in record.indices] == list("abcde")


def test_the_progress_of_all_batches_is_one(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    m = migrating(tmp_path, source, target, restore={"batch": 2})
    told: list[Progress] = []
    with listening(told.append):
        restore(m, a_resolution(*(a_unit(name) for name in "abcde")), SNAPSHOT)
    assert {progress.unit for progress in told} == {"bytes"}
    shares = [progress.done / progress.total for progress in told]
    assert shares == sorted(shares) and shares[0] < shares[-1] == 1
    assert told[-1].detail == "5 of 5 shards, 5 of 5 indices"
    assert all(progress.detail.endswith("of 5 indices") for progress in told)


# again, after anything


def test_what_is_there_already_is_not_sent_again(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("a", origin=OURS))
    intended(m, "a", "b")
    record = restore(m, a_resolution(a_unit("a"), a_unit("b")), SNAPSHOT)
    assert named(target) == [["b"]]
    assert {index.target: index.adopted for index in record.indices} == {"a": True, "b": False}


def test_a_second_time_nothing_is_sent(m: Migration, target: FakeDomain, engine: FakeEngine) -> None:
    resolution = a_resolution(a_unit("a"), a_stream_unit("l", ".ds-l-000001"))

    def restored(_: Any) -> Reply:
        for name in ("a", ".ds-l-000001"):
            engine.put(FakeIndex(name, origin=OURS))
        engine.streams["l"] = [".ds-l-000001"]
        return ok({"accepted": True})

    target.on(RESTORE, restored)
    restore(m, resolution, SNAPSHOT)
    before = len(target.changing)
    record = restore(m, resolution, SNAPSHOT)
    assert len(target.changing) == before
    assert all(index.adopted and index.restored for index in record.indices)


def test_a_copy_that_the_engine_gave_up_is_restored_once_more(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("a", origin=OURS, states=["UNASSIGNED"]))
    intended(m, "a")
    record = restore(m, a_resolution(a_unit("a")), SNAPSHOT)
    assert target.changing == ["POST /a/_close", RESTORE]
    assert [(index.target, index.restored) for index in record.indices] == [("a", True)]


def test_a_stream_whose_name_access_control_takes_for_an_index_goes_with_its_indices(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    """The security plugin knows the snapshot's indices only, and lets lenient requests pass."""

    def guarded(asked: Any) -> Reply:
        if not asked.json["ignore_unavailable"] and "l" in asked.json["indices"]:
            return engine_error(404, "index_not_found_exception", "no such index [l]")
        for name in asked.json["indices"]:
            if name != "l":
                engine.put(FakeIndex(name, origin=OURS))
        return ok({"accepted": True})

    target.on(RESTORE, guarded)
    target.on("GET /_snapshot/repo/snap", ok(snapshot_reply("snap", data_streams=["l"])))
    record = restore(m, a_resolution(a_unit("a"), a_stream_unit("l", ".ds-l-000001")), SNAPSHOT)
    assert {index.target for index in record.indices if index.restored} == {"a", ".ds-l-000001"}
    assert named(target)[1:] == [["a"], ["l", ".ds-l-000001"]]


def test_a_stream_that_the_snapshot_lacks_is_a_failure_however_it_is_asked(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    """As a real engine: asked leniently it would restore the index alone, which is no data stream."""

    def engines(asked: Any) -> Reply:
        if not asked.json["ignore_unavailable"]:
            return engine_error(404, "index_not_found_exception", "no such index [l]")
        engine.put(FakeIndex(".ds-l-000001", origin=OURS))
        return ok({"accepted": True})

    target.on(RESTORE, engines)
    target.on("GET /_snapshot/repo/snap", ok(snapshot_reply("snap", data_streams=[])))
    record = restore(m, a_resolution(a_stream_unit("l", ".ds-l-000001")), SNAPSHOT)
    assert [index.restored for index in record.indices] == [False]
    assert "no such index [l]" in record.indices[0].problem
    assert engine.indices == {}


def test_a_foreign_index_under_the_name_stops_it_before_anything_is_sent(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("b", origin="repo/another"))
    with pytest.raises(ExecutionError, match=r"names were taken on the target .*b: index b"):
        restore(m, a_resolution(a_unit("a"), a_unit("b")), SNAPSHOT)
    assert target.changing == []


def test_a_lost_reply_of_a_restore_that_began_is_no_failure(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    def lost(_: Any) -> Reply:
        engine.put(FakeIndex("a", origin=OURS))
        return CLOSE

    target.on(RESTORE, lost)
    record = restore(m, a_resolution(a_unit("a")), SNAPSHOT)
    assert record.indices[0].restored
    assert len(target.asked(RESTORE)) == 1


def test_a_lost_reply_of_a_restore_that_did_not_begin_is_told(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    target.on(RESTORE, CLOSE)
    with pytest.raises(Unreachable):
        restore(m, a_resolution(a_unit("a")), SNAPSHOT)
    assert len(target.asked(RESTORE)) == 1


# refusals


@pytest.mark.parametrize(
    ("refusal", "said", "hint"),
    [
        (
            engine_error(500, "snapshot_restore_exception", "[repo:snap] snapshot does not exist"),
            "vanished from repository repo: somebody has removed it",
            "it takes a new snapshot",
        ),
        (
            engine_error(404, "repository_missing_exception", "[repo] missing"),
            "repository repo is no longer registered on the target",
            "it registers the repository again",
        ),
    ],
)
def test_what_somebody_has_removed_is_named_once_and_not_name_by_name(
    m: Migration,
    source: FakeDomain,
    target: FakeDomain,
    engine: FakeEngine,
    refusal: Reply,
    said: str,
    hint: str,
) -> None:
    target.on(RESTORE, refusal)
    for side in (source, target):
        side.on("GET /_snapshot/repo", ok({"repo": {"type": "s3", "settings": {"bucket": "my-snapshots"}}}))
    with pytest.raises(ExecutionError, match=said) as caught:
        restore(m, a_resolution(a_unit("a"), a_unit("b")), SNAPSHOT)
    assert hint in caught.value.hint
    assert len(target.asked(RESTORE)) == 1


def test_one_bad_name_does_not_hold_up_the_others(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    said = "[repo:snap/u] cannot restore index [bad] because it cannot be upgraded"

    def all_or_nothing(asked: Any) -> Reply:
        if "bad" in asked.json["indices"]:
            return engine_error(500, "snapshot_restore_exception", said)
        for name in asked.json["indices"]:
            engine.put(FakeIndex(name, origin=OURS))
        return ok({"accepted": True})

    target.on(RESTORE, all_or_nothing)
    names = ["a", "b", "bad", "c", "d", "e", "f"]
    record = restore(m, a_resolution(*map(a_unit, names)), SNAPSHOT)
    assert {index.target for index in record.indices if index.restored} == set(names) - {"bad"}
    (failed,) = [index for index in record.indices if not index.restored]
    assert (failed.target, said in failed.problem) == ("bad", True)
    assert len(target.asked(RESTORE)) < 8


def test_a_refusal_that_is_about_no_name_is_not_halved(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    target.on(RESTORE, engine_error(400, "validation_exception", "maximum shards open"))
    with pytest.raises(Refused, match="maximum shards open"):
        restore(m, a_resolution(a_unit("a"), a_unit("b")), SNAPSHOT)
    assert len(target.asked(RESTORE)) == 1


# following


def test_accepted_and_not_there_is_a_problem(m: Migration, target: FakeDomain, engine: FakeEngine) -> None:
    target.on(RESTORE, ok({"accepted": True}))
    (index,) = restore(m, a_resolution(a_unit("a")), SNAPSHOT).indices
    assert not index.restored
    assert "accepted the restore, but the index is not there" in index.problem
    assert m.journal.document.arrived == {}


def test_a_primary_that_will_not_start_is_told_in_the_allocators_words(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.restoring(OURS, states=["STARTED", "UNASSIGNED"])
    unit = a_unit("a", selected("a", shards=2))
    (index,) = restore(m, a_resolution(unit), SNAPSHOT).indices
    assert not index.restored
    assert index.problem == "shard 1 of a is not started: no node has room"
    assert index.shards == 1


@pytest.mark.parametrize("explained", ["throttled", "awaiting_info", "refused"])
def test_what_may_still_start_is_waited_for_and_no_longer_than_that(
    m: Migration, engine: FakeEngine, clock: Clock, explained: str
) -> None:
    engine.restoring(OURS, states=["UNASSIGNED"])
    put = engine.put
    engine.put = lambda held: put(
        FakeIndex(held.name, origin=OURS, states=["UNASSIGNED"], explained=explained)
    )  # type: ignore[method-assign]
    m.__dict__["patience_s"] = 30.0
    clock.step = 3.0
    with pytest.raises(TimedOut, match=r"nothing has moved for 3. s; waiting for 1 indices, a"):
        restore(m, a_resolution(a_unit("a")), SNAPSHOT)
    assert sum(clock.pauses) < 40


def test_a_restart_between_two_shards_leaves_an_index_that_is_forgotten() -> None:
    def arrival(second: str | None) -> Arrival:
        primaries = Primary("a", 0, "STARTED", "", None), Primary("a", 1, "UNASSIGNED", "", second)
        return Arrival(primaries, (Recovery("a", 0, OURS, 1, 1, 0),))

    assert arrival(None).is_forgotten
    assert not arrival(OURS).is_forgotten, "it is still on its way"


@pytest.mark.slow
@pytest.mark.parametrize("restarts", [1, 2])
def test_a_target_that_forgets_the_restore_is_not_waited_for_and_the_index_is_restored_anew(
    m: Migration, target: FakeDomain, engine: FakeEngine, clock: Clock, restarts: int
) -> None:
    """What a restart in the middle leaves: the index as it was, without a shard and without its origin."""
    engine.restoring(OURS, states=["UNASSIGNED"])
    half = {"uuid": "restored-a", "states": ["UNASSIGNED"]}
    put = engine.put
    engine.put = lambda held: put(FakeIndex("a", origin=OURS, explained="throttled", **half))  # type: ignore[method-assign,arg-type]
    at: list[float] = []

    def restart(seconds: float) -> None:
        Clock.sleep(clock, seconds)
        if len(at) < restarts and len(clock.pauses) in {3, 40}:
            at.append(sum(clock.pauses))
            put(FakeIndex("a", origin=None, explained="no_valid_shard_copy", **half))  # type: ignore[arg-type]
            if len(at) == restarts:
                well()

    def well() -> None:
        engine.put = put  # type: ignore[method-assign]
        engine.restoring(OURS)

    m.__dict__["poll"] = lambda limit_s: Poll(limit_s, sleep=restart, clock=clock)
    (index,) = restore(m, a_resolution(a_unit("a")), SNAPSHOT).indices
    if restarts == 2:
        assert not index.restored and index.problem == "shard 0 of a is not started: no node has room"
        (index,) = restore(m, a_resolution(a_unit("a")), SNAPSHOT).indices
    assert index.restored
    assert target.changing == [RESTORE, *["POST /a/_close", RESTORE] * restarts]
    assert sum(clock.pauses) - at[-1] < 60


def test_a_copy_that_is_away_for_a_moment_is_waited_for(
    m: Migration, engine: FakeEngine, clock: Clock
) -> None:
    engine.restoring(OURS)
    put = engine.put
    away = FakeIndex("a", "restored-a", states=["UNASSIGNED"], explained="no_valid_shard_copy")
    engine.put = lambda held: put(away)  # type: ignore[method-assign]

    def comes_back(seconds: float) -> None:
        Clock.sleep(clock, seconds)
        if sum(clock.pauses) > 20:
            put(FakeIndex("a", "restored-a", origin=OURS))

    m.__dict__["poll"] = lambda limit_s: Poll(limit_s, sleep=comes_back, clock=clock)
    (index,) = restore(m, a_resolution(a_unit("a")), SNAPSHOT).indices
    assert index.restored


def test_an_index_with_too_few_primaries_has_not_arrived(m: Migration, engine: FakeEngine) -> None:
    """A copy with another number of shards is not the index that was to come."""
    m.__dict__["patience_s"] = 10.0
    with pytest.raises(TimedOut):
        restore(m, a_resolution(a_unit("a", selected("a", shards=2))), SNAPSHOT)


def test_closed_indices_are_closed_again(m: Migration, target: FakeDomain, engine: FakeEngine) -> None:
    units = [a_unit("a"), a_unit("shut", selected("shut", open=False))]
    restore(m, a_resolution(*units), SNAPSHOT)
    assert target.changing == [RESTORE, "POST /shut/_close"]
    assert not engine.indices["shut"].open
    assert [intent.action for intent in m.journal.document.intents] == ["restore", "close"]


# making room


def replacing(tmp_path: Path, source: FakeDomain, target: FakeDomain, *consents: str) -> Migration:
    return a_migration(
        tmp_path,
        source,
        target,
        clock=Clock(),
        consents=Consents(allow_delete=tuple(consents)),
        conflicts={"policy": "delete", "delete": ["a"]},
    )


REPLACE = a_unit("a", action="replace", takes={"a": "old"})


def test_what_takes_the_place_is_deleted_just_before(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("a", "old"))
    m = replacing(tmp_path, source, target, "a")
    record = restore(m, a_resolution(a_unit("b"), REPLACE), SNAPSHOT)
    assert target.changing == ["DELETE /a", RESTORE]
    assert record.deleted == ("a",)
    (intent,) = m.journal.intents("delete")
    assert intent.detail == {"name": "a", "uuid": "old", "stream": False}
    assert engine.indices["a"].uuid == "restored-a"


def test_a_second_time_the_restored_copy_is_not_deleted(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("a", "old"))
    m = replacing(tmp_path, source, target, "a")
    restore(m, a_resolution(REPLACE), SNAPSHOT)
    again = restore(m, a_resolution(REPLACE), SNAPSHOT)
    assert target.changing == ["DELETE /a", RESTORE]
    assert again.deleted == ("a",)


def test_nothing_is_deleted_without_this_commands_consent(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("a", "old"))
    with pytest.raises(ExecutionError, match="needs --allow-delete a"):
        restore(replacing(tmp_path, source, target), a_resolution(REPLACE), SNAPSHOT)
    assert target.changing == []


def test_what_was_made_anew_since_the_decision_is_not_deleted(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("a", "later"))
    with pytest.raises(ExecutionError, match="a on the target is not the one that was to be deleted"):
        restore(replacing(tmp_path, source, target, "a"), a_resolution(REPLACE), SNAPSHOT)
    assert target.changing == []


def test_a_stream_that_rolled_over_since_the_decision_is_not_deleted(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex(".ds-a-000001", "old"))
    engine.put(FakeIndex(".ds-a-000002", "later"))
    engine.streams["a"] = [".ds-a-000001", ".ds-a-000002"]
    with pytest.raises(ExecutionError, match="recreated since"):
        restore(replacing(tmp_path, source, target, "a"), a_resolution(REPLACE), SNAPSHOT)
    assert target.changing == []


def test_an_alias_put_on_a_foreign_index_meanwhile_stops_it(
    m: Migration, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("z", aliases={"all": {}}))
    unit = a_unit("a", selected("a", aliases=("all",)))
    with pytest.raises(ExecutionError, match="a: its alias all, on z"):
        restore(m, a_resolution(unit), SNAPSHOT)
    assert target.changing == []


def test_a_write_index_of_another_name_is_deleted_as_decided(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("a-1", "old", aliases={"w": {"is_write_index": True}}))
    consents = Consents(allow_delete=("a-1",))
    settings = {"policy": "delete", "delete": ["a-1"]}
    m = a_migration(tmp_path, source, target, clock=Clock(), consents=consents, conflicts=settings)
    unit = a_unit("a", selected("a", aliases=("w",)))
    decision = decide(
        [unit], catalog(m.target), m.plan.conflicts, aliases=True, allowed=frozenset(m.consents.allow_delete)
    )
    assert decision.problems == ()
    assert restore(m, a_resolution(*decision.units), SNAPSHOT).deleted == ("a-1",)


def test_a_stream_is_deleted_as_a_stream(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex(".ds-a-000001", "old"))
    engine.streams["a"] = [".ds-a-000001"]
    m = replacing(tmp_path, source, target, "a")
    record = restore(m, a_resolution(REPLACE), SNAPSHOT)
    assert target.changing == ["DELETE /_data_stream/a", RESTORE]
    assert record.deleted == ("a",)


def test_what_somebody_else_deleted_meanwhile_is_fine(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("a", "old"))
    m = replacing(tmp_path, source, target, "a")

    def gone(_: Any) -> Reply:
        engine.indices.pop("a", None)
        return engine_error(404, "index_not_found_exception", "no such index [a]")

    target.on("DELETE /a", gone)
    record = restore(m, a_resolution(REPLACE), SNAPSHOT)
    assert record.indices[0].restored
    assert record.deleted == ()


def test_a_delete_that_is_refused_restores_nothing(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, engine: FakeEngine
) -> None:
    engine.put(FakeIndex("a", "old"))
    said = "Cannot delete indices that are being snapshotted: [[a/old]]."
    target.on("DELETE /a", engine_error(400, "snapshot_in_progress_exception", said))
    with pytest.raises(DomainError, match="being snapshotted"):
        restore(replacing(tmp_path, source, target, "a"), a_resolution(REPLACE), SNAPSHOT)
    assert target.asked(RESTORE) == []


ENABLE = "cluster.routing.allocation.enable"


def test_a_restore_waits_while_the_targets_allocation_is_switched_off_and_says_why(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    looks: list[int] = []

    def settings(_: object) -> Reply:
        looks.append(len(target.asked(RESTORE)))
        return ok({"transient": {ENABLE: "none" if len(looks) < 5 else "all"}})

    target.on("GET /_cluster/settings", settings)
    told: list[Progress] = []
    with listening(told.append):
        restored = restore(m, a_resolution(a_unit("a")), SNAPSHOT)
    assert [index.restored for index in restored.indices] == [True]
    assert looks[:5] == [0] * 5, "nothing is sent before"
    assert any(each.waiting and f"{ENABLE}: none" in each.message for each in told)


@pytest.mark.slow
def test_that_wait_ends_within_its_bound_and_says_what_to_do(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    target.on("GET /_cluster/settings", ok({"persistent": {ENABLE: "none"}}))
    with pytest.raises(TimedOut, match="enable has been none for") as caught:
        restore(m, a_resolution(a_unit("a")), SNAPSHOT)
    assert f'{{"persistent": {{"{ENABLE}": null}}}}' in caught.value.hint
    assert target.asked(RESTORE) == []


def test_what_the_engine_gave_up_while_allocation_was_off_is_restored_again(
    m: Migration, engine: FakeEngine, target: FakeDomain
) -> None:
    """The engine marks such a shard as failed for good: only another restore helps, onto the closed index."""
    off = {"now": False}

    def begin(asked: ReceivedRequest) -> Reply:
        first = len(target.asked(RESTORE)) == 1
        off["now"] = first
        for name in asked.json["indices"]:
            engine.put(
                FakeIndex(name, f"r-{name}", states=["UNASSIGNED" if first else "STARTED"], origin=OURS)
            )
        return ok({"accepted": True})

    def settings(_: object) -> Reply:
        said = {ENABLE: "none"} if off["now"] else {}
        off["now"] = off["now"] and len(target.asked("GET /_cluster/settings")) < 4
        return ok({"transient": said})

    target.on(RESTORE, begin).on("GET /_cluster/settings", settings)
    restored = restore(m, a_resolution(a_unit("a")), SNAPSHOT)
    assert [(index.source, index.restored) for index in restored.indices] == [("a", True)]
    assert [asked.path for asked in target.asked("POST /.*/_close")] == ["/a/_close"]
    assert len(named(target)) == 2
