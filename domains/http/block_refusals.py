"""Refusals because of a block: on which index, by which setting, and the request that takes it off.

A block is no missing right: whoever asks is refused. The engine names it by a number, which is the same in
every version; its words differ.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

BLOCK_EXCEPTIONS = frozenset({"cluster_block_exception", "index_create_block_exception"})
SETTINGS = {
    5: "index.blocks.read_only",
    7: "index.blocks.read",
    8: "index.blocks.write",
    9: "index.blocks.metadata",
    12: "index.blocks.read_only_allow_delete",
    6: "cluster.blocks.read_only",
    10: "cluster.blocks.create_index",
    13: "cluster.blocks.read_only_allow_delete",
}
"""The setting that makes each block, by the engine's number of it."""
_FLOOD_STAGE = "index.blocks.read_only_allow_delete"
_REPLICATED = 1000
_CLOSED = 4
_SHOWN = 3
_NAMED = re.compile(r"(?:index \[(?P<index>[^\]]*)\] )?blocked by: (?P<blocks>(?:\[[^\]]*\];?\s*)+)")
_BLOCK = re.compile(r"\[[A-Z_]+/(?P<number>\d+)/(?P<words>[^\]]*)\]")


@dataclass(frozen=True)
class Block:
    """One block.

    Args:
        index: the index that has it; empty for a block of the whole domain.
        number: the engine's number of it.
        words: the engine's name of it.
    """

    index: str
    number: int
    words: str

    @property
    def setting(self) -> str:
        """The setting that makes it; empty where no setting does."""
        return SETTINGS.get(self.number, "")

    @property
    def name(self) -> str:
        """The setting, else the engine's words."""
        return self.setting or self.words


def blocks_in(said: str) -> tuple[Block, ...]:
    """Find the blocks that a refusal names, each once, in the order of the refusal.

    Args:
        said: the whole reply in one line (`Reply.text`).
    """
    found = [
        _block(named["index"] or "", int(block["number"]), block["words"])
        for named in _NAMED.finditer(said)
        for block in _BLOCK.finditer(named["blocks"])
    ]
    return tuple(dict.fromkeys(found))


def _block(index: str, number: int, words: str) -> Block:
    """One block. The engine names an index even where a block on the whole domain refuses to create it."""
    return Block("" if SETTINGS.get(number, "").startswith("cluster.") else index, number, words)


def way_out(blocks: Iterable[Block]) -> str:
    """Say what takes these blocks off, in one sentence without its full stop; empty for no block."""
    found = tuple(blocks)
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(map(_way_out, found[:_SHOWN])) + more


def _way_out(block: Block) -> str:
    if block.number == _REPLICATED:
        return (
            f"{block.index} follows another domain's index: POST /_plugins/_replication/{block.index}/_stop"
        )
    if block.number == _CLOSED:
        return f"{block.index} is closed: POST /{block.index}/_open opens it"
    if not block.setting:
        return f"find out who has set the block “{block.words}”"
    if not block.index:
        return (
            f"all of the domain is blocked by {block.setting}: {removal(block.setting)} takes it off, as far "
            "as the domain lets you; the service sets it by itself while disk space or memory is short: make "
            "room first"
        )
    full = (
        "; the engine sets it when a disk is full: make room first" if block.setting == _FLOOD_STAGE else ""
    )
    request = removal(block.setting, block.index)
    return f"{block.index} is blocked by {block.setting}: {request} takes it off{full}"


def removal(setting: str, index: str = "", *, scope: str = "persistent") -> str:
    """The request that takes a block off. One setting at a time: OpenSearch refuses several at once.

    Args:
        index: the index that has it; empty for a block of the whole domain.
        scope: of the whole domain's settings: the one that holds it.
    """
    if index:
        return f"PUT /{index}/_settings {json.dumps({setting: None})}"
    return f"PUT /_cluster/settings {json.dumps({scope: {setting: None}})}"
