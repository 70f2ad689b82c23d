"""The whole way: seed, change, seed, change, cut over, with clients that write all the time."""

from __future__ import annotations

import shlex

from migrations import Desk, Ended, engine
from rounds import CUTOVER, append, blocked, copies, cut_over, increment, kinds, record, seeded, write
from writers import writing

from lab.state import state

APPENDED = "weather"


def require_journey(desk: Desk, left_out: set[str]) -> None:
    """Goes the way and asserts what a user would see of it at its end."""
    lab = desk.lab
    has_streams = lab.domain("source").has_data_streams
    streams = ["logs-web"] if has_streams else []
    desk.write(name="journey", repository={"base_path": "journey"}, cutover=CUTOVER)
    first = seeded(desk)
    assert set(kinds(first).values()) == {"new"}
    assert set(copies(lab).values()) == {"close"}
    for start in (0, 300):
        append(lab, APPENDED, 300, start)
        journal = seeded(desk)
        assert kinds(journal) == {APPENDED: "changed"}
        fetched = record(journal, "round")["fetched"]
        assert 0 < fetched <= 1.1 * increment(desk, journal)
    append(lab, APPENDED, 300, 600)
    way = "engine" if lab.source.access_control else "door"  # the plan's caller may write no documents
    with writing(lab, "orders", "invoices", streams=streams, way=way) as writers:
        writers.wait("acknowledged", 20)
        ended = cut_over(desk)
        assert ended.code == 0, str(ended)
        writers.wait("refused")
    assert writers.lost("target") == []
    journal = desk.journal()
    verified = record(journal, "verify")
    assert verified["level"] == "operations"
    assert {verdict["outcome"] for verdict in verified["verdicts"]} == {"equal"}
    appended = [each for each in record(journal, "restore")["indices"] if each["target"] == APPENDED]
    assert appended[0]["reused_bytes"] > appended[0]["bytes"]
    assert journal["window"]["ended"] > journal["window"]["opening"] > journal["window"]["frozen"]
    _require_same(desk, left_out)
    moved = set(copies(lab))
    assert blocked(lab) >= moved
    assert blocked(lab, "target") == set()
    assert {write(lab, name, "target") for name in ("orders", *streams)} == {201}
    assert {write(lab, name) for name in ("orders", *streams)} == {403}


def followed(desk: Desk, command: str, before: str = "nothing") -> list[str]:
    """Runs a command, and then each next step exactly as it is printed, until there is none.

    Args:
        before: the verb that is not run any more.

    Returns:
        The command lines, in order; the last one was not run if it is that verb's.
    """
    went: list[str] = []
    while command:
        assert command not in went, f"in a circle: {went}"
        went.append(command)
        if command.startswith(f"snapferry {before} "):
            break
        program, *words = shlex.split(command)
        assert program == "snapferry", command
        ended = desk.command(*words, environment={"SNAPFERRY_STATE": None} if "--state" in words else None)
        assert ended.code == 0, f"{command}: {ended}"
        command = next_step(ended)
    return went


def next_step(ended: Ended) -> str:
    """The line that names the next step; empty without one."""
    lines = [*ended.out.splitlines(), *ended.err.splitlines()]
    found = [line.removeprefix("next: ") for line in lines if line.startswith("next: ")]
    assert len(found) <= 1, found
    return found[0] if found else ""


def _require_same(desk: Desk, left_out: set[str]) -> None:
    """Documents, mappings, aliases, data streams and what serves are on the target as on the source."""
    source, target = (state(desk.lab, side)["indices"] for side in ("source", "target"))
    assert source.keys() - target.keys() == left_out - target.keys()
    for name in source.keys() - left_out:
        for what in ("documents", "mappings", "aliases"):
            assert target[name].get(what) == source[name].get(what), (name, what)
    here, there = (_serving(desk, side) for side in ("source", "target"))
    assert {name: there[name] for name in target if name in here} == {n: here[n] for n in target if n in here}
    if desk.lab.domain("source").has_data_streams:
        streams = [
            engine(desk.lab, side, "GET", "/_data_stream")["data_streams"] for side in ("source", "target")
        ]
        named = [[(s["name"], [i["index_name"] for i in s["indices"]]) for s in each] for each in streams]
        assert named[0] == named[1]


def _serving(desk: Desk, side: str) -> dict[str, tuple[str | None, ...]]:
    found = engine(desk.lab, side, "GET", "/_all/_settings?flat_settings=true&expand_wildcards=all")
    keys = ("index.number_of_replicas", "index.refresh_interval", "index.auto_expand_replicas")
    return {name: tuple(entry["settings"].get(key) for key in keys) for name, entry in found.items()}
