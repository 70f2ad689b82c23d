"""The emulated plugins' rules, in the words of their sources."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.small_lab import SmallLab

from lab.plugins import alerting, date_patterns, ism_policies, notifications, schedules, sm_policies
from lab.plugins.answers import Refused
from lab.plugins.sm_running import to_delete

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
CRON = {"schedule": {"cron": {"expression": "0 3 * * *", "timezone": "UTC"}}}
REPOSITORY = {"repository": "guide"}


def refusal(act: Any, *given: Any) -> str:
    with pytest.raises(Refused) as caught:
        act(*given)
    return caught.value.answer.body.decode()


def policy(**changes: Any) -> dict[str, Any]:
    states = [{"name": "hot", "actions": [], "transitions": []}]
    return {"policy": {"description": "x", "default_state": "hot", "states": states} | changes}


def state(*actions: dict[str, Any], to: tuple[dict[str, Any], ...] = (), name: str = "hot") -> dict[str, Any]:
    return {"name": name, "actions": list(actions), "transitions": list(to)}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (policy(other=1), "Invalid field: [other] found in Policy."),
        (policy(description=None), "description is null"),
        (policy(default_state="cold"), "Policy must have a valid default state"),
        (policy(states=[]), "Policy must contain at least one State"),
        (policy(states=[state(), state()]), "Policy cannot have duplicate state names"),
        (policy(states=[state({"delete": {}}, {"close": {}})]), "must not contain an action after a delete"),
        (policy(states=[state({"delete": {}}, to=({"state_name": "hot"},))]), "cannot contain transitions"),
        (policy(states=[state(to=({"state_name": "x"},))]), "pointing to a nonexistent state=x"),
        (policy(states=[state({"snap": {}})]), "Invalid field: [snap] found in Actions."),
        (policy(states=[state({"snapshot": {"snapshot": "a"}})]), "SnapshotAction repository must be"),
        (policy(states=[state({"snapshot": {"repository": "a"}})]), "SnapshotAction snapshot must be"),
        (policy(ism_template={"index_patterns": []}), "Requires at least one index pattern"),
        (policy(ism_template={"index_patterns": ["a#"]}), "index_pattern [a#] must not contain a '#'"),
    ],
)  # fmt: skip
def test_a_broken_state_policy_is_refused_in_the_plugins_words(body: dict[str, Any], words: str) -> None:
    assert words in refusal(ism_policies.parsed, body, "x")


def test_a_stored_state_policy_holds_the_plugins_defaults() -> None:
    body = policy(states=[state({"close": {}})], ism_template={"index_patterns": ["a*"]})
    stored = ism_policies.parsed(body, "x")
    assert stored["states"][0]["actions"] == [
        {"retry": {"count": 3, "backoff": "exponential", "delay": "1m"}, "close": {}}
    ]
    (template,) = stored["ism_template"]
    assert template["priority"] == 0
    assert ism_policies.parsed(body, "x", opensearch=False)["states"][0]["actions"] == [{"close": {}}]


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("a*", "ab*", True),
        ("a*", "b*", False),
        ("*x", "a*", True),
        ("abc", "a*c", True),
        ("abd", "a*c", False),
    ],
)
def test_patterns_overlap(one: str, other: str, shared: bool) -> None:
    assert ism_policies.overlap([one], [other]) is shared


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"snapshot_config": REPOSITORY}, "creation field must not be null"),
        ({"creation": {}, "snapshot_config": REPOSITORY}, "creation field must not be null"),
        ({"creation": {"time_limit": "1h"}, "snapshot_config": REPOSITORY}, "schedule field must not"),
        ({"creation": CRON}, "snapshot_config field must not be null"),
        ({"creation": CRON, "snapshot_config": {}}, "Must provide the repository in snapshot config."),
        (
            {"creation": CRON, "deletion": {"delete_condition": {}}, "snapshot_config": REPOSITORY},
            "condition must not be null.",
        ),
        (
            {"creation": CRON, "deletion": {"condition": {"min_count": 2}}, "snapshot_config": REPOSITORY},
            "Please provide max_age or max_count.",
        ),
        (
            {"creation": CRON, "deletion": {"condition": {"max_count": 1}}, "snapshot_config": REPOSITORY},
            "max_count should be bigger than min_count.",
        ),
        (
            {"creation": CRON, "snapshot_config": {**REPOSITORY, "date_format": "yyyy-MM'"}},
            "Please provide a valid date format.",
        ),
        (
            {"creation": CRON, "snapshot_config": REPOSITORY, "notification": {"conditions": {}}},
            "Snapshot Management notification channel must not be null",
        ),
    ],
)  # fmt: skip
def test_a_broken_snapshot_policy_is_refused_in_the_plugins_words(body: dict[str, Any], words: str) -> None:
    assert words in refusal(sm_policies.parsed, body, "x", (2, 19, 4))


def test_deletion_alone_is_a_policy_since_3_3() -> None:
    body = {"deletion": {"condition": {"max_count": 3}, **CRON}, "snapshot_config": REPOSITORY}
    assert "creation" in refusal(sm_policies.parsed, body, "x", (2, 19, 4))
    assert sm_policies.parsed(body, "x", (3, 6, 0))["deletion"]["condition"] == {
        "min_count": 1,
        "max_count": 3,
    }


@pytest.mark.parametrize(
    ("expression", "then"),
    [
        ("0 3 * * *", (2026, 11, 30, 3, 0)),
        ("*/15 * * * *", (2026, 11, 29, 12, 15)),
        ("30 11 * * MON-FRI", (2026, 11, 30, 11, 30)),
        ("0 0 31 * *", (2026, 12, 31, 0, 0)),
        ("0 0 1 * 2", (2026, 12, 1, 0, 0)),
        ("0 12 29 11 *", (2027, 11, 29, 12, 0)),
    ],
)
def test_the_next_time_of_a_cron_expression(expression: str, then: tuple[int, ...]) -> None:
    assert schedules.next_of_cron(expression, "UTC", NOON) == datetime(*then, tzinfo=UTC)


def test_a_cron_expression_is_read_in_its_time_zone() -> None:
    assert schedules.next_of_cron("0 3 * * *", "Asia/Tokyo", NOON) == datetime(2026, 11, 29, 18, tzinfo=UTC)


@pytest.mark.parametrize("expression", ["0 3 * *", "60 * * * *", "* 5-3 * * *", "x * * * *", "0 0 3 * * ?"])
def test_a_broken_cron_expression_is_refused(expression: str) -> None:
    body = {"cron": {"expression": expression, "timezone": "UTC"}}
    assert "illegal_argument_exception" in refusal(schedules.checked, body)


def test_a_schedule_that_never_comes_is_refused() -> None:
    never = {"schedule": {"cron": {"expression": "0 0 30 2 *", "timezone": "UTC"}}}
    body = {"creation": never, "snapshot_config": REPOSITORY}
    words = "Next execution time from the creation schedule is null, please provide a valid cron expression."
    assert words in refusal(sm_policies.parsed, body, "x", (3, 6, 0))


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss", "2026-11-29T12:00:00"), ("yy.M.d-H", "26.11.29-12"),
        ("uuuuMMdd''HHmmss.SSS", "20261129'120000.000"),
    ],
)  # fmt: skip
def test_java_patterns_of_dates(pattern: str, shown: str) -> None:
    assert date_patterns.formatted(pattern, NOON) == shown


def test_an_old_snapshot_is_kept_while_there_are_too_few() -> None:
    taken = [{"snapshot": f"s{at}", "start_time_in_millis": at * 1000} for at in range(5)]
    assert to_delete(taken, {"max_age": "1s", "min_count": 2}, 10_000) == ["s0", "s1", "s2"]
    assert to_delete(taken, {"max_count": 4, "min_count": 1}, 10_000) == ["s0"]
    assert to_delete(taken, {"max_age": "1d", "min_count": 1}, 10_000) == []


def test_a_monitor_needs_a_name_and_a_schedule_and_triggers_of_its_kind() -> None:
    period = {"period": {"interval": 1, "unit": "MINUTES"}}
    assert "Monitor name is null" in refusal(alerting.parsed, {})
    assert "Monitor schedule is null" in refusal(alerting.parsed, {"name": "a"})
    wrong = {"name": "a", "schedule": period, "triggers": [{"bucket_level_trigger": {"id": "t"}}]}
    assert "Incompatible trigger [t] for monitor type" in refusal(alerting.parsed, wrong)


def test_a_channel_needs_the_data_of_its_type() -> None:
    given = {"name": "ops", "config_type": "slack", "chime": {}}
    assert "ConfigType: SLACK and data doesn't match" in refusal(notifications.parsed, given)


@pytest.fixture
def guarded(tmp_path: Path) -> SmallLab:
    """A lab whose engine has access control, with one caller who may read policies of states only."""
    small = SmallLab(tmp_path)
    settings = replace(small.door.settings, access_control=True)
    small.door = replace(small.door, settings=settings)
    who = {"user": "User [name=arn:x, backend_roles=[], requestedTenant=null]", "roles": ["reader"]}
    role = {"cluster_permissions": ["ism_read"], "index_permissions": []}
    small.engine.on("GET /_plugins/_security/authinfo", 200, who)
    small.engine.on("GET /_plugins/_security/api/roles", 200, {"reader": role})
    group = {"ism_read": {"allowed_actions": ["cluster:admin/opendistro/ism/policy/search"]}}
    small.engine.on("GET /_plugins/_security/api/actiongroups", 200, group)
    small.engine.on("POST /.opendistro-ism-config/_search", 200, {"hits": {"hits": []}})
    return small


def test_a_caller_may_do_what_the_roles_of_the_domain_say(guarded: SmallLab) -> None:
    assert guarded.call("GET", "/_plugins/_ism/policies").json() == {"policies": [], "total_policies": 0}
    denied = guarded.call("POST", "/_plugins/_sm/policies/x", {})
    words = (
        "no permissions for [cluster:admin/opensearch/snapshot_management/policy/write] and "
        "User [name=arn:x, backend_roles=[], requestedTenant=null]"
    )
    assert (denied.status_code, denied.json()["error"]["reason"]) == (403, words)
    assert not any(each.startswith("PUT /.opendistro-ism-config") for each in guarded.reached)
    assert [line["status"] for line in guarded.logged()] == [200, 403]


def test_what_no_plugin_serves_is_answered_as_an_engine_would(tmp_path: Path) -> None:
    small = SmallLab(tmp_path)
    reply = small.call("GET", "/_plugins/_sm/other")
    assert (reply.status_code, reply.json()["error"]) == (
        400, "no handler found for uri [/_plugins/_sm/other] and method [GET]"
    )  # fmt: skip


def test_elasticsearch_has_no_snapshot_management(tmp_path: Path) -> None:
    small = SmallLab(tmp_path)
    small.door = replace(small.door, settings=replace(small.door.settings, engine="elasticsearch-7.10.2"))
    small.call("GET", "/_plugins/_sm/policies")
    assert small.reached == ["GET /_plugins/_sm/policies"]
