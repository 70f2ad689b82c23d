"""Servers that are no domain, or evil ones, against the real client: every mode of `support.hostile`.

Each ends in time, with a typed error and without a control character; the big ones in bounded memory.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.hostile import MODES, bombs, hostile

from configs.values.visible import visible
from domains.errors import DomainError, Refused, UnexpectedReply, Unreachable
from domains.http.bodies import MIB, Reading, ReplyTooLong
from domains.http.connection import Connection
from domains.http.parsing import parse

TOTAL_S = 1.0  # where only time ends it
AMPLE_S = 30.0  # where the reply itself must: more than even a slow machine takes to read it
SLACK_S = 4.0  # of threads that share a core with the servers
_ROOT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class End:
    """How a request ended: its error, and the seconds until then."""

    error: BaseException | None
    seconds: float


@pytest.fixture(scope="module")
def ends() -> dict[str, End]:
    """One request to each mode, all at once, with a bound that is reached soon."""
    bombs()
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(16) as pool:
        patch.setattr("domains.http.connection.JSON", Reading(4 * MIB, parse))
        patch.setattr("domains.http.connection.BUDGET_S", 0.0)
        return dict(zip(MODES, pool.map(_end_of, MODES), strict=True))


def _total(name: str) -> float:
    """The bound of a request to this mode, in seconds: what time does not end must end long before."""
    return TOTAL_S if MODES[name].ends in {"lost", "endless"} else AMPLE_S


def _end_of(name: str) -> End:
    began = time.monotonic()
    error: BaseException | None = None
    with hostile(name) as server:
        connection = Connection("source", server.endpoint, None)
        try:
            connection.read_object("GET", "/x", timeout_s=_total(name))
        except BaseException as caught:  # noqa: BLE001 - any other than the expected one is the defect
            error = caught
    return End(error, time.monotonic() - began)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODES)
def test_it_ends_in_time_with_a_typed_visible_error(ends: dict[str, End], name: str) -> None:
    end = ends[name]
    error = end.error
    assert isinstance(error, DomainError), error
    assert end.seconds < _total(name) + SLACK_S
    for text in (str(error), error.message, error.hint):
        assert visible(text) == text
    expected = MODES[name].ends
    if expected == "too long":
        assert isinstance(error, ReplyTooLong)
    elif expected == "lost":
        assert isinstance(error, Unreachable)
    elif expected == "endless":
        assert isinstance(error, Unreachable | ReplyTooLong)
    elif expected == "refused":
        assert isinstance(error, Refused)
    else:
        assert isinstance(error, UnexpectedReply)
        assert not error.transient
        assert error.hint
        assert ("a redirect to" in error.message) == (expected == "elsewhere")


def test_what_is_no_reply_is_asked_for_once() -> None:
    """Only a lost reply is worth a minute of repetitions."""
    for name in ("SSH", "gzip that is none", "bytes that are not UTF-8", "chunk size that is no number"):
        with hostile(name) as server:
            with pytest.raises(UnexpectedReply, match=r"cannot be read|not UTF-8"):
                Connection("source", server.endpoint, None).read("GET", "/x")
            assert server.asked == 1


def test_what_a_write_did_is_unknown_when_its_reply_cannot_be_read() -> None:
    with hostile("SSH") as server:
        with pytest.raises(UnexpectedReply) as caught:
            Connection("source", server.endpoint, None).write("PUT", "/x", body={})
        assert caught.value.transient
        assert server.asked == 1


HEAVY = (
    "body without an end",
    "gzip bomb",
    "gzip bomb in chunks",
    "error that is a gzip bomb",
    "millions of empty objects",
    "a wide text",
)


@pytest.mark.slow
def test_memory_is_bounded() -> None:
    command = [sys.executable, "-m", "tests.support.hostile_job", *HEAVY]
    told = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
