"""`python -m configs` regenerates `configs/plan.schema.json`."""

from configs.schema import SCHEMA_FILE, schema_text

SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
