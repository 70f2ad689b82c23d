"""Clients that write all the time, and are kept book of.

A document's id belongs to one writer, who sends one request at a time, so that its last acknowledged state is
known. An id whose request ended unknown (no answer, or an error that does not say that nothing was done) is
left alone from then on: late effects of that request would otherwise be taken for losses.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any, Literal
from urllib.parse import quote

import requests
from requests_aws4auth import AWS4Auth

from lab.description import LabDescription
from tests.support.write_log import ABSENT, Outcome, Write, WriteLog, contents, outcome_of

Way = Literal["door", "engine"]
WAIT_S = 60.0
_RUNS = count(1)


class Writers:
    """Writers on one domain; started and stopped by `writing`.

    Args:
        pages: the book, by the name that is written to.
        first_refused, last_acknowledged: `time.monotonic()` of those answers; None before the first.
    """

    def __init__(self, lab: LabDescription, side: str, places: Mapping[str, bool], way: Way) -> None:
        self.lab, self.side, self._way = lab, side, way
        self.pages = {name: WriteLog() for name in places}
        self.first_refused: float | None = None
        self.last_acknowledged: float | None = None
        self._streams = {name for name, is_stream in places.items() if is_stream}
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._at_work: list[Future[None]] = []
        self._run_number = next(_RUNS)  # ids of their own for each: an earlier book stays true

    def start(self, seed: int, each: int, pause_s: float) -> None:
        """Starts `each` writers for every name."""
        pool = ThreadPoolExecutor(len(self.pages) * each, thread_name_prefix="writer")
        for name in self.pages:
            for number in range(each):
                chance = random.Random(f"{seed}/{name}/{number}")
                self._at_work.append(pool.submit(self._run, name, number, chance, pause_s))
        pool.shutdown(wait=False)

    def stop(self) -> None:
        """Lets every writer finish its request, and raises what one of them stumbled over."""
        self._ended.set()
        for writer in self._at_work:
            writer.result(WAIT_S)

    def count(self, outcome: Outcome) -> int:
        """How many writes have ended so."""
        with self._lock:
            return sum(page.outcomes[outcome] for page in self.pages.values())

    def wait(self, outcome: Outcome, more: int = 1) -> None:
        """Waits until for every name so many more writes have ended so."""
        with self._lock:
            wanted = {name: page.outcomes[outcome] + more for name, page in self.pages.items()}
        deadline = time.monotonic() + WAIT_S
        while True:
            with self._lock:
                lacking = [name for name in wanted if self.pages[name].outcomes[outcome] < wanted[name]]
            if not lacking:
                return
            for writer in (each for each in self._at_work if each.done()):
                writer.result()
            assert time.monotonic() < deadline, (lacking, outcome, self.reasons())
            time.sleep(0.01)

    def reasons(self) -> dict[str, dict[str, int]]:
        """How often which error came, by name."""
        with self._lock:
            return {name: dict(page.reasons) for name, page in self.pages.items()}

    def lost(self, side: str, named: Mapping[str, str] | None = None) -> list[str]:
        """Every acknowledged document or deletion that the side does not have so, and every refused write
        that it has; to be asked after `stop`.

        Args:
            named: names there that differ from those that were written to.
        """
        found: list[str] = []
        for name, page in self.pages.items():
            there = contents(self.lab, side, (named or {}).get(name, name), page.ids)
            found += (f"{name}/{line}" for line in page.wrong(there))
        return found

    def _run(self, name: str, number: int, chance: random.Random, pause_s: float) -> None:
        own = _Own(f"{self._run_number}-{number}", chance, creates_only=name in self._streams)
        send = self._sender()
        while not self._ended.is_set():
            self._once(name, own, send)
            self._ended.wait(pause_s)

    def _once(self, name: str, own: _Own, send: Callable[..., requests.Response]) -> None:
        writes = own.next()
        ended: list[tuple[Outcome, str]]
        try:
            ended = _sent(send, name, writes, creates_only=own.creates_only)
        except requests.RequestException as error:
            ended = [("unknown", type(error).__name__)] * len(writes)
        with self._lock:
            for write, (outcome, reason) in zip(writes, ended, strict=True):
                self.pages[name].note(write, outcome, reason)
                if outcome == "refused" and self.first_refused is None:
                    self.first_refused = time.monotonic()
                if outcome == "acknowledged":
                    self.last_acknowledged = time.monotonic()
        own.learn(writes, [outcome for outcome, _ in ended])

    def _sender(self) -> Callable[..., requests.Response]:
        """A thread's own way to the domain: a session and a signer are for one thread."""
        domain, session = self.lab.domain(self.side), requests.Session()
        session.trust_env = False
        if self._way == "engine":
            session.headers.update(domain.operator or {})
            return lambda method, path, **more: session.request(
                method, domain.engine_url + path, timeout=30, **more
            )
        session.auth = AWS4Auth(self.lab.access_key_id, self.lab.secret_access_key, domain.region, "es")
        session.verify = self.lab.ca_bundle or True
        return lambda method, path, **more: session.request(
            method, domain.endpoint + path, timeout=30, **more
        )


class _Own:
    """What one writer has written, and what it writes next."""

    def __init__(self, prefix: str, chance: random.Random, *, creates_only: bool) -> None:
        self._prefix, self._chance, self.creates_only = prefix, chance, creates_only
        self._made = self._value = 0
        self._known: list[str] = []

    def next(self) -> list[Write]:
        """One write, or several for one `_bulk`; no id twice."""
        size = self._chance.randint(2, 20) if self._chance.random() < 0.3 else 1
        writes = {write.id: write for write in (self._one() for _ in range(size))}
        return list(writes.values())

    def learn(self, writes: list[Write], outcomes: list[Outcome]) -> None:
        """Keeps to write to what is there, and leaves alone what is not known."""
        for write, outcome in zip(writes, outcomes, strict=True):
            known = write.id in self._known
            gone = outcome == "unknown" or (outcome == "acknowledged" and write.value is ABSENT)
            if known and gone:
                self._known.remove(write.id)
            elif not known and outcome == "acknowledged" and write.value is not ABSENT:
                self._known.append(write.id)

    def _one(self) -> Write:
        self._value += 1
        draw = self._chance.random()
        if not self._known or self.creates_only or draw < 0.6:
            self._made += 1
            return Write(f"{self._prefix}-{self._made}", self._value)
        return Write(self._chance.choice(self._known), self._value if draw < 0.85 else ABSENT)


def _sent(
    send: Callable[..., requests.Response], name: str, writes: list[Write], *, creates_only: bool
) -> list[tuple[Outcome, str]]:
    """Sends them, one by a request of its own, several by `_bulk`; what has become of each."""
    path = f"/{quote(name, safe='')}"
    if len(writes) == 1:
        reply = _single(send, path, writes[0], creates_only)
        kind = "" if reply.ok else _type(reply)
        return [(outcome_of(reply.status_code, kind), kind)]
    lines = [json.dumps(line) for write in writes for line in _lines(write, creates_only)]
    headers = {"Content-Type": "application/x-ndjson"}
    reply = send("POST", f"{path}/_bulk", data="\n".join(lines) + "\n", headers=headers)
    if not reply.ok:
        kind = _type(reply)
        return [(outcome_of(reply.status_code, kind), kind)] * len(writes)
    items = [next(iter(item.values())) for item in reply.json()["items"]]
    kinds = [item.get("error", {}).get("type", "") for item in items]
    return [(outcome_of(item["status"], kind), kind) for item, kind in zip(items, kinds, strict=True)]


def _single(
    send: Callable[..., requests.Response], path: str, write: Write, creates_only: bool
) -> requests.Response:
    id = quote(write.id, safe="")
    if write.value is ABSENT:
        return send("DELETE", f"{path}/_doc/{id}")
    return send("PUT", f"{path}/{'_create' if creates_only else '_doc'}/{id}", json=_body(write))


def _lines(write: Write, creates_only: bool) -> list[Any]:
    if write.value is ABSENT:
        return [{"delete": {"_id": write.id}}]
    return [{"create" if creates_only else "index": {"_id": write.id}}, _body(write)]


def _body(write: Write) -> dict[str, Any]:
    return {"@timestamp": "2026-11-24T00:00:00Z", "value": write.value}


def _type(reply: requests.Response) -> str:
    try:
        error = reply.json()["error"]
        return error["type"] if isinstance(error, dict) else f"HTTP {reply.status_code}"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {reply.status_code}"


@contextmanager
def writing(
    lab: LabDescription,
    *names: str,
    streams: Iterable[str] = (),
    side: str = "source",
    way: Way = "door",
    each: int = 1,
    seed: int = 7,
    pause_s: float = 0.005,
) -> Iterator[Writers]:
    """Writers to these indices or aliases, and to these data streams, for the block. Single writes, `_bulk`,
    changes and deletions of their own documents; to a data stream, new documents only.

    Args:
        way: through the front door, signed, or straight to the engine.
        each: writers for every name.
        pause_s: seconds between two requests of a writer.
    """
    writers = Writers(lab, side, {**dict.fromkeys(names, False), **dict.fromkeys(streams, True)}, way)
    writers.start(seed, each, pause_s)
    try:
        yield writers
    finally:
        writers.stop()
