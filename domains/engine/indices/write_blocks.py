"""Block writes to indices, and release them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.engine.every_index import every_setting
from domains.errors import Refused
from domains.http.documented import documented
from domains.http.json_replies import child, is_object
from domains.http.requests import Request, path_of

WRITE = "index.blocks.write"

_TIMEOUT_S = 120.0

_REFUSING = (WRITE, "index.blocks.read_only", "index.blocks.read_only_allow_delete")


@dataclass(frozen=True)
class Blocks:
    """The write blocks of one index.

    Args:
        write: whether `index.blocks.write` is on.
        others: other blocks that refuse writes, such as `index.blocks.read_only`.
    """

    write: bool
    others: tuple[str, ...]


@documented
def blocks(domain: Domain) -> dict[str, Blocks]:
    """Read the write blocks of every index that has any, open or closed. One request; reads only.

    A block set to `false`, or one that does not refuse writes, does not count.
    """
    reply = every_setting(domain, "*.settings.index*blocks*")
    found = {name: _blocks(child(entry, "settings")) for name, entry in reply.items()}
    return {name: each for name, each in found.items() if each.write or each.others}


def _blocks(told: Mapping[str, object]) -> Blocks:
    on = [key for key in _REFUSING if str(told.get(key)).lower() == "true"]
    return Blocks(WRITE in on, tuple(key for key in on if key != WRITE))


@documented
def archived_settings(domain: Domain) -> dict[str, tuple[str, ...]]:
    """Read the archived settings of every index that has any, open or closed. One request; reads only.

    The engine archives a setting that it does not know, as after a restore from another product. While an
    open index has one, every other change of its settings is refused, and so is the release of its block.
    """
    reply = every_setting(domain, "*.settings.archived*")
    keys = ((name, sorted(child(entry, "settings"))) for name, entry in reply.items())
    found = {name: tuple(key for key in each if key.startswith("archived.")) for name, each in keys}
    return {name: archived for name, archived in found.items() if archived}


def archived_way_out(name: str) -> str:
    """What to do about an index with archived settings, in words."""
    return (
        f'POST /{name}/_close, PUT /{name}/_settings {{"archived.*": null}}, POST /{name}/_open '
        "removes the archived settings, which hinder every other change"
    )


def block_requests(names: Iterable[str]) -> Iterator[Request]:
    """Requests that block writes to these indices and wait for writes in flight. May be repeated."""
    return (Request("PUT", path_of(",".join(piece), "_block", "write")) for piece in path_pieces(names))


def setting_requests(names: Iterable[str], *, blocked: bool) -> Iterator[Request]:
    """Requests that switch `index.blocks.write` of these indices through their settings. May be repeated.

    They do not wait for writes in flight: after blocking, wait until the shards are idle.
    """
    return settings_requests(names, {WRITE: True if blocked else None})


@documented
def flush(domain: Domain, names: Iterable[str]) -> list[str]:
    """Flush these indices: write every operation into segments. Changes no document; may be repeated.

    Returns:
        The shards that failed to flush; empty when none did.
    """
    failed: list[str] = []
    for piece in path_pieces(names):
        path = path_of(",".join(piece), "_flush")
        reply: object = domain.connection.write("POST", path, timeout_s=_TIMEOUT_S, ignore_unavailable="true")
        shards = child(reply, "_shards") if is_object(reply) else {}
        if shards.get("failed") or "failed" not in shards:
            failed.append(f"{shards.get('failed', 'unknown')} shards of {', '.join(piece[:3])}")
    return failed


def settings_requests(names: Iterable[str], settings: Mapping[str, Any]) -> Iterator[Request]:
    """Requests that change dynamic settings of these indices; None restores a default."""
    body = dict(settings)
    return (Request("PUT", path_of(",".join(piece), "_settings"), body) for piece in path_pieces(names))


def change_each(
    domain: Domain, names: Sequence[str], settings: Mapping[str, Any], enough: int | None = None
) -> dict[str, Refused]:
    """Change dynamic settings of these indices; where many are refused, of one after the other.

    May be repeated. Read afterwards what took effect.

    Args:
        settings: by flat keys; None restores a default.
        enough: how many refusals to collect before the rest is left out; None for all.

    Returns:
        The indices for which it was refused, each with the refusal.

    Raises:
        DomainError: transient.
    """
    refused: dict[str, Refused] = {}
    for piece in path_pieces(names):
        try:
            for request in settings_requests(piece, settings):
                domain.connection.send(request)
        except Refused as error:
            if error.transient:
                raise
            if len(piece) == 1:
                refused[piece[0]] = error
                continue
            for name in piece:
                if enough is None or len(refused) < enough:
                    refused |= change_each(domain, [name], settings)
    return refused
