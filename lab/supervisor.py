"""The one process that owns a lab: `python -m lab.supervisor HOME`.

It reads `HOME/settings.json`, starts everything, and writes `HOME/lab.json` when all is ready, or
`HOME/failure.json` when it cannot. It ends, and takes everything with it, at SIGTERM or SIGINT, when an
engine dies, or when its standard input ends, unless a line `keep` came before: that is how a lab outlives the
command that started it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.account.account import open_account
from lab.account.directory import MotoDirectory
from lab.account.server import AwsServer
from lab.description import FILE, DomainDescription, LabDescription
from lab.door.admin import admin_app
from lab.door.engine_link import EngineLink
from lab.door.exchange import Door
from lab.door.front_door import FrontDoor
from lab.door.request_log import RequestLog
from lab.door.rules import Rules
from lab.door.servers import Servers
from lab.engines.artifacts import engines
from lab.engines.engine import EngineSpec, launch, prepare, tail, wait_ready
from lab.engines.engine_files import EngineTree, ensure_engine
from lab.engines.java import Java, choose_java
from lab.errors import LabError
from lab.paths import write_atomic
from lab.processes import record
from lab.progress import Silent
from lab.settings import LabSettings

FAILURE = "failure.json"
SETTINGS = "settings.json"
KEEP = b"keep\n"
GRACE = 0.5
SIDES = ("source", "target")


@dataclass
class Running:
    """What is up so far, so that it can be taken down."""

    home: Path
    stop: threading.Event = field(default_factory=threading.Event)
    engines: list[tuple[EngineSpec, subprocess.Popen[bytes]]] = field(default_factory=list)
    servers: Servers = field(default_factory=Servers)
    aws: Any = None


def main(argv: list[str]) -> int:
    """Own the lab in the folder `argv[0]` until told to end; returns the exit status."""
    home = Path(argv[0])
    running = Running(home)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: running.stop.set())
    threading.Thread(target=watch_owner, args=(running,), daemon=True).start()
    record(home, "supervisor", os.getpid())
    try:
        description = start(running, LabSettings.load(home / SETTINGS))
        if not running.stop.is_set():
            description.save(home)
            supervise(running)
        return 0
    except LabError as error:
        report_failure(home, error.message, error.hint)
        return 1
    except Exception as error:  # noqa: BLE001  the last line of defence: said to whoever waits, and in the log
        traceback.print_exc()
        report_failure(
            home, f"The lab failed: {type(error).__name__}: {error}", f"See {home / 'supervisor.log'}."
        )
        return 1
    finally:
        take_down(running)


def start(running: Running, settings: LabSettings) -> LabDescription:
    """Start everything; returns when both domains answer. Must be called from the main thread (see
    `launch`)."""
    pinned = engines()
    java = choose_java(*java_span(settings))
    trees = [ensure_engine(pinned[domain.engine], java, Silent()) for domain in settings.domains]
    running.aws = AwsServer()
    control_url = running.aws.url
    specs = start_engines(running, settings, java, trees, control_url)
    account = open_account(settings, control_url)
    urls = [wait_ready(spec, process, running.stop.is_set) for spec, process in running.engines]
    rules = Rules()
    doors = build_doors(running.home, settings, urls, account.hosts, rules)
    endpoints = [running.servers.add(FrontDoor(door)) for door in doors]
    admin_url = running.servers.add(admin_app(rules, doors))
    running.servers.start()
    domains = [
        DomainDescription(
            name=door.domain, region=door.region, endpoint=endpoint, host=host, engine_url=door.engine.url,
            request_log=str(request_log(running.home, door.domain)), version=spec.tree.engine.version,
        )
        for door, endpoint, host, spec in zip(doors, endpoints, account.hosts, specs, strict=True)
    ]  # fmt: skip
    return LabDescription(
        home=str(running.home), control_url=control_url, admin_url=admin_url, bucket=settings.bucket,
        bucket_region=settings.bucket_region or settings.source.region, role_arn=account.role_arn,
        access_key_id=account.access_key_id, secret_access_key=account.secret_access_key, java=java.text,
        engine_version=trees[0].engine.version, has_analysis=all(tree.has_analysis for tree in trees),
        supervisor_pid=os.getpid(), source=domains[0], target=domains[1],
    )  # fmt: skip


def java_span(settings: LabSettings) -> tuple[int, int | None]:
    """The lowest and highest Java that all of the lab's engines run on."""
    used = [engines()[domain.engine] for domain in settings.domains]
    highest = [engine.java_maximum for engine in used if engine.java_maximum is not None]
    return max(engine.java_minimum for engine in used), min(highest, default=None)


def start_engines(
    running: Running, settings: LabSettings, java: Java, trees: list[EngineTree], s3_url: str
) -> list[EngineSpec]:
    """Start both engines side by side, each written down at once."""
    specs = []
    for domain, tree in zip(settings.domains, trees, strict=True):
        spec = EngineSpec(
            domain.name,
            running.home / domain.name,
            tree,
            java,
            settings.heap_mb,
            settings.java_options,
            s3_url,
        )
        prepare(spec)
        process = launch(spec)
        running.engines.append((spec, process))
        record(running.home, f"engine {domain.name}", process.pid)
        specs.append(spec)
    return specs


def build_doors(
    home: Path, settings: LabSettings, urls: Iterable[str], hosts: Iterable[str], rules: Rules
) -> list[Door]:
    """One front door a domain."""
    directory = MotoDirectory()
    return [
        Door(
            side, domain, host, EngineLink(url), directory, rules, RequestLog(request_log(home, domain.name))
        )
        for side, domain, url, host in zip(SIDES, settings.domains, urls, hosts, strict=True)
    ]


def request_log(home: Path, domain: str) -> Path:
    """Where the domain's requests are written down."""
    return home / f"requests-{domain}.jsonl"


def supervise(running: Running) -> None:
    """Wait until told to stop.

    Raises:
        LabError: an engine ended by itself.
    """
    while not running.stop.wait(0.2):
        for spec, process in running.engines:
            if process.poll() is not None:
                raise LabError(
                    f"The engine of {spec.name} ended (exit status {process.returncode}).", tail(spec)
                )


def watch_owner(running: Running) -> None:
    """When standard input ends before it said `keep`: stop, at the latest after `GRACE` seconds."""
    if sys.stdin.buffer.readline() == KEEP:
        return
    running.stop.set()
    time.sleep(GRACE)
    for _, process in running.engines:
        process.kill()
    os._exit(1)


def take_down(running: Running) -> None:
    """End everything; `lab.json` goes first. The engines' data is of no more use, so they are not asked."""
    (running.home / FILE).unlink(missing_ok=True)
    for _, process in running.engines:
        process.kill()
    for _, process in running.engines:
        process.wait()


def report_failure(home: Path, message: str, hint: str) -> None:
    """Leave the reason for whoever started the lab."""
    write_atomic(home / FAILURE, json.dumps({"message": message, "hint": hint}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
