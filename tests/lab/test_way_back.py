"""The way back: after a cutover that promised it, the old domain takes over again, with every write."""

from __future__ import annotations

from typing import Any

import pytest
from migrations import (
    Desk,
    documents,
    engine,
    eventually,
    kill_when,
    log,
    log_size,
    mutations,
    no_rules,
    rule,
)
from rounds import CUTOVER, blocked, cut_over, record, seeded
from test_tail import SETTINGS, bulk, change, contents, fill

from lab.description import LabDescription

PROMISED = {**CUTOVER, "delta": "tail", "source_after": "follow"}


def write_to_target(lab: LabDescription, index: str) -> None:
    lines: list[dict[str, Any]] = []
    for n in range(3, 300, 9):
        lines += [{"index": {"_id": f"d{n}"}}, {"n": n, "text": "changed on the target"}]
    lines += [{"delete": {"_id": f"d{n}"}} for n in range(2, 300, 13)]
    lines += [{"index": {"_id": "later", "routing": "z"}}, {"n": -2, "fresh": 2.50}]
    bulk(lab, "target", index, *lines)


def fall_back(desk: Desk) -> Any:
    return desk.run("fallback", "--execute", "--allow-freeze")


def test_every_write_of_the_target_comes_back(desk: Desk) -> None:
    lab = desk.lab
    for name in ("one", "still"):
        engine(lab, "source", "PUT", f"/{name}", {"settings": SETTINGS})
        fill(lab, name, 300)
    desk.write(cutover=PROMISED)
    refused = fall_back(desk)
    assert refused.code == 3 and "promised" in refused.err, str(refused)
    seeded(desk)
    change(lab, "one")
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    assert "snapferry fallback" in ended.out
    write_to_target(lab, "one")
    write_to_target(lab, "still")
    engine(lab, "target", "PUT", "/made-later", {"settings": SETTINGS})
    bulk(lab, "target", "made-later", {"index": {"_id": "1"}}, {"a": 1})
    engine(lab, "target", "PUT", "/one/_alias/current")
    ended = desk.run("follow", "--execute", "--until-ready")
    assert ended.code == 0, str(ended)
    assert contents(lab, "source", "one") == contents(lab, "target", "one")
    assert "Falling back: would lose nothing; in step as of" in desk.run("status").out
    assert "nothing is frozen" in desk.run("follow").out
    shown = desk.run("fallback")
    assert shown.code == 0 and "made-later" in shown.out, str(shown)
    bulk(lab, "target", "one", {"index": {"_id": "at the last"}}, {"n": 9})
    ended = fall_back(desk)
    assert ended.code == 0, str(ended)
    for name in ("one", "still", "made-later"):
        assert contents(lab, "source", name) == contents(lab, "target", name)
    assert record(desk.journal(), "prove")["differences"] == {}
    assert "current" in engine(lab, "source", "GET", "/one/_alias")["one"]["aliases"]
    assert "source is the plan's target" in ended.out, "the exchanged words are explained where they are used"
    told = desk.run("status").out
    assert "The target refuses writes to 3 indices" in told and "by fallback" in told, told
    assert "left by the fallback: open, and refusing writes" in told, told
    assert "next: snapferry cutover" in told, told
    assert desk.run("finish").code == 0
    engine(lab, "source", "PUT", "/one/_doc/back?refresh=true", {"n": 10})
    bulk(lab, "source", "made-later", {"index": {"_id": "2"}}, {"a": 2})
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    for name in ("one", "still", "made-later"):
        assert contents(lab, "source", name) == contents(lab, "target", name)
    assert documents(lab, "target", "made-later") == 2


def write_astray(lab: LabDescription, index: str, id: str) -> None:
    """Somebody writes to the domain that the cutover has left."""
    engine(lab, "source", "PUT", f"/{index}/_settings", {"index.blocks.write": None})
    engine(lab, "source", "PUT", f"/{index}/_doc/{id}?refresh=true", {"n": 1})
    engine(lab, "source", "PUT", f"/{index}/_block/write")


def promised(desk: Desk, **gates: Any) -> None:
    """A cutover of two indices that has promised a way back; one has a final pipeline, and goes on."""
    lab = desk.lab
    for side in ("source", "target"):
        engine(lab, side, "PUT", "/_ingest/pipeline/pass", {"processors": []})
    engine(lab, "source", "PUT", "/one", {"settings": SETTINGS})
    engine(lab, "source", "PUT", "/piped", {"settings": {**SETTINGS, "final_pipeline": "pass"}})
    for name in ("one", "piped"):
        fill(lab, name, 300)
    desk.write(cutover=PROMISED)
    seeded(desk)
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    write_to_target(lab, "piped")
    desk.write(cutover=PROMISED, **gates)


def require_refused(desk: Desk, index: str, id: str) -> None:
    """However often it is tried, nothing that somebody wrote there is deleted."""
    for verb, options in (
        ("fallback", ["--execute", "--allow-freeze"]),
        ("follow", ["--execute", "--until-ready"]),
    ) * 2:
        before = log_size(desk.lab, "target")
        ended = desk.run(verb, *options)
        assert ended.code in {1, 3} and f"{index}" in ended.out and "written to" in ended.out, str(ended)
        frozen = [each for each in mutations(desk.lab, "target", before) if "_block" in each]
        assert not frozen, "nothing was frozen"
        assert engine(desk.lab, "source", "GET", f"/{index}/_doc/{id}")["found"] is True
    assert desk.run("fallback").code == 3
    engine(desk.lab, "target", "PUT", f"/{index}/_doc/goes-on?refresh=true", {"n": 2})


def test_a_write_to_the_old_domain_ends_the_promise_visibly_and_is_never_deleted(desk: Desk) -> None:
    promised(desk)
    write_astray(desk.lab, "one", "astray")
    require_refused(desk, "one", "astray")


@pytest.mark.soak
def test_a_write_to_the_old_domain_while_a_fallback_waits_is_never_deleted(desk: Desk) -> None:
    promised(desk, gates={"before-freeze": {"timeout": "2m"}})
    waiting = desk.start("fallback", "--execute", "--allow-freeze")
    eventually(
        lambda: any(g["name"] == "before-freeze" for g in desk.run("status", "--json").json.get("gates", []))
    )
    write_astray(desk.lab, "one", "astray")
    assert desk.run("approve", "before-freeze").code == 0
    said, _ = waiting.communicate(timeout=120)
    assert waiting.returncode == 1 and "written to its copy" in said, said
    piped = engine(desk.lab, "source", "GET", "/piped/_settings")["piped"]["settings"]["index"]
    assert (piped["final_pipeline"], piped["blocks"]["write"]) == ("pass", "true"), (
        "put back although it failed"
    )
    assert "not possible any more, because of one" in desk.run("status").out
    desk.write(cutover=PROMISED, gates={})
    require_refused(desk, "one", "astray")


def is_between_rounds(desk: Desk, index: str) -> bool:
    """Whether the first round is over, and no later one writes to the index."""
    journal = desk.journal()
    kept = journal["steps"].get("follow", {}).get("record")
    return bool(kept) and not journal["positions"][index]["sending"]


@pytest.mark.soak
def test_a_write_to_a_quiet_index_during_follow_is_found_and_never_deleted(desk: Desk) -> None:
    promised(desk)
    following = desk.start("follow", "--execute")
    eventually(lambda: is_between_rounds(desk, "one"))
    write_astray(desk.lab, "one", "astray")
    eventually(lambda: bool(desk.journal()["positions"]["one"]["lost"]))
    following.terminate()
    said, _ = following.communicate(timeout=60)
    assert "can_cut_over: no, because one cannot be brought back" in said, said
    require_refused(desk, "one", "astray")


@pytest.mark.soak
def test_after_a_kill_between_two_rounds_a_write_to_the_old_domain_is_never_deleted(desk: Desk) -> None:
    promised(desk)
    following = desk.start("follow", "--execute")
    eventually(lambda: is_between_rounds(desk, "piped"))
    following.kill()
    following.wait()
    write_astray(desk.lab, "one", "astray")
    require_refused(desk, "one", "astray")


def test_a_write_to_the_old_domain_in_the_middle_of_a_round_is_never_deleted(desk: Desk) -> None:
    promised(desk)
    lab = desk.lab
    rule(lab, domain="source", method="POST", path="/piped/_bulk", times=1, delay_s=4)
    following = desk.start("follow", "--execute")
    eventually(lambda: not blocked(lab))
    engine(lab, "source", "PUT", "/one/_doc/astray?refresh=true", {"n": 1})
    eventually(lambda: bool(desk.journal()["positions"]["one"]["lost"]))
    following.terminate()
    following.communicate(timeout=60)
    assert engine(lab, "source", "GET", "/one/_doc/astray")["found"] is True


def test_after_a_kill_in_the_middle_of_a_round_a_write_to_the_old_domain_is_never_deleted(desk: Desk) -> None:
    promised(desk)
    lab = desk.lab
    rule(lab, domain="source", method="PUT", path="/piped/_block/write", times=1, delay_s=20, status=503)
    began = log_size(lab, "source")
    following = desk.start("follow", "--execute")
    kill_when(following, lambda: any(each["path"] == "/piped/_bulk" for each in log(lab, "source", began)))
    assert desk.journal()["positions"]["piped"]["sending"], "it was killed too late"
    no_rules(lab)
    engine(lab, "source", "PUT", "/piped/_doc/astray?refresh=true&pipeline=_none", {"n": 1})
    require_refused(desk, "piped", "astray")


def test_a_fallback_that_was_interrupted_gives_way_to_follow_and_goes_through_later(desk: Desk) -> None:
    """What either of them has sent is not taken for somebody else's by the other."""
    promised(desk, gates={"before-freeze": {"timeout": "1s"}})
    assert fall_back(desk).code == 5
    write_to_target(desk.lab, "one")
    desk.write(cutover=PROMISED, gates={})
    for verb, options in (
        ("follow", ["--execute", "--until-ready"]),
        ("fallback", ["--execute", "--allow-freeze"]),
    ):
        ended = desk.run(verb, *options)
        assert ended.code == 0, str(ended)
    for name in ("one", "piped"):
        assert contents(desk.lab, "source", name) == contents(desk.lab, "target", name)


def test_a_released_source_is_never_written_to_again(desk: Desk) -> None:
    promised(desk)
    assert "the way back would end" in desk.run("finish", "--source", "released").out
    assert desk.run("finish", "--source", "released", "--execute").code == 0
    engine(desk.lab, "source", "PUT", "/one/_doc/own?refresh=true", {"n": 1})
    for verb in ("fallback", "follow"):
        before = log_size(desk.lab, "source")
        options = ["--allow-freeze"] if verb == "fallback" else []
        assert desk.run(verb, "--execute", *options).code == 3
        assert mutations(desk.lab, "source", before) == []
    assert "not possible any more, because the domain that the cutover left was released" in " ".join(
        desk.run("status").out.split()
    )
    engine(desk.lab, "source", "PUT", "/one/_doc/own?refresh=true", {"n": 2})


def test_an_alias_whose_name_is_taken_is_told_before_the_freeze(desk: Desk) -> None:
    promised(desk)
    engine(desk.lab, "source", "PUT", "/taken", {"settings": SETTINGS})
    engine(desk.lab, "target", "PUT", "/one/_alias/taken")
    refused = desk.run("fallback")
    assert refused.code == 3 and "taken: an index there has this name" in refused.err + refused.out, str(
        refused
    )
    before = log_size(desk.lab, "target")
    ended = fall_back(desk)
    assert ended.code == 3, str(ended)
    assert not [each for each in mutations(desk.lab, "target", before) if "_block" in each], (
        "nothing was frozen"
    )
    engine(desk.lab, "source", "DELETE", "/taken")
    ended = fall_back(desk)
    assert ended.code == 0, str(ended)
    assert "taken" in engine(desk.lab, "source", "GET", "/one/_alias")["one"]["aliases"]
    refused = desk.run("fallback")
    assert refused.code == 3


def test_no_way_back_is_promised_to_an_index_that_keeps_only_a_part_of_its_documents(desk: Desk) -> None:
    """What its `_source` leaves out could be found on the new domain, and not on the old one any more."""
    lab = desk.lab
    body = {"settings": SETTINGS, "mappings": {"_source": {"excludes": ["text"]}}}
    engine(lab, "source", "PUT", "/partial", body)
    fill(lab, "partial", 10)
    desk.write(cutover=PROMISED)
    seeded(desk)
    refused = cut_over(desk)
    assert refused.code == 3, str(refused)
    assert "partial: its mapping keeps only a part of _source" in " ".join(
        (refused.out + refused.err).split()
    )
    assert blocked(lab) == set()
