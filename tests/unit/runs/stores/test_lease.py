"""A lock that several machines hold one after the other: never two of them at a time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from support.memory_objects import Memory

from runs.errors import LockLost, StateUnreachable
from runs.stores.lease import Alive, Holder, Lease, LockRecord
from runs.stores.stored_objects import StoredObjects

pytestmark = pytest.mark.slow

TTL_S = 60.0
LOCK, JOURNAL = "plans/a/lock", "plans/a/run.json"


def lease(objects: Memory, name: str, clock: Any, place: str = "") -> Lease:
    holder = Holder(user=name, host=name, process=1, place=place, session=name, since="")
    return Lease(objects, LOCK, holder, TTL_S, clock=clock, sleep=lambda _: None)


@dataclass
class Machine:
    """One that may hold the lock: its own clock began at some other time."""

    name: str
    offset: float
    lease: Lease | None = None
    version: str = ""  # of the journal
    stopped: bool = False  # between its look at the lease and what it does then


class Holders(RuleBasedStateMachine):
    """Three machines that take the lock, renew it, write the journal, stand still, die and come back."""

    machines = Bundle("machines")

    def __init__(self) -> None:
        super().__init__()
        self.objects, self.now = Memory(), 0.0
        self.objects.create(JOURNAL, b"0 begun")
        self.written = itertools.count()
        self.writers: list[int] = []
        self.holder = 0  # token of the latest

    @initialize(target=machines, offset=st.floats(0, 1e6))
    def first(self, offset: float) -> Machine:
        return Machine("a", offset)

    @initialize(target=machines, offset=st.floats(0, 1e6))
    def second(self, offset: float) -> Machine:
        return Machine("b", offset)

    @initialize(target=machines, offset=st.floats(0, 1e6))
    def third(self, offset: float) -> Machine:
        return Machine("c", offset)

    @rule(seconds=st.sampled_from([0.5, 5.0, 19.0, 41.0, 61.0, 200.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(fault=st.sampled_from(["nothing done", "done, and the answer lost"]))
    def next_write_fails(self, fault: str) -> None:
        self.objects.fault = fault

    @rule(machine=machines)
    def takes(self, machine: Machine) -> None:
        if machine.stopped:
            return
        if machine.lease is None or machine.lease.token == 0:
            machine.lease = machine.lease or lease(
                self.objects, machine.name, lambda: self.now + machine.offset
            )
            try:
                taken = machine.lease.try_once()
                if taken and isinstance(taken, str):
                    self._fence(machine)
                if isinstance(taken, str):
                    self.holder = machine.lease.token
            except (Alive, StateUnreachable):
                machine.lease = None
            else:
                found = self.objects.read(JOURNAL)
                assert found
                machine.version = found.version

    def _fence(self, machine: Machine) -> None:
        """As `SharedStore` does it: nothing comes between this and the taking, for what it itself does."""
        self.objects.fault = ""
        found = self.objects.read(JOURNAL)
        assert found
        assert machine.lease
        body = f"{machine.lease.token} fence {next(self.written)}".encode()
        assert self.objects.replace(JOURNAL, body, found.version)
        self.writers.append(machine.lease.token)

    @rule(machine=machines)
    def waits_for_the_lease(self, machine: Machine) -> None:
        self.takes(machine)
        self.now += TTL_S + 1
        self.takes(machine)

    @rule(machine=machines)
    def renews(self, machine: Machine) -> None:
        if machine.stopped or machine.lease is None or not machine.lease.token:
            return
        try:
            machine.lease.renew()
        except LockLost:
            machine.lease = None
        except StateUnreachable:
            pass

    @rule(machine=machines, stands_still=st.booleans())
    def is_about_to_write(self, machine: Machine, stands_still: bool) -> None:
        if machine.stopped or machine.lease is None or not machine.lease.token:
            return
        try:
            machine.lease.require()
        except LockLost:
            machine.lease = None
            return
        except StateUnreachable:
            return
        machine.stopped = stands_still
        if not stands_still:
            self._write(machine)

    @rule(machine=machines)
    def writes_after_all(self, machine: Machine) -> None:
        if machine.stopped:
            machine.stopped = False
            self._write(machine)

    def _write(self, machine: Machine) -> None:
        assert machine.lease
        token = machine.lease.token
        self.objects.fault = ""
        body = f"{token} write {next(self.written)}".encode()
        version = self.objects.replace(JOURNAL, body, machine.version)
        if version is None:
            machine.lease = None  # it has lost the journal, so it sends nothing
            return
        machine.version = version
        self.writers.append(token)
        assert token >= self.holder, "a former holder has written"

    @rule(machine=machines)
    def releases(self, machine: Machine) -> None:
        if machine.lease and not machine.stopped:
            machine.lease.release()
            machine.lease = None

    @rule(machine=machines)
    def dies(self, machine: Machine) -> None:
        machine.lease, machine.stopped = None, False

    @invariant()
    def nobody_writes_after_a_later_holder(self) -> None:
        assert self.writers == sorted(self.writers), self.writers


TestHolders = Holders.TestCase
TestHolders.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)


def test_a_lock_is_free_at_first_then_another_must_wait_and_sees_the_holder_live() -> None:
    objects, now = Memory(), [0.0]
    first, second = (lease(objects, name, lambda: now[0]) for name in "ab")
    assert first.try_once() == ""
    assert isinstance(second.try_once(), LockRecord)
    first.renew()
    with pytest.raises(Alive) as seen:
        second.try_once()
    assert seen.value.record.holder.host == "a"


def test_a_lock_is_taken_over_after_its_lease_by_the_clock_of_whoever_waits() -> None:
    objects, now = Memory(), [0.0]
    first, second = (lease(objects, name, lambda: now[0]) for name in "ab")
    first.try_once()
    now[0] = 1000.0  # for `second` nothing counts that it has not watched itself
    assert isinstance(second.try_once(), LockRecord)
    now[0] += TTL_S - 1
    assert isinstance(second.try_once(), LockRecord)
    now[0] += 1
    assert second.try_once() == "a"
    assert second.token == first.token + 1
    with pytest.raises(LockLost):
        first.require()
    first.release()
    with pytest.raises(LockLost):
        first.renew()
    assert second.token == 2


def test_a_lock_that_was_released_is_taken_at_once_and_its_token_grows() -> None:
    objects = Memory()
    first, second = (lease(objects, name, lambda: 0.0) for name in "ab")
    first.try_once()
    first.release()
    assert second.try_once() == ""
    assert second.token == 2


def test_whoever_holds_the_lock_file_of_a_dead_holder_need_not_wait() -> None:
    objects = Memory()
    lease(objects, "a", lambda: 0.0, place="boot:1:2").try_once()
    assert isinstance(lease(objects, "b", lambda: 0.0, place="boot:1:3").try_once(), LockRecord)
    assert lease(objects, "a", lambda: 0.0, place="boot:1:2").try_once() == "a"


def test_a_renewal_that_worked_unseen_is_no_loss() -> None:
    objects = Memory()
    held, other = (lease(objects, name, lambda: 0.0) for name in "ab")
    held.try_once()
    objects.fault = "done, and the answer lost"
    with pytest.raises(StateUnreachable):
        held.renew()
    held.renew()
    assert not held.is_lost
    held.release()
    assert other.try_once() == ""
    with pytest.raises(LockLost):
        held.renew()


def test_a_write_that_worked_unseen_is_no_loss_but_a_later_holders_is() -> None:
    objects, token = Memory(), [7]
    stored = StoredObjects(objects, "s3://a/b", lambda _: token[0])
    stored.create(JOURNAL, b"1")
    assert stored.read(JOURNAL)
    objects.fault = "done, and the answer lost"
    with pytest.raises(StateUnreachable):
        stored.replace(JOURNAL, b"2")
    stored.replace(JOURNAL, b"3")
    later = StoredObjects(objects, "s3://a/b", lambda _: 8)
    later.fence("plans/a")
    for _ in range(2):
        with pytest.raises(LockLost):
            stored.replace(JOURNAL, b"4")
    token[0] = 9
    assert stored.read(JOURNAL)
    stored.replace(JOURNAL, b"5")


def test_a_part_that_was_appended_unseen_is_no_loss_and_a_fence_outlives_a_merge() -> None:
    objects = Memory()
    former, later = (StoredObjects(objects, "s3://a/b", lambda _, t=t: t) for t in (1, 2))
    sent = "plans/a/1.sent"
    former.add_part(sent, 1, b"a\n")
    objects.fault = "done, and the answer lost"
    with pytest.raises(StateUnreachable):
        former.add_part(sent, 2, b"b\n")
    assert former.add_part(sent, 2, b"b\n") == 3
    former.merge(sent, b"ab\n", 3)
    later.fence("plans/a")
    with pytest.raises(LockLost):
        former.add_part(sent, 4, b"c\n")
    later.merge(sent, b"ab\n", later.last_part(sent))
    with pytest.raises(LockLost):
        former.add_part(sent, 4, b"c\n")


def test_another_lock_of_a_holder_that_was_outlived_need_not_be_waited_for() -> None:
    objects = Memory()
    lease(objects, "a", lambda: 0.0).try_once()
    holder = Holder(user="b", host="b", process=1, place="", session="b", since="")
    other = Lease(objects, LOCK, holder, TTL_S, clock=lambda: 0.0, outlived={"a"})
    assert other.try_once() == "a"


def test_a_holder_that_cannot_renew_begins_nothing_after_two_thirds_of_the_lease() -> None:
    objects, now = Memory(), [0.0]
    held = lease(objects, "a", lambda: now[0])
    held.try_once()
    now[0] = TTL_S * 0.6
    objects.fault = "nothing done"
    held.require()  # early enough: nothing is asked
    now[0] = TTL_S * 0.7
    with pytest.raises(StateUnreachable):
        held.require()
    held.require()
    assert not held.is_lost
