"""One engine process: its folders, its configuration, its command line, its start and its end."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.engines.engine_files import KEYSTORE, EngineTree
from lab.engines.java import Java
from lab.errors import LabError

START_TIMEOUT = 180.0  # seconds
PR_SET_PDEATHSIG = 1

BASE_OPTIONS = (
    "-Xss1m", "-Xshare:auto", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8",
    "-javaagent:agent/opensearch-agent.jar",
    "-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1",
    "-XX:-OmitStackTraceInFastThrow", "-Dlog4j.shutdownHookEnabled=false", "-Dlog4j2.disable.jmx=true",
    "-Djava.locale.providers=SPI,CLDR", "-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0", "-Dio.netty.allocator.numDirectArenas=0",
    "-Dopensearch.networkaddress.cache.ttl=60", "-Dopensearch.networkaddress.cache.negative.ttl=10",
    # Without JNA the server cannot see that it runs as root, which it would refuse; fit for a lab only.
    "-Djna.nosys=true", "-Djna.nounpack=true", "-Djna.noclasspath=true",
)  # fmt: skip


@dataclass(frozen=True)
class EngineSpec:
    """An engine to start in `home` (its own folder) as the node of cluster `name`."""

    name: str
    home: Path
    tree: EngineTree
    java: Java
    heap_mb: int
    java_options: tuple[str, ...]
    s3_url: str


def prepare(spec: EngineSpec) -> None:
    """Write the engine's configuration and empty its folders; what was in them is lost."""
    shutil.rmtree(spec.home, ignore_errors=True)
    for folder in ("config", "data", "logs", "tmp", "shared"):
        (spec.home / folder).mkdir(parents=True)
    config = spec.home / "config"
    shutil.copyfile(spec.tree.home / "config" / "log4j2.properties", config / "log4j2.properties")
    shutil.copyfile(spec.tree.keystore, config / KEYSTORE)
    lines = [f"{key}: {value}" for key, value in _configuration(spec).items()]
    (config / "opensearch.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def launch(spec: EngineSpec) -> subprocess.Popen[bytes]:
    """Start the engine; returns at once.

    On Linux the kernel kills it when the calling *thread* ends: call it from one that lives as long as the
    lab.
    """
    with (spec.home / "console.log").open("wb") as console:
        return subprocess.Popen(
            command(spec),
            cwd=spec.tree.home,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env=_environment(),
            preexec_fn=_die_with_parent(),
        )


def wait_ready(
    spec: EngineSpec, process: subprocess.Popen[bytes], stopping: Callable[[], bool] = lambda: False
) -> str:
    """Wait until the node has joined its cluster, and return its address.

    Raises:
        LabError: it died (with the last lines of its log), took too long, or `stopping` became true.
    """
    ports = spec.home / "logs" / "http.ports"
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if stopping():
            raise LabError("The lab was stopped while it started.")
        if process.poll() is not None:
            raise _died(spec, process.returncode)
        if ports.exists() and (text := ports.read_text().strip()):
            return "http://" + text.splitlines()[0]
        time.sleep(0.05)
    raise LabError(f"The engine of {spec.name} did not start within {START_TIMEOUT:.0f} s.", tail(spec))


def tail(spec: EngineSpec, lines: int = 15) -> str:
    """The last lines of the engine's console output."""
    path = spec.home / "console.log"
    if not path.exists():
        return "It wrote no log."
    text = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    return f"Last lines of {path}:\n" + "\n".join(text)


def command(spec: EngineSpec) -> list[str]:
    """The engine's command line. The server's own scripts would start three JVMs to build the same."""
    options = [
        f"-Xms{spec.heap_mb}m",
        f"-Xmx{spec.heap_mb}m",
        f"-XX:MaxDirectMemorySize={spec.heap_mb // 2}m",
    ]
    if spec.java.full:
        options.append("--add-modules=jdk.incubator.vector")
    return [
        str(spec.java.executable), *options, *BASE_OPTIONS, *spec.java_options,
        f"-Djava.io.tmpdir={spec.home / 'tmp'}", f"-XX:ErrorFile={spec.home / 'logs' / 'hs_err_%p.log'}",
        f"-Dopensearch.path.home={spec.tree.home}", f"-Dopensearch.path.conf={spec.home / 'config'}",
        "-Dopensearch.distribution.type=zip", "-Dopensearch.bundled_jdk=false",
        "-cp", f"{spec.tree.home / 'lib'}/*", "org.opensearch.bootstrap.OpenSearch",
    ]  # fmt: skip


def _configuration(spec: EngineSpec) -> dict[str, object]:
    return {
        "cluster.name": spec.name,
        "node.name": f"{spec.name}-1",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": 0,
        "transport.port": 0,
        "node.portsfile": "true",
        "path.data": f"'{spec.home / 'data'}'",
        "path.logs": f"'{spec.home / 'logs'}'",
        "path.repo": f"['{spec.home / 'shared'}']",
        # Large bulk bodies are let in however small the heap is.
        "indexing_pressure.memory.limit": "40%",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        "s3.client.default.endpoint": spec.s3_url,
        "s3.client.default.path_style_access": "true",
        "s3.client.default.region": "us-east-1",
    }


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


def _died(spec: EngineSpec, code: int) -> LabError:
    return LabError(f"The engine of {spec.name} ended at its start (exit status {code}).", tail(spec))
