"""A set-up from nothing: what it makes, what it leaves alone, what it refuses, and how it is resumed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.aws_account import OTHER, OWN
from support.fake_domain import engine_error, ok

from domains.aws import calls, iam
from domains.aws import s3 as s3_reads
from domains.errors import AwsError
from tasks.access import apply as applying

from .conftest import MOVER, ROLE, Desk

pytestmark = pytest.mark.slow

MADE = ["PUT ?", "PUT ?tagging", "CreateRole", "PutRolePolicy", "CreateRole", "PutRolePolicy"]
SERVICE = {"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "sts:AssumeRole"}
EC2 = {
    "Sid": "Theirs",
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def a_role(desk: Desk, *rights: dict[str, Any], trust: tuple[dict[str, Any], ...] = (SERVICE,)) -> Any:
    """Somebody's snapshot role, which is there already."""
    client = desk.accounts.client("iam")
    client.create_role(RoleName="Snapshots", AssumeRolePolicyDocument=document(*trust))
    if rights:
        client.put_role_policy(RoleName="Snapshots", PolicyName="theirs", PolicyDocument=document(*rights))
    desk.accounts.calls.clear()
    return client


def a_bucket(desk: Desk, name: str = "snapshots") -> Any:
    client = desk.accounts.client("s3")
    client.create_bucket(Bucket=name)
    desk.accounts.calls.clear()
    return client


def trust_of(desk: Desk) -> list[dict[str, Any]]:
    told = desk.accounts.client("iam").get_role(RoleName="Snapshots")["Role"]
    return told["AssumeRolePolicyDocument"]["Statement"]


# from nothing


def test_apply_makes_everything_once_and_diff_then_finds_nothing_missing(desk: Desk) -> None:
    before = desk.run("diff")
    assert before.exit_code == 3, before.output
    assert "next: snapferry access apply" in before.output
    made = desk.run("apply", "--execute")
    assert made.exit_code == 0, made.output
    assert desk.accounts.calls == MADE
    assert desk.run("diff").exit_code == 0
    again = desk.run("apply", "--execute")
    assert (again.exit_code, desk.accounts.calls) == (0, MADE)


def test_without_execute_nothing_is_sent_and_what_is_shown_is_what_execute_sends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = json.loads(desk.run("apply", "--json").stdout)
    assert desk.accounts.calls == []
    shown = [call for part in preview["parts"] for call in part["calls"]]
    sent: list[dict[str, Any]] = []

    def send(session: Any, call: calls.AwsCall) -> None:
        at = f"account {call.account}"
        sent.append({"at": at, "call": f"{call.service} {call.operation}", "body": call.parameters})
        true_send(session, call)

    true_send = calls.send
    monkeypatch.setattr(calls, "send", send)
    assert desk.run("apply", "--execute").exit_code == 0
    assert json.loads(json.dumps(sent)) == shown
    assert len(shown) == len(MADE)


class Killed(BaseException):
    """Stands for a kill -9."""


@pytest.mark.parametrize(
    ("number", "after"), [(0, False), (0, True), (1, True), (2, True), (3, False), (5, True)]
)
def test_a_kill_at_any_call_is_resumed_and_all_of_it_can_be_removed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int, after: bool
) -> None:
    true_send, count = calls.send, iter(range(100))

    def send(session: Any, call: calls.AwsCall) -> None:
        dies = next(count) == number
        if dies and not after:
            raise Killed
        true_send(session, call)
        if dies:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(calls, "send", send)
        with pytest.raises(Killed):
            desk.run("apply", "--execute")
    resumed = desk.run("apply", "--execute")
    assert resumed.exit_code == 0, resumed.output
    assert desk.run("diff").exit_code == 0
    assert desk.accounts.calls == MADE, "nothing was made twice"
    removed = desk.run("remove", "--execute")
    assert removed.exit_code == 0, removed.output
    assert "stays" not in removed.output
    names = [each["RoleName"] for each in desk.accounts.client("iam").list_roles()["Roles"]]
    assert names == []
    assert desk.accounts.client("s3").list_buckets()["Buckets"] == []


@pytest.mark.parametrize("number", range(len(MADE)))
def test_a_lost_reply_is_looked_at_and_nothing_is_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    true_send, count = calls.send, iter(range(100))

    def send(session: Any, call: calls.AwsCall) -> None:
        true_send(session, call)
        if next(count) == number:
            raise AwsError("could not create: no answer came", "check the network")

    monkeypatch.setattr(calls, "send", send)
    made = desk.run("apply", "--execute")
    assert made.exit_code == 0, made.output
    assert desk.accounts.calls == MADE


def test_what_was_made_before_an_error_is_listed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    true_send = calls.send

    def send(session: Any, call: calls.AwsCall) -> None:
        if call.operation == "CreateRole":
            raise AwsError("could not create role: AccessDenied", "allow it iam:CreateRole")
        true_send(session, call)

    monkeypatch.setattr(calls, "send", send)
    made = desk.run("apply", "--execute")
    assert made.exit_code == 1
    assert "next: allow it iam:CreateRole" in made.output
    assert "Made before the error: bucket snapshots" in made.output


def test_a_role_that_is_not_seen_yet_is_waited_for_and_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_bucket(desk)
    true, asked = iam.decisions, []

    def decisions(session: Any, principal: str, wanted: Any, context: Any = None) -> Any:
        asked.append(principal)
        late = len(asked) <= 4  # two of them are one look
        return dict.fromkeys(wanted, "implicitDeny") if late else true(session, principal, wanted, context)

    monkeypatch.setattr(iam, "decisions", decisions)
    monkeypatch.setattr(applying, "_BETWEEN_S", 0.0)
    made = desk.run("apply", "--execute", "--only", "source-role")
    assert made.exit_code == 0, made.output
    assert "waiting: what was made just now takes up to a minute to be seen everywhere" in made.output
    assert desk.accounts.calls == ["CreateRole", "PutRolePolicy"], "sent once"


# what is there counts, and stays


def test_wider_rights_and_another_trust_count_as_there(desk: Desk) -> None:
    a_role(desk, allow("s3:*", "arn:aws:s3:::snap*"))
    a_bucket(desk)
    found = desk.run("diff", "--only", "source-role")
    assert found.exit_code == 0, found.output


def test_the_statements_and_policies_of_others_stay_and_come_back(desk: Desk) -> None:
    client = a_role(desk, allow("s3:ListBucket", "arn:aws:s3:::snapshots"), trust=(EC2,))
    a_bucket(desk)
    made = desk.run("apply", "--execute", "--only", "source-role")
    assert made.exit_code == 0, made.output
    assert desk.accounts.calls == ["UpdateAssumeRolePolicy", "PutRolePolicy"]
    assert trust_of(desk)[0] == EC2
    assert len(trust_of(desk)) == 2
    assert client.list_role_policies(RoleName="Snapshots")["PolicyNames"] == ["theirs", "snapferry-orders"]
    assert desk.run("remove", "--execute").exit_code == 0
    assert trust_of(desk) == [EC2]
    assert client.list_role_policies(RoleName="Snapshots")["PolicyNames"] == ["theirs"]


def test_a_trust_limited_to_one_domain_gets_a_statement_for_both(desk: Desk) -> None:
    only_source = {"ArnLike": {"aws:SourceArn": f"arn:aws:es:us-east-1:{OWN}:domain/orders-source"}}
    a_role(desk, allow("s3:*"), trust=({**SERVICE, "Condition": only_source},))
    a_bucket(desk)
    found = desk.run("diff", "--only", "source-role")
    assert found.exit_code == 3
    assert f"may not assume it for arn:aws:es:eu-west-1:{OWN}:domain/orders-target" in found.output
    assert desk.run("apply", "--execute", "--only", "source-role").exit_code == 0
    arns = [each["Condition"]["ArnLike"]["aws:SourceArn"] for each in trust_of(desk)]
    assert arns[0] == only_source["ArnLike"]["aws:SourceArn"]
    assert len(arns[1]) == 2


def test_what_somebody_takes_away_at_the_same_time_is_noticed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, true_send = a_role(desk, allow("s3:*"), trust=(EC2,)), calls.send
    a_bucket(desk)

    def send(session: Any, call: calls.AwsCall) -> None:
        statements = call.parameters["PolicyDocument"]["Statement"]
        without = {
            **call.parameters,
            "PolicyDocument": {**call.parameters["PolicyDocument"], "Statement": statements[1:]},
        }
        true_send(session, calls.AwsCall("iam", call.operation, call.account, call.resource, without))

    monkeypatch.setattr(calls, "send", send)
    made = desk.run("apply", "--execute", "--only", "source-role")
    assert made.exit_code == 1, made.output
    assert "lacks what it had a moment ago" in made.output
    assert "ec2.amazonaws.com" in made.output
    assert client


# what is in the way


def refused(desk: Desk, *facts: str, options: tuple[str, ...] = ()) -> None:
    before = list(desk.accounts.calls)
    made = desk.run("apply", "--execute", *options)
    assert made.exit_code == 3, made.output
    assert "nothing was changed" in made.output
    for fact in facts:
        assert fact in made.output, made.output
    assert desk.accounts.calls == before


@pytest.mark.parametrize("what", ["archives", "deletes"])
def test_a_lifecycle_rule_over_the_path_is_refused_with_its_name(desk: Desk, what: str) -> None:
    s3 = a_bucket(desk)
    does: dict[str, Any] = (
        {"Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}
        if what == "archives"
        else {"Expiration": {"Days": 30}}
    )
    rule = {"ID": "old-to-glacier", "Status": "Enabled", "Filter": {"Prefix": "or"}, **does}
    s3.put_bucket_lifecycle_configuration(Bucket="snapshots", LifecycleConfiguration={"Rules": [rule]})
    refused(desk, "rule old-to-glacier", "no rule is changed here")


def test_a_rule_for_another_folder_is_nobodys_business(desk: Desk) -> None:
    s3 = a_bucket(desk)
    rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket="snapshots", LifecycleConfiguration={"Rules": [rule]})
    assert desk.run("apply", "--execute").exit_code == 0


def test_a_deny_cannot_be_lifted_by_another_statement(desk: Desk) -> None:
    a_role(desk, allow("s3:*"), {**allow("s3:PutObject"), "Effect": "Deny"})
    a_bucket(desk)
    refused(desk, "some Deny forbids s3:PutObject")


def test_a_deny_in_the_trust_policy_is_refused(desk: Desk) -> None:
    a_role(desk, trust=(SERVICE, {**SERVICE, "Effect": "Deny"}))
    refused(desk, "a Deny in it may keep")


def test_a_policy_of_somebody_else_under_our_name_is_refused(desk: Desk) -> None:
    client = a_role(desk)
    client.put_role_policy(
        RoleName="Snapshots", PolicyName="snapferry-orders", PolicyDocument=document(allow("s3:GetObject"))
    )
    desk.accounts.calls.clear()
    refused(desk, "it has a policy snapferry-orders with statements that are not ours")


def test_a_role_of_the_name_under_another_path_is_refused(desk: Desk) -> None:
    desk.accounts.client("iam").create_role(
        RoleName="Snapshots", Path="/team/", AssumeRolePolicyDocument=document(SERVICE)
    )
    desk.accounts.calls.clear()
    refused(desk, "under another path: arn:aws:iam::123456789012:role/team/Snapshots")


def test_what_cannot_be_read_is_never_taken_to_be_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    a_role(desk, allow("s3:*"))

    def decisions(*_: Any) -> Any:
        raise AwsError("could not simulate the policies: not authorized", "allow it")

    monkeypatch.setattr(iam, "decisions", decisions)
    refused(desk, "could not tell: could not simulate the policies")
    assert desk.run("diff").exit_code == 3


# callers


def test_a_user_gets_a_policy_and_is_never_made(desk: Desk) -> None:
    refused(desk, "there is no such user", options=("--caller", f"arn:aws:iam::{OWN}:user/ann"))
    desk.accounts.client("iam").create_user(UserName="ann")
    desk.accounts.calls.clear()
    made = desk.run("apply", "--execute", "--caller", f"arn:aws:iam::{OWN}:user/ann")
    assert made.exit_code == 0, made.output
    assert desk.accounts.calls[-1] == "PutUserPolicy"
    assert desk.accounts.calls.count("CreateRole") == 1


def test_a_users_policy_that_iam_would_not_take_is_refused(desk: Desk) -> None:
    name = "x" * 64
    desk.accounts.client("iam").create_user(UserName=name)
    desk.write(role_arn=f"arn:aws:iam::{OWN}:role/{'a/' * 150}{'r' * 64}")
    desk.accounts.calls.clear()
    refused(desk, "2048 characters", options=("--caller", f"arn:aws:iam::{OWN}:user/{name}"))


def test_a_caller_of_another_account_cannot_pass_the_role(desk: Desk) -> None:
    found = desk.run("diff", "--caller", f"arn:aws:iam::{OTHER}:role/Mover")
    assert found.exit_code == 3
    assert f"cannot pass a role of account {OWN}" in found.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--caller", f"arn:aws:sts::{OWN}:assumed-role/Mover/me"), "this is the ARN of a session"),
        (("--caller", "ann"), "give the ARN of a user or a role"),
        (("--kms-key", "alias/mine"), "give the ARN of a KMS key"),
        (("--only", "roles"), "roles is none of bucket"),
        (("--admin-user", "master"), "give both, or neither"),
        (("--admin-user", "a:b", "--admin-password-env", "X"), "a user name cannot contain a colon"),
        (("--admin-user", "a", "--admin-password-env", "1-X"), "give the name of an environment variable"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_sent(
    desk: Desk, options: tuple[str, ...], said: str
) -> None:
    found = desk.run("diff", *options)
    assert found.exit_code == 2
    assert said in " ".join(found.output.replace("│", " ").split()), found.output
    assert desk.source.requests == []


def test_a_domains_own_name_does_not_widen_a_policy(desk: Desk) -> None:
    version = {"distribution": "opensearch", "number": "2.19.1"}
    desk.target.on("GET /", ok({"cluster_name": f"{OWN}:*", "cluster_uuid": "t", "version": version}))
    refused_by = desk.run("apply", "--execute")
    assert refused_by.exit_code == 3
    assert "the ARN of the target is not known" in refused_by.output
    assert desk.accounts.calls == []


# keys


def a_key(desk: Desk, *statements: dict[str, Any]) -> str:
    kms = desk.accounts.client("kms")
    arn: str = kms.create_key(Policy=document(*statements))["KeyMetadata"]["Arn"]
    desk.accounts.calls.clear()
    return arn


def owner(*actions: str) -> dict[str, Any]:
    root = {"AWS": f"arn:aws:iam::{OWN}:root"}
    return {"Sid": "Owner", "Effect": "Allow", "Principal": root, "Action": list(actions), "Resource": "*"}


def test_a_new_bucket_is_encrypted_by_the_key_and_the_role_may_use_it(desk: Desk) -> None:
    key = a_key(desk, owner("kms:*"))
    made = desk.run("apply", "--execute", "--kms-key", key)
    assert made.exit_code == 0, made.output
    assert desk.accounts.calls[:3] == ["PUT ?", "PUT ?tagging", "PUT ?encryption"]
    assert "PutKeyPolicy" not in desk.accounts.calls, "its policy leaves the roles to the account"
    found = desk.run("diff")  # the bucket's own key is found by itself
    assert found.exit_code == 0, found.output
    policy = desk.accounts.client("iam").get_role_policy(RoleName="Snapshots", PolicyName="snapferry-orders")[
        "PolicyDocument"
    ]
    (by_key,) = [each for each in policy["Statement"] if each["Resource"] == key]
    assert by_key["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_a_key_that_names_its_users_gets_one_more_and_loses_none(desk: Desk) -> None:
    key = a_key(desk, owner("kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:DescribeKey"))
    assert desk.run("apply", "--execute", "--kms-key", key).exit_code == 0
    kms = desk.accounts.client("kms")

    def policy() -> list[dict[str, Any]]:
        return json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])["Statement"]

    assert policy()[0]["Sid"] == "Owner"
    assert policy()[1]["Principal"] == {"AWS": ROLE}
    assert desk.run("remove", "--execute").exit_code == 0
    assert [each["Sid"] for each in policy()] == ["Owner"]


def test_the_encryption_of_somebodys_bucket_is_not_changed(desk: Desk) -> None:
    a_bucket(desk)
    key = a_key(desk, owner("kms:*"))
    refused(desk, "the bucket encrypts by S3", options=("--kms-key", key))


# two accounts

THEIRS = f"arn:aws:iam::{OTHER}:role/Snapshots"
THEIR_MOVER = {"type": "sigv4", "role_arn": f"arn:aws:iam::{OTHER}:role/Mover"}


@pytest.fixture
def move(desk: Desk) -> Desk:
    """A move to another account: bucket and one role here, a role there."""
    from support.aws_account import as_open_domain

    as_open_domain(desk.target, "orders-target", OTHER)
    desk.write(target={"auth": {**THEIR_MOVER, "profile": "other"}}, target_role_arn=THEIRS)
    return desk


def test_a_move_to_another_account_opens_the_bucket_to_the_role_there(move: Desk) -> None:
    made = move.run("apply", "--execute")
    assert made.exit_code == 0, made.output
    assert move.run("diff").exit_code == 0
    s3 = move.accounts.client("s3")
    statements = json.loads(s3.get_bucket_policy(Bucket="snapshots")["Policy"])["Statement"]
    allowed = {(each["Principal"]["AWS"], str(each["Action"]), str(each["Resource"])) for each in statements}
    assert allowed == {
        (THEIRS, "s3:ListBucket", "arn:aws:s3:::snapshots"),
        (THEIRS, "s3:GetObject", "arn:aws:s3:::snapshots/orders/*"),
    }
    controls = s3.get_bucket_ownership_controls(Bucket="snapshots")["OwnershipControls"]
    assert controls["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    there = move.accounts.client("iam", OTHER)
    for role, passes in (("Snapshots", False), ("Mover", True)):
        policy = there.get_role_policy(RoleName=role, PolicyName="snapferry-orders")["PolicyDocument"]
        assert ("iam:PassRole" in str(policy)) is passes
    assert "PutObject" not in str(
        there.get_role_policy(RoleName="Snapshots", PolicyName="snapferry-orders")["PolicyDocument"]
    )
    assert move.run("remove", "--execute").exit_code == 0
    assert [each["RoleName"] for each in there.list_roles()["Roles"]] == ["Admin"]


def test_without_a_login_of_the_other_account_it_is_named(move: Desk) -> None:
    move.write(target={"auth": THEIR_MOVER}, target_role_arn=THEIRS)
    found = move.run("diff")
    assert found.exit_code == 3
    assert f"account {OTHER} has to be read and changed" in found.output
    assert "--target-profile" in found.output


def test_a_caller_that_trusts_another_account_than_this_login_is_not_waited_for(move: Desk) -> None:
    move.write(target={"auth": THEIR_MOVER}, target_role_arn=THEIRS)
    made = move.run("apply", "--execute", "--target-profile", "other")
    assert made.exit_code == 0, made.output
    assert f"trusts account {OTHER}, and these credentials are of {OWN}" in made.output


def test_somebodys_bucket_policy_stays_and_each_part_of_ours_is_missed(move: Desk) -> None:
    s3 = a_bucket(move)
    s3.put_bucket_ownership_controls(
        Bucket="snapshots", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    theirs = allow("s3:GetObject", "arn:aws:s3:::snapshots/web/*", Principal="*", Sid="Web")
    s3.put_bucket_policy(Bucket="snapshots", Policy=document(theirs))
    assert move.run("apply", "--execute").exit_code == 0

    def statements() -> list[dict[str, Any]]:
        return json.loads(s3.get_bucket_policy(Bucket="snapshots")["Policy"])["Statement"]

    whole = statements()
    assert whole[0] == theirs
    for one in whole[1:]:
        s3.put_bucket_policy(Bucket="snapshots", Policy=document(*(each for each in whole if each != one)))
        found = move.run("diff", "--only", "bucket")
        assert found.exit_code == 3
        assert f"it does not allow {THEIRS} {one['Action']}" in found.output
    s3.put_bucket_policy(Bucket="snapshots", Policy=document(*whole))
    assert move.run("remove", "--execute").exit_code == 0
    assert statements() == [theirs]


def test_object_ownership_of_somebodys_bucket_takes_consent_and_is_restored(
    move: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket is of the account that reads: what the other one writes would belong to that one."""
    true = s3_reads.policy

    def policy(session: Any, bucket: str, region: str | None = None) -> str:
        if iam.caller(session).account != OTHER:  # S3 shows a bucket's policy to its own account only
            raise AwsError("could not read the policy: MethodNotAllowed")
        return true(session, bucket, region)

    monkeypatch.setattr(s3_reads, "policy", policy)
    s3 = move.accounts.client("s3", OTHER)
    s3.create_bucket(Bucket="snapshots", ObjectOwnership="ObjectWriter")
    move.accounts.calls.clear()
    refused(move, "ObjectWriter", "consent with --allow-ownership")
    made = move.run("apply", "--execute", "--allow-ownership")
    assert made.exit_code == 0, made.output

    def owner_of() -> str:
        found = s3.get_bucket_ownership_controls(Bucket="snapshots")["OwnershipControls"]["Rules"]
        return found[0]["ObjectOwnership"]

    assert owner_of() == "BucketOwnerEnforced"
    assert move.run("remove", "--execute").exit_code == 0
    assert owner_of() == "ObjectWriter"


def test_a_policy_that_names_a_new_role_too_early_is_sent_again_after_a_wait(
    move: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_send, refusals = calls.send, iter([True, True, False])

    def send(session: Any, call: calls.AwsCall) -> None:
        if call.operation == "PutBucketPolicy" and next(refusals):
            error = AwsError("could not put bucket policy: MalformedPolicy: Invalid principal in policy")
            error.code = "MalformedPolicy"
            raise error
        true_send(session, call)

    monkeypatch.setattr(calls, "send", send)
    monkeypatch.setattr(applying, "_BETWEEN_S", 0.0)
    made = move.run("apply", "--execute")
    assert made.exit_code == 0, made.output
    assert "Invalid principal in policy" in made.output
    assert "waiting:" in made.output


# taking it back


def test_a_bucket_that_holds_something_and_a_role_that_others_use_stay(desk: Desk) -> None:
    assert desk.run("apply", "--execute").exit_code == 0
    desk.accounts.client("s3").put_object(Bucket="snapshots", Key="orders/index-0", Body=b"x")
    desk.accounts.client("iam").put_role_policy(
        RoleName="Snapshots", PolicyName="theirs", PolicyDocument=document(allow("s3:GetObject"))
    )
    removed = desk.run("remove", "--execute")
    assert removed.exit_code == 0, removed.output
    assert "a bucket is removed only when it is empty" in removed.output
    assert "somebody has given it other policies: theirs" in removed.output
    names = [each["RoleName"] for each in desk.accounts.client("iam").list_roles()["Roles"]]
    assert names == ["Snapshots"]


def test_nothing_of_others_is_removed_even_without_the_state_folder(desk: Desk) -> None:
    client = a_role(desk, allow("s3:*"))
    a_bucket(desk)
    before = trust_of(desk)
    removed = desk.run("remove", "--execute")
    assert removed.exit_code == 0
    assert "Nothing of plan orders's set-up is left to remove" in removed.output
    assert (trust_of(desk), desk.accounts.calls) == (before, [])
    assert client.list_role_policies(RoleName="Snapshots")["PolicyNames"] == ["theirs"]


def test_what_was_made_is_recognized_without_the_state_folder(desk: Desk) -> None:
    import shutil

    assert desk.run("apply", "--execute").exit_code == 0
    shutil.rmtree(desk.folder / "state")
    preview = json.loads(desk.run("remove", "--json").stdout)
    assert {part["kind"] for part in preview["parts"] if part["status"] == "remove"} == {
        "bucket", "role", "policy",
    }  # fmt: skip
    assert desk.run("remove", "--execute").exit_code == 0
    assert desk.accounts.client("iam").list_roles()["Roles"] == []


def test_removal_goes_on_after_a_refusal_and_says_what_is_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.run("apply", "--execute").exit_code == 0
    true_send = calls.send

    def send(session: Any, call: calls.AwsCall) -> None:
        if call.operation == "DeleteRole" and call.resource == MOVER:
            raise AwsError("could not delete role: AccessDenied", "allow it")
        true_send(session, call)

    monkeypatch.setattr(calls, "send", send)
    removed = desk.run("remove", "--execute")
    assert removed.exit_code == 1
    assert f"could not be removed: role {MOVER}" in removed.output
    assert desk.accounts.client("s3").list_buckets()["Buckets"] == []
    monkeypatch.undo()
    assert desk.run("remove", "--execute").exit_code == 0


def test_a_plan_without_a_bucket_has_nothing_to_set_up(desk: Desk) -> None:
    (desk.folder / "plan.yaml").write_text(
        "name: folders\n"
        'source: {endpoint: "http://127.0.0.1:1", auth: {type: none}}\n'
        'target: {endpoint: "http://127.0.0.1:2", auth: {type: none}}\n'
        "repository: {type: fs, name: repo, location: /mnt/snapshots}\n"
    )
    found = desk.run("diff")
    assert found.exit_code == 3
    assert "shared folder, which needs no bucket, role or policy" in found.output


def test_a_domain_that_cannot_be_asked_is_refused_and_can_be_left_out(desk: Desk) -> None:
    desk.write(target={"endpoint": "http://127.0.0.1:1"})
    denied = engine_error(403, "security_exception", "no permissions for [cluster:monitor/main]")
    desk.source.on("GET /", denied)
    found = desk.run("diff")
    assert found.exit_code == 3
    assert "the ARN of the source is not known" in found.output
