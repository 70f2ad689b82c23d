"""Users and roles of a test in one of the lab's accounts, and the policies on them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3

from lab.description import LabDescription
from tests.lab.migrations import engine

ACCOUNT = "123456789012"
SERVICE = "es.amazonaws.com"


@dataclass(frozen=True)
class User:
    """A user and its key."""

    name: str
    key: str
    secret: str
    account: str = ACCOUNT

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:user/{self.name}"


def allow(actions: str | list[str], resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A statement: `allow("es:*")`."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: str | list[str], resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A statement that denies."""
    return {**allow(actions, resources, **more), "Effect": "Deny"}


def trust(service: str = SERVICE, **condition: Any) -> dict[str, Any]:
    """A trust policy's statement."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return statement | ({"Condition": condition} if condition else {})


def trust_account(account: str = ACCOUNT) -> dict[str, Any]:
    """A trust policy's statement that lets in whoever of the account may assume it."""
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}


def document(*statements: dict[str, Any]) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def client_of(lab: LabDescription, service: str, region: str, side: str = "source") -> Any:
    """A boto3 client of the side's administrator; one for all tests, for it takes long to build."""
    return _client(lab.control_url, *lab.key(side), service, region)


@cache
def _client(url: str, key: str, secret: str, service: str, region: str) -> Any:
    session: Any = boto3.Session(key, secret, region_name=region)
    return session.client(service, endpoint_url=url)


class Identities:
    """Makes users and roles by the API of the side's account; `remove` takes all of them away again."""

    def __init__(self, lab: LabDescription, side: str = "source") -> None:
        self.lab, self.side = lab, side
        self.account = lab.domain(side).account
        self.iam = self.client("iam")
        self._users: list[str] = []
        self._roles: list[str] = []

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A boto3 client of the account's administrator."""
        return client_of(self.lab, service, region, self.side)

    def user(self, *statements: dict[str, Any]) -> User:
        """A new user who may do this."""
        name = f"user-{secrets.token_hex(4)}"
        self.iam.create_user(UserName=name)
        self._users.append(name)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        user = User(name, key["AccessKeyId"], key["SecretAccessKey"], self.account)
        self.let(user, *statements)
        return user

    def let(self, user: User, *statements: dict[str, Any]) -> None:
        """From now on the user may do this, and nothing else."""
        if statements:
            self.iam.put_user_policy(
                UserName=user.name, PolicyName="all", PolicyDocument=document(*statements)
            )
        elif self.iam.list_user_policies(UserName=user.name)["PolicyNames"]:
            self.iam.delete_user_policy(UserName=user.name, PolicyName="all")

    def role(self, *statements: dict[str, Any], trusts: dict[str, Any] | None = None) -> str:
        """The ARN of a new role that may do this, trusting the service unless another trust is given."""
        name = f"Role-{secrets.token_hex(4)}"
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trusts or trust()))
        self._roles.append(name)
        self.let_role(name, *statements)
        return arn["Role"]["Arn"]

    def let_role(self, role: str, *statements: dict[str, Any]) -> None:
        """From now on the role (a name or an ARN) may do this, and nothing else."""
        name = role.rpartition("/")[2]
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document(*statements))
        elif self.iam.list_role_policies(RoleName=name)["PolicyNames"]:
            self.iam.delete_role_policy(RoleName=name, PolicyName="all")

    def trust(self, role: str, statement: dict[str, Any]) -> None:
        """From now on this is who may assume the role."""
        name = role.rpartition("/")[2]
        self.iam.update_assume_role_policy(RoleName=name, PolicyDocument=document(statement))

    def assume(self, role: str, session: str = "night-shift") -> dict[str, str]:
        """Temporary credentials, as keywords of `call`: key, secret, token."""
        got = self.client("sts").assume_role(RoleArn=role, RoleSessionName=session)["Credentials"]
        return {"key": got["AccessKeyId"], "secret": got["SecretAccessKey"], "token": got["SessionToken"]}

    def remove(self) -> None:
        """Take away what was made."""
        for name in self._users:
            for key in self.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
                self.iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
            for policy in self.iam.list_user_policies(UserName=name)["PolicyNames"]:
                self.iam.delete_user_policy(UserName=name, PolicyName=policy)
            self.iam.delete_user(UserName=name)
        for name in self._roles:
            for policy in self.iam.list_role_policies(RoleName=name)["PolicyNames"]:
                self.iam.delete_role_policy(RoleName=name, PolicyName=policy)
            self.iam.delete_role(RoleName=name)


@contextmanager
def window_rights(lab: LabDescription, actions: list[str] | None) -> Iterator[None]:
    """The migrator's rights for a window are these on the source (None: none) and none on the target, for the
    block; on domains with access control."""
    role, mapping = (f"/_plugins/_security/api/{kind}/snapferry-window" for kind in ("roles", "rolesmapping"))
    before = {
        (side, path): engine(lab, side, "GET", path)["snapferry-window"]
        for side in ("source", "target")
        for path in (role, mapping)
    }
    for side in ("source", "target"):
        engine(lab, side, "PUT", mapping, {"users": []})
    if actions is not None:
        allowed = [{"index_patterns": ["*"], "allowed_actions": actions}]
        engine(lab, "source", "PUT", role, {"index_permissions": allowed})
        engine(lab, "source", "PUT", mapping, {"users": before["source", mapping]["users"]})
    try:
        yield
    finally:
        for (side, path), told in before.items():
            settable = {"cluster_permissions", "index_permissions", "users"} & told.keys()
            engine(lab, side, "PUT", path, {key: told[key] for key in settable})
