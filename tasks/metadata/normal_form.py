"""One form for each definition, so that equal things are equal: pure, and the same when applied twice.

Engines render what they were given in several ways: numbers and booleans as text, settings nested or with
dots, lists that are sets in any order, defaults filled in or left out, their own counters and times.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, cast

from domains.http.json_replies import Json, is_object

_INDEX = "index."
_TEMPLATE_DEFAULTS: Json = {"priority": "0", "order": "0", "composed_of": [], "allow_auto_create": "true"}
_STREAM_FIELD: Json = {"timestamp_field": {"name": "@timestamp"}}
_RETRY: Json = {"count": 3, "backoff": "exponential", "delay": "1m"}
_SETS_OF_ACCESS = frozenset(
    {
        "allowed_actions",
        "and_backend_roles",
        "backend_roles",
        "cluster_permissions",
        "fls",
        "hosts",
        "index_patterns",
        "masked_fields",
        "opendistro_security_roles",
        "tenant_patterns",
        "users",
        "index_permissions",
        "tenant_permissions",
    }
)
MADE_BY_POLICIES = frozenset({"policy_id", "last_updated_time", "schema_version", "user"})
MADE_BY_SNAPSHOT_POLICIES = frozenset(
    {"name", "last_updated_time", "enabled_time", "schema_version", "schedule", "user"}
)
MADE_BY_MONITORS = frozenset(
    {"last_update_time", "enabled_time", "schema_version", "user", "associated_workflows"}
)
_MONITOR_DEFAULTS: Json = {
    "owner": "alerting",
    "delete_query_index_in_every_run": False,
    "should_create_single_alert_for_findings": False,
}
_MADE_FOR_USERS = frozenset({"hash", "password"})
Form = Callable[[Json], Json]


def as_text(value: object) -> object:
    """A scalar as settings render it; lists and objects below it too."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list):
        return [as_text(each) for each in cast("list[object]", value)]
    if is_object(value):
        return {key: as_text(below) for key, below in value.items()}
    return value


def flat(settings: Json, prefix: str = "") -> Json:
    """Settings by full keys, whether they were nested or not; unset ones are left out."""
    found: Json = {}
    for key, value in settings.items():
        if is_object(value):
            found |= flat(value, f"{prefix}{key}.")
        elif value is not None:
            found[prefix + key] = as_text(value)
    return found


def index_settings(settings: Json) -> Json:
    """An index's settings in one form: flat, as text, each with its `index.`."""
    return {key if key.startswith(_INDEX) else _INDEX + key: value for key, value in flat(settings).items()}


def pruned(value: Any) -> Any:
    """The value without nulls and without empty lists and objects, at any depth."""
    if is_object(value):
        below = {key: pruned(each) for key, each in value.items()}
        return {key: each for key, each in below.items() if each is not None and each != {} and each != []}
    if isinstance(value, list):
        return [pruned(each) for each in cast("list[Any]", value)]
    return value


def as_set(listed: Iterable[Any]) -> list[Any]:
    """A list that is a set: ordered, each entry once."""
    return [json.loads(each) for each in sorted({json.dumps(each, sort_keys=True) for each in listed})]


def without(body: Json, keys: Iterable[str]) -> Json:
    """The object without these keys."""
    doomed = frozenset(keys)
    return {key: value for key, value in body.items() if key not in doomed}


def without_defaults(body: Json, defaults: Json) -> Json:
    """The object without keys that hold what the engine takes if they are missing."""
    return {key: value for key, value in body.items() if key not in defaults or value != defaults[key]}


# by kind


def plain(body: Json) -> Json:
    """Pipelines: their processors are what they are, to the last value."""
    return body


def setting(body: Json) -> Json:
    """A cluster setting: its value as text; a list with one entry is that entry."""
    value = as_text(body.get("value"))
    if isinstance(value, list):
        entries = cast("list[object]", value)
        value = ",".join(str(each) for each in entries)
    return {"value": value}


def script(body: Json) -> Json:
    """A stored script: options only where it has some."""
    return pruned(body)


def template(body: Json) -> Json:
    """An index template, composable or legacy, or a component template."""
    made = dict(body)
    if is_object(made.get("template")):
        made["template"] = _definition(made["template"])
    made = _definition(made) if _is_legacy(made) else made
    if "index_patterns" in made:
        made["index_patterns"] = as_set(_listed(made["index_patterns"]))
    if is_object(made.get("data_stream")):
        made["data_stream"] = {**_STREAM_FIELD, **made["data_stream"]}
    for key in ("priority", "order", "version", "allow_auto_create"):
        if key in made:
            made[key] = as_text(made[key])
    kept = made.get("_meta")
    made = pruned(without_defaults(without(made, ("_meta",)), _TEMPLATE_DEFAULTS))
    return {**made, **({"_meta": kept} if kept else {})}


def _is_legacy(body: Json) -> bool:
    return any(key in body for key in ("settings", "mappings", "aliases"))


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _definition(body: Json) -> Json:
    """The part of a template that new indices get."""
    made = dict(body)
    if is_object(made.get("settings")):
        made["settings"] = index_settings(made["settings"])
    if is_object(made.get("mappings")):
        made["mappings"] = _mapping(made["mappings"])
    if is_object(made.get("aliases")):
        # An alias without anything is still an alias.
        made["aliases"] = {name: {"is": "alias", **_alias(each)} for name, each in made["aliases"].items()}
    return made


def _mapping(body: Json) -> Json:
    """A mapping without the name that types had; a field's own properties are no sets."""
    inner: object = body.get("_doc") if set(body) == {"_doc"} else body
    return cast(Json, as_text(inner)) if is_object(inner) else {}


def _alias(body: object) -> Json:
    if not is_object(body):
        return {}
    made = cast(Json, as_text(body))
    routing = made.pop("routing", None)
    if routing is not None:
        made = {"index_routing": routing, "search_routing": routing, **made}
    return without_defaults(pruned(made), {"is_hidden": "false"})


def aliases(body: Json) -> Json:
    """An alias over its indices."""
    members = cast(Json, body.get("indices") or {})
    return {"indices": {name: {"is": "alias", **_alias(each)} for name, each in members.items()}}


def access(body: Json) -> Json:
    """A role, a mapping, an action group, a tenant, a user: lists are sets, users have no secret."""
    made = pruned(_sets(without(body, _MADE_FOR_USERS)))
    return {key: value for key, value in made.items() if value != ""}


def _sets(value: Any, key: str = "") -> Any:
    if is_object(value):
        below = {name: _sets(each, name) for name, each in value.items()}
        return {name: each for name, each in below.items() if not (name == "dls" and each == "")}
    if isinstance(value, list):
        entries = [pruned(_sets(each)) for each in cast("list[Any]", value)]
        return as_set(entries) if key in _SETS_OF_ACCESS else entries
    return value


def index_policy(body: Json) -> Json:
    """A policy of Index State Management."""
    made = without(body, MADE_BY_POLICIES)
    templates = made.get("ism_template")
    if templates:
        entries = [_policy_template(each) for each in _listed(templates) if is_object(each)]
        made["ism_template"] = as_set(entries)
    states = made.get("states")
    if isinstance(states, list):
        made["states"] = [_state(each) for each in cast("list[object]", states)]
    return pruned(made)


def _policy_template(body: Json) -> Json:
    made = without(body, ("last_updated_time",))
    return {"priority": 0, **made, "index_patterns": as_set(_listed(made.get("index_patterns") or []))}


def _state(state: object) -> object:
    if not is_object(state):
        return state
    actions = cast("list[object]", state.get("actions") or [])
    return {**state, "actions": [_action(each) for each in actions]}


def _action(action: object) -> object:
    if not is_object(action):
        return action
    made = {
        name: without_defaults(each, {"copy_alias": False}) if is_object(each) else each
        for name, each in action.items()
    }
    # An action has its parameters even where it has none: `{"delete": {}}`.
    named = {
        name: {"is": "action", **each} if is_object(each) and name not in {"retry"} else each
        for name, each in made.items()
    }
    return without_defaults(named, {"retry": _RETRY})


def snapshot_policy(body: Json) -> Json:
    """A policy of Snapshot Management."""
    return pruned(without_defaults(without(body, MADE_BY_SNAPSHOT_POLICIES), {"enabled": True}))


def channel(body: Json) -> Json:
    """A notification channel."""
    return pruned(without_defaults(without(body, ("feature_list", "features")), {"is_enabled": True}))


def monitor(body: Json) -> Json:
    """A monitor of alerting."""
    made = without_defaults(without(body, MADE_BY_MONITORS), _MONITOR_DEFAULTS)
    return pruned(without(made, ("data_sources",) if _default_sources(made.get("data_sources")) else ()))


def _default_sources(value: object) -> bool:
    """Whether these are the indices that alerting uses by itself."""
    return is_object(value) and all(str(each).startswith((".opendistro", ".opensearch", "[{")) or not each
                                    for each in value.values())  # fmt: skip


def managed_index(body: Json) -> Json:
    """An index under a policy: the state moves on by itself."""
    return {"policy": body.get("policy")}


def saved_object(body: Json) -> Json:
    """A saved object of Dashboards: attributes that are JSON in a text are compared as JSON."""
    attributes = body.get("attributes")
    read = {key: _parsed(value) for key, value in attributes.items()} if is_object(attributes) else {}
    return pruned({"attributes": read, "references": as_set(cast("list[Any]", body.get("references") or []))})


def _parsed(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
