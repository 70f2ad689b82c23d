"""What is shown fits the width: prose wraps between words, names stay whole, lists end with a count."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rich.text import Text
from support.building import a_document, a_resolution, a_unit

from reports.views.checks import checks_document, checks_view
from reports.views.fitting import UNLIMITED, Rows, page, text_of
from reports.views.plan import plan_view
from reports.views.report import verification_view
from runs.journal import now
from tasks.records.checks import CheckRecord
from tasks.records.plan_document import PlannedRequest
from tasks.records.resolution import LeftOut
from tasks.records.verification import Verdict, VerificationRecord

WIDTHS = [UNLIMITED, 200, 100, 80, 60, 40]
LONG = ".ds-metrics-kubernetes.state_persistentvolumeclaim-production-eu-west-1-2026.11.29-000001"
NAMES = ["orders", "customers-2024", LONG, "部分索引", "x" * 255]


def verdict(name: str, outcome: Any = "different") -> Verdict:
    detail = "" if outcome == "equal" else "5,678 documents on the source, 5,677 on the target"
    return Verdict(
        source=name, target=name, outcome=outcome, source_count=5678, target_count=5677, detail=detail
    )


def compared(*verdicts: Verdict, left: tuple[LeftOut, ...] = ()) -> VerificationRecord:
    return VerificationRecord(level="counts", verdicts=verdicts, skipped=left, at=now())


def a_check(id: str, status: Any, detail: str = "as it should be", hint: str = "") -> CheckRecord:
    group: Any = id.split(".")[0]
    return CheckRecord(id=id, group=group, name=id, side=None, status=status, detail=detail, hint=hint)


HINT = (
    "reduce the number of replicas in restore.index_settings, or add a data node to the target, then run the "
    "same command again"
)
CHECKS = (
    a_check("account.clock", "OK"),
    a_check("bucket.lifecycle", "WARN", "the bucket has a rule that expires objects after 30 days", HINT),
    a_check("bucket.path", "SKIP", "not checked: the repository is not on S3"),
    a_check("domains.tls", "OK"),
    a_check("room.copies", "FAIL", f"{LONG} asks for 3 replicas, and the target has 2 data nodes", HINT),
)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "view",
    [
        verification_view(compared(*map(verdict, NAMES)), every=True),
        plan_view(a_document(a_resolution(*map(a_unit, NAMES)))),
        checks_view(CHECKS),
    ],
    ids=["verify", "plan", "check"],
)
def test_at_no_width_is_a_word_split_or_a_name_cut(view: Any, width: int) -> None:
    whole, fitted = text_of(view), text_of(view, width)
    words = {word.rstrip(",").lower() for word in fitted.split()} | {"index"}
    assert {word.rstrip(",").lower() for word in whole.split()} <= words
    for line in fitted.splitlines():
        assert len(line) <= width or len(line.split()) == 1, line


def test_for_a_pipe_each_row_is_one_line_with_its_name() -> None:
    shown = text_of(verification_view(compared(*map(verdict, NAMES)))).splitlines()
    for name in NAMES:
        (row,) = [line for line in shown if line.startswith(f"{name} ") and "5,677" in line]
        assert row.split() == [name, "different", "5,678", "5,677"]
    assert len(next(line for line in shown if line.startswith("orders "))) < 100


def test_a_command_is_never_broken_into_two_lines() -> None:
    command = "snapferry migrate /srv/plans/orders-to-ireland.yaml --execute --state /srv/state"
    shown = text_of(page([Text(f"Nothing was changed. To go ahead: {command}")]), 40)
    assert shown.splitlines() == ["Nothing was changed. To go ahead:", f"  {command}"]


def test_a_wide_row_becomes_a_paragraph_where_there_is_no_room_for_columns() -> None:
    table = Rows(("Index", "Action", ">Shards", ">Size", "Verdict"))
    table.add("orders-2024-europe", "restore", "12", "698.1 kB", Text("not compared"))
    assert text_of(table, 60).splitlines() == [
        "Index               Action   Shards      Size  Verdict     ".rstrip(),
        "orders-2024-europe  restore      12  698.1 kB  not compared",
    ]
    assert text_of(table, 40).splitlines() == [
        "orders-2024-europe",
        "  action restore, shards 12, size 698.1",
        "    kB, verdict not compared",
    ]


def test_check_shows_failures_and_warnings_first_and_counts_what_passed() -> None:
    shown = text_of(checks_view(CHECKS)).splitlines()
    assert [line.split()[:2] for line in shown if line[:4].strip().isupper()] == [
        ["FAIL", "room.copies:"],
        ["WARN", "bucket.lifecycle:"],
        ["SKIP", "bucket.path:"],
    ]
    assert sum(f"next: {HINT}" in line for line in shown) == 2
    assert "2 passed, 1 warning, 1 failed, 1 skipped" in shown
    assert "--all" in shown[-1]
    every = text_of(checks_view(CHECKS, every=True))
    assert "OK   account.clock: as it should be" in every and "--all" not in every


def test_check_says_what_it_has_not_run() -> None:
    chosen = ("window.blocked", "window.release")
    records = (a_check("window.blocked", "OK"), a_check("window.release", "OK"))
    assert "Not run, because of --only: " in text_of(checks_view(records, chosen))
    document = checks_document(records, chosen)
    assert "account.clock" in document["not_run"] and "window.blocked" not in document["not_run"]
    assert checks_document(CHECKS)["not_run"] == []
    assert "Not run" not in text_of(checks_view(CHECKS))


def test_verify_lists_what_is_not_equal_and_counts_the_others() -> None:
    found = [verdict(f"same-{n}", "equal") for n in range(300)] + [verdict(f"odd-{n}") for n in range(30)]
    shown = text_of(verification_view(compared(*found)))
    assert "same-" not in shown and "Equal: 300 indices; --all lists them" in shown
    assert len(re.findall(r"(?m)^odd-.* different ", shown)) == 20
    assert "… and 10 more; --json shows all" in shown
    every = text_of(verification_view(compared(*found), every=True))
    assert len(re.findall(r"(?m)^(?:same|odd)-\d+ ", every)) == 330
    assert "--all" not in every and "--json" not in every
    none = text_of(verification_view(compared(verdict("a", "equal"))))
    assert none.splitlines() == ["Equal: 1 index; --all lists them", "1 of 1 indices equal at level counts"]


def test_verify_names_the_reason_of_what_it_left_out_once() -> None:
    left = tuple(LeftOut(name=f"other-{n}", reason="closed") for n in range(116))  # pyright: ignore[reportArgumentType]
    shown = text_of(verification_view(compared(verdict("a", "equal"), left=left)))
    assert "Skipped (116), closed: other-0, other-1, other-2, other-3, other-4 and 111 more" in shown
    assert len(shown.splitlines()) == 3


def test_a_request_that_lists_many_names_shows_the_first_of_them_whole() -> None:
    path = "/" + ",".join(f"orders-{n:04}" for n in range(300)) + "/_close"
    request = PlannedRequest(side="target", method="POST", path=path, step="restore", body=None, query={})
    shown = text_of(
        plan_view(a_document(a_resolution(a_unit("a"))).model_copy(update={"requests": (request,)}))
    )
    (line,) = [line for line in shown.splitlines() if "POST" in line]
    assert line == (
        "  target: POST /"
        + ",".join(f"orders-{n:04}" for n in range(9))
        + ",… (291 more names; --json shows all)"
    )


def test_any_long_list_shows_its_first_twenty_and_how_many_more_there_are() -> None:
    resolution = a_resolution(a_unit("a"), notes=tuple(f"note {n}" for n in range(50)))
    shown = text_of(plan_view(a_document(resolution)))
    assert shown.count("Note: note ") == 20 and "… and 30 more notes; --json shows all" in shown
