"""`snapferry abort` and `finish`: which run they are about, and what they may not do. Domains are fakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from support.building import a_domain
from support.engine import FakeIndex, snapshot_reply
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, ok
from support.pair import Pair, told_blocks, window
from typer.testing import CliRunner

from domains.errors import Denied
from domains.http.error_bodies import parse
from flows.aborting.abort import preview, subject
from flows.sessions.begin_or_resume import Request, begin_or_resume
from flows.sessions.options import RunOptions
from flows.sessions.verb_rules import ABORT_SEEDING
from reports.build.report import report_of
from runs.journal import Journal, now
from runs.lifecycle import RunPhase, RunStatus, phase
from runs.seed_cycles import being_removed, cycle_of
from snapferry.main import app
from tasks import steps
from tasks.cutover.window import begin_opening
from tasks.errors import ExecutionError, PreconditionError
from tasks.migration import Migration
from tasks.records.cleanup import FinishRecord, Leftovers
from tasks.records.cutover import RollBackRecord
from tasks.records.previews import UnfinishedCutover
from tasks.seeding.ledger import ledger

pytestmark = pytest.mark.slow

OURS = {"type": "s3", "settings": {"bucket": "my-snapshots", "region": "us-east-1"}}
FORMER = {"type": "s3", "settings": {"bucket": "my-snapshots", "base_path": "former"}}
OTHER = {"type": "s3", "settings": {"bucket": "my-snapshots"}}
KEPT = {"prefix": "r-", "only": (), "shadow": None, "keep": True}


@pytest.fixture
def pair(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Pair:
    return Pair(tmp_path, source, target)


@pytest.fixture
def frozen(pair: Pair) -> Journal:
    """A cutover that was killed inside its window: index `a` of the source refuses writes."""
    pair.engines["source"].put(FakeIndex("a", settings={"index.blocks.write": "true"}))
    journal = pair.run("cutover", "running", window=window())
    pair.intend(journal, "block", "source", names=["a"])
    return journal


def released(pair: Pair) -> bool:
    return not told_blocks(pair.engines["source"].indices["a"])


# which run


def test_the_cutover_comes_first_and_the_seed_rounds_last(pair: Pair, frozen: Journal) -> None:
    rehearsal = pair.run("rehearse", "failed", rehearsal=KEPT)
    seed = pair.seeded()
    assert subject(pair.state).journal.run_id == frozen.run_id
    assert isinstance(preview(pair.plan, RunOptions(state=pair.folder)), UnfinishedCutover)
    frozen.document.window, frozen.document.aborting = window(ended=now()), True
    pair.keep(frozen, "back out", RollBackRecord(why=""))
    assert subject(pair.state).journal.run_id == rehearsal.run_id
    pair.keep(rehearsal, "clean", RollBackRecord(why="any record"))
    assert (subject(pair.state).what, subject(pair.state).journal.run_id) == ("seed rounds", seed.run_id)


@pytest.mark.parametrize("status", ["running", "failed", "interrupted"])
def test_what_is_being_opened_is_not_put_back(pair: Pair, status: str) -> None:
    journal = pair.run("cutover", status, window=window(opening=now()))
    pair.intend(journal, "serve", "target", names=["a"])
    refused = pair.command("abort", "--execute", "--seeds")
    assert (refused.exit_code, f"{pair.named('cutover')} --execute" in refused.stderr) == (3, True)


def test_what_was_killed_before_anything_was_opened_is_put_back(pair: Pair, frozen: Journal) -> None:
    frozen.document.window = window(opening=now())
    frozen.save()
    ended = pair.command("abort", "--execute")
    assert ended.exit_code == 0, ended.stderr
    assert released(pair)


def test_what_is_open_is_not_taken_away(pair: Pair) -> None:
    pair.seeded()
    pair.run("cutover", window=window(opening=now(), ended=now()))
    refused = pair.command("abort", "--execute", "--seeds")
    assert (refused.exit_code, "has opened the target" in refused.stderr) == (3, True)
    assert set(pair.engines["target"].indices) == {"a"}


# putting back


def test_the_source_takes_writes_again_and_the_cutover_is_given_up(pair: Pair, frozen: Journal) -> None:
    shown = pair.command("abort")
    assert (shown.exit_code, "release 1 index of the source, which refuses writes" in shown.stdout) == (
        0,
        True,
    )
    assert not released(pair)
    ended = pair.command("abort", "--execute", "--seeds")
    assert ended.exit_code == 0, ended.stderr
    assert released(pair)
    journal = Journal.load(frozen.path)
    assert (journal.document.status, journal.record("back out") is not None) == ("abandoned", True)
    assert pair.state.unfinished("cutover") is None


def test_a_cutover_that_was_being_put_back_stands_as_it_had_failed(pair: Pair, frozen: Journal) -> None:
    frozen.document.aborting = True
    frozen.document.failure = {"message": "index a differs", "hint": "", "status": "different"}
    frozen.save()
    ended = pair.command("abort", "--execute", "--seeds")
    assert (ended.exit_code, released(pair)) == (0, True), ended.stderr
    run = Journal.load(frozen.path).document
    assert (run.status, "index a differs" in run.message) == ("different", True)


def test_the_source_is_released_although_the_target_refuses_everything(pair: Pair, frozen: Journal) -> None:
    broken = engine_error(403, "security_exception", "no permissions")
    pair.target.on("GET /", broken)
    ended = pair.command("abort", "--execute", "--seeds")
    assert (ended.exit_code, released(pair)) == (1, True), ended.stderr
    assert "The source takes writes again" in ended.stderr
    current = pair.state.unfinished("cutover")
    assert current and current.run_id == frozen.run_id  # the same command goes on


def test_another_plan_between_the_same_domains_does_not_keep_the_source_blocked(
    pair: Pair, frozen: Journal
) -> None:
    with pair.state.lock_pair("SourceClusterUuid", "TargetClusterUuid"):
        ended = pair.command("abort", "--execute", "--seeds")
    assert (ended.exit_code, released(pair)) == (1, True), ended.stderr


def test_a_block_that_comes_late_is_lifted_too(pair: Pair, frozen: Journal) -> None:
    """Its request was killed: it takes effect after the first look."""
    held = pair.engines["source"].indices["a"]
    held.settings.clear()
    frozen.document.intents[-1].result = None
    frozen.document.intents[-1].at = now() - timedelta(seconds=14.5)
    frozen.save()
    looks: list[ReceivedRequest] = []

    def settings(asked: ReceivedRequest) -> Reply:
        looks.append(asked)
        reply = pair.engines["source"].settings_reply(asked)
        if len(looks) == 2:
            held.settings["index.blocks.write"] = "true"
        return reply

    pair.source.on("GET /_all/_settings", settings)
    ended = pair.command("abort", "--execute", "--seeds")
    assert ended.exit_code == 0, ended.stderr
    assert released(pair)


def test_an_opening_whose_every_request_was_denied_is_rolled_back_as_if_it_had_not_begun(
    pair: Pair, frozen: Journal
) -> None:
    """The copies wait for the next cutover, and nobody takes the target for open."""
    from flows.cutover_rollback import roll_back_on_error

    m = Migration(pair.plan, a_domain(pair.source), a_domain(pair.target, "target"), frozen)
    denied = Denied("target: PUT /a/_settings", 403, parse('{"Message": "not authorized"}'))
    with pytest.raises(ExecutionError, match="nothing was opened"), roll_back_on_error(m):
        begin_opening(m)
        with frozen.intend("open", "target", "serve", {"names": ["a"]}):
            raise denied
    frozen.settle(RunStatus.FAILED)
    assert released(pair)
    told = report_of(frozen.document)
    assert (told.window and told.window.outcome) == "put back"
    assert "the next cutover continues from the copies: snapferry cutover PLAN" in told.next
    assert subject(pair.state).what == "seed rounds"


# taking rounds away


def test_all_rounds_go_and_what_was_registered_before_the_first_is_put_back(pair: Pair) -> None:
    pair.registered = {"source": OURS, "target": OURS}
    first = pair.run("seed")
    pair.intend(first, "register", "source", name="repo", before=FORMER, **OURS)
    second = pair.seeded()
    pair.intend(second, "register", "target", name="repo", before=None, **OURS)
    found = preview(pair.plan, RunOptions(state=pair.folder))
    assert isinstance(found, Leftovers)
    assert (found.indices, found.registrations) == (("a",), ("source", "target"))
    ended = pair.command("abort", "--execute", "--seeds")
    assert ended.exit_code == 0, ended.stderr
    assert pair.engines["target"].indices == {}
    assert pair.registered == {"source": FORMER}
    assert (ledger(pair.state).copies, ledger(pair.state).round) == ({}, 0)
    assert pair.command("abort", "--execute", "--seeds").exit_code == 3


def test_registrations_that_a_migration_works_with_stay(pair: Pair) -> None:
    pair.registered = {"source": OURS}
    first = pair.seeded()
    pair.intend(first, "register", "source", name="repo", before=None, **OURS)
    pair.works_with_it(pair.run("migrate"))
    assert pair.command("abort", "--execute", "--seeds").exit_code == 0
    assert pair.registered == {"source": OURS}


def test_a_registration_that_a_later_round_has_put_right_is_put_back_to_what_was_first(pair: Pair) -> None:
    pair.registered = {"source": OURS}
    first = pair.run("seed")
    pair.intend(first, "register", "source", name="repo", before=FORMER, **OTHER)
    pair.intend(pair.seeded(), "register", "source", name="repo", before=OTHER, **OURS)
    assert pair.command("abort", "--execute", "--seeds").exit_code == 0
    assert pair.registered == {"source": FORMER}


def test_one_that_a_rehearsal_has_left_for_the_rounds_goes_with_them(pair: Pair) -> None:
    pair.registered = {"source": OURS}
    rehearsal = pair.run("rehearse", "abandoned")
    pair.intend(rehearsal, "register", "source", name="repo", before=None, **OURS)
    pair.keep(rehearsal, "clean", RollBackRecord(why="any record"))
    pair.works_with_it(pair.seeded())
    assert pair.command("abort", "--execute", "--seeds").exit_code == 0
    assert pair.registered == {}


def test_one_that_somebody_has_made_after_ours_was_given_back_stays(pair: Pair) -> None:
    pair.registered = {"source": OURS}
    pair.intend(pair.run("seed"), "register", "source", name="repo", before=None, **OURS)
    pair.seeded()
    assert pair.command("abort", "--execute", "--seeds").exit_code == 0
    pair.registered = {"source": OURS}  # the same place, by hand
    pair.seeded()
    assert pair.command("abort", "--execute", "--seeds").exit_code == 0
    assert pair.registered == {"source": OURS}


def test_rounds_that_were_taken_away_use_no_registration_any_more(pair: Pair) -> None:
    pair.registered = {"source": OURS}
    rehearsal = pair.run("rehearse", "failed", rehearsal=KEPT)
    pair.intend(rehearsal, "register", "source", name="repo", before=None, **OURS)
    seed = pair.seeded()
    pair.works_with_it(seed)
    pair.keep(seed, "clean", RollBackRecord(why="any record"))
    assert pair.command("abort", "--execute", "--seeds").exit_code == 0
    assert pair.registered == {}


def test_without_their_own_consent_the_copies_of_rounds_stay(pair: Pair) -> None:
    pair.seeded()
    ended = pair.command("abort", "--execute")
    assert ended.exit_code == 3, ended.stderr
    assert "--execute --seeds" in " ".join(ended.stderr.split())
    assert set(pair.engines["target"].indices) == {"a"}


def test_a_copy_that_takes_writes_by_now_is_left(pair: Pair) -> None:
    pair.seeded()
    pair.engines["target"].indices["a"].settings.clear()
    ended = pair.command("abort", "--execute", "--seeds")
    assert ended.exit_code == 0, ended.stderr
    assert "Not touched: a – it has been made writable" in ended.stdout
    assert set(pair.engines["target"].indices) == {"a"}


def test_rounds_that_are_being_taken_away_are_not_gone_on_with(pair: Pair) -> None:
    from flows.sessions.seeding import seeding

    pair.seeded()
    denied = engine_error(403, "security_exception", "no permissions for [indices:admin/delete]")
    pair.target.on("DELETE /[^_].*", denied)
    assert pair.command("abort", "--execute", "--seeds").exit_code == 1
    with (
        pytest.raises(PreconditionError, match="being removed"),
        seeding(pair.plan, RunOptions(state=pair.folder)),
    ):
        pass


def test_a_removal_of_rounds_in_a_given_up_cutovers_journal_is_known_from_its_first_write(
    pair: Pair,
) -> None:
    """Killed right after it, the next cutover must not roll back what was never frozen."""
    pair.seeded()
    cutover = pair.run("cutover", "abandoned")
    begin_or_resume(Request(pair.plan, RunOptions(state=pair.folder), seen=cutover.run_id), ABORT_SEEDING)
    found = being_removed(pair.state)
    assert found is not None and found.run_id == cutover.run_id
    assert phase(found.document) is RunPhase.REMOVING


@pytest.fixture
def half_away(pair: Pair) -> Journal:
    """A put-back cutover after a seed round, in whose journal `abort --seeds` was killed."""
    pair.seeded()
    journal = pair.run("cutover", "failed", window=window(ended=now()), aborting=True)
    pair.keep(journal, "back out", RollBackRecord(why=""))
    pair.intend(journal, "remove", "target", names=["another"])
    with journal.step("clean"):
        pass
    journal.document.status = "running"
    journal.save()
    return journal


def test_an_abort_that_cannot_end_is_given_up_for_another_round(pair: Pair, half_away: Journal) -> None:
    from flows.sessions.seeding import seeding

    with seeding(pair.plan, RunOptions(state=pair.folder, new_run=True)):
        pass
    assert "being removed" not in pair.command("status").stdout


def test_rounds_that_are_being_taken_away_in_a_cutovers_journal_are_not_gone_on_with(
    pair: Pair, half_away: Journal
) -> None:
    from flows.sessions.cutover import cutting_over
    from flows.sessions.seeding import seeding

    for begun in (seeding, cutting_over):
        with (
            pytest.raises(PreconditionError, match="being removed"),
            begun(pair.plan, RunOptions(state=pair.folder)),
        ):
            pass
    told = " ".join(pair.command("status").stdout.split())
    assert "The seed rounds are being removed" in told
    assert f"next: {pair.named('abort')} --execute --seeds" in told
    assert pair.command("abort", "--execute", "--seeds").exit_code == 0
    assert "being removed" not in pair.command("status").stdout
    with seeding(pair.plan, RunOptions(state=pair.folder)):
        pass


def test_after_a_cutover_that_was_put_back_another_round_may_begin(pair: Pair) -> None:
    from flows.sessions.seeding import seeding

    pair.seeded()
    put_back(pair)
    assert "being removed" not in pair.command("status").stdout
    with seeding(pair.plan, RunOptions(state=pair.folder)):
        pass


# a plan file with problems


BANANA = "name: orders\ncutover: {window: banana}\n"


def broken(pair: Pair, verb: str, *arguments: str, text: str = BANANA) -> Result:
    file = pair.folder / "broken.yaml"
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(app, [verb, str(file), *arguments, "--state", str(pair.folder)])


def test_a_plan_with_problems_keeps_nobody_from_knowing_and_lifting_thetold_blocks(
    pair: Pair, frozen: Journal
) -> None:
    told = broken(pair, "status")
    assert (told.exit_code, "refuses writes to 1 index" in told.stdout) == (0, True), told.stderr
    assert "cutover.window" in told.stderr
    assert f"using the plan that run {frozen.run_id} began with" in told.stderr
    assert broken(pair, "abort", "--execute").exit_code == 0
    assert released(pair)


@pytest.mark.parametrize(
    "text", ["name: another\n", "name: ../orders\n", "name: [orders\n", "name: 5\n", "- a\n"]
)
def test_a_plan_with_problems_of_which_there_is_no_run_is_invalid(
    pair: Pair, frozen: Journal, text: str
) -> None:
    for verb in ("status", "abort"):
        ended = broken(pair, verb, text=text)
        assert (ended.exit_code, ended.stdout) == (2, "")
    assert broken(pair, "cutover").exit_code == 2


# the status


def test_a_cutover_killed_in_the_freeze_and_put_back_is_what_the_status_shows(
    pair: Pair, frozen: Journal
) -> None:
    pair.run("seed", started=now() - timedelta(hours=1))
    assert pair.command("abort", "--execute").exit_code == 0
    told = pair.command("status").stdout
    assert f"Cutover {frozen.run_id} of plan orders: rolled back by `snapferry abort`" in told


def test_a_cutover_killed_while_the_source_was_released_may_have_released_it(
    pair: Pair, frozen: Journal
) -> None:
    frozen.document.aborting = True
    frozen.save()
    assert pair.command("status").stdout.startswith("The source refuses writes to 1 index")
    with frozen.step("release"):
        pass
    told = pair.command("status").stdout
    assert told.startswith("The source may refuse writes to 1 index")
    assert "or take them again: it was being released when the process of the cutover ended" in told
    assert f"The same command finishes the release: {pair.named('abort')} --execute" in told
    assert "the domains were not asked" in told
    with pair.state.lock_plan():
        assert "may refuse" not in pair.command("status").stdout


# finish


@pytest.fixture
def over(pair: Pair) -> Journal:
    """A cutover that is done, and has left the source blocked."""
    pair.registered = {"source": OURS, "target": OURS}
    seed = pair.seeded()
    for side in ("source", "target"):
        pair.intend(seed, "register", side, name="repo", before=None, **OURS)
    pair.engines["source"].put(FakeIndex("a", settings={"index.blocks.write": "true"}))
    journal = pair.run("cutover", window=window(opening=now(), ended=now()))
    pair.intend(journal, "block", "source", names=["a"])
    return journal


def settled(journal: Journal) -> FinishRecord | None:
    return Journal.load(journal.path).document.recorded(steps.FINISH)


def test_without_choices_the_block_stays_and_the_registrations_go(pair: Pair, over: Journal) -> None:
    told = json.loads(pair.command("finish", "--json").stdout)
    assert told["next"] == f"{pair.named('finish')} --execute"
    ahead = pair.command("finish")
    assert "registration on the source: would be removed" in ahead.stdout
    assert "1 index of the source would keep refusing writes" in ahead.stdout
    assert ahead.stderr.splitlines()[-1] == f"next: {pair.named('finish')} --execute"
    ended = pair.command("finish", "--execute")
    assert ended.exit_code == 0, ended.stderr
    assert (pair.registered, released(pair)) == ({}, False)
    assert ended.stderr.splitlines()[-1] == f"next: {pair.named('finish')} --source released --execute"
    assert Journal.load(over.path).document.status == "done"
    again = pair.command("finish", "--execute")
    assert (again.exit_code, "already cleaned up" in again.stderr) == (0, True)
    kept = pair.command("finish", "--registrations", "keep", "--execute")
    assert (kept.exit_code, "finish removed the registrations" in kept.stderr) == (3, True)
    assert pair.command("finish", "--source", "released", "--execute").exit_code == 0
    found = settled(over)
    assert found and (found.released, found.wanted.registrations) == (("a",), "remove")
    assert released(pair)


def test_a_source_that_takes_writes_is_not_blocked_anew(pair: Pair, over: Journal) -> None:
    pair.engines["source"].indices["a"].settings.clear()
    refused = pair.command("finish", "--source", "blocked", "--execute")
    assert (refused.exit_code, "does not block it again" in refused.stderr) == (3, True)
    assert released(pair)


def test_what_failed_half_way_is_told_and_gone_on_with(pair: Pair, over: Journal) -> None:
    denied = engine_error(403, "security_exception", "no permissions")
    pair.target.on("DELETE /_snapshot/repo", denied)
    failed = pair.command("finish", "--source", "released", "--execute")
    assert (failed.exit_code, released(pair)) == (1, True), failed.stderr
    assert "source release a" in failed.stderr
    assert settled(over) is None


class Snapshots:
    """The source's repository, and who has taken what is in it."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.taken: dict[str, str] = {}
        self.kept = False
        pair.source.on("POST /_snapshot/repo/_verify", ok({"nodes": {"n": {"name": "n"}}}))

    def took(self, journal: Journal, state: str = "SUCCESS") -> str:
        """A snapshot of this run."""
        name = f"orders-{journal.run_id}"
        self.pair.intend(journal, "snapshot", "source", repository="repo", name=name)
        self.taken[name] = state

        def get(_: ReceivedRequest) -> Reply:
            if name not in self.taken:
                return engine_error(404, "snapshot_missing_exception", "missing")
            return ok(snapshot_reply(name, self.taken[name], journal.run_id))

        def delete(_: ReceivedRequest) -> Reply:
            if not self.kept:
                del self.taken[name]
            return ok({"acknowledged": True})

        self.pair.source.on(f"GET /_snapshot/repo/{name}", get).on(f"DELETE /_snapshot/repo/{name}", delete)
        return name


def test_a_snapshot_that_the_journal_holds_for_removed_is_dropped_if_it_is_there(
    pair: Pair, over: Journal
) -> None:
    found = Snapshots(pair)
    name = found.took(over)
    pair.intend(over, "remove snapshot", "source", names=[name])
    kept = pair.command("finish", "--registrations", "keep", "--execute")
    assert (f"Snapshots kept: {name}" in kept.stdout, "Snapshots removed" in kept.stdout) == (True, False)
    unknown = pair.command("finish", "--snapshots", "drip", "--execute")
    assert (unknown.exit_code, "not one of 'keep', 'remove'" in unknown.stderr) == (2, True)
    dropped = pair.command("finish", "--snapshots", "remove", "--execute")
    assert (dropped.exit_code, found.taken) == (0, {}), dropped.stderr
    assert f"Snapshots removed: {name}" in dropped.stdout


def test_what_could_not_be_dropped_is_not_settled_and_no_registration_stays_for_it(
    pair: Pair, over: Journal
) -> None:
    found = Snapshots(pair)
    first = cycle_of(over)[0]
    gone, name = found.took(first), found.took(over)
    assert pair.command("finish", "--execute").exit_code == 0
    assert pair.registered == {}
    pair.source.on(f"DELETE /_snapshot/repo/{name}", ok({"acknowledged": True}))  # and it is still there
    failed = pair.command("finish", "--snapshots", "drop", "--execute")
    assert (failed.exit_code, "1 snapshots are still there" in failed.stderr) == (1, True)
    assert (pair.registered, list(found.taken)) == ({}, [name])
    bare = pair.command("finish", "--execute")
    assert "already cleaned up" not in bare.stderr
    kept = [line for line in bare.stdout.splitlines() if line.startswith("Snapshots kept")]
    assert not any(gone in line for line in kept)
    found.took(over)  # its deletion works again
    assert pair.command("finish", "--snapshots", "drop", "--execute").exit_code == 0
    assert (pair.registered, found.taken) == ({}, {})
    asked = len(pair.source.requests)
    assert "already cleaned up" in pair.command("finish", "--execute").stderr
    assert pair.command("finish", "--source", "released", "--execute").exit_code == 0
    assert not [each for each in pair.source.requests[asked:] if each.path.startswith("/_snapshot/repo/")]


def unfinished(pair: Pair) -> None:
    pair.run("cutover", "interrupted", window=window())


def put_back(pair: Pair) -> None:
    pair.keep(pair.run("cutover", "interrupted"), "back out", RollBackRecord(why=""))


NOT_YET: dict[str, tuple[Callable[[Pair], object], str]] = {
    "nothing": (lambda _: None, "no run of plan orders has moved anything"),
    "a seed round": (lambda pair: pair.seeded(), "cut over first"),
    "an unfinished cutover": (unfinished, "is unfinished"),
    "a cutover put back": (put_back, "was rolled back"),
    "a migration that differs": (lambda pair: pair.run("migrate", "different"), "with a difference"),
    "an unfinished migration": (lambda pair: pair.run("migrate", "failed"), "snapferry migrate "),
}


@pytest.mark.parametrize("state", NOT_YET)
def test_what_is_not_done_is_not_finished(pair: Pair, state: str) -> None:
    prepare, words = NOT_YET[state]
    prepare(pair)
    refused = pair.command("finish", "--execute")
    assert (refused.exit_code, words in refused.stderr) == (3, True), refused.stderr
    assert not any(asked.method != "GET" for asked in (*pair.source.requests, *pair.target.requests))


ADVICE: dict[str, tuple[Callable[[Pair], object], str | None]] = {
    "a seed round": (lambda pair: pair.seeded(), "remove the copies and snapshots: --seeds"),
    "a cutover put back": (put_back, "remove the copies and snapshots: --seeds"),
    "an unfinished cutover": (unfinished, "roll everything back:"),
    "a cutover that is opening": (
        lambda pair: pair.run("cutover", "interrupted", window=window(opening=now())),
        None,
    ),
}


@pytest.mark.parametrize("state", ADVICE)
def test_finish_before_the_end_advises_what_can_be_done(pair: Pair, state: str) -> None:
    prepare, advice = ADVICE[state]
    prepare(pair)
    said = " ".join(pair.command("finish", "--execute").stderr.split())
    assert f"{pair.named('cutover')} --execute --allow-freeze" in said
    what, _, option = (advice or "").partition(": ")
    if advice is None:
        assert "abort" not in said, "it would be refused"
    else:
        assert f"{what.removesuffix(':')}: {pair.named('abort')} --execute {option}".rstrip() in said
        assert ("--seeds" in said) == bool(option)


def test_a_migration_after_rounds_that_were_taken_away_is_finished(pair: Pair) -> None:
    migration = pair.run("migrate")
    pair.seeded()
    assert pair.command("abort", "--execute", "--seeds").exit_code == 0
    assert pair.command("finish", "--execute").exit_code == 0
    assert settled(migration) is not None


def test_a_cutover_that_later_rounds_have_followed_is_not_the_finished_one(pair: Pair, over: Journal) -> None:
    from flows.sessions.cutover import finished_cutover

    found = finished_cutover(pair.plan, RunOptions(state=pair.folder))
    assert found is not None and found.run_id == over.run_id
    pair.run("seed", "refused")
    found = finished_cutover(pair.plan, RunOptions(state=pair.folder))
    assert found is not None and found.run_id == over.run_id
    pair.seeded()
    assert finished_cutover(pair.plan, RunOptions(state=pair.folder)) is None
