"""Copying metadata between two fake domains: what is brought, what is refused, what survives a kill."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.building import a_plan_between
from support.configured import DAY_MS, Configured
from support.fake_domain import RESET, FakeDomain, Reply, engine_error, ok

from configs.metadata import METADATA_KINDS
from flows.operations.metadata import MetadataOptions, copy, diff, preview
from runs.metadata_record import MetadataRecord
from runs.state import State
from tasks.errors import ExecutionError
from tasks.metadata.families import FAMILIES
from tasks.records.metadata import (
    CopyResult,
    ItemState,
    LeftReason,
    MetadataCopy,
    MetadataDiff,
    MetadataPhase,
    NoticeKind,
    Obstacle,
)

pytestmark = pytest.mark.slow

ROLE = {"cluster_permissions": ["cluster_monitor"], "index_permissions": [], "tenant_permissions": []}
POLICY = {
    "description": "d",
    "default_state": "hot",
    "states": [
        {
            "name": "hot",
            "actions": [],
            "transitions": [{"state_name": "gone", "conditions": {"min_index_age": "30d"}}],
        },
        {"name": "gone", "actions": [{"delete": {}}], "transitions": []},
    ],
}
KEEPING = {
    "default_state": "hot",
    "states": [{"name": "hot", "actions": [], "transitions": []}, {"name": "warm"}],
}
CHANNEL = {
    "name": "ops",
    "config_type": "slack",
    "is_enabled": True,
    "slack": {"url": "https://hooks/secret-part"},
}
MONITOR = {
    "type": "monitor",
    "name": "too slow",
    "enabled": True,
    "schedule": {"period": {"interval": 1}},
    "triggers": [],
}
SM = {
    "description": "nightly",
    "creation": {"schedule": {}},
    "snapshot_config": {"repository": "backups"},
    "enabled": True,
}


@dataclass
class Two:
    """Two fake domains with their configurations, and a plan's state folder."""

    source: Configured
    target: Configured
    state: Path
    plan: dict[str, Any] = field(default_factory=dict)

    def options(self, **chosen: Any) -> MetadataOptions:
        return MetadataOptions(state=self.state, **chosen)

    @property
    def made(self) -> Any:
        return a_plan_between(self.source.fake, self.target.fake, **self.plan)

    def diff(self, **chosen: Any) -> MetadataDiff:
        return diff(self.made, self.options(**chosen))

    def copy(self, **chosen: Any) -> MetadataCopy:
        return copy(self.made, self.options(**chosen))

    @property
    def written(self) -> list[str]:
        return [line for line in self.target.fake.changing if not line.endswith("_search")]


@pytest.fixture
def two(source: FakeDomain, target: FakeDomain, tmp_path: Path) -> Iterator[Two]:
    made = Two(Configured(source, "S"), Configured(target, "T"), tmp_path)
    yield made
    assert made.source.fake.changing == [] or all("_export" in line for line in made.source.fake.changing)


def filled(two: Two) -> Two:
    """One thing of every kind on the source."""
    now = int(time.time() * 1000)
    one = two.source
    one.settings |= {"cluster.max_shards_per_node": "2000", "cluster.routing.allocation.enable": "all"}
    one.scripts["rank"] = {"lang": "painless", "source": "doc['n'].value", "options": {}}
    one.pipelines["stamp"] = {"processors": [{"set": {"field": "a", "value": 1}}]}
    one.search_pipelines["filter"] = {"request_processors": []}
    one.components["base"] = {"template": {"settings": {"index": {"codec": "best_compression"}}}}
    one.templates["logs"] = {"index_patterns": ["logs-*"], "composed_of": ["base"], "priority": 10}
    one.legacy["old"] = {
        "index_patterns": ["old-*"],
        "order": 1,
        "settings": {"index.refresh_interval": "5s"},
    }
    one.security["actiongroups"]["look"] = {"allowed_actions": ["indices:data/read*"], "type": "index"}
    one.security["roles"] |= {"clerk": ROLE, "all_access": {**ROLE, "reserved": True, "static": True}}
    one.security["tenants"]["sales"] = {"description": "Sales", "reserved": False, "hidden": False}
    one.security["internalusers"]["anna"] = {"hash": "", "backend_roles": ["b"], "attributes": {}}
    one.security["rolesmapping"] |= {"clerk": {"users": ["anna"]}, "all_access": {"users": ["master"]}}
    for domain in (two.source, two.target):
        domain.indices |= {"logs-1": now - 40 * DAY_MS, "orders": now - DAY_MS}
        domain.repositories["backups"] = {"type": "s3", "settings": {"bucket": "b"}}
    one.aliases["logs"] = {"logs-1": {"is_write_index": True}}
    one.policies |= {"cleaning": POLICY, "keeping": KEEPING}
    one.managed |= {"logs-1": ("cleaning", "hot"), "orders": ("keeping", "warm")}
    one.snapshot_policies["nightly"] = SM
    one.channels["c1"] = CHANNEL
    one.monitors["x9"] = MONITOR
    one.objects["dashboard/d1"] = {"attributes": {"title": "Sales", "panelsJSON": "[]"}, "references": []}
    return two


def named(diff: MetadataDiff) -> set[str]:
    return {f"{item.kind} {item.name}" for item in diff.wanted}


def test_families_are_the_kinds_of_the_plan_in_their_order() -> None:
    assert tuple(family.kind for family in FAMILIES) == (*METADATA_KINDS, "dashboards")


def test_everything_is_copied_and_the_second_comparison_finds_nothing(two: Two) -> None:
    filled(two)
    two.plan = {"metadata": {"dashboards": True}}
    first = two.diff()
    assert {item.kind for item in first.wanted} == {*METADATA_KINDS, "dashboards"} - {"managed-indices"}
    assert two.written == []
    copied = two.copy()
    assert [each for each in copied.outcomes if each.result is not CopyResult.DONE] == []
    assert not copied.left_open and two.diff().in_sync
    again = len(two.written)
    assert two.copy().outcomes == () and len(two.written) == again
    assert two.target.security["roles"]["clerk"] == {"cluster_permissions": ["cluster_monitor"]}
    assert two.target.monitors["m1"]["name"] == "too slow"
    assert two.target.channels["c1"] == CHANNEL
    assert two.target.objects["dashboard/d1"]["attributes"]["title"] == "Sales"


def test_what_others_need_is_written_before_them(two: Two) -> None:
    filled(two).copy()
    order = [line.split(" ")[1] for line in two.written]
    for earlier, later in (
        ("/_component_template/base", "/_index_template/logs"),
        ("/_plugins/_security/api/roles/clerk", "/_plugins/_security/api/rolesmapping/clerk"),
        ("/_plugins/_notifications/configs", "/_plugins/_alerting/monitors"),
    ):
        assert order.index(earlier) < order.index(later)


def test_a_phase_copies_its_own_kinds_only(two: Two) -> None:
    filled(two).copy(phase=MetadataPhase.BEFORE_RESTORE)
    assert two.target.templates and two.target.security["roles"]
    assert not two.target.aliases and not two.target.policies and not two.target.monitors
    two.copy(phase=MetadataPhase.AFTER_OPENING)
    assert two.target.aliases == two.source.aliases and set(two.target.policies) == {"cleaning", "keeping"}
    assert two.diff().in_sync


def test_what_the_service_makes_is_left(two: Two) -> None:
    filled(two)
    two.source.templates |= {
        ".opendistro-x": {"index_patterns": ["a*"]},
        "mine-for-system": {"index_patterns": [".kibana*"]},
        "ss4o_metrics_template": {"index_patterns": ["ss4o_metrics-*"]},
    }
    two.source.pipelines["cs-own"] = {"processors": []}
    two.source.settings["archived.cluster.old"] = "1"
    reasons = {f"{item.kind} {item.name}": item.left for item in two.diff().items if item.left}
    assert reasons == {
        "index-templates .opendistro-x": LeftReason.SERVICE,
        "index-templates mine-for-system": LeftReason.SERVICE,
        "index-templates ss4o_metrics_template": LeftReason.SERVICE,
        "ingest-pipelines cs-own": LeftReason.SERVICE,
        "cluster-settings archived.cluster.old": LeftReason.ARCHIVED,
        "cluster-settings cluster.routing.allocation.enable": LeftReason.NOT_SETTABLE,
        "roles all_access": LeftReason.PROTECTED,
        "role-mappings all_access": LeftReason.MASTER,
        "managed-indices logs-1": LeftReason.LATER,
        "managed-indices orders": LeftReason.LATER,
    }
    two.copy()
    assert not {".opendistro-x", "mine-for-system"} & two.target.templates.keys()
    assert "all_access" not in two.target.security["roles"]


@pytest.mark.parametrize("conflicts", ["fail", "skip", "replace"])
def test_what_differs_is_treated_as_the_plan_says(two: Two, conflicts: str) -> None:
    filled(two)
    two.plan = {"metadata": {"conflicts": conflicts}}
    theirs = {"index_patterns": ["logs-*"], "priority": 99}
    two.target.templates["logs"] = theirs
    two.target.policies["keeping"] = {**KEEPING, "description": "theirs"}
    copied = two.copy()
    if conflicts == "fail":
        assert copied.refused and two.written == []
        assert {(each.name, each.obstacle) for each in copied.before.refusals} == {
            ("logs", Obstacle.CONFLICT), ("keeping", Obstacle.CONFLICT)
        }  # fmt: skip
        assert [each.path for each in copied.before.refusals[0].differences] == ["composed_of", "priority"]
        return
    assert not copied.failed and not copied.left_open
    replaced = {each.name for each in copied.outcomes if each.replaced}
    assert replaced == ({"logs", "keeping"} if conflicts == "replace" else set())
    assert (two.target.templates["logs"] == theirs) == (conflicts == "skip")
    assert two.diff().in_sync


def test_names_and_kinds_are_filtered(two: Two) -> None:
    filled(two)
    two.plan = {
        "metadata": {"include": ["roles", "role-mappings", "monitors"], "names": {"include": ["c*", "too *"]}}
    }
    assert named(two.diff()) == {"roles clerk", "role-mappings clerk", "monitors too slow"}
    two.plan = {
        "metadata": {"include": ["roles", "notification-channels"], "names": {"exclude": ["ops", "clerk"]}}
    }
    assert two.diff().in_sync


def test_reserved_things_on_the_target_are_never_replaced(two: Two) -> None:
    two.plan = {"metadata": {"conflicts": "replace"}}
    two.source.security["roles"]["reader"] = ROLE
    two.target.security["roles"]["reader"] = {**ROLE, "cluster_permissions": ["x"], "reserved": True}
    copied = two.copy()
    assert copied.refused and copied.before.refusals[0].obstacle is Obstacle.PROTECTED_THERE
    assert two.written == []


def test_a_user_gets_a_random_password_that_nobody_sees(two: Two) -> None:
    filled(two)
    shown = str(preview(two.made, two.options()))
    copied = two.copy()
    sent = two.target.security["internalusers"]["anna"]
    assert sent["backend_roles"] == ["b"] and len(sent["password"]) == 32
    assert "(hidden)" in shown and sent["password"] not in f"{shown}{copied.model_dump_json()}"
    notes = {each.kind: each.names for each in copied.before.notices}
    assert notes[NoticeKind.PASSWORDS] == ("anna",)
    files = "".join(path.read_text() for path in two.state.rglob("*") if path.is_file())
    assert sent["password"] not in files and "secret-part" not in f"{files}{shown}"


def test_component_templates_that_the_service_does_not_take_are_told_and_hold_nothing_else_up(
    two: Two,
) -> None:
    filled(two)
    for side in (two.source, two.target):
        side.forbids("/_component_template")
    two.source.templates["plain"] = {"index_patterns": ["p-*"]}
    told = {item.name: (item.obstacle, item.detail) for item in two.diff().wanted if item.obstacle}
    assert told == {
        "base": (Obstacle.NOT_OFFERED, ""),
        "logs": (Obstacle.NEEDS, "component-templates base"),
    }
    copied = two.copy()
    assert {each.name for each in copied.failed} == {"base", "logs"}
    assert "plain" in two.target.templates and "stamp" in two.target.pipelines


def test_an_api_that_the_source_lacks_is_nothing_to_copy_and_one_that_the_target_lacks_is_told(
    two: Two,
) -> None:
    filled(two)
    two.source.without("/_plugins/_alerting")
    two.target.without("/_plugins/_sm")
    found = two.diff()
    assert found.absent == ("monitors",)
    assert {item.name for item in found.wanted if item.obstacle is Obstacle.NOT_OFFERED} == {"nightly"}
    assert {each.name for each in two.copy().failed} == {"nightly"}
    assert two.target.policies


def test_a_repository_that_the_target_lacks_is_told_before_anything_is_changed(two: Two) -> None:
    filled(two)
    del two.target.repositories["backups"]
    copied = two.copy()
    assert copied.refused and two.written == []
    assert [(each.name, each.obstacle, each.detail) for each in copied.before.refusals] == [
        ("nightly", Obstacle.NO_REPOSITORY, "backups")
    ]
    two.target.repositories["backups"] = {"type": "s3", "settings": {"readonly": "true"}}
    notes = {each.kind: each.names for each in two.diff().notices}
    assert notes[NoticeKind.READONLY_REPOSITORY] == ("nightly: backups",)
    assert not two.copy().failed


def test_an_old_index_under_a_policy_that_deletes_is_warned_of_and_attached_only_with_consent(
    two: Two,
) -> None:
    filled(two)
    copied = two.copy()
    assert two.target.managed == {} and not copied.left_open
    (risk,) = copied.before.hazards
    assert (risk.policy, risk.index, risk.states, risk.age_days) == (
        "cleaning",
        "logs-1",
        ("hot", "gone"),
        40.0,
    )
    refused = two.copy(attach=True)
    assert refused.refused and refused.before.refusals[0].obstacle is Obstacle.DELETES
    assert two.target.managed == {}
    attached = two.copy(attach=True, allow_delete=("logs-1",))
    assert not attached.failed
    assert two.target.managed == {"logs-1": ("cleaning", "hot"), "orders": ("keeping", "warm")}
    assert two.diff(attach=True).in_sync


def test_an_index_that_was_not_taken_is_a_failure_with_the_domains_reason(two: Two) -> None:
    filled(two).copy()
    del two.source.managed["logs-1"]
    said = {"updated_indices": 0, "failures": True, "failed_indices": [{"reason": "This index is closed"}]}
    two.target.fake.on("POST /_plugins/_ism/add/orders", ok(said))
    (failed,) = two.copy(attach=True).failed
    assert (failed.name, failed.reason) == ("orders", "This index is closed")


def test_the_failure_of_one_does_not_hold_the_others_up(two: Two) -> None:
    filled(two)
    said = engine_error(400, "illegal_argument_exception", "unknown setting [index.new_thing]")
    two.target.fake.on("PUT /_template/old", said)
    (failed,) = two.copy().failed
    assert failed.name == "old" and "unknown setting [index.new_thing]" in failed.reason
    assert "orders" in two.target.indices and two.target.security["rolesmapping"]["clerk"]


def test_a_lost_reply_is_settled_by_reading(two: Two) -> None:
    filled(two)
    held = two.target.pipelines

    def lost(asked: Any) -> Reply:
        held["stamp"] = asked.json
        return RESET

    two.target.fake.on("PUT /_ingest/pipeline/stamp", lost)
    copied = two.copy()
    assert not copied.failed and len(two.target.fake.asked("PUT /_ingest/pipeline/stamp")) == 1


def test_a_write_that_was_taken_otherwise_is_a_difference(two: Two) -> None:
    filled(two)
    two.target.fake.on("PUT /_scripts/rank", ok({"acknowledged": True}))
    copied = two.copy()
    assert [(each.name, each.result) for each in copied.outcomes if each.result is not CopyResult.DONE] == [
        ("rank", CopyResult.DIFFERS)
    ]
    assert copied.left_open and not copied.failed


def test_something_that_appears_meanwhile_is_not_overwritten(two: Two) -> None:
    filled(two)
    theirs = {"processors": [{"drop": {}}]}

    def appear() -> None:
        two.target.pipelines.setdefault("stamp", theirs)

    two.target.fake.before("PUT /_cluster/settings", appear)
    copied = two.copy()
    (failed,) = copied.failed
    assert (failed.name, failed.obstacle) == ("stamp", Obstacle.CONFLICT)
    assert two.target.pipelines["stamp"] == theirs


def test_after_a_kill_the_same_call_copies_what_is_left(two: Two) -> None:
    filled(two)

    class Killed(Exception):
        pass

    record = MetadataRecord(State(two.state, "orders"), "T")
    with pytest.raises(Killed), record.around("ingest-pipelines", "stamp", replaced=False):
        two.target.pipelines["stamp"] = two.source.pipelines["stamp"]
        raise Killed
    copied = two.copy()
    assert copied.earlier == ("ingest-pipelines: stamp",)
    assert two.target.fake.asked("PUT /_ingest/pipeline/stamp") == []
    assert two.diff().in_sync
    first, *lines = (two.state / "plans" / "orders" / "metadata.copied").read_text().splitlines()
    assert json.loads(first)["target"] == "T"
    last = {each["name"]: each["result"] for each in map(json.loads, lines)}
    assert set(last.values()) == {"done"} and last["stamp"] == "done"


def test_a_side_that_does_not_show_a_kind_is_unknown_and_never_in_sync(two: Two) -> None:
    filled(two).copy()
    denied = engine_error(
        403, "security_exception", "no permissions for [cluster:admin/opendistro/ism/policy/search]"
    )
    two.source.fake.on("GET /_plugins/_ism/policies", denied)
    found = two.diff()
    assert [(each.kind, each.side) for each in found.unread] == [
        ("index-policies", "source"),
        ("managed-indices", "source"),  # nobody knows what its policy would do to an index
    ]
    assert not found.in_sync
    assert two.copy().left_open


def test_an_alias_over_other_indices_is_a_difference_and_its_replacement_is_one_request(two: Two) -> None:
    filled(two)
    two.plan = {"metadata": {"include": ["aliases"], "conflicts": "replace"}}
    two.target.aliases["logs"] = {"orders": {}}
    two.source.indices["gone"] = 1
    two.source.aliases["logs"]["gone"] = {}
    assert not two.copy().failed
    assert two.target.aliases["logs"] == {"logs-1": {"is_write_index": True}}
    assert [line for line in two.written if "_aliases" in line] == ["POST /_aliases"]
    assert two.diff().in_sync


def test_an_alias_whose_name_is_an_index_on_the_target_is_refused(two: Two) -> None:
    filled(two)
    two.target.indices["logs"] = 1
    assert two.copy().before.refusals[0].obstacle is Obstacle.NAME_TAKEN


def test_monitors_of_one_name_are_left_to_the_user(two: Two) -> None:
    two.source.monitors |= {"a": MONITOR, "b": {**MONITOR, "enabled": False}}
    assert {item.obstacle for item in two.diff().wanted} == {Obstacle.AMBIGUOUS}


def test_a_rename_is_told(two: Two) -> None:
    filled(two)
    two.plan = {"conflicts": {"policy": "rename", "prefix": "moved-"}}
    notes = {each.kind: each.names for each in two.diff().notices}
    assert notes[NoticeKind.RENAMED] == ("logs", "old")


def test_what_is_equal_is_no_conflict(two: Two) -> None:
    filled(two)
    two.target.templates["logs"] = {**two.source.templates["logs"], "priority": "10", "_meta": {}}
    two.target.components["base"] = {"template": {"settings": {"index.codec": "best_compression"}}}
    states = {item.name: item.state for item in two.diff().items if item.kind.endswith("templates")}
    assert states == {"logs": ItemState.IN_SYNC, "base": ItemState.IN_SYNC, "old": ItemState.SOURCE_ONLY}


def test_an_error_of_the_state_folder_after_a_change_lists_what_was_written(
    two: Two, monkeypatch: Any
) -> None:
    filled(two)
    from runs.errors import StateUnusable

    def full(*_: Any, **__: Any) -> None:
        raise StateUnusable("the disk is full", "free some space")

    monkeypatch.setattr(MetadataRecord, "settle", full)
    with pytest.raises(ExecutionError, match="the disk is full; written before: cluster-settings"):
        two.copy()
