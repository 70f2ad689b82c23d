"""A set-up from nothing on domains with access control, and each of its rights taken away again.

A right is an action of a policy on one of its resources, a domain in a trust policy, a mapping, or a
permission of a role in access control. Without it `check` must name it, or else the main job must fail and
name it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from identities import allow, client_of, document
from migrations import Desk, Ended, engine, user_indices

from lab.description import LabDescription

SIDES = ("source", "target")
ROLE = "arn:aws:iam::123456789012:role/FromNothing"
MOVER = "arn:aws:iam::123456789012:role/Mover"
BUCKET = "from-nothing-snapshots"
POLICY = "snapferry-from-nothing"
API = "/_plugins/_security/api"


@dataclass(frozen=True)
class Right:
    """One right: `take` removes it from the lab for a block, `words` are those that name it.

    Args:
        where: the policy or role that it is in.
    """

    where: str
    words: str
    take: Callable[[], Any] = field(compare=False)

    def __str__(self) -> str:
        return f"{self.words} ({self.where})"


@dataclass(frozen=True)
class Administrator:
    """The owner of the account and master user of both domains, who has a key and nothing else."""

    desk: Desk
    key: dict[str, str]

    def access(self, verb: str, *options: str) -> Ended:
        """`snapferry access VERB PLAN …`"""
        plan = str(self.desk.plan_file)
        return self.desk.command("access", verb, plan, *options, environment=self.key)


@contextmanager
def administrator(desk: Desk) -> Iterator[Administrator]:
    """The administrator for the block, with a plan whose bucket, role and caller are not there."""
    iam = client_of(desk.lab, "iam", "us-east-1")
    iam.create_user(UserName="master")
    iam.put_user_policy(UserName="master", PolicyName="all", PolicyDocument=document(allow("*")))
    key = iam.create_access_key(UserName="master")["AccessKey"]
    auth = {"auth": {"type": "sigv4", "role_arn": MOVER}}
    held = {"bucket": BUCKET, "role_arn": ROLE}
    desk.write(name="from-nothing", source=auth, target=auth, repository=held)
    named = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    try:
        yield Administrator(desk, named)
    finally:
        iam.delete_access_key(UserName="master", AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName="master", PolicyName="all")
        iam.delete_user(UserName="master")


def rights(desk: Desk, access: dict[str, Any]) -> Iterator[Right]:
    """Every right of a set-up, as `snapferry access print --json` shows it."""
    yield from _of_policy(desk.lab, ROLE, access["source-role"]["policy"])
    (caller,) = access["caller"]
    yield from _of_policy(desk.lab, MOVER, caller["policy"])
    yield from _of_trust(desk.lab, access["source-role"]["trust_policy"])
    for wanted in access["access-control"]:
        yield from _of_access_control(desk.lab, wanted)


# policies of IAM


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _of_policy(lab: LabDescription, arn: str, policy: dict[str, Any]) -> Iterator[Right]:
    for place, statement in enumerate(policy["Statement"]):
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                without = _without(policy, place, action, resource)
                yield Right(arn, f"{action} on {resource}", _putting(lab, arn, without, policy))
        for key in statement.get("Condition", {}).get("StringEquals", {}).get("iam:PassedToService", []):
            left = copy.deepcopy(policy)
            left["Statement"][place]["Condition"]["StringEquals"]["iam:PassedToService"].remove(key)
            words = f"iam:PassedToService {key}"
            yield Right(arn, words, _putting(lab, arn, left, policy))


def _without(policy: dict[str, Any], place: int, action: str, resource: str) -> dict[str, Any]:
    """The policy without this action on this resource; the others of the statement stay."""
    left = copy.deepcopy(policy)
    statement = left["Statement"].pop(place)
    others = [each for each in _listed(statement["Action"]) if each != action]
    elsewhere = [each for each in _listed(statement["Resource"]) if each != resource]
    pairs = ((others, statement["Resource"]), ([action], elsewhere))
    made = [
        {**statement, "Action": actions, "Resource": found} for actions, found in pairs if actions and found
    ]
    left["Statement"] += [{**each, "Sid": f"{each['Sid']}{number}"} for number, each in enumerate(made)]
    return left


def _putting(lab: LabDescription, arn: str, without: Any, whole: Any) -> Callable[[], Any]:
    @contextmanager
    def taken() -> Iterator[None]:
        _put(lab, arn, without)
        try:
            yield
        finally:
            _put(lab, arn, whole)

    return taken


def _put(lab: LabDescription, arn: str, policy: Any) -> None:
    iam, name = client_of(lab, "iam", "us-east-1"), arn.rpartition("/")[2]
    iam.put_role_policy(RoleName=name, PolicyName=POLICY, PolicyDocument=json.dumps(policy))


def _of_trust(lab: LabDescription, trust: dict[str, Any]) -> Iterator[Right]:
    iam, name = client_of(lab, "iam", "us-east-1"), ROLE.rpartition("/")[2]

    def put(policy: Any) -> None:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(policy))

    for arn in trust["Statement"][0]["Condition"]["ArnLike"]["aws:SourceArn"]:
        left = copy.deepcopy(trust)
        left["Statement"][0]["Condition"]["ArnLike"]["aws:SourceArn"].remove(arn)

        @contextmanager
        def taken(left: Any = left) -> Iterator[None]:
            put(left)
            try:
                yield
            finally:
                put(trust)

        yield Right(f"trust policy of {ROLE}", arn, taken)


# access control


def _of_access_control(lab: LabDescription, wanted: dict[str, Any]) -> Iterator[Right]:
    side = wanted["side"]
    for mapping in wanted["mappings"]:
        name = mapping["request"].rpartition("/")[2]
        if name == "manage_snapshots":
            yield Right(f"mapping on the {side}", name, _unmapped(lab, side, name))
    for role in wanted["roles"]:
        name, body = role["request"].rpartition("/")[2], role["body"]
        for kind, place in (("cluster", body), ("index", body["index_permissions"][0])):
            key = "cluster_permissions" if kind == "cluster" else "allowed_actions"
            for action in place[key]:
                left = copy.deepcopy(body)
                within = left if kind == "cluster" else left["index_permissions"][0]
                within[key].remove(action)
                yield Right(f"role {name} on the {side}", action, _role_set(lab, side, name, left, body))


def _unmapped(lab: LabDescription, side: str, name: str) -> Callable[[], Any]:
    path = f"{API}/rolesmapping/{name}"

    @contextmanager
    def taken() -> Iterator[None]:
        told = engine(lab, side, "GET", path)[name]
        kept = {key: told[key] for key in ("users", "backend_roles", "hosts")}
        engine(lab, side, "PUT", path, {**kept, "backend_roles": []})
        try:
            yield
        finally:
            engine(lab, side, "PUT", path, kept)

    return taken


def _role_set(lab: LabDescription, side: str, name: str, left: Any, whole: Any) -> Callable[[], Any]:
    @contextmanager
    def taken() -> Iterator[None]:
        engine(lab, side, "PUT", f"{API}/roles/{name}", left)
        try:
            yield
        finally:
            engine(lab, side, "PUT", f"{API}/roles/{name}", whole)

    return taken


# what happens without a right


@dataclass(frozen=True)
class Missed:
    """Who noticed that a right is missing (`check`, `migrate` or nobody), and in which words."""

    right: Right
    by: str
    said: str


def missed(desk: Desk, right: Right, groups: dict[str, list[str]]) -> Missed:
    """Take a right away, run the checks, and the main job if they do not name it; then give it back."""
    with right.take():
        checked = desk.run("check", "--json")
        said = _named([_text(each) for each in checked.json["checks"]], right, groups)
        if said:
            return Missed(right, "check", said)
        ended = desk.run("migrate", "--execute")
        lines = [*ended.err.splitlines(), *ended.out.splitlines()]
        said = _named(lines, right, groups) if ended.code else ""
        forget(desk)
        return Missed(right, "migrate" if said else "nobody", said or f"exit {ended.code}")


def _text(record: dict[str, Any]) -> str:
    """What a check says that is not in order."""
    if record["status"] not in ("FAIL", "WARN"):
        return ""
    return " ".join((record["detail"], record["hint"], *record["items"]))


def _named(lines: list[str], right: Right, groups: dict[str, list[str]]) -> str:
    """The line that names the right: its action, or one that it stands for."""
    from lab.account.wildcards import matches

    action = right.words.split(" ")[0]
    wanted = expanded(action, groups)
    for line in lines:
        words = line.replace("[", " ").replace("]", " ").replace(",", " ").replace(";", " ").split()
        if any(word.rstrip(":.)") in (action, *wanted) for word in words):
            return line
        if any(matches(word, each) for word in words for each in wanted if ":" in each and ":" in word):
            return line
    return ""


def expanded(name: str, groups: dict[str, list[str]]) -> set[str]:
    """The actions that a name stands for: those of a group, also through groups in it."""
    if name not in groups:
        return {name}
    return {name}.union(*(expanded(each, groups) for each in groups[name] if each != name))


def groups_of(lab: LabDescription) -> dict[str, list[str]]:
    """The groups of actions that access control knows."""
    found = engine(lab, "source", "GET", f"{API}/actiongroups")
    return {name: told["allowed_actions"] for name, told in found.items()}


def forget(desk: Desk) -> None:
    """Leave no trace of a main job: the target is empty, nothing is registered, no run is unfinished."""
    import shutil

    for name in list(user_indices(desk.lab, "target")):
        if name != ".opendistro_security" and not name.startswith(".ds-"):
            engine(desk.lab, "target", "DELETE", f"/{name}")
    if engine(desk.lab, "target", "GET", "/_data_stream")["data_streams"]:
        engine(desk.lab, "target", "DELETE", "/_data_stream/*")
    for side in SIDES:
        if engine(desk.lab, side, "GET", "/_snapshot"):
            engine(desk.lab, side, "DELETE", "/_snapshot/*")
    shutil.rmtree(desk.folder / "state" / "plans", ignore_errors=True)
