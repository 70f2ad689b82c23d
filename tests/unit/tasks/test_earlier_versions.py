"""Journals of earlier versions hold sentences where records now hold facts: reports say the same facts."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from reports.build.cleanup import finish_report, removal_report
from reports.words import cleanup, seeding, verification
from tasks.records.cleanup import (
    FinishRecord,
    Registration,
    RegistrationOutcome,
    RemovalRecord,
    Skipped,
    SkippedReason,
)
from tasks.records.cutover import PauseOutcome, PauseRecord
from tasks.records.seeding import WholeReason
from tasks.records.verification import Limit, VerificationRecord

REGISTRATIONS = {
    "the registration was removed": RegistrationOutcome.REMOVED,
    "the former registration was put back": RegistrationOutcome.REVERTED,
    "the former registration is as it was": RegistrationOutcome.UNCHANGED,
    "nothing is registered": RegistrationOutcome.ABSENT,
    "this run registered nothing": RegistrationOutcome.NOT_BY_THIS_RUN,
    "these runs registered nothing": RegistrationOutcome.NOT_BY_THESE_RUNS,
    "nothing is registered any more: somebody has removed it since": RegistrationOutcome.REMOVED_BY_OTHERS,
    "somebody has changed it since: left as it is": RegistrationOutcome.CHANGED_BY_OTHERS,
    "run 20261124-200000-ab of this plan works with it: left as it is": (
        RegistrationOutcome.USED_BY_A_LATER_RUN
    ),
    "kept": RegistrationOutcome.KEPT,
}
SKIPPED = {
    "it is not the index that this run has restored": SkippedReason.NOT_RESTORED_BY_THE_RUN,
    "it is not the index that a round has made": SkippedReason.NOT_MADE_BY_A_ROUND,
    "it has backing indices of others: .ds-logs-000002, .ds-logs-000003": (
        SkippedReason.BACKING_INDICES_OF_OTHERS
    ),
    "its backing indices are not those that this run has restored any more": (
        SkippedReason.BACKING_INDICES_CHANGED
    ),
    "it belongs to data stream logs by now": SkippedReason.IN_A_DATA_STREAM,
    "it was made to take writes since a round has made it": SkippedReason.TAKES_WRITES,
    "repository repo is not registered on the source any more": SkippedReason.SNAPSHOT_OUT_OF_REACH,
    "repository repo is not registered on the source any more: 500: it\nis gone": (
        SkippedReason.SNAPSHOT_OUT_OF_REACH
    ),
    "it was between other domains than the latest round: its copies and its snapshot are as they were": (
        SkippedReason.OTHER_DOMAINS
    ),
}
PAUSES = {
    (True, "until 2026-11-24 21:10 UTC at the latest"): PauseOutcome.PAUSED,
    (False, "the plan does not want it"): PauseOutcome.NOT_WANTED,
    (False, "its requests are not signed: it has no snapshots of the service"): PauseOutcome.NOT_SIGNED,
    (False, "the control plane does not know the source"): PauseOutcome.UNKNOWN_DOMAIN,
    (False, "the pause of an earlier session is over"): PauseOutcome.OVER,
    (False, "denied; a snapshot of the service that runs is waited for"): PauseOutcome.FAILED,
    (False, "nothing was paused"): PauseOutcome.NOTHING_PAUSED,
    (False, "as before the window"): PauseOutcome.RESUMED,
    (True, "denied; the pause ends by itself at 21:10 UTC"): PauseOutcome.NOT_RESUMED,
}
LIMITS = {
    "equal counts do not prove that the documents are the same: one may lack and another be too many": (
        Limit.COUNTS_ONLY
    ),
    "it is not known how far the source had come before the snapshot: equal figures prove the same documents "
    "only if the target was restored from this source and written to by nobody else": Limit.NO_MARKS,
    "equal figures up to a mark prove the same documents only if the target was written to by nobody else, "
    "and no operation was rolled back on the source": Limit.OTHER_WRITERS,
    "closed indices are compared by Lucene documents and the last sequence number only, not by contents": (
        Limit.CLOSED_INDICES
    ),
    "contents, mappings, settings and aliases were not compared: that is level content": Limit.NOT_CONTENT,
    "contents were compared of a sample of the documents: those outside of it may have other contents": (
        Limit.SAMPLE_ONLY
    ),
}

NOW = {
    "equal counts do not prove that the documents are the same: one may lack and another be too many": (
        "equal counts do not prove equal documents: one may be missing and another one extra"
    ),
    "it is not known how far the source had come before the snapshot: equal figures prove the same documents "
    "only if the target was restored from this source and written to by nobody else": (
        "the state of the source before the snapshot is unknown: equal figures prove equality only if the "
        "target was restored from this source and nobody else wrote to it"
    ),
    "equal figures up to a mark prove the same documents only if the target was written to by nobody else, "
    "and no operation was rolled back on the source": (
        "equal figures up to a mark prove equality only if nobody else wrote to the target and no operation "
        "was rolled back on the source"
    ),
    "closed indices are compared by Lucene documents and the last sequence number only, not by contents": (
        "closed indices are compared only by Lucene documents and last sequence number, not by contents"
    ),
    "contents, mappings, settings and aliases were not compared: that is level content": (
        "contents, mappings, settings and aliases were not compared: that takes level content"
    ),
    "contents were compared of a sample of the documents: those outside of it may have other contents": (
        "only a sample of the documents was compared by contents: the others may differ"
    ),
    "the former registration was put back": "the previous registration was restored",
    "the former registration is as it was": "the previous registration is unchanged",
    "somebody has changed it since: left as it is": "left alone: somebody has changed it since",
    "run 20261124-200000-ab of this plan works with it: left as it is": (
        "left alone: run 20261124-200000-ab of this plan uses it"
    ),
    "it is not the index that this run has restored": "it is not the index that this run restored",
    "it is not the index that a round has made": "it is not the index that a round made",
    "it has backing indices of others: .ds-logs-000002, .ds-logs-000003": (
        "it also has other backing indices: .ds-logs-000002, .ds-logs-000003"
    ),
    "its backing indices are not those that this run has restored any more": (
        "its backing indices are no longer those that this run restored"
    ),
    "it belongs to data stream logs by now": "it now belongs to data stream logs",
    "it was made to take writes since a round has made it": (
        "it has been made writable since a round made it"
    ),
    "repository repo is not registered on the source any more": (
        "repository repo is no longer registered on the source"
    ),
    "repository repo is not registered on the source any more: 500: it\nis gone": (
        "repository repo is no longer registered on the source: 500: it\nis gone"
    ),
    "it was between other domains than the latest round: its copies and its snapshot are as they were": (
        "it ran between other domains than the latest round: its copies and snapshot were left alone"
    ),
    "the plan does not want it": "the plan does not ask for it",
    "its requests are not signed: it has no snapshots of the service": (
        "its requests are not signed, so the service takes no snapshots of it"
    ),
    "denied; a snapshot of the service that runs is waited for": (
        "denied; if the service takes a snapshot, the last round waits for it"
    ),
}
"""What reports say today, where an earlier version said it in other words."""


@pytest.mark.parametrize(("sentence", "outcome"), REGISTRATIONS.items())
def test_what_became_of_a_registration_is_told_as_before(sentence: str, outcome: RegistrationOutcome) -> None:
    found = Registration.model_validate(sentence)
    assert found.outcome == outcome
    assert cleanup.registration(found) == NOW.get(sentence, sentence)
    assert Registration.model_validate(found.model_dump(mode="json")) == found


def test_the_later_run_that_uses_a_registration_is_a_fact() -> None:
    found = Registration.model_validate("run 20261124-200000-ab of this plan works with it: left as it is")
    assert found.run_id == "20261124-200000-ab"


def test_a_sentence_of_the_first_versions_is_known_as_well() -> None:
    found = Registration.model_validate("somebody has registered another place since: left as it is")
    assert found.outcome == RegistrationOutcome.CHANGED_BY_OTHERS


@pytest.mark.parametrize("sentence", ["removed by a friend", "", "the registration"])
def test_what_no_version_has_written_is_refused(sentence: str) -> None:
    with pytest.raises(ValidationError):
        Registration.model_validate(sentence)


@pytest.mark.parametrize(("sentence", "reason"), SKIPPED.items())
def test_why_something_was_skipped_is_told_as_before(sentence: str, reason: SkippedReason) -> None:
    found = Skipped.model_validate({"name": "a", "why": sentence})
    assert (found.name, found.why) == ("a", reason)
    assert cleanup.skipped(found) == NOW.get(sentence, sentence)
    assert Skipped.model_validate(found.model_dump(mode="json")) == found


@pytest.mark.parametrize(("before", "outcome"), PAUSES.items())
def test_what_became_of_the_pause_is_told_as_before(before: tuple[bool, str], outcome: PauseOutcome) -> None:
    paused, sentence = before
    found = PauseRecord.model_validate({"paused": paused, "said": sentence})
    assert (found.paused, found.outcome) == (paused, outcome)
    told = NOW.get(sentence, sentence)
    assert seeding.paused(found) == f"{'paused' if paused else 'not paused'}: {told}"
    assert seeding.resumed(found).endswith(f"paused: {told}")
    assert PauseRecord.model_validate(found.model_dump(mode="json")) == found


def test_what_a_verification_does_not_prove_is_told_as_before() -> None:
    old = {"level": "counts", "verdicts": [], "skipped": [], "at": "2026-11-24T20:00:00Z"}
    found = VerificationRecord.model_validate({**old, "limits": list(LIMITS)})
    assert found.limits == tuple(LIMITS.values())
    assert [verification.limit(limit) for limit in found.limits] == [NOW[sentence] for sentence in LIMITS]
    assert VerificationRecord.model_validate_json(found.model_dump_json()) == found


def test_the_report_of_a_removal_has_words_and_facts() -> None:
    old = {
        "indices": ["a"],
        "snapshots": ["orders-1"],
        "registrations": {"source": "the registration was removed", "target": "this run registered nothing"},
        "left": [{"name": "b", "why": "it belongs to data stream logs by now"}],
    }
    shown = removal_report(RemovalRecord.model_validate_json(json.dumps(old))).model_dump(mode="json")
    assert {key: shown[key] for key in ("indices", "snapshots", "registrations")} == {
        key: old[key] for key in ("indices", "snapshots", "registrations")
    }
    assert shown["registration_outcomes"] == {"source": "removed", "target": "not by this run"}
    assert shown["left"] == [
        {"name": "b", "why": "it now belongs to data stream logs", "reason": "in a data stream"}
    ]


def test_the_report_of_a_finish_has_words_and_facts() -> None:
    old = {
        "at": "2026-11-24T20:00:00Z",
        "wanted": {"snapshots": "keep", "registrations": "keep", "source": None},
        "kept": ["orders-1"],
        "removed": [],
        "registrations": {"source": "kept", "target": "kept"},
        "released": [],
        "refusing": ["a"],
        "left": [],
    }
    shown = finish_report(FinishRecord.model_validate_json(json.dumps(old))).model_dump(mode="json")
    assert shown.pop("registration_outcomes") == {"source": "kept", "target": "kept"}
    assert shown == old


# every fact has its words


@pytest.mark.parametrize("outcome", RegistrationOutcome)
def test_every_outcome_of_a_registration_has_words(outcome: RegistrationOutcome) -> None:
    assert cleanup.registration(Registration(outcome=outcome, run_id="r"))


@pytest.mark.parametrize("reason", SkippedReason)
def test_every_reason_to_skip_has_words(reason: SkippedReason) -> None:
    said = cleanup.skipped(Skipped(name="a", why=reason, detail="b", error="c"))
    assert said.endswith(": c") and "{" not in said


@pytest.mark.parametrize("outcome", PauseOutcome)
def test_every_outcome_of_a_pause_has_words(outcome: PauseOutcome) -> None:
    until = datetime(2026, 11, 24, 21, 10, tzinfo=UTC)
    said = seeding.paused(PauseRecord(paused=True, outcome=outcome, until=until, error="denied"))
    assert said.startswith("paused: ") and "{" not in said


@pytest.mark.parametrize("limit", Limit)
def test_every_limit_has_words(limit: Limit) -> None:
    assert verification.limit(limit)


@pytest.mark.parametrize("why", WholeReason)
def test_every_reason_to_fetch_all_of_an_index_has_words(why: WholeReason) -> None:
    assert seeding.fetched_whole(why)
