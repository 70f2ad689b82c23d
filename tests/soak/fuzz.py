"""Damaged input of every kind for every verb that reads it: an error of ours or a right answer, no traceback.

A case follows from its seed: plans, journals, saved plans, and what domains and S3 answer, with bytes
changed, cut out or doubled, and values replaced by wild ones. The command runs in this process, so that
thousands of cases take minutes; an exception that reaches its end is a traceback.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from typer.testing import CliRunner

from tests.soak.ledger import Ledger
from tests.support.memory_objects import Memory
from tests.support.old_state import old_states, seal

TESTS = str(Path(__file__).resolve().parents[1])
sys.path[:0] = [TESTS] if TESTS not in sys.path else []

CASES, BATCH = 10_000, 500
KINDS = ("plan", "journal", "saved plan", "replies of a domain", "objects in S3")
COLUMNS = ("seeds", "cases", "by exit code", "tracebacks", "false successes", "seconds")
CODES = {0, 1, 2, 3, 4, 5, 6}
NOWHERE = {"source.endpoint": "http://127.0.0.1:9", "target.endpoint": "http://127.0.0.1:13"}
DEEP = 3000
WILD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**63, -(2**63), 10**30, 1e308, -0.5, "", " ", "null", "true", "\x00",
    "\x1b[31m", "\ud800", "\u202egnp", "a" * 70_000, "../../etc/passwd", "*", "_all", "-index",
    "2026-13-45T99:99:99Z", "2026-11-30T00:00:00", [], {}, [None], [[]], {"": None}, {"a": {"b": []}},
    ["x"] * 500,
)  # fmt: skip
TOKENS = (
    b"\x00", b"\t", b"\xff\xfe", b"\xc3", "😀".encode(), b"&a [*a]", b"*b", b"<<: *b",
    b"!!python/object:os.system",
    b"{", b"}", b"[", b"]", b"- ", b": ", b"'", b'"', b"|", b">", b"#", b"%", b"@", b"`", b"~", b"null",
    b"1e999", b"0x1f", b"2026-13-45", b"\r", b"\n\n\n", b"---\n", b"...\n", b"? ", b"a" * 5000, b"[" * DEEP,
    b"\xe2\x80\xa8",
)  # fmt: skip


@dataclass
class Ended:
    """How a case ended.

    Args:
        fault: what must not be: a traceback, an exit code that nobody knows, or a false success.
    """

    code: int
    fault: str = ""


def mutated_bytes(chance: random.Random, content: bytes) -> bytes:
    """The content with one to four places changed."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(content) + 1)
        end = min(len(content), start + chance.choice((0, 1, 1, 4, 40, 400)))
        put = chance.choice(
            (b"", chance.choice(TOKENS), chance.randbytes(chance.randint(1, 6)), content[start:end] * 2)
        )
        content = content[:start] + put + content[end:]
    return content


def mutated_json(chance: random.Random, value: Any) -> Any:
    """The value with one to three of its parts replaced, left out, doubled, or put elsewhere."""
    for _ in range(chance.randint(1, 3)):
        places = list(_places(value))
        if not places:
            return chance.choice(WILD)
        held, key = chance.choice(places)
        act = chance.random()
        if act < 0.15:
            del held[key]
        elif act < 0.25:
            other, name = chance.choice(places)
            with_it = other[name] if _is_there(other, name) else None
            held[key] = json.loads(json.dumps(with_it)) if len(json.dumps(with_it)) < 10_000 else None
        else:
            held[key] = json.loads(json.dumps(chance.choice(WILD)))
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _is_there(held: Any, key: Any) -> bool:
    return key in held if isinstance(held, dict) else key < len(held)


def mutated_text(chance: random.Random, text: str) -> bytes:
    """A JSON text, damaged as bytes or as values."""
    if chance.random() < 0.4:
        return mutated_bytes(chance, text.encode())
    return json.dumps(mutated_json(chance, json.loads(text))).encode()


def run(*words: object) -> Ended:
    """The command in this process."""
    from snapferry.main import app

    result = CliRunner().invoke(app, [str(word) for word in words], env={"SNAPFERRY_STATE": ""})
    error = result.exception
    if error is not None and not isinstance(error, SystemExit):
        said = "".join(traceback.format_exception(error))
        return Ended(result.exit_code, f"traceback of {' '.join(map(str, words))}: {said[-1500:]}")
    if result.exit_code not in CODES:
        return Ended(result.exit_code, f"exit {result.exit_code} of {' '.join(map(str, words))}")
    return Ended(result.exit_code)


class Fuzz:
    """What the cases share: fixtures, two fake domains, a folder for each case."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.states = [each for each in old_states() if each.values]

    def case(self, seed: int) -> tuple[str, Ended]:
        """The case with this seed."""
        chance = random.Random(f"{seed}/fuzz")
        kind = KINDS[seed % len(KINDS)]
        place = self.folder / f"{seed}"
        place.mkdir()
        try:
            act: dict[str, Callable[[random.Random, Path], Ended]] = {
                "plan": self._plan,
                "journal": self._journal,
                "saved plan": self._saved,
                "replies of a domain": self._replies,
                "objects in S3": self._objects,
            }
            return kind, act[kind](chance, place)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _laid_out(self, chance: random.Random, place: Path, *, saved: bool = False) -> Path:
        wanted = "saved.yaml" if saved else "state/plans"
        state = chance.choice([each for each in self.states if (each.folder / wanted).exists()])
        values = {**state.values, **NOWHERE}
        return state.lay_out(place, values)

    def _plan(self, chance: random.Random, place: Path) -> Ended:
        examples = sorted((Path(TESTS).parent / "configs" / "plans").glob("*.yaml"))
        text = chance.choice(examples).read_bytes()
        file = place / "plan.yaml"
        if chance.random() < 0.5:
            text = yaml.safe_dump(mutated_json(chance, yaml.safe_load(text)), allow_unicode=True).encode(
                "utf-8", "replace"
            )
        file.write_bytes(text if chance.random() < 0.4 else mutated_bytes(chance, text))
        verb = chance.choice(("status", "report", "runs", "abort", "finish", "approve"))
        more = ("before-restore",) if verb == "approve" else ()
        return run(verb, file, *more, "--state", place / "state")

    def _journal(self, chance: random.Random, place: Path) -> Ended:
        plan = self._laid_out(chance, place)
        journals = sorted((place / "state" / "plans").glob("*/*.json"))
        damaged = chance.choice(journals)
        damaged.write_bytes(mutated_text(chance, damaged.read_text(encoding="utf-8")))
        verb = chance.choice(("status", "report", "runs", "abort", "finish", "seed", "migrate", "repair"))
        more = ("--json",) if chance.random() < 0.3 else ()
        return run(verb, plan, *more, "--state", place / "state")

    def _saved(self, chance: random.Random, place: Path) -> Ended:
        self._laid_out(chance, place, saved=True)
        saved = place / "saved.yaml"
        content = saved.read_bytes()
        saved.write_bytes(mutated_bytes(chance, content))
        if chance.random() < 0.5:
            with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError, yaml.YAMLError):
                seal(saved)
        return run(chance.choice(("migrate", "status", "check", "plan")), saved, "--state", place / "state")

    def _replies(self, chance: random.Random, place: Path) -> Ended:
        from support.engine import FakeEngine, FakeIndex
        from support.fake_domain import FakeDomain, Reply

        fakes = {side: FakeDomain() for side in ("source", "target")}
        rate = chance.choice((0.02, 0.05, 0.2))
        figures = {"source": [(3, 30, 12)], "target": [(2, 29, 12)]}  # a document is missing
        try:
            for side, fake in fakes.items():
                FakeEngine(
                    fake,
                    side,
                    FakeIndex("same"),
                    FakeIndex("lacking", figures=list(figures[side])),
                    FakeIndex("x"),
                )
                answer = fake.answer

                def damaged(asked: Any, answer: Any = answer) -> Any:
                    reply = answer(asked)
                    if chance.random() > rate or not isinstance(reply.body, dict | list):
                        return reply
                    body = mutated_text(chance, json.dumps(reply.body)).decode("utf-8", "surrogateescape")
                    clean = body.encode("utf-8", "replace").decode()
                    return Reply(reply.status, clean, reply.headers)

                fake.answer = damaged
            file = place / "plan.yaml"
            file.write_text(json.dumps(_plan_between(fakes)), encoding="utf-8")
            verb = chance.choice(("check", "plan", "verify", "verify", "migrate", "seed"))
            level = chance.choice(("counts", "operations", "content"))
            more = ("--level", level, "--json") if verb == "verify" else ("--state", place / "state")
            ended = run(verb, file, *more)
            if verb == "verify" and level != "counts" and ended.code == 0:
                ended.fault = f"verify --level {level} ended with 0 although a document is missing"
            return ended
        finally:
            for fake in fakes.values():
                fake.close()

    def _objects(self, chance: random.Random, place: Path) -> Ended:
        from configs.state import StateSettings
        from runs.stores import registry
        from runs.stores.conditional import Found
        from runs.stores.shared import SharedStore

        plan = self._laid_out(chance, place)
        objects: dict[str, bytes] = {}
        for path in (place / "state").rglob("*"):
            if path.is_file() and path.suffix in {".json", ".sent", ".copied"}:
                head = b'{"token": 1, "by": "a:1", "write": "0"}\n'
                objects[path.relative_to(place / "state").as_posix()] = head + path.read_bytes()
        for key in chance.sample(sorted(objects), min(len(objects), chance.randint(1, 2))):
            objects[key] = mutated_bytes(chance, objects[key])
        name = next(iter(sorted((place / "state" / "plans").iterdir()))).name
        objects[f"plans/{name}/lock"] = mutated_bytes(chance, LOCK)
        stored = Memory({key: Found(body, f"begun {n}") for n, (key, body) in enumerate(objects.items())})
        settings = StateSettings.model_validate({"address": "s3://state/all", "lease": "3s"})
        folder = place / "machine"
        folder.mkdir()
        registry.use_store(folder, SharedStore(folder, stored, stored, settings))
        try:
            return run(
                chance.choice(("status", "report", "runs", "abort", "finish")), plan, "--state", folder
            )
        finally:
            registry._opened.pop(folder)


LOCK = (
    b'{"format":1,"token":1,"beat":3,"nonce":"00","holder":{"user":"a","host":"b","process":1,"place":"",'
    b'"session":"s","since":"now"},"ttl_s":0.05,"released":true}'
)


def _plan_between(fakes: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "orders",
        **{side: {"endpoint": fake.endpoint, "auth": {"type": "none"}} for side, fake in fakes.items()},
        "repository": {"name": "repo", "type": "fs", "location": "/mnt/snapshots"},
    }


@contextmanager
def _quick() -> Iterator[None]:
    """Nothing is tried again, and no domain is waited for."""
    from domains.engine import reachability
    from domains.http import connection

    before = connection.BUDGET_S, reachability._PASSES_S
    connection.BUDGET_S = reachability._PASSES_S = 0.0
    try:
        yield
    finally:
        connection.BUDGET_S, reachability._PASSES_S = before


def main(arguments: argparse.Namespace) -> int:
    """Run what is left of the cases; return 1 if any ended as none may."""
    runs = arguments.runs if arguments.runs not in (None, 60) else CASES
    ledger = Ledger(arguments.seed, runs, record=arguments.record, job="fuzz", columns=COLUMNS)
    wrong: list[str] = []
    with TemporaryDirectory() as folder, _quick():
        fuzz = Fuzz(Path(folder))
        ledger.begin("in this process")
        for first in range(arguments.seed, arguments.seed + runs, BATCH):
            last = min(first + BATCH, arguments.seed + runs) - 1
            if ledger.done(first):
                continue
            row, faults = _batch(fuzz, first, last)
            wrong += faults
            print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            print("\n".join(faults), end="", flush=True)
            ledger.add(row)
    ledger.finish()
    print(f"{sum(row['cases'] for row in ledger.rows)} cases, {len(wrong)} wrong")
    return 1 if wrong else 0


def _batch(fuzz: Fuzz, first: int, last: int) -> tuple[dict[str, Any], list[str]]:
    began = time.monotonic()
    codes: dict[int, int] = {}
    faults: list[str] = []
    for seed in range(first, last + 1):
        kind, ended = fuzz.case(seed)
        codes[ended.code] = codes.get(ended.code, 0) + 1
        if ended.fault:
            faults.append(f"seed {seed}, {kind}: {ended.fault}\n")
    return {
        "seed": first,
        "seeds": f"{first} to {last}",
        "cases": last - first + 1,
        "by exit code": ", ".join(f"{code}: {count}" for code, count in sorted(codes.items())),
        "tracebacks": sum("traceback" in fault or "exit" in fault for fault in faults),
        "false successes": sum("although" in fault for fault in faults),
        "seconds": f"{time.monotonic() - began:.0f}",
    }, faults
