"""All checks, in the order in which they are shown."""

from tasks.checks import account, bucket, domains, indices, room, safety
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

ALL = (*FIRST, *THEN)

DECISIVE = tuple(made for made in ALL if made.decisive)
"""Those that `migrate` makes before it changes anything, and refuses on."""
