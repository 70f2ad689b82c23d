"""Assemble a lab: the account, the engines, the front doors and their description."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from lab.account.account import Accounts, Administrator, open_accounts
from lab.account.account_api import account_routes
from lab.account.directory import MotoDirectory
from lab.account.layers import layers
from lab.account.s3_faults import S3Faults
from lab.account.server import AwsServer
from lab.certificates import Certificate, issue
from lab.control.engine_control import EngineControl
from lab.control.engine_control_api import engine_routes
from lab.description import DomainDescription, LabDescription
from lab.door import access_control
from lab.door.admin import admin_app
from lab.door.engine_link import EngineLink
from lab.door.exchange import Door
from lab.door.fault_api import fault_routes
from lab.door.faults import Faults
from lab.door.front_door import FrontDoor
from lab.door.request_log import RequestLog
from lab.door.rules import Rules
from lab.door.servers import Servers
from lab.door.shard_rights import ShardRights
from lab.engines.artifacts import find_engine
from lab.engines.cluster import Cluster, build
from lab.engines.engine_files import EngineTree, ensure_engine
from lab.engines.java import Java, choose_java
from lab.paths import S3_FAULTS, SHARED
from lab.processes import record
from lab.progress import Progress, Silent
from lab.settings import DomainSettings, LabSettings

SIDES = ("source", "target")


@dataclass
class Running:
    """The parts that are up so far, so that they can be taken down."""

    home: Path
    stop: threading.Event = field(default_factory=threading.Event)
    clusters: list[Cluster] = field(default_factory=list)
    servers: Servers = field(default_factory=Servers)
    aws: AwsServer | None = None
    control: EngineControl = field(default_factory=EngineControl)


@dataclass(frozen=True)
class Parts:
    """The parts of a domain's engine: its tree and its Java."""

    tree: EngineTree
    java: Java


def fetch_parts(domain: DomainSettings, progress: Progress) -> Parts:
    """Get the domain's unpacked engine and the Java to run it; download what is missing.

    Raises:
        LabError: the lab has no such engine or access control; no Java; no network.
    """
    engine = find_engine(domain.engine)
    domain.require_possible(engine)
    java = choose_java(engine.java_minimum, engine.java_maximum)
    return Parts(ensure_engine(engine, java, domain.access_control, progress), java)


def start(running: Running, settings: LabSettings) -> LabDescription:
    """Start everything; returns when both domains answer. Must be called from the main thread (see
    `node.launch`).

    Raises:
        LabError: a requirement is missing, or an engine died at its start.
    """
    parts = [fetch_parts(domain, Silent()) for domain in settings.domains]
    s3_faults, shard_rights = S3Faults(running.home / S3_FAULTS), ShardRights()
    running.aws = AwsServer([s3_faults, shard_rights, *layers(MotoDirectory())])
    ports = [running.aws.another_port() for _ in settings.domains]
    _launch(running, settings, parts, ports)
    accounts = open_accounts(settings, running.aws.url)
    urls = [cluster.wait_ready(running.stop.is_set) for cluster in running.clusters]
    certificate = issue(running.home, *accounts.hosts) if settings.tls else None
    faults = Faults(s3_faults)
    doors = _doors(running, settings, parts, urls, accounts, faults)
    shard_rights.manage(dict(zip(map(str, ports), doors, strict=True)))
    running.control.manage(dict(zip(SIDES, running.clusters, strict=True)), doors)
    endpoints, admin_url = _open(running, doors, faults, certificate)
    for door in doors:
        door.neighbours.update(zip(map(_address, endpoints), doors, strict=True))
    domains = [
        _described(running.home, *each)
        for each in zip(doors, endpoints, parts, running.clusters, accounts.administrators, strict=True)
    ]
    description = _description(running, settings, accounts, admin_url, certificate, domains)
    running.control.describe(description)
    return description


def request_log(home: Path, domain: str) -> Path:
    """The path of the domain's request log."""
    return home / f"requests-{domain}.jsonl"


def _launch(running: Running, settings: LabSettings, parts: list[Parts], s3_ports: list[int]) -> None:
    """Start both engines in parallel and record each process at once; each reaches S3 by its own port."""

    def started(name: str, pid: int) -> object:
        return record(running.home, name, pid)

    for domain, part, port in zip(settings.domains, parts, s3_ports, strict=True):
        s3_url = f"http://127.0.0.1:{port}"
        cluster = build(running.home, settings, domain, part.tree, part.java, s3_url, started)
        running.clusters.append(cluster)
        cluster.launch()


def _doors(
    running: Running,
    settings: LabSettings,
    parts: list[Parts],
    urls: list[str],
    accounts: Accounts,
    faults: Faults,
) -> list[Door]:
    """Make one front door a domain. If one engine cannot write to S3, both share a folder."""
    rules, directory = Rules(), MotoDirectory()
    has_s3 = all(part.tree.engine.has_s3 for part in parts)
    folder = None if has_s3 else str(running.home / SHARED)
    return [
        Door(
            side=side,
            settings=domain,
            host=host,
            engine=EngineLink(url, access_control.operator() if domain.access_control else None),
            directory=directory,
            rules=rules,
            log=RequestLog(request_log(running.home, domain.name)),
            folder=folder,
            faults=faults,
        )
        for side, domain, url, host in zip(SIDES, settings.domains, urls, accounts.hosts, strict=True)
    ]


def _open(
    running: Running, doors: list[Door], faults: Faults, certificate: Certificate | None
) -> tuple[list[str], str]:
    """Serve the front doors and the lab's own API; return their addresses."""
    endpoints = [running.servers.add(FrontDoor(door), certificate) for door in doors]
    more = [*engine_routes(running.control), *fault_routes(faults), *account_routes()]
    admin_url = running.servers.add(admin_app(doors[0].rules, doors, more))
    running.servers.start()
    return endpoints, admin_url


def _address(endpoint: str) -> str:
    return urlsplit(endpoint).netloc


def _described(
    home: Path, door: Door, endpoint: str, part: Parts, cluster: Cluster, administrator: Administrator
) -> DomainDescription:
    engine = part.tree.engine
    return DomainDescription(
        name=door.domain, region=door.region, endpoint=endpoint, host=door.host, engine_url=door.engine.url,
        request_log=str(request_log(home, door.domain)), engine=engine.name, version=engine.version,
        java=part.java.text, access_control=door.settings.access_control, operator=door.engine.operator,
        nodes=[each.spec.name for each in cluster.nodes],
        has_analysis=part.tree.has_analysis, has_data_streams=engine.product != "elasticsearch",
        account=door.account, access_key_id=administrator.access_key_id,
        secret_access_key=administrator.secret_access_key,
    )  # fmt: skip


def _description(
    running: Running,
    settings: LabSettings,
    accounts: Accounts,
    admin_url: str,
    certificate: Certificate | None,
    domains: list[DomainDescription],
) -> LabDescription:
    assert running.aws is not None
    return LabDescription(
        home=str(running.home), control_url=running.aws.url, admin_url=admin_url, bucket=settings.bucket,
        bucket_region=settings.bucket_region or settings.source.region, role_arn=accounts.role_arn,
        access_key_id=domains[0].access_key_id, secret_access_key=domains[0].secret_access_key,
        ca_bundle=str(certificate.authority) if certificate else None,
        supervisor_pid=os.getpid(), source=domains[0], target=domains[1],
    )  # fmt: skip
