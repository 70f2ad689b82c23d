"""Which units are copied by `_reindex` instead of from a snapshot."""

from __future__ import annotations

import pytest
from support.building import a_catalog, a_stream_unit, a_unit, an_index, selected

from configs.plan import ReindexSettings
from domains.versions import version_of
from tasks.selection.strategy import Versions, by_strategy, reindex_problems, reindexed_units

OLD, NEW = 7100299, 136408327  # Elasticsearch 7.10.2, OpenSearch 3.x
UNITS = (a_unit("old"), a_unit("new"))
SOURCE = a_catalog(an_index("old", created_id=OLD), an_index("new", created_id=NEW))
UPGRADED = Versions(version_of("opensearch", "2.19.4"), version_of("opensearch", "3.6.0"))
APART = Versions(version_of("elasticsearch", "7.10.2"), version_of("opensearch", "3.6.0"))


@pytest.mark.parametrize(
    ("settings", "versions", "expected"),
    [
        ({}, UPGRADED, set()),
        ({}, APART, set()),
        ({"too_old": True}, UPGRADED, {"old"}),
        ({"too_old": True}, APART, {"old", "new"}),
        ({"indices": ["n*"]}, UPGRADED, {"new"}),
        ({"indices": ["n*"], "too_old": True}, UPGRADED, {"old", "new"}),
    ],
)
def test_what_is_listed_or_too_old_is_reindexed(
    settings: dict[str, object], versions: Versions, expected: set[str]
) -> None:
    wanted = ReindexSettings.model_validate(settings)
    assert reindexed_units(UNITS, wanted, SOURCE, versions) == expected


def test_a_skipped_unit_is_not_reindexed() -> None:
    units = (a_unit("a"), a_unit("b"), a_unit("c", action="skip"))
    restored, copied = by_strategy(units, frozenset({"b", "c"}))
    assert [[unit.name for unit in part] for part in (restored, copied)] == [["a", "c"], ["b"]]


def test_streams_closed_indices_and_those_without_source_are_named() -> None:
    units = [
        a_stream_unit("logs", ".ds-logs-000001"),
        a_unit("shut", selected("shut", open=False)),
        a_unit("bare"),
        a_unit("fine"),
    ]
    told = list(reindex_problems(units, {"bare": "its mapping keeps no _source"}))
    assert [line.partition(":")[0] for line in told] == ["logs", "shut", "bare"]
