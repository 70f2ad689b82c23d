"""Two plans with one name share their runs: the command says so, and never acts between other domains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.building import a_plan
from typer.testing import CliRunner

from runs.journal import GateEntry, Intent, now
from runs.state import State
from snapferry.main import app

PLAN = """name: orders
source: {{endpoint: "http://127.0.0.1:{source}", auth: {{type: none}}}}
target: {{endpoint: "http://127.0.0.1:{target}", auth: {{type: none}}}}
repository: {{name: repo, bucket: my-snapshots, region: us-east-1}}
gates: {{before-restore: {{timeout: 1h}}}}
"""


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A rehearsal of a plan between ports 1 and 2 that has left something, and a waiting migration."""
    state = State(tmp_path / "state", "orders")
    for verb in ("rehearse", "migrate"):
        journal = state.begin(a_plan(), verb)
        journal.document.intents = [
            Intent(step="restore", side="target", action="restore", at=now(), result="sent")
        ]
        journal.document.gates = {"before-restore": GateEntry(since=now(), until=now())}
        journal.settle("failed" if verb == "rehearse" else "interrupted")
    return tmp_path


def snapferry(folder: Path, verb: str, *options: str, source: int = 1, target: int = 2) -> Result:
    (folder / "plan.yaml").write_text(PLAN.format(source=source, target=target))
    return CliRunner().invoke(
        app, [verb, str(folder / "plan.yaml"), *options, "--state", str(folder / "state")]
    )


@pytest.mark.parametrize("verb", ["status", "report"])
def test_a_run_of_the_other_plan_is_shown_as_such(begun: Path, verb: str, no_connections: list[Any]) -> None:
    assert "began with a different plan" not in snapferry(begun, verb).stderr
    other = snapferry(begun, verb, source=7)
    assert other.exit_code == 0
    assert "began with a different plan: source.endpoint: 'http://127.0.0.1:1' → 'http" in other.stderr


@pytest.mark.parametrize(
    "arguments", [["abort"], ["abort", "--execute"], ["approve", "before-restore"]], ids=" ".join
)
def test_nothing_is_done_to_a_run_between_other_domains(
    begun: Path, arguments: list[str], no_connections: list[Any]
) -> None:
    refused = snapferry(begun, *arguments, source=7, target=8)
    assert refused.exit_code == 3, refused.output
    said = "is between other domains (source http://127.0.0.1:1, target http://127.0.0.1:2)"
    assert said in refused.stderr
    assert "give each plan a name of its own" in refused.stderr
    assert no_connections == []


def test_a_gate_is_approved_where_one_side_has_moved(begun: Path) -> None:
    assert snapferry(begun, "approve", "before-restore", target=8).exit_code == 0
