"""The dashboard and the alert rules name only metrics, labels and values that a scrape has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from typer.testing import CliRunner

from reports.model.seeding import BlockState
from reports.views.progress.metrics import METRICS, READABLE
from runs.run_status import RunStatus
from snapferry.main import app

ROOT = Path(__file__).resolve().parents[4]
LABELS = {READABLE.name: {"plan"}, **{spec.name: {"plan", "verb", *spec.labels} for spec in METRICS}}
VALUES = {"state": set(get_args(BlockState)), "outcome": set(map(str, RunStatus))}
SELECTOR = re.compile(r"(snapferry_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def text_of(name: str) -> str:
    return files("snapferry.monitoring").joinpath(name).read_text(encoding="utf-8")


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(text_of("alerts.yaml"))["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return json.loads(text_of("grafana.json"))["panels"]


def expressions() -> Iterator[tuple[str, str, str]]:
    """Name, expression, and texts that use its labels."""
    for rule in rules():
        yield rule["alert"], rule["expr"], json.dumps(rule["annotations"])
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target["legendFormat"]


EXPRESSIONS = list(expressions())


@pytest.mark.parametrize(("name", "expression", "texts"), EXPRESSIONS, ids=[e[0] for e in EXPRESSIONS])
def test_every_metric_label_and_value_of_an_expression_exists(name: str, expression: str, texts: str) -> None:
    used = SELECTOR.findall(expression)
    assert used
    known = set[str]()
    for metric, matchers in used:
        assert metric in LABELS, f"{name}: there is no metric {metric}"
        known |= LABELS[metric]
        for label, _, value in MATCHER.findall(matchers):
            assert label in LABELS[metric], f"{name}: {metric} has no label {label}"
            assert value.startswith("$") or set(value.split("|")) <= VALUES[label], f"{name}: {value}"
    grouped = {
        each for found in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression) for each in found.split(", ")
    }
    named = set(re.findall(r"\$labels\.(\w+)", texts)) | set(re.findall(r"\{\{(\w+)\}\}", texts))
    assert grouped | named <= known


def test_the_alert_that_saves_a_night_is_there() -> None:
    (rule,) = [rule for rule in rules() if rule["labels"]["severity"] == "critical"]
    assert "snapferry_source_blocked" in rule["expr"] and "snapferry_process_alive" in rule["expr"]
    assert any("absent(" in rule["expr"] for rule in rules())


def test_a_dashboard_has_panels_that_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


@pytest.mark.parametrize(("word", "file"), [("grafana", "grafana.json"), ("alerts", "alerts.yaml")])
def test_the_command_prints_the_files_and_reads_no_plan(word: str, file: str) -> None:
    ended = CliRunner().invoke(app, ["watch", "nowhere.yaml", "--print", word])
    assert (ended.exit_code, ended.stdout) == (0, text_of(file))


def test_the_documentation_lists_every_metric() -> None:
    document = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"(?m)^\| `(snapferry_\w+)`(?: `\{([\w, ]+)\}`)? \| (gauge|counter) \| (.*) \|$", document
    )
    listed = {name: (labels, kind, said) for name, labels, kind, said in rows}
    assert listed == {
        spec.name: (", ".join(spec.labels), spec.kind, spec.help) for spec in (READABLE, *METRICS)
    }
