"""A cluster of one's own as source: a user and a password, keys in its keystore, and no role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from migrations import Desk, Ended, documents, engine, log, log_size, user_indices
from old_domains import fill
from password_door import PASSWORD, OwnCluster, own_cluster

LOGIN = {"OWN_PASSWORD": PASSWORD}


@pytest.fixture
def own(desk: Desk) -> Iterator[OwnCluster]:
    """The lab's source as such a cluster, with two indices and a data stream."""
    fill(desk.lab)
    with own_cluster(desk.lab, "source") as cluster:
        yield cluster


def write(desk: Desk, **sections: Any) -> None:
    """The lab's plan with these sections in place of its own."""
    desk.write()
    plan = yaml.safe_load(desk.plan_file.read_text(encoding="utf-8"))
    plan |= {key: {**plan[key], **value} if key == "repository" else value for key, value in sections.items()}
    desk.plan_file.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")


def run(desk: Desk, verb: str, *options: str) -> Ended:
    return desk.run(verb, *options, environment=LOGIN)


def test_it_moves_into_the_service(desk: Desk, own: OwnCluster) -> None:
    client = {"client": "default", "max_snapshot_bytes_per_sec": "200mb"}
    write(desk, source=own.settings, repository={"settings": client})
    checked = run(desk, "check")
    assert checked.code == 0, str(checked)
    began = log_size(desk.lab, "target")
    ended = run(desk, "migrate", "--execute")
    assert ended.code == 0, str(ended)
    kept = "".join(file.read_text(encoding="utf-8") for file in (desk.folder / "state").rglob("*.json"))
    assert PASSWORD not in str(ended) + kept
    assert {index["verdict"] for index in desk.report()["indices"]} == {"equal"}

    (sent,) = own.registrations
    assert "role_arn" not in sent["settings"] and "readonly" not in sent["settings"]
    assert sent["settings"]["client"] == "default"
    at_target = [each["body"] for each in log(desk.lab, "target", began) if each["path"] == "/_snapshot/move"]
    registered = [json.loads(body)["settings"] for body in at_target if body]
    assert registered and all(body["role_arn"] == desk.lab.role_arn for body in registered)
    assert all(body["readonly"] and "client" not in body for body in registered)

    assert run(desk, "finish", "--execute", "--snapshots", "drop").code == 0
    assert engine(desk.lab, "source", "GET", "/_snapshot") == {}


def test_a_client_that_its_nodes_do_not_know_is_named_in_one_sentence(desk: Desk, own: OwnCluster) -> None:
    write(desk, source=own.settings, repository={"settings": {"client": "backups"}})
    ended = run(desk, "migrate", "--execute")
    assert ended.code == 1, str(ended)
    (advice,) = [line for line in ended.out.splitlines() if line.startswith("To do: ")]
    assert "`opensearch-keystore add s3.client.backups.access_key`" in advice
    assert "repository.settings.client" in advice
    assert engine(desk.lab, "source", "GET", "/_snapshot") == {}, "taken back"


def test_a_wrong_password_is_refused_before_anything_is_sent(desk: Desk, own: OwnCluster) -> None:
    write(desk, source=own.settings)
    ended = desk.run("migrate", "--execute", environment={"OWN_PASSWORD": "another"})
    assert ended.code == 3 and "another" not in ended.out + ended.err, str(ended)
    assert own.registrations == [] and list(user_indices(desk.lab, "target")) == []


def test_two_such_clusters_share_a_folder(desk: Desk, own: OwnCluster) -> None:
    nodes = engine(desk.lab, "source", "GET", "/_nodes/settings")["nodes"].values()
    (shared,) = {node["settings"]["path"]["repo"][0] for node in nodes}
    with own_cluster(desk.lab, "target") as target:
        folder = {"type": "fs", "name": "shared", "location": f"{shared}/own"}
        write(desk, source=own.settings, target=target.settings)
        plan = yaml.safe_load(desk.plan_file.read_text(encoding="utf-8")) | {"repository": folder}
        desk.plan_file.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
        ended = run(desk, "migrate", "--execute")
        assert ended.code == 0, str(ended)
        assert documents(desk.lab, "target", "orders") == 40
        assert target.registrations[0] == {
            "type": "fs",
            "settings": {"location": f"{shared}/own", "readonly": True},
        }
        astray = {"type": "fs", "name": "astray", "location": "/nowhere"}
        others = {"name": "astray", "repository": astray, "conflicts": {"policy": "rename", "suffix": "-2"}}
        desk.plan_file.write_text(yaml.safe_dump({**plan, **others}), encoding="utf-8")
        ended = run(desk, "migrate", "--execute")
        assert ended.code == 1 and "add it to path.repo" in ended.out, str(ended)
