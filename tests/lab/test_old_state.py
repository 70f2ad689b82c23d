"""Runs that commit 886cfe4 left, on domains as it left them: resumed, finished, removed.

tests/fixtures/old_state/README.md describes the fixtures.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from migrations import Desk, documents, engine, log_size, mutations, user_indices
from old_domains import ACTS, rebuild
from rounds import blocked, copies, cut_over, kinds, write
from support.old_state import SAVED, OldState

from lab.description import LabDescription
from lab.state import state

Left = Callable[..., str]
MOVED = {"orders": 40, "customers": 10, "logs": 5}
GROWN = {"orders": 45, "customers": 10, "logs": 5, "late": 3}


@pytest.fixture
def left(desk: Desk) -> Left:
    """`left("seeded")` lays out a fixture, makes the domains what they were, and returns the latest run's id.

    Other values than the domains' own can be given for its places.
    """

    def lay(name: str, **others: str) -> str:
        old = OldState(name)
        found = rebuild(desk.lab, old)
        around_now = {f"time.{what}": _time(minutes) for what, minutes in _MINUTES.items()}
        given = {"folder": str(desk.folder), "user": "somebody@somewhere"}
        old.lay_out(desk.folder, {**found, **around_now, **given, **others})
        runs = sorted((desk.folder / "state/plans/lab-move").glob("*.json"))
        return runs[-1].stem if runs else ""

    return lay


_MINUTES = {"frozen": -1, "deadline": 59, "paused": 69}


def _time(minutes: float) -> str:
    """An instant so many minutes from now."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def _service(lab: LabDescription) -> Any:
    session: Any = boto3.Session(lab.access_key_id, lab.secret_access_key, region_name=lab.source.region)
    return session.client("opensearch", endpoint_url=lab.control_url)


def pause(desk: Desk) -> None:
    """Pauses the source's automated snapshots, as the run of the journal did."""
    (intent,) = [each for each in desk.journal()["intents"] if each["action"] == "pause"]
    until = datetime.fromisoformat(intent["detail"]["until"])
    options = {"Enabled": True, "StartTime": datetime.now(UTC), "EndTime": until}
    name = desk.lab.source.name
    _service(desk.lab).update_domain_config(DomainName=name, AutomatedSnapshotPauseOptions=options)
    assert is_paused(desk)


def is_paused(desk: Desk) -> bool:
    told = _service(desk.lab).describe_domain_config(DomainName=desk.lab.source.name)["DomainConfig"]
    return told["AutomatedSnapshotPauseOptions"]["Options"]["Enabled"]


def require_moved(lab: LabDescription, expected: dict[str, int]) -> None:
    """Both engines have these documents, and nothing else is on the target."""
    for side in ("source", "target"):
        assert {name: documents(lab, side, name) for name in expected} == expected
    there = {name.removeprefix(".ds-").removesuffix("-000001") for name in user_indices(lab, "target")}
    assert there == expected.keys()


def require_shown_again(desk: Desk, run: str, *arguments: str) -> None:
    """The finished command only shows what it did: nothing is sent."""
    began = {side: log_size(desk.lab, side) for side in ("source", "target")}
    again = desk.run(*arguments, "--json")
    assert (again.code, again.json["run_id"], again.json["outcome"]) == (0, run, "done"), str(again)
    assert [log_size(desk.lab, side) - size for side, size in began.items()] == [0, 0]


def registrations(desk: Desk) -> list[Any]:
    return [engine(desk.lab, side, "GET", "/_snapshot") for side in ("source", "target")]


def restores(desk: Desk, after: int) -> int:
    return sum(sent.endswith("/_restore") for sent in mutations(desk.lab, "target", after))


def test_a_migration_killed_during_its_restore_is_gone_on_with(desk: Desk, left: Left) -> None:
    run = left("migrate-killed")
    began = log_size(desk.lab, "target")
    ended = desk.run("migrate", "--execute", "--json")
    assert ended.code == 0, str(ended)
    assert (ended.json["run_id"], ended.json["totals"]["equal"]) == (run, 3)
    require_moved(desk.lab, MOVED)
    assert restores(desk, began) == 2  # the third had been sent by then
    taken = engine(desk.lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]
    assert [each["snapshot"] for each in taken] == [f"lab-move-{run}"]
    assert desk.journal()["sessions"] == 2


def test_an_approval_that_was_given_opens_the_gate(desk: Desk, left: Left) -> None:
    run = left("migrate-at-gate")
    ended = desk.run("migrate", "--execute", "--json")
    assert ended.code == 0, str(ended)
    assert (ended.json["run_id"], ended.json["gates"][0]["by"]) == (run, "somebody@somewhere")
    require_moved(desk.lab, MOVED)


def test_a_migration_that_is_done_shows_its_report_and_can_be_finished(desk: Desk, left: Left) -> None:
    run = left("migrate-done")
    require_shown_again(desk, run, "migrate", "--execute")
    finished = desk.run("finish", "--execute", "--snapshots", "drop", "--json")
    assert finished.code == 0, str(finished)
    assert finished.json["removed"] == [f"lab-move-{run}"]
    assert registrations(desk) == [{}, {}]
    require_moved(desk.lab, MOVED)


@pytest.mark.parametrize("domain", ["the same", "another"])
def test_a_saved_plan_is_executed_on_its_own_domains_only(desk: Desk, left: Left, domain: str) -> None:
    others = {"target.cluster_uuid": "AnotherClustersUuid-00"} if domain == "another" else {}
    left("plan-saved", **others)
    began = {side: log_size(desk.lab, side) for side in ("source", "target")}
    ended = desk.command("migrate", str(desk.folder / SAVED), "--execute", "--json")
    if domain == "another":
        assert (ended.code, ended.json["outcome"]) == (3, "refused"), str(ended)
        assert [mutations(desk.lab, side, size) for side, size in began.items()] == [[], []]
        return
    assert ended.code == 0, str(ended)
    assert ended.json["snapshot"]["name"] == f"lab-move-{ended.json['run_id']}"
    assert f"run_id: {ended.json['run_id']}" in (desk.folder / SAVED).read_text(encoding="utf-8")
    require_moved(desk.lab, MOVED)


def test_a_rehearsal_that_was_killed_is_taken_away(desk: Desk, left: Left) -> None:
    before = state(desk.lab, "target")
    run = left("rehearse-killed")
    assert set(user_indices(desk.lab, "target")) != set()
    ended = desk.run("abort", "--execute", "--json")
    assert ended.code == 0, str(ended)
    assert desk.journal()["run_id"] == run
    assert state(desk.lab, "target") == before
    assert registrations(desk) == [{}, {}]


def test_another_round_and_the_cutover_go_on_from_the_copies(desk: Desk, left: Left) -> None:
    left("seeded")
    ACTS["grow again"](desk.lab)
    ended = desk.run("seed", "--execute", "--json")
    assert ended.code == 0, str(ended)
    assert (ended.json["round"]["number"], kinds(desk.journal())) == (3, {"customers": "changed"})
    done = cut_over(desk)
    assert done.code == 0, str(done)
    require_moved(desk.lab, {**GROWN, "customers": 14})
    assert documents(desk.lab, "target", "all") == 44  # of orders, without number 0


def test_a_round_that_was_killed_is_gone_on_with_and_all_are_taken_away(desk: Desk, left: Left) -> None:
    run = left("seed-killed")
    refused = cut_over(desk)
    assert refused.code == 3, str(refused)
    ended = desk.run("seed", "--execute", "--json")
    assert ended.code == 0, str(ended)
    assert (ended.json["run_id"], ended.json["round"]["number"]) == (run, 2)
    assert kinds(desk.journal()) == {"orders": "changed", "late": "new"}
    assert set(copies(desk.lab).values()) == {"close"} and len(copies(desk.lab)) == 4
    away = desk.run("abort", "--execute", "--seeds")
    assert away.code == 0, str(away)
    assert copies(desk.lab) == {}
    assert registrations(desk) == [{}, {}]


def test_a_frozen_source_takes_writes_again_by_abort(desk: Desk, left: Left) -> None:
    left("cutover-frozen")
    pause(desk)
    assert write(desk.lab, "orders") == 403
    ended = desk.run("abort", "--execute")
    assert ended.code == 0, str(ended)
    assert (write(desk.lab, "orders"), blocked(desk.lab)) == (201, set())
    assert set(copies(desk.lab).values()) == {"close"}
    assert not is_paused(desk)
    assert desk.run("status", "--json").json["source_refuses_writes"] is None


@pytest.mark.parametrize("name", ["cutover-frozen", "cutover-opening"])
def test_a_cutover_is_gone_on_with_by_the_same_command(desk: Desk, left: Left, name: str) -> None:
    run = left(name)
    if name == "cutover-opening":
        refused = desk.run("abort", "--execute")
        assert refused.code == 3 and "is opening the target" in refused.err, str(refused)
    ended = desk.run("cutover", "--execute", "--allow-freeze", "--json")
    assert ended.code == 0, str(ended)
    assert (ended.json["run_id"], ended.json["window"]["outcome"]) == (run, "open")
    assert ended.json["window"]["seconds"] > 60  # it is the window of then
    assert len(engine(desk.lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]) == 2
    require_moved(desk.lab, GROWN)
    assert write(desk.lab, "orders", "target") == 201
    assert write(desk.lab, "orders") == 403


def test_a_cutover_that_is_done_can_be_finished(desk: Desk, left: Left) -> None:
    run = left("cutover-done")
    require_shown_again(desk, run, "cutover", "--execute", "--allow-freeze")
    ended = desk.run("finish", "--execute", "--source", "released", "--snapshots", "drop", "--json")
    assert ended.code == 0, str(ended)
    assert len(ended.json["removed"]) == 2
    assert blocked(desk.lab) == set()
    assert registrations(desk) == [{}, {}]
