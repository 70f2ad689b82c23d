"""The long days: what goes wrong during a migration that takes hours, each with its ending.

docs/reliability.md tells each in words; a unit test holds that both name the same days.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.control.switching import switch, take_automated_snapshot
from lab.settings import DomainSettings, LabSettings
from tests.lab.identities import Identities, allow, trust_account
from tests.soak.meddling import NAMES, REPOSITORY_PATH, THEIRS, Meddler, resolver_fails

ONE_NODE = LabSettings()
SEVERAL = LabSettings(
    source=DomainSettings("orders-source", "us-east-1", data_nodes=2, managers=3),
    target=DomainSettings("orders-target", "eu-west-1", data_nodes=2),
)
OLDER_SOURCE = LabSettings(
    source=DomainSettings("orders-source", "us-east-1", "opensearch-2.19.1"),
    target=DomainSettings("orders-target", "eu-west-1", "opensearch-2.19.4"),
)
OLDER_TARGET = LabSettings(
    source=DomainSettings("orders-source", "us-east-1", "opensearch-2.19.1"),
    target=DomainSettings("orders-target", "eu-west-1", "opensearch-2.19.1"),
)
MINUTES_S = 100.0
A_WHILE_S = 25.0
FULL = "900tb"
SKEWED, EXPIRED = {"kind": "skewed"}, {"kind": "expired"}
DROPPED = {"kind": "drop"}
SILENT_S3 = ({"kind": "close"},)


def _nothing(meddler: Meddler) -> None:
    """Nobody does anything."""


@dataclass(frozen=True)
class Day:
    """What goes wrong, and how it ends.

    Args:
        name: what goes wrong.
        exits: the command's exit codes, one after another, until it is done.
        says: what the first command says of it.
        meddle: what happens beside the first command.
        mend: what the user does between the first command and the next.
        after: what is put right in the end, for the days that follow.
        before: what was done before.
        plan: what the plan adds.
        lab: where it happens.
        nameless: the command runs where the resolver can be made to fail.
        on_source, on_target: which of the indices are there in the end, and on the target others' copies.
    """

    name: str
    exits: tuple[int, ...]
    says: tuple[str, ...] = ()
    meddle: Callable[[Meddler], None] = _nothing
    mend: Callable[[Meddler], None] = _nothing
    after: Callable[[Meddler], None] = _nothing
    before: Callable[[Meddler], None] = _nothing
    plan: Mapping[str, Any] = field(default_factory=dict[str, Any])
    lab: LabSettings = ONE_NODE
    nameless: bool = False
    on_source: tuple[str, ...] = NAMES
    on_target: tuple[str, ...] = NAMES


def _short_sessions(m: Meddler) -> None:
    identities = Identities(m.desk.lab)
    role = identities.role(allow("*"), trusts=trust_account())
    m.scene.ask("PUT", "/account/sessions", {"seconds": 20})
    auth = {"auth": {"type": "sigv4", "role_arn": role}}
    m.write(source=auth, target=auth)


def _logged_out(m: Meddler) -> None:
    m.when_snapshot_runs()
    m.ill(EXPIRED)


def _clock_goes_wrong(m: Meddler) -> None:
    m.when_snapshot_runs()
    m.ill(SKEWED)


def _clock_jumps(m: Meddler) -> None:
    m.when_snapshot_runs()
    m.ill(SKEWED)
    time.sleep(5)
    m.well()


def _no_names(m: Meddler) -> None:
    _no_names_for_long(m)
    time.sleep(A_WHILE_S)
    _names_are_back(m)


def _no_names_for_long(m: Meddler) -> None:
    """From now on no name has an address; connections that are open end, as they do not need one."""
    m.when_snapshot_runs()
    resolver_fails(m.desk.folder).touch()
    m.ill(DROPPED)
    time.sleep(2)
    m.well()


def _names_are_back(m: Meddler) -> None:
    resolver_fails(m.desk.folder).unlink()


def _s3_is_down(m: Meddler) -> None:
    m.when_snapshot_runs()
    _s3_is_silent(m)


def _s3_is_down_in_the_restore(m: Meddler) -> None:
    m.when_restore_runs()
    _s3_is_silent(m)


def _s3_is_silent(m: Meddler) -> None:
    m.ill(s3=SILENT_S3)
    time.sleep(MINUTES_S)
    m.well()


def _source_is_down(m: Meddler) -> None:
    m.when_snapshot_runs()
    m.restart("source", MINUTES_S)


def _target_is_down(m: Meddler) -> None:
    m.when_restore_runs()
    m.restart("target", MINUTES_S)


def _target_restarts(m: Meddler) -> None:
    m.when_restore_runs()
    m.restart("target", 5)


def _source_is_upgraded(m: Meddler) -> None:
    m.when_snapshot_runs()
    switch(m.desk.lab, "source", upgrading=True)
    m.restart("source", 10, "opensearch-2.19.4")
    switch(m.desk.lab, "source", upgrading=False, told_version="OpenSearch_2.19")


def _target_is_upgraded(m: Meddler) -> None:
    m.when_restore_runs()
    switch(m.desk.lab, "target", upgrading=True)
    m.restart("target", 10, "opensearch-3.6.0")
    switch(m.desk.lab, "target", upgrading=False, told_version="OpenSearch_3.6")


def _manager_is_third(m: Meddler) -> None:
    """Let a node without data be the source's cluster manager."""
    path = "/_cluster/voting_config_exclusions"
    m.engine("source", "POST", f"{path}?node_names=orders-source-1,orders-source-2&timeout=60s")
    m.engine("source", "DELETE", f"{path}?wait_for_removal=false")
    found = m.engine("source", "GET", "/_cat/cluster_manager?format=json")
    assert found[0]["node"] == "orders-source-3", found


def _manager_dies(m: Meddler) -> None:
    m.when_snapshot_runs()
    m.scene.node("source", "kill", 3)


def _manager_is_back(m: Meddler) -> None:
    m.scene.node("source", "start", 3)
    m.engine("source", "GET", "/_cluster/health?wait_for_nodes=3&timeout=60s")


def _managers_die(m: Meddler) -> None:
    m.when_snapshot_runs()
    m.scene.node("source", "kill", 3)
    m.scene.node("source", "kill", 2)


def _managers_are_back(m: Meddler) -> None:
    m.scene.node("source", "start", 3)
    _data_node_is_back(m)


def _data_node_dies(m: Meddler) -> None:
    m.when_snapshot_runs()
    m.scene.node("source", "kill", 2)


def _data_node_is_back(m: Meddler) -> None:
    m.scene.node("source", "start", 2)
    m.engine("source", "GET", "/_cluster/health?wait_for_status=green&timeout=60s")


def _role_is_cut(m: Meddler) -> None:
    m.when_snapshot_runs()
    Identities(m.desk.lab).let_role(m.role, allow(["s3:ListBucket", "s3:GetObject"]))


def _own_role(m: Meddler) -> None:
    m.role = Identities(m.desk.lab).role(allow("s3:*"))
    m.write(repository={"role_arn": m.role})


def _role_is_whole(m: Meddler) -> None:
    Identities(m.desk.lab).let_role(m.role, allow("s3:*"))


def _small_node(m: Meddler) -> None:
    """The target's second node is not there yet."""
    m.scene.node("target", "kill", 2)


def _node_is_added(m: Meddler) -> None:
    m.when_restore_runs()
    switch(m.desk.lab, "target", processing=True)
    m.scene.node("target", "start", 2)
    switch(m.desk.lab, "target", processing=False)


def _disk_is_watched(m: Meddler) -> None:
    """The lab's engines do not look at their disks; this one does, from now on."""
    watched = {"routing__allocation__disk__threshold_enabled": True}
    m.setting("target", info__update__interval="10s", **watched)
    time.sleep(12)


def _disk_fills_up(m: Meddler) -> None:
    m.when_restore_runs()
    m.setting("target", **_watermarks(FULL))


def _watermarks(free: str | None) -> dict[str, Any]:
    name = "routing__allocation__disk__watermark__"
    marks = {f"{name}{mark}": free for mark in ("low", "high", "flood_stage")}
    return {**marks, "routing__allocation__disk__threshold_enabled": None if free is None else True}


def _disk_is_freed(m: Meddler) -> None:
    m.setting("target", **_watermarks(None))
    time.sleep(1)


def _allocation_is_off(m: Meddler) -> None:
    m.when_asked("target", "PUT", REPOSITORY_PATH)
    _allocation_pauses(m)


def _allocation_is_off_in_the_restore(m: Meddler) -> None:
    m.when_restore_runs()
    _allocation_pauses(m)


def _allocation_pauses(m: Meddler) -> None:
    m.setting("target", routing__allocation__enable="none")
    time.sleep(A_WHILE_S)
    m.setting("target", routing__allocation__enable=None)


def _index_is_deleted_before_the_snapshot(m: Meddler) -> None:
    """The request for the snapshot is on its way when an index that it names is deleted."""
    late = {"kind": "delay", "delay_s": 6.0}
    path = f"{REPOSITORY_PATH}/[^/]+$"
    request = {"name": "snapshot", "method": "PUT", "path": path, "rate": 1.0, "faults": [late]}
    m.scene.install({"seed": 1, "classes": [request]})
    m.when_intended("snapshot")
    m.engine("source", "DELETE", f"/{NAMES[0]}")


def _index_cannot_be_deleted(m: Meddler) -> None:
    m.when_snapshot_runs()
    refused = m.tried("source", "DELETE", f"/{NAMES[0]}")
    assert refused["error"]["type"] == "snapshot_in_progress_exception", refused


def _index_is_deleted_after_the_snapshot(m: Meddler) -> None:
    m.when_restore_runs()
    m.engine("source", "DELETE", f"/{NAMES[0]}")


def _index_is_deleted_on_the_target(m: Meddler) -> None:
    m.when_restore_runs()
    m.engine("target", "DELETE", f"/{NAMES[0]}")


def _snapshot_is_deleted(m: Meddler) -> None:
    name = m.when_snapshot_runs()
    m.engine("source", "DELETE", f"{REPOSITORY_PATH}/{name}")


def _snapshot_is_deleted_before_the_restore(m: Meddler) -> None:
    name = m.when_snapshot_runs()
    m.when(lambda: m.snapshot_is_done(name))
    m.engine("source", "DELETE", f"{REPOSITORY_PATH}/{name}")


def _others_take_snapshots(m: Meddler) -> None:
    switch(m.desk.lab, "source", automated_snapshots=True, concurrent_snapshots=503)
    take_automated_snapshot(m.desk.lab, "source", slow_s=15)


def _others_restore(m: Meddler) -> None:
    m.when_restore_runs()
    name = m.newest_snapshot()
    renamed = {"indices": NAMES[0], "rename_pattern": "(.+)", "rename_replacement": f"{THEIRS}-$1"}
    m.engine("target", "POST", f"{REPOSITORY_PATH}/{name}/_restore", {**renamed, "include_aliases": False})


def _others_take_the_name(m: Meddler) -> None:
    m.when_asked("target", "PUT", REPOSITORY_PATH)
    m.engine("target", "PUT", f"/{NAMES[0]}/_doc/theirs", {"n": "theirs"})


def _name_is_free_again(m: Meddler) -> None:
    m.engine("target", "DELETE", f"/{NAMES[0]}")


def _registered_elsewhere(m: Meddler) -> None:
    m.when_asked("source", "PUT", REPOSITORY_PATH)
    m.when_asked("target", "PUT", REPOSITORY_PATH)
    m.registered("source", base_path=THEIRS)


def _target_registered_elsewhere(m: Meddler) -> None:
    m.when_snapshot_runs()
    m.registered("target", base_path=THEIRS)


def _source_is_unregistered(m: Meddler) -> None:
    m.unregistered("source")


def _target_is_unregistered(m: Meddler) -> None:
    m.unregistered("target")


def _registration_is_removed(m: Meddler) -> None:
    m.when_snapshot_runs()
    m.engine("target", "DELETE", REPOSITORY_PATH)


DAYS: tuple[Day, ...] = (
    Day("role sessions of 20 seconds", (0,), before=_short_sessions),
    Day("logged out in the middle", (5, 0), ("log in again",), _logged_out, Meddler.well),
    Day("a clock that is wrong for seconds", (0,), (), _clock_jumps),
    Day("a clock that stays wrong", (5, 0), ("clock",), _clock_goes_wrong, Meddler.well),
    Day("no names for half a minute", (0,), ("retrying",), _no_names, nameless=True),
    Day(
        "no names for long",
        (5, 0),
        ("Failed to resolve",),
        _no_names_for_long,
        _names_are_back,
        nameless=True,
    ),
    Day("S3 down for minutes during the snapshot", (1, 0), ("vanished from repository",), _s3_is_down),
    Day("S3 down for minutes during the restore", (1, 0), ("were not restored",), _s3_is_down_in_the_restore),
    Day("the source down for minutes", (1, 0), ("vanished from repository",), _source_is_down),
    Day("the target down for minutes", (0,), ("retrying",), _target_is_down),
    Day("the target restarted", (0,), (), _target_restarts),
    Day("the source upgraded", (1, 0), (), _source_is_upgraded, lab=OLDER_SOURCE),
    Day("the target upgraded", (0,), (), _target_is_upgraded, lab=OLDER_TARGET),
    Day(
        "another cluster manager",
        (0,),
        (),
        _manager_dies,
        after=_manager_is_back,
        before=_manager_is_third,
        lab=SEVERAL,
    ),
    Day(
        "no cluster manager for minutes",
        (5, 1, 0),
        ("cluster_manager_not_discovered_exception",),
        _managers_die,
        _managers_are_back,
        lab=SEVERAL,
    ),
    Day(
        "a data node lost: the snapshot is PARTIAL",
        (1, 0),
        ("PARTIAL",),
        _data_node_dies,
        _data_node_is_back,
        lab=SEVERAL,
    ),
    Day("the target scaled out", (0,), (), _node_is_added, before=_small_node, lab=SEVERAL),
    Day(
        "the role may no longer write: the snapshot fails",
        (1, 0),
        (),
        _role_is_cut,
        _role_is_whole,
        before=_own_role,
    ),
    Day(
        "the target's disk full, then freed",
        (1, 0),
        ("above the low watermark",),
        _disk_fills_up,
        _disk_is_freed,
        before=_disk_is_watched,
        plan={"restore": {"batch": 1}},
        lab=SEVERAL,
    ),
    Day("allocation off before the restore", (0,), ("allocation",), _allocation_is_off),
    Day(
        "allocation off in the middle of the restore",
        (0,),
        ("allocation",),
        _allocation_is_off_in_the_restore,
        plan={"restore": {"batch": 1}},
    ),
    Day(
        "an index deleted before the snapshot",
        (0,),
        ("selecting again",),
        _index_is_deleted_before_the_snapshot,
        on_source=NAMES[1:],
        on_target=NAMES[1:],
    ),
    Day("an index deleted during the snapshot", (0,), (), _index_cannot_be_deleted),
    Day(
        "an index deleted on the source during the restore",
        (4, 4),
        ("unknown on the source",),
        _index_is_deleted_after_the_snapshot,
        on_source=NAMES[1:],
    ),
    Day("an index deleted on the target during the restore", (1, 0), (), _index_is_deleted_on_the_target),
    Day("our snapshot deleted while it is taken", (1, 0), (), _snapshot_is_deleted),
    Day("our snapshot deleted before the restore", (1, 0), (), _snapshot_is_deleted_before_the_restore),
    Day("the service's snapshot", (0,), (), before=_others_take_snapshots),
    Day("somebody else's restore", (0,), (), _others_restore, on_target=(*NAMES, f"{THEIRS}-{NAMES[0]}")),
    Day(
        "somebody takes a name",
        (1, 0),
        ("names were taken on the target",),
        _others_take_the_name,
        _name_is_free_again,
    ),
    Day(
        "the source's registration changed",
        (1, 0),
        ("leads to another place",),
        _registered_elsewhere,
        _source_is_unregistered,
    ),
    Day(
        "the target's registration changed",
        (1, 0),
        ("leads to another place",),
        _target_registered_elsewhere,
        _target_is_unregistered,
    ),
    Day("the target's registration removed", (1, 0), ("is no longer registered",), _registration_is_removed),
)
