"""Cluster settings and plugins that affect indices. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass

from domains.domain import Domain
from domains.http.documented import documented
from domains.http.json_replies import Json, child, text

_SETTINGS = ("*allocation*", "*max_shards_per_node", "*close*")
_REFUSING = ("cluster.blocks.read_only", "cluster.blocks.read_only_allow_delete")
_SCOPES = ("defaults", "persistent", "transient")  # the last one wins


@documented
def cluster_settings(domain: Domain) -> dict[str, str | tuple[str, ...]]:
    """Read the allocation, shard and closing settings in force, with defaults, by their full flat keys."""
    return _in_force(domain, [f"*.cluster{setting}" for setting in _SETTINGS])


def _in_force(domain: Domain, paths: Iterable[str]) -> dict[str, str | tuple[str, ...]]:
    reply = domain.connection.read_object(
        "GET",
        "/_cluster/settings",
        include_defaults="true",
        flat_settings="true",
        filter_path=",".join(paths),
    )
    merged: Json = {}
    for scope in _SCOPES:
        merged |= child(reply, scope)
    return {
        key: tuple(str(each) for each in value) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        for key, value in merged.items()
    }


@documented
def allocation_enabled(domain: Domain) -> str:
    """Read which shards the domain starts: `all`, `primaries`, `new_primaries` or `none`."""
    found = _in_force(domain, ("*.cluster*allocation*enable",))
    return str(found.get("cluster.routing.allocation.enable", "all")).lower()


@documented
def scope_of(domain: Domain, setting: str) -> str:
    """Read where this cluster setting is set: `transient` or `persistent`, which also stands for nowhere."""
    reply = domain.connection.read_object(
        "GET", "/_cluster/settings", flat_settings="true", filter_path="persistent,transient"
    )
    return "transient" if setting in child(reply, "transient") else "persistent"


@dataclass(frozen=True)
class WriteSettings:
    """Settings of the whole domain that concern writes.

    Args:
        auto_create: `action.auto_create_index` in force: true, false, or patterns.
        blocks: cluster settings that are on and refuse all writes.
    """

    auto_create: str
    blocks: tuple[str, ...]


@documented
def write_settings(domain: Domain) -> WriteSettings:
    """Read whether writes are refused, and whether they create indices. One request; reads only."""
    found = _in_force(domain, ("*.action*auto_create_index", "*.cluster*blocks*read_only*"))
    on = tuple(key for key in _REFUSING if found.get(key) == "true")
    return WriteSettings(str(found.get("action.auto_create_index", "true")).lower(), on)


@documented
def plugins(domain: Domain) -> frozenset[str]:
    """Read the names of the plugins on its nodes."""
    rows = domain.connection.read("GET", "/_cat/plugins", format="json", h="component")
    return frozenset(text(row["component"]) for row in rows)
