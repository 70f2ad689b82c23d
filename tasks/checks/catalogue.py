"""All checks, in the order in which they are shown."""

from collections.abc import Iterable

from configs.plan import CheckSettings
from tasks.checks import account, bucket, domains, indices, room, safety, window
from tasks.checks.check import Check

FIRST: tuple[Check, ...] = (account.credentials, *domains.FIRST)
"""Those that tell which sides can be asked at all."""

THEN: tuple[Check, ...] = (
    *account.CHECKS,
    *bucket.CHECKS,
    *domains.CHECKS,
    *indices.CHECKS,
    *room.CHECKS,
    *safety.CHECKS,
)

WINDOW: tuple[Check, ...] = window.CHECKS
"""What only a cutover meets: `check` and the cutover make these, `migrate` and `rehearse` never."""

ALL = (*FIRST, *THEN, *WINDOW)


def deciding(checks: Iterable[Check], settings: CheckSettings) -> tuple[Check, ...]:
    """Those that `migrate` makes before it changes anything, and refuses on: also what the plan requires."""
    return tuple(made for made in checks if made.decisive or made.id in settings.require)
