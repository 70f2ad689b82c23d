"""Where these tests find their browser: the machine, a variable, or Debian; else a sentence says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browser import chromium

APT = """#!/bin/sh
echo "$@" >> {log}
case "$1" in install) printf '#!/bin/sh\\n' > {folder}/chromium; chmod +x {folder}/chromium;; esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found."""
    monkeypatch.setenv("PATH", f"{tmp_path}")
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_machines_own_is_used(machine: Path) -> None:
    path = program(machine / "chromium")
    assert chromium.find() == str(path)


def test_a_variable_says_which(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(machine / "chromium")
    named = program(machine / "another")
    monkeypatch.setenv(chromium.VARIABLE, str(named))
    assert chromium.find() == str(named)


def test_debians_is_installed_where_there_is_none(machine: Path) -> None:
    log = machine / "log"
    shell = "/bin/chmod"
    text = APT.format(log=log, folder=machine).replace("chmod", shell)
    program(machine / "apt-get", text)
    assert chromium.find() is None and chromium.install()
    assert chromium.find() == str(machine / "chromium")
    assert "install --yes --quiet --no-install-recommends chromium" in log.read_text(encoding="utf-8")


def test_who_may_not_install_is_told_what_to_do(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(machine / "apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not chromium.install()
    assert "apt-get install chromium" in chromium.MISSING
