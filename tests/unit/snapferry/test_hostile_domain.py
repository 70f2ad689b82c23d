"""Whole verbs that read, against a domain that is none or evil: our exit codes, a next step, no harm."""

from __future__ import annotations

import base64
import json
import re
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, ReceivedRequest, Reply
from support.hostile import ESCAPES, MARKUP, hostile
from typer.testing import CliRunner

from configs.loading.loader import load_plan
from configs.values.visible import visible
from reports.build.report import report_of
from reports.views.markdown import markdown
from snapferry.exit_codes import ExitCode
from snapferry.main import app

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"
MODES = (
    "a page with control characters",
    "an error with control characters",
    "an error with markup",
    "half a surrogate pair in an error",
    "an error 200,000 deep",
    "every header echoed",
    "SSH",
    "gzip that is none",
    "bytes that are not UTF-8",
    "arrays 200,000 deep",
    "a list",
    "a number",
    "nothing",
    "a web page",
    "a redirect with control characters",
    "one gigabyte",
)
EVIL = ["or\x1b[31mders", "or\x9b1mders", "or\u202esredr", "or\u200bders", "or\u2028ders", "or[bold]ders`x`"]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, no_aws: None) -> Iterator[None]:
    """Nothing is tried again."""
    monkeypatch.setattr("domains.http.connection.BUDGET_S", 0.0)
    monkeypatch.setattr("domains.engine.reachability._PASSES_S", 0.0)
    return iter(())


def plan_file(folder: Path, source: str, target: str, include: list[str] | None = None) -> Path:
    login = {"type": "basic", "username": "me", "password": {"env": "THE_PASSWORD"}}
    plan: dict[str, Any] = {
        "name": "orders",
        "source": {"endpoint": source, "auth": login},
        "target": {"endpoint": target, "auth": login},
        "repository": {"name": "repo", "type": "fs", "location": "/mnt/snapshots"},
    }
    if include:
        plan["indices"] = {"include": include}
    file = folder / "plan.yaml"
    file.write_text(yaml.safe_dump(plan), encoding="utf-8")  # escapes whatever is not ASCII
    return file


def run(*words: object) -> Result:
    arguments = [str(word) for word in words]
    return CliRunner().invoke(app, arguments, env={"THE_PASSWORD": PASSWORD}, catch_exceptions=False)


def require_harmless(text: str) -> None:
    """No control character but line ends, and no secret in any form."""
    found = {each for each in text if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}
    assert not found, repr(text)
    assert PASSWORD not in text
    assert base64.b64encode(f"me:{PASSWORD}".encode()).decode() not in text


@pytest.mark.parametrize("knows_itself", [False, True])
@pytest.mark.parametrize("name", MODES)
def test_a_verb_that_reads_ends_with_a_code_and_a_next_step(
    name: str, knows_itself: bool, target: FakeDomain, tmp_path: Path
) -> None:
    FakeEngine(target, "target")
    with hostile(name, knows_itself=knows_itself) as server:
        for places in ((server.endpoint, target.endpoint), (target.endpoint, server.endpoint)):
            file = plan_file(tmp_path, *places)
            for verb in ("check", "plan", "verify"):
                state = ("--state", tmp_path / "state") if verb == "plan" else ()
                began = time.monotonic()
                ended = run(verb, file, *state)
                told = {ExitCode.REFUSED, ExitCode.DIFFERENT, *((ExitCode.DONE,) * (verb == "check"))}
                assert ended.exit_code in told, ended.output
                assert time.monotonic() - began < 5
                assert "next: " in ended.output, ended.output
                require_harmless(ended.stdout + ended.stderr)
        assert run("status", file, "--state", tmp_path / "state").exit_code == 0


def test_names_that_nobody_sees_are_shown_planned_and_compared(
    source: FakeDomain, target: FakeDomain, tmp_path: Path
) -> None:
    for domain, side in ((source, "source"), (target, "target")):
        FakeEngine(domain, side, *(FakeIndex(name) for name in EVIL))
    compared = run("verify", plan_file(tmp_path, source.endpoint, target.endpoint), "--level", "counts")
    assert compared.exit_code == ExitCode.DONE, compared.output
    FakeEngine(target, "target")
    file = plan_file(tmp_path, source.endpoint, target.endpoint, EVIL[:-1])
    assert load_plan(file).indices.include == EVIL[:-1]
    planned = run("plan", file, "--state", tmp_path / "state")
    assert planned.exit_code == ExitCode.DONE, planned.output
    for name in EVIL[:-1]:
        assert visible(name) in planned.stdout
    require_harmless(planned.stdout + planned.stderr + compared.stdout)
    as_json = run("plan", file, "--state", tmp_path / "state", "--json")
    require_harmless(as_json.stdout)
    assert {unit["target"] for unit in json.loads(as_json.stdout)["resolution"]["units"]} == set(EVIL[:-1])


def test_markup_in_a_name_is_text(source: FakeDomain, target: FakeDomain, tmp_path: Path) -> None:
    FakeEngine(source, "source", FakeIndex(EVIL[-1]))
    FakeEngine(target, "target")
    planned = run("plan", plan_file(tmp_path, source.endpoint, target.endpoint), "--state", tmp_path / "s")
    assert EVIL[-1] in planned.stdout


def test_a_report_holds_nothing_that_acts(tmp_path: Path) -> None:
    from support.building import a_journal, a_plan, a_resolution, a_unit

    journal = a_journal(tmp_path, a_plan())
    with journal.step("resolve"):
        pass
    names = [*EVIL, ESCAPES]
    journal.keep("resolve", a_resolution(*(a_unit(name) for name in names), snapshot=f"s`{MARKUP}"))
    journal.settle("failed", f"it said {ESCAPES} and {MARKUP}", MARKUP)
    report = report_of(journal.document)
    text = markdown(report)
    require_harmless(text)
    rows = [line for line in text.splitlines() if line.startswith("| or")]
    assert len(rows) == len(EVIL) and len({line.replace(r"\|", "").count("|") for line in rows}) == 1
    assert not re.search(
        r"<|(?<!\\)[]\[`]|&(?!amp;|lt;)", text.replace("```sh\n", "").replace("\n```\n", "\n")
    )
    assert {index.source for index in report.indices} == set(names)
    assert json.loads(report.model_dump_json())["message"].startswith(f"it said {ESCAPES}")


def test_a_refusal_that_quotes_the_login_is_cut(
    source: FakeDomain, target: FakeDomain, tmp_path: Path
) -> None:
    def quoting(asked: ReceivedRequest) -> Reply:
        return Reply(401, f"no: {asked.headers['authorization']} is {PASSWORD}")

    source.on(".*", quoting)
    FakeEngine(target, "target")
    for verb in ("check", "plan", "verify"):
        ended = run(verb, plan_file(tmp_path, source.endpoint, target.endpoint))
        require_harmless(ended.output)
        assert ended.exit_code == ExitCode.REFUSED
