"""kill -9 of follow, cutover and fallback in their tail: the same command ends it, and nothing is lost.

Kills at other moments are runs of the soak (`make soak JOB=tail-kills`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch

import pytest
from migrations import Desk, engine, eventually, kill_when, log, log_size, lose_machine_when, rule
from rounds import blocked, cut_over, seeded, write
from test_tail import SETTINGS, bulk, change, contents, fill
from test_way_back import PROMISED
from writers import Writers, writing

TRIES = 4
FOLLOW = ("follow", "--execute", "--until-ready")
CUTOVER = ("cutover", "--execute", "--allow-freeze")
FALLBACK = ("fallback", "--execute", "--allow-freeze")


@pytest.fixture
def seeded_desk(desk: Desk) -> Desk:
    """A copy that can be followed, and a final pipeline that must run for clients only."""
    for side in ("source", "target"):
        pipeline = {"processors": [{"append": {"field": "passed", "value": ["once"]}}]}
        engine(desk.lab, side, "PUT", "/_ingest/pipeline/pass", pipeline)
    settings = {**SETTINGS, "final_pipeline": "pass", "gc_deletes": "77s"}
    engine(desk.lab, "source", "PUT", "/one", {"settings": settings})
    fill(desk.lab, "one", 300)
    desk.write(cutover=PROMISED)
    seeded(desk)
    return desk


def in_last_tail(desk: Desk, frozen: str, written: str) -> Callable[[], bool]:
    """Whether one side has refused its clients' writes since now, and the other has got documents since."""
    began = {side: log_size(desk.lab, side) for side in ("source", "target")}
    at: list[int] = []

    def seen() -> bool:
        if not at and requested(desk, frozen, began[frozen], "PUT", "/one/_block/write"):
            at.append(log_size(desk.lab, written))
        return bool(at) and requested(desk, written, at[0], "POST", "/one/_bulk")

    return seen


def requested(desk: Desk, side: str, began: int, method: str, path: str) -> bool:
    return any(e["method"] == method and fnmatch(e["path"], path) for e in log(desk.lab, side, began))


def repeated(desk: Desk, command: tuple[str, ...]) -> None:
    """The same command until it is done; what it rolls back, it says."""
    for _ in range(TRIES):
        ended = desk.run(*command)
        if ended.code == 0:
            return
        assert ended.code == 1 and "nothing was opened" in " ".join(ended.out.split()), str(ended)
    raise AssertionError("the command comes to no end")


def require_same(desk: Desk, refusing: str) -> None:
    """Both sides are equal, only one of them refuses writes, and no setting is other than it was."""
    lab, other = desk.lab, "target" if refusing == "source" else "source"
    assert contents(lab, "source", "one") == contents(lab, "target", "one")
    assert blocked(lab, refusing) == {"one"} and blocked(lab, other) == set()
    for side in ("source", "target"):
        found = engine(lab, side, "GET", "/one/_settings")["one"]["settings"]["index"]
        assert (found["final_pipeline"], found["gc_deletes"]) == ("pass", "77s")
        assert set(engine(lab, side, "GET", "/_all/_settings")) == {"one"}


@contextmanager
def clients(desk: Desk, side: str) -> Iterator[Writers]:
    """Clients that write to a side, and have written, for the block."""
    with writing(desk.lab, "one", side=side, way="engine") as writers:
        writers.wait("acknowledged")
        yield writers


@pytest.mark.soak
def test_follow_killed_while_its_copy_takes_writes_locks_it_again(seeded_desk: Desk) -> None:
    desk, lab = seeded_desk, seeded_desk.lab
    change(lab, "one")
    rule(lab, domain="target", method="PUT", path="/one/_block/write", times=1, delay_s=20, status=503)
    began = log_size(lab, "target")
    process = desk.start("follow", "--execute")
    kill_when(process, lambda: requested(desk, "target", began, "POST", "/one/_bulk"))
    assert not blocked(lab, "target"), "it was killed too late"
    found = engine(lab, "target", "GET", "/one/_settings")["one"]["settings"]["index"]
    assert found["final_pipeline"] == "_none", "it was killed too late"
    repeated(desk, FOLLOW)
    require_same(desk, refusing="target")


def test_a_cutover_killed_with_its_guard_in_the_last_tail_loses_nothing(seeded_desk: Desk) -> None:
    desk = seeded_desk
    with clients(desk, "source") as writers:
        process = desk.start(*CUTOVER)
        lose_machine_when(desk, process, in_last_tail(desk, frozen="source", written="target"))
        assert desk.journal()["window"]["frozen"] and not desk.journal()["window"]["opening"]
        assert blocked(desk.lab) == {"one"}
        repeated(desk, CUTOVER)
    require_same(desk, refusing="source")
    assert not writers.lost("source") and not writers.lost("target")


def test_a_killed_fallback_lets_clients_go_on_and_then_brings_everything_back(seeded_desk: Desk) -> None:
    desk = seeded_desk
    assert cut_over(desk).code == 0
    with clients(desk, "target") as writers:
        process = desk.start(*FALLBACK)
        kill_when(process, in_last_tail(desk, frozen="target", written="source"))
        eventually(lambda: not blocked(desk.lab, "target"))
        writers.wait("acknowledged")
        repeated(desk, FALLBACK)
    require_same(desk, refusing="target")
    assert not writers.lost("source") and not writers.lost("target")


@pytest.mark.soak
def test_indices_made_before_and_after_a_fallback_was_killed_while_it_caught_up_come_back(
    seeded_desk: Desk,
) -> None:
    desk, lab = seeded_desk, seeded_desk.lab
    assert cut_over(desk).code == 0
    make(desk, "made-before")
    began = log_size(lab, "source")
    process = desk.start(*FALLBACK)
    kill_when(process, lambda: requested(desk, "source", began, "POST", "/made-before/_bulk"))
    assert not blocked(lab, "target"), "it was killed too late"
    make(desk, "made-after")
    shown = desk.run("fallback")
    assert shown.code == 0, str(shown)
    repeated(desk, FALLBACK)
    for name in ("made-before", "made-after"):
        assert contents(lab, "source", name) == contents(lab, "target", name)
        assert write(lab, name) == 201


def make(desk: Desk, index: str) -> None:
    engine(desk.lab, "target", "PUT", f"/{index}", {"settings": SETTINGS})
    bulk(desk.lab, "target", index, {"index": {"_id": "1"}}, {"a": 1})
