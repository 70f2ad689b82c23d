"""The context of every part of a front door: the door itself, and one request on its way through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lab.account.directory import Caller, Directory
from lab.door.answers import Answer
from lab.door.engine_link import EngineLink
from lab.door.faults import Faults
from lab.door.request_log import RequestLog
from lab.door.rules import Rule, Rules
from lab.door.signature import Received
from lab.manners.switches import Manners
from lab.settings import DomainSettings

ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class Door:
    """One domain's front door, with the engine, the account and the settings behind it.

    `registered` holds the repositories as their callers registered them (type and flat settings), by name.
    `folder` is the shared folder that stands in for S3; None when the engines write to S3 themselves.
    `background` holds the running tasks of switches, by name. `neighbours` are all doors of the lab, by host
    and port. `under_way` holds the tasks of requests without a whole reply.
    """

    side: str
    settings: DomainSettings
    host: str
    engine: EngineLink
    directory: Directory
    rules: Rules
    log: RequestLog
    folder: str | None = None
    manners: Manners = field(default_factory=Manners)
    registered: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    background: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    neighbours: dict[str, Door] = field(default_factory=dict)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def domain(self) -> str:
        """The domain's name."""
        return self.settings.name

    @property
    def region(self) -> str:
        """The domain's Region."""
        return self.settings.region

    @property
    def account(self) -> str:
        """The account that owns the domain."""
        return self.settings.account

    @property
    def arn(self) -> str:
        """The domain's ARN."""
        return self.settings.arn


@dataclass
class Exchange:
    """One request on its way through. `port` is the port that received it. `caller` is None until the
    signature is verified; `injected` names the injected faults in order; `instead` is the request to the
    engine, if it differs from the received one."""

    received: Received
    port: int | None = None
    started: float = field(default_factory=time.monotonic)
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    caller: Caller | None = None
    rule: Rule | None = None
    instead: Received | None = None
    injected: list[str] = field(default_factory=list)

    @property
    def who(self) -> str:
        """The caller's ARN, or `anonymous`."""
        return self.caller.arn if self.caller else ANONYMOUS

    @property
    def for_engine(self) -> Received:
        """The request to the engine."""
        return self.instead or self.received


Gate = Callable[[Exchange, Door], Awaitable[Answer | None]]
"""A reason to refuse a request: return an answer in place of the engine's, or None to let it pass."""
