"""Read a file of recorded searches, whatever form it has, and keep count of what is not run."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from configs.loading.plain_files import read_file
from domains.http.json_replies import Json, child, children, is_object
from tasks.errors import PreconditionError
from tasks.queries.reading_only import usable
from tasks.queries.recorded import MOST_BYTES, MOST_QUERIES, Entry, NotUsable, RecordedQuery
from tasks.queries.sources import insights, own_form, slow_log
from tasks.records.queries import QueriesRead, Unusable

_LISTED = 50
_UNKNOWN = (
    'this is no form that is known: {"index": …, "body": {…}}, a pair of _msearch, a line of a slow log, or '
    "a record of Query Insights"
)
Found = Entry | Unusable


@dataclass(frozen=True)
class Recorded:
    """The searches of a file, and what else it held."""

    queries: tuple[RecordedQuery, ...]
    read: QueriesRead


def read_queries(file: Path, most: int = MOST_QUERIES) -> Recorded:
    """Read the recorded searches of a file: those seen most often come first.

    Args:
        most: different searches that are kept. Of those seen equally often a hash decides, so that the same
            file gives the same ones.

    Raises:
        PreconditionError: the file cannot be read, or holds no search that can be run.
    """
    content = _content(file)
    try:
        found = list(_entries(content.decode("utf-8-sig")))
    except UnicodeDecodeError:
        raise PreconditionError(f"{file} is not UTF-8 text", hint="save it as UTF-8") from None
    queries, unusable = _usable(found)
    kept = sorted(queries, key=lambda each: (-each.seen, each.digest))[:most]
    kinds = Counter(each.kind for each in found if isinstance(each, Entry))
    read = QueriesRead(
        file=str(file),
        digest="sha256:" + hashlib.sha256(content).hexdigest(),
        kinds=dict(kinds),
        entries=len(found),
        distinct=len(queries),
        merged=len(found) - len(unusable) - len(queries),
        sampled_out=len(queries) - len(kept),
        unusable=tuple(unusable[:_LISTED]),
        unusable_count=len(unusable),
    )
    if not kept:
        said = tuple(f"{each.place}: {each.why}" for each in unusable[:5])
        hint = "docs/queries.md says which forms are read"
        raise PreconditionError(f"{file} holds no search that can be run", said, hint)
    return Recorded(tuple(kept), read)


def digest_of(file: Path) -> str:
    """The digest of a file of recorded searches.

    Raises:
        PreconditionError: it cannot be read.
    """
    return "sha256:" + hashlib.sha256(_content(file)).hexdigest()


def _content(file: Path) -> bytes:
    try:
        return read_file(file, MOST_BYTES)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        said = f"the recorded searches in {file} cannot be read: {why}"
        hint = "correct queries.from, or put the file there: a saved plan and a deployment need it as well"
        raise PreconditionError(said, hint=hint) from None


def _usable(found: list[Found]) -> tuple[list[RecordedQuery], list[Unusable]]:
    by_digest: dict[str, RecordedQuery] = {}
    unusable: list[Unusable] = []
    for each in found:
        if isinstance(each, Unusable):
            unusable.append(each)
            continue
        try:
            query = usable(each)
        except NotUsable as error:
            unusable.append(Unusable(place=each.place, why=str(error)))
            continue
        same = by_digest.get(query.digest)
        by_digest[query.digest] = replace(same, seen=same.seen + query.seen) if same else query
    return list(by_digest.values()), unusable


def _entries(text: str) -> Iterator[Found]:
    """Every entry: of one JSON document, else of the lines."""
    try:
        whole: object = json.loads(text)
    except (ValueError, RecursionError):
        yield from _of_lines(text)
        return
    for number, each in enumerate(_listed(whole), 1):
        yield _found(each, f"entry {number}")


def _listed(whole: object) -> list[object]:
    """The entries of one document: of Query Insights, of CloudWatch, of a search, or a list."""
    if isinstance(whole, list):
        return cast("list[object]", whole)
    if not is_object(whole):
        return [whole]
    for key in ("top_queries", "events"):
        if isinstance(whole.get(key), list):
            return list(cast("list[object]", whole[key]))
    if "hits" in whole:
        return list[object](children(child(whole, "hits"), "hits"))
    return [whole]


def _of_lines(text: str) -> Iterator[Found]:
    waiting: tuple[Json, str] | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        place, parsed = f"line {number}", _parsed(line)
        if waiting and is_object(parsed):
            yield _pair(waiting[0], parsed, waiting[1])
            waiting = None
        elif waiting:
            yield Unusable(place=waiting[1], why="the second line of this pair of _msearch is no JSON object")
            waiting = None
        elif is_object(parsed) and own_form.is_header(parsed):
            waiting = parsed, place
        else:
            yield _found(line if parsed is None else parsed, place)
    if waiting:
        yield Unusable(place=waiting[1], why="the second line of this pair of _msearch is missing")


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _pair(header: Json, body: Json, place: str) -> Found:
    try:
        return own_form.of_pair(header, body, place)
    except NotUsable as error:
        return Unusable(place=place, why=str(error))


def _found(each: object, place: str) -> Found:
    try:
        return _entry(each, place)
    except NotUsable as error:
        return Unusable(place=place, why=str(error))


def _entry(each: object, place: str) -> Entry:
    if is_object(each):
        inner = each.get("_source", each.get("message"))
        if is_object(each.get("_source")):  # a document as a search or a dump lists it
            return _entry(inner, place)
        for fits, taken in (
            (own_form.is_own, own_form.of_own),
            (insights.is_record, insights.of_record),
            (slow_log.is_document, slow_log.of_document),
        ):
            if fits(each):
                return taken(each, place)
        return _entry_of_text(inner, place)
    return _entry_of_text(each, place)


def _entry_of_text(said: object, place: str) -> Entry:
    """The search of a line; what CloudWatch delivers has it, plain or as JSON, in `message`."""
    if not isinstance(said, str):
        raise NotUsable(_UNKNOWN)
    parsed = _parsed(said)
    if is_object(parsed):
        return _entry(parsed, place)
    if not slow_log.is_line(said):
        raise NotUsable(_UNKNOWN)
    return slow_log.of_line(said, place)
