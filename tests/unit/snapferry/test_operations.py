"""Single operations as commands: what they print, how they end, what they refuse to be called with."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import CLOSE, FakeDomain, engine_error, ok
from support.hostile import ESCAPES, MARKUP
from support.operations import Repositories, restoring, sent
from typer.testing import CliRunner

from snapferry.exit_codes import ExitCode
from snapferry.main import app

NO_RIGHT = engine_error(
    403, "security_exception", "no permissions for [indices:admin/delete] and User [name=x]"
)


@pytest.fixture
def held(source: FakeDomain) -> Repositories:
    made = FakeEngine(source, "source", FakeIndex("orders"), FakeIndex("logs"))
    restoring(made)
    repositories = Repositories(source)
    repositories.put("r", "monday", indices=["orders", "logs"])
    return repositories


def called(source: FakeDomain, state: Path, *words: str) -> Result:
    verb, *rest = words
    state_option = ("--state", str(state))
    return CliRunner().invoke(app, [*verb.split(), source.endpoint, *rest, *state_option])


PREVIEWS = {
    "repository register": ("repository register", "new", "--bucket", "my-bucket"),
    "repository verify": ("repository verify", "r"),
    "repository remove": ("repository remove", "r"),
    "snapshot take": ("snapshot take", "r", "tuesday"),
    "snapshot delete": ("snapshot delete", "r", "monday"),
    "restore": ("restore", "r", "monday", "orders", "--rename", "orders=old"),
    "index delete": ("index delete", "orders"),
}


@pytest.mark.parametrize("name", PREVIEWS)
def test_without_execute_the_request_is_shown_and_the_next_line_is_the_command(
    source: FakeDomain, tmp_path: Path, held: Repositories, name: str
) -> None:
    ended = called(source, tmp_path, *PREVIEWS[name])
    assert ended.exit_code == ExitCode.DONE, ended.output
    assert re.search(r"^  (PUT|POST|DELETE) /", ended.stdout, re.MULTILINE)
    assert "--execute" in ended.stderr.splitlines()[-1]
    assert f"snapferry {name} {source.endpoint}" in ended.stderr.splitlines()[-1]
    assert sent(source) == []


@pytest.mark.parametrize("name", PREVIEWS)
def test_json_is_one_document_with_the_requests_in_full(
    source: FakeDomain, tmp_path: Path, held: Repositories, name: str
) -> None:
    shown = json.loads(called(source, tmp_path, *PREVIEWS[name], "--json").stdout)
    assert shown["operation"] == name
    assert {"method", "path", "query", "body"} <= shown["requests"][0].keys()
    assert shown["next"].startswith(f"snapferry {name} ")


@pytest.mark.parametrize("name", PREVIEWS)
def test_with_execute_it_is_done_and_the_outcome_shown(
    source: FakeDomain, tmp_path: Path, held: Repositories, name: str
) -> None:
    ended = called(source, tmp_path, *PREVIEWS[name], "--execute", "--json")
    assert ended.exit_code == ExitCode.DONE, ended.output
    assert json.loads(ended.stdout)["operation"] == name
    assert sent(source)


READS = [
    ("repository list",),
    ("snapshot list",),
    ("snapshot show", "r", "monday"),
    ("index list",),
    ("unfreeze",),
]


@pytest.mark.parametrize("words", READS)
def test_lists_have_a_form_for_people_and_one_for_machines(
    source: FakeDomain, tmp_path: Path, held: Repositories, words: tuple[str, ...]
) -> None:
    assert source.endpoint in called(source, tmp_path, *words).stdout
    assert json.loads(called(source, tmp_path, *words, "--json").stdout)["endpoint"] == source.endpoint
    assert sent(source) == []


def test_a_lacking_consent_is_named_and_the_command_with_it_can_be_pasted(
    source: FakeDomain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.operations.indices._BETWEEN_READS_S", 0.0)
    FakeEngine(source, "source", FakeIndex("app", aliases={"it's": {}}))
    Repositories(source)
    source.on("GET /.*/_stats/indexing", ok({"indices": {}}))
    refused = called(source, tmp_path, "index delete", "app", "--execute")
    assert refused.exit_code == ExitCode.REFUSED
    (command,) = re.findall(r"`(snapferry .+)`", refused.stderr)
    again = CliRunner().invoke(app, shlex.split(command)[1:])
    assert again.exit_code == ExitCode.DONE, again.output


def test_a_refusal_before_anything_was_sent_is_3_and_a_failure_after_it_1(
    source: FakeDomain, tmp_path: Path, held: Repositories
) -> None:
    assert called(source, tmp_path, "restore", "r", "monday", "orders", "--execute").exit_code == 3
    source.on("DELETE /[^_].*", NO_RIGHT)
    assert called(source, tmp_path, "index delete", "orders", "--execute").exit_code == 3

    engine = FakeEngine(source, "source", FakeIndex("orders"), FakeIndex("logs"))

    def delete(asked: Any) -> Any:
        if asked.path != "/logs":
            return NO_RIGHT
        del engine.indices["logs"]
        return ok({"acknowledged": True})

    source.on("DELETE /[^_].*", delete)
    mixed = called(source, tmp_path, "index delete", "orders", "logs", "--execute")
    assert (mixed.exit_code, "logs: deleted" in mixed.stdout) == (1, True)


def test_an_error_says_by_its_code_whether_something_may_have_changed(
    source: FakeDomain, tmp_path: Path, held: Repositories
) -> None:
    source.on("PUT /_snapshot/r/tuesday", NO_RIGHT)
    assert called(source, tmp_path, "snapshot take", "r", "tuesday", "--execute").exit_code == 3
    gone = engine_error(404, "snapshot_missing_exception", "[r:wednesday] is missing")
    source.on("GET /_snapshot/r/wednesday", gone)
    source.on("PUT /_snapshot/r/wednesday", ok({"accepted": True}))
    there = ok({"snapshots": [{**held.put("x", "y"), "snapshot": "wednesday"}]})
    source.on("GET /_snapshot/r/wednesday", gone, there)
    taken = called(source, tmp_path, "snapshot take", "r", "wednesday", "--execute")
    assert (taken.exit_code, "choose another name" in taken.stderr) == (1, True), taken.output


def test_an_outcome_that_is_open_is_5(
    source: FakeDomain, tmp_path: Path, held: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.snapshot._APPEARS_WITHIN_S", 0.0)
    source.on("PUT /_snapshot/r/tuesday", CLOSE)
    ended = called(source, tmp_path, "snapshot take", "r", "tuesday", "--execute")
    assert ended.exit_code == ExitCode.INTERRUPTED, ended.output
    assert "outcome" in ended.stderr or "no reply" in ended.stderr or "closed" in ended.stderr


WRONG = {
    "a pattern": ("index delete", "log*"),
    "all names": ("index delete", "_all"),
    "an exclusion": ("index delete", "--", "-logs"),
    "names and all": ("index delete", "logs", "--all"),
    "neither": ("index delete",),
    "no index to restore": ("restore", "r", "monday"),
    "a rename without a name": ("restore", "r", "monday", "--all", "--rename", "old"),
    "a star too many": ("restore", "r", "monday", "--all", "--rename", "a*b*=c"),
    "a shard count": ("restore", "r", "monday", "--all", "--index-setting", "number_of_shards=3"),
    "a block": ("restore", "r", "monday", "--all", "--index-setting", "index.blocks.write=true"),
    "replicas twice": (
        "restore", "r", "monday", "--all", "--replicas", "1", "--index-setting", "number_of_replicas=2",
    ),
    "a setting without a value": ("restore", "r", "monday", "--all", "--index-setting", "refresh_interval"),
    "a capital": ("snapshot take", "r", "Monday"),
    "our own metadata": ("snapshot take", "r", "tuesday", "--metadata", "snapferry_run=x"),
    "too much metadata": ("snapshot take", "r", "tuesday", "--metadata", f"a={'x' * 1000}"),
    "a state that is none": ("snapshot list", "--in-state", "good"),
    "a repository of the service": ("repository register", "cs-mine", "--bucket", "b-b-b"),
    "no bucket": ("repository register", "new"),
    "a bucket as a URL": ("repository register", "new", "--bucket", "s3://x"),
    "a folder for s3": ("repository register", "new", "--bucket", "b-b-b", "--location", "/mnt"),
    "a key in a setting": ("repository register", "new", "--bucket", "b-b-b", "--setting", "access_key=x"),
    "another kind": ("repository register", "new", "--type", "gcs"),
    "names and all blocked": ("unfreeze", "logs", "--all-blocked"),
    "nothing to release": ("unfreeze", "--execute"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_command_line_sends_nothing(
    source: FakeDomain, tmp_path: Path, held: Repositories, what: str
) -> None:
    ended = called(source, tmp_path, *WRONG[what])
    assert ended.exit_code == ExitCode.INVALID, ended.output
    assert source.requests == []


@pytest.mark.parametrize("evil", [MARKUP, ESCAPES])
def test_hostile_names_are_shown_as_they_are_and_do_nothing(
    source: FakeDomain, tmp_path: Path, evil: str
) -> None:
    FakeEngine(source, "source", FakeIndex(evil, aliases={evil + "-alias": {}}))
    held = Repositories(source)
    failures = [{"index": evil, "shard_id": 0, "reason": evil}]
    held.put("r", "s", "PARTIAL", indices=[evil], failures=failures)
    source.on("GET /.*/_stats/indexing", ok({"indices": {}}))
    for words in (
        ("index list",),
        ("snapshot show", "r", "s"),
        ("snapshot list",),
        ("restore", "r", "s", "--all"),
    ):
        ended = called(source, tmp_path, *words)
        assert ended.exit_code in {0, 3}, ended.output
        assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", ended.output)


def test_a_password_is_never_shown(
    source: FakeDomain, tmp_path: Path, held: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "correct-horse-battery-staple"
    monkeypatch.setenv("OPS", secret)
    held.held["r"]["settings"]["comment"] = f"the password is {secret}"
    words = ("repository list", "--user", "ops", "--password-env", "OPS", "--json", "-v")
    ended = called(source, tmp_path, *words)
    assert ended.exit_code == 0, ended.output
    assert secret not in ended.output


def test_a_list_that_is_long_is_cut_for_people_and_whole_for_machines(
    source: FakeDomain, tmp_path: Path, held: Repositories
) -> None:
    for number in range(60):
        held.put("r", f"s-{number:02}")
    shown = called(source, tmp_path, "snapshot list", "r")
    assert "… and 41 older ones; --all lists them" in shown.stdout
    assert len(called(source, tmp_path, "snapshot list", "r", "--all").stdout.splitlines()) == 63
    found = json.loads(called(source, tmp_path, "snapshot list", "r", "--json").stdout)
    assert len(found["snapshots"]) == 61


def test_commands_about_a_domain_carry_the_options_that_reach_it(
    source: FakeDomain, tmp_path: Path, held: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPS", "a-password-of-mine")
    words = ("restore", "r", "monday", "orders", "--user", "ops", "--password-env", "OPS", "--execute")
    refused = called(source, tmp_path, *words)
    (command,) = re.findall(r"delete it first \(`(.+?)`\)", refused.stderr.replace("\n", " "))
    assert command == (
        f"snapferry index delete {source.endpoint} --state {tmp_path} orders --user ops --password-env OPS"
    )
