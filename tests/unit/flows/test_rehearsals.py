"""What a rehearsal has left, and `snapferry abort`: by the plan it began with, and by how it then stands.

Both domains are fakes (support.engine).
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from support.building import a_plan_between
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, engine_error, ok
from typer.testing import CliRunner

from configs.plan import Plan
from flows.aborting.abort import abort, leftovers
from flows.sessions.options import RunOptions
from flows.sessions.rehearsal import rehearsing
from flows.sessions.which_run import unfinished_rehearsal
from runs.begun_plan import as_begun
from runs.errors import PlanChanged
from runs.journal import Journal
from runs.state import State
from snapferry.main import app
from tasks.errors import PreconditionError
from tasks.rehearsal import Rehearsal

OURS = {"type": "s3", "settings": {"bucket": "my-snapshots", "region": "us-east-1"}}
DENIED = engine_error(403, "security_exception", "no permissions for [indices:admin/delete]")


@pytest.fixture
def plan(source: FakeDomain, target: FakeDomain) -> Plan:
    """A plan between two engines."""
    return a_plan_between(source, target)


@pytest.fixture
def engines(source: FakeDomain, target: FakeDomain) -> tuple[FakeEngine, FakeEngine]:
    """The target holds what the rehearsal has restored, and something of somebody's."""
    return FakeEngine(source, "source"), FakeEngine(
        target, "target", FakeIndex("rehearsal-a", "uuid-a"), FakeIndex("somebodys")
    )


@pytest.fixture
def journal(tmp_path: Path, plan: Plan, engines: object) -> Journal:
    """A rehearsal that was killed after the restore."""
    made = State(tmp_path, plan.name).begin(plan, "rehearse")
    made.document.sessions = 1
    made.document.rehearsal = Rehearsal().model_dump(mode="json")
    restored: dict[str, Any] = {"names": ["a"], "targets": ["rehearsal-a"]}
    with made.intend("restore", "target", "restore", restored):
        pass
    made.note_arrivals({"rehearsal-a": "uuid-a"})
    return made


def reloaded(journal: Journal) -> Journal:
    return Journal.load(journal.path)


def changed(plan: Plan, **changes: Any) -> Plan:
    return Plan.model_validate(plan.model_dump() | changes)


def command(plan: Plan, folder: Path, *arguments: str) -> Result:
    """The verb, on the plan as a file."""
    file = folder / "plan.yaml"
    file.write_text(yaml.safe_dump(plan.model_dump(mode="json")), encoding="utf-8")
    verb, *more = arguments
    return CliRunner().invoke(app, [verb, str(file), *more, "--state", str(folder)])


def test_what_it_made_is_taken_away_and_the_run_and_its_report_say_so(
    tmp_path: Path, plan: Plan, journal: Journal, engines: tuple[FakeEngine, FakeEngine]
) -> None:
    assert leftovers(plan, RunOptions(state=tmp_path)).indices == ("rehearsal-a",)
    assert abort(plan, RunOptions(state=tmp_path)).indices == ("rehearsal-a",)
    assert set(engines[1].indices) == {"somebodys"}
    assert reloaded(journal).document.status == "abandoned"
    report = (journal.path.parent / "reports" / f"{journal.run_id}.md").read_text(encoding="utf-8")
    assert "done and verified" not in report
    assert r"removed by \`snapferry abort\`" in report


def test_names_are_those_of_the_plan_that_the_rehearsal_began_with(
    tmp_path: Path, plan: Plan, journal: Journal, source: FakeDomain
) -> None:
    with journal.intend("register on source", "source", "register", {"name": "repo", "before": None, **OURS}):
        pass
    # the user's own repository leads to the same place, and the plan names that one now
    source.on("GET /_snapshot/mine", ok({"mine": OURS})).on("GET /_snapshot/repo", ok({"repo": OURS}))
    source.on("DELETE /_snapshot/.*", ok({"acknowledged": True}))
    edited = changed(plan, repository=plan.repository.model_dump() | {"name": "mine"})
    abort(edited, RunOptions(state=tmp_path))
    assert [asked.path for asked in source.requests if asked.method == "DELETE"] == ["/_snapshot/repo"]


def test_todays_logins_are_used(plan: Plan, journal: Journal) -> None:
    login = {"type": "basic", "username": "me", "password": {"env": "SECRET_NAME"}}
    target = plan.target.model_dump() | {"auth": login}
    hooked = [{"events": ["failed"], "command": ["true"]}]
    begun = as_begun(changed(plan, target=target, hooks=hooked, name="another"), journal)
    assert begun.target.auth.type == "basic"
    assert (begun.name, begun.hooks) == (plan.name, [])


def test_logins_that_do_not_fit_any_more_are_refused(plan: Plan, journal: Journal) -> None:
    target = plan.target.model_dump() | {"auth": {"type": "sigv4"}, "region": "eu-west-1"}
    repository = plan.repository.model_dump() | {"role_arn": "arn:aws:iam::123456789012:role/Snapshots"}
    with pytest.raises(PlanChanged, match="no longer fit"):
        as_begun(changed(plan, target=target, repository=repository), journal)


def test_taking_away_that_stops_half_way_says_so_and_goes_on(
    tmp_path: Path, plan: Plan, journal: Journal, engines: tuple[FakeEngine, FakeEngine], target: FakeDomain
) -> None:
    engines[1].put(FakeIndex(".ds-rehearsal-logs-000001", "uuid-l"))
    engines[1].streams = {"rehearsal-logs": [".ds-rehearsal-logs-000001"]}
    backing: dict[str, Any] = {"names": ["logs"], "targets": [".ds-rehearsal-logs-000001"]}
    with journal.intend("restore", "target", "restore", backing):
        pass
    journal.note_arrivals({".ds-rehearsal-logs-000001": "uuid-l"})
    target.on("DELETE /[^_].*", DENIED)
    ended = command(plan, tmp_path, "abort", "--execute")
    assert ended.exit_code == 1, ended.stderr
    assert "no permissions" in ended.stderr
    assert "Done before the error: target remove rehearsal-logs" in ended.stderr
    target.on("DELETE /[^_].*", engines[1]._delete)  # the right was granted
    assert command(plan, tmp_path, "abort", "--execute").exit_code == 0
    assert set(engines[1].indices) == {"somebodys"}


def test_a_rehearsal_that_is_being_taken_away_is_not_gone_on_with(
    tmp_path: Path, plan: Plan, journal: Journal, target: FakeDomain
) -> None:
    target.on("DELETE /[^_].*", DENIED)
    assert command(plan, tmp_path, "abort", "--execute").exit_code == 1
    with (
        pytest.raises(PreconditionError, match="is being removed"),
        rehearsing(plan, Rehearsal(), RunOptions(state=tmp_path)),
    ):
        pass


def test_without_execute_an_unfinished_rehearsal_is_told(
    tmp_path: Path, plan: Plan, journal: Journal, target: FakeDomain
) -> None:
    asked = len(target.requests)
    found = unfinished_rehearsal(State(tmp_path, plan.name))
    assert found and found.run_id == journal.run_id
    ended = command(plan, tmp_path, "rehearse")
    assert ended.exit_code == 0, ended.stderr
    assert f"Rehearsal {journal.run_id} of this plan is unfinished" in ended.stderr
    assert len(target.requests) == asked


def test_abort_has_nothing_to_do_twice(tmp_path: Path, plan: Plan, journal: Journal) -> None:
    assert command(plan, tmp_path, "abort", "--execute").exit_code == 0
    again = command(plan, tmp_path, "abort", "--execute")
    assert again.exit_code == 3
    assert "has left anything behind" in again.stderr
