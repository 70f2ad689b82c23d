"""Who calls and which role is passed: what each check makes of what IAM and the control plane answer."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from support.building import a_plan

from configs.plan import Plan
from domains.aws import control_plane
from domains.aws import iam as aws_account
from domains.aws.control_plane import DomainStatus
from domains.aws.iam import Caller, Role
from domains.aws.kms import Key
from domains.aws.s3 import BucketLookup
from domains.domain import Side
from domains.engine.cluster import ClusterIdentity
from domains.engine.reachability import Reachability
from domains.errors import AwsError
from domains.versions import version_of
from runs.journal import now
from tasks.checks.account import caller, role_rights, roles
from tasks.checks.bucket import encryption
from tasks.checks.check import Check, Finding, checks_in
from tasks.checks.facts import domains as facts
from tasks.checks.facts.bucket import BucketPolicy
from tasks.migration import Consents
from tasks.survey import SIDES, Survey

OWN = "123456789012"
OTHER = "210987654321"
ROLE = f"arn:aws:iam::{OWN}:role/SnapshotRole"
ANN = f"arn:aws:iam::{OWN}:user/ann"
DOMAIN = f"arn:aws:es:us-east-1:{OWN}:domain/orders"
SERVICE = {"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "sts:AssumeRole"}
STATUS = DomainStatus("orders", DOMAIN, "OpenSearch_3.6", "", "", False, False, False, False)
ABOUT_ROLES = checks_in(roles, role_rights)
BUCKET = "arn:aws:s3:::my-snapshots"
KEY = f"arn:aws:kms:us-east-1:{OWN}:key/k"


def signed(port: int, region: str) -> dict[str, Any]:
    return {"endpoint": f"http://127.0.0.1:{port}", "region": region, "auth": {"type": "sigv4"}}


def plan(**repository: Any) -> Plan:
    held = {"name": "repo", "bucket": "my-snapshots", "base_path": "move", "role_arn": ROLE, **repository}
    return a_plan(source=signed(1, "us-east-1"), target=signed(2, "us-east-1"), repository=held)


def survey(made: Plan, answers: Mapping[Any, Any]) -> Survey:
    """A survey that asks nothing: an answer that is an error is raised."""
    openers: Any = {
        side: partial(SimpleNamespace, side=side, signed=True, session=None, endpoint="http://127.0.0.1")
        for side in SIDES
    }
    look = Survey(made, openers, Consents())
    usual = {
        **{("reach", side): Reachability("reached", "it answers") for side in SIDES},
        **{("caller", side): Caller(ANN, OWN, ANN) for side in SIDES},
        **{("role", side): Role(ROLE, (SERVICE,)) for side in SIDES},
        **{("identity", side): identity() for side in SIDES},
        **{("status", side): STATUS for side in SIDES},
        **{("registrations", side): {} for side in SIDES},
        "bucket found": BucketLookup("there", "us-east-1"),
        "bucket policy": BucketPolicy((), OWN),
    }
    for key, value in {**usual, **answers}.items():
        try:
            look.once(key, partial(given, value))
        except AwsError:
            continue
    return look


def given(value: Any) -> Any:
    if isinstance(value, AwsError):
        raise value
    return value


def identity(name: str = f"{OWN}:orders", number: str = "3.6.0") -> ClusterIdentity:
    return ClusterIdentity("uuid", name, version_of("opensearch", number))


def found(
    check: Check, answers: Mapping[Any, Any] | None = None, side: Side = "source", **repository: Any
) -> Finding:
    return check.judge(survey(plan(**repository), answers or {}), side)


Decide = Callable[[str, str, Mapping[str, str]], str]


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Callable[[Decide], None]:
    """IAM's simulation answers as the function says, of action, resource and context."""

    def use(decide: Decide) -> None:
        def decisions(_: Any, __: str, asked: Any, context: Any = None) -> Any:
            return {(action, arn): decide(action, arn, dict(context or {})) for action, arn in asked}

        monkeypatch.setattr(aws_account, "decisions", decisions)

    return use


@pytest.mark.parametrize(
    ("off_s", "status"),
    [(0, "OK"), (-59, "OK"), (90, "WARN"), (-200, "WARN"), (400, "FAIL"), (-9000, "FAIL")],
)
def test_a_clock_that_is_off(off_s: int, status: str) -> None:
    received = now() - timedelta(hours=1)  # when it is judged does not matter
    date = format_datetime(received + timedelta(seconds=off_s))
    answered = Reachability("reached", "", date=date, received=received)
    assert found(caller.clock, {("reach", "source"): answered}).status == status


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_a_clock_that_is_not_told(date: str | None) -> None:
    made = found(caller.clock, {("reach", "source"): Reachability("reached", "", date=date, received=now())})
    assert (made.status, made.unknown) == ("WARN", True)


@pytest.mark.parametrize(
    "auth", [{"type": "none"}, {"type": "basic", "username": "u", "password": {"env": "P"}}]
)
def test_without_signatures_nothing_of_the_account_is_looked_at(auth: dict[str, Any]) -> None:
    side = {"endpoint": "http://127.0.0.1:1", "auth": auth}
    other = {"endpoint": "http://127.0.0.1:2", "auth": auth}
    look = Survey(a_plan(source=side, target=other), {}, Consents())
    for one in SIDES:
        look.once(("reach", one), lambda: Reachability("reached", "it answers"))
    made = {
        check.id: check.judge(look, side)
        for check in checks_in(caller, roles, role_rights, encryption)
        for side in check.sides
        if check.id not in {"bucket.encryption", "account.credentials"}
    }
    assert {finding.status for finding in made.values()} == {"SKIP"}
    assert caller.credentials.judge(look, "source").status == "OK"


def test_a_role_of_another_account_or_partition_is_one_finding() -> None:
    foreign = f"arn:aws:iam::{OTHER}:role/SnapshotRole"
    made = {check.id: found(check, role_arn=foreign).status for check in ABOUT_ROLES}
    assert made == {
        "account.role": "SKIP",
        "account.role-account": "FAIL",
        "account.trust": "SKIP",
        "account.trust-domains": "SKIP",
        "account.role-rights": "SKIP",
    }
    china = Caller("arn:aws-cn:iam::123456789012:user/ann", OWN, None)
    answers = {("caller", side): china for side in SIDES}
    assert caller.partition.judge(survey(plan(), answers), None).status == "FAIL"
    assert found(roles.role, answers).detail.endswith("see account.partition")


def test_each_side_has_its_own_role() -> None:
    answers = {("caller", "target"): Caller(f"arn:aws:iam::{OTHER}:user/bob", OTHER, None)}
    own = f"arn:aws:iam::{OTHER}:role/Reader"
    assert found(roles.role_account, answers, "target").status == "FAIL"
    assert found(roles.role_account, answers, "target", target_role_arn=own).status == "OK"
    assert found(roles.role_account, answers, "source", target_role_arn=own).status == "OK"


def test_a_missing_role_is_one_finding() -> None:
    made = {check.id: found(check, {("role", "source"): None}).status for check in ABOUT_ROLES}
    assert made.pop("account.role") == "FAIL"
    assert made.pop("account.role-account") == "OK"
    assert set(made.values()) == {"SKIP"}


NOT_TOLD: dict[Any, Any] = {("identity", "source"): identity("orders"), ("status", "source"): None}


@pytest.mark.parametrize(
    ("condition", "answers", "status"),
    [
        ({}, {}, "OK"),
        ({"ArnLike": {"aws:SourceArn": DOMAIN}}, {}, "OK"),
        ({"ArnLike": {"aws:SourceArn": DOMAIN + "-old"}}, {}, "FAIL"),
        ({"StringEquals": {"aws:SourceAccount": OTHER}}, {}, "FAIL"),
        ({"StringEquals": {"aws:SourceOrgID": "o-1"}}, {}, "WARN"),
        ({"ArnLike": {"aws:SourceArn": DOMAIN}}, {("identity", "source"): identity("orders")}, "OK"),
        ({"ArnLike": {"aws:SourceArn": DOMAIN}}, NOT_TOLD, "WARN"),
        ({}, NOT_TOLD, "OK"),
        ({"StringEquals": {"aws:SourceArn": DOMAIN[:-1] + "*"}}, {}, "FAIL"),
        ({"StringLike": {"aws:SourceArn": DOMAIN[:-1] + "*"}}, {}, "OK"),
    ],
)
def test_the_trust_of_a_domain(condition: dict[str, Any], answers: dict[Any, Any], status: str) -> None:
    held = Role(ROLE, ({**SERVICE, "Condition": condition} if condition else SERVICE,))
    assert found(roles.trust_domains, {("role", "source"): held, **answers}).status == status


def policy(effect: str, principal: Any, account_of: str = OWN, **more: Any) -> BucketPolicy:
    made = {"Effect": effect, "Principal": principal, "Action": "s3:*", "Resource": "*", **more}
    return BucketPolicy((made,), account_of)


DENIED = AwsError("could not read the policy: AccessDenied", "allow s3:GetBucketPolicy")


@pytest.mark.parametrize(
    ("own", "bucket", "status"),
    [
        ("allowed", BucketPolicy((), OWN), "OK"),
        ("implicitDeny", BucketPolicy((), OWN), "FAIL"),
        ("explicitDeny", BucketPolicy((), OWN), "FAIL"),
        ("unsure", BucketPolicy((), OWN), "WARN"),
        ("implicitDeny", policy("Allow", {"AWS": ROLE}), "OK"),
        ("allowed", policy("Deny", "*"), "FAIL"),
        ("allowed", policy("Deny", "*", Condition={"Bool": {"aws:SecureTransport": "false"}}), "OK"),
        ("allowed", policy("Deny", "*", Condition={"StringNotEquals": {"aws:SourceVpc": "v"}}), "WARN"),
        ("allowed", BucketPolicy((), OTHER), "FAIL"),
        ("allowed", policy("Allow", {"AWS": OWN}, OTHER), "OK"),
        ("allowed", DENIED, "WARN"),
        ("implicitDeny", DENIED, "WARN"),
        ("explicitDeny", DENIED, "FAIL"),
    ],
)
def test_the_role_and_the_buckets_policy(iam: Any, own: str, bucket: Any, status: str) -> None:
    iam(lambda *_: own)
    made = found(role_rights.role_rights, {"bucket policy": bucket})
    assert made.status == status
    assert status not in {"WARN", "FAIL"} or made.hint


@pytest.mark.parametrize(
    ("own", "bucket", "lacks", "to_do"),
    [
        (
            "implicitDeny", policy("Allow", {"AWS": OWN}, OTHER),
            f"{ROLE} lacks s3:GetObject on arn:aws:s3:::my-snapshots/move/index-0 in its own policies",
            "allow it s3:GetObject on arn:aws:s3:::my-snapshots/* in a policy of the role; ",
        ),
        (
            "allowed", policy("Allow", {"AWS": OTHER}, OTHER),
            f"the policy of bucket my-snapshots does not allow {ROLE} s3:ListBucket on",
            f"allow {ROLE} s3:ListBucket on {BUCKET}, s3:GetObject on {BUCKET}/* in the bucket's policy; ",
        ),
        (
            "implicitDeny", BucketPolicy((), OTHER),
            "in its own policies and the policy of bucket my-snapshots does not allow",
            "in a policy of the role, and allow",
        ),
    ],
    ids=["the role's", "the bucket's", "both"],
)  # fmt: skip
def test_in_another_accounts_bucket_it_is_named_whose_policy_lacks_it(
    iam: Any, own: str, bucket: BucketPolicy, lacks: str, to_do: str
) -> None:
    iam(lambda action, *_: own if action == "s3:GetObject" else "allowed")
    answers = {"bucket policy": bucket, ("identity", "source"): identity(number="2.19.4")}
    made = found(role_rights.role_rights, answers, side="target")
    assert (made.status, lacks in made.detail) == ("FAIL", True), made.detail
    assert to_do in made.hint, made.hint
    assert made.hint.endswith(
        f"the bucket is of account {OTHER}, the role of {OWN}: both policies must allow it"
    )


@pytest.mark.parametrize(("number", "fits"), [("2.19.4", "OK"), ("3.6.0", "FAIL")])
def test_opensearch_3_needs_more_than_base_path(iam: Any, number: str, fits: str) -> None:
    iam(
        lambda action, arn, _: (
            "allowed" if action == "s3:ListBucket" or "/move/index" in arn else "implicitDeny"
        )
    )
    answers = {("identity", "source"): identity(number=number)}
    assert found(role_rights.role_rights, answers).status == fits


def test_a_target_only_reads(iam: Any) -> None:
    iam(lambda action, *_: "allowed" if action in {"s3:ListBucket", "s3:GetObject"} else "implicitDeny")
    assert found(role_rights.role_rights, side="target").status == "OK"
    assert found(role_rights.role_rights, side="source").status == "FAIL"


@pytest.mark.parametrize(
    ("es", "opensearch", "status"),
    [
        ("allowed", "allowed", "OK"),
        ("allowed", "implicitDeny", "WARN"),
        ("implicitDeny", "allowed", "WARN"),
        ("unsure", "unsure", "WARN"),
        ("implicitDeny", "implicitDeny", "FAIL"),
        ("explicitDeny", "explicitDeny", "FAIL"),
    ],
)
def test_passing_the_role(iam: Any, es: str, opensearch: str, status: str) -> None:
    iam(lambda _, __, context: es if context["iam:PassedToService"] == "es.amazonaws.com" else opensearch)
    assert found(caller.pass_role).status == status


def test_a_caller_whose_policies_nobody_can_simulate_is_not_said_to_be_in_order() -> None:
    root = {("caller", "source"): Caller(f"arn:aws:iam::{OWN}:root", OWN, None)}
    for check in (caller.pass_role, caller.domain_access):
        made = found(check, root)
        assert (made.status, made.unknown, bool(made.hint)) == ("WARN", True, True)


def access(effect: str, principal: str, action: str = "es:*", condition: str = "{}") -> DomainStatus:
    said = (
        f'{{"Effect": "{effect}", "Principal": {{"AWS": "{principal}"}}, "Action": "{action}", '
        f'"Resource": "*", "Condition": {condition}}}'
    )
    return DomainStatus(
        "orders", DOMAIN, "OpenSearch_3.6", "", f'{{"Statement": {said}}}', False, False, False, False
    )


@pytest.mark.parametrize(
    ("own", "status", "expected"),
    [
        ("allowed", STATUS, "OK"),
        ("reading", STATUS, "FAIL"),
        ("implicitDeny", STATUS, "WARN"),  # it has answered, so something else lets the caller
        ("implicitDeny", access("Allow", "*"), "OK"),
        ("implicitDeny", access("Allow", ANN), "OK"),
        ("implicitDeny", access("Allow", f"arn:aws:iam::{OWN}:user/bob"), "WARN"),
        ("reading", access("Allow", OWN), "FAIL"),
        ("reading", access("Allow", ANN), "OK"),
        ("allowed", access("Deny", ANN, "es:ESHttpPut"), "FAIL"),
        ("allowed", access("Allow", ANN, condition='{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}'), "OK"),
        ("unsure", access("Allow", ANN), "WARN"),  # what is not sure may be a Deny
        ("unsure", STATUS, "WARN"),
        ("allowed", None, "WARN"),
        ("allowed", AwsError("could not describe domain orders: AccessDenied", "allow it"), "error"),
    ],
)
def test_the_callers_requests(iam: Any, own: str, status: Any, expected: str) -> None:
    iam(
        lambda action, *_: (
            own
            if own != "reading"
            else "allowed"
            if action in {"es:ESHttpGet", "es:ESHttpHead"}
            else "implicitDeny"
        )
    )
    if expected == "error":
        with pytest.raises(AwsError):
            found(caller.domain_access, {("status", "source"): status})
        return
    assert found(caller.domain_access, {("status", "source"): status}).status == expected


def test_a_namesake_in_the_callers_account_is_not_taken_for_the_domain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(control_plane, "domain_status", lambda *_: STATUS)
    made = plan()
    for name, taken in ((f"{OWN}:orders", STATUS), (f"{OTHER}:orders", None), ("orders", STATUS)):
        opener: Any = partial(SimpleNamespace, session=None, endpoint="http://127.0.0.1")
        look = Survey(made, dict.fromkeys(SIDES, opener), Consents())
        look.once(("identity", "source"), partial(identity, name))
        assert facts.status(look, "source") == taken


@pytest.mark.parametrize(
    ("own", "answers", "side", "status"),
    [
        ("implicitDeny", {("bucket", "encryption"): None}, "source", "OK"),
        ("implicitDeny", {("bucket", "encryption"): ""}, "source", "OK"),
        ("implicitDeny", {("bucket", "encryption"): "alias/aws/s3"}, "source", "OK"),
        (
            "allowed",
            {("bucket", "encryption"): "", "bucket policy": BucketPolicy((), OTHER)},
            "source",
            "FAIL",
        ),
        ("allowed", {("bucket", "encryption"): "", "bucket policy": DENIED}, "source", "WARN"),
        ("allowed", {("bucket", "encryption"): KEY}, "source", "OK"),
        ("implicitDeny", {("bucket", "encryption"): KEY}, "source", "FAIL"),
        ("unsure", {("bucket", "encryption"): KEY}, "target", "WARN"),
        ("allowed", {("bucket", "encryption"): KEY, ("key policy", KEY): DENIED}, "source", "WARN"),
        ("explicitDeny", {("bucket", "encryption"): KEY, ("key policy", KEY): DENIED}, "source", "FAIL"),
        ("allowed", {("bucket", "encryption"): KEY, ("key policy", KEY): ""}, "source", "FAIL"),
        ("allowed", {("bucket", "encryption"): KEY, ("key", KEY): None}, "source", "FAIL"),
        ("allowed", {("bucket", "encryption"): "k", ("key", "k"): None}, "source", "WARN"),
        ("allowed", {("bucket", "encryption"): "alias/k", ("key", "alias/k"): None}, "source", "WARN"),
    ],
)
def test_the_buckets_key(iam: Any, own: str, answers: dict[Any, Any], side: Side, status: str) -> None:
    iam(lambda *_: own)
    everybody = {"Effect": "Allow", "Principal": {"AWS": OWN}, "Action": "kms:*", "Resource": "*"}
    delegates = json.dumps({"Statement": everybody})
    usual = {("key", KEY): Key(KEY, "Enabled"), ("key policy", KEY): delegates}
    look = survey(plan(), {**usual, **answers})
    assert encryption.encryption.judge(look, side).status == status


@pytest.mark.parametrize(
    ("number", "repository", "registered", "status"),
    [
        ("3.6.0", {}, None, "FAIL"),
        ("3.1.0", {}, None, "WARN"),
        ("2.19.4", {}, None, "OK"),
        ("3.6.0", {"settings": {"shard_path_type": "FIXED"}}, None, "OK"),
        ("3.6.0", {"settings": {"shard_path_type": "hashed_infix"}}, None, "OK"),
        ("2.19.4", {"settings": {"shard_path_type": "HASHED_PREFIX"}}, None, "FAIL"),
        ("3.6.0", {}, "FIXED", "OK"),
        ("3.1.0", {"settings": {"shard_path_type": "HASHED_PREFIX"}}, "FIXED", "FAIL"),
        (None, {}, None, "WARN"),
    ],
)
def test_shard_folders_before_base_path_are_asked_for_where_they_are_known_to_be(
    iam: Any, number: str | None, repository: dict[str, Any], registered: str | None, status: str
) -> None:
    iam(
        lambda action, arn, _: (
            "allowed" if "/move/index" in arn or action == "s3:ListBucket" else "implicitDeny"
        )
    )
    there = {"bucket": "my-snapshots", "base_path": "move", "shard_path_type": registered}
    known = {"repo": {"type": "s3", "settings": there}} if registered else {}
    look = survey(
        plan(**repository),
        {("registrations", "source"): known, ("identity", "source"): identity(number=number or "3.6.0")},
    )
    if number is None:
        look.give_up("source", "it cannot be reached")
    made = role_rights.role_rights.judge(look, "target")
    assert (made.status, made.unknown) == (status, status == "WARN"), made


def test_a_session_that_an_access_policy_names_is_the_caller(iam: Any) -> None:
    session, role = f"arn:aws:sts::{OWN}:assumed-role/M/alice", f"arn:aws:iam::{OWN}:role/M"
    iam(lambda *_: "implicitDeny")
    who = Caller(session, OWN, role)
    answers = {("caller", "source"): who, ("status", "source"): access("Allow", session)}
    assert found(caller.domain_access, answers).status == "OK"


def test_a_policy_that_is_no_json_is_not_taken_for_none(iam: Any) -> None:
    iam(lambda *_: "allowed")
    odd = DomainStatus("orders", DOMAIN, "OpenSearch_3.6", "", "{", False, False, False, False)
    with pytest.raises(AwsError, match="not what the API documents"):
        found(caller.domain_access, {("status", "source"): odd})


@pytest.mark.parametrize(
    ("denial", "trust", "domains"),
    [
        ({}, "FAIL", "SKIP"),
        ({"Action": "sts:Tag*"}, "OK", "OK"),
        ({"Action": "STS:assume*"}, "FAIL", "SKIP"),
        ({"Condition": {"ArnLike": {"aws:SourceArn": DOMAIN}}}, "OK", "FAIL"),
        ({"Condition": {"ArnNotLike": {"aws:SourceArn": DOMAIN}}}, "OK", "OK"),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, "OK", "WARN"),
    ],
)
def test_a_deny_in_a_trust_policy_counts(denial: dict[str, Any], trust: str, domains: str) -> None:
    held = Role(ROLE, (SERVICE, {**SERVICE, "Effect": "Deny", **denial}))
    answers = {("role", "source"): held}
    assert found(roles.trust, answers).status == trust
    assert found(roles.trust_domains, answers).status == domains


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, "FAIL"),
        ({"server_side_encryption": True}, "OK"),
        ({"server_side_encryption_type": "AES256"}, "OK"),
        ({"server_side_encryption_type": "aws:kms", "server_side_encryption_kms_key_id": "k2"}, "WARN"),
    ],
)
def test_a_registration_may_say_how_its_files_are_encrypted(
    iam: Any, settings: dict[str, Any], status: str
) -> None:
    iam(lambda *_: "implicitDeny")
    answers = {
        ("bucket", "encryption"): KEY,
        ("key", KEY): Key(KEY, "Enabled"),
        ("key policy", KEY): "",
        ("key", "k2"): None,
    }
    assert found(encryption.encryption, answers, settings=settings).status == status


@pytest.mark.parametrize(("region", "suffix"), [("us-east-1", "com"), ("cn-north-1", "com.cn")])
def test_a_key_is_used_by_way_of_s3_of_its_partition(iam: Any, region: str, suffix: str) -> None:
    key = f"arn:aws:kms:{region}:{OWN}:key/k"
    by = f"s3.{region}.amazonaws.{suffix}"
    iam(lambda _, __, context: "allowed" if context["kms:ViaService"] == by else "implicitDeny")
    everybody = {"Effect": "Allow", "Principal": {"AWS": OWN}, "Action": "kms:*", "Resource": "*"}
    document = json.dumps({"Statement": everybody})
    answers = {
        ("bucket", "encryption"): key,
        ("key", key): Key(key, "Enabled"),
        ("key policy", key): document,
    }
    assert found(encryption.encryption, answers).status == "OK"
