"""`snapferry finish`: snapshots, registrations and the source's block, once the target is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from journey import followed
from migrations import Desk, engine, log_size, mutations
from rounds import CUTOVER, append, blocked, copies, cut_over, seeded, write

ONE = {"settings": {"number_of_replicas": 0}}


def registered(desk: Desk) -> dict[str, set[str]]:
    """The repositories of both sides."""
    return {side: set(engine(desk.lab, side, "GET", "/_snapshot")) for side in ("source", "target")}


def snapshots(desk: Desk) -> set[str]:
    """What the bucket holds, as the source tells; registered again for it where that is gone."""
    repository = {"bucket": desk.lab.bucket, "base_path": "move", "readonly": True}
    body = {"type": "s3", "settings": repository | {"region": desk.lab.bucket_region}}
    engine(desk.lab, "source", "PUT", "/_snapshot/looking", body)
    found = engine(desk.lab, "source", "GET", "/_snapshot/looking/_all?verbose=false")["snapshots"]
    engine(desk.lab, "source", "DELETE", "/_snapshot/looking")
    return {each["snapshot"] for each in found}


@pytest.fixture
def small_desk(desk: Desk) -> Desk:
    """One index on the source."""
    engine(desk.lab, "source", "PUT", "/first", ONE)
    append(desk.lab, "first", 2)
    desk.write(cutover=CUTOVER)
    return desk


@pytest.fixture
def over(small_desk: Desk) -> Desk:
    """A seed round, and a cutover that is done: each command is the next step of the one before it."""
    place = small_desk.plan_file
    *_, cutover = followed(small_desk, f"snapferry seed {place} --execute", before="cutover")
    append(small_desk.lab, "first", 1, 2)
    assert followed(small_desk, cutover, before="finish") == [
        f"snapferry cutover {place}",
        f"snapferry cutover {place} --execute --allow-freeze",
        f"snapferry finish {place}",
    ]
    return small_desk


def finished(desk: Desk, *choices: str) -> dict[str, Any]:
    ended = desk.run("finish", "--execute", "--json", *choices)
    assert ended.code == 0, str(ended)
    return ended.json


def test_the_usual_finish_keeps_the_snapshots_and_the_block_and_removes_the_registrations(over: Desk) -> None:
    taken = snapshots(over)
    shown = over.run("finish", "--json")
    assert shown.code == 0, str(shown)
    assert set(shown.json["snapshots"]) == taken and len(taken) == 2
    assert (shown.json["registrations"], shown.json["refusing"]) == (["source", "target"], ["first"])
    done = finished(over)
    assert set(done["kept"]) == taken
    assert registered(over) == {"source": set(), "target": set()}
    assert snapshots(over) == taken
    assert (blocked(over.lab), write(over.lab, "first", "target")) == ({"first"}, 201)
    began = {side: log_size(over.lab, side) for side in ("source", "target")}
    again = over.run("finish", "--execute")
    assert again.code == 0 and "already cleaned up" in again.err
    assert over.report()["outcome"] == "done"
    assert [m for side, size in began.items() for m in mutations(over.lab, side, size)] == []
    # afterwards the rest can be settled, too
    assert finished(over, "--source", "released", "--snapshots", "drop")["removed"]
    assert blocked(over.lab) == set()
    assert (snapshots(over), registered(over)) == (set(), {"source": set(), "target": set()})


def test_what_was_registered_before_is_put_back(small_desk: Desk, call: Callable[..., Any]) -> None:
    desk = small_desk
    place = {"bucket": desk.lab.bucket, "base_path": "move", "role_arn": desk.lab.role_arn}
    before = place | {"endpoint": "s3.amazonaws.com"}
    reply = call("target", "PUT", "/_snapshot/move?verify=false", {"type": "s3", "settings": before})
    assert reply.ok, reply.text
    seeded(desk)
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    assert finished(desk)["registrations"]["target"] == "the previous registration was restored"
    assert call("target", "GET", "/_snapshot/move").json()["move"]["settings"] == before


def test_everything_can_be_kept_or_dropped(over: Desk) -> None:
    done = finished(over, "--registrations", "keep", "--snapshots", "drop", "--source", "blocked")
    assert len(done["removed"]) == 2
    assert registered(over) == {"source": {"move"}, "target": {"move"}}
    assert (snapshots(over), blocked(over.lab)) == (set(), {"first"})
    assert finished(over, "--source", "released")["released"] == ["first"]
    assert (blocked(over.lab), write(over.lab, "first")) == (set(), 201)
    refused = over.run("finish", "--execute", "--source", "blocked")
    assert refused.code == 3, str(refused)
    assert "does not block it again" in refused.err
    assert copies(over.lab) == {"first": "open"}


def test_a_plan_that_is_not_done_is_not_finished(small_desk: Desk) -> None:
    desk = small_desk
    nothing = desk.run("finish", "--execute")
    assert nothing.code == 3, str(nothing)
    seeded(desk)
    seeds = desk.run("finish", "--execute")
    assert seeds.code == 3, str(seeds)
    assert "cut over first" in seeds.err


def test_a_migration_is_finished_too(small_desk: Desk) -> None:
    desk = small_desk
    assert desk.run("migrate", "--execute").code == 0
    assert len(snapshots(desk)) == 1
    assert len(finished(desk, "--snapshots", "drop")["removed"]) == 1
    assert (snapshots(desk), registered(desk)) == (set(), {"source": set(), "target": set()})
