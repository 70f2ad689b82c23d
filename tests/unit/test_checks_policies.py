"""Resources' own policies, and what they come to together with those of a principal."""

from typing import Any

import pytest

from domains.account import Decision
from tasks.checks.policies import Request, Said, by_key, said, statements_of, together
from tasks.checks.trust import domains_not_let_in, service_statements

ROLE = "arn:aws:iam::123456789012:role/SnapshotRole"
OBJECT = "arn:aws:s3:::bucket/move/index-0"
ASKED = Request(ROLE, "s3:PutObject", OBJECT, (("s3:prefix", "move/"),))


def statement(
    effect: str = "Allow", principal: Any = "*", action: Any = "s3:*", **more: Any
) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": "*", **more}


SOMEBODY = {"AWS": "arn:aws:iam::123456789012:role/Other"}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], "nothing"),
        ([statement()], "allowed"),
        ([statement(principal={"AWS": "*"})], "allowed"),
        ([statement(principal={"AWS": [ROLE]})], "allowed"),
        ([statement(principal=SOMEBODY)], "nothing"),
        ([statement(principal={"AWS": "123456789012"})], "delegated"),
        ([statement(principal={"AWS": "arn:aws:iam::123456789012:root"})], "delegated"),
        ([statement(principal={"AWS": "arn:aws:iam::210987654321:root"})], "nothing"),
        ([statement("Deny", {"AWS": "arn:aws:iam::123456789012:root"})], "denied"),
        ([statement(), statement("Deny")], "denied"),
        ([statement("Deny", action="s3:GetObject")], "nothing"),
        ([statement("Deny", action=["s3:Put*"])], "denied"),
        ([statement("Deny", Resource="arn:aws:s3:::bucket/logs/*")], "nothing"),
        ([statement("Deny", Resource="arn:aws:s3:::bucket/move/*")], "denied"),
        ([{"Effect": "Deny", "NotPrincipal": {"AWS": ROLE}, "Action": "*", "Resource": "*"}], "nothing"),
        ([{"Effect": "Deny", "NotPrincipal": SOMEBODY, "Action": "*", "Resource": "*"}], "denied"),
        ([{"Effect": "Deny", "Principal": "*", "NotAction": "s3:Get*", "Resource": "*"}], "denied"),
        ([{"Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": OBJECT}], "nothing"),
        ([statement("Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})], "nothing"),
        ([statement("Deny", Condition={"Bool": {"aws:SecureTransport": False}})], "nothing"),
        ([statement("Deny", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})], "unsure"),
        ([statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], "unsure"),
        ([statement(), statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], "allowed"),
        ([statement(), statement("Deny", Condition={"IpAddress": {"aws:SourceIp": "1.1.1.1"}})], "unsure"),
        ([statement(Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Snap*"}})], "allowed"),
        ([statement(Condition={"StringLike": {"s3:prefix": ["logs/*", "move/*"]}})], "allowed"),
        ([statement(Condition={"StringLike": {"s3:prefix": "logs/*"}})], "nothing"),
        ([statement("Deny", Condition={"StringNotLike": {"s3:prefix": "move*"}})], "nothing"),
    ],
)
def test_what_a_policy_says(statements: list[dict[str, Any]], expected: Said) -> None:
    assert said(statements, ASKED) == expected


@pytest.mark.parametrize(
    ("own", "resource", "same", "expected"),
    [
        ("allowed", "nothing", True, "allowed"),
        ("implicitDeny", "allowed", True, "allowed"),
        ("implicitDeny", "delegated", True, "implicitDeny"),
        ("implicitDeny", "nothing", True, "implicitDeny"),
        ("allowed", "denied", True, "explicitDeny"),
        ("explicitDeny", "allowed", True, "explicitDeny"),
        ("allowed", "unsure", True, "unsure"),
        ("implicitDeny", "unsure", True, "unsure"),
        ("unsure", "allowed", True, "allowed"),
        ("unsure", "nothing", True, "unsure"),
        ("allowed", "nothing", False, "implicitDeny"),
        ("allowed", "allowed", False, "allowed"),
        ("allowed", "delegated", False, "allowed"),
        ("implicitDeny", "allowed", False, "implicitDeny"),
        ("allowed", "unsure", False, "unsure"),
    ],
)
def test_identity_and_resource_together(own: Decision, resource: Said, same: bool, expected: str) -> None:
    assert together(own, resource, same_account=same) == expected


@pytest.mark.parametrize(
    ("own", "key", "expected"),
    [
        ("allowed", "delegated", "allowed"),
        ("allowed", "nothing", "implicitDeny"),
        ("implicitDeny", "allowed", "allowed"),
        ("implicitDeny", "delegated", "implicitDeny"),
        ("explicitDeny", "allowed", "explicitDeny"),
        ("allowed", "denied", "explicitDeny"),
        ("allowed", "unsure", "unsure"),
        ("implicitDeny", "unsure", "unsure"),
    ],
)
def test_a_key_leaves_it_to_the_account_or_not(own: Decision, key: Said, expected: str) -> None:
    assert by_key(own, key) == expected


def test_a_document_may_have_one_statement_or_many_or_none() -> None:
    assert statements_of("") == ()
    assert statements_of("{}") == ()
    assert len(statements_of('{"Statement": {"Effect": "Allow"}}')) == 1
    assert len(statements_of('{"Statement": [{}, {}]}')) == 2


SOURCE = "arn:aws:es:us-east-1:123456789012:domain/orders"


def trusting(**condition: Any) -> dict[str, Any]:
    principal = {"Service": ["opensearchservice.amazonaws.com", "es.amazonaws.com"]}
    made = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return made | ({"Condition": condition} if condition else {})


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (trusting(), 1),
        (trusting() | {"Principal": {"Service": "es.amazonaws.com"}}, 1),
        (trusting() | {"Principal": {"Service": "ec2.amazonaws.com"}}, 0),
        (trusting() | {"Principal": {"AWS": "*"}}, 0),
        (trusting() | {"Effect": "Deny"}, 0),
        (trusting() | {"Action": "sts:TagSession"}, 0),
        (trusting() | {"Action": ["sts:TagSession", "sts:AssumeRole"]}, 1),
    ],
)
def test_who_is_trusted(statement: dict[str, Any], expected: int) -> None:
    assert len(service_statements([statement])) == expected


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, "yes"),
        ({"StringEquals": {"aws:SourceAccount": "210987654321"}}, "no"),
        ({"ArnLike": {"aws:SourceArn": [SOURCE, "x"]}}, "yes"),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:es:*:123456789012:domain/*"}}, "yes"),
        ({"ArnLike": {"AWS:SourceArn": "arn:aws:es:eu-west-1:123456789012:domain/*"}}, "no"),
        ({"StringEquals": {"sts:ExternalId": "x"}}, "?"),
        ({"StringNotEquals": {"aws:SourceAccount": "1"}}, "?"),
    ],
)
def test_conditions_of_trust_fit_a_domain_or_not(condition: dict[str, Any], fits: str) -> None:
    why = domains_not_let_in([trusting(**condition)], SOURCE)
    assert ("yes" if not why else "?" if why.startswith("?") else "no") == fits


def test_one_statement_that_fits_is_enough() -> None:
    other = trusting(StringEquals={"aws:SourceAccount": "210987654321"})
    assert domains_not_let_in([other, trusting()], SOURCE) == ""
