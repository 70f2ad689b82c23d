"""Equal things are equal whatever form an engine renders them in, and different things stay different."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.metadata import normal_form
from tasks.metadata.field_differences import HIDDEN, field_differences, redacted

pytestmark = pytest.mark.slow

FORMS: tuple[Callable[[Any], Any], ...] = (
    normal_form.plain, normal_form.setting, normal_form.script, normal_form.template, normal_form.aliases,
    normal_form.access, normal_form.index_policy, normal_form.snapshot_policy, normal_form.channel,
    normal_form.monitor, normal_form.managed_index, normal_form.saved_object,
)  # fmt: skip
WORDS = st.text("abcdefgh", min_size=1, max_size=6)
SCALARS = st.one_of(st.booleans(), st.integers(-9, 10**6), WORDS)
SETTINGS = st.recursive(
    SCALARS, lambda below: st.dictionaries(WORDS, below, min_size=1, max_size=3), max_leaves=8
)
NESTED = st.dictionaries(WORDS, SETTINGS, max_size=4)
NAMES = st.lists(WORDS, max_size=4)
JSON = st.recursive(
    st.one_of(st.none(), SCALARS),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(WORDS, below, max_size=3)),
    max_leaves=12,
)
TEMPLATES = st.fixed_dictionaries(
    {"index_patterns": st.lists(WORDS, min_size=1, max_size=4)},
    optional={
        "priority": st.integers(0, 500),
        "composed_of": NAMES,
        "version": st.integers(1, 9),
        "_meta": st.dictionaries(WORDS, JSON, max_size=2),
        "data_stream": st.just({}),
        "template": st.fixed_dictionaries(
            {},
            optional={
                "settings": NESTED,
                "mappings": st.fixed_dictionaries(
                    {"properties": st.dictionaries(WORDS, st.just({"type": "keyword"}))}
                ),
                "aliases": st.dictionaries(WORDS, st.just({})),
            },
        ),
    },
)
ROLES = st.fixed_dictionaries(
    {"cluster_permissions": NAMES},
    optional={
        "index_permissions": st.lists(
            st.fixed_dictionaries({"index_patterns": NAMES, "allowed_actions": NAMES}), max_size=3
        ),
        "tenant_permissions": st.lists(
            st.fixed_dictionaries({"tenant_patterns": NAMES, "allowed_actions": NAMES}), max_size=2
        ),
        "description": WORDS,
    },
)
THOROUGHLY = settings(max_examples=150, deadline=None)


def dotted(value: dict[str, Any], at: random.Random, prefix: str = "") -> dict[str, Any]:
    """The same settings, some levels of which are dots in keys; scalars as text."""
    made: dict[str, Any] = {}
    for key, below in value.items():
        if isinstance(below, dict) and at.random() < 0.5:
            made |= {f"{prefix}{key}.{name}": each for name, each in dotted(below, at).items()}
        elif isinstance(below, dict):
            made[prefix + key] = dotted(below, at)
        else:
            made[prefix + key] = str(below).lower() if isinstance(below, bool) else str(below)
    return made


@THOROUGHLY
@given(NESTED, st.integers())
def test_settings_are_the_same_nested_or_dotted_as_numbers_or_text(wanted: dict[str, Any], seed: int) -> None:
    shown = dotted(wanted, random.Random(seed))
    assert normal_form.index_settings({"index": wanted}) == normal_form.index_settings({"index": shown})
    assert normal_form.index_settings({"index": wanted}) == normal_form.index_settings(wanted)


@THOROUGHLY
@given(TEMPLATES, st.integers())
def test_a_template_is_itself_as_an_engine_renders_it(template: dict[str, Any], seed: int) -> None:
    at = random.Random(seed)
    shown = copy.deepcopy(template)
    at.shuffle(shown["index_patterns"])
    shown.setdefault("composed_of", [])
    if "data_stream" in shown:
        shown["data_stream"] = {"timestamp_field": {"name": "@timestamp"}}
    inside = shown.get("template", {})
    if "settings" in inside:
        inside["settings"] = {"index": dotted(inside["settings"], at)}
    if "mappings" in inside and at.random() < 0.5:
        inside["mappings"] = {"_doc": inside["mappings"]}
    assert normal_form.template(template) == normal_form.template(shown)


@THOROUGHLY
@given(ROLES, st.integers())
def test_a_role_is_itself_in_any_order_and_with_the_defaults_of_the_plugin(
    role: dict[str, Any], seed: int
) -> None:
    at = random.Random(seed)
    shown = copy.deepcopy(role)
    at.shuffle(shown["cluster_permissions"])
    for listed in (shown.get("index_permissions", []), shown.get("tenant_permissions", [])):
        at.shuffle(listed)
        for each in listed:
            at.shuffle(each["allowed_actions"])
    for each in shown.get("index_permissions", []):
        each |= {"dls": None, "fls": [], "masked_fields": []}
    shown = {"index_permissions": [], "tenant_permissions": [], "hash": "", **shown}
    assert normal_form.access(role) == normal_form.access(shown)


@THOROUGHLY
@given(TEMPLATES, st.sampled_from(["index_patterns", "priority", "version"]))
def test_a_change_is_seen(template: dict[str, Any], key: str) -> None:
    changed = {**template, key: ["zz"] if key == "index_patterns" else 777}
    ours, theirs = normal_form.template(template), normal_form.template(changed)
    assert [each.path for each in field_differences(ours, theirs)] == [key]


@pytest.mark.parametrize("form", FORMS)
@THOROUGHLY
@given(body=st.dictionaries(WORDS, JSON, max_size=4))
def test_forms_are_the_same_when_applied_twice_and_change_nothing_of_theirs(
    form: Any, body: dict[str, Any]
) -> None:
    before = copy.deepcopy(body)
    once = form(body)
    assert body == before
    if form is not normal_form.saved_object:  # it parses what is in a text
        assert form(copy.deepcopy(once)) == once


@THOROUGHLY
@given(JSON, JSON)
def test_differences_are_empty_exactly_for_equal_things(ours: Any, theirs: Any) -> None:
    assert bool(field_differences(ours, theirs)) == (ours != theirs)


def test_a_policy_is_itself_with_what_index_management_adds() -> None:
    sent = {
        "default_state": "hot",
        "states": [
            {
                "name": "hot",
                "actions": [{"rollover": {"min_index_age": "1d"}}],
                "transitions": [{"state_name": "gone", "conditions": {"min_index_age": "30d"}}],
            },
            {"name": "gone", "actions": [{"delete": {}}]},
        ],
        "ism_template": {"index_patterns": ["logs-*"]},
    }
    retry = {"count": 3, "backoff": "exponential", "delay": "1m"}
    shown = {
        "policy_id": "p", "schema_version": 21, "last_updated_time": 5, "error_notification": None,
        "default_state": "hot",
        "states": [
            {
                "name": "hot",
                "actions": [{"retry": retry, "rollover": {"min_index_age": "1d", "copy_alias": False}}],
                "transitions": [{"state_name": "gone", "conditions": {"min_index_age": "30d"}}],
            },
            {"name": "gone", "actions": [{"retry": retry, "delete": {}}], "transitions": []},
        ],
        "ism_template": [{"index_patterns": ["logs-*"], "priority": 0, "last_updated_time": 9}],
    }  # fmt: skip
    assert normal_form.index_policy(sent) == normal_form.index_policy(shown)
    read_only = copy.deepcopy(sent)
    read_only["states"][1]["actions"] = [{"read_only": {}}]
    paths = [
        each.path
        for each in field_differences(normal_form.index_policy(sent), normal_form.index_policy(read_only))
    ]
    assert paths == ["states"]


def test_a_pipelines_number_is_not_its_text() -> None:
    number, text = ({"processors": [{"set": {"field": "a", "value": each}}]} for each in (5, "5"))
    assert normal_form.plain(number) != normal_form.plain(text)


def test_no_secret_is_shown() -> None:
    ours = {
        "slack": {"url": "https://hooks.slack.com/services/T/B/xyz"},
        "headers": {"Authorization": "Bearer x"},
    }
    found = field_differences(ours, {"slack": {"url": "https://other"}})
    assert "xyz" not in str(found) and "Bearer" not in str(found)
    assert next(each for each in found if each.path == "slack.url").source == HIDDEN
    assert "xyz" not in str(redacted(ours))
    kept = {"analysis": {"analyzer": {"a": {"tokenizer": "standard", "token_chars": ["letter"]}}}}
    assert redacted(kept) == kept
