"""`python -m configs` writes `configs/plan.schema.json` anew."""

from configs.schema import SCHEMA_FILE, schema_text

SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
