"""Searches in our own form, `{"index": …, "body": {…}, "params": {…}}`, or as pairs of `_msearch`."""

from typing import cast

from domains.http.json_replies import Json, is_object
from tasks.queries.recorded import Entry, NotUsable

KIND = "recorded"
PAIR = "msearch"
_KEYS = {"index", "body", "params"}
_HEADER = {
    "allow_no_indices",
    "allow_partial_search_results",
    "ccs_minimize_roundtrips",
    "expand_wildcards",
    "ignore_throttled",
    "ignore_unavailable",
    "index",
    "indices",
    "preference",
    "request_cache",
    "routing",
    "search_type",
    "type",
    "types",
}


def is_own(entry: Json) -> bool:
    """Whether this is a search in our own form."""
    return "body" in entry and entry.keys() <= _KEYS


def of_own(entry: Json, place: str) -> Entry:
    """The search of an entry in our own form.

    Raises:
        NotUsable: a part has another type.
    """
    body, params = entry["body"], entry.get("params", {})
    if not is_object(body) or not is_object(params):
        raise NotUsable("body and params are JSON objects")
    return Entry(place, KIND, _names(entry.get("index")), body, params)


def is_header(entry: Json) -> bool:
    """Whether this is the first line of a pair of `_msearch`."""
    return entry.keys() <= _HEADER


def of_pair(header: Json, body: Json, place: str) -> Entry:
    """The search of a pair of lines.

    Raises:
        NotUsable: a part has another type.
    """
    params = {key: value for key, value in header.items() if key not in {"index", "indices", "type", "types"}}
    return Entry(place, PAIR, _names(header.get("index", header.get("indices"))), body, params)


def _names(said: object) -> tuple[str, ...]:
    if said is None:
        return ()
    listed = cast("list[object]", said) if isinstance(said, list) else [said]
    if not all(isinstance(each, str) for each in listed):
        raise NotUsable("index is a name, or a list of names")
    return tuple(
        part.strip() for each in cast("list[str]", listed) for part in each.split(",") if part.strip()
    )
