"""Each request of the AWS guide's page on snapshots beside its Snapferry command: the same end state.

The guide's requests are sent by its own sample client (`guide_client`), in a lab as new. Then the lab is made
new again, and the command does the same. What both leave on the engines is compared: registrations, snapshots
with their indices, and every index with its documents and aliases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from guide_client import IN_THE_TEXT, REPOSITORY, SNAPSHOT, GuideClient
from migrations import Desk, documents, engine, eventually, user_indices

from lab.control.switching import switch, take_automated_snapshot
from lab.description import LabDescription
from lab.reset import reset

NAME, TAKEN = "my-snapshot-repo-name", "my-snapshot"
AUTOMATED = "cs-automated-enc"
ONE = {"settings": {"number_of_replicas": 0}, "aliases": {"my-alias": {}}}
State = dict[str, Any]


@dataclass(frozen=True)
class Twin:
    """One request of the guide, and the command that does the same.

    Args:
        before: brings the lab into the state that the guide starts from.
        guide: sends the guide's requests.
        words: the commands, each as its words; `SNAPSHOT` stands for the automated snapshot's name, `ROLE`
            and `BUCKET` for the lab's.
        side: the domain that both work on.
    """

    before: Callable[[LabDescription], None]
    guide: Callable[[GuideClient, str], Any]
    words: tuple[tuple[str, ...], ...]
    side: str = "source"


def nothing(_: LabDescription) -> None: ...


def indices(lab: LabDescription) -> None:
    for name in ("my-index", "my-other-index"):
        engine(lab, "source", "PUT", f"/{name}", ONE)
        engine(lab, "source", "PUT", f"/{name}/_doc/1?refresh=true", {"number": 1})


def with_dashboards(lab: LabDescription) -> None:
    indices(lab)
    engine(lab, "source", "PUT", "/.kibana_1", {"settings": {"number_of_replicas": 0}})


def registered(lab: LabDescription) -> None:
    indices(lab)
    GuideClient(lab, "source").register(region=lab.bucket_region).raise_for_status()


def taken(lab: LabDescription) -> None:
    registered(lab)
    GuideClient(lab, "source").said("PUT", f"{SNAPSHOT}?wait_for_completion=true")


def taken_and_lost(lab: LabDescription) -> None:
    taken(lab)
    engine(lab, "source", "DELETE", "/my-index,my-other-index")


def one_lost(lab: LabDescription) -> None:
    taken(lab)
    engine(lab, "source", "DELETE", "/my-index")


def automated(lab: LabDescription) -> None:
    switch(lab, "source", automated_snapshots=True)
    with_dashboards(lab)
    take_automated_snapshot(lab, "source")
    engine(lab, "source", "DELETE", "/my-index,my-other-index")


PLACE = ("--bucket", "BUCKET", "--role-arn", "ROLE", "--bucket-region", "us-east-1")
TWINS: dict[str, Twin] = {
    "register a repository": Twin(
        nothing,
        lambda client, _: client.register(region="us-east-1").raise_for_status(),
        (("repository register", NAME, *PLACE),),
    ),
    "register it with server-side encryption": Twin(
        nothing,
        lambda client, _: client.register(region="us-east-1", server_side_encryption=True).raise_for_status(),
        (("repository register", NAME, *PLACE, "--setting", "server_side_encryption=true"),),
    ),
    "register it readonly, by endpoint, in another Region": Twin(
        nothing,
        lambda client, _: client.register(endpoint="s3.amazonaws.com", readonly=True).raise_for_status(),
        (("repository register", NAME, *PLACE, "--readonly"),),
        side="target",
    ),
    "see what is running, registered and taken": Twin(
        taken,
        lambda client, _: [
            client.said("GET", path)
            for path in ("_snapshot/_status", "_snapshot?pretty", f"{REPOSITORY}/_all?pretty")
        ],
        (
            ("snapshot list", "--in-state", "IN_PROGRESS"),
            ("repository list",),
            ("snapshot list", NAME),
            ("snapshot show", NAME, TAKEN),
        ),
    ),
    "take a snapshot": Twin(
        registered, lambda client, _: client.said("PUT", SNAPSHOT), (("snapshot take", NAME, TAKEN),)
    ),
    "delete all indices": Twin(
        indices,
        lambda client, _: client.said("DELETE", "_all"),
        (
            (
                "index delete",
                "--all",
                "--allow-delete",
                "my-index",
                "--allow-delete",
                "my-other-index",
                "--allow-alias",
                "my-alias",
            ),
        ),
    ),
    "delete one index": Twin(
        indices, lambda client, _: client.said("DELETE", "my-index"), (("index delete", "my-index"),)
    ),
    "restore a snapshot": Twin(
        taken_and_lost,
        lambda client, _: client.said("POST", f"{SNAPSHOT}/_restore"),
        (("restore", NAME, TAKEN, "--all"),),
    ),
    "restore one index": Twin(
        one_lost,
        lambda client, _: client.said("POST", f"{SNAPSHOT}/_restore", {"indices": "my-index"}),
        (("restore", NAME, TAKEN, "my-index"),),
    ),
    "restore one index from an automated snapshot": Twin(
        automated,
        lambda client, name: client.said(
            "POST", f"_snapshot/{AUTOMATED}/{name}/_restore", {"indices": "my-index"}
        ),
        (("restore", AUTOMATED, "SNAPSHOT", "my-index"),),
    ),
    "restore all but the system indices": Twin(
        automated,
        lambda client, name: client.said("POST", f"_snapshot/{AUTOMATED}/{name}/_restore", IN_THE_TEXT),
        (("restore", AUTOMATED, "SNAPSHOT", "--all"),),
    ),
    "restore without the aliases": Twin(
        one_lost,
        lambda client, _: client.said(
            "POST", f"{SNAPSHOT}/_restore", {"indices": "my-index", "include_aliases": False}
        ),
        (("restore", NAME, TAKEN, "my-index", "--no-aliases"),),
    ),
    "rename the index on the way": Twin(
        taken,
        lambda client, _: client.said(
            "POST",
            f"{SNAPSHOT}/_restore",
            {"indices": "my-index", "rename_pattern": "^my-(.+)$", "rename_replacement": "old-$1"},
        ),
        (("restore", NAME, TAKEN, "my-index", "--rename", "my-*=old-*", "--aliases"),),
    ),
    "delete a snapshot": Twin(
        taken, lambda client, _: client.said("DELETE", SNAPSHOT), (("snapshot delete", NAME, TAKEN),)
    ),
}


def state_of(lab: LabDescription, side: str) -> State:
    """Everything that an operation of the guide can change."""
    client = GuideClient(lab, side)
    repositories = client.said("GET", "_snapshot")
    own = [name for name in repositories if name != AUTOMATED]
    snapshots = {
        each["snapshot"]: (each["state"], sorted(each["indices"]))
        for name in own
        for each in client.said("GET", f"_snapshot/{name}/_all")["snapshots"]
    }
    return {
        "registrations": repositories,
        "snapshots": snapshots,
        "indices": {
            name: (
                documents(lab, side, name),
                engine(lab, side, "GET", f"/{name}/_alias")[name]["aliases"],
                engine(lab, side, "GET", f"/{name}/_settings")[name]["settings"]["index"]["number_of_shards"],
            )
            for name in user_indices(lab, side)
        },
    }


def settled(lab: LabDescription, side: str) -> State:
    """The state once nothing is under way any more."""
    client = GuideClient(lab, side)
    eventually(lambda: client.said("GET", "_snapshot/_status") == {"snapshots": []})
    eventually(
        lambda: (
            engine(lab, side, "GET", "/_cluster/health")["unassigned_shards"] == 0
            and engine(lab, side, "GET", "/_cluster/health")["initializing_shards"] == 0
        )
    )
    return state_of(lab, side)


def automated_name(lab: LabDescription) -> str:
    """The name of the automated snapshot, where there is one."""
    client = GuideClient(lab, "source")
    if AUTOMATED not in client.said("GET", "_snapshot"):
        return ""
    (found,) = client.said("GET", f"_snapshot/{AUTOMATED}/_all")["snapshots"]
    return str(found["snapshot"])


@pytest.mark.parametrize("name", TWINS)
def test_the_command_leaves_what_the_guides_request_leaves(
    desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.operations.indices._BETWEEN_READS_S", 0.1)
    twin, lab = TWINS[name], desk.lab
    twin.before(lab)
    twin.guide(GuideClient(lab, twin.side), automated_name(lab))
    guides = settled(lab, twin.side)
    reset(lab)
    twin.before(lab)
    begun = settled(lab, twin.side)
    places = {"SNAPSHOT": automated_name(lab), "BUCKET": lab.bucket, "ROLE": lab.role_arn}
    domain = lab.domain(twin.side)
    for verb, *rest in twin.words:
        words = [places.get(word, word) for word in rest]
        where = ("--region", domain.region)
        reads = verb.endswith((" list", " show"))
        execute = () if reads else ("--execute",)
        ended = desk.command(*verb.split(), domain.endpoint, *words, *where, *execute)
        assert ended.code == 0, str(ended)
    ours = settled(lab, twin.side)
    reset(lab)
    assert ours == guides
    changes = not all(verb.endswith((" list", " show")) for verb, *_ in twin.words)
    assert (ours != begun) == changes, "or the comparison would say nothing"
