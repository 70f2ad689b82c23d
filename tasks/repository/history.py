"""Registrations that runs have sent, and the latest run that uses a repository."""

from collections.abc import Sequence
from dataclasses import dataclass

from domains.domain import Domain
from domains.http.json_replies import Json
from runs.journal import DENIED, Intent, Journal
from runs.seed_cycles import removed_runs
from runs.state import State
from tasks.migration import Migration
from tasks.repository.bodies import alike


@dataclass(frozen=True)
class Sent:
    """The registrations of the repository that runs have sent to one side.

    Args:
        bodies: every form that was sent; empty if none was, or if it was reverted.
        before: the registration before the first of them; None without one.
        at_all: whether any was ever sent.
    """

    bodies: tuple[Json, ...] = ()
    before: Json | None = None
    at_all: bool = False

    def is_like(self, found: Json | None) -> bool:
        """Whether a registration equals one that was sent."""
        return found is not None and any(alike(found, body) for body in self.bodies)


def sent_registrations(m: Migration, domain: Domain, runs: Sequence[Journal] = ()) -> Sent:
    """Collect the registrations sent to the side since the last revert, without those that were denied.

    Args:
        runs: the runs that share the registration; by default this run alone.
    """
    sent = Sent()
    for intent in _registering(runs or (m.journal,), domain, m.repository):
        if intent.action != "register":
            sent = Sent((), sent.before, sent.at_all)  # reverted: an equal registration is somebody else's
        elif sent.is_like(intent.detail["before"]):
            sent = Sent((*sent.bodies, _body(intent)), sent.before, True)
        else:
            kept = sent.bodies if intent.detail["before"] == sent.before else ()
            sent = Sent((*kept, _body(intent)), intent.detail["before"], True)
    return sent


def _registering(runs: Sequence[Journal], domain: Domain, repository: str) -> list[Intent]:
    """Intents about the registration, oldest first; a revert counts only if it is known to be sent."""
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
    reverted = intent.action in {"unregister", "put back"} and intent.result == "sent"
    return reverted and repository in intent.names


def _body(intent: Intent) -> Json:
    return {key: intent.detail[key] for key in ("type", "settings")}


def is_own_registration(
    m: Migration, domain: Domain, found: Json | None, runs: Sequence[Journal] = ()
) -> bool:
    """Whether the side's registration is still as it was sent, and no later run of the plan uses it."""
    return sent_registrations(m, domain, runs).is_like(found) and later_user(m, domain, runs) is None


def later_user(m: Migration, domain: Domain, runs: Sequence[Journal] = ()) -> str | None:
    """Return the id of a later run of the plan that uses the side's registration; None without one.

    Rehearsals do not count, nor do seed rounds that have been removed.

    Args:
        runs: the runs that share the registration; by default this run alone.
    """
    state, ours = State.of(m.journal), runs or (m.journal,)
    began = min(journal.document.started for journal in ours)
    known = {journal.run_id for journal in ours} | removed_runs(state)
    for journal in state.journals():
        later = journal.run_id not in known and journal.document.started > began
        if later and journal.document.verb.moves_to_stay and journal.record(f"register on {domain.side}"):
            return journal.run_id
    return None
