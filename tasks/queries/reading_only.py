"""Make a recorded search one that can be run again on either side, and that leaves nothing there.

Only what `_msearch` takes is ever sent. A scroll or a point in time would keep a context on the domain.
"""

import json
import re
from collections.abc import Iterator
from typing import cast

from domains.http.json_replies import Json, is_object
from tasks.queries.recorded import MOST_BODY, Entry, NotUsable, RecordedQuery

_HEADER = ("routing", "search_type")
_TYPES = {"query_then_fetch", "dfs_query_then_fetch"}
_INTO_BODY = {"explain", "from", "min_score", "size", "terminate_after", "track_scores", "track_total_hits"}
_TEXT_QUERY = {"analyze_wildcard", "analyzer", "default_operator", "df", "lenient"}
_WITHOUT_EFFECT = {
    "_source", "_source_excludes", "_source_includes", "allow_no_indices", "allow_partial_search_results",
    "batched_reduce_size", "cancel_after_time_interval", "ccs_minimize_roundtrips", "docvalue_fields",
    "error_trace", "expand_wildcards", "filter_path", "format", "human", "ignore_throttled",
    "ignore_unavailable", "max_concurrent_shard_requests", "phase_took", "pre_filter_shard_size",
    "preference", "pretty", "q", "request_cache", "rest_total_hits_as_int", "scroll", "seq_no_primary_term",
    "sort", "stats", "stored_fields", "timeout", "typed_keys", "version",
}  # fmt: skip
"""Parameters that do not change what is found, or that are replaced by our own."""
_OWN_CONTEXT = {
    "pit": "it reads from a point in time, which is over",
    "slice": "it is one slice of a scroll, which is over",
    "scroll_id": "it continues a scroll, which is over",
}
_NOW = re.compile(r"now($|[-+/|])")
FIRST_PAGE = "recorded with a scroll; its first page is compared"
USES_NOW = "it uses the current time; both sides are asked one right after the other"
EARLY_END = "terminate_after lets each shard end early, so its hits may differ"


def usable(entry: Entry) -> RecordedQuery:
    """The search as it is run, its parameters in its body.

    Raises:
        NotUsable: it cannot be run again, or would leave something on a domain.
    """
    _require_local(entry.index)
    if _length(entry.body) > MOST_BODY:
        raise NotUsable(f"it is longer than {MOST_BODY >> 10} KiB")
    for key, why in _OWN_CONTEXT.items():
        if key in entry.body:
            raise NotUsable(why)
    if any(_is_random(each) for each in _objects(entry.body)):
        raise NotUsable("random_score without a seed and a field ranks otherwise every time")
    body = {key: value for key, value in entry.body.items() if key not in {"profile", "timeout"}}
    body |= _from_parameters(entry.params, body)
    header = {key: entry.params[key] for key in _HEADER if entry.params.get(key) is not None}
    if header.get("search_type", "query_then_fetch") not in _TYPES:
        raise NotUsable(f"search_type {header['search_type']} is not known")
    if header.get("search_type") == "query_then_fetch":
        del header["search_type"]  # the default, which slow logs always name
    notes = tuple(_notes(entry, body))
    return RecordedQuery(entry.place, entry.kind, entry.index, body, header, notes, entry.seen)


def _length(body: Json) -> int:
    try:
        return len(json.dumps(body))
    except RecursionError:
        raise NotUsable("it is nested too deeply") from None


def _require_local(expressions: tuple[str, ...]) -> None:
    for each in expressions:
        if ":" in each:
            raise NotUsable(f"{each} is on another cluster")
        if each.startswith("<"):
            raise NotUsable(f"{each} is a name with date math; record the name that it stood for")


def _from_parameters(params: Json, body: Json) -> Json:
    """What parameters of the address say, as parts of the body; they win over it, as for the engine."""
    unknown = params.keys() - _INTO_BODY - _TEXT_QUERY - _WITHOUT_EFFECT - {*_HEADER}
    if unknown:
        raise NotUsable(f"its parameter {sorted(unknown)[0]} is not known")
    made = {key: _value(params[key]) for key in _INTO_BODY & params.keys()}
    if "q" in params:
        options = {
            "default_field" if key == "df" else key: _value(params[key])
            for key in _TEXT_QUERY & params.keys()
        }
        made["query"] = {"query_string": {"query": str(params["q"]), **options}}
    if "sort" in params and "sort" not in body:
        made["sort"] = [_sorted_by(part) for part in str(params["sort"]).split(",")]
    return made


def _value(said: object) -> object:
    """Numbers and truth values, which an address has as text."""
    if isinstance(said, str):
        if said in {"true", "false"}:
            return said == "true"
        if re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", said):
            return json.loads(said) if not re.match(r"-?0\d", said) else said
    return said


def _sorted_by(part: str) -> Json | str:
    field, colon, order = part.partition(":")
    return {field: {"order": order}} if colon else field


def _notes(entry: Entry, body: Json) -> Iterator[str]:
    if "scroll" in entry.params:
        yield FIRST_PAGE
    if any(isinstance(value, str) and _NOW.match(value) for value in _values(body)):
        yield USES_NOW
    if body.get("terminate_after"):
        yield EARLY_END


def _is_random(part: Json) -> bool:
    random = part.get("random_score")
    return is_object(random) and not {"seed", "field"} <= random.keys()


def _objects(value: object) -> Iterator[Json]:
    return (each for each in _values(value) if is_object(each))


def _values(value: object) -> Iterator[object]:
    """The value and everything in it; not by recursion, as a recorded search may be nested deeply."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        yield each
        if is_object(each):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(cast("list[object]", each))
