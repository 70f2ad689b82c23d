"""Runs of a saved plan: which one a command resumes, which it begins, and which it refuses.

The domains are fakes.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.building import NO_AUTH, a_plan
from support.engine import FakeEngine, FakeIndex, snapshot_reply
from support.fake_domain import FakeDomain, Reply, ok
from support.sockets import bound_socket
from typer.testing import CliRunner

from configs.loading.loader import load_plan
from configs.loading.problems import PlanError
from configs.plan import Plan
from flows.previews.migration import migration_preview, rehearsal_preview
from flows.sessions.options import RunOptions
from flows.sessions.saved_plans import read, save
from flows.sessions.session import session
from reports.build.report import report_of
from runs.journal import Journal
from runs.state import State
from snapferry.exit_codes import ExitCode
from snapferry.main import app
from tasks.errors import PreconditionError, TimedOut
from tasks.planning.saved_plan import differences
from tasks.records.plan_document import PlanDocument
from tasks.rehearsal import Rehearsal

pytestmark = pytest.mark.slow

PLAN = """name: orders
source: {{endpoint: "{source}", auth: {{type: none}}}}
target: {{endpoint: "{target}", auth: {{type: none}}}}
repository: {{name: repo, bucket: my-snapshots, region: us-east-1}}
"""


@pytest.fixture
def plan(source: FakeDomain, target: FakeDomain) -> Plan:
    FakeEngine(source, "source", FakeIndex("a"))
    FakeEngine(target, "target", FakeIndex("b"))
    sides = {"source": source.endpoint, "target": target.endpoint}
    return a_plan(**{side: {"endpoint": place, "auth": NO_AUTH} for side, place in sides.items()})


@pytest.fixture
def file(tmp_path: Path, plan: Plan) -> Path:
    made = tmp_path / "plan.yaml"
    made.write_text(PLAN.format(source=plan.source.endpoint, target=plan.target.endpoint), encoding="utf-8")
    return made


def saved(plan: Plan, state: Path) -> PlanDocument:
    return migration_preview(plan, RunOptions(state=state, new_run=True)).document


def worked(
    plan: Plan, state: Path, document: PlanDocument | None, *, new_run: bool = False, changing: bool = True
) -> Journal:
    """A session of a run that is interrupted, as a rule after it has changed something."""
    with pytest.raises(TimedOut), session(plan, RunOptions(state=state, new_run=new_run), document) as m:
        if changing:
            with m.journal.intend("snapshot", "source", "snapshot", {"name": m.snapshot}):
                pass
        raise TimedOut("later")
    return m.journal


def done(plan: Plan, state: Path, *, new_run: bool = False) -> Journal:
    with (
        session(plan, RunOptions(state=state, new_run=new_run)) as m,
        m.journal.intend("x", "target", "restore", {}),
    ):
        pass
    return m.journal


def refused(plan: Plan, state: Path, document: PlanDocument, *, new_run: bool = False) -> PreconditionError:
    """Both the look and the run refuse, and no journal has changed."""
    before = {path: path.read_bytes() for path in state.rglob("*.json")}
    options = RunOptions(state=state, new_run=new_run)
    with pytest.raises(PreconditionError):
        migration_preview(plan, options, document)
    with pytest.raises(PreconditionError) as caught, session(plan, options, document):
        pass
    assert {path: path.read_bytes() for path in state.rglob("*.json")} == before
    return caught.value


def test_a_saved_plan_whose_run_was_given_up_after_a_change_is_refused(plan: Plan, tmp_path: Path) -> None:
    document = saved(plan, tmp_path)
    first = worked(plan, tmp_path, document)
    done(plan, tmp_path, new_run=True)
    assert Journal.load(first.path).document.status == "abandoned"
    for new_run in (False, True):
        error = refused(plan, tmp_path, document, new_run=new_run)
        assert f"run {document.run_id} of this saved plan was given up" in str(error)
        assert "save the plan anew: `snapferry plan PLAN --new-run -o PLAN`" in error.hint


def test_another_saved_plan_is_refused_while_one_is_unfinished_and_new_run_gives_that_up(
    plan: Plan, tmp_path: Path
) -> None:
    stuck, other = saved(plan, tmp_path), saved(plan, tmp_path)
    first = worked(plan, tmp_path, stuck)
    assert "give it up for this one with --new-run" in refused(plan, tmp_path, other).hint
    assert worked(plan, tmp_path, other, new_run=True, changing=False).run_id == other.run_id
    assert Journal.load(first.path).document.status == "interrupted", "nothing was changed yet"
    assert worked(plan, tmp_path, other, new_run=True).run_id == other.run_id
    assert Journal.load(first.path).document.status == "abandoned"
    # and now it goes on, without the option
    assert "leave out --new-run" in refused(plan, tmp_path, other, new_run=True).hint
    assert worked(plan, tmp_path, other).document.sessions == 2


def test_a_saved_plan_executed_after_a_later_run_is_the_latest(plan: Plan, tmp_path: Path) -> None:
    document = saved(plan, tmp_path)
    done(plan, tmp_path)
    ran = worked(plan, tmp_path, document)
    latest, current = State(tmp_path, "orders").latest(), State(tmp_path, "orders").current("migrate")
    assert latest and current
    assert ran.run_id == latest.run_id == current.run_id == document.run_id


# what is compared


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"settings": {"index.default_pipeline": "x"}}, {}, "~ a: its settings have changed"),
        (
            {"mapping": {"properties": {}}},
            {"mapping": {"properties": {"n": {}}}},
            "~ a: its mapping has changed",
        ),
        (
            {"aliases": {"all": {}}},
            {"aliases": {"all": {"filter": {"term": {"n": 1}}}}},
            "~ a: an alias of it",
        ),
        ({"aliases": {"all": {}}}, {"aliases": {"all": {"is_write_index": True}}}, "~ a: an alias of it"),
        ({"aliases": {"all": {}}}, {"aliases": {"x": {}}}, "~ a: its aliases were all and are x"),
        ({"settings": {"index.blocks.write": "true"}}, {}, ""),
        ({"settings": {"index.version.upgraded": "1"}}, {"settings": {"index.version.upgraded": "2"}}, ""),
        ({"settings": {"index.creation_date": "1"}}, {"settings": {"index.provided_name": "y"}}, ""),
    ],
)
def test_what_has_changed_about_an_index_is_seen(
    plan: Plan, tmp_path: Path, source: FakeDomain, before: Any, after: Any, words: str
) -> None:
    FakeEngine(source, "source", FakeIndex("a", **before))
    document = saved(plan, tmp_path)
    FakeEngine(source, "source", FakeIndex("a", **after))
    found = differences(document, saved(plan, tmp_path))
    assert [said.startswith(words) for said in found] == ([True] if words else [])


def test_an_existing_snapshot_that_was_made_anew_is_seen(
    plan: Plan, tmp_path: Path, source: FakeDomain
) -> None:
    there = {"type": "s3", "settings": {"bucket": "my-snapshots", "region": "us-east-1"}}
    source.on("GET /_snapshot", ok({"repo": there})).on("GET /_snapshot/repo", ok({"repo": there}))
    plan = plan.model_copy(update={"snapshot": plan.snapshot.model_copy(update={"existing": "nightly"})})
    found: list[PlanDocument] = []
    for uuid in ("one", "two"):
        source.on("GET /_snapshot/repo/nightly", ok(snapshot_reply("nightly", uuid=uuid)))
        found.append(saved(plan, tmp_path))
    assert "nightly: it is a different snapshot of that name (UUID one → two)" in differences(*found)[0]
    assert len(source.asked("GET /_snapshot/repo/nightly")) == 2


def test_what_a_rehearsal_would_do_is_of_a_kind_of_its_own(plan: Plan, tmp_path: Path) -> None:
    document = rehearsal_preview(plan, Rehearsal(), RunOptions(state=tmp_path))
    assert document.kind == "rehearsal-plan"
    save(document, tmp_path / "x.yaml")
    result = CliRunner().invoke(app, ["migrate", str(tmp_path / "x.yaml"), "--execute"])
    assert (result.exit_code, "cannot be executed" in result.stderr) == (ExitCode.INVALID, True)


# the command


def snapferry(verb: str, file: Path, *more: str) -> Result:
    return CliRunner().invoke(app, [verb, str(file), "--state", str(file.parent / "state"), *more])


@pytest.mark.usefixtures("no_aws")
def test_a_saved_plan_that_was_refused_is_refused_again_with_its_report(
    file: Path, source: FakeDomain, target: FakeDomain
) -> None:
    out = file.with_name("saved.yaml")
    made = snapferry("plan", file, "-o", str(out))
    assert made.exit_code == 0, made.output
    FakeEngine(target, "target", FakeIndex("a"))
    for _ in range(2):
        ended = snapferry("migrate", out, "--execute", "--json")
        assert ended.exit_code == ExitCode.REFUSED, ended.output
        assert json.loads(ended.stdout)["outcome"] == "refused"
    assert source.changing == target.changing == []
    # what changes something in a second start under the same id is reported, too
    FakeEngine(target, "target", FakeIndex("b"))
    source.on("PUT /_snapshot/repo", Reply(400, {"error": {"type": "repository_exception", "reason": "no"}}))
    ended = snapferry("migrate", out, "--execute", "--json")
    assert ended.exit_code == ExitCode.FAILED, ended.output
    assert json.loads(ended.stdout)["changes"]


def test_the_json_has_the_next_step_and_can_be_executed_as_a_saved_plan(
    file: Path, target: FakeDomain
) -> None:
    place = f"{file} --state {file.parent / 'state'}"
    as_json = snapferry("plan", file, "--json")
    assert as_json.stderr == ""
    assert json.loads(as_json.stdout)["next"] == f"snapferry migrate {place} --execute"
    assert json.loads(snapferry("migrate", file, "--json").stdout)["next"] == (
        f"snapferry migrate {place} --execute"
    )
    rehearsed = json.loads(snapferry("rehearse", file, "--only", "a", "--json").stdout)
    assert rehearsed["next"] == f"snapferry rehearse {place} --only a --execute"
    out = file.with_name("my saved.json")
    saved_by_it = json.loads(snapferry("plan", file, "-o", str(out), "--json").stdout)
    assert saved_by_it["next"] == f"snapferry migrate '{out}' --state {file.parent / 'state'} --execute"
    out.write_text(as_json.stdout, encoding="utf-8")
    assert read(out).run_id == json.loads(as_json.stdout)["run_id"]
    file.write_text(file.read_text(encoding="utf-8") + "conflicts: {policy: skip}\n", encoding="utf-8")
    FakeEngine(target, "target", FakeIndex("a"))
    assert "next" not in json.loads(snapferry("plan", file, "--json").stdout), "nothing is to be done"


def test_a_plan_is_not_printed_twice_on_one_output(file: Path) -> None:
    result = snapferry("plan", file, "-o", "-", "--json")
    assert (result.exit_code, result.stdout) == (ExitCode.INVALID, "")
    assert "-o - and --json" in result.stderr


def test_a_plan_is_not_written_over_a_folder(file: Path) -> None:
    result = snapferry("plan", file, "-o", str(file.parent))
    assert result.exit_code == ExitCode.INVALID, result.output
    assert "choose another file for -o" in result.stderr
    assert not list(file.parent.parent.glob(".*.new"))


def test_where_nothing_is_to_be_done_no_command_is_proposed(file: Path, target: FakeDomain) -> None:
    file.write_text(file.read_text(encoding="utf-8") + "conflicts: {policy: skip}\n", encoding="utf-8")
    assert "next: snapferry migrate" in snapferry("plan", file).stderr
    FakeEngine(target, "target", FakeIndex("a"))
    result = snapferry("plan", file, "-o", str(file.with_name("saved.yaml")))
    assert result.exit_code == 0, result.output
    assert "there is nothing to do" in result.stderr
    assert "migrate" not in result.stderr


def test_a_refusal_says_whether_the_run_has_changed_something(
    plan: Plan, tmp_path: Path, target: FakeDomain
) -> None:
    from tasks.planning.resolve import resolve

    FakeEngine(target, "target", FakeIndex("a"))
    with session(plan, RunOptions(state=tmp_path)) as m:
        with pytest.raises(PreconditionError, match="refused before anything was changed"):
            resolve(m)
        with m.journal.intend("register on source", "source", "register", {"name": "repo"}):
            pass
        with pytest.raises(PreconditionError, match=f"refused, after run {m.journal.run_id} has changed"):
            resolve(m)


def test_a_deployments_next_steps_name_a_copy_of_its_plan(plan: Plan, tmp_path: Path) -> None:
    journal = worked(plan, tmp_path / "my state", None)
    told = report_of(journal.document)
    words = shlex.split(told.next_command)
    assert words[:2] == ["snapferry", "migrate"] and words[-1] == "--execute"
    assert load_plan(Path(words[2])) == plan and words[3:5] == ["--state", str(tmp_path / "my state")]
    assert (
        "run the deployment again"
        in report_of(journal.document.model_copy(update={"hint": "run the same command again"})).next
    )


def test_a_saved_plan_is_what_the_next_step_executes(file: Path) -> None:
    saved_file = file.with_name("my saved.yaml")
    result = snapferry("plan", file, "-o", str(saved_file))
    state = file.parent / "state"
    last = result.stderr.splitlines()[-1]
    assert last == f"next: snapferry migrate '{saved_file}' --state {state} --execute"
    assert "Account, role and the bucket's settings were not looked at: snapferry check" in result.stderr
    assert snapferry("plan", file, "-o", str(saved_file)).exit_code == 0, "a saved plan is replaced"


def test_a_link_stays_one_and_the_file_that_it_names_is_written(file: Path) -> None:
    link, named = file.with_name("latest.yaml"), file.with_name("saved.yaml")
    link.symlink_to(named)
    for _ in range(2):  # at first the file is not there
        assert snapferry("plan", file, "-o", str(link)).exit_code == 0
        assert link.is_symlink() and named.is_file()


NO_FILES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "pipe": (os.mkfifo, "it is a pipe, not a file"),
    "link to a pipe": (lambda p: (os.mkfifo(f"{p}.pipe"), p.symlink_to(f"{p}.pipe")), "it is a pipe"),
    "socket": (bound_socket, "it is a socket, not a file"),
    "circle of links": (lambda p: p.symlink_to(p), "Too many levels of symbolic links"),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file_is_not_replaced(file: Path, kind: str) -> None:
    """As root, a device would be gone for the whole machine."""
    make, said = NO_FILES[kind]
    out = file.with_name("out.yaml")
    make(out)
    before = out.lstat()
    result = snapferry("plan", file, "-o", str(out))
    assert (result.exit_code, out.lstat()[:6]) == (ExitCode.INVALID, before[:6]), result.output
    assert f"cannot write {out}: {said}" in result.stderr and "-o -" in result.stderr
    assert not list(file.parent.glob(".*.new"))


def test_a_name_that_no_file_can_have_is_refused(file: Path, tmp_path: Path) -> None:
    name = str(tmp_path / ("x" * 300))
    for arguments in (["plan", str(file), "-o", name], ["init", "-o", name]):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == ExitCode.INVALID, (arguments, result.exception)
        assert f"cannot write {name}: File name too long" in result.stderr


@pytest.mark.parametrize("content", ["name: orders\n", "", "notes of mine"])
def test_what_is_no_saved_plan_is_not_replaced(file: Path, content: str) -> None:
    other = file.with_name("other.yaml")
    other.write_text(content, encoding="utf-8")
    result = snapferry("plan", file, "-o", str(other))
    assert (result.exit_code, other.read_text(encoding="utf-8")) == (ExitCode.INVALID, content)
    assert "no saved plan" in result.stderr and "next: choose another file" in result.stderr


def test_a_saved_plan_that_no_longer_fits_is_saved_again_by_its_next_step(
    file: Path, source: FakeDomain
) -> None:
    saved_file = file.with_name("my saved.yaml")
    assert snapferry("plan", file, "-o", str(saved_file)).exit_code == 0
    FakeEngine(source, "source", FakeIndex("a"), FakeIndex("c"))
    refused = snapferry("plan", saved_file)
    assert refused.exit_code == ExitCode.REFUSED, refused.output
    (command,) = re.findall("`(snapferry [^`]*)`", refused.stderr)
    again = CliRunner().invoke(app, shlex.split(command)[1:])
    assert again.exit_code == 0, again.output
    assert snapferry("plan", saved_file).exit_code == 0


def test_the_consents_that_a_plan_needs_are_in_its_next_step(file: Path, target: FakeDomain) -> None:
    rules = "conflicts: {policy: delete, delete: [a]}\n"
    file.write_text(file.read_text(encoding="utf-8") + rules, encoding="utf-8")
    FakeEngine(target, "target", FakeIndex("a"))
    refused = snapferry("plan", file)
    (command,) = re.findall("next: .*`(snapferry [^`]*)`", refused.stderr)
    assert command.endswith("state --allow-delete a"), command
    assert refused.exit_code == ExitCode.REFUSED
    allowed = CliRunner().invoke(app, shlex.split(command)[1:])
    assert allowed.stderr.splitlines()[-1].endswith(" --allow-delete a --execute"), allowed.output
    given = snapferry("migrate", file, "--allow-delete", "a").stderr.splitlines()[-1]
    assert given.endswith(" --allow-delete a --execute"), given


def test_a_verb_that_a_saved_plan_decides_nothing_for_says_so(file: Path) -> None:
    saved_file = file.with_name("saved.yaml")
    assert snapferry("plan", file, "-o", str(saved_file)).exit_code == 0
    for verb in ("seed", "rehearse"):
        assert "is a saved plan" in snapferry(verb, saved_file).stderr, verb
        assert "is a saved plan" not in snapferry(verb, file).stderr, verb
    assert "is a saved plan" not in snapferry("status", saved_file).stderr


def test_a_flow_is_not_given_a_plan_as_its_saved_plan(file: Path) -> None:
    with pytest.raises(PlanError, match="this is no saved plan"):
        read(file)
