"""What `seed` and `cutover` show before they do anything, and the command lines that they refuse."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from support.building import a_plan_between, a_resolution, a_unit
from support.engine import FakeIndex
from support.fake_domain import FakeDomain
from support.rounds import intended, keep
from support.shards import Shard
from support.writable import WritableEngine
from typer.testing import CliRunner

from runs.journal import Journal, WindowEntry, now
from runs.state import State
from snapferry.main import app
from tasks.cutover.open_target import SERVE

BLOCKED = {"index.blocks.write": "true"}


class Pair:
    """Two fakes, the plan between them, and the commands given for it."""

    def __init__(self, folder: Path, source: FakeDomain, target: FakeDomain) -> None:
        self.folder = folder
        self.domains = (source, target)
        self.source = WritableEngine(source, "source", FakeIndex("a", figures=[Shard(last=7)]))
        WritableEngine(target, "target")
        self.plan = a_plan_between(source, target)
        self.state = State(folder, self.plan.name)

    def planned(self, **changes: Any) -> None:
        self.plan = a_plan_between(*self.domains, **changes)

    def command(self, verb: str, *arguments: str) -> Result:
        file = self.folder / "plan.yaml"
        file.write_text(yaml.safe_dump(self.plan.model_dump(mode="json")), encoding="utf-8")
        return CliRunner().invoke(app, [verb, str(file), *arguments, "--state", str(self.folder)])

    def shown(self, verb: str, *arguments: str) -> str:
        """What a preview prints, in one line."""
        result = self.command(verb, *arguments)
        assert result.exit_code == 0, result.output
        assert [domain.changing for domain in self.domains] == [[], []]
        return " ".join(result.output.split())

    def frozen(self, since: timedelta = timedelta(0), **changes: Any) -> Journal:
        """A cutover that was killed in its window of an hour, so long after it had frozen `a`."""
        self.source.indices["a"].settings |= BLOCKED
        journal = self.state.begin(self.plan, "cutover")
        keep(journal, "resolve", a_resolution(a_unit("a")))
        intended(journal, "block", "a", side="source")
        at = now() - since
        journal.document.window = WindowEntry(frozen=at, deadline=at + timedelta(hours=1))
        for name, value in changes.items():
            setattr(journal.document, name, value)
        journal.save()
        return journal


@pytest.fixture
def pair(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Pair:
    return Pair(tmp_path, source, target)


def test_a_rehearsal_shows_the_round_and_that_nothing_is_frozen_or_opened(pair: Pair) -> None:
    said = pair.shown("cutover", "--rehearse")
    assert "Round 1: 1 new" in said
    assert "Nothing is frozen or opened for writes" in said
    assert "point of no return" not in said and "In this order" not in said
    command = f"snapferry cutover {pair.folder / 'plan.yaml'} --state {pair.folder}"
    assert f"To go ahead: next: {command} --rehearse --execute" in said


def test_the_order_names_the_deadline_and_what_the_plan_lets_wait(pair: Pair) -> None:
    plain = pair.shown("cutover")
    assert "for 1h at most (cutover.window)" in plain and "gate" not in plain
    gates = {"before-freeze": {"timeout": "2h"}, "before-open": {"timeout": "2h"}}
    pair.planned(gates=gates, cutover={"window": "20m"})
    said = pair.shown("cutover", "--source-after", "released")
    order = [
        said.index(each)
        for each in (
            "gate before-freeze", "the source refuses writes to 1 index", "for 20m at most", "the last round",
            "every index is compared", "gate before-open", "the target gets its aliases",
        )
    ]  # fmt: skip
    assert order == sorted(order)
    command = f"snapferry cutover {pair.folder / 'plan.yaml'} --state {pair.folder}"
    assert f"next: {command} --source-after released --execute --allow-freeze" in said


def test_the_pause_of_the_services_snapshots_is_in_the_order_where_requests_are_signed(pair: Pair) -> None:
    from flows.previews.seeding import cutover_preview
    from flows.sessions.options import RunOptions
    from reports.views.seed_preview import _order  # pyright: ignore[reportPrivateUsage]

    found = cutover_preview(pair.plan, RunOptions(state=pair.folder))
    assert not found.pauses and "own snapshots" not in "".join(_order(found))
    said = list(_order(found.model_copy(update={"pauses": True})))
    assert said[0].endswith("are paused, where the caller may do so") and said[-1].endswith("are resumed")


def test_a_cutover_that_has_frozen_the_source_goes_on_and_its_own_block_is_no_news(pair: Pair) -> None:
    cutover = pair.frozen()
    said = pair.shown("cutover")
    assert said.startswith(f"Cutover {cutover.run_id} has blocked writes to the source since")
    assert "this run resumes in the same window, until" in said
    assert "window.blocked" not in said and "point of no return for writers" not in said
    pair.state.run(cutover.run_id).path.unlink()  # pyright: ignore[reportOptionalMemberAccess]
    assert "WARN window.blocked" in pair.shown("cutover"), "then somebody else has blocked it"


def test_past_its_deadline_a_cutover_is_only_put_back(pair: Pair) -> None:
    pair.frozen(timedelta(hours=2))
    said = pair.shown("cutover")
    assert "its deadline was" in said and "this run only rolls back" in said
    assert "In this order" not in said and "--execute resumes it" not in said


def test_a_cutover_that_is_opening_goes_on_with_that(pair: Pair) -> None:
    journal = pair.frozen()
    intended(journal, SERVE, "a")
    assert journal.document.window
    journal.document.window.opening = now()
    journal.save()
    assert "is opening the target: this run resumes that" in pair.shown("cutover")


# command lines


def no_chain(*_: Any) -> None:
    raise AssertionError("the steps were run")


def test_without_the_consent_nothing_is_started_and_there_is_no_run(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snapferry.running.run_chain", no_chain)
    refused = pair.command("cutover", "--execute")
    assert refused.exit_code == 3
    assert "needs your consent: --allow-freeze" in refused.stderr
    assert "--execute --allow-freeze" in " ".join(refused.stderr.split())
    assert list(pair.state.journals()) == []
    pair.frozen()
    assert pair.command("cutover", "--execute").exit_code == 3, "going on in the window needs it, too"


@pytest.mark.parametrize("since", [timedelta(0), timedelta(hours=2)])
def test_putting_back_needs_no_consent(pair: Pair, monkeypatch: pytest.MonkeyPatch, since: timedelta) -> None:
    from flows.sessions.cutover import require_consent
    from flows.sessions.options import RunOptions

    pair.frozen(since, aborting=not since)
    require_consent(pair.plan, RunOptions(state=pair.folder))


@pytest.mark.parametrize("more", [["--allow-freeze"], ["--source-after", "released"]])
@pytest.mark.parametrize("execute", [[], ["--execute"]])
def test_a_rehearsal_takes_no_option_of_the_freeze_or_the_opening(
    pair: Pair, more: list[str], execute: list[str]
) -> None:
    wrong = pair.command("cutover", "--rehearse", *more, *execute)
    assert wrong.exit_code == 2
    assert "a rehearsal freezes and opens nothing" in " ".join(wrong.stderr.replace("│", " ").split())
