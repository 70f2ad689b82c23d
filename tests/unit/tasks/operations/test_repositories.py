"""Register, verify, list and remove repositories on one domain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_plan_between
from support.engine import FakeEngine
from support.fake_domain import FakeDomain, engine_error, ok
from support.operations import Repositories, an_operation, sent

from configs.repository import FsRepository, S3Repository
from domains.errors import Refused
from runs.lifecycle import RunStatus
from runs.state import State
from tasks.errors import ExecutionError, PreconditionError
from tasks.operations.operation import Operation, Prepared
from tasks.operations.registering import RegistrationWanted, prepare_register
from tasks.operations.repositories import list_repositories, prepare_remove, prepare_verify
from tasks.records.operations import NameOutcome, NoteKind, Registered, Risk

PUT = "PUT /_snapshot/r"
SETTINGS = {"bucket": "my-snapshots", "base_path": "a", "region": "us-east-1"}
ELSEWHERE = engine_error(500, "repository_exception", "The bucket is in this region: eu-west-1.")


@pytest.fixture
def held(source: FakeDomain) -> Repositories:
    FakeEngine(source, "source")
    return Repositories(source)


@pytest.fixture
def op(tmp_path: Path, source: FakeDomain, clock: Clock, held: Repositories) -> Operation:
    clock.step = 1.0
    return an_operation(source, tmp_path, clock)


def prepared(op: Operation, *, readonly: bool = False, **changes: Any) -> Prepared[Registered]:
    more = {key: changes.pop(key) for key in ("endpoint", "replace") if key in changes}
    repository = S3Repository(name="r", **{**SETTINGS, **changes})
    return prepare_register(op, RegistrationWanted(repository, readonly=readonly, **more))


def test_it_is_registered_verified_and_read_back(op: Operation, source: FakeDomain) -> None:
    found = prepared(op)
    assert [each.body for each in found.preview.requests] == [{"type": "s3", "settings": SETTINGS}, None]
    assert sent(source) == []
    outcome = found.act()
    assert (outcome.form, outcome.nodes, outcome.readonly) == ("region", ("node-1",), False)
    assert sent(source) == [PUT, "POST /_snapshot/r/_verify"]


def test_a_bucket_elsewhere_is_registered_by_endpoint(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    def put(asked: Any) -> Any:
        if "region" in asked.json["settings"]:
            return ELSEWHERE
        held.held["r"] = asked.json
        return ok({"acknowledged": True})

    source.on(PUT, put)
    found = prepared(op)
    assert NoteKind.OTHER_FORM in {note.kind for note in found.preview.notes}
    outcome = found.act()
    assert outcome.form == "endpoint"
    assert [(each.form, each.accepted) for each in outcome.attempts] == [
        ("region", False),
        ("endpoint", True),
    ]


def test_an_endpoint_that_is_given_is_the_only_form(op: Operation, source: FakeDomain) -> None:
    found = prepared(op, endpoint="s3.eu-west-1.amazonaws.com")
    assert found.preview.requests[0].body["settings"]["endpoint"] == "s3.eu-west-1.amazonaws.com"
    assert "region" not in found.preview.requests[0].body["settings"]
    source.on(PUT, ELSEWHERE)
    with pytest.raises((ExecutionError, PreconditionError)):
        found.act()
    assert len([each for each in sent(source) if each == PUT]) == 1


def test_one_that_cannot_be_verified_is_taken_back(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    source.on(
        "POST /_snapshot/r/_verify", engine_error(500, "repository_verification_exception", "no_such_bucket")
    )
    with pytest.raises(PreconditionError, match="removed again") as error:
        prepared(op).act()
    assert "bucket my-snapshots does not exist" in error.value.hint
    assert (held.held, op.sent) == ({}, [])


def test_the_same_registration_is_only_verified(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    held.held["r"] = {"type": "s3", "settings": dict(SETTINGS)}
    found = prepared(op)
    assert (len(found.preview.requests), found.act().already_there) == (1, True)
    assert sent(source) == ["POST /_snapshot/r/_verify"]


def test_a_different_one_is_replaced_only_with_consent(op: Operation, held: Repositories) -> None:
    held.held["r"] = {"type": "s3", "settings": {**SETTINGS, "base_path": "b"}}
    (consent,) = prepared(op).preview.lacking
    assert (consent.risk, "base_path" in consent.detail) == (Risk.ANOTHER_REGISTRATION, True)
    found = prepared(op, replace=("r",))
    assert found.preview.lacking == ()
    assert found.act().settings["base_path"] == "a"


def test_readonly_differs_from_read_write(op: Operation, held: Repositories) -> None:
    held.held["r"] = {"type": "s3", "settings": dict(SETTINGS)}
    assert prepared(op, readonly=True).preview.lacking


def test_a_place_that_another_domain_writes_to_is_told(
    op: Operation, source: FakeDomain, target: FakeDomain
) -> None:
    place = {"name": "shared", "bucket": "my-snapshots", "base_path": "a", "region": "us-east-1"}
    plan = a_plan_between(target, source, repository=place)
    State(op.state, plan.name).begin(plan, "migrate")
    notes = {note.kind: note.names for note in prepared(op).preview.notes}
    assert notes[NoteKind.WRITTEN_BY_ANOTHER] == ("orders",)
    assert NoteKind.WRITTEN_BY_ANOTHER not in {n.kind for n in prepared(op, readonly=True).preview.notes}


def test_a_place_that_is_registered_twice_is_told(op: Operation, held: Repositories) -> None:
    held.held["twin"] = {"type": "s3", "settings": {**SETTINGS, "base_path": "a/"}}
    notes = {note.kind: note.names for note in prepared(op).preview.notes}
    assert notes[NoteKind.SAME_PLACE] == ("twin",)


def test_snapshots_that_are_there_already_or_are_not_are_told(op: Operation, held: Repositories) -> None:
    assert [n.kind for n in prepared(op, readonly=True).act().notes] == [NoteKind.HOLDS_NOTHING]
    held.put("r", "s")
    del held.held["r"]
    assert [n.kind for n in prepared(op).act().notes] == [NoteKind.HOLDS_SNAPSHOTS]


def test_a_shared_folder_is_registered_as_one(op: Operation) -> None:
    repository = FsRepository(type="fs", name="r", location="/mnt/snapshots")
    found = prepare_register(op, RegistrationWanted(repository))
    assert found.preview.requests[0].body == {"type": "fs", "settings": {"location": "/mnt/snapshots"}}
    assert found.act().form == "fs"


def test_a_repository_in_use_is_waited_for(op: Operation, source: FakeDomain, held: Repositories) -> None:
    in_use = engine_error(
        500, "illegal_state_exception", "trying to modify or unregister repository that is currently used"
    )

    def put(asked: Any) -> Any:
        held.held["r"] = asked.json
        return ok({"acknowledged": True})

    source.on(PUT, in_use, in_use, put)
    assert prepared(op).act().form == "region"


def test_verify_names_the_nodes_and_passes_on_a_refusal(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    held.put("r", "s")
    assert prepare_verify(op, "r").act().nodes == ("node-1",)
    source.on("POST /_snapshot/r/_verify", engine_error(500, "repository_verification_exception", "no"))
    with pytest.raises(Refused):
        prepare_verify(op, "r").act()


def test_removing_it_twice_is_no_failure_and_what_is_in_use_stays(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    held.put("r", "s")
    assert prepare_remove(op, "r", ()).act().names[0].outcome is NameOutcome.DONE
    found = prepare_remove(op, "r", ())
    assert (found.preview.requests, found.act().names[0].outcome) == ((), NameOutcome.ABSENT)
    held.put("r", "s")
    held.running = [{"snapshot": "now", "repository": "r", "state": "STARTED"}]
    assert "snapshot now is running" in prepare_remove(op, "r", ()).preview.problems[0]
    held.running = []
    source.on("DELETE /_snapshot/r", engine_error(500, "illegal_state_exception", "that is currently used"))
    with pytest.raises(PreconditionError, match="in use"):
        prepare_remove(op, "r", ()).act()
    assert op.sent == []


@pytest.mark.parametrize(("status", "needed"), [("failed", True), ("done", False)])
def test_one_that_an_unfinished_run_uses_is_shown_and_needs_a_consent(
    op: Operation, source: FakeDomain, target: FakeDomain, held: Repositories, status: str, needed: bool
) -> None:
    held.put("repo", "s")
    plan = a_plan_between(source, target)
    journal = State(op.state, plan.name).begin(plan, "migrate")
    with journal.intend("register on source", "source", "register", {"name": "repo", "before": None}):
        pass
    journal.document.status = RunStatus(status)
    journal.save()
    (row,) = list_repositories(op).repositories
    assert [each.plan for each in row.used_by] == (["orders"] if needed else [])
    assert [each.option for each in prepare_remove(op, "repo", ()).preview.lacking] == (
        ["--allow-remove"] if needed else []
    )
    assert prepare_remove(op, "repo", ("repo",)).preview.lacking == ()


def test_a_run_that_works_right_now_counts_and_so_does_its_repository_under_another_name(
    op: Operation, source: FakeDomain, target: FakeDomain, held: Repositories
) -> None:
    """It has changed nothing yet, so that the journal alone would not say so."""
    plan = a_plan_between(source, target)
    state = State(op.state, plan.name)
    state.begin(plan, "migrate")
    held.put("other-name", "s")  # in my-snapshots, where the plan's repository lies
    held.put("elsewhere", "s")
    held.held["elsewhere"]["settings"]["base_path"] = "a"
    assert prepare_remove(op, "other-name", ()).preview.lacking == ()
    with state.lock_plan():
        (consent,) = prepare_remove(op, "other-name", ()).preview.lacking
        assert consent.risk is Risk.RUN_NEEDS_IT
        assert prepare_remove(op, "elsewhere", ()).preview.lacking == ()


def test_seed_rounds_that_were_not_cut_over_need_their_repository(
    op: Operation, source: FakeDomain, target: FakeDomain, held: Repositories
) -> None:
    held.put("repo", "s")
    plan = a_plan_between(source, target)
    journal = State(op.state, plan.name).begin(plan, "seed")
    with journal.intend("restore", "target", "restore", {"targets": ["a"]}):
        pass
    journal.document.status = RunStatus.DONE
    journal.save()
    (consent,) = prepare_remove(op, "repo", ()).preview.lacking
    assert consent.risk is Risk.SEED_CYCLE_NEEDS_IT


def test_the_services_own_have_no_settings_and_stay(op: Operation, held: Repositories) -> None:
    held.held["cs-automated"] = {"type": "s3"}
    (row,) = list_repositories(op).repositories
    assert (row.service, row.readonly, row.settings) == (True, None, {})
    assert "belong to the service" in prepare_remove(op, "cs-automated", ()).preview.problems[0]


def test_the_keys_of_a_bucket_are_not_shown(op: Operation, held: Repositories) -> None:
    held.held["old"] = {"type": "s3", "settings": {"bucket": "b", "secret_key": "hunter2hunter2"}}
    (row,) = list_repositories(op).repositories
    assert "hunter2" not in row.model_dump_json()


def test_a_state_that_cannot_be_read_hides_no_repository_but_refuses_a_removal(
    op: Operation, held: Repositories
) -> None:
    from runs.errors import StateUnusable

    held.put("r", "s")
    runs = op.state / "plans" / "broken"
    runs.mkdir(parents=True)
    (runs / "20260101-000000000-abcd.json").write_text("{")
    found = list_repositories(op)
    assert ([row.name for row in found.repositories], bool(found.problem)) == (["r"], True)
    with pytest.raises(StateUnusable):
        prepare_remove(op, "r", ())
