"""Resource policies, and their result together with the policies of a principal."""

from typing import Any

import pytest

from domains.aws.iam import Decision
from tasks.checks.rules.iam_policies import Request, Said, by_key, said, statements_of, together
from tasks.checks.rules.trust_policies import domains_not_let_in, service_statements

ROLE = "arn:aws:iam::123456789012:role/SnapshotRole"
OBJECT = "arn:aws:s3:::bucket/move/index-0"
ASKED = Request(ROLE, "s3:PutObject", OBJECT, (("s3:prefix", "move/"),))


def statement(
    effect: str = "Allow", principal: Any = "*", action: Any = "s3:*", **more: Any
) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": "*", **more}


NOTHING = Said()
ALLOWED = Said(allow="yes")
DELEGATED = Said(delegated="yes")
DENIED = Said(deny="yes")
MAYBE = Said(allow="maybe")
MAYBE_DENIED = Said(deny="maybe")
SOMEBODY = {"AWS": "arn:aws:iam::123456789012:role/Other"}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], NOTHING),
        ([statement()], ALLOWED),
        ([statement(principal={"AWS": "*"})], ALLOWED),
        ([statement(principal={"AWS": [ROLE]})], ALLOWED),
        ([statement(principal=SOMEBODY)], NOTHING),
        ([statement(principal={"AWS": "123456789012"})], DELEGATED),
        ([statement(principal={"AWS": "arn:aws:iam::123456789012:root"})], DELEGATED),
        ([statement(principal={"AWS": "arn:aws:iam::210987654321:root"})], NOTHING),
        ([statement("Deny", {"AWS": "arn:aws:iam::123456789012:root"})], DENIED),
        ([statement(), statement("Deny")], Said(allow="yes", deny="yes")),
        ([statement("Deny", action="s3:GetObject")], NOTHING),
        ([statement("Deny", action=["s3:Put*"])], DENIED),
        ([statement("Deny", Resource="arn:aws:s3:::bucket/logs/*")], NOTHING),
        ([statement("Deny", Resource="arn:aws:s3:::bucket/move/*")], DENIED),
        ([{"Effect": "Deny", "NotPrincipal": {"AWS": ROLE}, "Action": "*", "Resource": "*"}], NOTHING),
        ([{"Effect": "Deny", "NotPrincipal": SOMEBODY, "Action": "*", "Resource": "*"}], DENIED),
        ([{"Effect": "Deny", "Principal": "*", "NotAction": "s3:Get*", "Resource": "*"}], DENIED),
        ([{"Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": OBJECT}], NOTHING),
        ([statement("Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})], NOTHING),
        ([statement("Deny", Condition={"Bool": {"aws:SecureTransport": False}})], NOTHING),
        (
            [statement("Deny", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})],
            Said(deny="maybe"),
        ),
        ([statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], Said(allow="maybe")),
        ([statement(), statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], ALLOWED),
        (
            [statement(), statement("Deny", Condition={"IpAddress": {"aws:SourceIp": "1.1.1.1"}})],
            Said(allow="yes", deny="maybe"),
        ),
        ([statement(Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Snap*"}})], ALLOWED),
        ([statement(Condition={"StringLike": {"s3:prefix": ["logs/*", "move/*"]}})], ALLOWED),
        ([statement(Condition={"StringLike": {"s3:prefix": "logs/*"}})], NOTHING),
        ([statement("Deny", Condition={"StringNotLike": {"s3:prefix": "move*"}})], NOTHING),
        ([statement(Condition={"StringEquals": {"s3:prefix": "mo*"}})], NOTHING),
        ([statement("Deny", Condition={"StringNotEquals": {"s3:prefix": "mo*"}})], DENIED),
        ([statement(Condition={"StringEqualsIgnoreCase": {"s3:prefix": "MOVE/"}})], ALLOWED),
        ([statement(Condition={"StringEqualsIgnoreCase": {"s3:prefix": "MO*"}})], NOTHING),
        ([statement(Condition={"StringLike": {"s3:prefix": "${aws:username}/"}})], Said(allow="maybe")),
        ([statement(Resource="arn:aws:s3:::bucket/${aws:username}/*")], Said(allow="maybe")),
        ([statement(Resource="arn:aws:s3:::other/${aws:username}/*")], NOTHING),
        ([statement(action="S3:putobject")], ALLOWED),
        ([statement("Deny", Resource=OBJECT), statement()], Said(allow="yes", deny="yes")),
        (
            [
                statement(principal={"AWS": "123456789012"}),
                statement(principal={"AWS": ROLE}, Condition={"Bool": {"aws:ViaAWSService": True}}),
            ],
            Said(allow="maybe", delegated="yes"),
        ),
    ],
)
def test_what_a_policy_says(statements: list[dict[str, Any]], expected: Said) -> None:
    assert said(statements, ASKED) == expected


@pytest.mark.parametrize(
    ("own", "resource", "same", "expected"),
    [
        ("allowed", NOTHING, True, "allowed"),
        ("implicitDeny", ALLOWED, True, "allowed"),
        ("implicitDeny", DELEGATED, True, "implicitDeny"),
        ("implicitDeny", NOTHING, True, "implicitDeny"),
        ("allowed", DENIED, True, "explicitDeny"),
        ("explicitDeny", ALLOWED, True, "explicitDeny"),
        ("allowed", MAYBE, True, "allowed"),
        ("allowed", MAYBE_DENIED, True, "unsure"),
        ("implicitDeny", MAYBE_DENIED, True, "implicitDeny"),
        ("implicitDeny", Said(allow="yes", deny="maybe"), True, "unsure"),
        ("implicitDeny", MAYBE, True, "unsure"),
        ("unsure", ALLOWED, True, "unsure"),
        ("unsure", NOTHING, True, "unsure"),
        ("allowed", NOTHING, False, "implicitDeny"),
        ("allowed", ALLOWED, False, "allowed"),
        ("allowed", DELEGATED, False, "allowed"),
        ("implicitDeny", ALLOWED, False, "implicitDeny"),
        ("allowed", MAYBE, False, "unsure"),
        ("allowed", Said(allow="yes", deny="maybe"), False, "unsure"),
    ],
)
def test_identity_and_resource_together(own: Decision, resource: Said, same: bool, expected: str) -> None:
    assert together(own, resource, same_account=same) == expected


@pytest.mark.parametrize(
    ("own", "key", "expected"),
    [
        ("allowed", DELEGATED, "allowed"),
        ("allowed", NOTHING, "implicitDeny"),
        ("implicitDeny", ALLOWED, "allowed"),
        ("implicitDeny", DELEGATED, "implicitDeny"),
        ("explicitDeny", ALLOWED, "explicitDeny"),
        ("allowed", DENIED, "explicitDeny"),
        ("allowed", MAYBE, "unsure"),
        ("allowed", Said(allow="maybe", delegated="yes"), "allowed"),
        ("allowed", Said(delegated="yes", deny="maybe"), "unsure"),
        ("unsure", ALLOWED, "unsure"),
        ("implicitDeny", MAYBE, "unsure"),
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
        (trusting() | {"Action": "STS:assumerole"}, 1),
        (trusting() | {"Action": "sts:Assume*"}, 1),
        (trusting() | {"NotAction": "sts:*", "Action": "sts:Tag*"}, 0),
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
        ({"StringNotEquals": {"aws:SourceAccount": "1"}}, "yes"),
        ({"StringNotEquals": {"aws:SourceAccount": "123456789012"}}, "no"),
        ({"StringEquals": {"aws:SourceArn": "arn:aws:es:*:123456789012:domain/*"}}, "no"),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:es:*:123456789012:domain/*"}}, "yes"),
    ],
)
def test_conditions_of_trust_fit_a_domain_or_not(condition: dict[str, Any], fits: str) -> None:
    unfit = domains_not_let_in([trusting(**condition)], SOURCE)
    assert ("yes" if not unfit else "no" if unfit.certain else "?") == fits


def test_one_statement_that_fits_is_enough() -> None:
    other = trusting(StringEquals={"aws:SourceAccount": "210987654321"})
    assert domains_not_let_in([other, trusting()], SOURCE) is None
