"""Seed rounds and the cutover: kinds of changes, copies, and the roll-back of a failed cutover."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from journey import require_journey
from migrations import Desk, documents, engine, log, log_size
from rounds import (
    CUTOVER,
    append,
    blocked,
    bodies,
    closed_by_name,
    coming_and_going,
    copies,
    cut_over,
    kinds,
    record,
    seeded,
    write,
)
from writers import writing

ONE = {"settings": {"number_of_replicas": 0}}


@pytest.mark.soak
def test_seed_and_cut_over_from_3_6_to_3_6_with_clients_that_write(filled_desk: Desk) -> None:
    """`make soak JOB=lab`; `make test` goes the same way with access control."""
    require_journey(filled_desk, {"archive-2024", ".kibana_1", ".opendistro-job-scheduler-lock"})


@pytest.fixture
def many(desk: Desk) -> Desk:
    """A user with some small indices, of which one round was taken."""
    for number in range(12):
        engine(desk.lab, "source", "PUT", f"/small-{number:02}", ONE)
        append(desk.lab, f"small-{number:02}", 5)
    desk.write(cutover=CUTOVER)
    seeded(desk)
    return desk


def test_a_round_touches_only_what_has_changed_and_tells_the_rest_apart(many: Desk) -> None:
    lab = many.lab
    append(lab, "small-01", 3)
    engine(lab, "source", "PUT", "/small-02/_mapping", {"properties": {"added": {"type": "keyword"}}})
    engine(
        lab, "source", "POST", "/_aliases", {"actions": [{"add": {"index": "small-03", "alias": "third"}}]}
    )
    engine(lab, "source", "DELETE", "/small-04")
    for name, shards in (("small-05", 1), ("small-06", 2)):
        engine(lab, "source", "DELETE", f"/{name}")
        engine(
            lab,
            "source",
            "PUT",
            f"/{name}",
            {"settings": {"number_of_replicas": 0, "number_of_shards": shards}},
        )
        append(lab, name, 2)
    engine(lab, "source", "PUT", "/small-new", ONE)
    engine(lab, "source", "POST", "/small-07/_forcemerge?max_num_segments=1")
    before = {side: log_size(lab, side) for side in ("source", "target")}
    journal = seeded(many)
    assert kinds(journal) == {
        "small-01": "changed",
        "small-02": "changed",
        "small-03": "aliases",
        "small-04": "dropped",
        "small-05": "made anew",
        "small-06": "reshaped",
        "small-new": "new",
    }
    taken = {"small-01", "small-02", "small-05", "small-06", "small-new"}
    found = engine(lab, "source", "GET", f"/_snapshot/move/{record(journal, 'snapshot')['name']}")[
        "snapshots"
    ][0]
    assert set(found["indices"]) == taken
    assert closed_by_name(lab, before["target"]) == taken
    (removed,) = {e["path"] for e in log(lab, "target", before["target"]) if e["method"] == "DELETE"}
    assert set(removed[1:].split(",")) == {"small-04", "small-06"}
    whole = {each["name"]: each["why"] for each in record(journal, "round")["whole"]}
    assert whole == {"small-05": "made anew"}
    assert set(copies(lab).values()) == {"close"} and "small-04" not in copies(lab)
    ended = cut_over(many)
    assert ended.code == 0, str(ended)
    assert set(engine(lab, "target", "GET", "/_alias/third")) == {"small-03"}
    assert documents(lab, "target", "small-01") == 8


def test_a_round_with_nothing_to_take_sends_no_write(many: Desk) -> None:
    before = {side: log_size(many.lab, side) for side in ("source", "target")}
    journal = seeded(many)
    assert kinds(journal) == {}
    for side in ("source", "target"):
        sent = [entry for entry in log(many.lab, side, before[side]) if entry["method"] in {"PUT", "DELETE"}]
        assert sent == [], sent
    assert bodies(many.lab, "target", before["target"], "_restore") == []


def test_a_round_does_not_mind_an_index_that_is_made_and_deleted_all_the_time(desk: Desk) -> None:
    engine(desk.lab, "source", "PUT", "/kept", ONE)
    append(desk.lab, "kept", 5)
    desk.write(cutover=CUTOVER)
    with coming_and_going(desk.lab, "restless"):
        seeded(desk)
    assert "kept" in copies(desk.lab)


def test_a_copy_that_somebody_has_opened_for_writes_is_not_restored_onto(many: Desk) -> None:
    lab = many.lab
    engine(lab, "target", "PUT", "/small-01/_settings", {"index.blocks.write": None})
    engine(lab, "target", "POST", "/small-01/_open")
    engine(lab, "target", "PUT", "/small-01/_doc/precious?refresh=true", {"n": 1})
    append(lab, "small-01", 3)
    for refused in (many.run("seed", "--execute"), cut_over(many)):
        assert refused.code == 3, str(refused)
        assert "small-01" in refused.out and "made writable" in refused.out
    assert documents(lab, "target", "small-01") == 6
    unasked = many.run("cutover", "--execute")
    assert unasked.code == 3 and "--allow-freeze" in unasked.err, str(unasked)
    assert blocked(lab) == set()


def at_step(desk: Desk, step: str, command: str) -> list[dict[str, Any]]:
    """Hooks that run a command when a step is done."""
    script = desk.folder / "act"
    script.write_text(f'#!/bin/sh\n[ "$SNAPFERRY_STEP" = "{step}" ] || exit 0\n{command}\n', encoding="utf-8")
    script.chmod(0o755)
    return [{"events": ["step-done"], "command": [str(script)]}]


def require_put_back(desk: Desk) -> None:
    """The source takes writes, the copies wait, and the next cutover goes through."""
    lab = desk.lab
    assert blocked(lab) == set()
    assert write(lab, "small-01") == 201
    assert set(copies(lab).values()) == {"close"}
    assert desk.journal()["steps"]["back out"]["record"] is not None
    desk.write(cutover=CUTOVER, hooks=[])
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    assert documents(lab, "target", "small-01") == documents(lab, "source", "small-01")
    assert set(copies(lab).values()) == {"open"}


def test_an_index_that_appears_after_the_freeze_ends_the_window(many: Desk) -> None:
    url = f"{many.lab.source.engine_url}/small-late/_doc"
    sent = f"curl -sf -XPOST -H 'content-type: application/json' -d '{{}}' {url}"
    many.write(cutover=CUTOVER, hooks=at_step(many, "freeze", sent))
    append(many.lab, "small-01", 3)
    ended = cut_over(many)
    assert ended.code == 4, str(ended)
    assert "small-late" in ended.out
    require_put_back(many)


def test_a_window_that_has_passed_is_put_back(many: Desk) -> None:
    many.write(cutover={"green": "1s", "window": "6s"}, hooks=at_step(many, "freeze", "sleep 6.5"))
    append(many.lab, "small-01", 3)
    ended = cut_over(many)
    assert ended.code == 5, str(ended)
    assert "the window of 6s has passed" in " ".join(ended.out.split())
    require_put_back(many)


def test_a_document_changed_on_a_waiting_copy_is_found_and_taken_again(many: Desk, tmp_path: Path) -> None:
    """Somebody with all rights has opened a copy, changed it and closed it, the block put back."""
    lab = many.lab
    for method, path, body in (
        ("PUT", "/small-01/_settings", {"index.blocks.write": None}),
        ("POST", "/small-01/_open", None),
        ("PUT", "/small-01/_doc/foreign?refresh=true", {"n": 1}),
        ("PUT", "/small-01/_settings", {"index.blocks.write": True}),
        ("POST", "/small-01/_close", None),
    ):
        engine(lab, "target", method, path, body)
    ended = cut_over(many)
    assert ended.code == 4, str(ended)
    require_put_back(many)


def test_a_rehearsed_cutover_compares_under_writes_and_freezes_nothing(many: Desk) -> None:
    lab = many.lab
    with writing(lab, "small-01") as writers:
        writers.wait("acknowledged", 30)
        ended = many.run("cutover", "--rehearse", "--execute")
        writers.wait("acknowledged")
    assert ended.code == 0, str(ended)
    verdicts = {v["target"]: v["outcome"] for v in record(many.journal(), "verify")["verdicts"]}
    assert verdicts.pop("small-01") == "bracketed"
    assert set(verdicts.values()) == {"equal"}
    assert blocked(lab) == set()
    assert set(copies(lab).values()) == {"close"}
    waiting = many.run("verify")
    assert waiting.code == 4, str(waiting)  # small-01 was written to since
    ahead = many.run("cutover", "--json").json
    assert ahead["window"]["low"] > 0
    assert {c["name"] for c in ahead["work"]["changes"] if c["kind"] != "unchanged"} == {"small-01"}


def test_beside_its_copies_a_plan_is_not_migrated_and_after_its_cutover_nothing_is_seeded(many: Desk) -> None:
    for arguments in ((), ("--execute",)):
        beside = many.run("migrate", *arguments)
        assert beside.code == 3, str(beside)
        assert "copies that seed rounds" in " ".join((beside.out + beside.err).split())
    assert cut_over(many, "--source-after", "released").code == 0
    assert (write(many.lab, "small-01"), write(many.lab, "small-01", "target")) == (201, 201)
    again = cut_over(many)
    assert again.code == 0 and "has already opened the target" in again.err
    for verb in ("migrate", "seed"):
        after = many.run(verb, "--execute")
        assert after.code == 3, str(after)
        assert "has opened the target" in " ".join((after.out + after.err).split())
