"""`snapferry check` names the one defect of each broken starting state, fails nothing else, only reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from healthy import STREAM_WARNING, TRUE_WARNINGS, require_healthy
from identities import Identities
from migrations import Desk, engine, log_size, mutations
from rounds import hidden
from starting import expected, started

from lab.description import LabDescription

SCENARIOS = sorted(
    folder
    for folder in (Path(__file__).resolve().parents[1] / "scenarios" / "broken_starts").iterdir()
    if folder.is_dir()
)


@pytest.fixture
def desk(clean_lab: LabDescription, tmp_path: Path) -> Desk:
    """A user at an empty lab: `check` needs no Prefect, whose server would take long to start."""
    return Desk(clean_lab, tmp_path, "http://127.0.0.1:9/api")


def named(records: list[dict[str, Any]], status: str) -> list[tuple[str, str | None]]:
    return [(record["id"], record["side"]) for record in records if record["status"] == status]


def words(record: dict[str, Any]) -> str:
    return "\n".join([record["detail"], *record["items"]])


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda folder: folder.name)
def test_check_names_the_defect_and_no_other(scenario: Path, desk: Desk, identities: Identities) -> None:
    wanted = expected(scenario)
    with started(scenario, desk, identities) as stage:
        began = {side: log_size(desk.lab, side) for side in ("source", "target")}
        ended = desk.run("check", "--json", environment=stage.environment)
        for side, size in began.items():
            assert mutations(desk.lab, side, size) == []
    records = ended.json["checks"]
    status = wanted.get("status", "FAIL")
    found = [r for r in records if r["id"] == wanted["check"] and r["status"] == status]
    assert {record["id"] for record in found} == {wanted["check"]}, (named(records, "FAIL"), str(ended))
    if "side" in wanted:
        assert [record["side"] for record in found] == [wanted["side"]]
    said = [words(record) for record in found]
    assert any(stage.filled(wanted["says"]) in each for each in said), said
    assert all(record["hint"] for record in found if status == "FAIL"), "it does not say what to do"
    failing = {name for name, _ in named(records, "FAIL")}
    assert failing == ({wanted["check"]} if status == "FAIL" else set())
    assert ended.code == (3 if failing else 0)


def test_a_healthy_pair_is_warned_of_what_is_true_only(filled_desk: Desk) -> None:
    """Not of an index of somebody else that hides its metadata. Other pairs: tests/lab/test_matrix.py."""
    filled_desk.write(indices={"exclude": ["strange"]})
    with hidden(filled_desk.lab, "source", "strange"), hidden(filled_desk.lab, "target", "strange"):
        require_healthy(filled_desk.run("check", "--json"), TRUE_WARNINGS | STREAM_WARNING)


def test_what_is_faked_says_why() -> None:
    for scenario in SCENARIOS:
        start = scenario / "start.yaml"
        if start.exists() and "rule:" in start.read_text(encoding="utf-8"):
            assert expected(scenario).get("fake"), scenario.name


def test_every_state_names_its_one_defect_in_words_of_its_own() -> None:
    defects = [expected(scenario)["defect"] for scenario in SCENARIOS]
    assert len(defects) == len(set(defects))


def test_its_requests_do_not_grow_with_the_indices(desk: Desk) -> None:
    """With 1,000 indices, by hand: 14 and 13 requests to the domains, 2 seconds (docs/checks.md)."""
    desk.write()
    sent: list[dict[str, int]] = []
    for count in (1, 25):
        for number in range(count):
            body = {"settings": {"number_of_replicas": 0, "number_of_shards": 1}, "aliases": {"all": {}}}
            engine(desk.lab, "source", "PUT", f"/orders-{count}-{number}", body)
        before = {side: log_size(desk.lab, side) for side in ("source", "target")}
        assert desk.run("check").code == 0
        sent.append({side: log_size(desk.lab, side) - size for side, size in before.items()})
    assert sent[0] == sent[1]
    assert max(sent[1].values()) <= 40
