"""Seed rounds and cutovers in the report and the status: built from journals made by hand."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import validator_for
from rich.console import RenderableType
from support.building import a_plan, a_resolution, a_snapshot, a_stream_unit, a_unit
from support.progress import standing_of
from typer.testing import CliRunner

from domains.shard_mark import Mark
from flows.cutover_rollback import original_failure
from reports.build.cleanup import finish_report
from reports.build.report import report_of
from reports.model.report import Report, report_schema
from reports.views.fitting import text_of
from reports.views.markdown import markdown
from reports.views.report import report_view
from reports.views.status import status_view
from reports.words import outcomes
from runs.commands import Called
from runs.guard_record import GuardFile, GuardRecord, GuardState, record_path
from runs.journal import GateEntry, Intent, Journal, StepEntry, WindowEntry
from runs.state import State
from snapferry.main import app
from tasks.records.cleanup import Finish, FinishRecord, Registration, RegistrationOutcome
from tasks.records.cutover import (
    FreezeRecord,
    HealthRecord,
    OpenRecord,
    PauseOutcome,
    PauseRecord,
    ReleaseRecord,
    RollBackRecord,
)
from tasks.records.estimates import WindowEstimate
from tasks.records.resolution import LeftOut
from tasks.records.seeding import Change, ChangeKind, ChangesRecord, CopiesRecord, Copy
from tasks.records.transfer import IndexRestore, RestoreRecord
from tasks.records.verification import Verdict, VerificationRecord

pytestmark = pytest.mark.slow

BEGAN = datetime(2026, 11, 24, 20, 0, 0, tzinfo=UTC)
MARK = Mark(shard=0, max_seq_no=9, global_checkpoint=9, primary_term=1, history="h")
SCHEMA = validator_for(report_schema())(report_schema())


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def change(name: str, kind: ChangeKind, **more: Any) -> Change:
    values: dict[str, Any] = {
        "target": name,
        "why": f"why {kind}",
        "operations": 7,
        "base": kind == "changed",
    }
    return Change(name=name, kind=kind, **{**values, **more})


def work(*changes: Change, number: int = 2, left_behind: tuple[str, ...] = ()) -> ChangesRecord:
    names = [each.name for each in changes]
    same = dict.fromkeys(names, "x")
    return ChangesRecord(
        round=number,
        changes=changes,
        marks=dict.fromkeys(names, (MARK,)),
        digests=same,
        aliases=same,
        left_behind=left_behind,
    )


def arrived(name: str, fetched: int, reused: int, **more: Any) -> IndexRestore:
    values = {"target": name, "restored": True, "shards": 1, "adopted": False, **more}
    return IndexRestore(source=name, bytes=fetched, reused_bytes=reused, **values)


def copies(*names: str, number: int = 2, doubted: tuple[str, ...] = ()) -> CopiesRecord:
    found = (
        Copy(source=name, uuid="u", target=name, target_uuid="t", marks=() if name in doubted else (MARK,))
        for name in names
    )
    return CopiesRecord(round=number, copies=tuple(found))


class Making:
    """A journal that is written by hand, each step at a time of one's own."""

    def __init__(self, folder: Path, verb: str) -> None:
        self.journal = State(folder, "orders").begin(a_plan(), verb)
        self.document = self.journal.document
        self.clock = 0.0

    def step(self, name: str, seconds: float, record: Any = None) -> "Making":
        """A step that took so long, right after the one before."""
        entry = StepEntry(attempts=1, started=at(self.clock), seconds=seconds)
        self.clock += seconds
        entry.ended = at(self.clock)
        entry.record = record.model_dump(mode="json") if record else None
        self.document.steps[name] = entry
        return self

    def intent(self, action: str, *names: str, result: str | None = "sent") -> "Making":
        """A request that was meant, and how it ended."""
        side = "source" if action in {"block", "release"} else "target"
        self.document.intents.append(
            Intent(step=action, side=side, action=action, detail={"names": names}, at=at(0), result=result)
        )
        return self

    def end(self, status: Any, message: str = "", hint: str = "") -> Journal:
        """How it stands."""
        self.journal.settle(status, message, hint)
        return self.journal


RESOLUTION = a_resolution(*map(a_unit, ("added", "grown", "still", "remade")))
CHANGES = work(
    change("added", "new"),
    change("grown", "changed", operations=1234),
    change("remade", "made anew", base=True),
    change("still", "unchanged", why="", operations=0),
    change("gone", "dropped", operations=None),
    left_behind=("old",),
)
RESTORED = RestoreRecord(
    indices=(
        arrived("added", 3_000_000, 0),
        arrived("grown", 1_000_000, 9_000_000),
        arrived("remade", 500_000, 0),
    ),
    batches=1,
)


def a_round(folder: Path) -> Making:
    """A second seed round, up to its restore."""
    made = Making(folder, "seed").step("resolve", 1, RESOLUTION).step("compare", 2, CHANGES)
    made.intent("remove", "gone").step("discard copies", 1)
    made.step("snapshot", 3, a_snapshot("orders-2", bytes_written=4_400_000))
    return made.step("restore", 4, RESTORED)


def a_seed(folder: Path) -> Journal:
    """The same, done."""
    made = a_round(folder).step("copies", 1, copies("added", "grown", "remade", "still", "old"))
    return made.end("done")


STREAM = a_stream_unit("logs", ".ds-logs-1")
MOVING = a_resolution(a_unit("plain"), a_unit("people", target="folk", action="rename"), STREAM)
SAME = VerificationRecord(
    level="operations",
    verdicts=tuple(
        Verdict(source=s, target=t, outcome="equal", source_count=5, target_count=5, shards=1)
        for s, t in (("plain", "plain"), ("people", "folk"), (".ds-logs-1", ".ds-logs-1"))
    ),
    skipped=(),
    at=at(0),
)
LAST = (
    change("plain", "changed"),
    change("people", "unchanged", target="folk"),
    change(".ds-logs-1", "unchanged", stream="logs"),
)
BLOCKED = ("plain", "people", ".ds-logs-1")
GATE = GateEntry(since=at(60), until=at(600))


def a_frozen(folder: Path) -> Making:
    """A cutover inside its window, verified: frozen at second 10."""
    made = Making(folder, "cutover").step("resolve", 4, MOVING)
    expected = WindowEstimate(low=20, high=60, indices=1, operations=5, bytes=0, basis=("run-1",))
    made.step("expect window", 2, expected)
    made.step(
        "pause automated snapshots", 4, PauseRecord(paused=True, outcome=PauseOutcome.PAUSED, until=at(4200))
    )
    made.document.window = WindowEntry(frozen=at(10), deadline=at(1210))
    made.intent("block", "plain", "people").intent("block", ".ds-logs-1", result=None)
    made.intent("block", "refused", result="denied")
    made.step("freeze", 5, FreezeRecord(at=at(15), blocked=BLOCKED, before=("frozen",)))
    made.step("compare", 1, work(*LAST, number=4))
    made.step("start snapshot", 2).step("snapshot", 8, a_snapshot("orders-4"))
    made.step("restore", 6, RestoreRecord(indices=(arrived("plain", 10, 90),), batches=1))
    made.step("open copies", 3).step("verify", 7, SAME).step("look at names", 1)
    return made


def an_opened(folder: Path, *, kept: bool = True) -> Making:
    """A cutover that is done: the target took writes at second 110, after a minute at a gate."""
    made = a_frozen(folder)
    made.document.gates["before-open"] = GateEntry(since=at(43), until=at(900), approved=at(103), by="ann")
    made.step("make data streams", 2).step("verify data streams", 1).step("set aliases", 1)
    opened = OpenRecord(
        at=at(110),
        opened=("plain", "folk", ".ds-logs-1"),
        streams=("logs",),
        aliases={"all": ("plain", "folk")},
        repoint="https://target.example",
    )
    made.step("open", 2, opened)
    window = made.document.window
    assert window
    window.opening, window.ended = at(106), at(110)
    released = ReleaseRecord(released=() if kept else BLOCKED, kept=BLOCKED if kept else ())
    made.step("release", 1, released).step(
        "health", 9, HealthRecord(waited_s=9, not_green={"folk": "yellow"})
    )
    return made.step("resume automated snapshots", 1, PauseRecord(paused=False, outcome=PauseOutcome.RESUMED))


def a_put_back(folder: Path, ended: float, status: Any, hint: str = "") -> Journal:
    """A cutover after which everything was put back."""
    made = a_frozen(folder)
    window = made.document.window
    assert window
    made.document.aborting = True
    made.document.failure = {"message": "2 of 3 differ", "hint": hint, "status": status}
    made.step("release", 2, ReleaseRecord(released=BLOCKED, kept=()))
    window.ended = at(ended)
    made.step("copies", 1, copies("plain", "folk", ".ds-logs-1", number=4, doubted=("plain",)))
    made.step("back out", 0, RollBackRecord(why="2 of 3 differ"))
    return made.end(status, "2 of 3 differ; nothing was opened", "the lead's words")


def shown(view: RenderableType) -> str:
    return text_of(view)


def forms(report: Report) -> tuple[str, str]:
    """Console and Markdown; the JSON has the schema's form."""
    SCHEMA.validate(json.loads(report.model_dump_json()))
    return shown(report_view(report)), markdown(report)


# seed rounds


def test_a_round_is_done_with_its_copies_and_not_verified(tmp_path: Path) -> None:
    report = report_of(a_seed(tmp_path).document)
    said = outcomes.headline(report)
    assert said.startswith("done: 5 copies as of 2026-11-24 20:00:01 UTC")
    for text in forms(report):
        assert said[1:] in text, "in Markdown it begins with a capital letter"
        assert "verified" not in text and "equal" not in text


def test_a_round_tells_what_has_changed_and_what_was_fetched_for_it(tmp_path: Path) -> None:
    told = report_of(a_seed(tmp_path).document).round
    assert told
    assert (told.number, told.fetched, told.reused, told.written) == (2, 4_500_000, 9_000_000, 4_400_000)
    assert told.changes == {"new": 1, "changed": 1, "made anew": 1, "dropped": 1, "unchanged": 1}
    assert {index.source: (index.kind, index.fetched, index.reused) for index in told.indices} == {
        "added": ("new", 3_000_000, 0),
        "grown": ("changed", 1_000_000, 9_000_000),
        "remade": ("made anew", 500_000, 0),
        "still": ("unchanged", None, None),
        "gone": ("dropped", None, None),
    }
    assert (told.copies, told.removed, told.left_behind) == (5, ["gone"], ["old"])


def test_what_was_no_delta_is_named_with_the_reason(tmp_path: Path) -> None:
    report = report_of(a_seed(tmp_path).document)
    assert report.round
    whole = {index.target: index.whole for index in report.round.indices if index.whole}
    assert whole == {"remade": "it was recreated on the source"}
    for text in forms(report):
        assert "it was recreated on the source" in text


def test_a_row_of_a_round_is_an_index_that_has_changed(tmp_path: Path) -> None:
    table, text = forms(report_of(a_seed(tmp_path).document))
    rows = {line.split()[0]: line.split() for line in table.splitlines() if line.strip()}
    assert rows["Index"] == ["Index", "Change", "Operations", "Fetched", "Reused"]
    assert rows["grown"] == ["grown", "changed", "1,234", "1.0", "MB", "9.0", "MB"]
    assert rows["gone"] == ["gone", "dropped", "–", "–", "–"]
    assert "still" not in rows
    assert "1 unchanged: their copies were left as they are" in table
    assert "Copies removed: gone" in table
    assert "no longer selected: old" in table
    assert "| grown | grown | changed | why changed | 1,234 | 1.0 MB | 9.0 MB |  |" in text
    assert "## Indices" not in text


def test_an_index_of_a_round_is_copied_or_stands_as_it_was(tmp_path: Path) -> None:
    report = report_of(a_seed(tmp_path).document)
    assert {index.source: index.verdict for index in report.indices} == {
        "added": "copied",
        "grown": "copied",
        "remade": "copied",
        "still": "unchanged",
    }
    assert report.totals.restored == 3


def test_a_rehearsed_cutover_is_a_round_with_verdicts(tmp_path: Path) -> None:
    later = Verdict(
        source="grown", target="grown", outcome="bracketed", source_count=6, target_count=5, shards=1
    )
    same = [
        Verdict(source=name, target=name, outcome="equal", source_count=5, target_count=5, shards=1)
        for name in ("added", "remade", "still")
    ]
    found = SAME.model_copy(update={"verdicts": (*same, later)})
    made = a_round(tmp_path).step("verify", 1, found)
    made.step("copies", 1, copies("added", "grown", "remade", "still"))
    report = report_of(made.end("done").document)
    assert outcomes.headline(report).endswith("; 3 of 4 indices equal, 1 bracketed")
    assert {index.source: index.verdict for index in report.indices}["grown"] == "bracketed"
    table, text = forms(report)
    assert "Round 2: " in table and "bracketed" in table
    assert "## Indices" in text
    failed = report.model_copy(update={"outcome": "different"})
    assert outcomes.state_sentence(failed).startswith("copied, but the verification found a difference")


def test_a_round_that_failed_names_the_index_that_did_not_arrive(tmp_path: Path) -> None:
    bad = arrived("grown", 0, 0, restored=False, problem="no valid shard copy")
    made = a_round(tmp_path)
    made.document.steps["restore"].record = RestoreRecord(indices=(bad,), batches=1).model_dump(mode="json")
    report = report_of(made.end("failed", "1 index was not restored").document)
    table, _ = forms(report)
    assert "grown: no valid shard copy" in table
    assert outcomes.headline(report).startswith("failed after something had been changed")
    assert report.round and report.round.copies is None


def test_of_a_thousand_indices_a_round_shows_twenty_and_sums_up_those_that_stand(tmp_path: Path) -> None:
    changes = [change(f"new-{n:04}", "new") for n in range(60)]
    changes += [change(f"same-{n:04}", "unchanged") for n in range(940)]
    made = Making(tmp_path, "seed").step("resolve", 1, a_resolution(*(a_unit(c.name) for c in changes)))
    table, text = forms(report_of(made.step("compare", 1, work(*changes)).end("interrupted").document))
    assert len(table.splitlines()) < 60
    assert "40 more; --json shows all" in table and "940 unchanged" in table
    assert text.count("\n| new-") == 60 and "same-" not in text


def test_after_a_round_comes_another_or_the_cutover(tmp_path: Path) -> None:
    report = report_of(a_seed(tmp_path).document, Called(plan="my plan.yaml", state="s"))
    assert "seed again as often as you like" in report.next and report.next_command in report.next
    assert report.next_command == "snapferry cutover 'my plan.yaml' --state s"
    assert "point your clients" not in report.next


def test_a_report_can_be_made_at_every_stage_of_a_round_and_of_a_cutover(tmp_path: Path) -> None:
    for number, whole in enumerate((a_seed(tmp_path), an_opened(tmp_path).end("done"))):
        steps = list(whole.document.steps)
        for count in range(len(steps) + 1):
            document = whole.document.model_copy(
                update={"steps": {name: whole.document.steps[name] for name in steps[:count]}}
            )
            for text in forms(report_of(document)):
                assert whole.run_id in text, number


# the window


def test_the_window_is_measured_by_phases_that_add_up(tmp_path: Path) -> None:
    window = report_of(an_opened(tmp_path).end("done").document).window
    assert window
    assert (window.outcome, window.seconds) == ("open", 100)
    assert {phase.name: phase.seconds for phase in window.phases} == {
        "freeze": 5,
        "compare": 1,
        "snapshot": 10,
        "restore": 6,
        "open copies": 3,
        "verify": 8,
        "waiting at before-open": 60,
        "data streams": 3,
        "aliases and opening": 3,
        "between the steps": 1,
    }
    assert sum(phase.seconds for phase in window.phases) == window.seconds


@pytest.mark.parametrize(("low", "high", "inside"), [(20, 60, True), (20, 39, False), (41, 60, False)])
def test_the_window_is_compared_with_what_was_expected_without_the_wait_at_the_gate(
    tmp_path: Path, low: float, high: float, inside: bool
) -> None:
    made = an_opened(tmp_path)
    expected = WindowEstimate(low=low, high=high, indices=1, operations=5, bytes=0, basis=("run-1",))
    made.document.steps["expect window"].record = expected.model_dump(mode="json")
    report = report_of(made.end("done").document)
    assert report.window
    assert (report.window.inside, report.window.expected_from) == (inside, ["run-1"])
    said = "within" if inside else "longer" if high < 40 else "shorter"
    for text in forms(report):
        assert f"(measured in run-1): {said} (40.0 s without the wait at the gate)" in text


def test_an_approval_in_advance_took_no_time_of_the_window(tmp_path: Path) -> None:
    made = an_opened(tmp_path)
    made.document.gates["before-open"].approved = at(1)
    window = report_of(made.end("done").document).window
    assert window and "waiting at before-open" not in {phase.name for phase in window.phases}


def test_what_clients_must_use_is_listed(tmp_path: Path) -> None:
    report = report_of(an_opened(tmp_path).end("done").document)
    assert report.window and report.window.repoint
    found = report.window.repoint
    assert (found.endpoint, found.indices, found.streams) == (
        "https://target.example",
        ["folk", "plain"],
        ["logs"],
    )
    assert [(each.source, each.target) for each in found.renamed] == [("people", "folk")]
    assert found.aliases == {"all": ["plain", "folk"]}
    table, text = forms(report)
    assert "https://target.example: 2 indices, 1 data stream (logs), 1 alias (all)" in table
    assert "people is folk" in table
    assert "| index | folk | was people |" in text and "| alias | all | plain, folk |" in text
    assert "point your clients at https://target.example" in report.next
    assert report.next.endswith(": snapferry finish PLAN") and report.next_command in report.next


def test_falling_back_is_possible_as_long_as_nobody_has_written_to_the_target(tmp_path: Path) -> None:
    kept = report_of(an_opened(tmp_path / "a").end("done").document).window
    free = report_of(an_opened(tmp_path / "b", kept=False).end("done").document).window
    assert kept and free
    assert kept.still_blocked == sorted(BLOCKED) and free.still_blocked == []
    assert "as long as nobody has written to the target: release the source" in kept.falling_back
    assert "snapferry finish PLAN --source released --execute" in kept.falling_back
    assert "the source takes writes, too" in free.falling_back


def test_health_and_the_services_own_snapshots_are_told(tmp_path: Path) -> None:
    report = report_of(an_opened(tmp_path).end("done").document)
    for text in forms(report):
        assert "1 not green after 9.0 s: folk (yellow)" in text
        assert "not paused: as before the window" in text
        assert "until 21:10" not in text, "the last state alone"


def test_why_the_services_own_snapshots_were_not_paused_is_told(tmp_path: Path) -> None:
    made = an_opened(tmp_path)
    for step, outcome in (("pause", PauseOutcome.NOT_SIGNED), ("resume", PauseOutcome.NOTHING_PAUSED)):
        record = PauseRecord(paused=False, outcome=outcome)
        made.document.steps[f"{step} automated snapshots"].record = record.model_dump(mode="json")
    window = report_of(made.end("done").document).window
    assert window and window.automated_snapshots == [
        "not paused: its requests are not signed, so the service takes no snapshots of it"
    ]


def test_a_row_of_a_cutover_says_restore_of_what_was_restored_alone(tmp_path: Path) -> None:
    table, _ = forms(report_of(an_opened(tmp_path).end("done").document))
    rows = {line.split()[0]: line for line in table.splitlines() if line.strip() and "equal" in line}
    assert " restore " in rows["plain"]
    assert " unchanged " in rows["people"] and "rename" not in rows["people"]
    assert " restore " in rows[".ds-logs-1"], "with its data stream"


def test_units_keep_their_case_at_the_beginning_of_a_line(tmp_path: Path) -> None:
    table, _ = forms(report_of(an_opened(tmp_path).end("done").document))
    assert "Round 4: " in table and "10 B fetched, 90 B reused" in table


def test_a_denied_block_blocks_nothing_and_one_whose_end_is_not_known_may(tmp_path: Path) -> None:
    window = report_of(a_frozen(tmp_path).end("interrupted").document).window
    assert window and window.blocked == sorted(BLOCKED) and window.before == ["frozen"]


def test_a_cutover_is_done_verified_and_open(tmp_path: Path) -> None:
    report = report_of(an_opened(tmp_path).end("done").document)
    said = outcomes.headline(report)
    assert said.startswith("done, verified and open: 3 of 3 indices equal, 15 documents")
    assert said.endswith("the source refused writes for 1 min 40 s")


def test_the_later_verdict_on_a_data_stream_counts(tmp_path: Path) -> None:
    made = an_opened(tmp_path)
    worse = SAME.verdicts[2].model_copy(update={"outcome": "different", "detail": "1 operation is lacking"})
    apart = SAME.model_copy(
        update={"verdicts": (worse,), "skipped": (LeftOut(name="plain", reason="compared before"),)}
    )
    made.document.steps["verify data streams"].record = apart.model_dump(mode="json")
    report = report_of(made.end("different").document)
    assert {i.target: i.verdict for i in report.indices} == {
        "plain": "equal",
        "folk": "equal",
        ".ds-logs-1": "different",
    }
    assert (report.totals.equal, report.totals.different) == (2, 1)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("different", "the verification found a difference"),
        ("failed", "after a failure"),
        ("interrupted", "the end of its window"),
    ],
)
def test_after_putting_back_no_command_continues_the_run(tmp_path: Path, status: str, said: str) -> None:
    report = report_of(a_put_back(tmp_path, 50, status, "look at the report").document)
    assert report.window and report.window.outcome == "put back"
    assert {phase.name: phase.seconds for phase in report.window.phases}["putting back"] == 2
    assert outcomes.headline(report).startswith("rolled back") and said in outcomes.headline(report)
    assert report.window.inside is None and report.window.still_blocked == []
    assert "look at the report; the source takes writes again" in report.next
    assert "the next cutover continues from the copies: snapferry cutover PLAN" in report.next
    for text in forms(report):
        assert "the same command continues it" not in text
        assert "nothing was opened and the source takes writes" in text


def test_after_a_fallback_that_was_rolled_back_the_next_command_is_a_fallback(tmp_path: Path) -> None:
    journal = a_put_back(tmp_path, 50, "different")
    journal.document.back = True
    told = report_of(journal.document).next
    assert "snapferry fallback PLAN" in told and "cutover" not in told
    hint = original_failure(journal).hint
    assert "snapferry fallback PLAN" in hint and "cutover" not in hint


def test_a_cutover_that_was_killed_while_putting_back_goes_on_with_that(tmp_path: Path) -> None:
    journal = a_put_back(tmp_path, 50, "failed")
    del journal.document.steps["back out"]
    journal.document.status = "running"
    told = report_of(journal.document)
    assert told.next.startswith("run the same command again: it resumes the roll-back")
    assert told.next_command == "snapferry cutover PLAN --execute --allow-freeze"


def test_a_finished_cutover_says_how_it_was_settled(tmp_path: Path) -> None:
    settled = FinishRecord(
        at=at(500),
        wanted=Finish(source="released"),
        kept=("orders-4",),
        removed=(),
        registrations={
            "source": Registration(outcome=RegistrationOutcome.REMOVED),
            "target": Registration(outcome=RegistrationOutcome.KEPT),
        },
        released=BLOCKED,
        refusing=(),
    )
    report = report_of(an_opened(tmp_path).step("finish", 2, settled).end("done").document)
    assert report.finish == finish_report(settled)
    assert report.finish.registrations == {"source": "the registration was removed", "target": "kept"}
    assert report.window and report.window.still_blocked == []
    assert report.next.endswith("everything is cleaned up")
    for text in forms(report):
        assert "orders-4" in text and "the registration was removed" in text


# the status


def the_status(folder: Path, *arguments: str) -> str:
    """What the command says."""
    file = folder / "plan.yaml"
    file.write_text(json.dumps(a_plan().model_dump(mode="json", exclude_defaults=True)), encoding="utf-8")
    result = CliRunner().invoke(app, ["status", str(file), "--state", str(folder), *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_cutover_killed_inside_its_window_is_told_first_with_the_command_that_lifts_it(
    tmp_path: Path,
) -> None:
    a_frozen(tmp_path).end("running")
    lines = the_status(tmp_path).splitlines()
    assert lines[0].startswith("The source refuses writes to 3 indices since 2026-11-24 20:00:10 UTC")
    assert "no process works on it" in lines[0] and "2026-11-24 20:20:10 UTC" in lines[0]
    assert lines[1] == f"To release it: snapferry abort {tmp_path / 'plan.yaml'} --state {tmp_path} --execute"
    assert "stopped unexpectedly while the source refuses writes; nothing is open yet" in lines[2]
    assert (
        f"`snapferry abort {tmp_path / 'plan.yaml'} --state {tmp_path} --execute` rolls it back" in lines[-2]
    )


def test_the_same_as_json(tmp_path: Path) -> None:
    journal = a_frozen(tmp_path).end("running")
    told = json.loads(the_status(tmp_path, "--json"))["source_refuses_writes"]
    assert told == {
        "run_id": journal.run_id,
        "verb": "cutover",
        "side": "source",
        "state": "window",
        "indices": sorted(BLOCKED),
        "since": "2026-11-24T20:00:10Z",
        "deadline": "2026-11-24T20:20:10Z",
        "lift": f"snapferry abort {tmp_path / 'plan.yaml'} --state {tmp_path} --execute",
        "guard": None,
    }


def test_while_a_process_works_on_the_window_its_deadline_is_told(tmp_path: Path) -> None:
    a_frozen(tmp_path).end("running")
    state = State(tmp_path, "orders")
    with state.lock_plan():
        first = the_status(tmp_path).splitlines()[0]
        lines = the_status(tmp_path).splitlines()
    assert first.endswith("until 2026-11-24 20:20:10 UTC at the latest: then the cutover is rolled back.")
    assert lines[1] == f"Process {os.getpid()} works on it; it ends the window by itself at its deadline."
    said = f"end that process with Ctrl-C or SIGTERM: kill {os.getpid()}"
    assert lines[2] == f"To roll back now, {said}"
    assert any(line.endswith(f": running (process {os.getpid()} works on it)") for line in lines)
    assert "snapferry abort" not in "".join(lines[:3]), "it would be refused"


def test_while_a_process_puts_everything_back_it_is_waited_for(tmp_path: Path) -> None:
    made = a_frozen(tmp_path)
    made.document.aborting = True
    made.end("running")
    with State(tmp_path, "orders").lock_plan():
        lines = the_status(tmp_path).splitlines()
    assert lines[1] == f"Process {os.getpid()} works on it: wait for it."
    assert "kill" not in "".join(lines)


def test_a_step_that_was_interrupted_says_so(tmp_path: Path) -> None:
    made = Making(tmp_path, "seed")
    with pytest.raises(KeyboardInterrupt), made.journal.step("restore"):
        raise KeyboardInterrupt
    made.end("interrupted")
    assert "Last step: restore, attempt 1: interrupted" in the_status(tmp_path).splitlines()


def test_a_rehearsal_that_found_a_difference_is_followed_by_a_round(tmp_path: Path) -> None:
    made = a_round(tmp_path).step("verify", 1, SAME)
    found = report_of(made.end("different", "1 differs", "the hint of the verification").document)
    assert (
        found.next
        == "seed again: the next round copies the differing indices again: snapferry seed PLAN --execute"
    )


def test_a_frozen_source_is_told_whatever_run_came_later(tmp_path: Path) -> None:
    a_frozen(tmp_path).end("running")
    Making(tmp_path, "rehearse").end("interrupted")
    text = the_status(tmp_path)
    assert text.startswith("The source refuses writes to 3 indices")
    assert "Rehearsal" in text


def test_a_window_that_had_only_begun_is_told_too(tmp_path: Path) -> None:
    made = Making(tmp_path, "cutover").step("resolve", 1, MOVING)
    made.document.window = WindowEntry(frozen=at(10), deadline=at(70))
    made.end("running")
    assert the_status(tmp_path).startswith("The source may refuse writes since 2026-11-24 20:00:10 UTC")


def test_killed_while_opening_only_the_same_command_helps(tmp_path: Path) -> None:
    made = an_opened(tmp_path)
    for name in ("release", "health", "resume automated snapshots"):
        del made.document.steps[name]
    made.end("running")
    lines = the_status(tmp_path).splitlines()
    assert "the target is being opened" in lines[0]
    plan = tmp_path / "plan.yaml"
    assert lines[1] == f"To finish that: snapferry cutover {plan} --state {tmp_path} --execute --allow-freeze"
    assert "snapferry abort" not in "".join(lines)
    assert lines[-2] == "To do: run the same command again: it resumes opening the target"
    assert lines[-1] == f"next: snapferry cutover {plan} --state {tmp_path} --execute --allow-freeze"


def test_a_block_that_was_kept_is_told_until_finish_lifts_it(tmp_path: Path) -> None:
    made = an_opened(tmp_path)
    made.end("done")
    lines = the_status(tmp_path).splitlines()
    assert lines[0].endswith("the target is open, and the source keeps refusing them.")
    plan = tmp_path / "plan.yaml"
    assert (
        lines[1] == f"To release it: snapferry finish {plan} --state {tmp_path} --source released --execute"
    )
    settled = FinishRecord(
        at=at(500), wanted=Finish(source="released"), kept=(), removed=(), registrations={},
        released=BLOCKED, refusing=(),
    )  # fmt: skip
    made.step("finish", 1, settled).end("done")
    assert "refuses writes" not in the_status(tmp_path)
    assert json.loads(the_status(tmp_path, "--json"))["source_refuses_writes"] is None


def test_after_putting_back_the_source_is_not_said_to_refuse_writes(tmp_path: Path) -> None:
    a_put_back(tmp_path, 50, "different")
    text = the_status(tmp_path)
    assert not text.startswith("The source refuses")
    assert "Copies on the target: 3 as of" in text and "the next round copies 1 of them again" in text


def test_the_copies_of_the_rounds_are_told(tmp_path: Path) -> None:
    a_seed(tmp_path)
    text = the_status(tmp_path)
    assert "Copies on the target: 5 as of 2026-11-24 20:00:01 UTC (round 2)" in text
    assert json.loads(the_status(tmp_path, "--json"))["copies"] == {
        "round": 2,
        "copies": 5,
        "doubted": 0,
        "left_by_fallback": False,
        "as_of": "2026-11-24T20:00:01Z",
    }


def test_opened_copies_wait_no_more(tmp_path: Path) -> None:
    a_seed(tmp_path)
    an_opened(tmp_path).end("done")
    assert json.loads(the_status(tmp_path, "--json"))["copies"] is None


def test_a_seed_whose_process_is_gone_is_continued(tmp_path: Path) -> None:
    report = report_of(a_round(tmp_path).end("running").document)
    gone = standing_of(report, held=False)
    assert (gone["outcome"], gone["next"]) == (
        "interrupted",
        "run the same command again: it continues this run: snapferry seed PLAN --execute",
    )
    assert "Seed round" in shown(status_view(gone))


def guarded(journal: Journal, state: GuardState, **more: str) -> GuardFile:
    """A live guard of the window, as long as what is returned."""
    file = GuardFile(record_path(journal.path))
    at = datetime(2026, 11, 24, 20, 1, tzinfo=UTC)
    file.write(GuardRecord(run_id=journal.run_id, process=77, state=state, at=at, **more))
    return file


def test_the_guard_of_a_window_is_told(tmp_path: Path) -> None:
    journal = a_frozen(tmp_path).end("running")
    guard = guarded(journal, GuardState.WATCHING)
    assert "Its guard (process 77) releases it at once" in the_status(tmp_path)
    del guard
    assert "Its guard" not in the_status(tmp_path)


def test_a_guard_that_still_tries_says_what_keeps_it(tmp_path: Path) -> None:
    journal = a_frozen(tmp_path).end("running")
    guard = guarded(journal, GuardState.RELEASING, why="the command ended", problem="no answer within 20 s")
    told = the_status(tmp_path)
    assert "is trying to release it, again and again; last problem: no answer within 20 s" in told
    assert "the process of the cutover is gone" in told
    del guard


def test_a_source_that_the_guard_released_is_not_told_as_blocked(tmp_path: Path) -> None:
    journal = a_frozen(tmp_path).end("running")
    guarded(journal, GuardState.RELEASED, why="the command ended", problem="cannot write: disk full")
    lines = the_status(tmp_path).splitlines()
    assert lines[0] == (
        "The source takes writes again since 2026-11-24 20:01:00 UTC: the command ended. "
        "It could not do the rest: cannot write: disk full."
    )
    assert lines[1].startswith(f"To roll back the rest of cutover {journal.run_id}: snapferry abort")


def test_what_the_guard_could_not_release_is_named(tmp_path: Path) -> None:
    journal = a_frozen(tmp_path).end("running")
    guarded(journal, GuardState.LEFT, why="the command ended", problem="first: archived.x")
    lines = the_status(tmp_path).splitlines()
    assert lines[0].startswith("The source refuses writes")
    assert lines[1] == "Its guard could not release it: first: archived.x"
