"""Try the forms of a registration one after the other, as the service's own words ask for it. Changes domains
through what it is given to call.

A domain reaches a bucket of its own Region by `region`. For a bucket elsewhere the service answers "The
bucket is in this region: …", and accepts `endpoint` in place of `region` (AWS guide, "Migrating data to a
different domain"). Older stacks reject `region: us-east-1` as an invalid location constraint, with the same
remedy.

A role, its trust or a policy that has just been made takes some time to work everywhere (IAM is eventually
consistent), so a refusal that may be due to that is tried again for a minute.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from domains.errors import Denied, Refused
from domains.http.known_refusals import cause_of
from runs.progress import Poll, Progress, report_progress
from tasks.records.transfer import Attempt, Form

ELSEWHERE = re.compile(r"bucket is in this region: ([a-z0-9-]+)|location-constraint is not valid")
NEW_RIGHTS_S = 60.0
"""For how long a refusal is tried again that a new role or policy may explain."""
_BETWEEN_S = 4.0
_MAYBE_NEW = frozenset({"pass role", "trust", "key", "upload", "list", "delete", "read", "request"})
T = TypeVar("T")


@dataclass(frozen=True)
class Tried:
    """How trying the forms has ended.

    Args:
        form: the accepted one; None if none was.
        nodes: the nodes that verified it.
        refusal: of the last form, if none was accepted.
        elsewhere: whether that refusal says that the bucket is in another Region.
    """

    form: Form | None
    nodes: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    refusal: Refused | None = None
    elsewhere: bool = False


def try_forms(
    forms: Iterable[Form],
    region: str | None,
    own_region: str | None,
    attempt: Callable[[Form, str | None], tuple[str, ...]],
) -> Tried:
    """Try each form until the domain accepts one, or refuses one for a reason that no other form can help.

    Args:
        region: the bucket's Region, as far as it is known.
        own_region: the domain's own.
        attempt: registers in this form, for a bucket in this Region, and returns the nodes that verified it.

    Raises:
        DomainError: transient.
    """
    untried, attempts = list(forms), list[Attempt]()
    while True:
        form = untried.pop(0)
        try:
            nodes = attempt(form, region)
        except Refused as error:
            if error.transient:
                raise
            attempts.append(Attempt(form=form, accepted=False, said=error.reply.text))
            elsewhere = ELSEWHERE.search(error.reply.text)
            if elsewhere and elsewhere[1] == own_region and region != own_region:
                region = elsewhere[1]  # the given Region was wrong, and the domain's own is right
                untried.insert(0, "region")
            elif not elsewhere or not untried:
                return Tried(None, (), tuple(attempts), error, bool(elsewhere))
            continue
        return Tried(form, nodes, (*attempts, Attempt(form=form, accepted=True)))


def patiently(poll: Callable[[float | None], Poll], step: str, label: str, attempt: Callable[[], T]) -> T:
    """Call `attempt`; while a new role or policy may be why it is refused, again for a minute.

    Args:
        label: the domain, in words.
    """
    limit = poll(NEW_RIGHTS_S)
    while True:
        try:
            return attempt()
        except Refused as error:
            if limit.expired or not _may_be_new_rights(error):
                raise
            said = error.reply.reason
        message = (
            f"waiting: {label} refuses the registration. A role or policy that was made just now may take "
            f"a minute to work, so it is tried again: {said}"
        )
        report_progress(Progress(step, message, waiting=True))
        rest = poll(_BETWEEN_S)
        while not rest.expired:
            rest.pause()


def _may_be_new_rights(error: Refused) -> bool:
    cause = cause_of(error.reply.text, caller_denied=isinstance(error, Denied))
    return not error.transient and cause is not None and cause.kind in _MAYBE_NEW
