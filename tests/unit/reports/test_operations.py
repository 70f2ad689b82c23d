"""The words of single operations: every risk, note and outcome has its own."""

from __future__ import annotations

import re

import pytest

from reports.views.fitting import text_of
from reports.views.operations import names_view, preview_view
from reports.words import operations as words
from tasks.records.operations import (
    Consent,
    NameOutcome,
    NameResult,
    NamesOutcome,
    Note,
    NoteKind,
    Preview,
    Risk,
    ShownRequest,
)


@pytest.mark.parametrize("risk", Risk)
def test_every_risk_is_said_with_its_option(risk: Risk) -> None:
    said = words.consent(Consent(option="--allow-x", value="v", name="NAME", risk=risk, detail="DETAIL"))
    assert "NAME" in said
    assert said.endswith("(needs --allow-x v)")


@pytest.mark.parametrize("kind", NoteKind)
def test_every_note_is_said(kind: NoteKind) -> None:
    said = words.note(Note(kind=kind, names=("NAME",), detail="DETAIL"))
    assert said
    assert "{" not in said


@pytest.mark.parametrize("operation", ["index delete", "snapshot delete", "repository remove", "unfreeze"])
@pytest.mark.parametrize("outcome", NameOutcome)
def test_every_outcome_of_a_name_is_said(operation: str, outcome: NameOutcome) -> None:
    result = NameResult(name="NAME", outcome=outcome, detail="DETAIL")
    shown = text_of(names_view(NamesOutcome(operation=operation, endpoint="e", names=(result,))))
    assert re.fullmatch(r"NAME: [a-z].*: DETAIL\n?", shown)


def test_a_body_is_shown_in_full_and_a_very_long_one_cut() -> None:
    def preview(count: int) -> str:
        body = {"indices": [f"index-{n:04}" for n in range(count)]}
        request = ShownRequest(method="PUT", path="/_snapshot/r/s", query={"w": "false"}, body=body)
        return text_of(preview_view(Preview(operation="snapshot take", endpoint="e", requests=(request,))))

    assert "index-0009" in preview(10)
    assert "  PUT /_snapshot/r/s?w=false" in preview(10)
    assert "more characters; --json shows all" in preview(1000)
