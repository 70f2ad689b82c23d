"""Two fake domains, a plan between them and its runs: for aborts, `finish` and the guard of a window."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from click.testing import Result
from typer.testing import CliRunner

from domains.shard_mark import Mark
from runs.journal import Journal, WindowEntry, now
from runs.state import State
from snapferry.main import app
from support.building import a_plan_between, a_resolution, a_unit
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, ok
from tasks.records.seeding import CopiesRecord, Copy
from tasks.records.transfer import RepositoryRecord

MISSING = engine_error(404, "repository_missing_exception", "[repo] missing")


class Pair:
    """Two fakes, a plan between them, and its runs.

    Args:
        registered: the plan's repository on each side.
    """

    def __init__(self, folder: Path, source: FakeDomain, target: FakeDomain) -> None:
        self.folder, self.source, self.target = folder, source, target
        self.plan = a_plan_between(source, target)
        self.state = State(folder, self.plan.name)
        self.engines = {"source": FakeEngine(source, "source"), "target": FakeEngine(target, "target")}
        self.registered: dict[str, Any] = {}
        for side, fake in (("source", source), ("target", target)):
            self.tell_blocks(fake, self.engines[side])
            self._keeps_registration(fake, side)

    def tell_blocks(self, fake: FakeDomain, engine: FakeEngine) -> None:
        """Script the reads and changes of write blocks, over whatever was scripted before."""

        def change(asked: ReceivedRequest) -> Reply:
            for name in asked.path.split("/")[1].split(","):
                engine.indices[name].settings |= asked.json
            return ok({"acknowledged": True})

        fake.on("GET /_all/_settings", engine.settings_reply).on("PUT /[^_].*/_settings", change)

    def _keeps_registration(self, fake: FakeDomain, side: str) -> None:
        def put(asked: ReceivedRequest) -> Reply:
            self.registered[side] = asked.json
            return ok({"acknowledged": True})

        def delete(_: ReceivedRequest) -> Reply:
            del self.registered[side]
            return ok({"acknowledged": True})

        fake.on(
            "GET /_snapshot/repo",
            lambda _: ok({"repo": self.registered[side]}) if side in self.registered else MISSING,
        )
        fake.on("PUT /_snapshot/repo", put).on("DELETE /_snapshot/repo", delete)

    def run(self, verb: str, status: str = "done", **changes: Any) -> Journal:
        """A run that moved index `a` and stands so."""
        journal = self.state.begin(self.plan, verb)
        journal.document.sessions = 1
        with journal.step("resolve"):
            pass
        journal.keep("resolve", a_resolution(a_unit("a")))
        self.intend(journal, "restore", "target", names=["a"], targets=["a"])
        frozen = changes.get("window")
        if frozen and frozen.opening:  # nothing is opened before it is frozen
            journal.document.window = frozen.model_copy(update={"opening": None, "ended": None})
            journal.save()
        for name, value in changes.items():
            setattr(journal.document, name, value)
        journal.save()
        if status != "running":
            journal.settle(status)  # pyright: ignore[reportArgumentType]
        return journal

    def seeded(self) -> Journal:
        """A seed round that is done; its copy waits on the target."""
        journal = self.run("seed")
        self.engines["target"].put(
            FakeIndex("a", "uuid-copy", open=False, settings={"index.blocks.write": "true"})
        )
        self.keep(journal, "copies", CopiesRecord(round=1, copies=(a_copy(journal),)))
        return journal

    def intend(self, journal: Journal, action: str, side: Any, **detail: Any) -> None:
        with journal.intend(action, side, action, detail):
            pass

    def keep(self, journal: Journal, step: str, record: Any) -> None:
        with journal.step(step):
            pass
        journal.keep(step, record)

    def works_with_it(self, journal: Journal) -> None:
        """The run has found the source's registration as it should be."""
        made = RepositoryRecord(
            side="source", name="repo", form="region", settings={}, readonly=False, already_there=True,
            attempts=(), nodes=(),
        )  # fmt: skip
        self.keep(journal, "register on source", made)

    def named(self, verb: str) -> str:
        """A command of the plan as texts name it."""
        return f"snapferry {verb} {self.folder / 'plan.yaml'} --state {self.folder}"

    def command(self, verb: str, *arguments: str) -> Result:
        file = self.folder / "plan.yaml"
        file.write_text(yaml.safe_dump(self.plan.model_dump(mode="json")), encoding="utf-8")
        return CliRunner().invoke(app, [verb, str(file), *arguments, "--state", str(self.folder)])


def told_blocks(held: FakeIndex) -> dict[str, str]:
    """The blocks of an index, as the engine tells them."""
    value = held.settings.get("index.blocks.write")
    return {"write": str(value).lower()} if value else {}


def a_copy(journal: Journal) -> Copy:
    """The seeded copy of index `a`."""
    mark = Mark(shard=0, max_seq_no=1, global_checkpoint=1, primary_term=1, history="h")
    return Copy(
        source="a", uuid="uuid-a", target="a", target_uuid="uuid-copy", marks=(mark,), run_id=journal.run_id
    )


def window(**changes: Any) -> WindowEntry:
    """Of a cutover that has frozen the source."""
    return WindowEntry(**{"frozen": now(), "deadline": now() + timedelta(hours=1)} | changes)
