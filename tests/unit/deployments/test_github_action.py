"""The GitHub Action: inputs that are described and used, and its own script, run as the runner would."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from releasing.installing import ROOT
from snapferry.exit_codes import ExitCode

FILE = ROOT / "deployments" / "github-action" / "action.yml"
TEXT = FILE.read_text(encoding="utf-8")
ACTION: dict[str, Any] = yaml.safe_load(TEXT)
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
COMMAND = """#!/bin/sh
printf '%s\\n' "$@" > "$RUNNER_TEMP/words"
echo "said" >&2
[ "$2" = refused.yaml ] && exit 3
echo '{"outcome": "done"}'
"""


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """The runner's folder, with a command that says how it was called."""
    command = tmp_path / "snapferry" / "bin" / "snapferry"
    command.parent.mkdir(parents=True)
    command.write_text(COMMAND, encoding="utf-8")
    command.chmod(0o755)
    return tmp_path


def run(runner: Path, **inputs: str) -> tuple[int, dict[str, str], list[str]]:
    """The exit code of the last step, its outputs, and the words of the command."""
    defaults = {name: about.get("default", "") for name, about in ACTION["inputs"].items()}
    given = defaults | {"plan": "plan.yaml"} | inputs
    variables = {name: given[_input(value)] for name, value in STEPS[-1]["env"].items()}
    files = {"GITHUB_OUTPUT": str(runner / "output"), "GITHUB_STEP_SUMMARY": str(runner / "summary.md")}
    environment = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(runner), **files, **variables}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[-1]["run"]],
        env=environment,
        cwd=runner,
    )
    output, words = runner / "output", runner / "words"
    outputs = output.read_text(encoding="utf-8").splitlines() if output.exists() else []
    called = words.read_text(encoding="utf-8").splitlines() if words.exists() else []
    return done.returncode, dict(line.split("=", 1) for line in outputs), called


def _input(expression: str) -> str:
    return re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", expression)[1]  # pyright: ignore[reportOptionalSubscript]


def test_it_has_the_form_of_a_composite_action() -> None:
    assert {"name", "description", "inputs", "outputs", "runs"} <= set(ACTION)
    assert ACTION["runs"]["using"] == "composite"
    for step in STEPS:
        assert step["name"] and ("uses" in step) != ("run" in step)
        assert step.get("shell") == ("bash" if "run" in step else None)


def test_every_input_is_described_and_used() -> None:
    used = set(re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", TEXT))
    assert used == set(ACTION["inputs"])
    assert all(
        about["description"] and isinstance(about["required"], bool) for about in ACTION["inputs"].values()
    )


def test_no_input_becomes_part_of_a_script() -> None:
    assert not [step["name"] for step in STEPS if "${{" in step.get("run", "")]


def test_every_output_is_one_that_the_last_step_writes() -> None:
    named = {name: f"${{{{ steps.{STEPS[-1]['id']}.outputs.{name} }}}}" for name in ACTION["outputs"]}
    assert {name: about["value"] for name, about in ACTION["outputs"].items()} == named
    assert set(re.findall(r'echo "([\w-]+)=', STEPS[-1]["run"])) == set(named)


def test_a_plan_is_checked_unless_something_else_is_wanted(runner: Path) -> None:
    code, outputs, words = run(runner)
    assert (code, words, outputs["exit-code"]) == (0, ["check", "plan.yaml", "--json"], "0")
    assert Path(outputs["result"]).read_text(encoding="utf-8") == '{"outcome": "done"}\n'
    assert "said" in (runner / "summary.md").read_text(encoding="utf-8")


def test_options_are_one_word_a_line_whatever_is_in_them(runner: Path) -> None:
    _, _, words = run(runner, verb="verify", options="--level\ncontent and *\n", state="s3://bucket/state")
    assert words == [
        "verify", "plan.yaml", "--level", "content and *", "--state", "s3://bucket/state", "--json"
    ]  # fmt: skip


def test_a_refusal_ends_the_job_with_its_code_and_has_no_result(runner: Path) -> None:
    code, outputs, _ = run(runner, plan="refused.yaml")
    assert (code, outputs) == (ExitCode.REFUSED, {"exit-code": "3", "result": ""})


@pytest.mark.parametrize("verb", ["migrate", "cutover", "check; id", ""])
def test_it_does_nothing_but_read(runner: Path, verb: str) -> None:
    code, _, words = run(runner, verb=verb)
    assert (code, words) == (ExitCode.INVALID, [])


def test_it_installs_as_the_image_does() -> None:
    """The image's test runs these steps."""
    dockerfile = (ROOT / "deployments" / "Dockerfile").read_text(encoding="utf-8")
    installing = STEPS[1]["run"]
    for same in (
        "sed -n '/^uv==/,/[^\\\\]$/p; /^setuptools==/,/[^\\\\]$/p' requirements.txt",
        "--require-hashes",
    ):
        assert same in installing and same in dockerfile
    subprocess.run(["bash", "-n", "-c", installing], check=True)
