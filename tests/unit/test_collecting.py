"""`pytest tests` collects everything, although modules of one name lie in several folders."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest


def test_modules_of_one_name_are_told_apart(request: pytest.FixtureRequest) -> None:
    tests = Path(__file__).resolve().parents[1]
    names = Counter(file.name for file in tests.rglob("test_*.py"))
    assert names["test_gates.py"] > 1
    assert request.config.getoption("importmode") == "importlib"
