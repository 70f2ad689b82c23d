"""Access control of a domain: roles that are enough, mappings that grow, and what is not touched."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.aws_account import OWN
from support.fake_domain import RESET, FakeDomain, ReceivedRequest, Reply, ok

from domains.engine.access_control import IndexPermission, RoleMapping, SecurityRole
from tasks.access.security_rights import covers, is_mapped

from .conftest import MOVER, Desk

pytestmark = pytest.mark.slow

API = "/_plugins/_security/api"
ONLY = ("--only", "access-control")
MANAGE = {
    "reserved": True,
    "cluster_permissions": ["manage_snapshots"],
    "index_permissions": [{"index_patterns": ["*"], "allowed_actions": ["indices:admin/create"]}],
}
GROUPS = {
    "manage_snapshots": {"allowed_actions": ["cluster:admin/snapshot/*", "cluster:admin/repository/*"]},
    "cluster_monitor": {"allowed_actions": ["cluster:monitor/*"]},
    "read": {"allowed_actions": ["indices:data/read*"]},
}


@dataclass
class Plugin:
    """The REST API of access control on a fake domain, with its traps: an empty list is not stored."""

    fake: FakeDomain
    roles: dict[str, Any] = field(default_factory=lambda: {"manage_snapshots": MANAGE})
    mappings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        info = {"user_name": "admin", "roles": ["all_access"], "backend_roles": []}
        self.fake.on("GET /_plugins/_security/authinfo", ok(info))
        self.fake.on(f"GET {API}/actiongroups", ok(GROUPS))
        self.fake.on(f"GET {API}/roles", lambda _: ok(self.roles))
        self.fake.on(f"GET {API}/rolesmapping", lambda _: ok(self._shown()))
        self.fake.on(f"(PUT|DELETE|PATCH) {API}/.*", self._changed)

    def _shown(self) -> dict[str, Any]:
        lists = {"users": [], "backend_roles": [], "and_backend_roles": [], "hosts": []}
        return {name: {**lists, "reserved": False, **told} for name, told in self.mappings.items()}

    def _changed(self, asked: ReceivedRequest) -> Reply:
        kind, name = asked.path.removeprefix(f"{API}/").split("/")
        held = self.roles if kind == "roles" else self.mappings
        if asked.method == "PUT":
            held[name] = asked.json
        elif asked.method == "DELETE":
            del held[name]
        else:
            return self._patched(held[name], *asked.json)
        return ok({"status": "OK"})

    def _patched(self, mapping: dict[str, Any], change: dict[str, Any]) -> Reply:
        where, _, position = change["path"].lstrip("/").partition("/")
        if change["op"] == "remove":
            del mapping[where][int(position)]
        elif position == "-" and where not in mapping:
            return Reply(400, {"status": "error", "reason": f'Missing field "{where}"'})
        elif position == "-":
            mapping[where].append(change["value"])
        else:
            mapping[where] = change["value"]
        if not mapping.get(where):
            mapping.pop(where, None)
        return ok({"status": "OK"})


@dataclass
class Secured:
    """A desk at two domains with access control."""

    desk: Desk
    source: Plugin
    target: Plugin

    def run(self, verb: str, *options: str) -> Any:
        return self.desk.run(verb, *options)


@pytest.fixture
def secured(desk: Desk) -> Secured:
    return Secured(desk, Plugin(desk.source), Plugin(desk.target))


def test_a_list_grows_and_an_empty_one_is_begun(secured: Secured) -> None:
    other = f"arn:aws:iam::{OWN}:role/Other"
    secured.source.mappings["manage_snapshots"] = {"backend_roles": [other], "users": ["kibana"]}
    secured.target.mappings["manage_snapshots"] = {"users": ["kibana"]}
    made = secured.run("apply", "--execute", *ONLY)
    assert made.exit_code == 0, made.output
    assert secured.source.mappings["manage_snapshots"] == {
        "backend_roles": [other, MOVER],
        "users": ["kibana"],
    }
    assert secured.target.mappings["manage_snapshots"] == {"backend_roles": [MOVER], "users": ["kibana"]}
    sent = [asked.json for asked in secured.desk.source.asked(f"PATCH {API}/.*")]
    assert sent == [[{"op": "add", "path": "/backend_roles/-", "value": MOVER}]]
    assert secured.run("diff", *ONLY).exit_code == 0
    assert secured.run("remove", "--execute").exit_code == 0
    assert secured.source.mappings == {"manage_snapshots": {"backend_roles": [other], "users": ["kibana"]}}
    assert secured.target.mappings == {"manage_snapshots": {"users": ["kibana"]}}
    assert secured.source.roles.keys() == {"manage_snapshots"}


def test_a_mapping_that_is_not_there_is_made_and_removed_as_a_whole(secured: Secured) -> None:
    assert secured.run("apply", "--execute", *ONLY).exit_code == 0
    assert secured.source.mappings["manage_snapshots"]["backend_roles"] == [MOVER]
    assert secured.run("remove", "--execute").exit_code == 0
    assert secured.source.mappings == {}


def test_a_user_is_mapped_as_a_user(secured: Secured) -> None:
    ann = f"arn:aws:iam::{OWN}:user/ann"
    secured.desk.accounts.client("iam").create_user(UserName="ann")
    assert secured.run("apply", "--execute", *ONLY, "--caller", ann).exit_code == 0
    assert secured.source.mappings["manage_snapshots"]["users"] == [ann]
    assert "backend_roles" not in secured.source.mappings["manage_snapshots"]


def test_a_caller_that_may_do_everything_needs_no_mapping(secured: Secured) -> None:
    everything = {"cluster_permissions": ["*"], "index_permissions": [
        {"index_patterns": ["*"], "allowed_actions": ["*"]}]}  # fmt: skip
    for plugin in (secured.source, secured.target):
        plugin.roles["all_access"] = everything
        plugin.mappings["all_access"] = {"backend_roles": [f"arn:aws:iam::{OWN}:role/M*"]}
    assert secured.run("diff", *ONLY, "--for", "cutover").exit_code == 0


def test_without_the_record_a_mapping_to_manage_snapshots_is_somebodys(secured: Secured) -> None:
    secured.source.mappings["manage_snapshots"] = {"backend_roles": [MOVER]}
    secured.target.mappings["manage_snapshots"] = {"backend_roles": [MOVER]}
    assert secured.run("apply", "--execute", *ONLY).exit_code == 0
    assert secured.run("remove", "--execute").exit_code == 0
    assert secured.source.mappings == {"manage_snapshots": {"backend_roles": [MOVER]}}


@pytest.mark.parametrize("plugin", ["source", "target"])
def test_another_role_of_our_name_is_refused(secured: Secured, plugin: str) -> None:
    theirs = {"cluster_permissions": [], "index_permissions": [], "description": "mine"}
    getattr(secured, plugin).roles["snapferry-orders"] = theirs
    made = secured.run("apply", "--execute", *ONLY)
    assert made.exit_code == 3
    assert f"the {plugin} has another role snapferry-orders, which allows less" in made.output
    assert secured.desk.source.changing == secured.desk.target.changing == []


def test_a_reserved_mapping_is_refused(secured: Secured) -> None:
    secured.source.mappings["manage_snapshots"] = {"users": ["x"], "reserved": True}
    made = secured.run("apply", "--execute", *ONLY)
    assert made.exit_code == 3
    assert "the mapping of manage_snapshots is reserved on the source" in made.output


def test_an_administrator_whom_access_control_does_not_know_is_told_how_to_log_in(secured: Secured) -> None:
    denied = Reply(403, {"status": "FORBIDDEN", "message": "No permission to access REST API"})
    secured.desk.target.on(f"GET {API}/roles", denied)
    made = secured.run("apply", "--execute", *ONLY)
    assert made.exit_code == 3
    assert "access control on the target may not be read" in made.output
    assert "--admin-user" in made.output


def test_the_password_of_a_master_user_is_sent_and_never_shown(secured: Secured) -> None:
    password = "correct-horse-battery"
    options = ("--admin-user", "master", "--admin-password-env", "MASTER_PASSWORD")
    made = secured.desk.run("apply", "--execute", *ONLY, *options, MASTER_PASSWORD=password)
    assert made.exit_code == 0, made.output
    sent = {asked.headers["authorization"].split(" ")[0] for asked in secured.desk.source.requests}
    assert sent == {"Basic"}
    state = "".join(path.read_text() for path in secured.desk.folder.rglob("*.json"))
    assert password not in made.output + state


def test_a_lost_reply_to_a_mapping_is_looked_at(secured: Secured) -> None:
    def lost(asked: ReceivedRequest) -> Reply:
        secured.source._changed(asked)
        return RESET

    secured.source.mappings["manage_snapshots"] = {"users": ["kibana"]}
    secured.desk.source.on(f"PATCH {API}/.*", lost)
    made = secured.run("apply", "--execute", *ONLY)
    assert made.exit_code == 0, made.output
    assert len(secured.desk.source.asked(f"PATCH {API}/.*")) == 1


def test_a_name_that_somebody_else_loses_meanwhile_is_noticed(secured: Secured) -> None:
    def replacing(asked: ReceivedRequest) -> Reply:
        secured.source.mappings["manage_snapshots"] = {"backend_roles": [MOVER]}
        return ok({"status": "OK"})

    secured.source.mappings["manage_snapshots"] = {"users": ["kibana"]}
    secured.desk.source.on(f"PATCH {API}/.*", replacing)
    made = secured.run("apply", "--execute", *ONLY)
    assert made.exit_code == 1
    assert "users kibana" in made.output
    assert "lacks what it had a moment ago" in made.output


# which roles are enough


def role(cluster: tuple[str, ...] = (), *index: str, patterns: tuple[str, ...] = ("*",)) -> SecurityRole:
    return SecurityRole(cluster, (IndexPermission(patterns, index),) if index else ())


@pytest.mark.parametrize(
    ("held", "needed", "enough"),
    [
        (role(("*",), "*"), role(("cluster_monitor",), "read"), True),
        (role(("cluster:monitor/*",), "indices:data/read*"), role(("cluster_monitor",), "read"), True),
        (role(("cluster:monitor/health",)), role(("cluster_monitor",)), False),
        (role((), "read", patterns=("logs-*",)), role((), "read"), False),
        (role((), "indices:admin/close"), role((), "indices:admin/close*"), False),
        (role((), "indices:admin/*"), role((), "indices:admin/close*"), True),
        (role(), role(), True),
    ],
)
def test_a_role_is_enough_whatever_it_is_called(
    held: SecurityRole, needed: SecurityRole, enough: bool
) -> None:
    groups = {name: tuple(told["allowed_actions"]) for name, told in GROUPS.items()}
    assert covers([held], needed, groups) is enough


@pytest.mark.parametrize(
    ("mapping", "arn", "named"),
    [
        (RoleMapping((), (MOVER,)), MOVER, True),
        (RoleMapping((MOVER,), ()), MOVER, True),
        (RoleMapping((), ("*",)), f"arn:aws:iam::{OWN}:user/ann", False),
        (RoleMapping((), (), (MOVER, "other")), MOVER, False),
        (RoleMapping((), (), (MOVER,)), MOVER, True),
        (RoleMapping(("arn:aws:iam::*:user/*",), ()), f"arn:aws:iam::{OWN}:user/ann", True),
    ],
)
def test_users_and_roles_are_told_apart(mapping: RoleMapping, arn: str, named: bool) -> None:
    assert is_mapped(mapping, arn) is named


def test_groups_that_name_each_other_end() -> None:
    assert not covers([role(("a",))], role(("x",)), {"a": ("b",), "b": ("a",)})


def test_the_printed_requests_append(secured: Secured) -> None:
    printed = json.loads(secured.run("print", *ONLY).stdout)
    assert {change["path"] for side in printed["access-control"] for m in side["mappings"]
            for change in m["body"]} == {"/backend_roles/-"}  # fmt: skip
