"""The report: built at every stage of a run; console, Markdown and JSON show the same facts."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from rich.console import RenderableType
from support.building import a_document, a_journal, a_plan, a_resolution, a_snapshot, a_stream_unit, a_unit
from support.progress import standing_of

from reports.build.report import report_of
from reports.files import report_files, write_reports
from reports.model.report import Report, report_schema
from reports.page.page import page
from reports.views.cleanup import (
    finish_preview_view,
    leftovers_view,
    rolled_back_view,
    unfinished_cutover_view,
)
from reports.views.fitting import text_of
from reports.views.markdown import markdown
from reports.views.plan import plan_view
from reports.views.report import report_view, verification_view
from reports.views.status import status_view
from reports.words import common, outcomes
from runs.commands import Called
from runs.journal import Journal, now
from runs.sampling.samples import StepSamples
from runs.verbs import Verb
from tasks.records.cleanup import (
    Finish,
    Leftovers,
    RemovalRecord,
    RolledBackRecord,
    Skipped,
    SkippedReason,
)
from tasks.records.previews import FinishPreview, UnfinishedCutover
from tasks.records.resolution import LeftOut
from tasks.records.transfer import Attempt, Form, IndexRestore, RepositoryRecord, RestoreRecord
from tasks.records.verification import DocumentDifference, Limit, Verdict, VerificationRecord

ROOT = Path(__file__).resolve().parents[3]
STEPS = [
    "resolve",
    "register on source",
    "register on target",
    "start snapshot",
    "snapshot",
    "find on target",
]
STEPS += ["restore", "verify"]
NASTY = "a|b\nc`d"


def repository(side: Any) -> RepositoryRecord:
    said = "The bucket is in this region: us-east-1. Please use this region to retry the request"
    return RepositoryRecord(
        side=side,
        name="repo",
        form="endpoint",
        settings={"bucket": "my-snapshots", "endpoint": "s3.amazonaws.com"},
        readonly=side == "target",
        already_there=False,
        attempts=(Attempt(form="region", accepted=False, said=said), Attempt(form="endpoint", accepted=True)),
        nodes=("n1",),
    )


RESOLUTION = a_resolution(
    a_unit("orders"),
    a_unit("old", target="x-old", action="rename", conflict="index old"),
    a_stream_unit("logs", ".ds-logs-000001"),
    a_unit("taken", action="skip", conflict="index taken"),
    left_out=(LeftOut(name="shut", reason="closed"), LeftOut(name=".kibana_1", reason="system")),
    notes=("alias all is already on the target",),
)


def arrived(name: str, target: str | None = None, **changes: Any) -> IndexRestore:
    values: dict[str, Any] = {
        "restored": True,
        "shards": 1,
        "bytes": 1_500_000,
        "reused_bytes": 0,
        "adopted": False,
    }
    return IndexRestore(source=name, target=target or name, **{**values, **changes})


RESTORED = RestoreRecord(
    indices=(arrived("orders"), arrived("old", "x-old"), arrived(".ds-logs-000001")),
    batches=1,
    deleted=("gone",),
)


def verdict(name: str, outcome: Any = "equal", counts: Any = (1234, 1234), **changes: Any) -> Verdict:
    values = {"target": name, "source_count": counts[0], "target_count": counts[1], "shards": 1, **changes}
    return Verdict(source=name, outcome=outcome, **values)


VERIFIED = VerificationRecord(
    level="operations",
    verdicts=(
        verdict("orders"),
        verdict(
            "old",
            "different",
            (5678, 5677),
            target="x-old",
            detail="5678 documents on the source, 5677 on the target",
        ),
        verdict(
            ".ds-logs-000001", "not compared", (9, None), detail="could not be compared: target: timed out"
        ),
    ),
    skipped=RESOLUTION.left_out,
    at=now(),
)
RECORDS = {
    "resolve": RESOLUTION,
    "register on source": repository("source"),
    "register on target": repository("target"),
    "snapshot": a_snapshot("orders-1"),
    "restore": RESTORED,
    "verify": VERIFIED,
}


def journal_after(folder: Path, steps: int, status: Any = "running", **changes: Any) -> Journal:
    """A run that has come so far."""
    journal = a_journal(folder, a_plan())
    for name in STEPS[:steps]:
        with (
            journal.step(name),
            journal.intend(name, "target", "restore", {"names": [f"i{n}" for n in range(7)]}),
        ):
            pass
        if name in RECORDS:
            journal.keep(name, RECORDS[name])
    if steps < len(STEPS):
        with (
            pytest.raises(KeyboardInterrupt),
            journal.step(STEPS[steps]),
            journal.intend("x", "source", "register", {}),
        ):
            raise KeyboardInterrupt
    journal.document.requests = {"source": {"reads": 41, "writes": 4}, "target": {"reads": 42, "writes": 5}}
    journal.settle(status, "the reason", "the next thing")
    return journal


@pytest.fixture
def whole(tmp_path: Path) -> Report:
    """The report of a run that went through all steps and found a difference."""
    return report_of(journal_after(tmp_path, len(STEPS), "different").document)


def shown(view: RenderableType) -> str:
    return text_of(view)


@pytest.fixture(scope="module")
def schema() -> Validator:
    """The report's schema, itself checked, ready to check reports."""
    made = report_schema()
    kind = validator_for(made)
    kind.check_schema(made)
    return kind(made)


@pytest.mark.slow
@pytest.mark.parametrize("steps", range(len(STEPS) + 1))
@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_a_report_can_be_made_at_every_stage(
    tmp_path: Path, schema: Validator, steps: int, status: str
) -> None:
    journal = journal_after(tmp_path, steps, status)
    report = report_of(Journal.load(journal.path).document)
    schema.validate(json.loads(report.model_dump_json()))
    assert Report.model_validate_json(report.model_dump_json()) == report
    text, table = markdown(report), shown(report_view(report))
    for form in (text, table):
        assert report.run_id in form
        assert "the reason" in form
        assert "the next thing" in form
    assert len(report.steps) == min(steps + 1, len(STEPS))
    assert bool(report.indices) is (steps > 0)
    assert shown(status_view(standing_of(report, held=False)))
    if steps < len(STEPS):
        assert report.changes[-1].result == "unknown"
        assert report.steps[-1].error


def test_the_schema_refuses_what_is_no_report(whole: Report, schema: Validator) -> None:
    document = json.loads(whole.model_dump_json())
    for change in ({"outcome": "fine"}, {"extra": 1}, {"totals": None}, {"format": 2}):
        with pytest.raises(jsonschema.ValidationError):
            schema.validate({**document, **change})
    del document["run_id"]
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(document)


def test_the_schema_file_is_up_to_date() -> None:
    file = ROOT / "reports/report.schema.json"
    assert json.loads(file.read_text(encoding="utf-8")) == report_schema()


def test_the_figures_add_up(whole: Report) -> None:
    totals = whole.totals
    assert (totals.indices, totals.restored, totals.equal, totals.different, totals.not_compared) == (
        3,
        3,
        1,
        1,
        1,
    )
    assert totals.documents == 1234 + 5677
    assert totals.bytes == 4_500_000
    assert {index.source: index.action for index in whole.indices}["old"] == "rename"
    assert {index.source: index.stream for index in whole.indices}["orders"] is None
    assert whole.deleted == ["gone"]
    assert whole.requests["target"].writes == 5


def test_all_forms_tell_the_same(whole: Report) -> None:
    text, table, as_page = markdown(whole), shown(report_view(whole)), page(whole)
    for fact in (
        "orders",
        "x-old",
        ".ds-logs-000001",
        "1,234",
        "5,678",
        "5,677",
        "1.5 MB",
        "different",
        "not compared",
        "5678 documents on the source, 5677 on the target",
        "could not be compared: target: timed out",
        "shut",
        "alias all is already on the target",
        "The bucket is in this region: us-east-1",
        "s3.amazonaws.com",
        outcomes.headline(whole),
    ):
        assert fact in table, fact
        assert fact[1:] in text, fact
        assert fact[1:] in as_page or fact == outcomes.headline(whole), fact
    for step in STEPS:
        assert step in table
        assert step in text
        assert step in as_page


def test_failing_indices_come_first_on_the_console(whole: Report) -> None:
    table = shown(report_view(whole))
    assert table.index("x-old") < table.index("orders ")


@pytest.mark.slow
def test_thousands_of_indices_are_shown_in_a_screen_or_two_with_the_bad_one(tmp_path: Path) -> None:
    names = [f"index-{number:04}" for number in range(3000)]
    journal = a_journal(tmp_path, a_plan())
    records: dict[str, Any] = {
        "resolve": a_resolution(*map(a_unit, names)),
        "restore": RestoreRecord(indices=tuple(map(arrived, names)), batches=15),
        "verify": VerificationRecord(
            level="operations",
            verdicts=tuple(
                verdict(n, "different" if n == "index-2999" else "equal", detail="x") for n in names
            ),
            skipped=(),
            at=now(),
        ),
    }
    for name, record in records.items():
        with journal.step(name):
            pass
        journal.keep(name, record)
    report = report_of(journal.document)
    table = shown(report_view(report))
    assert len(table.splitlines()) < 60
    assert "index-2999" in table
    assert "2,980 more; --json shows all" in table
    assert markdown(report).count("\n| index-") == 3000


def test_nothing_in_a_name_breaks_markdown(tmp_path: Path) -> None:
    journal = a_journal(tmp_path, a_plan())
    with journal.step("resolve"):
        pass
    journal.keep("resolve", a_resolution(a_unit(NASTY), left_out=(LeftOut(name="<b>|x", reason="closed"),)))
    journal.settle("failed", "line one\nline | two\n# not a title", "")
    text = markdown(report_of(journal.document))
    rows = [line for line in text.splitlines() if line.startswith("| a")]
    assert len(rows) == 1
    assert r"a\|b\\nc\`d" in rows[0]
    assert rows[0].replace(r"\|", "").count("|") == 8
    assert r"&lt;b>\|x" in text
    assert "> line one\n> line \\| two\n> \\# not a title\n" in text
    assert not any(line.startswith(("# not", "line")) for line in text.splitlines())


def test_nothing_in_a_name_is_taken_for_a_style(tmp_path: Path) -> None:
    journal = a_journal(tmp_path, a_plan())
    with journal.step("resolve"):
        pass
    journal.keep(
        "resolve",
        a_resolution(a_unit("[red]x[/red]"), left_out=(LeftOut(name="[/bold]:100:", reason="closed"),)),
    )
    assert "[red]x[/red]" in shown(report_view(report_of(journal.document)))
    assert "[/bold]:100:" in shown(report_view(report_of(journal.document)))


def test_an_index_that_was_not_moved_is_in_the_report(tmp_path: Path) -> None:
    journal = journal_after(tmp_path, len(STEPS), "different")
    late = verdict("late", "different", (None, None), detail="it appeared on the source")
    journal.keep("verify", VERIFIED.model_copy(update={"verdicts": (*VERIFIED.verdicts, late)}))
    report = report_of(journal.document)
    (shown,) = [index for index in report.indices if index.source == "late"]
    assert (shown.verdict, shown.restored, shown.detail) == ("different", False, late.detail)
    assert report.totals.different == 2
    assert "late" in markdown(report)


def test_markdown_lists_facts_and_aligned_tables_with_named_columns(whole: Report) -> None:
    text = markdown(whole)
    assert "\n**Moved, but the verification" in text
    table = text.split("## Indices\n\n")[1].split("\n\n")[0].splitlines()
    assert table[0].startswith(
        "| source | target | verdict | source documents | target documents | fetched |"
    )
    assert table[1] == "|---|---|---|---:|---:|---:|---|"
    assert [row.split(" | ")[2] for row in table[2:]] == ["different", "not compared", "equal"]
    assert "1 shard\n" in text and "||" not in text and "|  |\n|---" not in text


def test_the_files_are_whole(tmp_path: Path, schema: Validator) -> None:
    journal = journal_after(tmp_path, len(STEPS), "different")
    write_reports(journal)
    as_json, as_markdown, as_page = report_files(journal)
    schema.validate(json.loads(as_json.read_text()))
    assert as_markdown.read_text() == markdown(report_of(journal.document))
    assert as_page.read_text() == page(report_of(journal.document))
    assert as_json.stem == as_markdown.stem == as_page.stem == journal.run_id


def test_what_would_be_done_is_shown(tmp_path: Path) -> None:
    text = shown(plan_view(a_document(RESOLUTION)))
    for fact in (
        "restore as x-old: the target has index old",
        "skip: the target has index taken",
        "shut",
        "3 indices",
    ):
        assert fact in text


def test_a_plan_shows_where_its_run_will_wait() -> None:
    plan = a_plan(gates={"before-restore": {"timeout": "2h"}})
    text = shown(plan_view(a_document(RESOLUTION, plan)))
    assert "Waits for approval: before-restore (up to 2h)" in text
    assert "approval" not in shown(plan_view(a_document(RESOLUTION)))


def test_a_verification_by_itself() -> None:
    text = shown(verification_view(VERIFIED))
    for fact in (
        "x-old",
        "5,678",
        "5,677",
        "1 of 3 indices equal at level operations: verification failed",
        "shut",
    ):
        assert fact in text
    passed = VERIFIED.model_copy(update={"verdicts": VERIFIED.verdicts[:1]})
    assert "failed" not in shown(verification_view(passed))


LOST = DocumentDifference(id="A|7", kind="missing on the target", shard=1, routing="r", source_seq_no=12)
NAMING = verdict(
    "old", "different", (5678, 5677), target="x-old", detail="differs", documents=(LOST,), more=3000
)


def test_documents_that_differ_are_named_in_every_form(tmp_path: Path, schema: Validator) -> None:
    found = VERIFIED.model_copy(update={"verdicts": (NAMING,), "limits": (Limit.NOT_CONTENT,)})
    journal = journal_after(tmp_path, len(STEPS), "different")
    journal.keep("verify", found)
    report = report_of(journal.document)
    schema.validate(json.loads(report.model_dump_json()))
    line = (
        "x-old: document A|7 with routing r of shard 1: missing on the target "
        "(_seq_no: source 12, target none)"
    )
    for view in (verification_view(found), report_view(report)):
        assert line in shown(view) and "3,000 more documents" in shown(view)
    assert "Limits: contents, mappings, settings and aliases" in shown(verification_view(found))
    assert "| x-old | A\\|7 | r | 1 | missing on the target | 12 | – |" in markdown(report)
    assert "limits: contents, mappings, settings and aliases" in markdown(report)


def test_a_bracketed_verification_is_neither_success_nor_failure(tmp_path: Path) -> None:
    later = verdict("orders", "bracketed", detail="3 operations since")
    found = VERIFIED.model_copy(update={"verdicts": (later, verdict("people"))})
    text = shown(verification_view(found))
    assert "1 of 2 indices equal, 1 bracketed at level operations" in text
    assert "failed" not in text and "3 operations since" in text
    worse = found.model_copy(update={"verdicts": (*found.verdicts, NAMING)})
    assert "verification failed" in shown(verification_view(worse))
    journal = journal_after(tmp_path, len(STEPS), "different")
    journal.keep("verify", found)
    assert report_of(journal.document).totals.bracketed == 1


def test_a_run_whose_process_is_gone_is_interrupted(tmp_path: Path) -> None:
    report = report_of(journal_after(tmp_path, 3, "running").document)
    assert standing_of(report, held=True)["outcome"] == "running"
    gone = standing_of(report, held=False)
    assert gone["outcome"] == "interrupted"
    assert gone["steps_done"] == STEPS[:3]
    assert gone["next"].startswith("run the same command again: it continues this run")
    assert gone["next_command"] == "snapferry migrate PLAN --execute"
    assert "no process works on it" in shown(status_view(gone))
    assert standing_of(report, held=True)["next"] == "wait for it"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, "stopped unexpectedly during the snapshot; the same command continues it"),
        (
            "no space left on device",
            (
                "stopped unexpectedly during the snapshot (no space left on device); "
                "the same command continues it"
            ),
        ),
    ],
)
def test_a_run_that_stopped_says_in_which_step_and_that_nothing_was_verified(
    tmp_path: Path, error: str | None, said: str
) -> None:
    document = journal_after(tmp_path, STEPS.index("snapshot")).document
    document.steps["snapshot"].ended, document.steps["snapshot"].error = None, error
    report = report_of(document)
    assert standing_of(report, held=False)["stands"] == said
    assert standing_of(report, held=True)["stands"] == "running"
    headline = outcomes.headline(report)
    assert headline.startswith("running, or stopped unexpectedly during the snapshot")
    assert headline.endswith("nothing verified yet")


@pytest.mark.parametrize(("status", "figures"), [("failed", "3 of 3 indices restored"), ("refused", "")])
def test_without_a_verification_no_index_is_counted_as_equal(
    tmp_path: Path, status: str, figures: str
) -> None:
    headline = outcomes.headline(report_of(journal_after(tmp_path, STEPS.index("verify"), status).document))
    assert "equal" not in headline and figures in headline
    assert headline.endswith("nothing verified yet") == bool(figures)


def test_what_the_user_may_decide_on_is_listed_before_system_indices(tmp_path: Path) -> None:
    journal = a_journal(tmp_path, a_plan())
    with journal.step("resolve"):
        pass
    left = (
        *(LeftOut(name=f".kibana_{n}", reason="system") for n in range(20)),
        LeftOut(name="x", reason="changing"),
    )
    resolution = a_resolution(a_unit("a"), left_out=left)
    journal.keep("resolve", resolution)
    for view in (report_view(report_of(journal.document)), plan_view(a_document(resolution))):
        text = " ".join(shown(view).split())
        assert "Left out (21): x – changed while it was being read; .kibana_0" in text
        assert "; and 9 more" in text


# words


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "–"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_500_000, "1.5 MB"),
        (2_000_000_000, "2.0 GB"),
        (12_300_000_000_000, "12.3 TB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_sizes(count: int | None, text: str) -> None:
    assert common.size(count) == text


@pytest.mark.parametrize(
    ("made", "text"), [(common.size(999_999), "1.0 MB"), (common.duration(59.97), "1 min 00 s")]
)
def test_rounding_reaches_the_next_unit(made: str, text: str) -> None:
    assert made == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (4.21, "4.2 s"),
        (60, "1 min 00 s"),
        (123.4, "2 min 03 s"),
        (3599.9, "1 h 00 min"),
        (3900, "1 h 05 min"),
        (100_000, "27 h 46 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert common.duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(None, "–"), (0, "0"), (1234567, "1,234,567")])
def test_numbers(count: int | None, text: str) -> None:
    assert common.number(count) == text


@pytest.mark.parametrize(
    "outcome", ["done", "different", "failed", "refused", "interrupted", "running", "abandoned"]
)
def test_every_outcome_has_its_words(whole: Report, outcome: Any) -> None:
    assert outcomes.OUTCOMES[outcome] in outcomes.headline(whole.model_copy(update={"outcome": outcome}))


def test_every_form_of_registration_has_its_words() -> None:
    assert set(common.FORMS) == set(get_args(Form))


def test_the_next_command_can_be_pasted_from_every_form(tmp_path: Path) -> None:
    journal = journal_after(tmp_path, 3, "failed")
    journal.document.hint = "see `snapferry check PLAN`"
    own = Called(
        verb="migrate", plan="my_plan.yaml", state="a b", options=("--allow-delete", "x y", "--execute")
    )
    journal.document.called = own
    report = report_of(journal.document)
    assert report.next_command == "snapferry check my_plan.yaml --state 'a b'"
    journal.document.hint = "start again with --new-run"
    assert report_of(journal.document).next_command.endswith(" --execute --new-run")
    journal.document.hint = ""
    for shown_by, place in ((None, "my_plan.yaml --state 'a b'"), (Called(plan="../o.yaml"), "../o.yaml")):
        report = report_of(journal.document, shown_by)
        command = f"snapferry migrate {place} --allow-delete 'x y' --execute"
        assert report.next_command == command and report.next.endswith(f": {command}")
        assert shown(report_view(report)).splitlines()[-1] == f"next: {command}"
        assert f"\n```sh\n{command}\n```\n" in markdown(report)
        assert standing_of(report, held=False)["next_command"] == command


def test_what_a_verification_was_not_asked_for_is_counted_and_the_rest_is_named() -> None:
    skipped = [LeftOut(name=f"other-{n}", reason="not included") for n in range(116)]
    skipped += [LeftOut(name="shut", reason="closed"), LeftOut(name="tmp", reason="excluded")]
    text = shown(verification_view(VERIFIED.model_copy(update={"skipped": tuple(skipped)})))
    assert "other-" not in text and "Not asked for: 116 (not in indices.include)" in text
    assert "Skipped (1), closed: shut" in text and "Not asked for: 1 (in indices.exclude)" in text


def test_what_is_counted_agrees_with_its_verb() -> None:
    left = RemovalRecord(indices=(), snapshots=("s",), left=(), registrations={})
    assert common.removed(left) == "removed: the snapshot"
    assert common.removed(left.model_copy(update={"snapshots": ()})) == "removed: nothing"
    back = RolledBackRecord(run_id="r", released=("a",), copies=1)
    assert "1 index of the source takes writes again; 1 copy remains, closed" in shown(rolled_back_view(back))


SKIPPED = Skipped(name="b", why=SkippedReason.TAKES_WRITES)
PREVIEWS = {
    "abort of seed rounds": leftovers_view(
        Leftovers(
            run_id="r",
            concerns="seed rounds",
            indices=("a",),
            snapshots=("s",),
            registrations=("source",),
            left=(SKIPPED,),
        )
    ),
    "abort of a cutover": unfinished_cutover_view(
        UnfinishedCutover(
            run_id="r", frozen=now(), deadline=now(), refusing=("a",), opened=("a",), snapshot="s"
        )
    ),
    "finish": finish_preview_view(
        FinishPreview(
            verb=Verb.CUTOVER,
            run_id="r",
            wanted=Finish(snapshots="drop", registrations="remove", source="released"),
            finished=False,
            snapshots=("s",),
            registrations=("source", "target"),
            refusing=("a",),
        )
    ),
}


@pytest.mark.parametrize("which", PREVIEWS)
def test_a_preview_does_not_speak_as_if_it_were_done(which: str) -> None:
    first, *rest = shown(PREVIEWS[which]).splitlines()
    assert "would" in first.lower()
    done = re.compile(r"(?<!be )(?<!or )\b(removed|kept|released|restored|stopped|touched)\b")
    assert [line for line in rest if done.search(line)] == []


def test_conflicts_are_told_with_what_became_of_them(tmp_path: Path) -> None:
    report = report_of(journal_after(tmp_path, len(STEPS), "done").document)
    told = {each.source: (each.conflict, each.action, each.result) for each in report.conflicts}
    assert told == {
        "old": ("index old", "rename", "restored as x-old"),
        "taken": ("index taken", "skip", "not moved; the target keeps its own"),
    }
    assert "| taken | index taken | not moved; the target keeps its own |" in markdown(report)


def test_progress_is_told_over_time(tmp_path: Path, schema: Validator) -> None:
    journal = journal_after(tmp_path, len(STEPS), "done")
    journal.document.samples["restore"] = StepSamples(unit="bytes").added(0, 0, 9).added(1.5, 9, 9)
    report = report_of(journal.document)
    schema.validate(json.loads(report.model_dump_json()))
    (restore,) = report.progress
    assert (restore.step, restore.unit) == ("restore", "bytes")
    assert [(point.seconds, point.done) for point in restore.points] == [(0, 0), (1.5, 9)]


def test_the_plan_is_told_without_defaults_and_without_secrets(tmp_path: Path) -> None:
    hook = {"events": ["failed"], "command": ["./tell", "--token", "t0ps3cret"]}
    password = {"type": "basic", "username": "u", "password": {"env": "PASSWORD_OF_SOURCE"}}
    source = {"endpoint": "http://127.0.0.1:1", "auth": password}
    journal = a_journal(tmp_path, a_plan(source=source, hooks=[hook], indices={"include": ["a*"]}))
    told = report_of(journal.document).plan_settings
    assert told["indices"] == {"include": ["a*"]} and "verify" not in told
    assert told["source"]["auth"]["password"] == {"env": "PASSWORD_OF_SOURCE"}
    assert told["hooks"][0]["command"] == ["./tell", "[2 arguments left out]"]
    journal.document.plan["source"]["endpoint"] = "https://me:t0ps3cret@search.example/"
    damaged = report_of(journal.document).plan_settings
    assert damaged["source"]["endpoint"] == "https://[cut out]@search.example/"
    assert "t0ps3cret" not in json.dumps([told, damaged])
