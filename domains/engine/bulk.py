"""Write documents with `_bulk`, or one by one where their text does not fit into its lines."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from domains.domain import Domain
from domains.errors import Refused, UnexpectedReply
from domains.http.documented import documented
from domains.http.error_bodies import TRANSIENT_TYPES, quoted
from domains.http.json_replies import Json, children, required_object, text, whole
from domains.http.requests import Content, path_of

_TIMEOUT_S = 120.0
_JSON = "application/json"


@dataclass(frozen=True)
class IndexAction:
    """Write this document, unless the index has a later version of it.

    Args:
        version: given to the document, as `external_gte`: an equal one is overwritten.
        source: the exact text of its `_source`.
    """

    id: str
    routing: str | None
    version: int
    source: str

    @property
    def fits_in_bulk(self) -> bool:
        """Whether its text is one line, as `_bulk` needs it: a second line would be taken for an action.

        A carriage return at its end would be dropped.
        """
        return "\n" not in self.source and not self.source.endswith("\r")


@dataclass(frozen=True)
class DeleteAction:
    """Delete this document if its last operation is still this one."""

    id: str
    routing: str | None
    seq_no: int
    primary_term: int


Action = IndexAction | DeleteAction


@dataclass(frozen=True)
class ItemResult:
    """What became of one action.

    Args:
        seq_no, primary_term: of the operation; -1 where there was none.
        version: of the document afterwards; -1 where unknown.
        error: the engine's error type; empty where it was done.
        reason: the engine's reason.
        status: of the item.
    """

    seq_no: int = -1
    primary_term: int = -1
    version: int = -1
    error: str = ""
    reason: str = ""
    status: int = 200

    @property
    def done(self) -> bool:
        """Whether the operation took place."""
        return not self.error and self.seq_no >= 0

    @property
    def conflicts(self) -> bool:
        """Whether the index has a later version, or another operation than expected."""
        return self.error == "version_conflict_engine_exception"

    @property
    def may_be_repeated(self) -> bool:
        """Whether the same action may succeed a little later: the domain is busy, or its disk is full."""
        return self.status == 429 or self.error in _PASSING


_PASSING = TRANSIENT_TYPES | {
    "unavailable_shards_exception",
    "cluster_block_exception",
    "primary_shard_not_available_exception",
}


@documented
def send_bulk(domain: Domain, index: str, actions: Sequence[Action]) -> list[ItemResult]:
    """Send these actions in one `_bulk`, through no ingest pipeline; return what became of each.

    It may be repeated: an equal version is written again, and a delete that took place finds nothing.

    Raises:
        Refused: all of it, such as 413 where it is too large; nothing was done.
        Unreachable: the outcome is unknown.
    """
    body = "\n".join(line for action in actions for line in _lines(action)) + "\n"
    reply = domain.connection.write(
        "POST", path_of(index, "_bulk"), body=body, timeout_s=_TIMEOUT_S, pipeline="_none"
    )
    items = children(required_object(reply), "items")
    if len(items) != len(actions):
        said = f"{len(actions)} actions, {len(items)} answers"
        raise UnexpectedReply(f"{domain.label}: POST /{index}/_bulk", said, transient=True)
    return [
        _result(required_object(item[_kind(action)]), action.id)
        for item, action in zip(items, actions, strict=True)
    ]


def _kind(action: Action) -> str:
    return "index" if isinstance(action, IndexAction) else "delete"


def _lines(action: Action) -> tuple[str, ...]:
    target = {"_id": action.id} | ({"routing": action.routing} if action.routing is not None else {})
    if isinstance(action, DeleteAction):
        expected = {"if_seq_no": action.seq_no, "if_primary_term": action.primary_term}
        return (json.dumps({_kind(action): target | expected}),)
    if not action.fits_in_bulk:
        raise RuntimeError("a document must be one line: its second line would be an action")
    return json.dumps({_kind(action): target | _versioned(action)}), action.source


def _versioned(action: IndexAction) -> Json:
    return {"version": action.version, "version_type": "external_gte"}


def _result(item: Json, id: str) -> ItemResult:
    if text(item["_id"]) != id:
        raise ValueError("an answer is about another document")
    status = whole(item["status"])
    if "error" in item:
        error = required_object(item["error"])
        return ItemResult(
            error=text(error["type"]), reason=quoted(str(error.get("reason", ""))), status=status
        )
    return ItemResult(
        whole(item["_seq_no"]), whole(item["_primary_term"]), whole(item["_version"]), status=status
    )


@documented
def put_document(domain: Domain, index: str, action: IndexAction) -> ItemResult:
    """Write one document, whatever its text; return what became of it. It may be repeated.

    Raises:
        Refused: for another reason than a version conflict, or a document that cannot be parsed.
        Unreachable: the outcome is unknown.
    """
    routing = {"routing": action.routing} if action.routing is not None else {}
    try:
        reply = domain.connection.write(
            "PUT",
            path_of(index, "_doc", action.id),
            body=Content(action.source, _JSON),
            timeout_s=_TIMEOUT_S,
            pipeline="_none",
            **{key: str(value) for key, value in _versioned(action).items()},
            **routing,
        )
    except Refused as error:
        if error.transient or not error.reply.type:
            raise
        return ItemResult(error=error.reply.type, reason=error.reply.reason, status=error.status)
    return _result({**required_object(reply), "status": 200}, action.id)
