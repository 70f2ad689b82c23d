"""Two accounts in the lab: what each holds, and what a caller of one may do in the other. Without engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from configs.auth import SigV4Auth
from configs.loading.loader import parse_plan
from lab.account import ownership
from lab.account.account import Accounts, open_accounts
from lab.account.directory import Bucket, Key, MotoDirectory, Role
from lab.account.layers import layers
from lab.account.ownership import Owner
from lab.account.policies import Policy, parse
from lab.account.s3_actions import S3Request
from lab.account.server import AwsServer
from lab.description import DomainDescription, LabDescription, environment, load_description
from lab.door import remembered, trouble
from lab.door.engine_link import EngineLink
from lab.door.exchange import Door
from lab.door.request_log import RequestLog
from lab.door.rules import Rules
from lab.door.shard_rights import ShardRights
from lab.errors import LabError
from lab.settings import ACCOUNT, DomainSettings, LabSettings
from snapferry.exit_codes import ExitCode
from snapferry.lab_texts import plan_text, summary
from snapferry.main import app

pytestmark = pytest.mark.slow

OTHER = "210987654321"
SETTINGS = LabSettings(target=DomainSettings("orders-target", "eu-west-1", account=OTHER))
BUCKET = SETTINGS.bucket
OBJECTS = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
REGIONS = {"source": "us-east-1", "target": "eu-west-1"}


KEY = "a/b c é %41:x"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def root(account: str) -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::{account}:root"}


@dataclass(frozen=True)
class Both:
    """Both accounts of a fresh lab, behind one address."""

    url: str
    opened: Accounts

    def client(self, side: str, service: str, region: str = "us-east-1") -> Any:
        """A client of the side's administrator."""
        key = self.opened.administrators[0 if side == "source" else 1]
        return self.by_key(key.access_key_id, key.secret_access_key, service, region)

    def by_key(self, key: str, secret: str, service: str, region: str = "us-east-1") -> Any:
        session: Any = boto3.Session(key, secret, region_name=region)
        return session.client(service, endpoint_url=self.url)

    def stranger(self, *statements: dict[str, Any]) -> tuple[str, Any]:
        """A user of the target's account who may do this: its ARN, and its S3."""
        iam = self.client("target", "iam")
        arn = iam.create_user(UserName="ann")["User"]["Arn"]
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        if statements:
            iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document(*statements))
        return arn, self.by_key(key["AccessKeyId"], key["SecretAccessKey"], "s3")

    def bucket_policy(self, *statements: dict[str, Any]) -> None:
        self.client("source", "s3").put_bucket_policy(Bucket=BUCKET, Policy=document(*statements))

    def belongs_to(self, whom: str) -> None:
        """Set the Object Ownership of the source's bucket."""
        controls = {"Rules": [{"ObjectOwnership": whom}]}
        self.client("source", "s3").put_bucket_ownership_controls(Bucket=BUCKET, OwnershipControls=controls)


@pytest.fixture(scope="module")
def server() -> Iterator[AwsServer]:
    running = AwsServer(layers(MotoDirectory()))
    yield running
    running.stop()


@pytest.fixture
def both(server: AwsServer) -> Iterator[Both]:
    yield Both(server.url, open_accounts(SETTINGS, server.url))
    requests.post(f"{server.url}/moto-api/reset", timeout=10).raise_for_status()


def refused(call: Any, **arguments: Any) -> str:
    """The code of the refusal; empty if it was accepted."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_each_account_holds_its_own(both: Both) -> None:
    accounts = {side: both.client(side, "sts").get_caller_identity()["Account"] for side in REGIONS}
    assert accounts == {"source": ACCOUNT, "target": OTHER}
    held = {side: both.client(side, "s3").list_buckets()["Buckets"] for side in REGIONS}
    assert [[each["Name"] for each in found] for found in held.values()] == [[BUCKET], []]
    roles = {side: both.client(side, "iam").list_roles()["Roles"] for side in REGIONS}
    assert [len(found) for found in roles.values()] == [1, 0], (
        "the second account gets what is asked for only"
    )
    for side, region in REGIONS.items():
        for name in ("orders-source", "orders-target"):
            look = both.client(side, "opensearch", region).describe_domain
            code = "" if name == f"orders-{side}" else "ResourceNotFoundException"
            assert refused(look, DomainName=name) == code, (side, name)


def test_the_role_trusts_the_domain_of_its_account(both: Both) -> None:
    (role,) = both.client("source", "iam").list_roles()["Roles"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    own = ["arn:aws:es:us-east-1:123456789012:domain/orders-source"]
    assert statement["Condition"]["ArnLike"] == {"aws:SourceArn": own}


def test_another_accounts_bucket_needs_both_policies(both: Both) -> None:
    both.client("source", "s3").put_object(Bucket=BUCKET, Key="a", Body=b"x")
    ann, s3 = both.stranger()
    lets_in = allow(["s3:GetObject", "s3:ListBucket"], OBJECTS, Principal={"AWS": ann})
    for statements, own, code in (
        ((), False, "AccessDenied"), ((lets_in,), False, "AccessDenied"),
        ((), True, "AccessDenied"), ((lets_in,), True, ""),
        ((lets_in | {"Principal": root(OTHER)},), True, ""),
    ):  # fmt: skip
        both.bucket_policy(*statements)
        rights = document(allow("s3:*" if own else "ec2:*"))
        both.client("target", "iam").put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=rights)
        assert refused(s3.get_object, Bucket=BUCKET, Key="a") == code
        assert refused(s3.list_objects_v2, Bucket=BUCKET) == code
        assert refused(s3.put_object, Bucket=BUCKET, Key="b", Body=b"y") == "AccessDenied"


def test_a_copy_reads_what_it_copies(both: Both) -> None:
    own, theirs = both.client("source", "s3"), both.client("target", "s3")
    theirs.create_bucket(Bucket="theirs")
    own.put_object(Bucket=BUCKET, Key="a:b", Body=b"x")
    copy = {"Bucket": "theirs", "Key": "c", "CopySource": {"Bucket": BUCKET, "Key": "a:b"}}
    assert refused(theirs.copy_object, **copy) == "AccessDenied"
    both.bucket_policy(allow("s3:GetObject", OBJECTS, Principal=root(OTHER)))
    assert refused(theirs.copy_object, **copy) == ""
    assert refused(theirs.get_object, Bucket=BUCKET, Key="a:b") == ""


def test_the_buckets_own_account_alone_reads_its_policy(both: Both) -> None:
    theirs = both.client("target", "s3")
    assert refused(theirs.get_bucket_policy, Bucket=BUCKET) == "AccessDenied"
    both.bucket_policy(allow("s3:*", OBJECTS, Principal=root(OTHER)))
    assert refused(theirs.get_bucket_policy, Bucket=BUCKET) == "MethodNotAllowed"
    assert refused(theirs.put_bucket_policy, Bucket=BUCKET, Policy=document()) == "MethodNotAllowed"
    assert refused(theirs.get_bucket_ownership_controls, Bucket=BUCKET) == ""
    assert refused(both.client("source", "s3").get_bucket_policy, Bucket=BUCKET) == ""


def test_a_new_buckets_owner_owns_everything_unless_it_says_otherwise(both: Both) -> None:
    s3 = both.client("target", "s3")
    s3.create_bucket(Bucket="theirs")
    s3.create_bucket(Bucket="older", ObjectOwnership="ObjectWriter")

    def shown(bucket: str) -> str:
        return s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"][0][
            "ObjectOwnership"
        ]

    assert (shown("theirs"), shown("older")) == ("BucketOwnerEnforced", "ObjectWriter")


@pytest.mark.parametrize(
    ("controls", "acl", "owner_reads"),
    [
        ("ObjectWriter", "private", False),
        ("ObjectWriter", "bucket-owner-full-control", True),
        ("BucketOwnerPreferred", "private", False),
        ("BucketOwnerPreferred", "bucket-owner-full-control", True),
        ("BucketOwnerEnforced", "bucket-owner-full-control", True),
    ],
)
def test_an_object_belongs_to_the_account_that_wrote_it(
    both: Both, controls: str, acl: str, owner_reads: bool
) -> None:
    own, theirs = both.client("source", "s3"), both.client("target", "s3")
    both.belongs_to(controls)
    both.bucket_policy(allow("s3:*", OBJECTS, Principal=root(OTHER)))
    theirs.put_object(Bucket=BUCKET, Key=KEY, Body=b"x", ACL=acl)
    assert refused(theirs.get_object, Bucket=BUCKET, Key=KEY) == ""
    assert refused(own.get_object, Bucket=BUCKET, Key=KEY) == ("" if owner_reads else "AccessDenied")
    both.belongs_to("BucketOwnerEnforced")
    assert refused(own.get_object, Bucket=BUCKET, Key=KEY) == "", "it also holds for objects of before"
    both.belongs_to(controls)
    own.put_object(Bucket=BUCKET, Key=KEY, Body=b"y")
    assert refused(own.get_object, Bucket=BUCKET, Key=KEY) == "", "it was replaced by an own one"


def test_a_role_of_another_account_is_assumed_by_both_policies(both: Both) -> None:
    iam, sts = both.client("target", "iam"), both.client("source", "sts")
    trust = allow("sts:AssumeRole", Principal=root(ACCOUNT))
    del trust["Resource"]
    arn = iam.create_role(RoleName="Migrator", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    got = sts.assume_role(RoleArn=arn, RoleSessionName="night")["Credentials"]
    session: Any = boto3.Session(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
    who = session.client("sts", endpoint_url=both.url, region_name="us-east-1").get_caller_identity()
    assert (who["Account"], who["Arn"]) == (OTHER, f"arn:aws:sts::{OTHER}:assumed-role/Migrator/night")
    iam.update_assume_role_policy(
        RoleName="Migrator", PolicyDocument=document(trust | {"Principal": root(OTHER)})
    )
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="night") == "AccessDenied"


def test_another_accounts_key_is_described_by_both_policies_and_its_policy_never_shown(both: Both) -> None:
    own, theirs = both.client("source", "kms"), both.client("target", "kms")
    arn = own.create_key()["KeyMetadata"]["Arn"]
    assert refused(theirs.describe_key, KeyId=arn) == "AccessDeniedException"
    policy = document(*(allow("kms:*", Principal=root(account)) for account in (ACCOUNT, OTHER)))
    own.put_key_policy(KeyId=arn, PolicyName="default", Policy=policy)
    assert theirs.describe_key(KeyId=arn)["KeyMetadata"]["Arn"] == arn
    change = {"KeyId": arn, "PolicyName": "default", "Policy": policy}
    assert refused(theirs.put_key_policy, **change) == "AccessDeniedException"
    assert refused(theirs.encrypt, KeyId=arn, Plaintext=b"x") == ""
    assert refused(theirs.get_key_policy, KeyId=arn, PolicyName="default") == "AccessDeniedException"
    assert refused(own.get_key_policy, KeyId=arn, PolicyName="default") == ""


def test_policies_of_another_account_are_not_simulated(both: Both) -> None:
    asked = {"PolicySourceArn": both.opened.role_arn, "ActionNames": ["s3:GetObject"]}
    assert refused(both.client("source", "iam").simulate_principal_policy, **asked) == ""
    assert refused(both.client("target", "iam").simulate_principal_policy, **asked) == "AccessDenied"


@pytest.mark.parametrize(
    ("method", "path", "query", "action", "resource"),
    [
        ("GET", "/b", "", "s3:ListBucket", "b"),
        ("GET", "/b", "versions", "s3:ListBucketVersions", "b"),
        ("GET", "/b", "uploads", "s3:ListBucketMultipartUploads", "b"),
        ("PUT", "/b", "", None, "b"),
        ("GET", "/", "", None, ""),
        ("DELETE", "/b", "", "s3:DeleteBucket", "b"),
        ("DELETE", "/b", "policy", "s3:DeleteBucketPolicy", "b"),
        ("DELETE", "/b", "lifecycle", "s3:PutLifecycleConfiguration", "b"),
        ("POST", "/b", "delete", "s3:DeleteObject", "b/*"),
        ("GET", "/b/k%20k", "", "s3:GetObject", "b/k%20k"),
        ("PUT", "/b/k", "acl", "s3:PutObjectAcl", "b/k"),
        ("GET", "/b/k", "uploadId=u", "s3:ListMultipartUploadParts", "b/k"),
        ("PUT", "/b/k", "partNumber=1&uploadId=u", "s3:PutObject", "b/k"),
        ("DELETE", "/b/k", "uploadId=u", "s3:AbortMultipartUpload", "b/k"),
        ("DELETE", "/b/k", "", "s3:DeleteObject", "b/k"),
        ("POST", "/b/k", "restore", "s3:RestoreObject", "b/k"),
        ("POST", "/b/k", "select&select-type=2", "s3:GetObject", "b/k"),
    ],
)
def test_every_request_to_s3_has_its_action(
    method: str, path: str, query: str, action: str | None, resource: str
) -> None:
    request = S3Request(method, path, query)
    assert (request.action, request.resource) == (action, f"arn:aws:s3:::{resource}")


# The domain's side: the role that the service assumes, and what the engine writes with it.

SOURCE_ROLE, TARGET_ROLE = (f"arn:aws:iam::{account}:role/Snapshots" for account in (ACCOUNT, OTHER))
USES = parse(document(allow("s3:*"), allow("kms:*")))
TRUSTS = parse(document({"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "sts:*"}))


@dataclass(frozen=True)
class Directory:
    """A role in each account, and one bucket."""

    bucket_: Bucket
    own: Policy = USES

    def role(self, arn: str) -> Role | None:
        return Role(arn, TRUSTS, (self.own,)) if arn in (SOURCE_ROLE, TARGET_ROLE) else None

    def bucket(self, name: str) -> Bucket:
        return self.bucket_

    def bucket_region(self, name: str) -> str:
        return self.bucket_.region


def a_door(tmp_path: Path, bucket: Bucket, folder: str | None = None) -> Door:
    """The front door of the target's domain, whose repository `r` lies in the bucket."""
    directory: Any = Directory(bucket)
    link, log = EngineLink("http://nowhere"), RequestLog(tmp_path / "log")
    door = Door("target", SETTINGS.target, "host", link, directory, Rules(), log, folder)
    door.registered["r"] = {"bucket": BUCKET, "base_path": "move", "role_arn": TARGET_ROLE}
    return door


def troubled(door: Door, use: trouble.Use = "read") -> bool:
    settings = {"endpoint": "s3.amazonaws.com", **door.registered["r"]}
    return trouble.found("r", settings, use, door) is not None


LETS_IN = parse(document(allow(["s3:ListBucket", "s3:GetObject"], OBJECTS, Principal={"AWS": TARGET_ROLE})))


def test_a_role_reads_another_accounts_bucket_by_both_policies(tmp_path: Path) -> None:
    theirs = Bucket("us-east-1", account=ACCOUNT)
    assert troubled(a_door(tmp_path, theirs)), "its own policies are not enough"
    opened = a_door(tmp_path, replace(theirs, policies=(LETS_IN,)))
    assert not troubled(opened)
    silent: Any = Directory(opened.directory.bucket(BUCKET), Policy(()))  # type: ignore[arg-type]
    assert troubled(replace(opened, directory=silent)), "the bucket's policy is not enough"
    assert not troubled(a_door(tmp_path, Bucket("us-east-1", account=OTHER))), "within an account it is"


def test_the_service_comes_from_the_domains_account(tmp_path: Path) -> None:
    door = a_door(tmp_path, Bucket("us-east-1", account=OTHER))
    for account, may in ((OTHER, True), (ACCOUNT, False)):
        condition = {"StringEquals": {"aws:SourceAccount": account}}
        trust = parse(document({**TRUSTS.statements[0], "Condition": condition}))
        assert trouble.assumable(Role(TARGET_ROLE, trust, ()), door) is may


def test_the_managed_key_of_a_bucket_serves_its_account_only(tmp_path: Path) -> None:
    theirs = Bucket("us-east-1", (LETS_IN,), account=ACCOUNT, by_managed_key=True)
    assert troubled(a_door(tmp_path, theirs))
    assert not troubled(a_door(tmp_path, replace(theirs, account=OTHER)))


@pytest.mark.parametrize(
    ("named", "may"), [(TARGET_ROLE, True), (f"arn:aws:iam::{OTHER}:root", True), ("1", False)]
)
def test_another_accounts_key_must_let_the_role_in(tmp_path: Path, named: str, may: bool) -> None:
    policy = parse(document(allow("kms:Decrypt", Principal={"AWS": named})))
    key = Key(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k", (policy,))
    bucket = Bucket("us-east-1", (LETS_IN,), key, ACCOUNT)
    assert troubled(a_door(tmp_path, bucket)) is not may
    silent: Any = Directory(bucket, parse(document(allow("s3:*"))))
    assert troubled(replace(a_door(tmp_path, bucket), directory=silent)), "the key's policy is not enough"


def test_a_repository_that_somebody_else_owns_cannot_be_read(tmp_path: Path) -> None:
    own = Bucket("us-east-1", account=OTHER, owners={"move/index-7": Owner(ACCOUNT)})
    assert troubled(a_door(tmp_path, own))
    assert not troubled(a_door(tmp_path, own), "verify"), "it only lists, or reads what it has written"
    elsewhere = replace(own, owners={"other/index-7": Owner(ACCOUNT)})
    shared = replace(own, owners={"move/index-7": Owner(ACCOUNT, shares=True)})
    assert not troubled(a_door(tmp_path, elsewhere))
    assert not troubled(a_door(tmp_path, shared))


def test_what_an_engine_writes_belongs_to_the_account_of_its_role(both: Both, tmp_path: Path) -> None:
    """On S3 each object by itself; in the folder in its place, the repository as a whole."""
    both.belongs_to("ObjectWriter")
    door = replace(a_door(tmp_path, Bucket("us-east-1")), directory=MotoDirectory())
    rights = ShardRights()
    rights.manage({"1": door})
    request = {"SERVER_PORT": "1", "REQUEST_METHOD": "PUT", "HTTP_X_AMZ_ACL": "private"}
    assert rights({**request, "PATH_INFO": f"/{BUCKET}/move/index-1"}, lambda *_: None) is None
    assert MotoDirectory().bucket(BUCKET).owners == {}, "it is not there yet"
    both.client("source", "s3").put_object(Bucket=BUCKET, Key="move/other", Body=b"x")
    rights({**request, "PATH_INFO": f"/{BUCKET}/move/other"}, lambda *_: None)
    assert MotoDirectory().bucket(BUCKET).owners == {"move/other": Owner(OTHER)}
    folder = replace(door, folder="/shared")
    for use, method in (("read", "POST"), ("write", "DELETE")):
        remembered.used(folder, "r", use, method)
        assert MotoDirectory().bucket(BUCKET).owner_under("move/index-") is None
    remembered.used(folder, "r", "write", "PUT")
    assert MotoDirectory().bucket(BUCKET).owner_under("move/index-") == Owner(OTHER)
    ownership.forget_folders()
    assert MotoDirectory().bucket(BUCKET).owner_under("move/index-") is None


# Settings and description.


def test_settings_of_before_load_with_the_labs_own_account(tmp_path: Path) -> None:
    SETTINGS.save(tmp_path / "new.json")
    assert LabSettings.load(tmp_path / "new.json") == SETTINGS
    raw = json.loads((tmp_path / "new.json").read_text())
    for side in REGIONS:
        del raw[side]["account"]
    (tmp_path / "old.json").write_text(json.dumps(raw))
    old = LabSettings.load(tmp_path / "old.json")
    assert [domain.account for domain in old.domains] == [ACCOUNT, ACCOUNT]


def test_an_account_has_twelve_digits() -> None:
    from lab.engines.artifacts import find_engine

    with pytest.raises(LabError, match="'21098' is not an account"):
        DomainSettings("orders", "us-east-1", account="21098").require_possible(
            find_engine("opensearch-3.6.0")
        )


def description(home: Path) -> LabDescription:
    """A lab whose target is of another account."""

    def domain(side: str, **more: str) -> DomainDescription:
        port = 1 if side == "source" else 2
        return DomainDescription(
            name=side, region=REGIONS[side], endpoint=f"http://127.0.0.1:{port}", host="h",
            engine_url="http://5", request_log="log", engine="opensearch-3.6.0", version="3.6.0", java="j",
            access_control=False, operator={}, nodes=[], has_analysis=True, has_data_streams=True, **more,
        )  # fmt: skip

    return LabDescription(
        home=str(home), control_url="http://3", admin_url="http://4", bucket="snapshots",
        bucket_region="us-east-1", role_arn=SOURCE_ROLE, access_key_id="k1", secret_access_key="s1",
        ca_bundle=None, supervisor_pid=1, source=domain("source"),
        target=domain("target", account=OTHER, access_key_id="k2", secret_access_key="s2"),
    )  # fmt: skip


def test_each_profile_holds_its_accounts_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = description(tmp_path)
    lab.save_profiles(tmp_path)
    assert (tmp_path / "aws-config").stat().st_mode & 0o777 == 0o600
    for name, value in environment(lab).items():
        monkeypatch.setenv(name, value)
    keys = {side: boto3.Session(profile_name=side).get_credentials() for side in REGIONS}
    assert [(each.access_key, each.secret_key) for each in keys.values()] == [("k1", "s1"), ("k2", "s2")]
    assert boto3.Session().get_credentials().access_key == "k1"
    one = replace(lab, target=replace(lab.target, account=ACCOUNT))
    assert (one.key("target"), one.has_two_accounts, lab.has_two_accounts) == (("k1", "s1"), False, True)


def test_a_description_is_read_as_it_was_written(tmp_path: Path) -> None:
    description(tmp_path).save(tmp_path)
    assert load_description(tmp_path) == description(tmp_path)


def test_the_plan_of_two_accounts_has_a_login_and_a_role_for_each(tmp_path: Path) -> None:
    lab = description(tmp_path)
    plan = parse_plan(plan_text(lab), Path("plan.yaml"))
    assert isinstance(plan.source.auth, SigV4Auth) and isinstance(plan.target.auth, SigV4Auth)
    assert (plan.source.auth.profile, plan.target.auth.profile) == ("source", "target")
    roles = [plan.repository.role_arn_for(side) for side in ("source", "target")]
    assert roles == [SOURCE_ROLE, TARGET_ROLE]
    assert f"account {OTHER}  (target's; profile target)" in summary(lab, Path("plan.yaml"), None)
    one = replace(lab, target=replace(lab.target, account=ACCOUNT))
    assert "profile" not in plan_text(one) and "target_role_arn" not in plan_text(one)


def test_the_command_refuses_what_is_no_account(tmp_path: Path) -> None:
    arguments = ["lab", "up", "--folder", str(tmp_path), "--target-account", "21098"]
    ended = CliRunner().invoke(app, arguments)
    assert (ended.exit_code, "12 digits" in ended.stderr) == (ExitCode.INVALID, True)
