"""Level content: every difference is found and named; what cannot be read is not equal."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.building import a_domain, selected
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, ok

from configs.plan import RestoreSettings, VerifySettings
from domains.engine.comparison.source_digests import DocumentDigest, Key
from domains.engine.indices.index_metadata import IndexMetadata, unreadable_source
from domains.engine.templates import Template, Templates
from domains.errors import DomainError, UnexpectedReply
from domains.shard_mark import Mark
from runs.progress import Progress, listening
from tasks.records.verification import Contents, DocumentDifference, Finding, IndexContents, Verdict
from tasks.restore.requests import left_out
from tasks.verification.comparison import Comparison
from tasks.verification.content import metadata
from tasks.verification.content.compare import content
from tasks.verification.content.documents import NAMED, Documents, Tally
from tasks.verification.content.paging import Reader
from tasks.verification.content.sampling import Range, ranges
from tasks.verification.content.templates import differing
from tasks.verification.run import with_contents

pytestmark = pytest.mark.slow

EVERYTHING = (Range(0, None),)


# documents of two histories, in memory


class Shelf(Reader):
    """One side: by shard, what it holds."""

    def __init__(self, *shards: dict[Key, tuple[int, str]]) -> None:
        self.shards = shards
        self.looked_up = 0

    def within(self, shard: int, ranges: Iterable[Range]) -> Iterator[DocumentDigest]:
        chosen = tuple(ranges)
        for source in sorted(self._sources(shard), key=lambda each: each.seq_no):
            if any(r.first <= source.seq_no and (r.last is None or source.seq_no <= r.last) for r in chosen):
                yield source

    def held(self, keys: Sequence[Key]) -> dict[Key, DocumentDigest]:
        self.looked_up += len(keys)
        everything = (each for shard in range(len(self.shards)) for each in self._sources(shard))
        return {each.key: each for each in everything if each.key in keys}

    def _sources(self, shard: int) -> Iterator[DocumentDigest]:
        for key, (number, text) in self.shards[shard].items():
            yield DocumentDigest(key, number, text.encode())


def compared(left: Shelf, right: Shelf, **marks: int) -> Tally:
    """Compare with these marks; the source has reached number 20 in each shard, or `reached`."""
    reached = marks.pop("reached", 20)
    marked = {int(shard): number for shard, number in marks.items()}
    tally = Tally(marked, lambda: dict.fromkeys(marked, reached))
    both = Documents(left, right, (len(left.shards), len(right.shards)))
    both.compare(lambda _: EVERYTHING, tally, lambda: None)
    return tally


KEYS = st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([None, "r"]))
TEXTS = st.sampled_from(["one", "two"])


@st.composite
def shelves(draw: st.DrawFn, shards: int) -> Shelf:
    """Some documents over these shards; no two of a shard have one number."""
    held = draw(st.dictionaries(KEYS, TEXTS, max_size=12))
    numbers = draw(st.permutations(range(len(held) + 3)))
    made: list[dict[Key, tuple[int, str]]] = [{} for _ in range(shards)]
    for (key, text), number in zip(held.items(), numbers, strict=False):
        made[hash(key) % shards][key] = (number, text)
    return Shelf(*made)


def flat(shelf: Shelf) -> dict[Key, str]:
    return {key: text for shard in shelf.shards for key, (_, text) in shard.items()}


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 2), st.integers(1, 2))
def test_whatever_the_histories_exactly_the_documents_that_differ_are_named(
    data: st.DataObject, left_shards: int, right_shards: int
) -> None:
    left, right = data.draw(shelves(left_shards)), data.draw(shelves(right_shards))
    here, there = flat(left), flat(right)
    expected = dict.fromkeys(here.keys() - there.keys(), "missing on the target")
    expected |= dict.fromkeys(there.keys() - here.keys(), "surplus on the target")
    expected |= {key: "other content" for key in here.keys() & there.keys() if here[key] != there[key]}
    found = compared(left, right).named
    assert {(each.id, each.routing): each.kind for each in found} == expected
    assert len(found) == len(expected)


def test_copies_of_one_history_are_compared_without_looking_anything_up() -> None:
    held = {(str(number), None): (number, "x") for number in range(3000)}
    left, right = Shelf(held), Shelf(dict(held))
    tally = compared(left, right)
    assert (tally.compared, tally.different) == (3000, 0)
    assert left.looked_up == right.looked_up == 0


def test_when_everything_differs_some_are_named_and_reading_ends() -> None:
    left = Shelf({(str(number), None): (number, "x") for number in range(5000)})
    tally = compared(left, Shelf({}))
    assert (len(tally.named), tally.enough) == (NAMED, True)
    assert 1000 <= tally.different < 1200
    assert left.looked_up == 0


def test_what_the_source_has_done_since_its_mark_is_no_difference() -> None:
    left = Shelf({("new", None): (11, "x"), ("changed", None): (12, "b"), ("kept", None): (1, "x")})
    right = Shelf({("changed", None): (2, "a"), ("deleted", None): (3, "x"), ("kept", None): (1, "x")})
    tally = compared(left, right, **{"0": 10})
    assert (tally.different, tally.later) == (0, 3)
    assert compared(left, right).different == 3


@pytest.mark.parametrize(
    ("number", "reached", "later"),
    [
        (3, 10, 0),  # the source has had no operation since its mark: it has deleted nothing
        (3, 11, 1),
        (11, 10, 0),
        (12, 11, 0),  # a number that the source has not reached
        (12, 12, 1),
    ],
)
def test_a_foreign_document_is_excused_only_by_what_the_source_may_have_done(
    number: int, reached: int, later: int
) -> None:
    right = Shelf({("foreign", None): (number, "x")})
    tally = compared(Shelf({}), right, **{"0": 10, "reached": reached})
    assert (tally.different, tally.later) == (1 - later, later)
    assert [each.kind for each in tally.named] == ["surplus on the target"] * (1 - later)


def test_a_write_on_both_sides_with_one_number_is_no_later_operation() -> None:
    tally = compared(Shelf({("a", None): (11, "x")}), Shelf({("a", None): (11, "y")}), **{"0": 10})
    assert [(each.id, each.kind) for each in tally.named] == [("a", "other content")]


# the sample


@settings(max_examples=200, deadline=None)
@given(st.floats(0.0001, 1.0), st.integers(0, 2**63 - 1), st.integers(0, 5), st.integers(-1, 10**10))
def test_a_sample_is_apart_in_order_large_enough_and_the_same_again(
    share: float, seed: int, shard: int, last: int
) -> None:
    chosen = ranges(share, seed, "orders", shard, last)
    assert chosen == ranges(share, seed, "orders", shard, last)
    if chosen == EVERYTHING:
        return
    assert len(chosen) <= 20
    assert all(one.last is not None and one.last < other.first for one, other in pairwise(chosen))
    held = sum((each.last or 0) - each.first + 1 for each in chosen)
    assert share * (last + 1) <= held
    assert chosen[-1].first <= last


def test_a_small_shard_and_all_of_a_large_one_are_looked_at_in_full() -> None:
    assert ranges(0.01, 0, "a", 0, 99) == ranges(0.01, 0, "a", 0, -1) == EVERYTHING
    assert ranges(1.0, 0, "a", 0, 10**9) == EVERYTHING


def test_another_seed_index_or_shard_has_another_sample() -> None:
    found = {ranges(0.01, *each, 10**6) for each in ((0, "a", 0), (1, "a", 0), (0, "b", 0), (0, "a", 1))}
    assert len(found) == 4


# a page at a time, against a fake


class Library:
    """A fake side that answers searches and look-ups of documents, with the sizes of their texts."""

    def __init__(self, fake: FakeDomain, sources: dict[str, str]) -> None:
        self.sources = sources
        self.sizes: list[int] = []
        fake.on("POST /a/_search", self._search).on("POST /a/_mget", self._mget)

    def _search(self, asked: ReceivedRequest) -> Reply:
        wanted = [
            each["range"]["_seq_no"] for each in asked.json["query"]["bool"]["filter"][0]["bool"]["should"]
        ]
        size = asked.json["size"]
        self.sizes.append(size)
        listed = [
            f'{{"_id": "{key}", "_source": {text}, "sort": [{number}]}}'
            for number, (key, text) in enumerate(self.sources.items())
            if any(each["gte"] <= number <= each.get("lte", number) for each in wanted)
        ]
        shards = '{"total": 1, "successful": 1}'
        body = f'{{"timed_out": false, "_shards": {shards}, "hits": {{"hits": [{",".join(listed[:size])}]}}}}'
        return Reply(200, body)

    def _mget(self, asked: ReceivedRequest) -> Reply:
        found = [
            f'{{"found": true, "_seq_no": 1, "_source": {self.sources[each["_id"]]}}}'
            if each["_id"] in self.sources
            else '{"found": false}'
            for each in asked.json["docs"]
        ]
        self.sizes.append(len(found))
        return Reply(200, f'{{"docs": [{",".join(found)}]}}')


def a_reader(fake: FakeDomain, window: int = 10_000) -> Reader:
    from domains.versions import version_of

    return Reader(a_domain(fake), version_of("opensearch", "3.6.0"), "a", window)


def test_pages_follow_one_another_and_are_no_larger_than_the_index_allows(source: FakeDomain) -> None:
    library = Library(source, {str(number): "{}" for number in range(250)})
    found = [each.key[0] for each in a_reader(source, 100).within(0, [Range(0, 9), Range(20, None)])]
    assert found == [str(number) for number in (*range(10), *range(20, 250))]
    assert library.sizes == [50, 100, 100]
    assert len(library.sizes) == 3


def test_large_documents_are_read_in_smaller_pages(
    source: FakeDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.verification.content.paging._PAGE_BYTES", 2_000_000)
    text = json.dumps({"t": "x" * 900_000})
    library = Library(source, {str(number): text for number in range(8)})
    reader = a_reader(source)
    assert len(list(reader.within(0, EVERYTHING))) == 8
    assert library.sizes[0] == 50 and set(library.sizes[1:]) <= {6, 1}
    library.sizes.clear()
    assert len(reader.held([(str(number), None) for number in range(8)])) == 8
    assert library.sizes == [8, 4, 2, 2, 4, 2, 2]


def test_a_document_that_memory_cannot_hold_is_said_to_be(
    source: FakeDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("_PAGE_BYTES", "_DOCUMENT_BYTES"):
        monkeypatch.setattr(f"tasks.verification.content.paging.{limit}", 1000)
    Library(source, {"huge": json.dumps({"t": "x" * 3_000_000})})
    with pytest.raises(UnexpectedReply, match="has more than"):
        list(a_reader(source).within(0, EVERYTHING))
    with pytest.raises(UnexpectedReply, match="huge has more than"):
        a_reader(source).held([("huge", None)])


# mappings, settings, aliases


def made(**parts: Any) -> IndexMetadata:
    values: dict[str, Any] = {"mapping": {}, "settings": {}, "aliases": {}, **parts}
    return IndexMetadata(**values)


def test_a_mapping_that_differs_is_told_by_its_field() -> None:
    left = made(mapping={"properties": {"n": {"type": "long"}, "a": {"properties": {"b": {"type": "ip"}}}}})
    right = made(mapping={"properties": {"n": {"type": "integer"}, "a": {"properties": {}}}})
    found = metadata.mapping(left, right)
    assert (found.what, found.outcome) == ("mapping", "different")
    assert "properties.n.type is long on the source, integer on the target" in found.detail
    assert "properties.a.properties.b.type is ip on the source, absent on the target" in found.detail
    again = made(mapping={"properties": dict(reversed(left.mapping["properties"].items()))})
    assert metadata.mapping(left, again).outcome == "equal"


BASE = {"index.number_of_shards": "1", "index.number_of_replicas": "1", "index.refresh_interval": "5s"}


@pytest.mark.parametrize(
    ("right", "restore", "outcome"),
    [
        ({}, RestoreSettings(), "equal"),
        (
            {"index.uuid": "x", "index.version.upgraded": "1", "index.blocks.write": "true"},
            RestoreSettings(),
            "equal",
        ),
        (
            {"index.routing.allocation.include._tier": "x", "index.creation_date": "1"},
            RestoreSettings(),
            "equal",
        ),
        ({"index.sort.field": "n"}, RestoreSettings(), "different"),
        ({"index.max_result_window": "5"}, None, "different"),
        ({"index.analysis.analyzer.x.type": "custom"}, RestoreSettings(), "different"),
        ({"index.number_of_replicas": "0"}, RestoreSettings(), "different"),
        ({"index.number_of_replicas": "0"}, None, "equal"),
        ({"index.refresh_interval": "1s"}, None, "equal"),
        ({"index.refresh_interval": "1s"}, RestoreSettings(), "different"),
        ({"index.number_of_replicas": "0", "index.auto_expand_replicas": "0-1"}, None, "equal"),
    ],
)
def test_settings_that_matter(right: Any, restore: RestoreSettings | None, outcome: str) -> None:
    left, other = made(settings=BASE | {"index.uuid": "u"}), made(settings=BASE | right)
    assert metadata.settings(left, other, restore).outcome == outcome


def test_settings_that_the_plan_changes_are_expected_so() -> None:
    told = {"number_of_replicas": 0, "index.blocks.read": False, "index.hidden": True}
    restore = RestoreSettings(index_settings=told, ignore_index_settings=["index.refresh_*"])
    left = made(settings=BASE)
    right = {"index.number_of_shards": "1", "index.number_of_replicas": "0", "index.hidden": "true"}
    assert metadata.settings(left, made(settings=right), restore).outcome == "equal"
    other = metadata.settings(left, made(settings=right | {"index.number_of_replicas": "2"}), restore)
    assert other.detail == "index.number_of_replicas is 0 on the source, 2 on the target"


def test_settings_that_a_restore_leaves_out_are_expected_to_be_absent() -> None:
    follower = {"index.plugins.replication.follower.leader_index": "x", "index.lifecycle.name": "tidy"}
    policy = {"index.plugins.index_state_management.policy_id": "tidy"}
    left, right = made(settings=BASE | follower | policy), made(settings=BASE)
    same, renamed = selected("a"), selected("a", target="copy-of-a")
    found = metadata.settings(left, right, RestoreSettings(), left_out(same))
    assert found.detail == f"{next(iter(policy))} is tidy on the source, absent on the target"
    assert metadata.settings(left, right, RestoreSettings(), left_out(renamed)).outcome == "equal"


def test_an_alias_that_differs_is_told_with_what_differs() -> None:
    left = made(aliases={"orders": {"is_write_index": True, "filter": {"term": {"a": 1}}}, "other": {}})
    right = made(aliases={"orders": {"is_write_index": False, "filter": {"term": {"a": 1}}}})
    assert metadata.aliases(left, right).detail == (
        "orders.is_write_index is true on the source, false on the target; "
        "other is {} on the source, absent on the target"
    )


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"mapping": {"_source": {"enabled": False}}}, "no _source"),
        ({"mapping": {"_source": {"enabled": "false"}}}, "no _source"),
        ({"mapping": {"_source": {"excludes": ["a"]}}}, "a part of _source"),
        ({"mapping": {"_source": {"includes": ["a"]}}}, "a part of _source"),
        ({"mapping": {"_source": {"mode": "synthetic"}}}, "_source.mode: synthetic"),
        ({"settings": {"index.derived_source.enabled": "true"}}, "derived_source"),
        ({"mapping": {"_source": {"enabled": True}}}, ""),
        ({}, ""),
    ],
)
def test_an_index_without_whole_sources_is_told(parts: Any, why: str) -> None:
    found = unreadable_source(made(**parts).mapping, made(**parts).settings)
    assert why in found and bool(found) is bool(why)


# templates


def test_templates_in_force_that_the_target_lacks_or_has_otherwise() -> None:
    body = {"template": {"settings": {"index": {"hidden": "true"}}}}
    source = Templates(
        composable={
            "low": Template(("o*",), 1, body),
            "high": Template(("orders*",), 9, body, ("part", "gone")),
            "logs": Template(("logs*",), 0, body),
        },
        old={"past": Template(("past*", "orders*"), 0, {"mappings": {"_doc": {"properties": {}}}})},
        components={"part": {"template": {}}},
    )
    same = Templates(
        composable={"high": source.composable["high"], "logs": Template(("logs*",), 0, body)},
        old={"past": Template(("orders*", "past*"), 0, {"mappings": {"properties": {}}})},
        components={"part": {"template": {}}},
    )
    indices = (selected("orders"), selected("past-1"), selected(".ds-logs-000001", stream="logs"))
    assert list(differing(source, same, indices)) == []
    found = list(differing(source, Templates(composable={"high": Template(("x",), 9, body)}), indices))
    assert [(each.place, each.detail) for each in found] == [
        ("high", "the target has another index template of this name"),
        ("logs", "the target lacks this index template"),
        ("past", "the target lacks this legacy index template"),
        ("part", "the target lacks this component template"),
    ]
    assert not any(each.fails for each in found)


# the level as a whole


@pytest.fixture
def sides(source: FakeDomain, target: FakeDomain) -> tuple[FakeEngine, FakeEngine]:
    """Two engines with one index, of the same make."""
    engines = FakeEngine(source, "source"), FakeEngine(target, "target")
    for engine in engines:
        engine.put(FakeIndex("a", settings=BASE | {"index.number_of_shards": "1"}))
        engine.domain.on("GET /[^_]+", lambda asked, engine=engine: ok(_described(engine, asked)))
    return engines


def _described(engine: FakeEngine, asked: ReceivedRequest) -> dict[str, Any]:
    found = (engine.indices[name] for name in asked.path[1:].split(",") if name in engine.indices)
    return {h.name: {"settings": h.settings, "mappings": h.mapping, "aliases": h.aliases} for h in found}


def a_comparison(source: FakeDomain, target: FakeDomain, *indices: Any, **verify: Any) -> Comparison:
    settings = VerifySettings.model_validate({"level": "content", "sample": 1.0, **verify})
    chosen = indices or (selected("a"),)
    return Comparison(a_domain(source), a_domain(target, "target"), chosen, settings, RestoreSettings())


def test_equal_contents_are_equal_and_progress_is_told(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    for fake in (source, target):
        Library(fake, {"x": '{"n": 1}', "y": '{"n": 2}'})
    told: list[Progress] = []
    with listening(told.append):
        found = content(a_comparison(source, target))
    (index,) = found.indices
    assert index.outcome == "equal"
    assert [each.what for each in index.findings] == ["mapping", "setting", "alias", "document"]
    assert index.findings[-1].detail == "2 documents compared"
    assert (told[-1].detail, told[-1].step) == ("2 documents", "verify")
    assert source.changing == target.changing == []


def test_other_content_in_the_same_place_is_named(sides: Any, source: FakeDomain, target: FakeDomain) -> None:
    Library(source, {"x": '{"n": 1.1}', "y": "{}"})
    Library(target, {"x": '{"n": 1.10}', "y": "{}"})
    (index,) = content(a_comparison(source, target)).indices
    assert index.outcome == "different"
    assert [(each.id, each.kind, each.shard) for each in index.documents] == [("x", "other content", 0)]
    assert index.findings[-1].detail == "1 of 2 documents compared differ"


def test_a_sample_is_said_to_be_one(sides: Any, source: FakeDomain, target: FakeDomain) -> None:
    for fake in (source, target):
        Library(fake, {"x": "{}"})
        last = {
            "timed_out": False,
            "_shards": {"total": 1, "successful": 1},
            "aggregations": {"last": {"value": 0.0}},
        }
        fake.on("POST /_msearch", ok({"responses": [last]}))
    (index,) = content(a_comparison(source, target, sample=0.25, seed=7)).indices
    assert index.findings[-1].detail == "1 document compared (a sample of 0.25 with seed 7)"


def test_an_index_without_sources_is_not_compared_and_says_why(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    sides[1].indices["a"].mapping = {"_source": {"enabled": False}}
    (index,) = content(a_comparison(source, target)).indices
    kept = {each.what: each for each in index.findings}
    assert kept["mapping"].outcome == "different"
    assert kept["document"].outcome == "not compared"
    assert kept["document"].detail == "target: its mapping keeps no _source"


@pytest.mark.parametrize(
    "bad",
    [
        Reply(200, "[]"),
        Reply(200, '{"timed_out": false}'),
        Reply(403, {"error": {"type": "t", "reason": "r"}}),
    ],
)
def test_documents_that_cannot_be_read_are_not_compared(
    sides: Any, source: FakeDomain, target: FakeDomain, bad: Reply
) -> None:
    for fake in (source, target):
        Library(fake, {"x": "{}"})
    target.on("POST /a/_search", bad)
    (index,) = content(a_comparison(source, target)).indices
    assert index.outcome == "not compared"


def test_an_index_that_is_gone_is_not_compared_and_others_are(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    for fake in (source, target):
        Library(fake, {"x": "{}"})
    sides[0].put(FakeIndex("b", settings=BASE))
    found = content(a_comparison(source, target, selected("b"), selected("a"))).indices
    assert [each.outcome for each in found] == ["not compared", "equal"]
    target.on("GET /[^_]+", Reply(200, "[]"))
    assert {each.outcome for each in content(a_comparison(source, target)).indices} == {"not compared"}


def test_of_a_closed_index_everything_but_documents_is_compared(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    sides[1].indices["a"].aliases = {"new": {}}
    (index,) = content(a_comparison(source, target, selected("a", open=False))).indices
    assert [(each.what, each.outcome) for each in index.findings] == [
        ("mapping", "equal"),
        ("setting", "equal"),
        ("alias", "different"),
    ]


def test_aliases_of_a_renamed_index_or_one_restored_without_them_are_no_difference(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    sides[0].indices["a"].aliases = {"old": {}}
    sides[1].put(FakeIndex("x-a", settings=BASE))
    for fake in (source, target):
        Library(fake, {})
    target.on(
        "POST /x-a/_search",
        lambda _: Reply(
            200,
            json.dumps({"timed_out": False, "_shards": {"total": 1, "successful": 1}, "hits": {"hits": []}}),
        ),
    )
    (index,) = content(a_comparison(source, target, selected("a", target="x-a"))).indices
    assert index.outcome == "equal"
    c = a_comparison(source, target)
    without = Comparison(c.source, c.target, c.indices, c.settings, RestoreSettings(aliases=False))
    assert content(without).indices[0].outcome == "equal"
    assert content(c).indices[0].outcome == "different"


def test_later_operations_on_a_marked_source_do_not_count(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    Library(source, {"x": "{}", "y": "{}"})
    Library(target, {"x": "{}"})
    marks = {"a": (Mark(0, 0, 0, 1, "h"),)}
    c = a_comparison(source, target)
    marked = Comparison(c.source, c.target, c.indices, c.settings, c.restore, marks)
    (index,) = content(marked).indices
    assert index.outcome == "equal"
    assert index.findings[-1].detail.endswith("1 that have changed on the source since are not counted")
    assert content(c).indices[0].outcome == "different"


def test_below_level_content_nothing_is_looked_at(source: FakeDomain, target: FakeDomain) -> None:
    assert content(a_comparison(source, target, level="operations")) == Contents(indices=(), general=())
    assert source.requests == target.requests == []


def test_what_passes_by_itself_is_an_error(
    sides: Any, source: FakeDomain, target: FakeDomain, clock: Any
) -> None:
    Library(source, {"x": "{}"})
    target.on("POST /a/_search", Reply(503, "<html/>", type="text/html"))
    with pytest.raises(DomainError):
        content(a_comparison(source, target))


# taken into the verdicts


def a_verdict(**changes: Any) -> Verdict:
    values = {
        "source": "a",
        "target": "a",
        "outcome": "equal",
        "source_count": 1,
        "target_count": 1,
        **changes,
    }
    return Verdict.model_validate(values)


def contents(*findings: Finding, documents: tuple[DocumentDifference, ...] = (), more: int = 0) -> Contents:
    index = IndexContents(target="a", findings=findings, documents=documents, more=more)
    return Contents(indices=(index,), general=())


def a_finding(outcome: str, what: str = "document", detail: str = "why") -> Finding:
    return Finding.model_validate({"what": what, "outcome": outcome, "detail": detail})


@pytest.mark.parametrize(
    ("before", "found", "after"),
    [
        ("equal", "equal", "equal"),
        ("equal", "different", "different"),
        ("equal", "not compared", "not compared"),
        ("bracketed", "equal", "bracketed"),
        ("bracketed", "not compared", "not compared"),
        ("different", "equal", "different"),
        ("not compared", "equal", "not compared"),
        ("not compared", "different", "different"),
    ],
)
def test_a_verdict_is_as_good_as_the_worst_of_what_was_compared(before: str, found: str, after: str) -> None:
    (merged,) = with_contents([a_verdict(outcome=before)], contents(a_finding(found)))
    assert merged.outcome == after


def test_a_document_that_both_have_found_is_named_once() -> None:
    def one(key: str, kind: str) -> DocumentDifference:
        return DocumentDifference.model_validate({"id": key, "kind": kind, "shard": 0})

    before = a_verdict(
        outcome="different",
        documents=(one("x", "other operation"), one("y", "missing on the target")),
        more=3,
    )
    found = contents(
        a_finding("different"),
        documents=(one("x", "other content"), one("y", "missing on the target"), one("z", "other content")),
        more=1,
    )
    (merged,) = with_contents([before], found)
    assert [(each.id, each.kind) for each in merged.documents] == [
        ("x", "other content"),
        ("y", "missing on the target"),
        ("z", "other content"),
    ]
    assert merged.more == 3
    assert re.search("document: why$", merged.detail)


def test_an_index_that_was_not_looked_at_keeps_its_verdict() -> None:
    other = a_verdict(target="b")
    assert with_contents([other], contents(a_finding("different"))) == (other,)
