"""Fine-grained access control: pass the caller's IAM identity to the engine's security plugin.

The plugin trusts these headers because they come from the front door (proxy authentication), and decides by
its own role mappings.
"""

from __future__ import annotations

from lab.account.directory import Caller

OPERATOR = "snapferry-lab-operator"
HAND_OVER = frozenset(("x-forwarded-for", "x-proxy-user", "x-proxy-roles"))


def caller_headers(caller: Caller) -> dict[str, str]:
    """The headers that name the caller: a user by its ARN, an assumed role by the role's ARN, which is also
    its backend role."""
    return _headers(caller.identity, caller.role or "")


def operator() -> dict[str, str]:
    """The headers by which the lab itself fills, empties and inspects an engine."""
    return _headers(OPERATOR, "")


def _headers(user: str, roles: str) -> dict[str, str]:
    named = {"x-forwarded-for": "127.0.0.1", "x-proxy-user": user}
    return named | ({"x-proxy-roles": roles} if roles else {})
