"""The tail under attack, on real engines: an index comes over whole, or falls out and is restored, or the
cutover is rolled back. Never is anything proved equal that is not. docs/tail.md has the table of attacks."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from bare_engine import CBOR, BareEngine, Line, of
from migrations import Desk, documents, engine, eventually, kill_when, rule
from rounds import CUTOVER, blocked, cut_over, record, seeded

from lab.description import LabDescription
from tests.support.defects import DEFECTS, Place, writable
from tests.support.full_dump import differences, full_dumps
from tests.support.histories import Remembered
from tests.support.raw_engine import RawEngine

TAIL = {**CUTOVER, "delta": "tail"}
HIGHEST = 2**63 - 1
CBOR_DOCUMENT = bytes.fromhex("bf6570726963 65fb3ff199999999999a 646e616d65 63626f78 ff".replace(" ", ""))
"""{"price": 1.1, "name": "box"}"""


# What is written


def write(engine: BareEngine, index: str, documents: dict[str, Any], **action: Any) -> None:
    """Index these documents, by id, at once visible."""
    lines: list[Line] = []
    for id, document in documents.items():
        lines += [{"index": {"_id": id, **action}}, document]
    items = engine.items(index, *lines, refresh="true")
    assert all(item["status"] < 300 for item in items), items


def filled(engine: BareEngine, index: str, count: int = 20, **options: Any) -> None:
    """A new index with documents d0, d1, …, whose numbers are 0, 1, … where there is one shard."""
    engine.create(index, **options)
    write(engine, index, numbers(range(count)))


def numbers(values: Iterable[int], text: str = "first") -> dict[str, Any]:
    """Documents by id."""
    return {f"d{n}": {"number": n, "text": text} for n in values}


def remove(engine: BareEngine, index: str, *ids: str, **action: Any) -> None:
    """Delete documents, each of which must be there."""
    lines: list[Line] = [{"delete": {"_id": id, **action}} for id in ids]
    assert all(item["status"] == 200 for item in engine.items(index, *lines, refresh="true"))


def put(engine: BareEngine, index: str, id: str, document: bytes, kind: str = "application/json") -> None:
    """Index a document with these very bytes."""
    reply = engine.reply("PUT", f"/{index}/_doc/{id}", document, kind, refresh="true")
    assert reply.ok, reply.text


def reopen(engine: BareEngine, index: str) -> None:
    """The engine forgets deleted documents; the primary term rises by two."""
    engine.ask("POST", f"/{index}/_close")
    engine.ask("POST", f"/{index}/_open", wait_for_active_shards=1)


def map_fields(engine: BareEngine, index: str, **mapping: Any) -> None:
    """Change the mapping of an index."""
    engine.ask("PUT", f"/{index}/_mapping", mapping)


# Foreign hands


@contextmanager
def meddled(lab: LabDescription, index: str) -> Iterator[BareEngine]:
    """Somebody with all rights opens a copy, writes to it, and leaves it as it was."""
    with RawEngine(lab.target) as engine, writable(engine, index):
        yield of(lab, "target")


def numbered(engine: BareEngine, index: str, shard: int) -> dict[int, str]:
    """The ids of a shard's documents by their sequence numbers."""
    exact = {"size": 100, "seq_no_primary_term": True}
    return {h["_seq_no"]: h["_id"] for h in engine.search(index, exact, preference=f"_shards:{shard}")}


# What must hold


def require_equal(desk: Desk, names: Collection[str]) -> None:
    """Both sides hold the same, read without the product; and the product says so."""
    with RawEngine(desk.lab.source) as source, RawEngine(desk.lab.target) as target:
        ours, theirs = full_dumps(source, names), full_dumps(target, names)
    unequal = [line for name in names for line in differences(ours[name], theirs[name])]
    assert not unequal, unequal
    require_said_equal(desk, names)


def require_said_equal(desk: Desk, names: Collection[str]) -> None:
    verdicts = {each["source"]: each["verdict"] for each in desk.report()["indices"]}
    assert {name: verdicts.get(name) for name in names} == dict.fromkeys(names, "equal")


def require_same_without_source(desk: Desk, index: str) -> None:
    """The same, where a search's reply lacks a source or a version, or is no JSON."""
    body = {"size": 1000, "_source": False, "version": True, "sort": ["_seq_no"]}
    ours, theirs = (
        [(hit["_id"], hit.get("_version")) for hit in of(desk.lab, side).search(index, body)]
        for side in ("source", "target")
    )
    assert sorted(ours) == sorted(theirs) and ours
    require_said_equal(desk, [index])


def follow(desk: Desk) -> dict[str, str]:
    """Follow until a cutover may begin: why indices fell out, by name."""
    ended = desk.run("follow", "--execute", "--until-ready", "--json")
    assert ended.code == 0, str(ended)
    return {each["name"]: each["out"] for each in ended.json["tail"]["follow"]["indices"] if each["out"]}


def why_restored(desk: Desk) -> dict[str, str]:
    """Why the latest cutover brought indices over by a restore, by name."""
    journal = desk.journal()
    ways = {each["name"]: each["why"] for each in record(journal, "choose ways")["ways"]}
    fallen = {each["name"]: each["out"] for each in record(journal, "catch up")["indices"] if each["out"]}
    changed = {each["name"] for each in record(journal, "compare")["changes"] if each["kind"] != "followed"}
    return {name: why for name, why in (ways | fallen).items() if name in changed}


# Attacks that an index survives in step


def test_what_writers_and_engines_do_comes_over_whole(desk: Desk) -> None:
    lab, source = desk.lab, of(desk.lab, "source")
    names = _lively(lab, source)
    desk.write(cutover=TAIL)
    with busily_writing(source, "busy"):
        seeded(desk)
    _first_attacks(lab, source)
    assert follow(desk) == {}
    _second_attacks(lab, source)
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    journal = desk.journal()
    assert set(record(journal, "prove")["proved"]) == names, str(ended)
    assert "snapshot" not in journal["steps"]
    for side in ("source", "target"):  # the scroll that reads them is not to be led astray
        of(lab, side).settings("piped", **{"search.default_pipeline": None})
        of(lab, side).settings("narrow", max_result_window=1000)
    require_equal(desk, names)
    notes = record(journal, "prove")["notes"]
    assert any("another primary" in note for note in notes), (notes, str(ended))
    assert of(lab, "target").settings_of("piped")["final_pipeline"] == "final"


@contextmanager
def busily_writing(engine: BareEngine, index: str) -> Iterator[None]:
    """Clients that index, update and delete all the time."""
    ended = threading.Event()

    def act(number: int) -> None:
        chance = random.Random(number)
        while not ended.is_set():
            ids = [f"{number}-{chance.randrange(400)}" for _ in range(20)]
            lines: list[Line] = []
            for id in ids:
                if chance.random() < 0.3:
                    lines.append({"delete": {"_id": id}})
                else:
                    lines += [{"index": {"_id": id}}, {"number": chance.randrange(10**6)}]
            engine.items(index, *lines)
            ended.wait(0.02)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _lively(lab: LabDescription, source: BareEngine) -> set[str]:
    """The indices of the attacks, before the seed round."""
    source.create("busy", shards=2)
    source.create("routed", shards=3)
    for n, routing in enumerate(("a", "b", "c", "d", "e", "f")):
        write(source, "routed", {"same": {"number": n}}, routing=routing)
    source.create("rerouted")
    write(source, "rerouted", {"moves": {"number": 1}}, routing="a")
    _pipelines(lab)
    piped = {"final_pipeline": "final", "default_pipeline": "default", "search.default_pipeline": "hide"}
    filled(source, "piped", 20, settings=piped)
    source.create("exact", dynamic=False)
    put(source, "exact", "victim", b'{"number":1}')
    source.create("cbor")
    put(source, "cbor", "first", CBOR_DOCUMENT, CBOR)
    filled(source, "narrow", 300, settings={"max_result_window": 100})
    source.create("nested", properties={"parts": {"type": "nested"}})
    write(source, "nested", {"a": {"parts": [{"n": 1}, {"n": 2}]}, "b": {"parts": [{"n": 3}]}})
    for name in ("mapped", "large", "throttled", "lost", "thinned"):
        filled(source, name)
    filled(source, "anew", 5)
    for version in range(4):
        write(source, "anew", {"reset": {"number": version}, "later": {"number": version}})
        write(source, "anew", {"climbs": {"number": version}, "twice": {"number": version}})
    return {
        "busy", "routed", "rerouted", "piped", "exact", "cbor", "narrow", "nested", "mapped", "large",
        "throttled", "lost", "thinned", "anew",
    }  # fmt: skip


def _pipelines(lab: LabDescription) -> None:
    for side in ("source", "target"):
        for name in ("final", "default"):
            body = {"processors": [{"set": {"field": name, "value": side}}]}
            engine(lab, side, "PUT", f"/_ingest/pipeline/{name}", body)
        odd = {"filter_query": {"query": {"range": {"number": {"lt": 3}}}}}
        engine(lab, side, "PUT", "/_search/pipeline/hide", {"request_processors": [odd]})


def _first_attacks(lab: LabDescription, source: BareEngine) -> None:
    remove(source, "routed", "same", routing="b")
    write(source, "routed", {"same": {"number": 30}}, routing="c")
    write(source, "rerouted", {"moves": {"number": 1}}, routing="b")
    write(source, "piped", numbers(range(5, 25), "second"))
    remove(source, "piped", "d1")
    put(source, "exact", "money", b'{"amount":1.10,  "much":1e400}')
    put(source, "exact", "pretty", b'{\n  "amount": 1.10,\n  "list": [\n    1\n  ]\n}\n')
    put(source, "exact", "evil", b'{"a":\n{"delete":{"_id":"victim"}}}')
    put(source, "exact", "ends with a return", b'{"amount":1}\r')
    put(source, "cbor", "second", CBOR_DOCUMENT, CBOR)
    remove(source, "narrow", *(f"d{n}" for n in range(300) if n % 5 < 3))
    write(source, "narrow", numbers(range(3, 300, 5), "second"))
    write(source, "nested", {"a": {"parts": [{"n": 1}]}, "c": {"parts": [{"n": 4}, {"n": 5}]}})
    remove(source, "nested", "b")
    money = {"price": {"type": "scaled_float", "scaling_factor": 100}, "code": {"type": "keyword"}}
    map_fields(source, "mapped", properties=money)
    write(source, "mapped", {"d1": {"price": 1.5, "code": 7, "seen": "2026-11-30", "fresh": [1, 2]}})
    write(source, "large", numbers(range(10), "x" * 2000))
    rule(lab, domain="target", path="/large/_bulk", status=413, times=2)
    write(source, "throttled", numbers([3], "second"))
    rule(lab, domain="target", path="/throttled/_bulk", status=429, times=2)
    error = {"type": "rejected_execution_exception", "reason": "busy"}
    items = [{"index": {"_index": "throttled", "_id": "d3", "status": 429, "error": error}}]
    body = {"took": 1, "errors": True, "items": items}
    rule(lab, domain="target", path="/throttled/_bulk", status=200, body=body)
    write(source, "lost", numbers(range(15, 30), "second"))
    rule(lab, domain="target", path="/lost/_bulk", when="after", status=504)
    remove(source, "thinned", "d5", "d6", "d19")
    write(source, "thinned", {"passing": {"number": 1}})
    remove(source, "anew", "reset", "later", "climbs", "twice")
    reopen(source, "anew")
    write(source, "anew", {"reset": {"number": -1}})
    for number in range(4):
        write(source, "anew", {"climbs": {"number": -number}})


def _second_attacks(lab: LabDescription, source: BareEngine) -> None:
    write(source, "busy", {"at the last": {"number": 1}})
    write(source, "routed", {"same": {"number": 31}}, routing="b")
    write(source, "rerouted", {"moves": {"number": 2}}, routing="c")
    write(source, "piped", numbers(range(7, 9), "third"))
    put(source, "exact", "victim", b'{"number":\n2}')
    remove(source, "exact", "evil")
    write(source, "mapped", {"d2": {"late": "2026-11-30T10:00:00Z"}})
    remove(source, "lost", "d20", "d21", "d3")
    rule(lab, domain="target", path="/lost/_bulk", when="after", status=504)
    remove(source, "thinned", "passing")
    write(source, "anew", {"later": {"number": -1}})
    remove(source, "anew", "reset")
    reopen(source, "anew")
    write(source, "anew", {"reset": {"number": -2}, "twice": {"number": -1}})


# Attacks after which only a restore is right


def test_what_the_tail_cannot_bring_over_is_restored_in_the_same_cutover(desk: Desk) -> None:
    lab, source = desk.lab, of(desk.lab, "source")
    _unfit(source)
    desk.write(cutover=TAIL, indices={"closed": "move"})
    journal = seeded(desk)
    _unfit_attacks(lab, source, record(journal, "snapshot")["name"])
    fallen = follow(desk)
    assert fallen.keys() == {"overflown", "refused", "too-large", "commented"}, "the others are not tried"
    for name, why in {
        "overflown": "a version that has overflown",
        "refused": "the target refuses its mapping",
        "too-large": "too large for one request",
        "commented": "cannot be read exactly",
    }.items():
        assert why in fallen[name], fallen
    _late_attacks(source)
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    why = why_restored(desk)
    for name, said in {
        "partial": "_source",
        "derived": "derived",
        "sourceless": "_source",
        ".ds-stream-000001": "data stream",
        "shut": "closed",
        "rewound": "restored or force-allocated",
        "recreated": "recreated",
        "reshaped": "2 shards",
        "late": "no copy",
        "refused-late": "the target refuses its mapping",
    }.items():
        assert said in why.get(name, ""), why
    assert set(record(desk.journal(), "prove")["proved"]) == {"well"}
    for name in ("sourceless", "commented", "overflown"):
        require_same_without_source(desk, name)
    for side in ("source", "target"):
        engine(lab, side, "POST", "/shut/_open?wait_for_active_shards=1")
    assert documents(lab, "target", "stream") == documents(lab, "source", "stream") == 2
    unlike = {"refused", "too-large", "partial", "derived", "rewound", "recreated", "reshaped"}
    require_equal(desk, unlike | {"late", "refused-late", "well"})


def _unfit(source: BareEngine) -> None:
    for name in ("overflown", "refused", "refused-late", "too-large", "shut", "rewound", "recreated"):
        filled(source, name)
    filled(source, "reshaped")
    filled(source, "well", _meta={"owner": "somebody"})
    filled(source, "unchanged", _source={"excludes": ["text"]})
    source.create("commented", dynamic=False)
    filled(source, "partial", _source={"excludes": ["text"]})
    filled(source, "sourceless", _source={"enabled": False})
    plain = {"number": {"type": "integer"}, "text": {"type": "keyword"}}
    filled(source, "derived", settings={"derived_source.enabled": True}, properties=plain)
    template = {"index_patterns": ["stream"], "data_stream": {}}
    settings = {"settings": {"number_of_replicas": 0}}
    source.ask("PUT", "/_index_template/stream", template | {"template": settings})
    _append(source)
    source.ask("POST", "/shut/_close")


def _append(source: BareEngine) -> None:
    source.ask("POST", "/stream/_doc", {"@timestamp": "2026-11-30T00:00:00Z"}, refresh="true")


def _unfit_attacks(lab: LabDescription, source: BareEngine, snapshot: str) -> None:
    external = {"version": HIGHEST, "version_type": "external"}
    write(source, "overflown", {"d1": {"number": 1}}, **external)
    write(source, "overflown", {"d1": {"number": 2}})
    map_fields(source, "well", _meta={})
    rule(lab, domain="target", method="PUT", path="/refused.*/_mapping", status=400, times=None)
    write(source, "refused", {"d1": {"fresh": 1}})
    rule(lab, domain="target", path="/too-large/_bulk", status=413, times=None)
    write(source, "too-large", numbers(range(4), "second"))
    put(source, "commented", "d1", b'{"a": /* said aside */ 1}')
    for name in ("partial", "sourceless", "derived", "well"):
        write(source, name, numbers(range(3), "second"))
    _append(source)
    write(source, "rewound", numbers(range(5), "lost again"))
    source.ask("POST", "/rewound/_close")
    back = {"indices": "rewound", "include_global_state": False}
    source.ask("POST", f"/_snapshot/move/{snapshot}/_restore", back, wait_for_completion="true")
    write(source, "rewound", numbers(range(5), "second"))


def _late_attacks(source: BareEngine) -> None:
    filled(source, "recreated", 21)
    filled(source, "reshaped", 20, shards=2)
    filled(source, "late")
    write(source, "refused-late", {"d1": {"fresh": 1}})


# Foreign hands


def test_what_somebody_else_does_to_copies_is_never_proved_equal(desk: Desk) -> None:
    lab, source = desk.lab, of(desk.lab, "source")
    sets, kinds = ("four-and-seven", "both-sides"), {f"copy-{n}": name for n, name in enumerate(DEFECTS)}
    filled(source, "four-and-seven")
    filled(source, "both-sides", 40, shards=2)
    for name in (*kinds, "exchanged", "well"):
        filled(source, name)
    desk.write(cutover=TAIL)
    seeded(desk)
    with meddled(lab, "four-and-seven") as copy:
        remove(copy, "four-and-seven", "d4", "d7")
    remove(source, "four-and-seven", "d5", "d6")
    first, second = numbered(source, "both-sides", 0), numbered(source, "both-sides", 1)
    same = min(first.keys() & second.keys())
    with meddled(lab, "both-sides") as copy:
        remove(copy, "both-sides", second[same])
    remove(source, "both-sides", first[same])
    for name in (*kinds, "exchanged", "well"):
        remove(source, name, "d3")
        write(source, name, numbers(range(15, 22), "second"))
    assert follow(desk).keys() == set(sets)
    _meddle(lab, kinds)
    after_last_round = f"{_block(lab, 'false')}\n{_exchange(lab)}\n{_block(lab, 'true')}"
    desk.write(cutover=TAIL, hooks=at_last_tail(desk, after_last_round))
    ended = cut_over(desk)
    assert ended.code == 4, str(ended)
    assert "well: somebody else has written to its copy since the last round" in " ".join(ended.out.split())
    assert blocked(lab) == set()
    fallen = why_restored(desk)
    assert all("somebody else has written to its copy" in fallen[n] for n in (*kinds, "exchanged")), fallen
    write(source, "well", numbers(range(4), "third"))
    desk.write(cutover=TAIL, hooks=[])
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    require_equal(desk, {*sets, *kinds, "exchanged", "well"})


def at_last_tail(desk: Desk, command: str) -> list[dict[str, Any]]:
    """Hooks that run a command inside the window, between the last round of the tail and its proof."""
    script = desk.folder / "act"
    script.write_text(f'#!/bin/sh\n[ "$SNAPFERRY_STEP" = "last tail" ] || exit 0\n{command}\n')
    script.chmod(0o755)
    return [{"events": ["step-done"], "command": [str(script)]}]


def _block(lab: LabDescription, on: str) -> str:
    body = f"-H 'content-type: application/json' -d '{{\"index.blocks.write\": {on}}}'"
    return f"curl -sf -XPUT {body} {lab.target.engine_url}/well/_settings"


def _exchange(lab: LabDescription) -> str:
    """One document for another: the count stays."""
    url = f"{lab.target.engine_url}/well/_doc"
    body = "-H 'content-type: application/json' -d '{\"number\": 7}'"
    return f"curl -sf -XDELETE {url}/d7\ncurl -sf -XPUT {body} {url}/d77"


def _meddle(lab: LabDescription, kinds: dict[str, str]) -> None:
    """One defect in each of these copies, and in one an exchange that keeps its count."""
    gone = Remembered(("d3", ""), 2, b'{"number": 3, "text": "first"}', None)
    for index, kind in kinds.items():
        with RawEngine(lab.target) as engine, writable(engine, index):
            DEFECTS[kind](Place(engine, index, random.Random(index), [gone]))
    with meddled(lab, "exchanged") as copy:
        remove(copy, "exchanged", "d8")
        write(copy, "exchanged", {"d8x": {"number": 8}})


# Kills and signals


@pytest.mark.soak
def test_a_killed_follow_leaves_copies_that_the_next_command_puts_right(desk: Desk) -> None:
    """Their block was off: those that somebody writes to then are restored."""
    lab, source, target = desk.lab, of(desk.lab, "source"), of(desk.lab, "target")
    names = {"killed", "one-and-two", "updated", "added"}
    for name in names:
        filled(source, name, 400)
    desk.write(cutover=TAIL)
    seeded(desk)
    for name in names:
        write(source, name, numbers(range(390, 410), "second"))
    rule(lab, domain="target", path="/killed/_bulk", delay_s=3)
    kill_when(desk.start("follow", "--execute"), lambda: "killed" not in blocked(lab, "target"))
    remove(target, "one-and-two", "d5")
    remove(source, "one-and-two", "d3", "d9")
    write(target, "updated", numbers([5], "somebody's"))
    write(target, "added", {"alien": {"number": 1}, "d395": {"number": 395, "text": "somebody's"}})
    fallen = follow(desk)
    assert names - {"killed"} <= fallen.keys() <= names, fallen
    assert blocked(lab, "target") >= names
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    require_equal(desk, names)


def test_follow_is_paused_and_ended_in_order_and_sees_who_writes_during_a_round(desk: Desk) -> None:
    lab, source, target = desk.lab, of(desk.lab, "source"), of(desk.lab, "target")
    _pipelines(lab)
    filled(source, "steady", 20, settings={"final_pipeline": "final"})
    for number in range(3):  # its version begins again at 1 when it is made anew
        write(source, "steady", {"d1": {"number": number}})
    filled(source, "visited")
    desk.write(cutover={**TAIL, "follow": {"max_read_rate": 500}})
    seeded(desk)
    remove(source, "steady", "d1")
    reopen(source, "steady")
    write(source, "steady", {"d1": {"number": -1}})
    write(source, "visited", numbers(range(3), "second"))
    rule(lab, domain="target", path="/visited/_bulk", delay_s=2)
    process = desk.start("follow", "--execute")
    try:
        eventually(lambda: target.reply("PUT", "/visited/_doc/alien", {"number": 1}).status_code == 201)
        eventually(lambda: _followed(desk).get("rounds", 0) > 0)
        pause = desk.folder / "state" / "plans" / "lab-move" / "follow.pause"
        pause.touch()
        eventually(lambda: _followed(desk).get("paused") is True)
        before, rounds = documents(lab, "target", "steady"), _followed(desk)["rounds"]
        write(source, "steady", {"new": {"number": 1}})
        assert (documents(lab, "target", "steady"), _followed(desk)["rounds"]) == (before, rounds)
        pause.unlink()
        eventually(lambda: documents(lab, "target", "steady") == before + 1)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, said
    fallen = {each["name"]: each["out"] for each in _followed(desk)["indices"]}
    assert "somebody else has written" in fallen["visited"] and not fallen["steady"], fallen
    settings = target.settings_of("steady")
    assert (settings["final_pipeline"], settings.get("gc_deletes")) == ("final", None)
    assert blocked(lab, "target") >= {"steady", "visited"}
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    require_equal(desk, {"steady", "visited"})


def _followed(desk: Desk) -> dict[str, Any]:
    """What the running `follow` has recorded of itself."""
    step = desk.journal()["steps"].get("follow") or {}
    return step.get("record") or {}
