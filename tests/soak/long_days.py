"""Long days: a migration during which something goes wrong for a while, once each, with its ending."""

from __future__ import annotations

import argparse
import shlex
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from lab.manager import attached
from lab.reset import reset
from tests.lab.migrations import Desk, Ended
from tests.soak.commands import waited
from tests.soak.data import Documents, Truth, truth
from tests.soak.days import DAYS, Day
from tests.soak.ledger import Ledger
from tests.soak.meddling import THEIRS, Meddler, fill, resolver_fails, sizes
from tests.soak.runs import fresh, secrets
from tests.soak.scene import Scene
from tests.soak.tails import engines

COLUMNS = ("day", "exits", "seconds", "it says", "verdict")
AS_TOLD = "as documented"
_LONGEST = 160


def run_day(scene: Scene, day: Day, number: int) -> dict[str, Any]:
    """One day, as a row of the results."""
    began = time.monotonic()
    reset(scene.lab)
    desk = Desk(scene.lab, fresh(scene.folder / f"day-{number}"))
    fill(scene)
    held = truth(scene.lab, "source")
    meddler = Meddler(scene, desk, day.plan)
    meddler.write()
    day.before(meddler)
    exits, said = _commanded(meddler, day)
    problems = [f"SAID NOTHING OF {words!r}" for words in day.says if words not in " ".join(said.split())]
    problems += [] if tuple(exits) == day.exits else [f"EXITS {exits} instead of {list(day.exits)}"]
    problems += [*_wrong(scene, day, held), *secrets(scene, desk.folder)]
    day.after(meddler)
    problems += [f"MEDDLING: {meddler.error!r}"] if meddler.error else []
    return {
        "day": day.name,
        "exits": " ".join(map(str, exits)),
        "seconds": f"{time.monotonic() - began:.0f}",
        "it says": _told(said),
        "verdict": "; ".join(problems) or AS_TOLD,
    }


def _commanded(meddler: Meddler, day: Day) -> tuple[list[int], str]:
    """The command until it ends as documented, at most once more; exit codes, and its first words."""
    exits: list[int] = []
    said = said_last = ""
    while tuple(exits) != day.exits and len(exits) <= len(day.exits) and (not exits or exits[-1]):
        if exits:
            day.mend(meddler)
        ended = _command(meddler, day, _options(said_last), alone=bool(exits))
        said_last = ended.out
        exits.append(ended.code)
        said = said or ended.out
        (meddler.desk.folder / f"said-{len(exits)}.txt").write_text(ended.out, encoding="utf-8")
    return exits, said


def _options(said: str) -> list[str]:
    """The options that the last command has named for the next one."""
    lines = [line for line in said.splitlines() if line.startswith("next: snapferry migrate ")]
    return shlex.split(lines[-1])[4:] if lines else ["--execute"]


def _command(meddler: Meddler, day: Day, options: Sequence[str], *, alone: bool) -> Ended:
    desk = meddler.desk
    desk.lab = meddler.scene.lab
    module = ("tests.soak.nameless", str(resolver_fails(desk.folder))) if day.nameless else ("snapferry",)
    meddler.began = sizes(desk)
    meddler.process = desk.start("migrate", *options, module=module)
    thread = threading.Thread(target=meddler.meddle, args=(day.meddle,))
    if not alone:
        thread.start()
    ended = waited(meddler.process)
    if not alone:
        thread.join()
    return ended


def _wrong(scene: Scene, day: Day, held: Truth) -> Iterator[str]:
    """What is not there in the end as it must be: documents and aliases of both sides, others' copies too."""
    for side, names in (("source", day.on_source), ("target", day.on_target)):
        found = truth(scene.lab, side)
        documents = {name: held.documents[name.removeprefix(f"{THEIRS}-")] for name in names}
        if found.documents != documents:
            unlike = [name for name in {*documents, *found.documents} if _of(found, name) != _of(held, name)]
            yield f"OTHER DOCUMENTS on the {side}: {', '.join(sorted(unlike)) or sorted(found.documents)}"
        wanted = {name: held.aliases[name] for name in names if name in held.aliases}
        if {name: each for name, each in found.aliases.items() if name in wanted} != wanted:
            yield f"OTHER ALIASES on the {side}: {found.aliases}"


def _of(found: Truth, name: str) -> Documents | None:
    return found.documents.get(name.removeprefix(f"{THEIRS}-"))


def _told(said: str) -> str:
    """What the first command ended with; without a complaint, what it waited for."""
    lines = [line.strip() for line in said.splitlines()]
    verdict = next((number for number, line in enumerate(lines) if line.startswith("Run 20")), len(lines))
    ends = [line for line in lines[verdict + 1 : verdict + 2] if not line.startswith(("Report", "next"))]
    plain = [line for line in lines if line.startswith("snapferry: ") and "time=" not in line]
    waiting = [line.partition("message=")[2].strip("'\"") for line in lines if "state=waiting" in line]
    waits = [line for line in (*plain, *waiting) if "retrying (1 of" not in line]
    return next(iter([*ends, *waits]), "nothing")[:_LONGEST].replace("|", "/")


def main(options: argparse.Namespace) -> int:
    """Live through the days that are left; return 1 if one ended in another way than documented."""
    numbers = range(options.seed, min(len(DAYS), options.seed + options.runs - 1) + 1)
    ledger = Ledger(options.seed, options.runs, record=options.record, job="long-days", columns=COLUMNS)
    done = {row["day"] for row in ledger.rows}
    left = [number for number in numbers if DAYS[number - 1].name not in done]
    for turn, settings in enumerate(dict.fromkeys(DAYS[number - 1].lab for number in left)):
        folder = ledger.workplace / f"lab-{turn}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with attached(folder / "lab", settings) as lab:
            ledger.begin(engines(lab))
            scene = Scene(lab, folder / "runs")
            for number in (number for number in left if DAYS[number - 1].lab == settings):
                row = run_day(scene, DAYS[number - 1], number)
                print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
                ledger.add(row)
    ledger.finish()
    wrong = [row["day"] for row in ledger.rows if row["verdict"] != AS_TOLD]
    print(f"{len(ledger.rows)} long days, {len(wrong)} wrong {wrong or ''}")
    return 1 if wrong else 0
