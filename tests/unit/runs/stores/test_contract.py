"""What every place for the state keeps to: a folder, S3, and S3 that fails now and then."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import Context

import pytest
from support.building import a_plan
from support.places import LEASE_S, Place

from domains.http.permits import require_permitted
from runs.approvals import approval_of, approve
from runs.errors import Busy, LockLost
from runs.journal import CopyPosition
from runs.state import State
from runs.stores import shared
from runs.stores.lease import Lease
from runs.verbs import Verb

pytestmark = pytest.mark.slow

JOURNAL = "plans/orders/1.json"
LOCK = "plans/orders/lock"


def test_what_one_machine_writes_another_reads(place: Place) -> None:
    one, two = place.seat(), place.seat()
    assert not one.store.exists(one.path(JOURNAL))
    with pytest.raises(FileNotFoundError):
        two.store.read(two.path(JOURNAL))
    for text in ("{}", '{"a": "ü"}', "{}", "{}"):
        one.store.replace(one.path(JOURNAL), text)
        assert two.store.read(two.path(JOURNAL)) == text.encode()
        assert one.store.read(one.path(JOURNAL)) == text.encode()
    assert two.store.exists(two.path(JOURNAL))
    two.store.remove(two.path(JOURNAL))
    two.store.remove(two.path(JOURNAL))
    assert not one.store.exists(one.path(JOURNAL))
    with pytest.raises(FileNotFoundError):
        one.store.read(one.path(JOURNAL))


def test_of_many_who_create_a_file_one_succeeds(place: Place) -> None:
    seats = [place.seat() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda n: seats[n].store.create(seats[n].path("x.json"), f"{n}"), range(6)))
    assert made.count(True) == 1
    for seat in seats:
        assert seat.store.read(seat.path("x.json")) == f"{made.index(True)}".encode()


def test_a_folder_lists_its_files_and_folders(place: Place) -> None:
    one, two = place.seat(), place.seat()
    assert one.store.entries(one.path("plans")) == []
    for name in ("plans/a/1.json", "plans/a/2.json", "plans/a/reports/1.md", "plans/b/1.json"):
        one.store.replace(one.path(name), "{}")
    assert sorted(each.name for each in two.store.folders(two.path("plans"))) == ["a", "b"]
    assert sorted(each.name for each in two.store.entries(two.path("plans/a"))) == [
        "1.json",
        "2.json",
        "reports",
    ]


def test_lines_are_appended_replaced_and_removed(place: Place) -> None:
    one, two = place.seat(), place.seat()
    path, there = one.path("plans/a/1.sent"), two.path("plans/a/1.sent")
    lines = one.store.appender(path)
    lines.append("a\n", durably=True)
    lines.append("b\n")
    lines.append("c\n", durably=True)
    assert two.store.read(there) == b"a\nb\nc\n"
    lines.replace("abc\n")
    assert two.store.read(there) == b"abc\n"
    lines.append("d\n", durably=True)
    lines.append("e\n")
    lines.close()
    assert two.store.read(there) == b"abc\nd\ne\n"
    others = two.store.appender(there)
    others.append("f\n", durably=True)
    assert one.store.read(path) == b"abc\nd\ne\nf\n"
    others.close()
    others.remove()
    with pytest.raises(FileNotFoundError):
        one.store.read(path)


def test_one_at_a_time_holds_a_lock(place: Place) -> None:
    one, two = place.seat(), place.seat()
    with one.store.hold(one.path(LOCK), "plan orders", "wait for it"):
        assert two.store.is_held(two.path(LOCK))
        with pytest.raises(Busy, match=r"another run holds plan orders \(process \d+"):
            two.store.hold(two.path(LOCK), "plan orders", "wait for it").__enter__()
        one.store.replace(one.path(JOURNAL), "{}")
        require_permitted()
    assert not two.store.is_held(two.path(LOCK))
    with two.store.hold(two.path(LOCK), "plan orders", "wait for it"):
        two.store.replace(two.path(JOURNAL), "{ }")
    with one.store.hold(one.path(LOCK), "plan orders", "wait for it"):
        assert one.store.read(one.path(JOURNAL)) == b"{ }"
        one.store.replace(one.path(JOURNAL), "{  }")


def test_of_many_who_start_at_once_one_holds_the_lock(place: Place) -> None:
    seats = [place.seat() for _ in range(3)]
    start, held = threading.Barrier(3), threading.Event()
    busy: list[Busy] = []

    def begin(number: int) -> bool:
        seat = seats[number]
        start.wait()
        try:
            with seat.store.hold(seat.path(LOCK), "plan orders", "wait for it"):
                held.wait(LEASE_S * 3)
                return True
        except Busy as error:
            busy.append(error)
            if len(busy) == 2:
                held.set()
            return False

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(begin, range(3))).count(True) == 1


def test_journals_and_approvals_are_the_same_for_all(place: Place) -> None:
    one, two = place.seat(), place.seat()
    here, there = State(one.folder, "orders"), State(two.folder, "orders")
    with here.lock_plan():
        journal = here.begin(a_plan(), Verb.MIGRATE)
        journal.note_positions({"a": CopyPosition(last={0: 5})})
        found = there.run(journal.run_id)
        assert found and found.document == journal.document
        approval, is_new = approve(found, "before-restore", "them@there")
        again, is_newer = approve(journal, "before-restore", "us@here")
    assert is_new and not is_newer
    assert approval == again == approval_of(journal, "before-restore")
    assert [each.run_id for each in there.journals()] == [journal.run_id] == there.run_ids()


def test_whoever_was_not_heard_of_is_told_and_writes_and_sends_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not place.is_shared:
        pytest.skip("the kernel holds the lock of a folder for as long as its process lives")
    monkeypatch.setattr(shared, "_repeating", lambda *_: ExitStack())  # as if the process were stopped
    one, two = place.seat(), place.seat()
    lines = one.store.appender(one.path("plans/orders/1.sent"))
    with pytest.raises(LockLost), one.store.hold(one.path(LOCK), "plan orders", "wait"):
        one.store.replace(one.path(JOURNAL), "{}")
        lines.append("a\n", durably=True)
        began = time.monotonic()
        with two.store.hold(two.path(LOCK), "plan orders", "wait for it"):
            assert time.monotonic() - began >= LEASE_S
            with monkeypatch.context() as just_before:
                just_before.setattr(Lease, "require", lambda _: None)  # it looked before it stood still
                for _ in range(2):  # what was lost stays lost, however often it is tried
                    with pytest.raises(LockLost, match="another process has written"):
                        one.store.replace(one.path(JOURNAL), "{ }")
                with pytest.raises(LockLost, match="another process has written"):
                    lines.append("b\n", durably=True)
            with pytest.raises(LockLost, match="was not heard of for 3 s"):
                require_permitted()
            with pytest.raises(LockLost):
                one.store.create(one.path("plans/orders/2.json"), "{}")
        assert two.store.read(two.path(JOURNAL)) == b"{}"
        assert two.store.read(two.path("plans/orders/1.sent")) == b"a\n"


def test_what_one_run_has_lost_another_in_the_same_process_still_holds(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not place.is_shared:
        pytest.skip("the kernel holds the lock of a folder for as long as its process lives")
    monkeypatch.setattr(shared, "_repeating", lambda *_: ExitStack())
    here, elsewhere = place.seat(), place.seat()
    lost, kept = Context(), Context()  # as two threads have them
    orders = here.store.hold(here.path(LOCK), "plan orders", "wait")
    logs = here.store.hold(here.path("plans/logs/lock"), "plan logs", "wait")
    lost.run(orders.__enter__)
    kept.run(logs.__enter__)
    with elsewhere.store.hold(elsewhere.path(LOCK), "plan orders", "wait"):
        with pytest.raises(LockLost):
            lost.run(require_permitted)
        with pytest.raises(LockLost):
            lost.run(here.store.replace, here.path(JOURNAL), "{}")
        kept.run(require_permitted)
        kept.run(here.store.replace, here.path("plans/logs/1.json"), "{}")
        with pytest.raises(LockLost):
            Context().run(require_permitted)  # a thread of nobody knows asks for all
    with pytest.raises(LockLost):
        lost.run(orders.__exit__, None, None, None)
    kept.run(logs.__exit__, None, None, None)
    assert elsewhere.store.read(elsewhere.path("plans/logs/1.json")) == b"{}"
