"""Windows that meet a fault at any instant: the source takes writes again in time, without anybody's help."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from lab.engines.engine_client import EngineClient
from lab.errors import LabError
from tests.lab.migrations import Desk, guard_of, refusal
from tests.soak.changes import begin, change
from tests.soak.commands import DOWN_S, waited
from tests.soak.kills import Journals
from tests.soak.proof import blocked, wrong_copies, wrong_end
from tests.soak.runs import fresh, secrets
from tests.soak.scene import Scene
from tests.support.prefect_server import PrefectServer, prefect_server

DONE, SPARED = "done", "done, over before the fault"
PASSED = (DONE, SPARED)
COLUMNS = ("seed", "fault", "at", "gate", "ended", "exits", "seconds", "verdict")
RUNS, ALL_RUNS = 100, 124
"""So many seeds are for faults; those after them are for meddling."""
TRIES = 8
LATE_S = 5.0
WINDOW_S = 20
QUIET_S = (3.0, 6.0)
"""After so many seconds without an event the fault comes all the same: the window waits at its gate."""
TO_ITS_END = 3
"""Every third run goes on to its end where it was rolled back; where the opening had begun, all do."""
MOST_EVENTS = 26
"""About the number of events in a journal between the freeze and the end of the opening."""


@dataclass
class Run:
    """One window.

    Args:
        gate: whether it waits at `before-open` until its deadline.
        free: seconds from the deadline to when the source took writes again; negative before it.
        opening: whether the opening had begun instead.
        left: indices that may go on refusing writes, because nobody can release them.
        server: the Prefect server that shows it, where the fault is that it goes away.
    """

    scene: Scene
    desk: Desk
    chance: random.Random
    fault: str
    gate: bool
    at: str = ""
    free: float | None = None
    opening: bool = False
    left: set[str] = field(default_factory=set[str])
    server: PrefectServer | None = None
    exits: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])


def window_run(scene: Scene, seed: int) -> dict[str, Any]:
    """The run with this seed, as a row of the results."""
    began = time.monotonic()
    begin(scene.lab)
    run = _drawn(scene, seed)
    for _ in range(run.chance.randint(0, 1)):
        _command(run, "seed", "--execute")
        change(scene.lab, run.chance)
    _window(run)
    if run.opening or run.fault in {"disk full", *MEDDLING} or seed % TO_ITS_END == 0:
        _to_its_end(run)
    run.problems += secrets(scene, run.desk.folder)
    return {
        "seed": seed,
        "fault": run.fault,
        "at": run.at or "not",
        "gate": "yes" if run.gate else "no",
        "ended": _ended(run),
        "exits": " ".join(run.exits),
        "seconds": f"{time.monotonic() - began:.0f}",
        "verdict": "; ".join(dict.fromkeys(run.problems)) or (DONE if run.at else SPARED),
    }


def _drawn(scene: Scene, seed: int) -> Run:
    chance = random.Random(f"{seed}/window")
    family = FAULTS if seed <= RUNS else MEDDLING
    desk = Desk(scene.lab, fresh(scene.folder / f"window-{seed}"))
    run = Run(scene, desk, chance, list(family)[seed % len(family)], gate=chance.random() < 0.5)
    gates = {"gates": {"before-open": {"timeout": "5m"}}} if run.gate else {}
    desk.write(cutover={"green": "1s", "window": f"{WINDOW_S}s"}, **gates)
    return run


def _ended(run: Run) -> str:
    if run.opening:
        return "opening"
    return "never" if run.free is None else f"{run.free:+.1f} s"


# the window


def _window(run: Run) -> None:
    with ExitStack() as stack:
        if run.fault == "Prefect gone":
            run.server = stack.enter_context(prefect_server(run.desk.folder / "prefect"))
        _meet_fault(run, _started(run))


def _meet_fault(run: Run, process: subprocess.Popen[str]) -> None:
    """The cutover meets its fault; what must hold then is looked at from outside."""
    journals = Journals(run.desk.folder)
    events, pause_s = run.chance.randint(0, MOST_EVENTS), run.chance.choice((0.0, run.chance.uniform(0, 0.6)))
    if not _reached(journals, process, events, run.chance.uniform(*QUIET_S)):
        run.exits.append(str(waited(process).code))
        run.opening = True
        return
    time.sleep(pause_s)
    run.at = journals.where()
    undo = (FAULTS | MEDDLING)[run.fault](run, process)
    up_at = time.time()
    _watch(run, journals, process, up_at)
    undo()
    if run.fault == "Prefect gone":
        _await_settled(journals, process)
    ended = waited(process)  # its guard holds the same pipe: both have ended
    (run.desk.folder / "said.txt").write_text(f"exit {ended.code}\n{ended.out}", encoding="utf-8")
    run.exits.append("killed" if ended.code == -signal.SIGKILL else str(ended.code))
    run.opening = run.opening or _is_opening(journals)
    if not run.opening:
        if blocked(run.scene.lab) - run.left:
            run.problems.append("BLOCKED AGAIN after the end")
        if run.fault != LOST:
            run.problems += wrong_copies(run.scene.lab)
    run.problems += _unsaid(run)


def _started(run: Run) -> subprocess.Popen[str]:
    """The cutover as a child that hears SIGHUP, even where the soak itself was started by nohup."""
    desk = run.desk
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda _number, _frame: None)
    if run.server:
        desk = replace(desk, prefect=run.server.address)
    return desk.start("cutover", "--execute", "--allow-freeze")


def _reached(journals: Journals, process: subprocess.Popen[str], events: int, quiet_s: float) -> bool:
    """Wait until the journal has gained so many events inside the window; False if it ends before."""
    base: int | None = None
    last = time.monotonic()
    seen = 0
    while process.poll() is None:
        if base is None and journals.newest().get("window"):
            base, last = journals.events(), time.monotonic()
        if base is not None:
            gained = journals.events() - base
            if gained > seen:
                seen, last = gained, time.monotonic()
            if gained >= events or time.monotonic() - last > quiet_s:
                return True
        time.sleep(0.005)
    return False


def _await_settled(journals: Journals, process: subprocess.Popen[str]) -> None:
    """Wait for the run's end, and no longer: Prefect's client stays for a minute when its server is gone."""
    while process.poll() is None and journals.newest()["ended"] is None:
        time.sleep(0.1)
    process.kill()


def _watch(run: Run, journals: Journals, process: subprocess.Popen[str], up_at: float) -> None:
    """Wait until the source takes writes, or the opening has begun; else it is late."""
    deadline = datetime.fromisoformat(journals.newest()["window"]["deadline"]).timestamp()
    latest, was_blocked = max(deadline, up_at) + LATE_S, False
    while True:
        at = time.time()
        refusing = _refusing(run)
        was_blocked = was_blocked or bool(refusing)
        if refusing == set() and (was_blocked or _was_frozen(journals) or process.poll() is not None):
            run.free = at - deadline
            return
        if _is_opening(journals):
            run.opening = True
            return
        if at > latest and refusing == set():
            run.free = at - deadline  # it was stopped before anything was frozen
            return
        if at > latest:
            run.problems.append(f"STILL BLOCKED {at - deadline:.0f} s after the deadline: {refusing}")
            return
        time.sleep(0.1)


def _refusing(run: Run) -> set[str] | None:
    """Indices of the source that refuse writes; None while its engine does not answer."""
    with suppress(LabError, requests.RequestException, KeyError):
        return blocked(run.scene.lab) - run.left
    return None


def _was_frozen(journals: Journals) -> bool:
    """Whether the freeze has begun, or will not any more: before, the source takes writes as well."""
    document = journals.newest()
    blocks = [intent for intent in document["intents"] if intent["action"] == "block"]
    return (bool(blocks) and all(intent["result"] for intent in blocks)) or bool(document["window"]["ended"])


def _is_opening(journals: Journals) -> bool:
    """Whether a request may have let the target take writes."""
    document = journals.newest()
    turned_away = ("denied", "refused")
    return any(
        intent["action"] == "serve" and not (intent["result"] or "").startswith(turned_away)
        for intent in document["intents"]
    )


def _unsaid(run: Run) -> Iterator[str]:
    """The status tells whether the source refuses writes."""
    refusing = blocked(run.scene.lab)
    status = run.desk.run("status")
    said = " ".join(status.out.split())
    if status.code:
        yield f"STATUS FAILS: {status}"
    elif refusing and "refuses writes" not in said:
        yield f"UNSAID: {len(refusing)} indices refuse writes"
    elif not refusing and "The source refuses writes" in said:
        yield "SAID that the source refuses writes, which it does not"


# after it


def _to_its_end(run: Run) -> None:
    """The same command, without the gate, brings it to its end."""
    run.desk.write(cutover={"green": "1s"})
    for _ in range(TRIES):
        if run.exits and run.exits[-1] == "0":
            break
        said = _command(run, "cutover", "--execute", "--allow-freeze")
    else:
        run.problems.append(f"CUTOVER comes to no end: {said}")
        return
    if run.opening and run.fault == COPY_WRITTEN_TO:
        _take_back(run)
    run.problems += wrong_end(run.scene.lab, None, "blocked")


def _command(run: Run, *arguments: str) -> str:
    ended = run.desk.run(*arguments)
    run.exits.append(f"{'seed ' if arguments[0] == 'seed' else ''}{ended.code:d}")
    with (run.desk.folder / "said-later.txt").open("a", encoding="utf-8") as file:
        file.write(f"{arguments} {ended}\n")
    return " ".join(f"{ended.out} {ended.err}".split())[-300:]


# the faults: each returns what ends it


def _nothing() -> None:
    """Nothing is to be ended."""


def _killed(_: Run, process: subprocess.Popen[str]) -> Callable[[], None]:
    process.kill()
    return _nothing


def _hung_up(_: Run, process: subprocess.Popen[str]) -> Callable[[], None]:
    process.send_signal(signal.SIGHUP)
    return _nothing


def _terminated(_: Run, process: subprocess.Popen[str]) -> Callable[[], None]:
    for _number in range(4):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.12)
    return _nothing


def _stopped(_: Run, process: subprocess.Popen[str]) -> Callable[[], None]:
    process.send_signal(signal.SIGSTOP)
    return lambda: process.send_signal(signal.SIGCONT)


def _without_prefect(run: Run, _: subprocess.Popen[str]) -> Callable[[], None]:
    assert run.server
    run.server.process.kill()
    return _nothing


def _disk_full(run: Run, process: subprocess.Popen[str]) -> Callable[[], None]:
    """A stand-in for a full disk: no new journal can be written. The command may be killed on top."""
    (journal,) = _newest(run.desk)
    fresh_file = journal.with_suffix(".new")
    for _ in range(200):
        with suppress(OSError):
            fresh_file.unlink(missing_ok=True)
            fresh_file.mkdir()
            break
    if run.chance.random() < 0.4:
        process.kill()
    return fresh_file.rmdir


def _newest(desk: Desk) -> list[Path]:
    return sorted((desk.folder / "state" / "plans" / "lab-move").glob("*.json"))[-1:]


def _dripping(run: Run, _: subprocess.Popen[str]) -> Callable[[], None]:
    drip = {"kind": "drip", "delay_s": 1.0}
    dripping = {"name": "the source drips", "domain": "source", "rate": 1.0, "faults": [drip]}
    run.scene.install({"seed": 1, "classes": [dripping]})
    return lambda: _ignore(run.scene.well())


def _ignore(_: Any) -> None:
    """The result is not needed."""


def _source_killed(run: Run, _: subprocess.Popen[str]) -> Callable[[], None]:
    return _engine_killed(run, "source")


def _target_killed(run: Run, _: subprocess.Popen[str]) -> Callable[[], None]:
    return _engine_killed(run, "target")


def _engine_killed(run: Run, side: str) -> Callable[[], None]:
    run.scene.kill(side)
    time.sleep(run.chance.uniform(*DOWN_S))
    run.scene.start(side)
    run.desk.lab = run.scene.lab
    return _nothing


# the meddling: what somebody does to the domains or to the guard


def _release_refused(run: Run, process: subprocess.Popen[str]) -> Callable[[], None]:
    """One index of the source refuses every change of its settings; then the command is asked to end."""
    run.scene.ask("POST", "/rules", refusal("source", f"/.*{LEFT}.*/_settings", None))
    process.terminate()
    run.left = {LEFT}
    return lambda: _ignore(run.scene.ask("DELETE", "/rules"))


def _opening_refused(run: Run, _: subprocess.Popen[str]) -> Callable[[], None]:
    run.scene.ask("POST", "/rules", refusal("target", "/.*/_settings", 1))
    return _nothing


def _source_written_to(run: Run, _: subprocess.Popen[str]) -> Callable[[], None]:
    """Somebody lifts the block of one index of the source, and writes."""
    with EngineClient(run.scene.lab.source) as engine:
        engine.call("PUT", f"/{LEFT}/_settings", {"index.blocks.write": None})
        engine.call("PUT", f"/{LEFT}/_doc/meddled?refresh=true", {"number": 1})
    return _nothing


def _copy_written_to(run: Run, _: subprocess.Popen[str]) -> Callable[[], None]:
    """Somebody lifts the block of one open copy, writes, and blocks it again."""
    with suppress(LabError), EngineClient(run.scene.lab.target) as engine:
        engine.call("PUT", f"/{LEFT}/_settings", {"index.blocks.write": None})
        with suppress(LabError):
            engine.call("PUT", f"/{LEFT}/_doc/meddled?refresh=true", {"number": 1})
        engine.call("PUT", f"/{LEFT}/_settings", {"index.blocks.write": True})
    return _nothing


def _take_back(run: Run) -> None:
    """What was done to a copy that had been opened before is nobody's fault: undo it."""
    with EngineClient(run.scene.lab.target) as engine:
        engine.call("PUT", f"/{LEFT}/_settings", {"index.blocks.write": None})
        engine.call("DELETE", f"/{LEFT}/_doc/meddled?refresh=true", ok=(404,))


def _guard_killed(run: Run, _: subprocess.Popen[str]) -> Callable[[], None]:
    guard = guard_of(run.desk)
    if guard:
        with suppress(ProcessLookupError):
            os.kill(guard["process"], signal.SIGKILL)
    return _nothing


def _machine_lost(run: Run, process: subprocess.Popen[str]) -> Callable[[], None]:
    """Command and guard are killed: nobody is left to release the source."""
    process.send_signal(signal.SIGSTOP)
    _guard_killed(run, process)
    process.kill()
    run.left = blocked(run.scene.lab)
    return _nothing


Fault = Callable[[Run, subprocess.Popen[str]], Callable[[], None]]
FAULTS: dict[str, Fault] = {
    "kill -9": _killed,
    "SIGHUP": _hung_up,
    "SIGTERM four times": _terminated,
    "SIGSTOP": _stopped,
    "Prefect gone": _without_prefect,
    "disk full": _disk_full,
    "source drips": _dripping,
    "source killed": _source_killed,
    "target killed": _target_killed,
}
LOST = "command and guard killed"
LEFT = "customers"
COPY_WRITTEN_TO = "copy written to"
MEDDLING: dict[str, Fault] = {
    "release refused": _release_refused,
    "opening refused": _opening_refused,
    "source written to": _source_written_to,
    COPY_WRITTEN_TO: _copy_written_to,
    "guard killed": _guard_killed,
    LOST: _machine_lost,
}
