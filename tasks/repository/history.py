"""The registrations that a run has sent, and which run used a repository last."""

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
    known = {journal.run_id for journal in ours} | removed_runs(state)
    for journal in state.journals():
        later = journal.run_id not in known and journal.document.started > began
        if later and journal.document.verb.moves_to_stay and journal.record(f"register on {domain.side}"):
            return journal.run_id
    return None
