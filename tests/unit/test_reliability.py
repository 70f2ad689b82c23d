"""docs/reliability.md tells each long day that the soak lives through, and its exit codes."""

from __future__ import annotations

import re
from pathlib import Path

from tests.soak.days import DAYS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_each_long_day_is_documented_with_its_ending() -> None:
    text = PAGE.read_text(encoding="utf-8").split("## Long days")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| .+ \| ([0-9, ]+) \|$", text, re.MULTILINE)
    assert rows == [(day.name, ", ".join(map(str, day.exits))) for day in DAYS]
