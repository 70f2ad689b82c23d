"""`--metrics`: scrapes of a run in this process and in another one, and addresses that cannot be used."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.watched import TOTAL, a_plan_file, at_work, restoring, runs_of
from typer.testing import CliRunner

from flows.previews.watched import WatchedPlan
from runs.run_status import RunStatus
from snapferry.main import app
from snapferry.watching.addresses import address_in
from snapferry.watching.metrics_server import metrics_served

pytestmark = pytest.mark.slow

RUNNING = ("migrate", "rehearse", "seed", "follow", "cutover", "fallback")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return a_plan_file(tmp_path)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def scraped(port: int) -> dict[str, dict[str, float]]:
    """By metric and by the value of the label that it has beside plan and verb."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        text = reply.read().decode()
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            own = [value for label, value in sample.labels.items() if label not in {"plan", "verb"}]
            found.setdefault(sample.name, {})[",".join(own)] = sample.value
    return found


def test_a_scrape_beside_a_run_shows_it_and_stays_when_it_has_ended(plan: Path) -> None:
    with metrics_served("127.0.0.1:0", [WatchedPlan(runs_of(plan))]) as port:
        assert scraped(port) == {"snapferry_state_readable": {"": 1.0}}
        with at_work(plan) as journal:
            found = scraped(port)
            assert found["snapferry_copied_bytes"] == {"restore": 4_000_000}
            assert found["snapferry_copy_size_bytes"] == {"restore": TOTAL}
            assert (found["snapferry_process_alive"], found["snapferry_run_info"]) == (
                {"": 1},
                {journal.run_id: 1},
            )
            journal.settle(RunStatus.DONE)
        found = scraped(port)
        assert found["snapferry_process_alive"] == {"": 0}
        assert found["snapferry_run_outcome"]["done"] == 1
        with at_work(plan) as second:
            restoring(9_000_000)
            assert scraped(port)["snapferry_run_info"] == {second.run_id: 1}
        journal.path.write_text("{")
        assert scraped(port) == {"snapferry_state_readable": {"": 0.0}}


def test_a_process_of_its_own_serves_until_it_is_told(plan: Path) -> None:
    place = ("--state", str(runs_of(plan).folder))
    command = [sys.executable, "-m", "snapferry", "watch", str(plan), "--metrics", "127.0.0.1:0", *place]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = process.stderr.readline()
        port = int(said.split("/metrics")[0].rsplit(":", 1)[1])
        with at_work(plan):
            assert scraped(port)["snapferry_process_alive"] == {"": 1}
        assert scraped(port)["snapferry_process_alive"] == {"": 0}
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize("verb", RUNNING)
def test_a_port_in_use_ends_the_command_before_anything_is_sent(plan: Path, taken: int, verb: str) -> None:
    address = f"127.0.0.1:{taken}"
    ended = CliRunner().invoke(
        app, [verb, str(plan), "--execute", "--metrics", address, "--state", str(runs_of(plan).folder)]
    )
    assert ended.exit_code == 2
    assert f"cannot listen on {address}: address already in use" in " ".join(ended.stderr.split())
    assert "cannot be reached" not in ended.stderr and not runs_of(plan).folder.exists()


@pytest.mark.parametrize("verb", RUNNING)
def test_without_a_run_there_is_nothing_to_serve(plan: Path, verb: str) -> None:
    ended = CliRunner().invoke(app, [verb, str(plan), "--metrics", "127.0.0.1:0"])
    assert ended.exit_code == 2 and "--execute" in ended.stderr


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("0.0.0.0:0", ("0.0.0.0", 0)), ("[::1]:80", ("::1", 80))],
)
def test_an_address_has_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert address_in(text, "--metrics") == address


@pytest.mark.parametrize(
    "text", ["9464", ":9464", "localhost", "localhost:x", "h:65536", "http://h:1", "h :1", ""]
)
def test_what_is_no_address_is_refused(plan: Path, text: str) -> None:
    ended = CliRunner().invoke(app, ["watch", str(plan), "--metrics", text])
    assert ended.exit_code == 2 and "is no address to listen on" in " ".join(ended.stderr.split())
