"""When and how something is killed during a seed round or a cutover."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.lab.migrations import Desk
from tests.soak.commands import DOWN_S, waited
from tests.soak.scene import Scene

How = Literal["kill -9", "kill -9 with its guard", "SIGTERM", "target killed"]
LONGEST = {"seed": 24, "cutover": 44}  # about the number of events in a command's journal
_HOW: tuple[How, ...] = ("kill -9", "kill -9", "kill -9", "kill -9", "SIGTERM", "target killed")


@dataclass(frozen=True)
class Kill:
    """One kill.

    Args:
        events: how many events (steps begun, requests intended) the journal gains before the kill.
        pause_s: seconds after that.
    """

    how: How
    events: int
    pause_s: float


def kill_of(chance: random.Random, verb: str) -> Kill:
    """A kill of this command at a random moment."""
    pause_s = chance.choice((0.0, chance.uniform(0, 0.1), chance.uniform(0, 0.6)))
    return Kill(chance.choice(_HOW), chance.randint(1, LONGEST[verb]), pause_s)


@dataclass(frozen=True)
class Went:
    """How one command went.

    Args:
        killed: how and in which step something was killed; empty if nothing was.
    """

    code: int
    said: str
    killed: str = ""

    @property
    def gone(self) -> bool:
        """Whether the command itself died by kill -9."""
        return self.code == -9


def commanded(scene: Scene, desk: Desk, arguments: tuple[str, ...], kill: Kill | None) -> Went:
    """Run the command in a process of its own, with a kill on the way."""
    journals = Journals(desk.folder)
    process = desk.start(*arguments)
    killed = _killed(scene, desk, journals, process, kill) if kill else ""
    ended = waited(process)
    return Went(ended.code, ended.out, killed)


class Journals:
    """The plan's journals as they grow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "state" / "plans" / "lab-move"
        self._read: dict[Path, tuple[int, dict[str, Any]]] = {}
        self._before = self._events()

    def events(self) -> int:
        """Steps begun and requests intended since the command started."""
        return self._events() - self._before

    def newest(self) -> dict[str, Any]:
        """The journal that was begun last."""
        found = list(self._all())
        return max(found, key=lambda each: (each["started"], each["run_id"])) if found else {}

    def where(self) -> str:
        """The step in progress, or the last one."""
        steps: dict[str, dict[str, Any]] = self.newest().get("steps", {})
        if not steps:
            return "start"
        at_work = [name for name, entry in steps.items() if entry["ended"] is None]
        return at_work[-1] if at_work else max(steps, key=lambda name: steps[name]["ended"])

    def _events(self) -> int:
        return sum(
            len(each["intents"]) + sum(entry["attempts"] for entry in each["steps"].values())
            for each in self._all()
        )

    def _all(self) -> Iterator[dict[str, Any]]:
        for path in sorted(self._folder.glob("*.json")):
            changed = path.stat().st_mtime_ns
            if self._read.get(path, (0,))[0] != changed:
                self._read[path] = (changed, json.loads(path.read_text(encoding="utf-8")))
            yield self._read[path][1]


def _killed(scene: Scene, desk: Desk, journals: Journals, process: subprocess.Popen[str], kill: Kill) -> str:
    """Wait for the moment and kill; empty if the command had ended before."""
    while journals.events() < kill.events:
        if process.poll() is not None:
            return ""
        time.sleep(0.01)
    time.sleep(kill.pause_s)
    if process.poll() is not None:
        return ""
    where = journals.where()
    if kill.how == "target killed":
        scene.kill("target")
        time.sleep(random.Random(kill.events).uniform(*DOWN_S))
        scene.start("target")
    elif kill.how == "SIGTERM":
        process.terminate()
    elif kill.how == "kill -9 with its guard":
        process.send_signal(signal.SIGSTOP)  # or it would see that its guard is gone
        _kill_guards(desk)
        process.kill()
    else:
        process.kill()
    return f"{kill.how} at {where}"


def _kill_guards(desk: Desk) -> None:
    """kill -9 of the plan's guards; a record may have outlived its process."""
    for file in desk.folder.rglob("*.guard"):
        number = json.loads(file.read_text(encoding="utf-8"))["process"]
        with suppress(OSError):
            if b"flows.guard.process" in Path(f"/proc/{number}/cmdline").read_bytes():
                os.kill(number, signal.SIGKILL)
