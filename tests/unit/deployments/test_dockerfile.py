"""The image: its build steps done in a clean environment, and what it is when they are done."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.dockerfile import Instruction, stages_of, texts_of

from releasing.installing import ROOT, UV

pytestmark = pytest.mark.slow

DOCKERFILE = ROOT / "deployments" / "Dockerfile"
BUILD, RUNTIME = stages_of(DOCKERFILE)
TARGET = "/opt/snapferry"
PIP = """#!/bin/sh
# The steps call pip for the tools that the lock names; the project's own environment has them already.
exec uv pip "$@" --dry-run --python {python}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that the build stage makes, from no other files than it copies."""
    root = tmp_path_factory.mktemp("image")
    (root / "build").mkdir()
    tools = _tools(root / "tools")
    for each in BUILD:
        if each.keyword == "COPY":
            _copy(each, root / "build")
        if each.keyword == "RUN":
            script = each.text.replace(TARGET, str(root / "made")).replace("/build/", f"{root}/build/")
            command = ["/bin/bash", "-o", "pipefail", "-c", script]
            done = subprocess.run(command, cwd=root / "build", env=tools, capture_output=True, text=True)
            assert done.returncode == 0, f"{each.text}\n{done.stderr}"
    return root / "made"


def _tools(folder: Path) -> dict[str, str]:
    """The base image, as it is after pip: the interpreter and the tools of the lock; no network."""
    folder.mkdir()
    (folder / "pip").write_text(PIP.format(python=sys.executable), encoding="utf-8")
    (folder / "pip").chmod(stat.S_IRWXU)
    (folder / "uv").symlink_to(UV)
    (folder / "python3").symlink_to(Path(sys.executable).resolve())
    kept = {name: value for name, value in os.environ.items() if name in {"HOME", "UV_CACHE_DIR"}}
    path = f"{folder}{os.pathsep}{os.defpath}"
    return {**kept, "PATH": path, "VIRTUAL_ENV": sys.prefix, "UV_OFFLINE": "1"}


def _copy(instruction: Instruction, to: Path) -> None:
    *sources, target = instruction.text.split()
    for source in sources:
        if (ROOT / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source, to / target, symlinks=True, ignore=ignored)
        else:
            shutil.copy(ROOT / source, to / target)


def test_the_steps_make_an_environment_with_the_command(built: Path) -> None:
    environment = {
        "PATH": os.defpath,
        "HOME": str(built.parent),
        "SNAPFERRY_STATE": str(built.parent / "state"),
    }
    done = subprocess.run(
        [built / "bin" / "snapferry", "runs"],
        env=environment,
        cwd=built.parent,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.startswith("There is no run in ")


def test_the_environment_has_what_the_lock_says_and_no_tool_of_the_build(built: Path) -> None:
    command = [UV, "pip", "list", "--offline", "--format", "freeze", "--python", built / "bin" / "python"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = {line.partition("==")[0] for line in done.stdout.splitlines()}
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    installed = [line for line in done.stdout.splitlines() if not line.startswith("snapferry")]
    assert [line for line in installed if f"\n{line} " not in f"\n{lock}"] == []
    assert {"snapferry", "prefect"} <= names and not {"uv", "pip", "setuptools", "moto", "pytest"} & names


def test_the_image_takes_nothing_but_the_environment() -> None:
    assert texts_of(RUNTIME, "COPY") == [f"--from=build {TARGET} {TARGET}"]


def test_the_image_runs_without_rights_and_keeps_the_state_outside() -> None:
    (user,), (volume,) = texts_of(RUNTIME, "USER"), texts_of(RUNTIME, "VOLUME")
    (variables,) = texts_of(RUNTIME, "ENV")
    assert int(user.partition(":")[0]) > 0
    assert dict(each.split("=", 1) for each in shlex.split(variables))["SNAPFERRY_STATE"] == volume
    assert RUNTIME.index(Instruction("USER", user)) > RUNTIME.index(
        Instruction("RUN", texts_of(RUNTIME, "RUN")[-1])
    )
    assert texts_of(RUNTIME, "ENTRYPOINT") == ['["snapferry"]']


def test_the_linter_finds_nothing_in_the_dockerfile() -> None:
    done = subprocess.run([UV.with_name("hadolint"), DOCKERFILE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
