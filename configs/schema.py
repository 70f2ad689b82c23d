"""The plan's JSON Schema, for editors and the YAML language server."""

import json
from pathlib import Path
from typing import Any

from configs.plan import Plan

SCHEMA_FILE = Path(__file__).with_name("plan.schema.json")
_ID = "https://snapferry.dev/schema/plan.schema.json"


def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a plan."""
    schema = Plan.model_json_schema(mode="validation")
    own = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _ID,
        "title": "Snapferry plan",
    }
    return {**own, **{key: value for key, value in schema.items() if key not in own}}


def schema_text() -> str:
    """Return the schema as the text of `plan.schema.json`."""
    return json.dumps(plan_schema(), indent=2, ensure_ascii=False) + "\n"
