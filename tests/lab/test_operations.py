"""Single operations on the lab's domains: what a user sees, and what the engines hold afterwards."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from migrations import (
    Desk,
    Ended,
    documents,
    engine,
    kill_when,
    log_size,
    mutations,
    refusal,
    rule,
    user_indices,
)

from lab.control.switching import switch, take_automated_snapshot
from lab.description import LabDescription, child_environment
from lab.reset import reset

ONE = {"settings": {"number_of_replicas": 0}}
NOWHERE = {"settings": {"number_of_replicas": 0, "index.routing.allocation.require._name": "nowhere"}}


def fill(lab: LabDescription, side: str, **held: int) -> None:
    for name, count in held.items():
        engine(lab, side, "PUT", f"/{name}", ONE)
        for number in range(count):
            engine(lab, side, "PUT", f"/{name}/_doc/{number}", {"number": number})
        engine(lab, side, "POST", f"/{name}/_refresh")


def at(desk: Desk, side: str, *words: str) -> Ended:
    """A command about one domain of the lab, by its URL: `at(desk, "source", "snapshot list", "r")`."""
    verb, *rest = words
    domain = desk.lab.domain(side)
    return desk.command(*verb.split(), domain.endpoint, *rest, "--region", domain.region)


def done(desk: Desk, side: str, *words: str) -> Ended:
    ended = at(desk, side, *words, "--execute")
    assert ended.code == 0, str(ended)
    return ended


def following(desk: Desk, ended: Ended) -> Ended:
    """The command that the other named as the next one, exactly as it is printed."""
    line = re.findall(r"^next: snapferry (.+)$", ended.err, re.MULTILINE)[-1]
    return desk.command(*shlex.split(line))


def registered(desk: Desk, side: str, *words: str, name: str = "nightly") -> Ended:
    lab = desk.lab
    place = ("--bucket", lab.bucket, "--base-path", "nightly", "--role-arn", lab.role_arn)
    return done(desk, side, "repository register", name, *place, *words)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch for writes for half a second only."""
    monkeypatch.setattr("tasks.operations.indices._BETWEEN_READS_S", 0.5)


@pytest.fixture
def nightly(desk: Desk) -> Desk:
    """A user at a lab whose source has two indices and a repository."""
    fill(desk.lab, "source", orders=3, logs=2)
    registered(desk, "source")
    return desk


@pytest.fixture
def automated(desk: Desk) -> Iterator[Desk]:
    """A user at a lab whose source takes snapshots by itself."""
    switch(desk.lab, "source", automated_snapshots=True)
    yield desk
    reset(desk.lab)


def counts(lab: LabDescription, side: str = "source") -> dict[str, int]:
    return {name: documents(lab, side, name) for name in user_indices(lab, side)}


def test_a_new_user_restores_one_index_of_last_night_under_another_name_and_deletes_it_again(
    automated: Desk,
) -> None:
    """The README's own example: three commands."""
    desk, lab = automated, automated.lab
    fill(lab, "source", orders=3, logs=2)
    take_automated_snapshot(lab, "source")
    listed = at(desk, "source", "snapshot list")
    assert listed.code == 0, str(listed)
    (name,) = re.findall(r"cs-automated-enc/(\S+)", listed.out)
    words = ("restore", "cs-automated-enc", name, "orders", "--rename", "orders=orders-last-night")
    assert "1 of 1 index restored" in done(desk, "source", *words).out
    assert counts(lab) == {"orders": 3, "logs": 2, "orders-last-night": 3}
    assert "orders-last-night: deleted" in done(desk, "source", "index delete", "orders-last-night").out
    assert counts(lab) == {"orders": 3, "logs": 2}


def test_the_requests_are_printed_and_the_next_line_carries_them_out(nightly: Desk) -> None:
    shown = at(nightly, "source", "snapshot take", "nightly", "monday")
    assert shown.code == 0, str(shown)
    assert "PUT /_snapshot/nightly/monday?wait_for_completion=false" in shown.out
    assert '"indices": ["logs", "orders"]' in shown.out
    assert "Nothing was changed" in shown.err
    taken = following(nightly, shown)
    assert taken.code == 0, str(taken)
    assert "nightly/monday is complete" in taken.out


def test_a_bucket_elsewhere_is_registered_by_endpoint_and_readonly_finds_the_snapshots(nightly: Desk) -> None:
    done(nightly, "source", "snapshot take", "nightly", "monday")
    ended = registered(nightly, "target", "--readonly", "--json")
    assert (ended.json["form"], ended.json["snapshots"]) == ("endpoint", 1)
    (row,) = at(nightly, "target", "repository list", "--json").json["repositories"]
    assert (row["name"], row["readonly"], row["settings"]["endpoint"]) == (
        "nightly",
        True,
        "s3.amazonaws.com",
    )
    refused = at(nightly, "target", "snapshot take", "nightly", "tuesday", "--execute")
    assert (refused.code, "registered readonly here" in refused.err) == (3, True)
    refused = at(nightly, "target", "snapshot delete", "nightly", "monday", "--execute")
    assert (refused.code, "registered readonly here" in refused.err) == (3, True)
    done(nightly, "target", "repository verify", "nightly")
    assert "removed; its snapshots stay" in done(nightly, "target", "repository remove", "nightly").out
    assert "not there" in done(nightly, "target", "repository remove", "nightly").out


def test_a_registration_is_not_replaced_without_consent_and_comes_back_if_the_new_one_fails(
    nightly: Desk,
) -> None:
    lab = nightly.lab
    before = engine(lab, "source", "GET", "/_snapshot/nightly")
    other = ("repository register", "nightly", "--bucket", "no-such-bucket", "--bucket-region", "us-east-1")
    words = (*other, "--role-arn", lab.role_arn)
    refused = at(nightly, "source", *words, "--execute")
    assert (refused.code, "--replace=nightly" in refused.err) == (3, True)
    failed = at(nightly, "source", *words, "--replace", "nightly", "--execute")
    assert (failed.code, "the previous registration was restored" in failed.err) == (3, True)
    assert engine(lab, "source", "GET", "/_snapshot/nightly") == before
    assert at(nightly, "source", "repository register", "cs-mine", "--bucket", "b", "--execute").code == 2


def test_a_snapshot_is_taken_once_however_often_the_command_is_given(nightly: Desk) -> None:
    lab = nightly.lab
    begun = at(nightly, "source", "snapshot take", "nightly", "monday", "--no-wait", "--execute")
    assert begun.code == 0, str(begun)
    again = done(nightly, "source", "snapshot take", "nightly", "monday")
    assert "the same command had started it before" in again.out
    before = log_size(lab, "source")
    assert "Done already: monday" in done(nightly, "source", "snapshot take", "nightly", "monday").out
    assert mutations(lab, "source", before) == []
    other = at(nightly, "source", "snapshot take", "nightly", "monday", "--indices", "logs", "--execute")
    assert (other.code, "choose another name" in other.err) == (3, True)


def test_a_lost_reply_to_a_snapshot_is_looked_at_and_not_believed(nightly: Desk) -> None:
    lost = {"status": 504, "body": "GATEWAY_TIMEOUT", "content_type": "text/plain", "when": "after"}
    rule(nightly.lab, domain="source", method="PUT", path="/_snapshot/nightly/monday", **lost)
    before = log_size(nightly.lab, "source")
    done(nightly, "source", "snapshot take", "nightly", "monday")
    assert mutations(nightly.lab, "source", before) == ["PUT /_snapshot/nightly/monday"]


WORK = {
    "snapshot": ("snapshot", "take", "nightly", "tuesday"),
    "restore": ("restore", "nightly", "monday", "orders", "--rename", "orders=old"),
}


@pytest.mark.parametrize("what", WORK)
def test_a_command_that_was_killed_is_resumed_by_the_same_command(nightly: Desk, what: str) -> None:
    lab, words = nightly.lab, WORK[what]
    done(nightly, "source", "snapshot take", "nightly", "monday")
    before = log_size(lab, "source")
    verb = words[: 2 if what == "snapshot" else 1]
    where = (lab.source.endpoint, *words[len(verb) :], "--region", lab.source.region, "--execute")
    process = subprocess.Popen(
        [sys.executable, "-m", "snapferry", *verb, *where],
        env=child_environment(lab) | nightly.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    kill_when(process, lambda: len(mutations(lab, "source", before)) == 1)
    ended = nightly.command(*verb, *where)
    assert ended.code == 0, str(ended)
    assert len(mutations(lab, "source", before)) == 1, "it was not sent twice"


def test_a_partial_snapshot_says_what_it_lacks_and_where_it_is_whole(nightly: Desk) -> None:
    lab = nightly.lab
    done(nightly, "source", "snapshot take", "nightly", "monday")
    engine(lab, "source", "DELETE", "/logs")
    engine(lab, "source", "PUT", "/logs?wait_for_active_shards=0&timeout=1s", NOWHERE)
    words = ("snapshot take", "nightly", "tuesday", "--partial")
    assert at(nightly, "source", *words, "--execute").code == 3
    assert "is PARTIAL, as allowed" in done(nightly, "source", *words, "--allow-partial").out
    (found,) = at(nightly, "source", "snapshot list", "--in-state", "PARTIAL", "--json").json["snapshots"]
    assert (found["name"], found["shards_failed"], found["taken_by"]["kind"]) == (
        "tuesday",
        1,
        "snapshot take",
    )
    (lacking,) = at(nightly, "source", "snapshot show", "nightly", "tuesday", "--json").json["lacking"]
    assert (lacking["name"], lacking["whole_in"]) == ("logs", "monday")
    assert "primary shard" in lacking["shards"][0]["reason"]
    rename = ("restore", "nightly", "tuesday", "orders", "--rename", "*=tuesday-*")
    refused = at(nightly, "source", *rename, "--execute")
    assert (refused.code, "--allow-partial" in refused.err) == (3, True)
    done(nightly, "source", *rename, "--allow-partial")
    assert documents(lab, "source", "tuesday-orders") == 3


def test_snapshots_are_listed_newest_first_with_sizes_and_deleted_by_name(nightly: Desk) -> None:
    for name in ("monday", "tuesday", "wednesday"):
        done(nightly, "source", "snapshot take", "nightly", name)
    listed = at(nightly, "source", "snapshot list", "nightly", "--sizes", "--newest", "2", "--json").json
    assert [each["name"] for each in listed["snapshots"]] == ["wednesday", "tuesday"]
    assert all(each["bytes_total"] > each["bytes_added"] for each in listed["snapshots"])
    ended = done(nightly, "source", "snapshot delete", "nightly", "monday", "mondai", "tuesday", "--json")
    assert {each["name"]: each["outcome"] for each in ended.json["names"]} == {
        "monday": "done", "mondai": "absent", "tuesday": "done",
    }  # fmt: skip
    (left,) = engine(nightly.lab, "source", "GET", "/_snapshot/nightly/_all")["snapshots"]
    assert left["snapshot"] == "wednesday"
    assert at(nightly, "source", "snapshot delete", "nightly", "wed*", "--execute").code == 2


def test_a_name_that_is_taken_is_refused_with_the_ways_out_and_each_of_them_works(nightly: Desk) -> None:
    lab = nightly.lab
    done(nightly, "source", "snapshot take", "nightly", "monday")
    engine(lab, "source", "DELETE", "/orders/_doc/0?refresh=true")
    words = ("restore", "nightly", "monday", "orders", "log*")
    refused = at(nightly, "source", *words, "--execute")
    assert refused.code == 3
    for way in ("--rename orders=", "snapferry index delete", "--close orders", "another domain"):
        assert way in refused.err
    done(nightly, "source", "restore", "nightly", "monday", "orders", "--close", "orders")
    assert counts(lab) == {"orders": 3, "logs": 2}
    engine(lab, "source", "POST", "/logs/_close")
    refused = at(nightly, "source", "restore", "nightly", "monday", "logs", "--execute")
    assert (refused.code, "--onto-closed=logs" in refused.err) == (3, True)
    restored = done(nightly, "source", "restore", "nightly", "monday", "logs", "--onto-closed", "logs")
    assert "restored" in restored.out
    assert counts(lab) == {"orders": 3, "logs": 2}
    done(nightly, "source", "index delete", "orders", "logs")
    again = done(nightly, "source", "restore", "nightly", "monday", "--all", "--replicas", "0", "--json").json
    assert {each["target"]: each["documents"] for each in again["indices"]} == {"orders": 3, "logs": 2}
    before = log_size(lab, "source")
    same = done(nightly, "source", "restore", "nightly", "monday", "--all", "--replicas", "0")
    assert "Done already" in same.out
    assert mutations(lab, "source", before) == []


def test_a_restore_that_is_refused_opens_what_was_closed_for_it(nightly: Desk) -> None:
    lab = nightly.lab
    done(nightly, "source", "snapshot take", "nightly", "monday")
    engine(lab, "source", "DELETE", "/orders")
    engine(lab, "source", "PUT", "/orders", {"settings": {"number_of_shards": 2, "number_of_replicas": 0}})
    ended = at(nightly, "source", "restore", "nightly", "monday", "orders", "--close", "orders", "--execute")
    assert (ended.code, "cannot restore index [orders] with [2] shards" in ended.out) == (1, True)
    assert "Opened again" in ended.out
    (row,) = engine(lab, "source", "GET", "/_cat/indices/orders?format=json")
    assert row["status"] == "open"


def test_aliases_settings_and_blocks_come_along_as_asked(nightly: Desk) -> None:
    lab = nightly.lab
    engine(lab, "source", "POST", "/_aliases", {"actions": [{"add": {"index": "orders", "alias": "all"}}]})
    engine(lab, "source", "PUT", "/orders/_settings", {"index.blocks.write": True})
    done(nightly, "source", "snapshot take", "nightly", "monday")
    setting = ("--index-setting", "refresh_interval=7s")
    done(nightly, "source", "restore", "nightly", "monday", "orders", "--rename", "orders=a", *setting)
    done(nightly, "source", "restore", "nightly", "monday", "orders", "--rename", "orders=b", "--aliases")
    settings = engine(lab, "source", "GET", "/a/_settings?flat_settings=true")["a"]["settings"]
    assert settings["index.refresh_interval"] == "7s"
    assert "index.blocks.write" not in settings
    assert set(engine(lab, "source", "GET", "/_alias/all")) == {"orders", "b"}
    unknown = ("--index-setting", "index.no_such=1", "--rename", "orders=c")
    ended = at(nightly, "source", "restore", "nightly", "monday", "orders", *unknown, "--execute")
    assert (ended.code, "no_such" in ended.out + ended.err) in {(1, True), (3, True)}


@pytest.fixture
def behind_aliases(desk: Desk) -> Desk:
    """Indices behind aliases: alone, as write index of two, as one of two."""
    lab = desk.lab
    fill(lab, "source", alone=1, old=1, new=1, free=1)
    engine(lab, "source", "POST", "/_aliases", {"actions": [
        {"add": {"index": "alone", "alias": "app"}},
        {"add": {"index": "old", "alias": "logs", "is_write_index": False}},
        {"add": {"index": "new", "alias": "logs", "is_write_index": True}},
    ]})  # fmt: skip
    return desk


def test_an_alias_that_would_be_lost_is_named_and_its_consent_asked_for(behind_aliases: Desk) -> None:
    desk, lab = behind_aliases, behind_aliases.lab
    refused = at(desk, "source", "index delete", "alone", "new", "old", "free", "--execute", "--json")
    assert refused.code == 3
    assert "next write through it would create an index app" in refused.err
    assert {"--allow-alias=app", "--allow-alias=logs"} <= {*re.findall(r"--allow-alias=\w+", refused.err)}
    assert set(counts(lab)) == {"alone", "old", "new", "free"}
    preview = at(desk, "source", "index delete", "new", "--json").json
    assert [(c["risk"], c["detail"]) for c in preview["consents"]] == [("write index of an alias", "logs")]
    done(desk, "source", "index delete", "old", "free", "gone")
    ended = done(desk, "source", "index delete", "alone", "new", "--allow-alias=app", "--allow-alias=logs")
    assert "Nobody has written" in ended.out
    assert counts(lab) == {}


def test_somebody_who_writes_through_the_alias_right_now_is_seen(behind_aliases: Desk) -> None:
    desk, lab, stop = behind_aliases, behind_aliases.lab, threading.Event()

    def write() -> None:
        while not stop.wait(0.05):
            engine(lab, "source", "POST", "/app/_doc", {"n": 1})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        shown = at(desk, "source", "index delete", "alone")
        ended = at(desk, "source", "index delete", "alone", "--allow-alias", "app", "--execute")
    finally:
        stop.set()
        writer.join()
    assert "Somebody writes into alone, app right now" in shown.out
    assert ended.code == 0, str(ended)
    assert "alone: deleted" in ended.out


def test_all_indices_need_each_name_and_the_list_can_be_pasted(behind_aliases: Desk) -> None:
    desk, lab = behind_aliases, behind_aliases.lab
    engine(lab, "source", "PUT", "/.kibana_1", ONE)
    shown = at(desk, "source", "index delete", "--all")
    assert shown.code == 0, str(shown)
    assert at(desk, "source", "index delete", "--all", "--execute").code == 3
    ended = following(desk, shown)
    assert ended.code == 0, str(ended)
    assert set(counts(lab)) == {".kibana_1"}, "system indices stay"
    assert at(desk, "source", "index delete", ".kibana_1", "--execute").code == 3
    done(desk, "source", "index delete", ".kibana_1", "--allow-delete", ".kibana_1")


def test_data_streams_are_taken_restored_and_deleted_as_wholes(nightly: Desk) -> None:
    lab = nightly.lab
    template = {
        "index_patterns": ["events"],
        "data_stream": {},
        "template": {"settings": {"number_of_replicas": 0}},
    }
    engine(lab, "source", "PUT", "/_index_template/events", template)
    engine(lab, "source", "POST", "/events/_doc?refresh=true", {"@timestamp": "2026-01-01T00:00:00Z"})
    engine(lab, "source", "POST", "/events/_rollover")
    streams = engine(lab, "source", "GET", "/_data_stream/events")["data_streams"][0]["indices"]
    first, last = (each["index_name"] for each in streams)
    done(nightly, "source", "snapshot take", "nightly", "monday", "--indices", "events")
    refused = at(nightly, "source", "index delete", last, "--execute")
    assert (refused.code, "delete the data stream, or roll it over" in refused.err) == (3, True)
    assert at(nightly, "source", "index delete", first, "--execute").code == 3
    done(nightly, "source", "index delete", "events")
    assert set(counts(lab)) == {"orders", "logs"}
    restored = done(nightly, "source", "restore", "nightly", "monday", "--all", "--json").json
    assert restored["streams"] == ["events"]
    assert sum(each["documents"] for each in restored["indices"]) == 1
    engine(lab, "source", "DELETE", "/_data_stream/events")


def test_blocked_indices_are_listed_and_released_and_what_is_left_is_named(nightly: Desk) -> None:
    lab = nightly.lab
    engine(lab, "source", "PUT", "/orders/_block/write")
    engine(lab, "source", "PUT", "/logs/_settings", {"index.blocks.read_only": True})
    listed = at(nightly, "source", "unfreeze")
    assert listed.code == 0, str(listed)
    assert re.search(r"orders +index\.blocks\.write", listed.out)
    assert re.search(r"logs +index\.blocks\.read_only", listed.out)
    rule(lab, **refusal("source", "/logs/_settings", None))
    ended = at(nightly, "source", "unfreeze", "orders", "logs", "gone", "--execute")
    assert ended.code == 1, str(ended)
    assert "orders: takes writes again" in ended.out
    assert "PUT /logs/_settings" in ended.out
    engine(lab, "source", "PUT", "/orders/_doc/9", {"n": 9})
    engine(lab, "source", "PUT", "/logs/_settings", {"index.blocks.read_only": None})


def test_the_services_own_snapshots_are_protected(automated: Desk) -> None:
    desk, lab = automated, automated.lab
    fill(lab, "source", orders=1)
    take_automated_snapshot(lab, "source")
    (listed,) = at(desk, "source", "snapshot list", "--json").json["snapshots"]
    name = listed["name"]
    before = log_size(lab, "source")
    for words in (
        ("snapshot delete", "cs-automated-enc", name),
        ("snapshot take", "cs-automated-enc", "mine"),
        ("repository remove", "cs-automated-enc"),
    ):
        refused = at(desk, "source", *words, "--execute")
        assert (refused.code, "belong" in refused.err) == (3, True), str(refused)
    assert mutations(lab, "source", before) == []
    (row,) = at(desk, "source", "repository list", "--json").json["repositories"]
    assert (row["service"], row["settings"]) == (True, {})


def test_an_unfinished_cutover_and_its_snapshot_are_left_alone(filled_small: Desk) -> None:
    """Somebody works beside a migration that has stopped in the middle."""
    desk, lab = filled_small, filled_small.lab
    rule(lab, domain="target", method="POST", path="/_snapshot/move/.+/_restore", times=None, status=403,
         body={"Message": "User: arn:aws:iam::123456789012:user/x is not authorized"})  # fmt: skip
    assert desk.run("migrate", "--execute").code == 1
    (snapshot,) = engine(lab, "source", "GET", "/_snapshot/move/_all")["snapshots"]
    refused = at(desk, "source", "snapshot delete", "move", snapshot["snapshot"], "--execute")
    assert (refused.code, "which is unfinished" in refused.err) == (3, True), str(refused)
    refused = at(desk, "source", "repository remove", "move", "--execute")
    assert (refused.code, "--allow-remove=move" in refused.err) == (3, True), str(refused)
    refused = at(desk, "source", "index delete", "orders", "--execute")
    assert (refused.code, "works on it" in refused.err) == (3, True), str(refused)
    (row,) = at(desk, "source", "repository list", "--json").json["repositories"]
    assert [each["plan"] for each in row["used_by"]] == ["lab-move"]
    side = f"{desk.plan_file}:source"
    name = snapshot["snapshot"]
    ended = desk.command("snapshot", "delete", side, "move", name, "--allow-delete", name, "--execute")
    assert ended.code == 0, str(ended)


@pytest.fixture
def filled_small(desk: Desk) -> Desk:
    """A user with a plan, at a lab whose source has one index."""
    fill(desk.lab, "source", orders=3)
    desk.write()
    return desk


def test_a_caller_without_the_right_is_told_and_nothing_was_changed(nightly: Desk) -> None:
    said = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: es:ESHttpDelete"
    denied = {"Message": said}
    rule(nightly.lab, domain="source", method="DELETE", path="/orders", times=None, status=403, body=denied)
    ended = at(nightly, "source", "index delete", "orders", "logs", "--execute")
    assert (ended.code, "logs: deleted" in ended.out, "orders: failed" in ended.out) == (1, True, True)
    assert counts(nightly.lab) == {"orders": 3}
