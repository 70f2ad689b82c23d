"""`snapferry repair`: exactly the documents that a verification names, and nothing else."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import requests
from migrations import Desk, Ended, engine, kill_when, log_size, mutations

SETTINGS = {"number_of_shards": 2, "number_of_replicas": 0}
ODD = '{"n": 1.10, "big": 12345678901234567890.5, "note": "\\u00e9"}'
LINES = '{\n  "n": 7\n}'


def put(desk: Desk, side: str, path: str, text: str) -> None:
    """A document as this text has it."""
    domain = desk.lab.domain(side)
    headers = {"content-type": "application/json", **domain.operator}
    reply = requests.put(domain.engine_url + path, data=text.encode(), headers=headers, timeout=60)
    assert reply.ok, reply.text


def held(desk: Desk, side: str, index: str) -> dict[tuple[str, str | None], tuple[int, str]]:
    """Every document of an index: its version, and the exact text of its source."""
    domain = desk.lab.domain(side)
    engine(desk.lab, side, "POST", f"/{index}/_refresh")
    address = f"{domain.engine_url}/{index}/_search?size=1000&version=true&sort=_seq_no"
    hits = requests.get(address, headers=domain.operator, timeout=60).json()["hits"]["hits"]
    found: dict[tuple[str, str | None], tuple[int, str]] = {}
    for hit in hits:
        routing = hit.get("_routing")
        query = f"?routing={routing}" if routing else ""
        address = f"{domain.engine_url}/{index}/_source/{hit['_id']}{query}"
        text = requests.get(address, headers=domain.operator, timeout=60).text
        found[hit["_id"], routing] = (hit["_version"], text)
    return found


@pytest.fixture
def moved(desk: Desk) -> Desk:
    """Two indices, moved and verified."""
    for name in ("orders", "people"):
        engine(desk.lab, "source", "PUT", f"/{name}", {"settings": SETTINGS})
        for number in range(12):
            put(desk, "source", f"/{name}/_doc/{number}", f'{{"n": {number}}}')
    put(desk, "source", "/orders/_doc/odd?routing=r", ODD)
    put(desk, "source", "/orders/_doc/lines", LINES)
    desk.write(indices={"include": ["orders", "people"]})
    ended = desk.run("migrate", "--execute")
    assert ended.code == 0, str(ended)
    return desk


def damage(desk: Desk) -> None:
    """Changes of every kind on the target."""
    lab = desk.lab
    engine(lab, "target", "DELETE", "/orders/_doc/7")
    engine(lab, "target", "DELETE", "/orders/_doc/odd?routing=r")
    engine(lab, "target", "DELETE", "/orders/_doc/lines")
    put(desk, "target", "/orders/_doc/3", '{"n": 33}')
    put(desk, "target", "/orders/_doc/new?routing=r", '{"n": 21}')
    put(desk, "target", "/people/_doc/instead", '{"n": 11}')
    engine(lab, "target", "DELETE", "/people/_doc/11")


def repaired(desk: Desk, *options: str) -> Ended:
    return desk.run("repair", "--execute", *options)


def no_changes(desk: Desk, after: int) -> list[str]:
    """What the target was sent since, beside refreshes."""
    return [each for each in mutations(desk.lab, "target", after) if not each.endswith("/_refresh")]


def settings_of(desk: Desk) -> Any:
    found = engine(desk.lab, "target", "GET", "/orders,people/_settings?flat_settings=true")
    return {name: entry["settings"] for name, entry in found.items()}


def require_refusals(desk: Desk) -> None:
    """What is in the way is named, and nothing is changed: a block, a closed index, a client that writes."""
    lab = desk.lab
    engine(lab, "target", "PUT", "/orders/_settings", {"index.blocks.write": True})
    engine(lab, "target", "POST", "/people/_close")
    before = log_size(lab, "target")
    refused = repaired(desk)
    assert (refused.code, no_changes(desk, before)) == (3, []), str(refused)
    assert "orders: it refuses writes (index.blocks.write)" in refused.err
    assert "people: it is closed on the target: open it there (POST /people/_open)" in refused.err

    engine(lab, "target", "PUT", "/orders/_settings", {"index.blocks.write": None})
    engine(lab, "target", "POST", "/people/_open")
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.02):
            put(desk, "target", "/orders/_doc/client", '{"n": 1}')

    client = threading.Thread(target=write)
    client.start()
    before = log_size(lab, "target")
    try:
        refused = repaired(desk)
    finally:
        stop.set()
        client.join()
    assert (refused.code, no_changes(desk, before)) == (3, []), str(refused)
    assert "the target has moved on: orders took operations while it was compared" in refused.err
    engine(lab, "target", "DELETE", "/orders/_doc/client")


def test_what_verify_names_is_repaired_and_a_later_verification_finds_everything_equal(moved: Desk) -> None:
    desk, lab = moved, moved.lab
    settings = settings_of(desk)
    damage(desk)
    require_refusals(desk)
    before = log_size(lab, "target")
    ahead = desk.run("repair")
    assert (ahead.code, no_changes(desk, before)) == (0, []), str(ahead)
    assert "orders: 4 to write, 1 to delete" in ahead.out, str(ahead)

    ended = repaired(desk)
    assert ended.code == 0, str(ended)
    assert "7 documents were repaired (5 written, 2 deleted)" in ended.out
    for index in ("orders", "people"):
        assert held(desk, "target", index) == held(desk, "source", index)
    assert settings_of(desk) == settings
    again = desk.run("verify", "--level", "content", "--sample", "1")
    assert again.code == 0, str(again)
    report = desk.report()
    assert (report["outcome"], report["repair"]["repaired"], report["totals"]["equal"]) == ("done", 7, 2)

    # what others do to a repaired document is no secret, and content is seen where numbers are equal
    put(desk, "target", "/orders/_doc/7", '{"n": 77}')
    put(desk, "source", "/people/_doc/exact", '{"n": 1.1}')
    put(desk, "target", "/people/_doc/exact", '{"n": 1.10}')
    named = desk.run("verify", "--json")
    assert (named.code, [v["source"] for v in named.json["verdicts"] if v["documents"]]) == (4, ["orders"])
    again = repaired(desk, "--level", "content", "--sample", "1", "--json")
    assert again.code == 0, str(again)
    for index in ("orders", "people"):
        assert held(desk, "target", index) == held(desk, "source", index)
    assert desk.run("verify").code == 0


def test_a_repair_that_is_killed_is_resumed_and_the_migration_goes_on_after_it(moved: Desk) -> None:
    desk, lab = moved, moved.lab
    settings = settings_of(desk)
    damage(desk)
    (file,) = (desk.folder / "state").rglob("plans/lab-move/*.json")
    journal = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**journal, "status": "different"}), encoding="utf-8")
    desk.write(indices={"include": ["orders", "people"]}, metadata={"automatic": True})

    before = log_size(lab, "target")
    process = desk.start("repair", "--execute")
    kill_when(process, lambda: any(each.endswith("/_bulk") for each in no_changes(desk, before)))
    ended = repaired(desk)
    assert ended.code == 0, str(ended)
    for index in ("orders", "people"):
        assert held(desk, "target", index) == held(desk, "source", index)
    assert settings_of(desk) == settings
    assert desk.report()["outcome"] == "interrupted"

    before = log_size(lab, "target")
    goes_on = desk.run("migrate", "--execute")
    assert (goes_on.code, desk.report()["outcome"]) == (0, "done"), str(goes_on)
    assert not [each for each in no_changes(desk, before) if "_restore" in each]
