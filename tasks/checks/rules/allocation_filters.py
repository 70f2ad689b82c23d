"""Which nodes the engine's allocation filters leave for shards: include, exclude, require. Pure."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from domains.engine.nodes import NodeAddress

Settings = Mapping[str, str | tuple[str, ...]]
_KINDS = ("include", "exclude", "require")


def filters(settings: Settings, prefix: str) -> dict[str, dict[str, str]]:
    """The filters in force: kind → attribute → comma-separated patterns. An empty value filters nothing.

    Args:
        prefix: `cluster.routing.allocation` or `index.routing.allocation`.
    """
    found: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}
    for key, value in settings.items():
        text = ",".join(value) if isinstance(value, tuple) else value
        for kind in _KINDS:
            attribute = key.removeprefix(f"{prefix}.{kind}.")
            if attribute != key and text.strip():
                found[kind][attribute] = text
    return found


def allowed(nodes: Iterable[NodeAddress], wanted: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Names of the nodes that all filters let have a shard."""
    return tuple(node.name for node in nodes if _is_allowed(node, wanted))


def _is_allowed(node: NodeAddress, wanted: Mapping[str, Mapping[str, str]]) -> bool:
    required = [
        _matches(node, key, value) for key, text in wanted["require"].items() for value in _listed(text)
    ]
    included = [
        _matches(node, key, value) for key, text in wanted["include"].items() for value in _listed(text)
    ]
    excluded = [
        _matches(node, key, value) for key, text in wanted["exclude"].items() for value in _listed(text)
    ]
    return all(required) and (not included or any(included)) and not any(excluded)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _matches(node: NodeAddress, attribute: str, pattern: str) -> bool:
    return any(fnmatchcase(value, pattern) for value in node.values(attribute))
