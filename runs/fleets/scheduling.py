"""What of a fleet may start now, and why the rest waits. Pure: it reads a clock's value, and no clock."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from graphlib import TopologicalSorter

from configs.auth import SigV4Auth
from configs.domain import DomainSettings
from configs.fleet.calendar import blackout_at
from configs.fleet.fleet import Wave
from configs.fleet.loading import LoadedFleet, Member
from runs.fleets.journal import FleetDocument, PlanEntry, PlanStatus


class WaitReason(StrEnum):
    """Why a plan of a fleet is not started."""

    STOPPED = "stopped"
    """The stop rule: too many have failed. Not started any more in this run."""
    BLOCKED = "blocked"
    """It comes after plans that failed, or that are not started any more. Nor is it."""
    AFTER = "after"
    """It comes after plans that are not done yet."""
    WAVE = "wave"
    """An earlier wave is not done."""
    PAUSE = "pause"
    """The wave's pause is not over."""
    APPROVAL = "approval"
    """Nobody has approved its wave."""
    BLACKOUT = "blackout"
    """It is a time in which nothing is started."""
    RETRY = "retry"
    """It was interrupted, and is started again in a moment."""
    SOURCE = "source"
    """Another plan with the same source runs: a domain takes one snapshot at a time."""
    TOTAL = "total"
    """As many plans run as may at the same time."""
    DOMAIN = "domain"
    """As many use its domain as may."""
    ACCOUNT = "account"
    """As many use the account as may."""
    REGION = "region"
    """As many use the Region as may."""

    @property
    def is_final(self) -> bool:
        """Whether it is never started in this run of the fleet."""
        return self in {WaitReason.STOPPED, WaitReason.BLOCKED}


@dataclass(frozen=True)
class Wait:
    """Why one plan is not started.

    Args:
        names: plans that it waits for, or the wave, the blackout's purpose, the domain, account or Region.
        until: when that is over; None if that is not known.
    """

    reason: WaitReason
    names: tuple[str, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """What may start now, and why the rest of what has not ended is not started."""

    starts: tuple[str, ...]
    waits: Mapping[str, Wait]

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing starts now, and what waits never will."""
        return not self.starts and all(wait.reason.is_final for wait in self.waits.values())


@dataclass(frozen=True)
class _Uses:
    """What a plan uses while it runs."""

    source: str
    domains: frozenset[str]
    accounts: frozenset[str]
    regions: frozenset[str]


def decide(fleet: LoadedFleet, document: FleetDocument, approved: Iterable[str], at: datetime) -> Decision:
    """Say what may start at this moment, in the order of the file, and why everything else waits.

    Args:
        approved: names of the waves that somebody has approved.
    """
    return _Deciding(fleet, document, frozenset(approved), at).decide()


class _Deciding:
    def __init__(
        self, fleet: LoadedFleet, document: FleetDocument, approved: frozenset[str], at: datetime
    ) -> None:
        self._fleet = fleet
        self._plans = document.plans
        self._approved = approved
        self._at = at
        self._before = fleet.before
        self._uses = {name: _uses(member) for name, member in fleet.members.items()}
        self._running = [name for name, entry in self._plans.items() if entry.status is PlanStatus.STARTED]
        self._kept = [n for n, e in self._plans.items() if e.status is PlanStatus.WAITING and e.begun]
        """Interrupted ones: their places are kept, so that no other plan gets between."""
        failed = sum(entry.status.has_failed for entry in self._plans.values())
        limit = fleet.settings.stop.failures
        self._is_stopped = limit is not None and failed >= limit
        self._hopeless = self._find_hopeless()

    def _find_hopeless(self) -> set[str]:
        """What has failed, and what will never be started because of it."""
        found: set[str] = set()
        for name in TopologicalSorter(self._before).static_order():
            entry = self._plans[name]
            is_new = entry.status is PlanStatus.WAITING and not entry.begun
            if entry.status.has_failed or (is_new and (self._is_stopped or found & self._before[name])):
                found.add(name)
        return found

    def decide(self) -> Decision:
        starts: list[str] = []
        waits: dict[str, Wait] = {}
        for name in self._in_order():
            wait = self._wait(name, self._plans[name])
            if wait:
                waits[name] = wait
            else:
                starts.append(name)
                self._running.append(name)
        return Decision(tuple(starts), waits)

    def _in_order(self) -> Iterator[str]:
        """What waits: interrupted ones first, then by wave."""
        waiting = [
            name
            for _, members in self._fleet.waves
            for name in members
            if self._plans[name].status is PlanStatus.WAITING
        ]
        yield from (name for name in waiting if self._plans[name].begun)
        yield from (name for name in waiting if not self._plans[name].begun)

    def _wait(self, name: str, entry: PlanEntry) -> Wait | None:
        if entry.begun:  # its source may be refusing writes, so it goes on
            return self._retry(entry) or self._limit(name, self._running)
        taken = [*self._running, *(each for each in self._kept if each not in self._running)]
        return (
            self._order(name)
            or self._wave(name)
            or self._blackout()
            or self._retry(entry)
            or self._limit(name, taken)
        )

    def _retry(self, entry: PlanEntry) -> Wait | None:
        ended = entry.latest.ended if entry.latest else None
        pause = self._fleet.settings.retry.pause if entry.tries else timedelta(0)
        until = ended + pause if ended else self._at
        return Wait(WaitReason.RETRY, until=until) if until > self._at else None

    def _order(self, name: str) -> Wait | None:
        hopeless = tuple(n for n in self._fleet.names if n in self._before[name] & self._hopeless)
        if hopeless:
            return Wait(WaitReason.BLOCKED, hopeless)
        if self._is_stopped:
            return Wait(WaitReason.STOPPED)
        named = tuple(each for each in self._fleet.after[name] if not self._is_done(each))
        return Wait(WaitReason.AFTER, named) if named else None

    def _is_done(self, name: str) -> bool:
        return self._plans[name].status is PlanStatus.DONE

    def _wave(self, name: str) -> Wait | None:
        earlier: list[str] = []
        for wave, members in self._fleet.waves:
            if name in members:
                return self._wave_opens(wave, earlier) if wave else None
            earlier = [*earlier, *members]
        return None

    def _wave_opens(self, wave: Wave, earlier: list[str]) -> Wait | None:
        left = tuple(each for each in earlier if not self._is_done(each))
        if left:
            return Wait(WaitReason.WAVE, left)
        if wave.approval and wave.name not in self._approved:
            return Wait(WaitReason.APPROVAL, (wave.name,))
        ended = [entry.ended for each in earlier if (entry := self._plans[each]).ended]
        until = max(ended, default=self._at) + wave.pause if ended else self._at
        return Wait(WaitReason.PAUSE, (wave.name,), until) if until > self._at else None

    def _blackout(self) -> Wait | None:
        settings = self._fleet.settings
        held = blackout_at(settings.blackouts, settings.zone, self._at)
        return Wait(WaitReason.BLACKOUT, (held[0].why,) if held[0].why else (), held[1]) if held else None

    def _limit(self, name: str, taken: list[str]) -> Wait | None:
        limits, mine = self._fleet.settings.limits, self._uses[name]
        others = {each: self._uses[each] for each in taken}
        if len(others) >= limits.total:
            return Wait(WaitReason.TOTAL, tuple(others))
        sharing = tuple(each for each, uses in others.items() if uses.source == mine.source)
        if sharing:
            return Wait(WaitReason.SOURCE, sharing)
        for reason, limit, key in (
            (WaitReason.DOMAIN, limits.domain, "domains"),
            (WaitReason.ACCOUNT, limits.account, "accounts"),
            (WaitReason.REGION, limits.region, "regions"),
        ):
            for used in sorted(getattr(mine, key)):
                users = [each for each, uses in others.items() if used in getattr(uses, key)]
                if limit is not None and len(users) >= limit:
                    return Wait(reason, (used, *users))
        return None


def _uses(member: Member) -> _Uses:
    plan = member.plan
    domains = {side: plan.domain(side) for side in plan.sides}
    source = domains.get("source")
    return _Uses(
        source=_domain(source) if source else f"none of {member.name}",
        domains=frozenset(map(_domain, domains.values())),
        accounts=frozenset(map(_account, domains.values())),
        regions=frozenset(each.region or "no Region" for each in domains.values()),
    )


def _domain(settings: DomainSettings) -> str:
    return settings.endpoint or f"{settings.domain} in {settings.region}"


def _account(settings: DomainSettings) -> str:
    """The account as far as the plan tells: of the role to assume, else the profile, else the caller's."""
    auth = settings.auth
    if not isinstance(auth, SigV4Auth):
        return f"none ({_domain(settings)})"
    if auth.role_arn:
        return auth.role_arn.split(":")[4]
    return f"profile {auth.profile}" if auth.profile else "the caller's"
