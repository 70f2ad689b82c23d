"""Cluster settings, plugins and policies that affect indices. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass

from domains.domain import Domain
from domains.errors import Refused
from domains.http.documented import documented
from domains.http.json_replies import Json, child, text, whole
from domains.versions import Version

_SETTINGS = ("*allocation*", "*max_shards_per_node", "*close*")
_REFUSING = ("cluster.blocks.read_only", "cluster.blocks.read_only_allow_delete")
_SCOPES = ("defaults", "persistent", "transient")  # the last one wins
_MANAGED_AT_MOST = 10_000
_MANAGED_TOTAL = "total_managed_indices"


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


@documented
def managed_by_policy(domain: Domain, version: Version) -> dict[str, str]:
    """Read the indices that Index State Management manages, each with its policy; none without the plugin.

    Raises:
        UnexpectedReply: the reply lists fewer than it counts.
        DomainError: typed; a caller without `cluster:admin/opendistro/ism/managedindex/explain` is Denied.
    """
    path = "/_plugins/_ism/explain" if version.engine == "opensearch" else "/_opendistro/_ism/explain"
    try:
        reply = _explained(domain, path)
    except Refused as error:
        if _has_no_policies(error):
            return {}
        raise
    found = {name: child(reply, name) for name in reply}
    managed = {name: text(entry["policy_id"]) for name, entry in found.items() if entry.get("policy_id")}
    there = reply.get(_MANAGED_TOTAL)
    if there is not None and whole(there) > len(managed):
        raise ValueError(f"{_MANAGED_TOTAL} is {there}, and it lists {len(managed)}")
    return managed


def _explained(domain: Domain, path: str) -> Json:
    """Read the plugin's whole list; its oldest versions do not accept `size`."""
    try:
        return domain.connection.read_object("GET", path, size=str(_MANAGED_AT_MOST))
    except Refused as error:
        if "unrecognized parameter: [size]" not in error.reply.text:
            raise
    return domain.connection.read_object("GET", path)


def _has_no_policies(error: Refused) -> bool:
    """Whether the engine lacks the plugin (some then read the path as an index), or nothing is managed."""
    said = error.reply.text
    no_index = error.says("index_not_found_exception", "invalid_index_name_exception")
    unknown = no_index and ("ism-config" in said or "[_opendistro]" in said)
    return unknown or "no handler found" in said or ("_ism/explain' is not allowed" in said)
