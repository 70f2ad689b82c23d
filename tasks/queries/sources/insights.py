"""Searches in exports of Query Insights: replies of `GET /_insights/top_queries`, documents of its indices.

See https://docs.opensearch.org/latest/observing-your-data/query-insights/top-n-queries/.
"""

import json
from typing import cast

from domains.http.json_replies import Json, child, is_object
from tasks.queries.recorded import Entry, NotUsable

KIND = "query insights"
_CUT = "its source is cut off or is no JSON; record it without a limit on its length"


def is_record(entry: Json) -> bool:
    """Whether this is one record of Query Insights."""
    return isinstance(entry.get("indices"), list) and "source" in entry


def of_record(entry: Json, place: str) -> Entry:
    """The search of one record; one of a group stands for all of it.

    Raises:
        NotUsable: its source is missing or not whole.
    """
    indices = tuple(str(each) for each in cast("list[object]", entry["indices"]))
    kind = str(entry.get("search_type") or "")
    params: Json = {"search_type": kind.lower()} if kind else {}
    return Entry(place, KIND, indices, _source(entry["source"]), params, _seen(entry))


def _source(said: object) -> Json:
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except (ValueError, RecursionError):
            raise NotUsable(_CUT) from None
    if not is_object(said):
        raise NotUsable(_CUT)
    return said


def _seen(entry: Json) -> int:
    count = child(entry, "measurements", "latency").get("count")
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 1
