"""The tail by sequence number: a cutover that brings over only what changed, and proves it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import requests
from migrations import Desk, documents, engine
from rounds import CUTOVER, cut_over, record, seeded
from support.certified import a_key

from lab.description import LabDescription

TAIL = {**CUTOVER, "delta": "tail"}
SETTINGS = {"number_of_replicas": 0, "number_of_shards": 2}


def bulk(lab: LabDescription, side: str, index: str, *lines: dict[str, Any]) -> None:
    """Sends these lines to an engine in one `_bulk`, at once visible; every item must have been done."""
    domain = lab.domain(side)
    reply = requests.post(
        f"{domain.engine_url}/{quote(index, safe='')}/_bulk?refresh=true",
        data="\n".join(map(json.dumps, lines)) + "\n",
        headers={"content-type": "application/x-ndjson", **(domain.operator or {})},
        timeout=60,
    )
    assert reply.ok and not reply.json()["errors"], reply.text[:500]


def fill(lab: LabDescription, index: str, count: int, start: int = 0) -> None:
    lines = [
        line
        for n in range(start, start + count)
        for line in ({"index": {"_id": f"d{n}"}}, {"n": n, "text": f"document {n}"})
    ]
    bulk(lab, "source", index, *lines)


def change(lab: LabDescription, index: str) -> None:
    """Updates, deletions, re-creations and new documents, spread over the index."""
    lines: list[dict[str, Any]] = []
    for n in range(0, 300, 7):
        lines += [{"index": {"_id": f"d{n}"}}, {"n": n, "text": "changed"}]
    lines += [{"delete": {"_id": f"d{n}"}} for n in range(1, 300, 11)]
    lines += [{"index": {"_id": "d1"}}, {"n": 1, "text": "made anew", "fresh": 1.5}]
    lines += [{"index": {"_id": "new", "routing": "r"}}, {"n": -1}]
    bulk(lab, "source", index, *lines)


def contents(lab: LabDescription, side: str, index: str) -> dict[str, Any]:
    found = engine(lab, side, "POST", f"/{index}/_search?version=true", {"size": 10_000})
    return {
        hit["_id"]: (hit["_version"], hit["_source"], hit.get("_routing")) for hit in found["hits"]["hits"]
    }


def require_certified(desk: Desk) -> None:
    """The run can be certified, and both domains still are as it says."""
    private, public = a_key(desk.folder)
    file = str(desk.folder / "certificate.json")
    made = desk.run("certify", "--key", str(private), "-o", file)
    assert made.code == 0, str(made)
    plan = ("--against", str(desk.plan_file))
    found = desk.command("certificate", "check", file, "--public-key", str(public), *plan)
    assert found.code == 0, str(found)
    assert "Window: no writes on the source from" in found.out


def test_a_cutover_brings_over_what_changed_and_proves_it(desk: Desk) -> None:
    lab = desk.lab
    for name in ("one", "two", "still"):
        engine(lab, "source", "PUT", f"/{name}", {"settings": SETTINGS})
        fill(lab, name, 300)
    desk.write(cutover=TAIL)
    seeded(desk)
    change(lab, "one")
    change(lab, "two")
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    for name in ("one", "two", "still"):
        assert contents(lab, "source", name) == contents(lab, "target", name)
    require_certified(desk)
    journal = desk.journal()
    assert record(journal, "prove")["differences"] == {}
    assert set(record(journal, "prove")["proved"]) == {"one", "two"}
    assert "snapshot" not in journal["steps"]
    assert documents(lab, "target", "one") == 300 - 28 + 2
    engine(lab, "target", "PUT", "/one/_doc/more?refresh=true", {"n": 5})


def test_following_brings_the_copies_in_step_and_says_when_to_cut_over(desk: Desk) -> None:
    lab = desk.lab
    for name in ("one", "two"):
        engine(lab, "source", "PUT", f"/{name}", {"settings": SETTINGS})
        fill(lab, name, 300)
    desk.write(cutover=TAIL)
    seeded(desk)
    change(lab, "one")
    ended = desk.run("follow", "--execute", "--until-ready")
    assert ended.code == 0, str(ended)
    assert "can_cut_over: yes" in ended.out
    assert contents(lab, "source", "one") == contents(lab, "target", "one")
    change(lab, "two")
    ended = desk.run("follow", "--execute", "--until-ready", "--json")
    assert ended.code == 0, str(ended)
    assert ended.json["tail"]["follow"]["can_cut_over"] is True
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    assert contents(lab, "source", "two") == contents(lab, "target", "two")
    assert record(desk.journal(), "prove")["differences"] == {}


def test_a_later_verification_knows_which_indices_went_by_the_tail(desk: Desk) -> None:
    lab = desk.lab
    engine(lab, "source", "PUT", "/one", {"settings": SETTINGS})
    fill(lab, "one", 300)
    desk.write(cutover=TAIL)
    seeded(desk)
    change(lab, "one")
    assert cut_over(desk).code == 0
    verified = desk.run("verify")
    assert verified.code == 0, str(verified)
    engine(lab, "target", "PUT", "/one/_doc/d7?refresh=true", {"n": 7, "text": "somebody's"})
    engine(lab, "target", "DELETE", "/one/_doc/d299?refresh=true")
    engine(lab, "target", "PUT", "/one/_doc/alien?refresh=true", {"n": 8})
    verified = desk.run("verify", "--json")
    assert verified.code == 4, str(verified)
    (verdict,) = verified.json["verdicts"]
    assert verdict["outcome"] in {"different", "not compared"}, verdict
