"""Checks of what moves: each state of a fake source and target, and what the check makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from support.building import a_catalog, a_domain, a_plan, a_unit, an_index, identity_reply, selected
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, engine_error, ok

from domains.engine.catalog import Alias
from domains.engine.indices.index_requirements import IndexRequirements
from domains.versions import version_of
from tasks.checks.check import Check
from tasks.checks.indices.aliases import lost_writers, several_writers
from tasks.checks.registry import ALL
from tasks.checks.rules.plugin_versions import lacking
from tasks.checks.run import run_checks
from tasks.migration import Consents
from tasks.records.checks import CheckRecord
from tasks.survey import Survey

CHECKS = {made.id: made for made in ALL if made.group == "indices"}
WARM = {"index.routing.allocation.require.box_type": "warm"}


class Pair:
    """Two fakes, and the checks made of them."""

    def __init__(self, source: FakeDomain, target: FakeDomain) -> None:
        self.source, self.target = FakeEngine(source, "source"), FakeEngine(target, "target")
        self.signed = False
        self.plan: dict[str, Any] = {}

    def made(self, id: str, *checks: Check) -> CheckRecord:
        plan = a_plan(**self.plan)
        openers = {
            "source": lambda: a_domain(self.source.domain, "source"),
            "target": lambda: a_domain(self.target.domain, "target"),
        }
        consents = Consents.assumed(plan)
        (record,) = run_checks(Survey(plan, openers, consents), (), checks or (CHECKS[id],))
        return record


@pytest.fixture
def pair(source: FakeDomain, target: FakeDomain) -> Pair:
    return Pair(source, target)


@pytest.fixture
def on_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan's domains count as the service's; the control plane is not asked."""
    monkeypatch.setattr("tasks.checks.facts.indices.managed", lambda *_: True)


def test_a_field_type_without_its_plugin_fails_by_name_and_with_it_does_not(pair: Pair) -> None:
    pair.source.put(
        FakeIndex("a", mapping={"properties": {"x": {"properties": {"y": {"type": "knn_vector"}}}}})
    )
    found = pair.made("indices.plugins")
    assert (found.status, found.items) == (
        "FAIL",
        ("a: field type knn_vector needs the plugin knn, which the target lacks",),
    )
    pair.target.plugins.append("opensearch-knn")
    assert pair.made("indices.plugins").status == "OK"


@pytest.mark.parametrize(
    ("settings", "types", "wanted"),
    [
        ({"index.analysis.analyzer.a.tokenizer": ("nori_tokenizer",)}, (), "nori_tokenizer needs the plugin"),
        ({"index.analysis.filter.f.type": ("phonetic",)}, (), "phonetic needs the plugin"),
        ({"index.analysis.filter.phonetic_x.type": ("synonym",),
          "index.analysis.analyzer.a.filter": ("phonetic_x",)}, (), ""),
        ({"index.analysis.analyzer.a.filter": ("lowercase", "icu_folding")}, (), "icu_folding needs"),
        ({"index.codec": ("zstd",)}, (), "codec zstd needs the plugin"),
        ({"index.codec": ("best_compression",)}, ("keyword", "nested"), ""),
        ({}, ("_size",), "field type _size needs the plugin mapper-size"),
        ({}, ("flattened",), "field type flattened is not known to OpenSearch 2.13.0"),
        ({}, ("constant_keyword",), "field type constant_keyword is not known to OpenSearch 2.13.0"),
        ({}, ("unsigned_long",), ""),
    ],
)  # fmt: skip
def test_what_an_index_uses_is_held_against_plugins_and_version(
    settings: dict[str, tuple[str, ...]], types: tuple[str, ...], wanted: str
) -> None:
    traits = IndexRequirements(settings, frozenset(types), frozenset())
    said = list(lacking(traits, settings, frozenset(), version_of("opensearch", "2.13.0")))
    assert [line.startswith(wanted) for line in said] == ([True] if wanted else [])


def test_elasticsearch_knows_its_own_types() -> None:
    traits = IndexRequirements({}, frozenset({"flattened"}), frozenset())
    assert not list(lacking(traits, {}, frozenset(), version_of("elasticsearch", "7.10.2")))


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ([FakeIndex("a"), FakeIndex("w", settings=WARM)],
         ("FAIL", "w: warm, and a hot: one snapshot of both fails")),
        ([FakeIndex("v", settings=WARM), FakeIndex("w", settings=WARM)],
         ("FAIL", "v, w: warm, and a snapshot holds one warm index at most")),
        ([FakeIndex("w", settings=WARM)], ("WARN", "could not tell: w is warm, and moves alone")),
    ],
)  # fmt: skip
def test_warm_indices_go_into_no_snapshot_with_others(
    pair: Pair, on_the_service: None, held: list[FakeIndex], wanted: tuple[str, str]
) -> None:
    for index in held:
        pair.source.put(index)
    found = pair.made("indices.warm")
    assert (found.status, found.detail[: len(wanted[1])]) == wanted
    pair.plan = {"snapshot": {"existing": "old"}}
    assert pair.made("indices.warm").status == "SKIP"


def test_outside_the_service_box_types_mean_nothing(pair: Pair) -> None:
    for index in (FakeIndex("a"), FakeIndex("w", settings=WARM)):
        pair.source.put(index)
    assert pair.made("indices.warm").status == "SKIP"


def test_a_domain_before_elasticsearch_7_4_cannot_close_what_was_closed(
    pair: Pair, target: FakeDomain, on_the_service: None
) -> None:
    FakeEngine(target, "target", number="7.1.1")
    target.on("GET /", _old_elasticsearch("7.1.1"))
    pair.source.put(FakeIndex("a")), pair.source.put(FakeIndex("shut", open=False))
    pair.plan = {"indices": {"closed": "move"}}
    found = pair.made("indices.closed")
    assert (found.status, found.items) == ("FAIL", ("shut",))
    assert "domains of Elasticsearch 7.1.1 cannot close indices" in found.detail


def _old_elasticsearch(number: str) -> Any:
    from support.building import identity_reply
    from support.fake_domain import ok

    return ok(identity_reply("target", number, None))


@pytest.mark.parametrize(
    ("templates", "there", "status"),
    [
        ({}, (), "WARN"),
        ({"t": {"index_patterns": ["lo*"], "data_stream": {}}}, (), "OK"),
        ({"t": {"index_patterns": ["lo*"], "data_stream": {}},
          "u": {"index_patterns": ["logs"], "priority": 1}}, (), "WARN"),
        ({"t": {"index_patterns": ["lo*"], "data_stream": {}}}, (".ds-logs-000009",), "FAIL"),
        ({"t": {"index_patterns": ["lo*"], "data_stream": {}}}, (".ds-logs-000001", ".ds-logs-x"), "OK"),
    ],
)  # fmt: skip
def test_a_data_stream_needs_its_template_and_its_later_names(
    pair: Pair, templates: dict[str, Any], there: tuple[str, ...], status: str
) -> None:
    pair.source.put(FakeIndex(".ds-logs-000002"))
    pair.source.streams["logs"] = [".ds-logs-000002"]
    for name in there:
        pair.target.put(FakeIndex(name))
    pair.target.metadata = {"index_template": {"index_template": templates}}
    assert pair.made("indices.streams").status == status


def test_pipelines_are_those_of_the_settings_as_restored(pair: Pair) -> None:
    pair.source.put(FakeIndex("a", settings={"index.default_pipeline": "p", "index.final_pipeline": "_none"}))
    assert pair.made("indices.pipelines").items == ("ingest pipeline p: a",)
    pair.target.metadata = {"ingest": {"pipeline": [{"id": "p"}]}}
    assert pair.made("indices.pipelines").status == "OK"
    pair.plan = {"restore": {"index_settings": {"index.search.default_pipeline": "s"}}}
    assert pair.made("indices.pipelines").items == ("search pipeline s: a",)
    pair.plan = {"restore": {"ignore_index_settings": ["index.*pipeline"]}}
    pair.target.metadata = {}
    assert pair.made("indices.pipelines").detail == "none names a pipeline"


def test_policies_come_from_settings_or_from_the_plugin(pair: Pair, source: FakeDomain) -> None:
    held = pair.source.put(FakeIndex("a"))
    assert pair.made("indices.policies").status == "OK"
    pair.source.managed = {"a": "tidy", "not-moving": "other"}
    assert pair.made("indices.policies").items == ("a: policy tidy",)
    source.on("GET /_plugins/_ism/explain", engine_error(403, "security_exception", "no permissions for [x]"))
    assert pair.made("indices.policies").unknown
    source.on("GET /_plugins/_ism/explain", engine_error(400, "x", "no handler found for uri [/_plugins]"))
    assert pair.made("indices.policies").status == "OK"
    held.settings = {"index.opendistro.index_state_management.policy_id": "old"}
    found = pair.made("indices.policies")
    assert (found.status, found.items) == ("WARN", ("a: policy old",))
    pair.source.put(FakeIndex("b"))
    source.on("GET /_plugins/_ism/explain", ok({"b": {"policy_id": "tidy"}, "total_managed_indices": 1}))
    assert pair.made("indices.policies").items == ("a: policy old", "b: policy tidy")
    source.on("GET /_plugins/_ism/explain", engine_error(400, "x", "no handler found for uri [/_plugins]"))
    pair.plan = {"restore": {"ignore_index_settings": ["index.*.index_state_management.policy_id"]}}
    assert pair.made("indices.policies").status == "OK"


@pytest.mark.parametrize(
    ("held", "text"),
    [
        ({"mapping": {"properties": {"a\ud800": {"type": "text"}}}}, r"a\ud800"),
        ({"mapping": {"properties": {"o": {"properties": {"\udc00b": {"type": "long"}}}}}}, r"\udc00b"),
        ({"mapping": {"properties": {"k": {"type": "keyword", "null_value": "\ud800"}}}}, r"\ud800"),
        ({"mapping": {"_meta": {"k": ["v\ud800"]}}}, r"v\ud800"),
        ({"mapping": {"dynamic_templates": [{"t\ud800": {"match": "x*"}}]}}, r"t\ud800"),
        ({"mapping": {"dynamic_date_formats": ["yyyy'\ud800'"]}}, r"yyyy'\ud800'"),
        ({"mapping": {"properties": {"k": {"type": "keyword", "copy_to": ["c\ud800"]}}}}, r"c\ud800"),
        ({"mapping": {"properties": {"d": {"type": "date", "format": "yyyy'\udc00'"}}}}, r"yyyy'\udc00'"),
        ({"mapping": {"_source": {"excludes": ["x\ud800"]}}}, r"x\ud800"),
        ({"aliases": {"x": {"filter": {"term": {"v": "\ud800"}}}}}, r"\ud800"),
    ],
)
def test_half_a_surrogate_pair_is_named_before_a_snapshot_vanishes(pair: Pair, held: Any, text: str) -> None:
    """Seen on 7.10.2, 2.19.4 and 3.6.0: accepted, and then "[r:t-s1] is missing"."""
    pair.source.put(FakeIndex("a", **held))
    pair.source.put(FakeIndex("b", mapping={"properties": {"p\U0001f600": {"type": "text"}}}))
    found = pair.made("indices.unicode")
    assert (found.status, found.items) == ("FAIL", (f"a: {text}",))
    found.model_dump_json().encode()  # it can be written
    pair.plan = {"snapshot": {"existing": "older"}}
    assert pair.made("indices.unicode").status == "SKIP"


BLOCKED = {"index.blocks.write": "true"}
FOLLOWER = "index.plugins.replication.follower.leader_index"


@pytest.mark.parametrize("key", ["index.blocks.write", "index.blocks.read_only"])
def test_an_index_that_refuses_writes_is_named_because_its_copy_takes_them(pair: Pair, key: str) -> None:
    pair.source.put(FakeIndex("a", settings={key: "true"}))
    pair.source.put(FakeIndex("b", settings={key: "false"}))
    found = pair.made("indices.settings")
    assert (found.status, found.items) == (
        "WARN",
        (f"a: it refuses writes on the source ({key}), and its copy takes them",),
    )
    assert "index.blocks.write" in found.hint
    pair.plan = {"restore": {"index_settings": {"blocks.write": True}}}
    assert pair.made("indices.settings").status == "OK"


@pytest.mark.parametrize(
    "key",
    [FOLLOWER, "index.xpack.ccr.following_index", "index.lifecycle.name", "index.lifecycle.rollover_alias",
     "index.data_path", "index.search.throttled", "index.frozen"],
)  # fmt: skip
def test_settings_that_cannot_work_on_the_target_stay_behind_and_are_named(pair: Pair, key: str) -> None:
    pair.source.put(FakeIndex("a", settings={key: "x", "index.refresh_interval": "5s"}))
    found = pair.made("indices.settings")
    assert (found.status, found.items) == ("WARN", (f"a: {key} stays behind",))
    pair.plan = {"restore": {"index_settings": {key: "mine"}}}
    assert pair.made("indices.settings").status == "OK", "the plan says what the copy gets"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"index.store.type": "snapshot"}, "searchable snapshot"),
        ({"index.store.type": "remote_snapshot"}, "searchable snapshot"),
    ],
)
def test_an_index_that_cannot_move_as_it_is_fails(pair: Pair, settings: dict[str, str], said: str) -> None:
    pair.source.put(FakeIndex("a", settings=settings | BLOCKED))
    found = pair.made("indices.settings")
    assert (found.status, said in found.detail) == ("FAIL", True)


@pytest.mark.parametrize(
    ("have", "status"),
    [
        ({"F12": "ACTIVE"}, "OK"),
        ({"F1": "ACTIVE"}, "FAIL"),
        ({"F12": "ASSOCIATION_FAILED"}, "FAIL"),
        ({"F12": "ASSOCIATING"}, "WARN"),
        ({"F12": "DISSOCIATING"}, "WARN"),
        ({"F12": "DISSOCIATION_FAILED"}, "WARN"),
        (None, "WARN"),
    ],
)
def test_a_package_must_be_on_the_target_under_the_same_id(
    pair: Pair,
    on_the_service: None,
    monkeypatch: pytest.MonkeyPatch,
    have: dict[str, str] | None,
    status: str,
) -> None:
    monkeypatch.setattr("tasks.checks.facts.indices.target_packages", lambda _: have)
    pair.source.put(FakeIndex("a", settings={"index.analysis.filter.f.synonyms_path": "analyzers/F12"}))
    assert pair.made("indices.packages").status == status


def test_policies_that_are_not_all_listed_are_not_known(source: FakeDomain, target: FakeDomain) -> None:
    pair = Pair(source, target)
    pair.source.put(FakeIndex("a"))
    told = ok({"other": {"policy_id": "tidy"}, "total_managed_indices": 30})
    source.on("GET /_plugins/_ism/explain", told)
    assert pair.made("indices.policies").unknown
    source.on("GET /", ok(identity_reply("source", "7.10.2", None)))
    source.on("GET /_opendistro/_ism/explain", told)
    assert pair.made("indices.policies").unknown
    assert source.asked("GET /_opendistro/_ism/explain")[0].query["size"]


def test_a_file_on_a_cluster_outside_the_service_cannot_be_told(pair: Pair) -> None:
    pair.source.put(FakeIndex("a", settings={"index.analysis.filter.f.synonyms_path": "words.txt"}))
    found = pair.made("indices.packages")
    assert found.unknown
    assert "words.txt" in found.detail


def flagged(name: str, alias: str, *, writes: bool | None) -> Any:
    return an_index(name, aliases=(Alias(alias, writes, False),))


def test_two_write_indices_are_seen_request_by_request() -> None:
    source = a_catalog(flagged("a", "now", writes=True), flagged("b", "now", writes=None))
    target = a_catalog(flagged("b", "now", writes=True))
    a, b = a_unit("a"), a_unit("b", action="replace", takes={"b": "uuid-b"})
    assert list(several_writers([[a, b]], source, target)) == []
    assert list(several_writers([[b], [a]], source, target)) == []
    assert list(several_writers([[a], [b]], source, target)) == [
        "alias now would have several write indices on the target: a, b"
    ]


@pytest.mark.parametrize(
    ("writes", "moving", "said"),
    [
        ((True, None), ("a", "b"), ""),
        ((True, None), ("a",), ""),
        ((True, None), ("b",), "writes go to b"),
        ((True, False), ("b",), "it cannot be written through"),
        ((None, None), ("a",), ""),
    ],
)
def test_a_write_index_that_stays_is_named(
    writes: tuple[bool | None, bool | None], moving: tuple[str, ...], said: str
) -> None:
    source = a_catalog(flagged("a", "now", writes=writes[0]), flagged("b", "now", writes=writes[1]))
    units = [a_unit(name, selected(name)) for name in moving]
    found = list(lost_writers(units, source, a_catalog()))
    assert [said in line for line in found] == ([True] if said else [])


def test_traits_of_a_thousand_indices_are_one_request(pair: Pair, source: FakeDomain) -> None:
    for number in range(1000):
        pair.source.put(FakeIndex(f"i-{number}", mapping={"properties": {"x": {"type": "keyword"}}}))
    pair.made("indices.plugins")
    assert len(source.asked("GET /_all")) == 1
    assert len(source.requests) <= 5


def test_an_index_that_refuses_to_be_read_is_told_before_it_is_moved(pair: Pair) -> None:
    for name in ("a", "b", "left-out"):
        pair.source.put(FakeIndex(name))
    pair.source.put(FakeIndex("shut", open=False))
    pair.plan = {"indices": {"exclude": ["left-out"], "closed": "move"}}
    read = {"description": "index read (api)", "levels": ["read"]}
    metadata = {"description": "index metadata (api)", "levels": ["metadata_read", "metadata_write"]}
    write = {"description": "index write (api)", "levels": ["write"]}
    pair.source.blocks = {"indices": {"left-out": {"9": metadata}, "b": {"8": write}, "shut": {"7": read}}}
    assert pair.made("indices.blocks").status == "OK"
    pair.source.blocks["indices"] |= {"a": {"7": read, "9": metadata}}
    found = pair.made("indices.blocks")
    assert (found.status, found.items) == ("FAIL", ("a: index.blocks.read, index.blocks.metadata",))
    assert 'PUT /a/_settings {"index.blocks.read": null}' in found.hint


def test_derived_documents_are_told_and_refuse_nothing(pair: Pair) -> None:
    pair.source.put(FakeIndex("a"))
    assert pair.made("indices.derived-source").status == "OK"
    pair.source.put(FakeIndex("b", settings={"index.derived_source.enabled": "true"}))
    found = pair.made("indices.derived-source")
    assert (found.status, found.items) == ("WARN", ("b",))


@pytest.mark.parametrize(
    ("mapping", "settings", "why"),
    [
        ({"_source": {"enabled": False}}, {}, "a: its mapping keeps no _source"),
        ({"_source": {"excludes": ["secret"]}}, {}, "only a part of _source (_source.excludes)"),
        ({"_source": {"mode": "synthetic"}}, {}, "_source.mode: synthetic"),
        ({"doc": {"_source": {"includes": ["a"]}, "properties": {}}}, {}, "_source.includes"),
        ({}, {"index.derived_source.enabled": "true"}, "index.derived_source.enabled"),
        ({"_source": {"enabled": True}}, {}, ""),
        ({"properties": {"_source": {"type": "keyword"}, "mode": {"type": "keyword"}}}, {}, ""),
    ],
)
def test_what_level_content_cannot_compare_is_told_with_what_to_write(
    pair: Pair, mapping: dict[str, Any], settings: dict[str, Any], why: str
) -> None:
    pair.source.put(FakeIndex("a", mapping=mapping, settings=settings))
    assert pair.made("indices.contents").status == "SKIP"
    pair.plan = {"verify": {"level": "content"}}
    found = pair.made("indices.contents")
    assert (found.status, why in str(found.items)) == ("FAIL" if why else "OK", True)
    if why:
        assert "verify: {level: operations}" in found.hint


KNOWN = {
    "index.refresh_interval": "1s",
    "index.number_of_replicas": "1",
    "index.hidden": "false",
    "index.codec": "default",
    "index.auto_expand_replicas": "false",
    "index.shard.check_on_startup": "false",
    "index.max_result_window": "10000",
    "index.gc_deletes": "60s",
    "index.translog.flush_threshold_size": "512mb",
    "index.search.slowlog.threshold.query.warn": "-1",
    "index.soft_deletes.retention.operations": "0",
    "index.routing.allocation.total_shards_per_node": "-1",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("restore", "status", "says"),
    [
        (
            {"index_settings": {"index.codec": "best_compression", "hidden": True}},
            "OK",
            "the target knows them",
        ),
        ({"index_settings": {"index.analysis.filter.own.type": "stop"}}, "OK", ""),
        (
            {"index_settings": {"index.refresh_intervall": "30s"}},
            "FAIL",
            "the target knows no such setting; did you mean index.refresh_interval?",
        ),
        (
            {"index_settings": {"index.quite.another": 1}},
            "FAIL",
            "index.quite.another: the target knows no such",
        ),
        (
            {"index_settings": {"index.hidden": "perhaps"}},
            "FAIL",
            "index.hidden is perhaps; write true or false",
        ),
        ({"index_settings": {"index.codec": "default"}, "ignore_index_settings": ["index.codec"]}, "OK", ""),
        (
            {"ignore_index_settings": ["index.codek"]},
            "WARN",
            "index.codek: no index that moves has such a setting; did you mean index.codec?",
        ),
        ({"ignore_index_settings": ["index.lifecycle.*"]}, "WARN", "index.lifecycle.*: no index that moves"),
        ({"ignore_index_settings": ["index.cod*"]}, "OK", ""),
        ({}, "SKIP", ""),
        *(
            ({"index_settings": {f"index.{key}": value}}, "FAIL", f"index.{key} is {value}; write {words}")
            for key, value, words in (
                ("max_result_window", "ten", "a number"),
                ("max_result_window", "5s", "a number"),
                ("gc_deletes", 30, "a time with its unit"),
                ("gc_deletes", "often", "a time with its unit"),
                ("translog.flush_threshold_size", "lots", "a size with its unit"),
                ("hidden", 0, "true or false"),
                ("hidden", "True", "true or false"),
            )
        ),
        *(
            ({"index_settings": {f"index.{key}": value}}, "OK", "")
            for key, value in (
                ("max_result_window", 5),
                ("gc_deletes", 0),
                ("gc_deletes", "1500ms"),
                ("translog.flush_threshold_size", "1g"),
                ("search.slowlog.threshold.query.warn", "10s"),
                ("soft_deletes.retention.operations", 1000),
                ("routing.allocation.total_shards_per_node", 3),
                ("auto_expand_replicas", "0-1"),
                ("shard.check_on_startup", "checksum"),
            )
        ),
    ],
)
def test_index_settings_that_are_none_are_told_before_a_restore_swallows_them(
    pair: Pair, restore: dict[str, Any], status: str, says: str
) -> None:
    pair.source.put(FakeIndex("a", settings={"index.codec": "default"}))
    pair.target.put(FakeIndex("there"))
    pair.target.domain.on("GET /there/_settings", ok({"there": {"settings": {}, "defaults": KNOWN}}))
    pair.plan = {"restore": restore}
    found = pair.made("indices.asked-settings")
    assert (found.status, says in found.detail) == (status, True), found
    assert found.hint or status in {"OK", "SKIP"}


def test_without_an_index_on_the_target_the_sources_engine_is_asked_and_a_newer_one_may_know_more(
    pair: Pair, target: FakeDomain
) -> None:
    pair.source.put(FakeIndex("a"))
    pair.source.domain.on("GET /a/_settings", ok({"a": {"settings": {}, "defaults": KNOWN}}))
    target.on("GET /", ok(identity_reply("target", "3.8.0")))
    misspelt = {"index_settings": {"index.refresh_intervall": "30s"}, "ignore_index_settings": ["index.x"]}
    pair.plan = {"restore": misspelt}
    found = pair.made("indices.asked-settings")
    assert (found.status, found.unknown) == ("WARN", True)
    assert "index.x: no index that moves has such a setting" in found.detail
    assert (
        "did you mean index.refresh_interval?" in found.detail and "the source knows no such" in found.detail
    )
    pair.plan = {"restore": {"index_settings": {"index.codec": "best_compression"}}}
    assert pair.made("indices.asked-settings").status == "OK"


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"index.refresh_intervall": "30s"}, "FAIL"),
        ({"index.max_result_window": "ten"}, "FAIL"),
        ({"index.of_a_plugin.there": "x"}, "WARN"),
        ({"index.refresh_interval": "30s"}, "OK"),
    ],
)
def test_an_empty_target_of_the_sources_version_knows_what_the_source_knows(
    pair: Pair, wanted: dict[str, Any], status: str
) -> None:
    """But it may have another plugin: what nothing on the source resembles is not known to be wrong."""
    pair.source.put(FakeIndex("a"))
    pair.source.domain.on("GET /a/_settings", ok({"a": {"settings": {}, "defaults": KNOWN}}))
    pair.plan = {"restore": {"index_settings": wanted}}
    assert pair.made("indices.asked-settings").status == status


def test_a_domain_that_lists_no_defaults_is_not_taken_for_one_that_knows_nothing(pair: Pair) -> None:
    pair.source.put(FakeIndex("a"))
    for engine in (pair.source, pair.target):
        engine.put(FakeIndex("a"))
        engine.domain.on("GET /a/_settings", ok({"a": {"settings": {"index.uuid": "x"}}}))
    pair.plan = {"restore": {"index_settings": {"index.codec": "best_compression"}}}
    found = pair.made("indices.asked-settings")
    assert (found.status, found.unknown) == ("WARN", True)
