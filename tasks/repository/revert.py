"""Registrations that a run has made: removed, or put back as they were, if they are still as it sent them."""

from collections.abc import Callable, Sequence
from functools import partial

from domains.domain import Domain
from domains.engine import repositories
from domains.http.json_replies import Json
from domains.http.requests import Request
from runs.journal import Journal
from tasks.migration import Migration
from tasks.repository.history import is_own_registration, later_user, sent_registrations
from tasks.retry_while_busy import is_in_use, retry_while_busy


def revert(m: Migration, domain: Domain, runs: Sequence[Journal] = ()) -> str:
    """Puts a side's registration back to what it was before this run; says what that came to.

    May be repeated.

    Args:
        runs: the runs that share the registration: it is put back to what it was before the first of them.
    """
    sent = sent_registrations(m, domain, runs)
    if not sent.at_all:
        return "these runs registered nothing" if runs else "this run registered nothing"
    before = sent.before

    def look() -> Callable[[], None] | None:
        if not is_own_registration(m, domain, repositories.registration(domain, m.repository), runs):
            return None
        if before is None:
            return partial(repositories.unregister, domain, m.repository)
        return partial(repositories.register, domain, m.repository, before)

    found = repositories.registration(domain, m.repository)
    if found is None or found == before or not is_own_registration(m, domain, found, runs):
        return _not_given_back(m, domain, found, runs)
    action = "unregister" if before is None else "put back"
    waits = f"repository {m.repository} is in use on the {domain.side}"
    retry_while_busy(m, domain, action, [m.repository], waits, is_in_use, look)
    return "the registration was removed" if before is None else "the former registration was put back"


def revert_request(repository: str, before: Json | None) -> Request:
    """What `revert` sends of a registration that the run has made or changed.

    Args:
        before: the registration that was there before; None without one.
    """
    if before is None:
        return repositories.unregister_request(repository)
    return repositories.register_request(repository, before)


def _not_given_back(m: Migration, domain: Domain, found: Json | None, runs: Sequence[Journal]) -> str:
    before = sent_registrations(m, domain, runs).before
    if found is None:
        gone = "nothing is registered"
        return gone if before is None else f"{gone} any more: somebody has removed it since"
    if found == before:
        return "the former registration is as it was"
    user = later_user(m, domain, runs)
    if user:
        return f"run {user} of this plan works with it: left as it is"
    return "somebody has changed it since: left as it is"
