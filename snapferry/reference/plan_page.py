"""The generated page on the keys of a plan, from its JSON Schema."""

import re
from collections.abc import Iterator
from typing import Any, cast

from configs.schema import plan_schema
from snapferry.reference.markdown import code, page, plain, table

Schema = dict[str, Any]
_ANY_NAME = "NAME"
_MOST_CHOICES = 12
_DURATION = re.compile(r"PT(\d+H)?(\d+M)?(\d+S)?")


def plan_page() -> str:
    """Every key of a plan, with its type, its default and what it says."""
    schema = plan_schema()
    rows = [row for key in schema["properties"] for row in _rows(schema, _property(schema, key), key)]
    return page(
        "Keys of a plan",
        "Every key, as the [JSON Schema](../../configs/plan.schema.json) has it. [The plan](../plan.md) "
        "explains them with examples. `target` has the keys of `source`. A section of several kinds is shown "
        "once for each.",
        table(("key", "value", "default", "what"), rows),
    )


def _property(schema: Schema, key: str) -> Schema:
    found: Schema = schema["properties"][key]
    return {**found, "is required": key in schema.get("required", ())}


def _rows(root: Schema, node: Schema, path: str) -> Iterator[tuple[str, str, str, str]]:
    default = (
        "required" if node.get("is required") else code(_shown(node["default"])) if "default" in node else ""
    )
    yield code(path), _type(root, node), default, plain(node.get("description", ""))
    for kind in () if path == "target" else _kinds(root, node):
        named = kind.get("properties", {}).get("type", {}).get("const")
        place = f"{path} ({named})" if named else path
        for key in kind.get("properties", {}):
            if key != "type" or not named:
                yield from _rows(root, _property(kind, key), f"{place}.{key}")
        more = kind.get("additionalProperties")
        if isinstance(more, dict):
            yield from _rows(root, cast("Schema", more), f"{place}.{_ANY_NAME}")


def _kinds(root: Schema, node: Schema) -> list[Schema]:
    """The objects that a value may be; of a list, what its entries may be."""
    node = _resolved(root, node)
    several = _several(node)
    if several:
        return [kind for each in several for kind in _kinds(root, each)]
    if node.get("type") == "array":
        return _kinds(root, node.get("items", {}))
    return [node] if node.get("type") == "object" else []


def _several(node: Schema) -> list[Schema]:
    """What a value may be; nothing where that only says which of its keys go together."""
    return [] if "properties" in node else node.get("anyOf") or node.get("oneOf") or []


def _type(root: Schema, node: Schema) -> str:
    node = _resolved(root, node)
    if "enum" in node:
        choices = [code(str(each)) for each in node["enum"]]
        return ", ".join(choices) if len(choices) <= _MOST_CHOICES else f"one of {len(choices)} names"
    if "const" in node:
        return code(str(node["const"]))
    several = _several(node)
    if several:
        return " or ".join(dict.fromkeys(_type(root, each) for each in several))
    if node.get("type") == "array":
        return f"list of {_type(root, node.get('items', {}))}"
    return {"object": "section", "string": "text", "integer": "whole number"}.get(
        str(node.get("type")), str(node.get("type", "any"))
    )


def _resolved(root: Schema, node: Schema) -> Schema:
    while "$ref" in node:
        node = {
            **root["$defs"][node["$ref"].rpartition("/")[2]],
            **{k: v for k, v in node.items() if k != "$ref"},
        }
    return node


def _shown(value: Any) -> str:
    """A default as a plan would say it; of a section, its keys say theirs."""
    if isinstance(value, dict):
        return ""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    text = str(value)
    return text.removeprefix("PT").lower() if _DURATION.fullmatch(text) else text
