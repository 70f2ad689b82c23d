"""Reads of the lab's account: the action that each needs, and the policies that allow it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from lab.account.directory import Bucket, Caller, Role
from lab.account.lookups import Call, Look, decided, look_of
from lab.account.policies import parse

ANN = "arn:aws:iam::123456789012:user/ann"
DESK = "arn:aws:iam::123456789012:role/Desk"
BUCKET = "arn:aws:s3:::snapshots"


def form(service: str, **fields: str) -> Call:
    return Call(service, "us-east-1", "POST", "/", body=urlencode(fields).encode())


def s3(query: str, method: str = "GET", path: str = "/snapshots") -> Call:
    return Call("s3", "us-east-1", method, path, query)


@pytest.mark.parametrize(
    ("call", "action", "resource"),
    [
        (form("iam", Action="GetRole", RoleName="Desk"), "iam:GetRole", DESK),
        (
            form("iam", Action="SimulatePrincipalPolicy", PolicySourceArn=ANN),
            "iam:SimulatePrincipalPolicy",
            ANN,
        ),
        (form("iam", Action="ListRoles"), "iam:ListRoles", "*"),
        (form("sts", Action="AssumeRole", RoleArn=DESK), "sts:AssumeRole", DESK),
        (s3("", "HEAD"), "s3:ListBucket", BUCKET),
        (s3("list-type=2&prefix=a"), "s3:ListBucket", BUCKET),
        (s3("lifecycle"), "s3:GetLifecycleConfiguration", BUCKET),
        (s3("encryption"), "s3:GetEncryptionConfiguration", BUCKET),
        (s3("object-lock"), "s3:GetBucketObjectLockConfiguration", BUCKET),
        (s3("policy"), "s3:GetBucketPolicy", BUCKET),
        (
            Call("es", "eu-west-1", "GET", "/2021-01-01/opensearch/domain/orders"),
            "es:DescribeDomain",
            "arn:aws:es:eu-west-1:123456789012:domain/orders",
        ),
        (
            Call("es", "eu-west-1", "GET", "/2021-01-01/opensearch/domain/orders/config"),
            "es:DescribeDomainConfig",
            "arn:aws:es:eu-west-1:123456789012:domain/orders",
        ),
        (
            Call("es", "eu-west-1", "POST", "/2021-01-01/opensearch/domain/orders/config"),
            "es:UpdateDomainConfig",
            "arn:aws:es:eu-west-1:123456789012:domain/orders",
        ),
        *(
            (
                Call("es", "eu-west-1", method, f"/2021-01-01/opensearch/{path}", query, body=body),
                f"es:{action}",
                "arn:aws:es:eu-west-1:123456789012:domain/orders",
            )
            for method, path, query, body, action in [
                ("GET", "domain/orders/progress", "", b"", "DescribeDomainChangeProgress"),
                ("GET", "domain/orders/replication", "", b"", "DescribeDomainReplication"),
                ("POST", "domain/orders/replication/addPeer", "", b"{}", "AddReplicationPeer"),
                ("GET", "compatibleVersions", "domainName=orders", b"", "GetCompatibleVersions"),
                ("POST", "upgradeDomain", "", b'{"DomainName": "orders"}', "UpgradeDomain"),
                ("GET", "upgradeDomain/orders/status", "", b"", "GetUpgradeStatus"),
                ("GET", "upgradeDomain/orders/history", "", b"", "GetUpgradeHistory"),
            ]
        ),
        (
            Call("kms", "us-east-1", "POST", "/", target="TrentService.DescribeKey", body=b'{"KeyId": "k"}'),
            "kms:DescribeKey",
            "arn:aws:kms:us-east-1:123456789012:key/k",
        ),
    ],
)
def test_a_look_is_an_action_on_a_resource(call: Call, action: str, resource: str) -> None:
    look = look_of(call)
    assert look
    assert (look.action, look.resource) == (action, resource)


@pytest.mark.parametrize(
    "call",
    [
        form("iam", Action="CreateUser"),
        form("sts", Action="GetCallerIdentity"),
        s3("", "PUT"),
        s3("", "GET", "/snapshots/key"),
        s3("", "HEAD", "/snapshots/key"),
        s3("location"),
        Call("es", "eu-west-1", "DELETE", "/2021-01-01/opensearch/domain/orders"),
        Call("kms", "us-east-1", "POST", "/", target="TrentService.CreateKey"),
    ],
)
def test_other_calls_pass(call: Call) -> None:
    assert look_of(call) is None


class Directory:
    """One user with one policy, one role with a trust, one bucket with a policy."""

    def __init__(self, own: Any = (), trust: Any = (), bucket: Any = ()) -> None:
        self.own, self.trust, self.held = (
            parse(json.dumps({"Statement": each})) for each in (own, trust, bucket)
        )

    def policies(self, identity: str) -> Any:
        return (self.own,) if identity == ANN else ()

    def role(self, arn: str) -> Role | None:
        return Role(arn, self.trust, ()) if arn == DESK else None

    def bucket(self, name: str) -> Bucket | None:
        return Bucket("us-east-1", (self.held,)) if name == "snapshots" else None


def allow(action: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **more}


def may(look: Look, **policies: Any) -> bool:
    return decided(look, Caller(ANN, "secret"), Directory(**policies)) == "allowed"  # type: ignore[arg-type]


ASSUMES = Look("sts:AssumeRole", DESK)
EVERYBODY = {"AWS": "arn:aws:iam::123456789012:root"}


def trusting(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def test_a_look_needs_its_action() -> None:
    look = Look("iam:GetRole", DESK)
    assert may(look, own=[allow("iam:Get*")])
    assert not may(look, own=[allow("s3:*")])


def test_a_buckets_policy_lets_in_and_shuts_out() -> None:
    look = Look("s3:GetBucketPolicy", BUCKET)
    named = {"Effect": "Allow", "Principal": {"AWS": ANN}, "Action": "s3:*", "Resource": "*"}
    assert may(look, bucket=[named])
    assert not may(look, own=[allow("s3:*")], bucket=[named | {"Effect": "Deny"}])


def test_a_role_is_assumed_by_whom_it_trusts() -> None:
    assert may(ASSUMES, trust=[trusting({"AWS": ANN})]), "named: no policy of its own is needed"
    assert may(ASSUMES, own=[allow("sts:*")], trust=[trusting(EVERYBODY)])
    assert not may(ASSUMES, trust=[trusting(EVERYBODY)]), "left to the account, which does not allow it"
    assert not may(ASSUMES, own=[allow("sts:*")], trust=[trusting({"Service": "es.amazonaws.com"})])
    missing = Look("sts:AssumeRole", "arn:aws:iam::123456789012:role/Missing")
    assert not may(missing, own=[allow("sts:*")])


def test_a_role_may_ask_for_an_external_id() -> None:
    trust = [trusting({"AWS": ANN}, Condition={"StringEquals": {"sts:ExternalId": "tuesday"}})]
    assert not may(ASSUMES, trust=trust)
    told = look_of(form("sts", Action="AssumeRole", RoleArn=DESK, ExternalId="tuesday"))
    assert told
    assert may(told, trust=trust)
