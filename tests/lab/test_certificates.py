"""A certificate made on one machine is checked on another, with nothing but its file and read rights."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from identities import Identities, allow
from migrations import Desk, Ended, documents, engine, log, log_size
from support.certified import a_key

READS = (
    allow(["es:ESHttpGet", "es:ESHttpHead"]),
    allow("es:ESHttpPost", ["arn:aws:es:*:*:domain/*/_msearch", "arn:aws:es:*:*:domain/*/*/_refresh"]),
)
ONE = {"settings": {"number_of_shards": 2, "number_of_replicas": 0}}


@pytest.fixture
def certified(desk: Desk) -> Path:
    """The certificate of two indices that were moved and verified; its key's public half is beside it."""
    for name in ("orders", "people"):
        engine(desk.lab, "source", "PUT", f"/{name}", ONE)
        for number in range(5):
            engine(desk.lab, "source", "PUT", f"/{name}/_doc/{number}", {"n": number})
    desk.write(indices={"include": ["orders", "people"]})
    moved = desk.run("migrate", "--execute")
    assert moved.code == 0, str(moved)
    private, _ = a_key(desk.folder)
    file = desk.folder / "move.certificate.json"
    made = desk.run("certify", "--key", str(private), "-o", str(file))
    assert made.code == 0, str(made)
    return file


@pytest.fixture
def other(certified: Path, desk: Desk, identities: Identities, tmp_path: Path) -> Desk:
    """Another machine: only the certificate, the public key and the plan; a user who may only read."""
    there = tmp_path / "elsewhere"
    there.mkdir()
    for file in (certified, certified.parent / "key.pub", desk.plan_file):
        shutil.copy(file, there)
    user = identities.user(*READS)
    keys = {"AWS_ACCESS_KEY_ID": user.key, "AWS_SECRET_ACCESS_KEY": user.secret}

    class Reader(Desk):
        @property
        def environment(self) -> dict[str, str]:
            return super().environment | keys

    return Reader(desk.lab, there)


def checked(desk: Desk, *more: str) -> Ended:
    file, key = desk.folder / "move.certificate.json", desk.folder / "key.pub"
    return desk.command("certificate", "check", str(file), "--public-key", str(key), *more)


def test_a_certificate_is_checked_elsewhere_and_its_journal_to_the_byte(desk: Desk, other: Desk) -> None:
    """One test for all of it: a migration takes seconds."""
    assert checked(other).code == 0
    _the_three_answers(desk, other)
    _the_journal(desk)


def _the_three_answers(desk: Desk, other: Desk) -> None:
    lab, against = desk.lab, ("--against", str(other.plan_file))
    before = {side: log_size(lab, side) for side in ("source", "target")}
    same = checked(other, *against)
    assert same.code == 0, str(same)
    assert "Still true: both domains are as certified (2 indices read again)" in same.out
    sent = [
        (entry["method"], entry["path"])
        for side, size in before.items()
        for entry in log(lab, side, size)
        if entry["method"] not in {"GET", "HEAD"}
    ]
    assert sent and all(path.endswith(("/_msearch", "/_refresh")) for _, path in sent)
    assert not (other.folder / "state").exists(), "no state is needed"

    engine(lab, "source", "PUT", "/orders/_doc/late", {"n": 6})
    moved_on = checked(other, *against, "--json")
    assert moved_on.code == 4, str(moved_on)
    assert moved_on.json["against"]["answer"] == "the source has moved on since"
    (change,) = moved_on.json["against"]["changed"]
    assert (change["side"], change["name"], change["change"]) == ("source", "orders", "written to")

    engine(lab, "target", "DELETE", "/people/_doc/3")
    wrong = checked(other, *against)
    assert wrong.code == 4, str(wrong)
    assert "No longer true: the target is not as certified" in wrong.out
    assert "target: people was written to" in wrong.out
    assert documents(lab, "target", "people") == 4


def _the_journal(desk: Desk) -> None:
    (journal,) = (desk.folder / "state" / "plans" / "lab-move").glob(
        "*-[0-9a-f][0-9a-f][0-9a-f][0-9a-f].json"
    )
    found = checked(desk, "--journal", str(journal))
    assert found.code == 0, str(found)
    assert "Journal: the one certified, to the byte" in found.out
    finished = desk.run("finish", "--execute")
    assert finished.code == 0, str(finished)
    later = checked(desk, "--state", str(desk.folder / "state"))
    assert later.code == 0, str(later)
    assert "and has gone on since" in later.out
    journal.write_bytes(journal.read_bytes().replace(b'"sent"', b'"SENT"', 1))
    changed = checked(desk, "--journal", str(journal))
    assert changed.code == 4
    assert "not the one that was certified" in changed.out
