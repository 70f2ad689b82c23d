"""The units of systemd: commands that exist, exit codes that mean what the units make of them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from releasing.installing import ROOT
from snapferry.exit_codes import ExitCode
from snapferry.main import app

FOLDER = ROOT / "deployments" / "systemd"
UNITS = sorted(FOLDER.iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]


def settings_of(unit: Path) -> dict[str, list[str]]:
    """The values of each key; a line that is no comment, section or setting is a fault."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            key, value = re.fullmatch(r"(\w+)=(.*)", line).groups()  # pyright: ignore[reportOptionalMemberAccess]
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_no_fault(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    assert settings_of(unit)
    if analyze is None:  # on a machine with another service manager, the tests below have to do
        return
    for each in UNITS:
        text = each.read_text(encoding="utf-8").replace("/opt/snapferry/bin/snapferry", "/bin/true")
        (tmp_path / each.name).write_text(re.sub("Documentation=.*\n", "", text), encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", tmp_path / unit.name], capture_output=True, text=True
    )
    assert unit.name.partition("@")[0] not in done.stdout + done.stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_runs_a_command_that_exists(unit: Path) -> None:
    (line,) = settings_of(unit)["ExecStart"]
    program, *words = shlex.split(line.replace("%i", "orders"))
    assert program == "/opt/snapferry/bin/snapferry"
    command: Any = get_command(app)
    command.commands[words[0]].make_context(words[0], words[1:])


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_has_no_rights_and_keeps_its_state(unit: Path) -> None:
    settings = settings_of(unit)
    assert (settings["User"], settings["NoNewPrivileges"]) == (["snapferry"], ["yes"])
    assert f"SNAPFERRY_STATE=/var/lib/{settings['StateDirectory'][0]}" in settings["Environment"]
    assert settings["SuccessExitStatus"] == [str(ExitCode.INTERRUPTED.value)]


def test_only_what_may_be_resumed_is_started_again() -> None:
    (prevented,) = settings_of(FOLDER / "snapferry-follow@.service")["RestartPreventExitStatus"]
    others = {code.value for code in ExitCode} - {ExitCode.DONE, ExitCode.INTERRUPTED}
    assert {int(code) for code in prevented.split()} == others


def test_a_timer_has_its_service() -> None:
    timers = [unit for unit in UNITS if unit.suffix == ".timer"]
    assert timers and all(timer.with_suffix(".service") in UNITS for timer in timers)
