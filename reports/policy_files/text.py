"""Values as YAML for people: keys in their order, texts that look like something else in quotes."""

from typing import Any

import yaml


def yaml_text(document: dict[str, Any]) -> str:
    """The document as YAML."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=False, width=110)
