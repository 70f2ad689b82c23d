"""What is in the way of a repair is named for each index, before anything is changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.building import a_catalog, a_migration, an_index, selected
from support.fake_domain import FakeDomain
from support.rounds import a_mark

from domains.engine.indices.index_metadata import IndexMetadata
from domains.engine.indices.write_blocks import Blocks
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records.repair import MOST
from tasks.records.verification import DocumentDifference, Verdict
from tasks.repair.obstacles import Sides, require_repairable

NUMBER = {"properties": {"n": {"type": "long"}}}
MADE = IndexMetadata(NUMBER, {"index.number_of_shards": "1"}, {})
DIFFERENT = Verdict(
    source="a",
    target="a",
    outcome="different",
    source_count=10,
    target_count=9,
    documents=(DocumentDifference(id="7", kind="missing on the target", shard=0, source_seq_no=7),),
)
SIDES = Sides(
    a_catalog("a"), a_catalog("a"), {"a": MADE}, {"a": MADE}, {}, {"a": (a_mark(),)}, {"a": (a_mark(),)}
)


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Migration:
    return a_migration(tmp_path, source, target)


def refusal(m: Migration, sides: Sides, verdict: Verdict = DIFFERENT) -> str:
    """Why the repair is refused; empty where it is not."""
    try:
        require_repairable(m, {"a": selected("a")}, [verdict], sides, ())
    except PreconditionError as error:
        assert error.hint
        return error.message
    return ""


def made(mapping: Any = NUMBER, **settings: str) -> dict[str, IndexMetadata]:
    return {"a": IndexMetadata(mapping, MADE.settings | settings, {})}


def test_an_index_that_differs_in_documents_can_be_repaired(m: Migration) -> None:
    assert refusal(m, SIDES) == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"target": a_catalog(an_index("a", open=False))},
            "closed on the target: open it there (POST /a/_op",
        ),
        ({"source": a_catalog(an_index("a", open=False))}, "closed on the source: open it there"),
        (
            {"target": a_catalog(streams={"logs": ["a"]})},
            "backing index of data stream logs, which",
        ),
        ({"target": a_catalog()}, "not on the target any more"),
        ({"source": a_catalog(an_index("a", uuid="new"))}, "made anew on the source"),
        ({"target": a_catalog(an_index("a", shards=2))}, "1 shards on the source, 2 on the target"),
        ({"blocked": {"a": Blocks(True, ())}}, 'PUT /a/_settings {"index.blocks.write": null}'),
        (
            {"blocked": {"a": Blocks(False, ("index.blocks.read_only",))}},
            "it refuses writes (index.blocks.read_only)",
        ),
        ({"source_made": made({"_source": {"enabled": False}})}, "keeps no _source on the source"),
        ({"target_made": made({"_source": {"excludes": ["x"]}})}, "only a part of _source"),
        ({"target_made": made(**{"index.derived_source.enabled": "true"})}, "derives _source"),
        ({"target_made": made({"properties": {"n": {"type": "keyword"}}})}, "properties.n.type is long"),
        ({"target_marks": {}}, "nobody knows whether it is in use"),
        ({"source_marks": {}}, "could not be verified"),
    ],
)
def test_each_obstacle_is_named_with_what_to_do(m: Migration, change: dict[str, Any], says: str) -> None:
    assert says in refusal(m, replace(SIDES, **change))


def test_what_the_targets_mapping_says_beside_the_sources_is_no_obstacle(m: Migration) -> None:
    more = {"properties": {**NUMBER["properties"], "other": {"type": "ip"}}}
    assert refusal(m, replace(SIDES, target_made=made(more))) == ""


def test_an_index_that_somebody_has_made_anew_on_the_target_is_not_the_runs(m: Migration) -> None:
    m.journal.note_arrivals({"a": "uuid-a"})
    assert refusal(m, SIDES) == ""
    assert "made it anew" in refusal(m, replace(SIDES, target=a_catalog(an_index("a", uuid="other"))))


@pytest.mark.parametrize(
    "many", [{"more": MOST}, {"source_count": 5 * MOST, "target_count": 3 * MOST}], ids=["named", "counted"]
)
def test_thousands_of_documents_are_no_repair(m: Migration, many: dict[str, int]) -> None:
    assert "migrate it again" in refusal(m, SIDES, DIFFERENT.model_copy(update=many))


def test_an_equal_index_and_one_without_named_documents_are_in_nobodys_way(m: Migration) -> None:
    sides = replace(SIDES, blocked={"a": Blocks(True, ())})
    assert refusal(m, sides, DIFFERENT.model_copy(update={"outcome": "equal"})) == ""
    assert refusal(m, sides, DIFFERENT.model_copy(update={"documents": ()})) == ""
