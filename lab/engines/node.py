"""One engine process: prepare its folders, start it, wait for it."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import httpx

from lab.engines.command import command
from lab.engines.configuration import log_settings, node_settings
from lab.engines.engine_files import KEYSTORE
from lab.engines.node_spec import NodeSpec
from lab.errors import LabError

START_TIMEOUT = 180.0  # seconds

PR_SET_PDEATHSIG = 1


def prepare(spec: NodeSpec) -> None:
    """Write the node's configuration and empty its folders; their contents are lost."""
    shutil.rmtree(spec.home, ignore_errors=True)
    for folder in ("config", "data", "logs", "tmp"):
        (spec.home / folder).mkdir(parents=True)
    configure(spec)


def configure(spec: NodeSpec) -> None:
    """Write the node's configuration; its data stays."""
    log_settings(spec.tree, spec.config)
    if spec.tree.keystore is not None:
        shutil.copyfile(spec.tree.keystore, spec.config / KEYSTORE)
    settings = {**node_settings(spec), **dict(spec.settings)}
    lines = [f"{key}: {value}" for key, value in settings.items()]
    file = spec.config / f"{spec.tree.engine.product}.yml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def launch(spec: NodeSpec) -> subprocess.Popen[bytes]:
    """Start the node on its prepared folders; return at once.

    On Linux the kernel kills it when the calling *thread* ends: call it from one that lives as long as the
    lab.
    """
    (spec.home / "logs" / "http.ports").unlink(missing_ok=True)
    with (spec.home / "console.log").open("ab") as console:
        return subprocess.Popen(
            command(spec),
            cwd=spec.tree.home,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env=_environment(),
            preexec_fn=_die_with_parent(),
        )


def address(spec: NodeSpec) -> str | None:
    """The node's address, or None until it answers."""
    ports = spec.home / "logs" / "http.ports"
    text = ports.read_text().strip() if ports.exists() else ""
    return f"http://{text.splitlines()[0]}" if text else None


def wait_ready(
    spec: NodeSpec, process: subprocess.Popen[bytes], stopping: Callable[[], bool] = lambda: False
) -> str:
    """Wait until the node has joined its cluster, and return its address.

    Raises:
        LabError: it died (with the last lines of its log), took too long, or `stopping` became true.
    """
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if stopping():
            raise LabError("The lab was stopped while it started.", "Start it again.")
        if process.poll() is not None:
            raise died(spec, process.returncode)
        if (found := address(spec)) is not None and (not spec.secured or security_is_up(found)):
            return found
        time.sleep(0.05)
    raise LabError(f"The engine of {spec.cluster} did not start within {START_TIMEOUT:.0f} s.", tail(spec))


def security_is_up(url: str) -> bool:
    """Whether the node's security plugin has read its own index; before that, it refuses everybody."""
    try:
        health = httpx.get(f"{url}/_plugins/_security/health", timeout=5, trust_env=False)
        return health.status_code == 200 and health.json().get("status") == "UP"
    except (httpx.HTTPError, ValueError):
        return False


def tail(spec: NodeSpec, lines: int = 15) -> str:
    """The end of the node's console output."""
    path = spec.home / "console.log"
    if not path.exists():
        return "It wrote no log."
    text = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    return f"Last lines of {path}:\n" + "\n".join(text)


def died(spec: NodeSpec, code: int) -> LabError:
    """The error of a node that ended at its start."""
    return LabError(f"The engine of {spec.cluster} ended at its start (exit status {code}).", tail(spec))


def _environment() -> dict[str, str]:
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ
    }
    return kept | {"HOSTNAME": "lab", "AWS_EC2_METADATA_DISABLED": "true"}


def _die_with_parent() -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return ask
