"""Copies take writes for as long as a round lasts; a kill leaves nothing that the next command cannot see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_migration
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, html, ok
from support.writable import BLOCK, WritableEngine, a_closed_copy

from domains.errors import DomainError, Refused
from runs.journal import Intent, Journal, now
from runs.state import State
from runs.step_names import StepName
from tasks.migration import Migration
from tasks.records.tail import WRITES
from tasks.tail.write_access import (
    ADJUSTS,
    Adjustments,
    lock_again,
    put_back,
    recorded_writes,
    writing_to,
)

UUIDS = {"a": "uuid-a", "b": "uuid-b"}


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def copies(target: FakeDomain) -> WritableEngine:
    """Two copies, open for reading."""
    return WritableEngine(target, "target", a_closed_copy("a", open=True), a_closed_copy("b", open=True))


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain, copies: WritableEngine) -> Migration:
    return a_migration(tmp_path, source, target, clock=Clock())


def killed(m: Migration, names: list[str]) -> None:
    """A session that was killed while the copies took writes."""
    intent = Intent(step="follow", side="target", action=WRITES, detail={"names": names}, at=now())
    m.journal.document.intents.append(intent)
    m.journal.save()


def kept(m: Migration) -> Journal:
    """The journal as the next process reads it."""
    return Journal.load(m.journal.path)


# inside a round


def test_copies_take_writes_inside_the_block_and_refuse_them_after_it(
    m: Migration, copies: WritableEngine
) -> None:
    with writing_to(m, ["a"]):
        assert copies.blocked() == {"b"}
    assert copies.blocked() == {"a", "b"}


def test_they_refuse_them_whatever_happens_inside(m: Migration, copies: WritableEngine) -> None:
    with pytest.raises(KeyboardInterrupt), writing_to(m, ["a", "b"]):
        raise KeyboardInterrupt
    assert copies.blocked() == {"a", "b"}


def test_a_copy_that_is_gone_at_the_end_holds_no_other(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    gone = engine_error(404, "index_not_found_exception", "no such index [b]")
    with writing_to(m, ["a", "b"]):
        target.on("PUT /(a,b|b)/_block/write", gone)
    assert "a" in copies.blocked()


def test_a_copy_that_cannot_take_writes_is_named_and_holds_no_other(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    refusal = engine_error(400, "illegal_argument_exception", "final index setting")
    target.on("PUT /(a|a,b)/_settings", refusal)
    with writing_to(m, ["a", "b"]) as refused:
        assert refused.keys() == {"a"}
        assert copies.blocked() == {"a"}
    assert copies.blocked() == {"a", "b"}


def test_a_half_lifted_block_is_set_again_too(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    def half(asked: ReceivedRequest) -> Reply:
        copies._set(asked)
        return html(504)

    target.on("PUT /a/_settings", half)
    with pytest.raises(DomainError), writing_to(m, ["a"]):
        raise AssertionError("not entered")
    assert copies.blocked() == {"a", "b"}


def test_nothing_is_sent_for_no_copy(m: Migration, target: FakeDomain) -> None:
    with writing_to(m, []):
        pass
    assert target.requests == []


def test_an_engine_without_that_request_gets_the_setting(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    target.on("PUT /.*/_block/write", engine_error(400, "illegal_argument_exception", "no handler"))
    with writing_to(m, ["a"]):
        pass
    assert copies.blocked() == {"a", "b"}


# what is recorded


def test_writes_are_recorded_before_the_first_of_them(m: Migration) -> None:
    with recorded_writes(m, StepName.FOLLOW, ["a", "b"]):
        (intent,) = kept(m).intents(WRITES)
        assert (intent.names, intent.result) == (["a", "b"], None)
    (intent,) = kept(m).intents(WRITES)
    assert intent.result == "sent"


def test_a_session_that_ends_badly_counts_as_killed(m: Migration) -> None:
    with pytest.raises(Killed), recorded_writes(m, StepName.FOLLOW, ["a"]):
        raise Killed
    assert [intent.result for intent in kept(m).intents(WRITES)] == [None]


def test_a_session_without_copies_records_nothing(m: Migration) -> None:
    with recorded_writes(m, StepName.FOLLOW, []):
        pass
    assert kept(m).intents(WRITES) == []


# after a kill


def test_copies_that_a_killed_session_left_open_are_blocked_again_once(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    killed(m, ["a", "b"])
    del copies.indices["a"].settings[BLOCK]
    lock_again(m, [m.journal], UUIDS)
    assert copies.blocked() == {"a", "b"}
    assert "PUT /a/_block/write" in target.lines, "only the one that was open"
    assert [intent.result for intent in kept(m).intents(WRITES)] == ["locked again"]
    target.requests.clear()
    lock_again(m, [kept(m)], UUIDS)
    assert target.requests == [], "nothing is left to do, or to ask"


def test_what_is_gone_or_somebody_elses_is_left_alone(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    killed(m, ["a", "b"])
    del copies.indices["a"]
    copies.indices["b"].uuid = "of somebody else"
    copies.indices["b"].settings = {}
    lock_again(m, [m.journal], UUIDS)
    assert target.changing == []
    assert [intent.result for intent in kept(m).intents(WRITES)] == ["locked again"]


def test_a_block_that_cannot_be_set_again_stays_on_the_list(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    killed(m, ["a"])
    del copies.indices["a"].settings[BLOCK]
    target.on("PUT /a/.*", engine_error(403, "security_exception", "no permissions"))
    with pytest.raises(Refused):
        lock_again(m, [m.journal], UUIDS)
    assert [intent.result for intent in kept(m).intents(WRITES)] == [None]


# settings for the time being


def settings(copies: WritableEngine, name: str, key: str) -> Any:
    return copies.indices[name].settings.get(key)


def test_a_final_pipeline_is_off_for_the_session_and_comes_back(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    copies.indices["a"].settings["index.final_pipeline"] = "stamp"
    adjustments = Adjustments(m)
    adjustments.turn_pipelines_off(["a", "b"])
    assert settings(copies, "a", "index.final_pipeline") == "_none"
    assert target.asked("PUT /b/_settings") == [], "it has none"
    adjustments.put_back()
    assert settings(copies, "a", "index.final_pipeline") == "stamp"
    target.requests.clear()
    adjustments.put_back()
    assert target.requests == [], "in a window, nothing is asked without need"


def test_deleted_documents_are_forgotten_for_the_session_alone(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    copies.indices["b"].settings["index.gc_deletes"] = "5m"
    adjustments = Adjustments(m)
    for name in ("a", "b", "a"):
        adjustments.forget_deleted(name)
    assert {settings(copies, name, "index.gc_deletes") for name in ("a", "b")} == {"0s"}
    assert len(target.asked("PUT /a/_settings")) == 1, "once is enough"
    adjustments.put_back()
    assert settings(copies, "a", "index.gc_deletes") is None, "its default"
    assert settings(copies, "b", "index.gc_deletes") == "5m"
    adjustments.forget_deleted("a")
    assert settings(copies, "a", "index.gc_deletes") == "0s", "and again in the next session"


def test_what_was_there_first_is_put_back_although_the_reply_to_the_change_was_lost(
    m: Migration, copies: WritableEngine
) -> None:
    copies.indices["a"].settings["index.gc_deletes"] = "5m"
    for _ in range(2):  # the second session reads what the first one has set
        Adjustments(m).forget_deleted("a")
    Adjustments(m).put_back()
    assert settings(copies, "a", "index.gc_deletes") == "5m"


def test_what_was_there_before_the_oldest_session_is_put_back(m: Migration, copies: WritableEngine) -> None:
    copies.indices["a"].settings["index.gc_deletes"] = "5m"
    older = replace(m, journal=State.of(m.journal).begin(m.plan, "follow"))
    Adjustments(older).forget_deleted("a")
    Adjustments(m).forget_deleted("a")
    put_back(m, [m.journal, older.journal], {"a"})
    assert settings(copies, "a", "index.gc_deletes") == "5m"


def test_settings_that_a_killed_session_left_are_put_back(m: Migration, copies: WritableEngine) -> None:
    copies.indices["a"].settings["index.final_pipeline"] = "stamp"
    Adjustments(m).turn_pipelines_off(["a"])
    lock_again(m, [kept(m)], UUIDS)
    assert settings(copies, "a", "index.final_pipeline") == "stamp"


def test_a_setting_whose_reply_was_lost_is_put_back_too(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    copies.indices["a"].settings["index.final_pipeline"] = "stamp"
    target.on("PUT /a/_settings", ok({"acknowledged": False}))
    with pytest.raises(Exception, match="did not acknowledge"):
        Adjustments(m).turn_pipelines_off(["a"])
    copies.indices["a"].settings["index.final_pipeline"] = "_none"
    target.on("PUT /[^_].*/_settings", copies._set)
    lock_again(m, [kept(m)], UUIDS)
    assert settings(copies, "a", "index.final_pipeline") == "stamp"


def test_a_setting_that_was_refused_was_never_changed(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    copies.indices["a"].settings["index.final_pipeline"] = "stamp"
    target.on("PUT /a/_settings", engine_error(403, "security_exception", "no permissions"))
    with pytest.raises(Refused):
        Adjustments(m).turn_pipelines_off(["a"])
    target.requests.clear()
    put_back(m, [kept(m)], ["a"])
    assert target.changing == []


def test_no_setting_of_somebody_elses_index_is_put_back(m: Migration, copies: WritableEngine) -> None:
    copies.indices["a"].settings["index.final_pipeline"] = "stamp"
    Adjustments(m).turn_pipelines_off(["a"])
    copies.indices["a"].uuid = "of somebody else"
    copies.indices["a"].settings = {"index.final_pipeline": "theirs"}
    lock_again(m, [kept(m)], UUIDS)
    assert settings(copies, "a", "index.final_pipeline") == "theirs"
    assert [intent.result for intent in kept(m).intents(ADJUSTS)] == ["put back"]
