"""What the target is asked for to copy an index by `_reindex`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.building import NO_AUTH, Clock, a_migration, a_plan, selected
from support.fake_domain import FakeDomain

from configs.plan import Plan
from domains.engine.indices.index_creation import without_type
from domains.engine.indices.index_metadata import IndexMetadata
from domains.engine.reindexing import Remote
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.reindex.requests import creation, filling_request, password_source, remote_of, settling, shape
from tasks.restore.owned_indices import marker

SETTINGS = {
    "index.number_of_shards": "3",
    "index.number_of_replicas": "2",
    "index.refresh_interval": "30s",
    "index.uuid": "u",
    "index.creation_date": "1",
    "index.provided_name": "<shop-{now/d}>",
    "index.version.created": "7100299",
    "index.blocks.write": "true",
    "index.routing.allocation.require.box_type": "hot",
    "index.default_pipeline": "stamp",
    "index.sort.field": "n",
}
MADE = IndexMetadata(
    {"properties": {"n": {"type": "long"}}}, SETTINGS, {"sales": {"filter": {"term": {"n": 1}}}}
)


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain, clock: Clock) -> Migration:
    return a_migration(tmp_path, source, target, clock=clock)


def test_an_index_is_filled_without_replicas_refresh_and_pipelines_and_gets_them_afterwards(
    m: Migration,
) -> None:
    index = selected("shop")
    wanted = shape(m.plan, index, MADE)
    created = creation(m, index, wanted).body
    assert created["settings"] == {
        "index.number_of_shards": "3",
        "index.number_of_replicas": "0",
        "index.refresh_interval": "-1",
        "index.sort.field": "n",
    }
    assert created["mappings"] == MADE.mapping
    assert created["aliases"].keys() == {"sales", marker(m, "shop")}
    settings, aliases = settling(m, index, wanted)
    assert settings.body == {
        "index.number_of_replicas": "2",
        "index.refresh_interval": "30s",
        "index.default_pipeline": "stamp",
    }
    assert aliases.body == {"actions": [{"remove": {"index": "shop", "alias": marker(m, "shop")}}]}


def test_a_setting_that_the_source_leaves_to_the_engine_is_left_to_it_again(m: Migration) -> None:
    bare = IndexMetadata({}, {"index.number_of_shards": "1", "index.number_of_replicas": "1"}, {})
    (settings, _) = settling(m, selected("shop"), shape(m.plan, selected("shop"), bare))
    assert settings.body == {"index.number_of_replicas": "1", "index.refresh_interval": None}


def test_the_plan_decides_about_settings_and_a_renamed_copy_has_no_aliases(m: Migration) -> None:
    plan = a_plan(
        restore={"index_settings": {"number_of_replicas": 1}, "ignore_index_settings": ["index.sort.*"]}
    )
    made = shape(plan, selected("shop", target="shop-moved"), MADE)
    assert made.at_last["index.number_of_replicas"] == "1"
    assert "index.sort.field" not in made.settings
    assert made.aliases == {}


def test_documents_keep_ids_and_versions_and_go_to_nowhere_if_the_copy_is_gone(m: Migration) -> None:
    request = filling_request(m, selected("100%-sure"), Remote("http://a:1"))
    assert request.query["require_alias"] == "true"
    assert request.body["dest"] == {
        "index": marker(m, "100%-sure"),
        "pipeline": "_none",
        "version_type": "external",
    }
    assert request.body["source"]["index"] == "100%25-sure"  # engines send it on as it is
    assert request.body["conflicts"] == "proceed"


SERVICE = {"endpoint": "https://search-a-b.us-east-1.es.amazonaws.com"}
ELSEWHERE = {"endpoint": "https://search-c-d.eu-west-1.es.amazonaws.com"}
BASIC = {"type": "basic", "username": "reader", "password": {"env": "READER"}}
ROLE = {"name": "r", "bucket": "bucket", "role_arn": "arn:aws:iam::123456789012:role/R"}


def remote(m: Migration, plan: Plan, *, signed: tuple[bool, bool], password: str | None = None) -> Remote:
    from dataclasses import replace

    source = replace(m.source, signed=signed[0], endpoint=plan.source.endpoint or "")
    return remote_of(plan, source, replace(m.target, signed=signed[1]), password)


def test_the_service_signs_for_the_source_in_its_region(m: Migration) -> None:
    plan = a_plan(source=SERVICE, target=ELSEWHERE, repository=ROLE)
    found = remote(m, plan, signed=(True, True))
    assert found == Remote("https://search-a-b.us-east-1.es.amazonaws.com:443", None, {"region": "us-east-1"})


def test_a_source_of_ones_own_is_external_and_has_a_login(m: Migration) -> None:
    plan = a_plan(
        source={"endpoint": "https://10.0.0.1:9200", "auth": BASIC}, target=ELSEWHERE, repository=ROLE
    )
    found = remote(m, plan, signed=(False, True), password="secret")
    assert found == Remote("https://10.0.0.1:9200", ("reader", "secret"), {"external": True})
    assert password_source(plan) == plan.source.auth.password  # pyright: ignore


def test_the_plan_may_name_another_way_to_the_source(m: Migration) -> None:
    other = {"host": "http://[::1]:9201", "username": "copier", "password": {"env": "COPIER"}}
    plan = a_plan(source={"endpoint": "http://127.0.0.1:1", "auth": NO_AUTH}, reindex={"remote": other})
    found = remote(m, plan, signed=(False, False), password="secret")
    assert found == Remote("http://[::1]:9201", ("copier", "secret"), {})
    source = password_source(plan)
    assert source and source.env == "COPIER"


@pytest.mark.parametrize(
    ("mapping", "plain"),
    [
        ({"properties": {"a": {"type": "long"}}, "dynamic": "strict"}, None),
        ({}, None),
        ({"doc": {"properties": {"a": {"type": "long"}}}}, {"properties": {"a": {"type": "long"}}}),
        ({"_doc": {}}, {}),
    ],
)
def test_a_document_type_of_elasticsearch_6_is_taken_out(mapping: Any, plain: Any) -> None:
    assert without_type(IndexMetadata(mapping, {}, {})) == (mapping if plain is None else plain)


def test_several_document_types_are_refused_by_name(m: Migration) -> None:
    made = IndexMetadata({"a": {"properties": {}}, "b": {"properties": {}}}, {}, {})
    with pytest.raises(PreconditionError, match="document types a, b"):
        shape(m.plan, selected("shop"), made)
