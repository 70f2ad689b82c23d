"""Read something of every index of a domain, although some refuse to have their metadata read.

With `index.blocks.metadata` the engine refuses each request that names the index, and so each that names all.
The cluster state knows no such refusal: it says which indices these are, and what they are like.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from domains.domain import Domain
from domains.errors import Blocked
from domains.http.block_refusals import Block
from domains.http.documented import documented
from domains.http.json_replies import Json, child, required_object
from domains.http.requests import path_of

_TIMEOUT_S = 120.0
_PATH_BYTES = 3_500  # of a request line's 4,096
_LENIENT: dict[str, Any] = {"ignore_unavailable": "true", "expand_wildcards": "all"}
_PARTS = ",".join(f"metadata.indices.*.{part}" for part in ("state", "settings", "aliases", "mappings"))
_METADATA_READ = "metadata_read"
T = TypeVar("T")


@dataclass(frozen=True)
class BlocksInForce:
    """The blocks of a domain: those of the whole, and by index.

    Args:
        refusing: indices that refuse to have their metadata read.
    """

    whole: tuple[Block, ...] = ()
    indices: Mapping[str, tuple[Block, ...]] = field(default_factory=dict[str, tuple[Block, ...]])
    refusing: frozenset[str] = frozenset()


@documented
def blocks_in_force(domain: Domain) -> BlocksInForce:
    """Read every block, from the cluster state: no block refuses that. One request; reads only."""
    reply = domain.connection.read_object("GET", "/_cluster/state/blocks", timeout_s=_TIMEOUT_S)
    blocks: Json = reply["blocks"]
    indices = child(blocks, "indices")
    return BlocksInForce(
        _blocks("", child(blocks, "global")),
        {name: _blocks(name, child(indices, name)) for name in indices},
        frozenset(name for name in indices if _refuses(child(indices, name))),
    )


def _blocks(index: str, told: Json) -> tuple[Block, ...]:
    return tuple(Block(index, int(number), str(each["description"])) for number, each in told.items())


def _refuses(told: Json) -> bool:
    return any(_METADATA_READ in each["levels"] for each in told.values())


@dataclass(frozen=True)
class EveryIndex(Generic[T]):
    """A reply about every index, but for some.

    Args:
        hidden: indices that it leaves out, because they refuse to have their metadata read.
    """

    reply: T
    hidden: frozenset[str] = frozenset()


def read_every_index(domain: Domain, read: Callable[[str], T]) -> EveryIndex[T]:
    """Ask about all indices; if one refuses, about all but those that do. Reads only.

    Args:
        read: sends the request for a path segment that names the indices.

    Raises:
        Blocked: all of the domain refuses it, or so many indices that their names do not fit a request line.
    """
    try:
        return EveryIndex(read("_all"))
    except Blocked:
        hidden = blocks_in_force(domain).refusing
        others = ",".join(["*", *(f"-{name}" for name in sorted(hidden))])
        if not hidden or len(path_of(others)) > _PATH_BYTES:
            raise
    return EveryIndex(read(others), hidden)


@documented
def hidden_metadata(domain: Domain, names: Collection[str], *, flat: bool) -> dict[str, Json]:
    """Read `settings`, `mappings`, `aliases` and `state` of indices that refuse it, from the cluster state.

    The cluster state has the names of the aliases alone, without filter, routing and write index.

    Args:
        flat: whether to return the settings by flat keys.
    """
    if not names:
        return {}
    path = path_of("_cluster", "state", "metadata", ",".join(sorted(names)))
    form = {"flat_settings": "true"} if flat else {}
    reply = domain.connection.read_object(
        "GET", path, timeout_s=_TIMEOUT_S, filter_path=_PARTS, **form, **_LENIENT
    )
    found = child(reply, "metadata", "indices")
    return {name: _as_index(child(found, name)) for name in found}


def _as_index(told: Json) -> Json:
    """The parts in the form that the index itself reports them in."""
    mappings = child(told, "mappings")
    document: object = mappings.get("_doc")
    return {
        "state": told["state"],
        "settings": told["settings"],
        "mappings": document if isinstance(document, dict) and len(mappings) == 1 else mappings,
        "aliases": {str(alias): {} for alias in told.get("aliases") or ()},
    }


def every_setting(domain: Domain, parts: str) -> dict[str, Json]:
    """Read settings of every index, open or closed: index → `settings` by their flat keys. Reads only.

    Args:
        parts: which, as a `filter_path`; an index that refuses to be read comes with all of its settings.
    """
    return _every(domain, ("_settings",), parts, lambda _, entry: required_object(entry))


def every_definition(domain: Domain, parts: str, each: Callable[[str, Json], T]) -> dict[str, T]:
    """Read `settings` (flat keys), `mappings` and `aliases` of every index; as `every_setting`.

    Args:
        each: takes an index and its entry, and returns what is kept of it.
    """
    return _every(domain, (), parts, each)


def _every(domain: Domain, path: tuple[str, ...], parts: str, each: Callable[[str, Json], T]) -> dict[str, T]:
    def read(names: str) -> dict[str, T]:
        return domain.connection.read_entries(
            path_of(names, *path),
            each,
            timeout_s=_TIMEOUT_S,
            flat_settings="true",
            filter_path=parts,
            **_LENIENT,
        )

    found = read_every_index(domain, read)
    hidden = hidden_metadata(domain, found.hidden, flat=True)
    return {**found.reply, **{name: each(name, entry) for name, entry in hidden.items()}}
