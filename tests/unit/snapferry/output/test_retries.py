"""Reads that are being repeated: what the command says about it."""

from __future__ import annotations

import pytest
from support.building import Clock, a_domain
from support.fake_domain import FakeDomain, html, ok

from domains.errors import Refused
from snapferry.output import retries
from snapferry.output.retries import retries_shown


def test_an_outage_is_told_with_what_is_left(
    source: FakeDomain, clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "_EVERY_S", 0.0)
    source.on("GET /_cat/indices", html(503))
    with retries_shown(), pytest.raises(Refused):
        a_domain(source).connection.read("GET", "/_cat/indices")
    told = capsys.readouterr().err.splitlines()
    assert len(told) == len(clock.pauses) - 2, "the first two are too short to be told"
    assert told[0].startswith("snapferry: retrying (3 of 10): source: GET /_cat/indices: HTTP 503")


def test_one_line_in_three_seconds_and_none_for_a_blink(
    source: FakeDomain, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    source.on("GET /x", html(503), html(503), ok({}))
    source.on("GET /y", html(503))
    with retries_shown():
        a_domain(source).connection.read("GET", "/x")
        assert capsys.readouterr().err == ""
        with pytest.raises(Refused):
            a_domain(source).connection.read("GET", "/y")
    assert len(capsys.readouterr().err.splitlines()) == 1, "no time has passed meanwhile"
    with pytest.raises(Refused):
        a_domain(source).connection.read("GET", "/y")
    assert capsys.readouterr().err == "", "nobody is told outside"
