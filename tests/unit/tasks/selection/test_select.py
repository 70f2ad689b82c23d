"""What moves: from patterns to an explicit list."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.building import a_catalog, a_plan, an_index

from domains.engine.catalog import Alias, Catalog
from tasks.selection.select import Selection, matches, select
from tasks.selection.system_indices import ALL, system_indices_of


def chosen(catalog: Catalog, **indices: Any) -> Selection:
    return select(catalog, a_plan(indices=indices).indices)


def moving(selection: Selection) -> list[str]:
    return [unit.name for unit in selection.units]


def reasons(selection: Selection) -> dict[str, str]:
    return {left.name: left.reason for left in selection.left_out}


# service.md 3.5, with the numbers and dates that real domains have
SYSTEM = [
    ".opendistro_security",
    ".opendistro-ism-config",
    ".opendistro-job-scheduler-lock",
    ".opendistro-alerting-config",
    ".opendistro-anomaly-detectors",
    ".opendistro-reports-definitions",
    ".opendistro-asynchronous-search-response",
    ".opensearch-observability",
    ".opensearch-notifications-config",
    ".opensearch-sap-log-types-config",
    ".opensearch_security_config_versions",
    ".opensearch-knn-models",
    ".kibana",
    ".kibana_1",
    ".kibana_92668751_admin_1",
    ".opensearch_dashboards_1",
    ".plugins-ml-config",
    ".plugins-flow-framework-state",
    ".ql-datasources",
    ".tasks",
    ".tasks-1",
    ".security",
    ".security-7",
    ".security_1",
    ".kibana-event-log-1",
    ".kibana.1",
    ".replication-metadata-store",
    ".query_execution_request_mys3",
    ".async-search",
    "security-auditlog-2026.01.02",
    ".geospatial-ip2geo-data-x",
    "top_queries-2026.01.02-12345",
    ".internal.alerts-1",
    ".geoip_databases",
    "ilm-history-2-000001",
    "ilm-history-5",
    ".slm-history-2-000001",
    ".fleet-servers-7",
    ".fleet-enrollment-api-keys-7",
    ".ml-config",
    ".ml-anomalies-shared",
    ".apm-custom-link",
    ".monitoring-es-7-2026.01.02",
    ".watcher-history-12-000001",
    ".triggered_watches",
    ".data-frame-internal-1",
    ".transform-notifications-000002",
    ".enrich-prices-1610000000000",
    ".reporting-2026.01.02",
    ".logs-deprecation.elasticsearch-default",
    ".opensearch-forecasters",
    ".query_execution_result_mys3",
    "search-relevance-queryset",
    ".plugins-search-relevance-experiment",
]
OF_USERS = [
    "orders",
    ".ds-logs-000001",
    ".hidden-of-mine",
    "security-auditlog",
    "top_queries-of-mine",
    "kibana_sample_data_logs",
    "opensearch",
    "x.kibana",
    "tasks",
    ".tasksheet",
    ".securitynotes",
    ".opensearchers",
    ".kibanana",
    ".internal.orders",
    ".apm-of-mine",
    "ilm-history-of-mine",
    "opensearch-ad-plugin-result-mine",
    "ubi_queries",
    ".fleets",
]


@pytest.mark.parametrize("name", SYSTEM)
def test_what_belongs_to_the_service_stays(name: str) -> None:
    assert system_indices_of(name) is not None
    assert reasons(chosen(a_catalog(name))) == {name: "system"}


@pytest.mark.parametrize("name", OF_USERS)
def test_what_belongs_to_users_moves(name: str) -> None:
    assert system_indices_of(name) is None
    assert moving(chosen(a_catalog(name))) == [name]


@pytest.mark.parametrize(
    "name",
    [".kibana_1", ".opendistro_security", ".opendistro-ism-config", ".plugins-ml-config", ".security-7"],
)
def test_what_the_target_has_or_protects_itself_stays_even_when_it_is_named(name: str) -> None:
    selection = chosen(a_catalog(name, "orders"), include=[name, "orders"])
    assert (moving(selection), reasons(selection)) == (["orders"], {name: "system"})


@pytest.mark.parametrize(
    "name", ["security-auditlog-2026.01.02", ".ml-config", ".apm-custom-link", ".tasks-1", ".slm-history-2-1"]
)
def test_any_other_moves_if_the_plan_names_it_exactly(name: str) -> None:
    """A pattern is no such wish, however close it is; and what is excluded stays."""
    assert moving(chosen(a_catalog(name, "orders"), include=["*", name])) == sorted([name, "orders"])
    assert moving(chosen(a_catalog(name, "orders"), include=["orders", f"{name[:-1]}*"])) == ["orders"]
    assert reasons(chosen(a_catalog(name), include=["*", name], exclude=[f"{name[:3]}*"])) == {
        name: "excluded"
    }


def test_a_system_data_stream_moves_by_its_own_name() -> None:
    backing = ".ds-ilm-history-5-2026.01.02-000001"
    catalog = a_catalog("orders", streams={"ilm-history-5": [backing]})
    assert reasons(chosen(catalog)) == {"ilm-history-5": "system"}
    assert moving(chosen(catalog, include=["ilm-history-5"])) == ["ilm-history-5"]


def test_every_entry_says_whose_it_is_and_how_that_is_known() -> None:
    for entry in ALL:
        assert entry.product and entry.source and entry.patterns
        assert all(system_indices_of(p.replace("*", "x").replace("#", "7")) is entry for p in entry.patterns)


def test_include_and_exclude() -> None:
    catalog = a_catalog("orders-1", "orders-2", "tmp-1", "customers", "orders-tmp")
    selection = chosen(catalog, include=["orders-*", "customers"], exclude=["*-tmp", "orders-2"])
    assert moving(selection) == ["customers", "orders-1"]
    assert reasons(selection) == {"orders-2": "excluded", "orders-tmp": "excluded", "tmp-1": "not included"}


def test_patterns_that_choose_nothing_are_told() -> None:
    catalog = a_catalog(an_index("a", aliases=["current"]))
    assert chosen(catalog, include=["a", "b", "c-*", "current"]).unmatched == ("b", "c-*", "current")
    assert chosen(a_catalog(), include=["*"]).unmatched == ()


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("a.b", "a.b", True),
        ("axb", "a.b", False),
        ("a+b(c)", "a+b(c)", True),
        ("aab", "a+b", False),
        ("abc", "a*", True),
        ("abc", "*c", True),
        ("abc", "a*c*", True),
        ("abc", "b", False),
        ("a", "a*a", False),
        ("[a]", "[a]", True),
        ("ünï", "ün*", True),
    ],
)
def test_only_the_star_is_special(name: str, pattern: str, fits: bool) -> None:
    assert matches(name, [pattern]) is fits


NAMES = st.text(st.characters(exclude_characters="*"), min_size=1, max_size=12)  # no index has a star


@settings(max_examples=100, deadline=None)
@given(NAMES, st.integers(0, 12), st.integers(0, 12))
def test_any_part_of_a_name_may_be_a_star(name: str, start: int, end: int) -> None:
    assert matches(name, [name[:start] + "*" + name[max(start, end) :]])


def test_closed_indices_stay_or_move() -> None:
    catalog = a_catalog("a", an_index("shut", open=False))
    skipped = chosen(catalog)
    assert (moving(skipped), reasons(skipped)) == (["a"], {"shut": "closed"})
    moved = chosen(catalog, closed="move")
    assert moving(moved) == ["a", "shut"]
    assert [unit.indices[0].open for unit in moved.units] == [True, False]


def test_what_moves_carries_what_later_steps_need() -> None:
    index = an_index(
        "a", shards=3, aliases=[Alias("w", True, False), Alias("r", False, True)], created_id=7100299
    )
    ((unit,), _, _) = (found := chosen(a_catalog(index))).units, found.left_out, found.unmatched
    (member,) = unit.indices
    assert (unit.name, unit.target, unit.is_stream, unit.action) == ("a", "a", False, "restore")
    assert (member.shards, member.aliases) == (3, ("w", "r"))
    assert member.created == "Elasticsearch 7.10.2"
    assert member.uuid == "uuid-a"


# data streams


BACKING = [".ds-logs-000001", ".ds-logs-000002"]


def test_a_stream_moves_as_a_whole_by_its_own_name() -> None:
    selection = chosen(a_catalog("a", streams={"logs": BACKING}), include=["logs"])
    (unit,) = selection.units
    assert (unit.name, unit.is_stream) == ("logs", True)
    assert [index.name for index in unit.indices] == BACKING
    assert reasons(selection) == {"a": "not included"}


def test_backing_indices_are_not_chosen_by_themselves() -> None:
    selection = chosen(a_catalog(streams={"logs": BACKING}), include=[".ds-*"])
    assert moving(selection) == []
    assert selection.unmatched == (".ds-*",)


def test_excluding_a_backing_index_does_not_tear_a_stream_apart() -> None:
    selection = chosen(a_catalog(streams={"logs": BACKING}), exclude=[".ds-logs-000001"])
    assert [len(unit.indices) for unit in selection.units] == [2]


@pytest.mark.parametrize(("closed", "moves"), [("skip", []), ("move", ["logs"])])
def test_a_stream_with_a_closed_backing_index(closed: str, moves: list[str]) -> None:
    catalog = a_catalog(an_index(BACKING[0], open=False), streams={"logs": BACKING})
    selection = chosen(catalog, closed=closed)
    assert moving(selection) == moves
    if not moves:
        assert selection.left_out[0].detail == f"backing index {BACKING[0]} is closed"


def test_a_stream_that_changes_while_looking_is_not_moved_in_part() -> None:
    catalog = a_catalog(streams={"logs": BACKING})
    torn = Catalog(
        {name: index for name, index in catalog.indices.items() if name != BACKING[0]}, catalog.streams
    )
    selection = chosen(torn)
    assert (moving(selection), reasons(selection)) == ([], {"logs": "changing"})


def test_a_restored_backing_index_outside_a_stream_is_an_index() -> None:
    assert moving(chosen(a_catalog(".ds-orphan-000001"))) == [".ds-orphan-000001"]
