"""What nobody would see is shown as an escape, which a plan takes in double quotes."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from configs.loading.loader import parse_plan
from configs.loading.problems import PlanError
from configs.values.visible import visible, visible_json, visible_lines, visible_values
from flows.sessions.saved_plans import _dumped  # pyright: ignore[reportPrivateUsage]
from reports.plan_file.yaml import scalar

CONTROLS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
TEXTS = st.text(max_size=30)
ENCODABLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PLAN = """
name: orders
source: {{endpoint: "http://127.0.0.1:1", auth: {{type: none}}}}
target: {{endpoint: "http://127.0.0.1:2", auth: {{type: none}}}}
repository: {{name: orders, bucket: my-snapshots}}
indices: {{include: [{}]}}
"""
ODD = [
    "a\u200bb",
    "\x1b[31mred",
    "x\x9b1m",
    "in\u202evoices",
    "a\u2028b",
    "\ufeffa",
    "a\nb",
    "a\u3164b",
    "a\U000e0041b",
]


@given(TEXTS)
def test_nothing_that_is_shown_controls_anything(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(each) for each in shown} & CONTROLS
    assert visible(shown) == shown
    assert visible_lines(text).count("\n") == text.count("\n")
    shown.encode()


@pytest.mark.parametrize("text", ["orders-2024", "größe", "注文", "🚀", "a – b …", "\\u200b", " "])
def test_what_everybody_sees_stays(text: str) -> None:
    assert visible(text) is text or visible(text) == text


@given(st.dictionaries(ENCODABLE, ENCODABLE, max_size=3), st.booleans())
def test_json_keeps_its_values(document: dict[str, str], escaped: bool) -> None:
    shown = visible_json(json.dumps(document, ensure_ascii=escaped, indent=1))
    assert json.loads(shown) == document
    assert not {unicodedata.category(each) for each in shown.replace("\n", "")} & CONTROLS


@pytest.mark.parametrize("name", ODD)
def test_a_name_as_it_is_shown_can_be_pasted_into_a_plan(name: str) -> None:
    plan = parse_plan(PLAN.format(f'"{visible(name)}"'), Path("plan.yaml"))
    assert plan.indices.include == [name]


@pytest.mark.parametrize("name", [each for each in ODD if "\n" not in each])
def test_a_name_that_nobody_sees_in_the_file_is_refused(name: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_plan(PLAN.format(f'"{name}"'), Path("plan.yaml"))
    assert "in double quotes" in str(caught.value)
    assert visible_lines(str(caught.value)) == str(caught.value)


@given(ENCODABLE)
@example("0,")
def test_plans_that_are_written_hold_escapes(name: str) -> None:
    for text in (_dumped({"include": [name]}), f"include: [{scalar(name)}]"):
        assert yaml.safe_load(text) == {"include": [name]}
        assert visible_lines(text) == text


@dataclass(frozen=True)
class _Row:
    names: tuple[str, ...]


class _Record(BaseModel):
    name: str
    rows: list[_Row]
    by_name: dict[str, int]


def test_every_text_of_a_record_is_made_visible() -> None:
    record = _Record(name="a\x1b", rows=[_Row(("b\u200b", "c"))], by_name={"d\u202e": 1})
    shown: Any = visible_values(record)
    assert shown == _Record(name=r"a\u001b", rows=[_Row((r"b\u200b", "c"))], by_name={r"d\u202e": 1})
    plain = _Record(name="a", rows=[_Row(("b",))], by_name={"d": 1})
    assert visible_values(plain) is plain


def test_reasons_that_are_listed_line_by_line_keep_their_lines() -> None:
    said = "refused:\n  - a\x1b"
    for field in ("message", "step_error"):
        assert visible_values({field: said, "name": "a\nb"}) == {
            field: "refused:\n  - a\\u001b",
            "name": r"a\nb",
        }
