"""A plan that knows only the bucket: the source is a snapshot, and its domain is gone."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from migrations import Desk, documents, engine, kill_when, log_size, mutations, user_indices
from old_domains import fill

SNAPSHOT = "nightly-2026.11.28"
PLACE = "old"
MOVED = {"orders", "customers", ".ds-logs-000001"}


@pytest.fixture
def lost(desk: Desk) -> Desk:
    """A user whose source has left a snapshot of two indices and a data stream behind, and nothing else."""
    fill(desk.lab)
    take(desk)
    write(desk)
    return desk


def take(desk: Desk, name: str = SNAPSHOT, **body: Any) -> dict[str, Any]:
    """A snapshot that somebody took of the source, before it was lost."""
    lab = desk.lab
    settings = {"bucket": lab.bucket, "base_path": PLACE, "region": lab.bucket_region}
    engine(lab, "source", "PUT", "/_snapshot/theirs", {"type": "s3", "settings": settings})
    wanted = {"indices": "orders,customers,logs", "include_global_state": False, **body}
    taken = engine(lab, "source", "PUT", f"/_snapshot/theirs/{name}?wait_for_completion=true", wanted)
    engine(lab, "source", "DELETE", "/_snapshot/theirs")
    return taken["snapshot"]


def write(desk: Desk, snapshot: str = SNAPSHOT, **changes: Any) -> None:
    """A plan without a source domain."""
    repository = {"base_path": PLACE, **changes.pop("repository", {})}
    desk.write(repository=repository, **changes)
    plan = yaml.safe_load(desk.plan_file.read_text(encoding="utf-8"))
    plan["source"] = {"snapshot": snapshot}
    desk.plan_file.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")


def verdicts(desk: Desk) -> dict[str, str]:
    return {index["target"]: index["verdict"] for index in desk.report()["indices"]}


def test_a_domain_that_is_lost_is_moved_from_its_snapshot_and_nothing_is_asked_of_it(lost: Desk) -> None:
    some = {"index": "orders", "query": {"range": {"n": {"lt": 10}}}, "expect": 10}
    write(lost, verify={"queries": [some]})
    began = log_size(lost.lab, "source")
    before = lost.run("plan")
    assert before.code == 3 and "has no repository for the plan's place yet" in before.err, str(before)
    checked = lost.run("check", "--json")
    assert checked.code == 0, str(checked)
    untold = [each["id"] for each in checked.json["checks"] if SNAPSHOT in each["detail"]]
    assert untold.count("safety.snapshot") == 1, "one check says why, the others refer to it"

    ended = lost.run("migrate", "--execute")
    assert ended.code == 0, str(ended)
    report = lost.report()
    assert verdicts(lost) == dict.fromkeys(MOVED, "as recorded")
    assert (report["source"], report["level"]) == (None, "record")
    assert (report["origin"]["name"], report["origin"]["state"]) == (SNAPSHOT, "SUCCESS")
    assert "OpenSearch 3.6.0" in report["origin"]["version"]
    assert report["totals"]["documents"] == 55 and report["totals"]["recorded"] == 3
    assert "compared with nothing" in " ".join(report["limits"])
    assert documents(lost.lab, "target", "orders") == 40
    assert engine(lost.lab, "target", "GET", "/_alias/all")["orders"], "the snapshot's aliases came along"
    assert engine(lost.lab, "target", "GET", "/_snapshot/move")["move"]["settings"]["readonly"] == "true"
    assert "verified with the snapshot's record alone" in lost.run("status").out

    again = lost.run("migrate", "--execute")
    assert again.code == 0 and f"Run {report['run_id']}" in again.out
    assert lost.run("verify").code == 0
    engine(lost.lab, "target", "DELETE", "/customers")
    engine(lost.lab, "target", "PUT", "/customers", {"settings": {"number_of_shards": 3}})
    engine(lost.lab, "target", "DELETE", "/orders/_doc/7?refresh=true")
    changed = lost.run("verify", "--json")
    assert changed.code == 4
    found = {each["target"]: (each["outcome"], each["detail"]) for each in changed.json["verdicts"]}
    assert found["customers"] == ("different", "1 shards in the snapshot, 3 on the target")
    assert found["orders"][0] == "as recorded", "nobody has counted its documents before"
    assert "it finds 9 documents on the target, not 10" in changed.json["general"][0]["detail"]

    assert lost.run("finish", "--execute").code == 0
    assert engine(lost.lab, "target", "GET", "/_snapshot") == {}
    untold_now = lost.run("verify")
    assert untold_now.code == 4 and "no repository any more" in untold_now.out, "no record, no proof"
    assert log_size(lost.lab, "source") == began


def test_a_wrong_path_is_named_although_registering_it_succeeds(lost: Desk) -> None:
    write(lost, repository={"base_path": "elsewhere"})
    ended = lost.run("migrate", "--execute")
    assert ended.code == 1 and "a readonly registration of a wrong path succeeds" in ended.out, str(ended)
    assert "repository.base_path" in ended.out and "--new-run" in ended.out
    assert engine(lost.lab, "target", "GET", "/_snapshot") == {}, "taken back"
    write(lost)
    assert lost.run("migrate", "--execute", "--new-run").code == 0


def test_a_wrong_name_is_refused_by_every_verb_where_the_place_is_registered_already(lost: Desk) -> None:
    lab = lost.lab
    settings = {"bucket": lab.bucket, "base_path": PLACE, "region": lab.bucket_region, "readonly": True}
    engine(lab, "target", "PUT", "/_snapshot/theirs", {"type": "s3", "settings": settings})
    write(lost, "nightly-2026.11.29")
    began = log_size(lab, "target")
    said = f"which has 1 snapshot: {SNAPSHOT}"
    for verb in (["check"], ["plan"], ["migrate", "--execute"], ["rehearse", "--execute"]):
        ended = lost.run(*verb)
        assert ended.code == 3 and said in ended.out + ended.err, str(ended)
    assert mutations(lab, "target", began) == []
    write(lost)
    planned = lost.run("plan", "--json")
    assert planned.code == 0 and planned.json["resolution"]["origin"]["name"] == SNAPSHOT
    assert planned.json["snapshot_uuid"] == planned.json["resolution"]["origin"]["uuid"]


def test_names_on_the_target_are_treated_as_the_plan_says(lost: Desk) -> None:
    engine(lost.lab, "target", "POST", "/orders/_doc?refresh=true", {"theirs": True})
    refused = lost.run("migrate", "--execute")
    assert refused.code == 1 and "the target already has index orders" in refused.out
    assert documents(lost.lab, "target", "orders") == 1
    write(lost, conflicts={"policy": "rename", "suffix": "-restored"})
    ended = lost.run("migrate", "--execute", "--new-run")
    assert ended.code == 0, str(ended)
    assert set(verdicts(lost)) == {"orders-restored", "customers", ".ds-logs-000001"}
    assert documents(lost.lab, "target", "orders") == 1
    assert documents(lost.lab, "target", "orders-restored") == 40


def test_what_a_partial_snapshot_lacks_is_different_and_takes_consent(desk: Desk) -> None:
    fill(desk.lab)
    nowhere = {"index.routing.allocation.require._name": "nobody", "number_of_shards": 2}
    engine(desk.lab, "source", "PUT", "/red?wait_for_active_shards=0", {"settings": nowhere})
    taken = take(desk, indices="orders,red", partial=True)
    assert taken["state"] == "PARTIAL"
    write(desk)
    refused = desk.run("migrate", "--execute")
    assert refused.code == 1 and "ended as PARTIAL" in refused.out, str(refused)
    write(desk, snapshot=SNAPSHOT, indices={"include": ["orders"]})
    assert "ended as PARTIAL" in desk.run("migrate", "--execute", "--new-run").out

    plan = yaml.safe_load(desk.plan_file.read_text(encoding="utf-8"))
    plan["snapshot"], plan["indices"] = {"allow_partial": True}, {"include": ["*"]}
    desk.plan_file.write_text(yaml.safe_dump(plan), encoding="utf-8")
    assert "--allow-partial" in desk.run("migrate", "--execute", "--new-run").out
    ended = desk.run("migrate", "--execute", "--new-run", "--allow-partial")
    assert ended.code == 4, str(ended)
    assert verdicts(desk) == {"orders": "as recorded", "red": "different"}
    lacking = next(index for index in desk.report()["indices"] if index["target"] == "red")
    assert lacking["detail"].startswith("the snapshot lacks red[")


def test_it_is_rehearsed_and_everything_is_removed_again(lost: Desk) -> None:
    began = log_size(lost.lab, "source")
    ended = lost.run("rehearse", "--execute")
    assert ended.code == 0, str(ended)
    assert set(verdicts(lost)) == {"rehearsal-orders", "rehearsal-customers", ".ds-rehearsal-logs-000001"}
    assert list(user_indices(lost.lab, "target")) == []
    assert engine(lost.lab, "target", "GET", "/_snapshot") == {}
    assert log_size(lost.lab, "source") == began
    for verb in ("seed", "cutover"):
        refused = lost.run(verb, "--execute", *(["--allow-freeze"] if verb == "cutover" else []))
        assert refused.code == 3 and f"source is snapshot {SNAPSHOT}" in refused.err + refused.out


def test_a_killed_run_is_resumed(lost: Desk) -> None:
    began = log_size(lost.lab, "target")
    process = lost.start("migrate", "--execute")
    kill_when(process, lambda: any("_restore" in each for each in mutations(lost.lab, "target", began)))
    ended = lost.run("migrate", "--execute")
    assert ended.code == 0, str(ended)
    restores = [each for each in mutations(lost.lab, "target", began) if "_restore" in each]
    assert len(restores) == 1, "what was sent before the kill is adopted"
    assert verdicts(lost) == dict.fromkeys(MOVED, "as recorded")


def test_what_the_run_that_took_it_counted_is_compared(desk: Desk) -> None:
    fill(desk.lab)
    desk.write(indices={"include": ["orders", "customers"]})
    assert desk.run("migrate", "--execute").code == 0
    taken = desk.report()["snapshot"]["name"]
    engine(desk.lab, "target", "DELETE", "/orders,customers")
    write(desk, taken, name="from-it", repository={"base_path": "move"})
    ended = desk.run("migrate", "--execute")
    assert ended.code == 0, str(ended)
    counted = {each["target"]: each["source_count"] for each in desk.report()["indices"]}
    assert counted == {"orders": 40, "customers": 10}
    engine(desk.lab, "target", "DELETE", "/orders/_doc/7?refresh=true")
    verified = desk.run("verify")
    assert verified.code == 4 and "counted 40 documents in this snapshot, the target has 39" in verified.out
