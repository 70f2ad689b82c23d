"""What on the domains is a run's own: by its journal, and by what the domains say now. Reads only.

An index is the run's own when the journal intended it and its UUID is the one that was noted when it arrived,
or its shards say that they come from the run's snapshot. A data stream is, when all its backing indices are.
A snapshot is, when it carries the run's id. A registration is, when it is as this run sent it; seed rounds
and their cutover share one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domains import catalog as names_on
from domains import repositories, snapshots
from domains.domain import Domain
from domains.replies import Json
from runs.journal import DENIED, Intent, Journal
from runs.state import State
from tasks.arrivals import intended, proven
from tasks.migration import Migration
from tasks.records import Left
from tasks.registration import alike
from tasks.rounds.generations import taken_away

_USERS = ("migrate", "seed", "cutover")


@dataclass(frozen=True)
class Owned:
    """What of the names that a run has intended is on the target.

    Args:
        indices: those that are its own and in no data stream; name → UUID.
        streams: data streams that are wholly its own, each with its backing indices and their UUIDs.
        left: what is not its own, or not any more.
    """

    indices: dict[str, str]
    streams: dict[str, dict[str, str]]
    left: tuple[Left, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every index that is the run's own."""
        return tuple(sorted({*self.indices, *(name for held in self.streams.values() for name in held)}))


def owned(m: Migration) -> Owned:
    """What is the run's own now. The UUIDs of what is proven are noted in the journal."""
    there = names_on.catalog(m.target)
    present = {name: there.indices[name].uuid for name in sorted(intended(m) & there.indices.keys())}
    ours = proven(m, present, f"{m.repository}/{m.snapshot}")
    own = {name: uuid for name, uuid in present.items() if name in ours}
    why = "it is not the index that this run has restored"
    left = [Left(name=name, why=why) for name in present if name not in ours]
    streams: dict[str, dict[str, str]] = {}
    for name, stream in there.streams.items():
        backing = {index: own.pop(index) for index in stream.backing if index in own}
        if backing and len(backing) == len(stream.backing):
            streams[name] = backing
        elif backing:
            others = ", ".join(sorted(set(stream.backing) - backing.keys()))
            left.append(Left(name=name, why=f"it has backing indices of others: {others}"))
    return Owned(own, streams, tuple(left))


def own_snapshot(m: Migration) -> str | None:
    """The snapshot that the run has taken, if it is there and carries the run's id; None otherwise."""
    if not m.journal.intents("snapshot") or repositories.registered(m.source, m.repository) is None:
        return None
    found = snapshots.get(m.source, m.repository, m.snapshot)
    return m.snapshot if found and found.run == m.journal.run_id else None


@dataclass(frozen=True)
class Sent:
    """What runs have sent to a side as its registration of the repository.

    Args:
        bodies: every form that was sent; empty when nothing was, or when it was given back.
        before: what was registered there before the first of them; None when nothing was.
        at_all: whether anything was ever sent.
    """

    bodies: tuple[Json, ...] = ()
    before: Json | None = None
    at_all: bool = False

    def is_like(self, found: Json | None) -> bool:
        """Whether a registration is as it was sent."""
        return found is not None and any(alike(found, body) for body in self.bodies)


def sent_registrations(m: Migration, domain: Domain, runs: Sequence[Journal] = ()) -> Sent:
    """The registrations that were sent to the side since it was last given back; not those that were denied.

    Args:
        runs: the runs that share the registration; without them it is this one alone.
    """
    sent = Sent()
    for intent in _registering(runs or (m.journal,), domain, m.repository):
        if intent.action != "register":
            sent = Sent((), sent.before, sent.at_all)  # given back: one that is like it is another's
        elif sent.is_like(intent.detail["before"]):
            sent = Sent((*sent.bodies, _body(intent)), sent.before, True)
        else:
            kept = sent.bodies if intent.detail["before"] == sent.before else ()
            sent = Sent((*kept, _body(intent)), intent.detail["before"], True)
    return sent


def _registering(runs: Sequence[Journal], domain: Domain, repository: str) -> list[Intent]:
    """What the runs have sent about the registration, oldest first; taken back is what is known to be."""
    found = [
        intent
        for journal in runs
        for intent in journal.document.intents
        if intent.side == domain.side and _is_about(intent, repository)
    ]
    return sorted(found, key=lambda intent: intent.at)


def _is_about(intent: Intent, repository: str) -> bool:
    if intent.action == "register":
        return intent.detail["name"] == repository and intent.result != DENIED
    given_back = intent.action in {"unregister", "put back"} and intent.result == "sent"
    return given_back and repository in intent.names


def _body(intent: Intent) -> Json:
    return {key: intent.detail[key] for key in ("type", "settings")}


def is_own_registration(
    m: Migration, domain: Domain, found: Json | None, runs: Sequence[Journal] = ()
) -> bool:
    """Whether the side's registration is as it was sent, and no later run of the plan uses it."""
    return sent_registrations(m, domain, runs).is_like(found) and later_user(m, domain, runs) is None


def later_user(m: Migration, domain: Domain, runs: Sequence[Journal] = ()) -> str | None:
    """The id of a later run of the plan that works with the side's registration; None without one.

    A rehearsal is none, nor is a seed round that was taken away again.

    Args:
        runs: the runs that share the registration; without them it is this one alone.
    """
    state, ours = State.of(m.journal), runs or (m.journal,)
    began = min(journal.document.started for journal in ours)
    known = {journal.run_id for journal in ours} | taken_away(state)
    for journal in state.journals():
        later = journal.run_id not in known and journal.document.started > began
        if later and journal.document.verb in _USERS and journal.record(f"register on {domain.side}"):
            return journal.run_id
    return None
