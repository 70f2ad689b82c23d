"""Searches in slow logs of OpenSearch and Elasticsearch, as files hold them and CloudWatch delivers them.

The plain form is `[time][level][logger] [node] [index][shard] took[…], …, source[{…}], id[…]`; the JSON form
has the same in keys. An entry is one shard's: it names an index, never the alias that was asked. See
https://docs.opensearch.org/latest/install-and-configure/configuring-opensearch/logs/#shard-slow-logs
"""

import json
import re

from domains.http.json_replies import Json, is_object
from tasks.queries.recorded import Entry, NotUsable

KIND = "slow log"
_TOOK = re.compile(r"\btook\[")
_SHARD = re.compile(r"\[([^\[\]]+)\]\s?\[\d+\]")
_SEARCH_TYPE = re.compile(r"search_type\[([A-Za-z_]*)\]")
_SOURCE = "source["
_NO_INDEX = "it names no index, as the slow log of whole requests does; record that of shards"
_CUT = "its source is cut off or is no JSON; let the slow log keep more of it"
_KEYS = ("", "elasticsearch.slowlog.", "opensearch.slowlog.")


def is_line(text: str) -> bool:
    """Whether this is a line of a slow log in its plain form, also inside of other text."""
    return _TOOK.search(text) is not None and _SOURCE in text


def of_line(text: str, place: str) -> Entry:
    """The search of a plain line.

    Raises:
        NotUsable: it names no index, or its source is not whole.
    """
    before = text[: _TOOK.search(text).start()] if _TOOK.search(text) else ""  # pyright: ignore[reportOptionalMemberAccess]
    index = _index_in(before)
    start = text.index(_SOURCE) + len(_SOURCE)
    found = _SEARCH_TYPE.search(text)
    return Entry(place, KIND, (index,), _source(text[start:]), _type(found[1] if found else ""))


def is_document(entry: Json) -> bool:
    """Whether this is an entry of a slow log in one of its JSON forms."""
    return any(f"{key}source" in entry and f"{key}search_type" in entry for key in _KEYS) and not isinstance(
        entry.get("indices"), list
    )


def of_document(entry: Json, place: str) -> Entry:
    """The search of an entry in JSON.

    Raises:
        NotUsable: as `of_line`.
    """
    key = next(key for key in _KEYS if f"{key}source" in entry)
    index = _index_in(str(entry.get(f"{key}message") or entry.get("message") or ""))
    said = entry[f"{key}source"]
    body = said if is_object(said) else _source(str(said), closed=False)
    return Entry(place, KIND, (index,), body, _type(str(entry.get(f"{key}search_type") or "")))


def _index_in(text: str) -> str:
    found = _SHARD.findall(text)
    if not found:
        raise NotUsable(_NO_INDEX)
    return found[-1]


def _type(said: str) -> Json:
    return {"search_type": said.lower()} if said else {}


def _source(text: str, *, closed: bool = True) -> Json:
    """The JSON at the start of a text, whose quotation marks may be doubled (CSV) or escaped (JSON)."""
    if text.startswith("]") or not text.strip():
        return {}
    for candidate in (text, text.replace('""', '"'), text.replace('\\"', '"').replace("\\\\", "\\")):
        try:
            found, end = json.JSONDecoder().raw_decode(candidate)
        except (ValueError, RecursionError):
            continue
        if is_object(found) and (candidate[end:].startswith("]") or not closed):
            return found
    raise NotUsable(_CUT)
