"""The first contact of a command with its domains: both at once, within seconds.

Nobody waits for an endpoint that was mistyped, or for a tunnel that was forgotten: until a domain has
answered this command, it has seconds. From then on it is known to be there, and every read waits for it
patiently. Imports no Prefect.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from configs.plan import DomainSettings, Plan
from domains.domain import Domain, Side, import_clients, open_domain
from domains.engine import reachability
from domains.engine.cluster import ClusterIdentity, identity
from domains.engine.reachability import Reachability
from domains.errors import (
    Denied,
    DomainError,
    NoContact,
    Refused,
    SnapferryError,
    UnexpectedReply,
    Unreachable,
)
from domains.http.json_replies import Json
from runs.begun_plan import plan_record
from runs.journal import Journal
from runs.lifecycle import is_frozen
from runs.state import State

CONTACT_S = 8.0
_ATTEMPT_S = 5.0
_CONNECT_S = 2.0
_NOBODY_THERE = 3  # attempts while nothing listens: a tunnel may just be restarting
_PAUSE_S = 0.7
_NO_DOMAIN = (
    "check that an OpenSearch or Elasticsearch domain answers there, and no proxy or login page for it"
)
_met: set[tuple[str, str | None]] = set()  # by this process: endpoint and tunnel
T = TypeVar("T")
Key = Callable[[Side, DomainSettings], str]
Open = Callable[[Side, DomainSettings], Domain]


@dataclass(frozen=True)
class Contact:
    """The domains of a plan, opened, and the UUIDs by which their clusters have answered.

    Args:
        source: None where the plan's source is a snapshot; its UUID is then empty.
    """

    source: Domain | None
    target: Domain
    uuids: tuple[str, str]

    @property
    def domains(self) -> tuple[Domain, ...]:
        """Those that there are, the source first."""
        return (self.source, self.target) if self.source else (self.target,)


def contact(plan: Plan, state: State, opening: Open = open_domain) -> Contact:
    """Open the plan's domains and ask them who they are, at the same time. Reads only.

    Args:
        state: the plan's runs: a domain that has answered one of them is expected to come back.
        opening: opens a domain; nothing is sent to it.

    Raises:
        NoContact: a domain was not reached within `CONTACT_S`, or is none; it names the key of the plan. If
            both sides have a problem, it tells both.
        SnapferryError: credentials could not be resolved, or a domain refused to answer.
    """
    runs = tuple(state.journals())
    known: dict[Side, str] = {side: _run_answered(runs, plan, side) for side in plan.sides}
    is_urgent = any(is_frozen(journal.document) for journal in runs)
    return contact_between(plan.source_domain, plan.target, _key_of_plan, known, opening, patient=is_urgent)


def contact_between(
    source: DomainSettings | None,
    target: DomainSettings,
    key: Key,
    known: Mapping[Side, str] | None = None,
    opening: Open = open_domain,
    *,
    patient: bool = False,
) -> Contact:
    """The same for two domains, or for a target alone.

    Args:
        key: what the user has to correct, such as `source.endpoint`.
        known: an earlier run that a side has answered at this place; empty without one.
        opening: opens a domain; nothing is sent to it.
        patient: whether known domains are waited for as if they had just answered: the source may refuse
            writes until this command is done.

    Raises:
        as `contact`.
    """
    import_clients()  # once, before two threads need them
    settings: dict[Side, DomainSettings] = {"source": source} if source else {}
    settings["target"] = target
    opened = _each(settings, lambda side: opening(side, settings[side]))
    end = time.monotonic() + CONTACT_S

    def meet(side: Side) -> ClusterIdentity:
        own = settings[side]
        run = known[side] if known else ""
        if run and patient:
            return identity(opened[side])
        return _FirstContact(opened[side], own, key(side, own), run, end).identity()

    who = {side: each.uuid for side, each in _each(settings, meet).items()}
    return Contact(opened.get("source"), opened["target"], (who.get("source", ""), who["target"]))


def contact_alone(settings: DomainSettings, key: str, side: Side | None = None) -> tuple[Domain, str]:
    """Open one domain and ask it who it is, within `CONTACT_S`. Reads only.

    Args:
        key: what the user has to correct if it cannot be reached.
        side: the side of the plan that it is; None calls it "domain" in messages.

    Returns:
        The domain, and the UUID of its cluster.

    Raises:
        NoContact: it was not reached in time, or is none; it names the key.
        SnapferryError: credentials could not be resolved, or it refused to answer.
    """
    domain = open_domain(side or "target", settings, side or "domain")
    met = _FirstContact(domain, settings, key, "", time.monotonic() + CONTACT_S).identity()
    return domain, met.uuid


def _key_of_plan(side: Side, settings: DomainSettings) -> str:
    """The key of the plan by which the domain is reached."""
    name = "connect_to" if settings.connect_to else "endpoint" if settings.endpoint else "domain"
    return f"{side}.{name}"


def _run_answered(runs: Iterable[Journal], plan: Plan, side: Side) -> str:
    """The latest run that this side has answered at this place. A run begins once both have answered."""
    today = plan_record(plan)[side]
    for journal in runs:
        begun: Json = journal.document.plan.get(side) or {}
        if all(begun.get(key) == today.get(key) for key in ("endpoint", "domain", "region")):
            return journal.run_id
    return ""


@dataclass(frozen=True)
class _FirstContact:
    """The first contact with one domain.

    Args:
        key: what the user has to correct if it fails.
        run: an earlier run that it has answered at this place.
        end: a reading of `time.monotonic`.
    """

    domain: Domain
    settings: DomainSettings
    key: str
    run: str
    end: float

    def identity(self) -> ClusterIdentity:
        """Ask the domain who it is: patiently once it has answered this process."""
        place = self.domain.endpoint, self.settings.connect_to
        if place not in _met:
            who = self._asked_impatiently()
            _met.add(place)
            if who:
                return who
        return identity(self.domain)

    def _asked_impatiently(self) -> ClusterIdentity | None:
        """Its identity; None if it is there, and has to be asked more patiently."""
        unresolved = reachability.unresolved(self.domain, self.settings)
        if unresolved:
            raise self._failed(unresolved.detail, unresolved.hint)
        began, attempts = time.monotonic(), 0
        while True:
            attempts += 1
            try:
                return self._asked_once()
            except Unreachable as error:
                stopped = reachability.unconnected(self.domain, self.settings, _CONNECT_S)
                is_last = bool(stopped) and attempts >= _NOBODY_THERE
                if is_last or time.monotonic() + _PAUSE_S >= self.end:
                    found = stopped or Reachability("answer", error.message, error.hint)
                    tried = f"{attempts} attempts in {time.monotonic() - began:.0f} s"
                    raise self._not_reached(f"{found.detail} ({tried})", found.hint) from error
            time.sleep(_PAUSE_S)

    def _asked_once(self) -> ClusterIdentity | None:
        until = min(self.end, time.monotonic() + _ATTEMPT_S)
        try:
            return identity(self.domain.without_retries(until))
        except Unreachable:
            raise
        except (Refused, UnexpectedReply) as error:
            if error.transient:
                return None
            if isinstance(error, Denied):
                raise
            raise self._failed(error.message, error.hint or _NO_DOMAIN) from error

    def _failed(self, detail: str, hint: str) -> NoContact:
        """It will not come by itself: nothing is there by this name, or something else is."""
        return NoContact(self.key, detail, hint=hint)

    def _not_reached(self, detail: str, hint: str) -> NoContact:
        if not self.run:
            return self._failed(detail, hint)
        again = f"it has answered run {self.run} there: run the same command again once it is back; or {hint}"
        return NoContact(self.key, detail, hint=again, transient=True)


@dataclass
class _Answer:
    """What one side's thread has brought."""

    value: list[Any] = field(default_factory=list[Any])
    error: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)


def _each(sides: Iterable[Side], ask: Callable[[Side], T]) -> dict[Side, T]:
    """Call `ask` for these sides at once, in threads that an interruption does not wait for.

    Raises:
        what was wrong; on both sides, as one error.
    """
    answers: dict[Side, _Answer] = {side: _asked(side, ask) for side in sides}
    for answer in answers.values():
        answer.done.wait()
    errors = [answer.error for answer in answers.values() if answer.error]
    if errors:
        raise _joined(errors)
    return {side: answer.value[0] for side, answer in answers.items()}


def _asked(side: Side, ask: Callable[[Side], T]) -> _Answer:
    answer, context = _Answer(), copy_context()

    def run() -> None:
        try:
            answer.value.append(context.run(ask, side))
        except BaseException as error:  # noqa: BLE001  whoever waits raises it again
            answer.error = error
        finally:
            answer.done.set()

    threading.Thread(target=run, name=f"first contact with the {side}", daemon=True).start()
    return answer


def _joined(errors: list[BaseException]) -> BaseException:
    """One error for both sides: the first that nobody expected; else both told, passing if both may pass."""
    told = {error.message: error for error in errors if isinstance(error, SnapferryError)}
    if len(told) < 2:
        return next((error for error in errors if not isinstance(error, SnapferryError)), errors[0])
    hints = [f"{_side_of(error)}{error.hint}" for error in told.values() if error.hint]
    passing = all(isinstance(error, DomainError) and error.transient for error in told.values())
    return NoContact("both domains", "; ".join(told), hint="; ".join(hints), transient=passing)


def _side_of(error: SnapferryError) -> str:
    """The domain that an error is about, to put before its hint; empty if it does not say."""
    side = error.asked.partition(":")[0].partition(".")[0] if isinstance(error, DomainError) else ""
    return f"{side}: " if side else ""
