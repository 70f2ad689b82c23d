"""What the tab key offers: as a shell asks for it, by environment variables, and reads it, line by line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snapferry.main import main

pytestmark = pytest.mark.slow

PLAN = """name: orders
source: {{endpoint: "https://127.0.0.1:1", region: us-east-1, auth: {{type: none}}}}
target: {{endpoint: "https://127.0.0.1:2", region: us-east-1, auth: {{type: none}}}}
repository: {{name: repo, bucket: my-snapshots, region: us-east-1}}
conflicts: {{policy: delete, delete: [old-orders]}}
gates: {{before-restore: {{}}, before-open: {{}}}}
{more}"""
Offered = Callable[..., list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a plan, a file that is none, and a folder with two plans."""
    here = tmp_path / "here"
    (here / "night").mkdir(parents=True)
    for name in ("orders.yaml", "night/one.yaml", "night/two.yml"):
        (here / name).write_text(PLAN.format(more=""), encoding="utf-8")
    (here / "other.yaml").write_text("colour: red\n", encoding="utf-8")
    (here / "orders.txt").write_text(PLAN.format(more=""), encoding="utf-8")
    monkeypatch.chdir(here)
    monkeypatch.setenv("SNAPFERRY_STATE", str(tmp_path / "state"))
    return here


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    """Three runs of the plan: one refused before it knew any index, and one whose journal is damaged."""
    runs = tmp_path / "state" / "plans" / "orders"
    runs.mkdir(parents=True)
    units = [{"name": "orders", "target": "moved-orders"}, {"name": "customers", "target": "customers"}]
    resolved = {"verb": "migrate", "status": "done", "steps": {"resolve": {"record": {"units": units}}}}
    (runs / "20261101-1.json").write_text(json.dumps(resolved), encoding="utf-8")
    (runs / "20261102-2.json").write_text(json.dumps({"verb": "seed", "status": "refused"}), encoding="utf-8")
    (runs / "20261103-3.json").write_text('{"verb": ', encoding="utf-8")
    return runs


@pytest.fixture
def offered(
    no_connections: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Offered:
    """What is offered for the last of these words, as bash asks; nothing else is printed, nothing sent."""

    def ask(*words: str) -> list[str]:
        pieces = [piece for word in words for piece in _cut(word)]
        monkeypatch.setattr(sys, "argv", ["snapferry"])
        monkeypatch.setenv("_SNAPFERRY_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join(("snapferry", *pieces)))
        monkeypatch.setenv("COMP_CWORD", str(len(pieces)))
        with pytest.raises(SystemExit):
            main()
        printed = capsys.readouterr()
        assert (printed.err, no_connections) == ("", [])
        return [line for line in printed.out.splitlines() if line]

    return ask


def _cut(word: str) -> list[str]:
    """The pieces that bash makes of a word."""
    first, colon, rest = word.partition(":")
    return [first, colon, *([rest] if rest else [])] if colon else [word]


def test_a_plan_is_offered_but_no_other_file(folder: Path, offered: Offered) -> None:
    assert offered("migrate", "") == ["orders.yaml", "night/"]
    assert offered("migrate", "ord") == ["orders.yaml"]


def test_of_a_single_folder_its_plans_are_offered(folder: Path, offered: Offered) -> None:
    assert offered("check", "ni") == ["night/one.yaml", "night/two.yml"]
    assert offered("check", "night/t") == ["night/two.yml"]
    assert offered("check", str(folder) + "/o") == [f"{folder}/orders.yaml"]


def test_a_side_of_a_plan_is_offered_for_a_domain(folder: Path, offered: Offered) -> None:
    assert offered("index", "list", "or") == ["orders.yaml:source", "orders.yaml:target"]


def test_after_the_colon_only_what_bash_puts_there_is_offered(folder: Path, offered: Offered) -> None:
    assert offered("index", "list", "orders.yaml:") == ["source", "target"]
    assert offered("index", "list", "orders.yaml:t") == ["target"]


def test_the_gates_of_the_plan_are_offered(folder: Path, offered: Offered) -> None:
    assert offered("approve", "orders.yaml", "") == ["before-restore", "before-open"]
    assert offered("approve", "orders.yaml", "before-o") == ["before-open"]
    assert offered("approve", "other.yaml", "") == []


def test_what_the_plan_allows_to_delete_is_offered_for_its_consent(folder: Path, offered: Offered) -> None:
    assert offered("migrate", "orders.yaml", "--allow-delete", "") == ["old-orders"]
    assert offered("policy", "remove", "orders.yaml", "--allow-delete", "") == []


def test_runs_are_offered_newest_first(folder: Path, journals: Path, offered: Offered) -> None:
    newest_first = ["20261103-3", "20261102-2", "20261101-1"]
    assert offered("report", "orders.yaml", "--run", "") == newest_first
    assert offered("report", "orders.yaml", "--run", "20261101") == newest_first[2:]


def test_the_indices_that_the_latest_run_knows_are_offered(
    folder: Path, journals: Path, offered: Offered
) -> None:
    assert offered("rehearse", "orders.yaml", "--only", "") == ["customers", "orders"]
    assert offered("index", "delete", "orders.yaml:source", "") == ["customers", "orders"]
    assert offered("index", "delete", "orders.yaml:target", "") == ["customers", "moved-orders"]
    assert offered("index", "delete", "orders.yaml:target", "--allow-delete", "m") == ["moved-orders"]


def test_another_state_folder_has_other_runs(
    folder: Path, journals: Path, offered: Offered, tmp_path: Path
) -> None:
    assert offered("report", "orders.yaml", "--state", str(tmp_path), "--run", "") == []
    (tmp_path / "state").rename(tmp_path / "moved")
    moved = str(tmp_path / "moved")
    assert len(offered("report", "orders.yaml", "--state", moved, "--run", "")) == 3


def test_nothing_is_asked_of_s3(
    folder: Path, journals: Path, offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "shared.yaml").write_text(PLAN.format(more="state: s3://bucket/prefix\n"), encoding="utf-8")
    assert offered("report", "shared.yaml", "--run", "") == []
    assert offered("report", "orders.yaml", "--state", "s3://bucket/prefix", "--run", "") == []
    monkeypatch.setenv("SNAPFERRY_STATE", "s3://bucket/prefix")
    assert offered("report", "orders.yaml", "--run", "") == []


def test_checks_and_their_groups_are_offered(offered: Offered) -> None:
    found = offered("check", "orders.yaml", "--only", "window")
    assert found[0] == "window" and "window.blocked" in found


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"gates: {", b"gates: [1]", b"- 1", b""])
def test_a_damaged_plan_offers_nothing_and_says_nothing(
    folder: Path, offered: Offered, content: bytes
) -> None:
    (folder / "orders.yaml").write_bytes(content)
    assert offered("approve", "orders.yaml", "") == []
    assert offered("report", "orders.yaml", "--run", "") == []
    assert offered("index", "delete", "orders.yaml:target", "") == []


def test_bash_itself_completes_a_side_of_a_plan(folder: Path) -> None:
    """The function that `--show-completion` prints, called as bash calls it."""
    script = """
        eval "$(_SNAPFERRY_COMPLETE=source_bash snapferry)"
        COMP_WORDS=(snapferry index list orders.yaml : ta); COMP_CWORD=5
        _snapferry_completion snapferry; printf '%s|' "${COMPREPLY[@]}"
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env={**os.environ, "PATH": path}, check=True
    )
    assert (done.stdout, done.stderr) == ("target|", "")
