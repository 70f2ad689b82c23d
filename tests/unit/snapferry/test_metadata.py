"""`snapferry metadata` as a user sees it: what it prints, its exit codes, its next steps."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.configured import DAY_MS, Configured
from support.fake_domain import FakeDomain, engine_error
from typer.testing import CliRunner

from snapferry.main import app

pytestmark = pytest.mark.slow

DELETING = {
    "default_state": "hot",
    "states": [
        {
            "name": "hot",
            "actions": [],
            "transitions": [{"state_name": "gone", "conditions": {"min_index_age": "30d"}}],
        },
        {"name": "gone", "actions": [{"delete": {}}], "transitions": []},
    ],
}


@dataclass
class Desk:
    """Two fake domains, a plan between them, and the command."""

    source: Configured
    target: Configured
    folder: Path

    def write(self, **more: Any) -> Path:
        places = {"source": self.source, "target": self.target}
        sides = {
            side: {"endpoint": at.fake.endpoint, "auth": {"type": "none"}} for side, at in places.items()
        }
        repository = {"name": "r", "bucket": "my-snapshots", "region": "us-east-1"}
        plan = self.folder / "plan.yaml"
        plan.write_text(yaml.safe_dump({"name": "orders", **sides, "repository": repository, **more}))
        return plan

    def run(self, verb: str, *options: str) -> Any:
        state = {"SNAPFERRY_STATE": str(self.folder / "state"), "COLUMNS": "300"}
        arguments = ("metadata", verb, str(self.folder / "plan.yaml"), *options)
        return CliRunner().invoke(app, arguments, env=state, catch_exceptions=False)


@pytest.fixture
def desk(source: FakeDomain, target: FakeDomain, tmp_path: Path) -> Desk:
    made = Desk(Configured(source, "S"), Configured(target, "T"), tmp_path)
    made.source.templates["logs"] = {"index_patterns": ["logs-*"], "priority": 7}
    made.source.pipelines["stamp"] = {"processors": [{"set": {"field": "a", "value": 1}}]}
    made.write()
    return made


def next_of(ended: Any) -> str:
    return next(line for line in ended.stderr.splitlines() if line.startswith("next: "))


def test_diff_then_copy_then_an_empty_diff(desk: Desk) -> None:
    plan = desk.folder / "plan.yaml"
    first = desk.run("diff")
    assert first.exit_code == 4 and "Not in sync: 2 items to copy." in first.stdout
    assert next_of(first) == f"next: snapferry metadata copy {plan}"
    shown = desk.run("copy")
    assert shown.exit_code == 0 and desk.target.fake.changing == []
    assert "PUT /_index_template/logs?create=true" in shown.stdout
    assert '{"index_patterns": ["logs-*"], "priority": 7}' in shown.stdout
    assert next_of(shown) == f"next: snapferry metadata copy {plan} --execute"
    done = desk.run("copy", "--execute")
    assert done.exit_code == 0 and "Copied (2):" in done.stdout, done.output
    assert "[ ] CloudWatch alarms" in done.stdout
    last = desk.run("diff")
    assert last.exit_code == 0 and "In sync: everything that the plan wants is on the target." in last.stdout
    assert not any(line.startswith("next:") for line in last.stderr.splitlines())
    assert "In sync: index-templates (1): logs" in desk.run("diff", "--all").stdout


def test_a_conflict_is_refused_with_its_fields_and_what_to_do(desk: Desk) -> None:
    desk.target.templates["logs"] = {"index_patterns": ["logs-*"], "priority": 8}
    refused = desk.run("copy", "--execute")
    assert refused.exit_code == 3 and desk.target.fake.changing == []
    for said in (
        "Diverged: index template logs",
        'priority: source "7", target "8"',
        "choose metadata.conflicts: skip or replace",
        "Refused: nothing was changed.",
    ):
        assert said in refused.stdout
    assert desk.run("copy").exit_code == 3


def test_what_failed_is_listed_with_the_domains_words(desk: Desk) -> None:
    said = engine_error(400, "parse_exception", "No processor type exists with name [set]")
    desk.target.fake.on("PUT /_ingest/pipeline/stamp", said)
    ended = desk.run("copy", "--execute")
    assert ended.exit_code == 1
    assert "Not copied (1):" in ended.stdout and "No processor type exists with name [set]" in ended.stdout
    assert next_of(ended).startswith("next: snapferry metadata diff ")


@pytest.mark.parametrize("verb", [("diff",), ("copy",), ("copy", "--execute")])
def test_json_is_one_document(desk: Desk, verb: tuple[str, ...]) -> None:
    ended = desk.run(*verb, "--json")
    document = json.loads(ended.stdout)
    items = {
        "diff": lambda: document["items"],
        "copy": lambda: document.get("diff", document.get("before"))["items"],
    }
    found: Callable[[], Any] = items[verb[0]]
    assert {each["name"]: each["state"] for each in found()} == {
        "logs": "source only",
        "stamp": "source only",
    }


@pytest.mark.usefixtures("clock")
def test_a_domain_that_does_not_answer_is_told_with_what_was_written(desk: Desk) -> None:
    def gone() -> None:
        desk.target.fake.on(
            "GET /_index_template", engine_error(503, "process_cluster_event_timeout_exception", "busy")
        )

    desk.target.fake.before("PUT /_ingest/pipeline/stamp", gone)
    ended = desk.run("copy", "--execute")
    assert ended.exit_code == 5, ended.output
    assert "written before: ingest-pipelines stamp" in ended.stderr


def test_old_indices_are_warned_of_and_attached_by_the_command_that_is_printed(desk: Desk) -> None:
    old = int(time.time() * 1000) - 40 * DAY_MS
    for side in (desk.source, desk.target):
        side.indices |= {"logs-1": old, "new": old + 39 * DAY_MS}
    desk.source.policies["cleaning"] = DELETING
    desk.source.managed |= {"logs-1": ("cleaning", "hot"), "new": ("cleaning", "hot")}
    done = desk.run("copy", "--execute")
    assert done.exit_code == 0
    warning = "policy cleaning deletes logs-1 as soon as it is attached: it was created 40.0 days ago"
    assert warning in done.stdout and "(hot → gone)" in done.stdout and desk.target.managed == {}
    assert next_of(done) == f"next: snapferry metadata copy {desk.folder / 'plan.yaml'} --attach --execute"
    refused = desk.run("copy", "--attach", "--execute")
    assert refused.exit_code == 3 and "--allow-delete logs-1" in refused.stdout
    attached = desk.run("copy", "--attach", "--execute", "--allow-delete", "logs-1")
    assert attached.exit_code == 0 and set(desk.target.managed) == {"logs-1", "new"}


def test_attaching_belongs_to_the_second_half(desk: Desk) -> None:
    ended = desk.run("copy", "--attach", "--phase", "before-restore")
    assert ended.exit_code == 2 and "leave out --phase" in ended.stderr
    desk.write(metadata={"exclude": ["managed-indices"]})
    assert desk.run("copy", "--attach").exit_code == 3


def test_the_options_of_a_diff_are_those_of_its_next_step(desk: Desk) -> None:
    desk.source.objects["dashboard/d"] = {"attributes": {"title": "D"}, "references": []}
    ended = desk.run("diff", "--dashboards", "--phase", "after-opening", "--all")
    assert ended.exit_code == 4 and "dashboard/d" in ended.stdout
    assert next_of(ended).endswith("plan.yaml --phase after-opening --dashboards")


def test_aliases_of_indices_that_are_not_there_yet_are_told(desk: Desk) -> None:
    desk.source.indices["orders-1"] = 1
    desk.source.aliases["orders"] = {"orders-1": {}}
    assert (
        "The target has none of their indices yet; run it again once they are there: orders"
        in desk.run("diff").stdout
    )


def test_names_that_nobody_sees_are_shown_as_escapes(desk: Desk) -> None:
    desk.source.pipelines["ev\u202eil\x1b[31m"] = {"processors": []}
    ended = desk.run("copy", "--execute")
    assert ended.exit_code == 0, ended.output
    assert r"ev\u202eil\u001b[31m" in ended.stdout
    assert "\x1b" not in ended.output and "\u202e" not in ended.output
