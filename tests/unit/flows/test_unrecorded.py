"""Aborts and `finish` on a full or read-only disk: the work is done, and what is not recorded is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from support.engine import FakeIndex
from support.fake_domain import FakeDomain
from support.pair import Pair, told_blocks, window
from support.small_disk import FULL, READ_ONLY, SNAPFERRY, on_disk

from runs.journal import Journal
from runs.lifecycle import is_rolled_back

pytestmark = pytest.mark.slow

OURS = {"type": "s3", "settings": {"bucket": "my-snapshots", "region": "us-east-1"}}
SAID = {FULL: "no space left on {disk}", READ_ONLY: "the file system is read-only"}


@pytest.fixture
def pair(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Pair:
    return Pair(tmp_path / "state", source, target)


def frozen(pair: Pair) -> Journal:
    """A cutover that was killed inside its window: index `a` of the source refuses writes."""
    pair.engines["source"].put(FakeIndex("a", settings={"index.blocks.write": "true"}))
    journal = pair.run("cutover", "running", window=window())
    pair.intend(journal, "block", "source", names=["a"])
    return journal


def command(pair: Pair, kind: str, verb: str, *options: str) -> Any:
    file = pair.folder.parent / "plan.yaml"
    file.write_text(yaml.safe_dump(pair.plan.model_dump(mode="json")), encoding="utf-8")
    return on_disk(kind, pair.folder, *SNAPFERRY, verb, file, "--state", pair.folder, *options)


@pytest.mark.parametrize("kind", SAID)
def test_the_source_is_released_although_nothing_can_be_recorded(pair: Pair, kind: str) -> None:
    journal = frozen(pair)
    ended = command(pair, kind, "abort", "--execute")
    assert not told_blocks(pair.engines["source"].indices["a"]), ended.stderr
    assert ended.returncode == 1, ended.stderr
    said = "this was done, but could not be recorded: cannot write"
    assert f"{said} {journal.path}: {SAID[kind].format(disk=pair.folder)}" in ended.stderr
    assert "next: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not is_rolled_back(Journal.load(journal.path).document)
    again = pair.command("abort", "--execute")
    assert again.exit_code == 0, again.output
    assert is_rolled_back(Journal.load(journal.path).document)


def test_copies_are_removed_although_nothing_can_be_recorded(pair: Pair) -> None:
    """The journals of the rounds say afterwards what they said before; the same command records it."""
    seed = pair.seeded()
    ended = command(pair, FULL, "abort", "--execute", "--seeds")
    assert pair.engines["target"].indices == {}, ended.stderr
    assert (ended.returncode, "Traceback" in ended.stderr) == (1, False), ended.stderr
    assert f"cannot write {seed.path}: no space left on {pair.folder}" in ended.stderr
    again = pair.command("abort", "--execute", "--seeds")
    assert again.exit_code == 0, again.output
    assert Journal.load(seed.path).record("clean") is not None


def test_finish_cleans_up_although_nothing_can_be_recorded(pair: Pair) -> None:
    journal = pair.run("migrate")
    pair.registered["target"] = OURS
    pair.intend(journal, "register", "target", name="repo", before=None, **OURS)
    ended = command(pair, READ_ONLY, "finish", "--execute")
    assert pair.registered == {}, ended.stderr
    assert (ended.returncode, "Traceback" in ended.stderr) == (1, False), ended.stderr
    assert "this was done, but could not be recorded" in ended.stderr
    again = pair.command("finish", "--execute")
    assert again.exit_code == 0, again.output


def test_what_only_reads_does_not_notice(pair: Pair) -> None:
    journal = frozen(pair)
    ended = command(pair, READ_ONLY, "status")
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    assert journal.run_id in ended.stdout


def test_a_run_in_the_way_is_seen_on_a_disk_that_cannot_be_written(pair: Pair) -> None:
    """A lock that can be read is enough."""
    frozen(pair)
    with pair.state.lock_plan():
        ended = command(pair, READ_ONLY, "abort", "--execute")
    assert ended.returncode == 6, ended.stderr
    assert "another run holds plan orders" in ended.stderr
    assert told_blocks(pair.engines["source"].indices["a"])


def test_a_run_is_not_begun_on_a_disk_that_cannot_be_written(pair: Pair) -> None:
    pair.run("seed", "failed")
    sent = len(pair.source.requests)
    ended = command(pair, FULL, "migrate", "--execute")
    assert ended.returncode == 3, ended.stderr
    assert f"no space left on {pair.folder}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(pair.source.requests) == sent
