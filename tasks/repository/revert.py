"""Undo a repository registration: remove it or restore the previous one, unless it was changed since."""

from collections.abc import Callable, Sequence
from functools import partial

from domains.domain import Domain
from domains.engine import repositories
from domains.http.json_replies import Json
from domains.http.requests import Request
from runs.journal import Journal
from tasks.migration import Migration
from tasks.records.cleanup import Registration, RegistrationOutcome
from tasks.repository.history import is_own_registration, later_user, sent_registrations
from tasks.retry_while_busy import is_in_use, retry_while_busy


def revert(m: Migration, domain: Domain, runs: Sequence[Journal] = ()) -> Registration:
    """Revert a side's registration to what it was before this run.

    May be repeated.

    Args:
        runs: the runs that share the registration: it is reverted to what it was before the first of them.
    """
    sent = sent_registrations(m, domain, runs)
    if not sent.at_all:
        nothing = RegistrationOutcome.NOT_BY_THESE_RUNS if runs else RegistrationOutcome.NOT_BY_THIS_RUN
        return Registration(outcome=nothing)
    before = sent.before

    def look() -> Callable[[], None] | None:
        if not is_own_registration(m, domain, repositories.registration(domain, m.repository), runs):
            return None
        if before is None:
            return partial(repositories.unregister, domain, m.repository)
        return partial(repositories.register, domain, m.repository, before)

    found = repositories.registration(domain, m.repository)
    if found is None or found == before or not is_own_registration(m, domain, found, runs):
        return _not_reverted(m, domain, found, runs)
    action = "unregister" if before is None else "put back"
    waits = f"repository {m.repository} is in use on the {domain.side}"
    retry_while_busy(m, domain, action, [m.repository], waits, is_in_use, look)
    done = RegistrationOutcome.REMOVED if before is None else RegistrationOutcome.REVERTED
    return Registration(outcome=done)


def revert_request(repository: str, before: Json | None) -> Request:
    """The request that `revert` sends for a registration that the run has made or changed.

    Args:
        before: the previous registration; None without one.
    """
    if before is None:
        return repositories.unregister_request(repository)
    return repositories.register_request(repository, before)


def _not_reverted(m: Migration, domain: Domain, found: Json | None, runs: Sequence[Journal]) -> Registration:
    """Say why there was nothing to revert, or why the registration was left alone."""
    before = sent_registrations(m, domain, runs).before
    if found is None:
        gone = RegistrationOutcome.ABSENT if before is None else RegistrationOutcome.REMOVED_BY_OTHERS
        return Registration(outcome=gone)
    if found == before:
        return Registration(outcome=RegistrationOutcome.UNCHANGED)
    user = later_user(m, domain, runs)
    if user:
        return Registration(outcome=RegistrationOutcome.USED_BY_A_LATER_RUN, run_id=user)
    return Registration(outcome=RegistrationOutcome.CHANGED_BY_OTHERS)
