"""A run in one process, watched from others: each shows the same numbers, and in the end the report's."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from migrations import Desk, engine, eventually
from prometheus_client.parser import text_string_to_metric_families

from reports.words.common import size

SLOWLY = {"transient": {"indices.recovery.max_bytes_per_sec": "2mb"}}
AS_EVER = {"transient": {"indices.recovery.max_bytes_per_sec": None}}
FREE = ("--metrics", "127.0.0.1:0")


class Watcher:
    """A command beside the run, and the lines that it prints."""

    def __init__(self, desk: Desk, verb: str, *arguments: str) -> None:
        self.process = desk.start(verb, *arguments)
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)

    def address(self, begin: str) -> str:
        """The address in the line that begins like this."""
        eventually(lambda: any(line.startswith(begin) for line in self.lines))
        (line,) = [line for line in self.lines if line.startswith(begin)]
        return line.removeprefix(begin).split()[0]

    def latest(self, key: str) -> str:
        """The latest value of a key among its lines."""
        found = re.findall(rf"\b{key}=(\S+)", "".join(self.lines))
        return found[-1] if found else ""


class Page:
    """The parts of a live page, as its browser gets them."""

    def __init__(self, address: str) -> None:
        self.parts: dict[str, str] = {}
        self._reply = urllib.request.urlopen(f"{address}events", timeout=60)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._reply:
            if line.startswith(b"data: "):
                self.parts |= json.loads(line[6:])


@contextmanager
def beside(desk: Desk) -> Iterator[tuple[Watcher, Watcher, Watcher]]:
    """A watch, a server of page and metrics, and a migration with metrics; ended with the block."""
    with ExitStack() as stack:
        started: list[Watcher] = []
        for arguments in (("status", "--watch"), ("watch", "--web", *FREE), ("migrate", "--execute", *FREE)):
            started.append(Watcher(desk, *arguments))
            stack.callback(started[-1].process.wait)
            stack.callback(started[-1].process.kill)
        yield started[0], started[1], started[2]


def scrape(address: str) -> dict[str, float]:
    """Every sample, by its metric and the values of its labels, in their order, but plan and verb."""
    with urllib.request.urlopen(address, timeout=10) as reply:
        families = list(text_string_to_metric_families(reply.read().decode()))
    return {
        " ".join(
            [sample.name, *(v for k, v in sorted(sample.labels.items()) if k not in {"plan", "verb"})]
        ): sample.value
        for family in families
        for sample in family.samples
    }


def live(desk: Desk) -> dict[str, Any]:
    """What the run's process reported last."""
    found = next(desk.folder.rglob("*.live"), None)
    return json.loads(found.read_text(encoding="utf-8")) if found else {"steps": {}}


def require_same_numbers(desk: Desk, watch: Watcher, page: Page, metrics: str) -> None:
    """While the run stands still: within two seconds, every view shows what its process reported last."""
    time.sleep(2.0)  # what is asked here is how old they are by then
    done = live(desk)["steps"]["restore"]["done"]
    assert scrape(metrics)["snapferry_copied_bytes restore"] == done
    assert watch.latest("done") == str(done)
    assert size(done) in page.parts["part-now"]


def test_every_view_shows_the_same_numbers_and_in_the_end_the_reports(filled_desk: Desk) -> None:
    desk = filled_desk
    desk.write()
    engine(desk.lab, "target", "PUT", "/_cluster/settings", SLOWLY)
    try:
        with beside(desk) as (watch, served, run):
            metrics, page = served.address("Metrics are at "), Page(served.address("The page is at "))
            own = run.address("Metrics are at ")
            eventually(lambda: live(desk)["steps"].get("restore", {}).get("done", 0) > 0, 60)
            assert scrape(own)["snapferry_process_alive"] == 1
            run.process.send_signal(signal.SIGSTOP)
            require_same_numbers(desk, watch, page, metrics)
            run.process.send_signal(signal.SIGCONT)
            assert run.process.wait(90) == watch.process.wait(20) == 0
            _require_ends_agree(desk.report(), scrape(metrics))
            eventually(lambda: "Done and verified" in page.parts["part-verdict"])
            eventually(lambda: page.parts["part-now"] == "")
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(20) == 0
    finally:
        engine(desk.lab, "target", "PUT", "/_cluster/settings", AS_EVER)


def _require_ends_agree(report: dict[str, Any], found: dict[str, float]) -> None:
    totals, requests = report["totals"], report["requests"]
    expected = {
        "snapferry_run_outcome done": 1,
        "snapferry_verdict equal": 1,
        "snapferry_process_alive": 0,
        "snapferry_indices": totals["indices"],
        "snapferry_indices_restored": totals["restored"],
        "snapferry_indices_equal": totals["equal"],
        "snapferry_indices_verified": totals["indices"],
        "snapferry_documents": totals["documents"],
        "snapferry_fetched_bytes": totals["bytes"],
        "snapferry_copied_bytes restore": totals["bytes"],
        "snapferry_copied_bytes snapshot": report["snapshot"]["bytes_written"],
        "snapferry_shards_started": sum(index["shards"] for index in report["indices"]),
        "snapferry_steps_done": len(report["steps"]),
        "snapferry_source_blocked window": 0,
        **{
            f"snapferry_requests_total {kind} {side}": sent[f"{kind}s"]
            for side, sent in requests.items()
            for kind in ("read", "write")
        },
    }
    assert {key: found.get(key) for key in expected} == expected
    assert f"snapferry_run_info {report['run_id']}" in found
