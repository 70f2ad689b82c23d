"""What a caller may do with an emulated plugin: decided by the roles of the domain's real security plugin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lab.account.wildcards import stars
from lab.door.access_control import caller_headers
from lab.door.exchange import Door, Exchange
from lab.plugins.answers import no_permissions

API = "/_plugins/_security"


@dataclass(frozen=True)
class Rights:
    """The caller's rights: patterns of cluster actions, and of index actions by patterns of indices. `None`
    for
    both is a domain without access control, where everybody may do everything."""

    user: str = ""
    cluster: tuple[str, ...] | None = None
    indices: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] | None = None

    def require(self, action: str) -> None:
        """Raise Refused unless the caller may do this on the cluster."""
        if self.cluster is not None and not _matches(action, self.cluster):
            raise no_permissions(action, self.user)

    def may_manage(self, index: str, action: str) -> bool:
        """Whether the caller may do this with the index."""
        if self.indices is None:
            return True
        return any(_matches(index, names) and _matches(action, actions) for names, actions in self.indices)


async def rights_of(exchange: Exchange, door: Door) -> Rights:
    """Look up the caller's rights: its roles, and what those allow.

    Raises:
        httpx.HTTPError: the engine cannot be reached.
        Refused: as by `Rights.require`, when the engine does not know the caller.
    """
    if not door.settings.access_control or exchange.caller is None:
        return Rights()
    who = await _authenticated(exchange, door)
    _, roles = await door.engine.ask("GET", f"{API}/api/roles")
    _, groups = await door.engine.ask("GET", f"{API}/api/actiongroups")
    held = [roles[name] for name in who.get("roles", ()) if name in (roles or {})]
    cluster = tuple(_expanded(groups, (each for role in held for each in role["cluster_permissions"])))
    indices = tuple(
        (tuple(row["index_patterns"]), tuple(_expanded(groups, row["allowed_actions"])))
        for role in held
        for row in role["index_permissions"]
    )
    return Rights(str(who.get("user", "User [name=?]")), cluster, indices)


async def _authenticated(exchange: Exchange, door: Door) -> dict[str, Any]:
    assert exchange.caller is not None
    url = door.engine.address(f"{API}/authinfo")
    response = await door.engine.send("GET", url, caller_headers(exchange.caller), b"")
    await response.aread()
    found = response.json() if response.status_code == 200 else {}
    await response.aclose()
    return found if isinstance(found, dict) else {}


def _expanded(groups: Any, names: Iterable[str]) -> list[str]:
    """Patterns of actions; groups are replaced by what they hold."""
    waiting, seen, actions = list(names), set[str](), list[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        group = (groups or {}).get(name)
        if group:
            waiting.extend(group["allowed_actions"])
        else:
            actions.append(name)
    return actions


def _matches(value: str, patterns: Iterable[str]) -> bool:
    return any(stars(pattern).fullmatch(value) for pattern in patterns)
