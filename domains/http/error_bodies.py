"""Error replies of the service, parsed into one shape.

Three envelopes exist: the engine's `{"error": {"type", "reason", "caused_by"}}`, the front door's
`{"Message": …}`, and the security API's `{"status", "message"|"reason"}`; 502 to 504 come as HTML or empty.
Some quote the request's credentials, which are cut out before anything else happens: by their known values,
and by the names that stand before them.
"""

import json
import re
from collections.abc import Iterator

from domains.errors import Blocked, Denied, Expired, Missing, Refused, Reply
from domains.http.block_refusals import BLOCK_EXCEPTIONS, blocks_in, way_out
from domains.http.json_replies import Json, children, is_object
from domains.http.known_refusals import cause_of
from domains.known_secrets import cut_secrets

_LONGEST = 600
_CAUSES = 20
_READ = 100_000  # characters of a text that are looked through for secrets before it is cut
_MISSING = frozenset(
    {"repository_missing_exception", "snapshot_missing_exception", "index_not_found_exception"}
)
_TRANSIENT_STATUS = frozenset({429, 502, 503, 504})
_CREDENTIALS = (  # as the service quotes them; the first group stays, the rest is cut out
    re.compile(r"()'[^']*'(?= not a valid key=value pair)"),
    re.compile(r"(\bauthorization(?: header\b[^'\"=:]{0,60})?['\"]?\s?[=:]).*", re.IGNORECASE),
    re.compile(r"(\bBasic )(?!auth)[^\s'\",]+"),
    re.compile(r"(\bBearer )(?!auth|token\b)[^\s'\",]+"),
    re.compile(r"((?:Credential|Signature)=)[^\s'\",&]+", re.IGNORECASE),
    re.compile(r"((?:session|security)[ _-]?token['\"]?\s?[=:]\s?['\"]?)[^\s'\",&]+", re.IGNORECASE),
    re.compile(r"()\b(?:IQoJ|FwoG|FQoG|AQoD)[\w+/=%-]{16,}"),  # how session tokens begin
)
_ELSE = "check the domain's access policy and the plan's auth for this domain"
_THROTTLED = re.compile(r"throttled|too many requests|rate exceeded", re.IGNORECASE)
_CLOCK = re.compile(r"signature (?:expired|not yet current)", re.IGNORECASE)
_SNAPSHOTS = ": GET /_snapshot/"
_S3_AWAY = re.compile(r"unable to execute http request|status code: 50[0234]\b", re.IGNORECASE)
_S3_WRONG = re.compile(r"unknown_?host|name or service not known|pkix|certificat", re.IGNORECASE)
_LOGIN = re.compile(r"\btoken\b[^.]{0,80}\bexpired\b", re.IGNORECASE)
TRANSIENT_TYPES = frozenset(
    {
        "cluster_manager_not_discovered_exception",
        "master_not_discovered_exception",
        "process_cluster_event_timeout_exception",
        "circuit_breaking_exception",
        "open_search_rejected_execution_exception",
        "rejected_execution_exception",
        "es_rejected_execution_exception",
        "node_not_connected_exception",
        "receive_timeout_transport_exception",
        "no_shard_available_action_exception",
    }
)
"""Types of errors that pass by themselves, also of a single item of a reply."""


def error_for(asked: str, status: int, body: str, retry_after: str | None) -> Refused:
    """Build the typed error for a reply outside 2xx.

    Args:
        asked: the request, in words.
        status: HTTP status.
        body: the reply's text, in any shape.
        retry_after: the raw header.
    """
    reply = parse(body)
    kind, hint = _kind(status, reply)
    return kind(
        asked,
        status,
        reply,
        hint=hint,
        transient=kind is Expired or _transient(status, reply) or _s3_is_away(asked, reply),
        retry_after=_seconds(retry_after),
    )


def parse(body: str) -> Reply:
    """Parse an error reply. Never raises: an unknown shape is kept as shortened text."""
    try:
        return _parsed(body)
    except (ValueError, RecursionError):
        return Reply("text", "", quoted(re.sub(r"<[^<>]*>", " ", body)))


def _parsed(body: str) -> Reply:
    document: object = json.loads(body)
    if not is_object(document):
        return Reply("text", "", quoted(str(document)))
    error: object = document.get("error")
    if is_object(error):
        return _engine(error)
    if isinstance(error, str):
        return Reply("engine", "", quoted(error))
    for key in ("Message", "message", "reason"):
        if key in document:
            envelope = "security" if isinstance(document.get("status"), str) else "front door"
            return Reply(envelope, "", quoted(str(document[key])))
    return Reply("text", "", quoted(body))


def _engine(error: Json) -> Reply:
    causes = list(dict.fromkeys(_causes(error)))
    return Reply(
        "engine",
        quoted(str(error.get("type") or "")),
        quoted(str(error.get("reason") or "")),
        tuple(causes),
    )


def _causes(error: Json) -> Iterator[str]:
    below: object = error.get("caused_by")
    for _ in range(_CAUSES):
        if is_object(below):
            yield _said(below)
            below = below.get("caused_by")
    for failure in children(error, "failed_shards")[:1]:
        reason: object = failure.get("reason")
        if is_object(reason):
            yield _said(reason)


def _said(cause: Json) -> str:
    return quoted(f"{cause.get('type')}: {cause.get('reason')}")


def _kind(status: int, reply: Reply) -> tuple[type[Refused], str]:
    if reply.type in _MISSING:
        return Missing, ""
    if reply.type in BLOCK_EXCEPTIONS:
        return Blocked, way_out(blocks_in(reply.text))
    if _THROTTLED.search(reply.reason):
        return Refused, ""
    if status in {401, 403} and reply.envelope != "engine" and (hint := _expired_hint(reply)):
        return Expired, hint
    if status in {401, 403} or reply.type == "security_exception":
        return Denied, _hint(reply, denied=True) or _ELSE
    return Refused, _hint(reply, denied=False)


def _expired_hint(reply: Reply) -> str:
    """The remedy for expired credentials or a wrong clock; empty when neither is the cause."""
    if _CLOCK.search(reply.reason):
        return "set this machine's clock, then run the same command again"
    if _LOGIN.search(reply.reason):
        return "log in again: the AWS credentials have expired; then run the same command again"
    return ""


def _hint(reply: Reply, *, denied: bool) -> str:
    cause = cause_of(reply.text, caller_denied=denied)
    return cause.advice() if cause else ""


def _transient(status: int, reply: Reply) -> bool:
    if _THROTTLED.search(reply.reason):
        return True
    return status in _TRANSIENT_STATUS or reply.type in TRANSIENT_TYPES


def _s3_is_away(asked: str, reply: Reply) -> bool:
    """Whether an engine that looks at a snapshot does not reach S3 for the moment.

    Only of a look: a registration that cannot reach S3 may have a wrong endpoint, which never passes, and
    neither does a name without an address or a certificate that is not trusted.
    """
    said = (reply.reason, *reply.causes)
    return _SNAPSHOTS in asked and any(map(_S3_AWAY.search, said)) and not any(map(_S3_WRONG.search, said))


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None


def quoted(text: str) -> str:
    """The words of others as they may be quoted: one line, not too long, and no credentials."""
    whole = text[:_READ].encode(errors="backslashreplace").decode()  # half a surrogate pair cannot be written
    line = " ".join(whole.split())
    for credential in _CREDENTIALS:
        line = credential.sub(r"\1[cut out]", line)
    line = cut_secrets(line)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
