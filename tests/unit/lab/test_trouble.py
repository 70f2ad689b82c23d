"""What stands between a caller, the service, a role and S3 in the lab, without any engine."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto import mock_aws

from lab.account import lifecycle
from lab.account.directory import Bucket, Caller, Key, MotoDirectory, Role, account_of
from lab.account.policies import Policy, parse
from lab.account.server import AwsServer
from lab.door import authorization, trouble
from lab.door.answers import Answer
from lab.door.engine_link import EngineLink
from lab.door.exchange import Door, Exchange
from lab.door.request_log import RequestLog
from lab.door.rules import Rules
from lab.door.shard_rights import ShardRights
from lab.door.signature import Received
from lab.settings import DomainSettings

USER = "arn:aws:iam::123456789012:user/ann"
ROLE = "arn:aws:iam::123456789012:role/Snapshots"
DOMAIN = "arn:aws:es:us-east-1:123456789012:domain/orders"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k-1"
OBJECTS = "arn:aws:s3:::snapshots/*"
READ = ["s3:ListBucket", "s3:GetObject"]
WRITE = ["s3:PutObject", "s3:DeleteObject"]
ANN = Caller(USER, "secret")


def policy(*statements: dict[str, Any]) -> Policy:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def deny(*actions: str, on: Any = "*") -> dict[str, Any]:
    return {**allow(*actions, on=on), "Effect": "Deny"}


def trusting(service: str = "es.amazonaws.com", **condition: Any) -> Policy:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return policy(statement | ({"Condition": condition} if condition else {}))


SNAPSHOTS = Role(ROLE, trusting(), (policy(allow(*READ, *WRITE)),))
NOTHING = Policy(())


@dataclass(frozen=True)
class Account:
    """One user, one role, one bucket."""

    user: tuple[Policy, ...] = (policy(allow("es:*", "iam:PassRole")),)
    snapshots: Role | None = SNAPSHOTS
    buckets: dict[str, Bucket] = field(default_factory=lambda: {"snapshots": Bucket("us-east-1")})
    domains: Policy = NOTHING
    archived: bool = False

    def caller(self, access_key_id: str) -> Caller | None:
        return None

    def bucket_region(self, bucket: str) -> str | None:
        return self.buckets[bucket].region if bucket in self.buckets else None

    def policies(self, identity: str) -> tuple[Policy, ...]:
        return self.user if identity == USER else ()

    def exists(self, identity: str) -> bool:
        return identity == USER

    def role(self, arn: str) -> Role | None:
        return self.snapshots if arn == ROLE else None

    def access_policy(self, domain: DomainSettings) -> Policy:
        return self.domains

    def bucket(self, name: str) -> Bucket | None:
        return self.buckets.get(name)

    def has_encryption_rule(self, bucket: str) -> bool | None:
        return None

    def key_policies(self, arn: str) -> tuple[Policy, ...]:
        return ()

    def is_archived(self, bucket: str, base_path: str) -> bool:
        return self.archived


@dataclass(frozen=True)
class StrangersToo(Account):
    """The same, and policies of whoever is not the user."""

    stranger: tuple[Policy, ...] = ()

    def policies(self, identity: str) -> tuple[Policy, ...]:
        return self.user if identity == USER else self.stranger


@pytest.fixture
def door(tmp_path: Path):
    """A front door before an account: `door(Account(), engine="elasticsearch-7.10.2")`."""

    def build(account: Account, engine: str = "opensearch-3.6.0", folder: str | None = None) -> Door:
        settings = DomainSettings("orders", "us-east-1", engine)
        link, log = EngineLink("http://nowhere"), RequestLog(tmp_path / "log")
        return Door("source", settings, "host", link, account, Rules(), log, folder)

    return build


def refused(door: Door, method: str, path: str, body: Any = None, caller: Caller | None = ANN) -> str | None:
    """The message of the refusal, or None."""
    received = Received(method, path, "", {}, b"" if body is None else json.dumps(body).encode())
    answer = asyncio.run(authorization.refusal(Exchange(received, 1, caller=caller), door))
    assert answer is None or answer.status == 403
    return json.loads(answer.body)["Message"] if answer else None


def registering(role_arn: str = ROLE) -> dict[str, Any]:
    return {"type": "s3", "settings": {"bucket": "snapshots", "role_arn": role_arn}}


def test_a_caller_without_the_action_is_told_which(door):
    account = Account(user=(policy(allow("es:ESHttpGet")),))
    assert refused(door(account), "GET", "/_cat/indices") is None
    said = f"User: {USER} is not authorized to perform: es:ESHttpPut because no identity-based policy allows"
    assert refused(door(account), "PUT", "/x") == f"{said} the es:ESHttpPut action"
    assert refused(door(Account(user=())), "HEAD", "/") is not None


def test_an_explicit_deny_is_said_to_be_one(door):
    account = Account(user=(policy(allow("es:*"), deny("es:ESHttpDelete", on=f"{DOMAIN}/*")),))
    said = f"User: {USER} is not authorized to perform: es:ESHttpDelete with an explicit deny in"
    assert refused(door(account), "DELETE", "/x") == f"{said} an identity-based policy"
    assert refused(door(account), "POST", "/x") is None


def test_a_part_of_the_domain_only(door):
    account = Account(user=(policy(allow("es:*", on=f"{DOMAIN}/_snapshot/*")),))
    assert refused(door(account), "GET", "/_snapshot/r") is None
    assert refused(door(account), "GET", "/_cat/indices") is not None


def test_the_domains_access_policy_lets_in_and_shuts_out(door):
    whom = {"Principal": {"AWS": USER}}
    lets_in = policy(allow("es:ESHttpGet", on=f"{DOMAIN}/*") | whom)
    assert refused(door(Account(user=(), domains=lets_in)), "GET", "/x") is None
    assert refused(door(Account(user=(), domains=lets_in)), "PUT", "/x") is not None
    shuts_out = policy(deny("es:*") | {"Principal": "*"})
    said = refused(door(Account(domains=shuts_out)), "GET", "/x")
    assert said is not None
    assert said.endswith("es:ESHttpGet with an explicit deny in a resource-based policy")


def test_a_caller_of_another_account_needs_both(door):
    stranger = Caller(
        "arn:aws:sts::210987654321:assumed-role/M/s", "s", role="arn:aws:iam::210987654321:role/M"
    )
    may = (policy(allow("es:*")),)
    for named in (stranger.identity, stranger.arn, "arn:aws:iam::210987654321:root", "210987654321"):
        lets_in = policy(allow("es:*", on=f"{DOMAIN}/*") | {"Principal": {"AWS": named}})
        both = StrangersToo(user=(), stranger=may, domains=lets_in)
        assert refused(door(both), "GET", "/x", caller=stranger) is None, named
        assert refused(door(Account(domains=lets_in)), "GET", "/x", caller=stranger) is not None, named
    for named in ("arn:aws:iam::123456789012:root", "arn:aws:iam::210987654321:role/N"):
        lets_in = policy(allow("es:*", on=f"{DOMAIN}/*") | {"Principal": {"AWS": named}})
        others = StrangersToo(stranger=may, domains=lets_in)
        assert refused(door(others), "GET", "/x", caller=stranger) is not None, named
    assert refused(door(StrangersToo(stranger=may)), "GET", "/x", caller=stranger) is not None
    assert account_of(stranger.identity) == "210987654321"


@pytest.mark.parametrize(
    ("statement", "end"),
    [
        (allow("iam:PassRole", on=ROLE), None),
        (allow("iam:Pass*", on="arn:aws:iam::123456789012:role/*"), None),
        (
            allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "es.amazonaws.com"}}),
            None,
        ),
        (
            allow("iam:PassRole", Condition={"StringLike": {"iam:PassedToService": "opensearch*"}}),
            None,
        ),
        (
            allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
            "because no identity-based policy allows the iam:PassRole action",
        ),
        (
            allow("iam:PassRole", on=ROLE + "2"),
            "because no identity-based policy allows the iam:PassRole action",
        ),
        (deny("iam:*"), "with an explicit deny in an identity-based policy"),
    ],
)
def test_a_registration_passes_a_role(door, statement, end):
    account = Account(user=(policy(allow("es:*"), statement),))
    said = refused(door(account), "PUT", "/_snapshot/r", registering())
    start = f"User: {USER} is not authorized to perform: iam:PassRole on resource: {ROLE}"
    assert said == (f"{start} {end}" if end else None)
    assert refused(door(account), "GET", "/_snapshot/r") is None, "reading passes nothing"


def test_a_role_of_another_account_is_not_passed(door):
    foreign = registering("arn:aws:iam::210987654321:role/Snapshots")
    assert (
        refused(door(Account()), "POST", "/_snapshot/r", foreign) == "Cross-account pass role is not allowed."
    )


def found(door: Door, use: Any = "verify", request: Received | None = None, **settings: str) -> Answer | None:
    asked = {"bucket": "snapshots", "base_path": "a/b", "region": "us-east-1", "role_arn": ROLE} | settings
    return trouble.found("r", asked, use, door, request)


def said(answer: Answer | None) -> tuple[str, str] | None:
    """Type and reason of the error, followed by those of its causes."""
    if answer is None:
        return None
    error = json.loads(answer.body)["error"]
    kind, reasons = error["type"], [error["reason"]]
    while error := error.get("caused_by"):
        reasons.append(error["reason"])
    return kind, " | ".join(reasons)


def allowed_role(*statements: dict[str, Any], trust: Policy | None = None) -> Account:
    return Account(snapshots=Role(ROLE, trust or trusting(), (policy(*statements),)))


HERE = {"aws:SourceAccount": "123456789012"}


@pytest.mark.parametrize(
    ("trust", "assumed"),
    [
        (trusting(), True),
        (trusting("opensearchservice.amazonaws.com"), True),
        (trusting("ec2.amazonaws.com"), False),
        (trusting(StringEquals=HERE, ArnLike={"aws:SourceArn": DOMAIN}), True),
        (trusting(StringEquals=HERE, ArnLike={"aws:SourceArn": f"{DOMAIN}-target"}), False),
        (trusting(StringEquals={"aws:SourceAccount": "210987654321"}), False),
        (trusting(ArnEquals={"aws:SourceArn": "arn:aws:es:us-east-1:123456789012:domain/*"}), True),
        (policy(allow("sts:AssumeRole")), False),
    ],
)
def test_whether_the_service_may_assume_the_role(door, trust, assumed):
    answer = found(door(allowed_role(allow("s3:*"), trust=trust)))
    assert (answer is None) is assumed
    if answer is not None:
        kind, reason = said(answer) or ("", "")
        assert kind == "a_w_s_security_token_service_exception"
        assert f"is not authorized to perform: sts:AssumeRole on resource: {ROLE} (Service:" in reason


@pytest.mark.parametrize("use", ["verify", "read", "write"])
def test_a_role_that_does_not_exist_cannot_be_assumed(door, use):
    answer = found(door(Account(snapshots=None)), use)
    assert said(answer) is not None
    assert "sts:AssumeRole" in answer.body.decode()


def lacking(*actions: str) -> Account:
    return allowed_role(allow(*[each for each in (*READ, *WRITE) if each not in actions]))


LISTING = "Exception when listing blobs by prefix [a/b/index-] | Access Denied"
GENERATION = "[r] Could not determine repository generation from root blobs"
INACCESSIBLE = "[r] path [a/b] is not accessible on cluster-manager node"
LOADING = "[r] Unexpected exception when loading repository data | Access Denied"
CLEARING = "[r] cannot delete test data at [a/b] | java.util.concurrent.CompletionException: software.amazon"
SEEKING = "[r] cannot delete test data at [a/b] | Failed to list objects for deletion | software.amazon"
NODES = "[r] [[lab-1, 'RepositoryVerificationException[[r] Failed to verify repository]; nested: S3Exception["
UPLOADING = "Unable to upload object [a/b/tests-lab/master.dat] using a single upload | Access Denied"


@pytest.mark.parametrize(
    ("lacks", "use", "start"),
    [
        ("s3:PutObject", "verify", f"{INACCESSIBLE} | {UPLOADING}"),
        ("s3:GetObject", "verify", NODES),
        ("s3:ListBucket", "verify", SEEKING),
        ("s3:DeleteObject", "verify", CLEARING),
        ("s3:ListBucket", "read", f"{GENERATION} | {LISTING}"),
        ("s3:GetObject", "read", LOADING),
        ("s3:PutObject", "read", None),
        ("s3:ListBucket", "write", f"{GENERATION} | {LISTING}"),
        ("s3:GetObject", "write", LOADING),
        ("s3:PutObject", "write", "[r:] failed to update snapshot in repository | Unable to upload object"),
        ("s3:DeleteObject", "write", None),
    ],
)
def test_what_each_right_on_the_bucket_is_for(door, lacks, use, start):
    reason = said(found(door(lacking(lacks)), use))
    assert (reason is None) is (start is None)
    if reason is not None and start is not None:
        assert reason[1].startswith(start)


def test_a_readonly_repository_needs_to_read_only(door):
    reads = door(lacking(*WRITE))
    assert [found(reads, use, readonly="true") for use in ("verify", "read", "write")] == [None] * 3
    blind = found(door(lacking("s3:ListBucket")), readonly="true")
    assert said(blind) is not None
    assert said(blind)[1].startswith(f"{INACCESSIBLE} | {LISTING}")


def test_a_snapshot_that_nobody_waits_for_is_accepted_and_lost(door):
    cannot = door(lacking("s3:PutObject"))
    put = Received("PUT", "/_snapshot/r/one", "", {}, b"")
    answer = found(cannot, "write", put)
    assert answer is not None
    assert (answer.status, json.loads(answer.body)) == (200, {"accepted": True})
    waiting = found(cannot, "write", replace(put, query="pretty&wait_for_completion=true"))
    assert said(waiting)[1].startswith("[r:one] failed to update snapshot in repository")
    removing = found(cannot, "write", replace(put, method="DELETE"))
    assert said(removing)[1].startswith("[r] failed to delete snapshots [one]")


def test_elasticsearch_says_it_in_its_own_words(door):
    answer = found(door(lacking("s3:PutObject"), "elasticsearch-7.10.2"))
    text = answer.body.decode()
    assert "[r] path [a/b] is not accessible on master node" in text
    assert (
        '"amazon_s3_exception", "reason": "Access Denied (Service: Amazon S3; Status Code: 403; Error' in text
    )
    at_the_root = found(door(lacking("s3:PutObject"), "elasticsearch-7.10.2"), base_path="")
    assert "[r] path  is not accessible on master node" in at_the_root.body.decode()


def test_rights_under_the_base_path_are_enough(door):
    bucket = "arn:aws:s3:::snapshots"
    listing = allow("s3:ListBucket", on=bucket, Condition={"StringLike": {"s3:prefix": "a/b/*"}})
    account = allowed_role(listing, allow("s3:GetObject", *WRITE, on=f"{bucket}/a/b/*"))
    assert found(door(account)) is None
    assert found(door(account), base_path="other") is not None


CONFINED = ["arn:aws:s3:::snapshots/a/b/*"]
SHARD = "M11111010011100/a/b/indices/x/0/__1"


@pytest.mark.parametrize(
    ("method", "key", "allowed"),
    [
        ("PUT", SHARD, False),
        ("POST", SHARD, False),
        ("GET", SHARD, False),
        ("HEAD", SHARD, False),
        ("DELETE", SHARD, False),
        ("GET", "?list-type=2&prefix=M11111010011100%2Fa%2Fb%2Findices%2Fx%2F0%2F", False),
        ("GET", "?list-type=2&prefix=a%2Fb%2F", True),
        ("PUT", "a/b/indices/x/meta-1.dat", True),
        ("PUT", "M11111010011100/other/indices/x/0/__1", True),
        ("GET", "M1111101001110/a/b/indices/x/0/__1", True),
    ],
)
def test_s3_refuses_the_engine_the_shards_that_the_role_may_not_touch(door, method, key, allowed):
    before = door(Account())
    before.registered["r"] = {"bucket": "snapshots", "base_path": "/a/b/", "role_arn": ROLE}

    def asked(account: Account, port: str = "1", bucket: str = "snapshots") -> list[str]:
        path, _, query = key.partition("?")
        layer, statuses = ShardRights(), list[str]()
        layer.manage({"1": replace(before, directory=account)})
        answer = layer(
            {"SERVER_PORT": port, "REQUEST_METHOD": method, "PATH_INFO": f"/{bucket}/{path}",
             "QUERY_STRING": query, "CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b"abc")},
            lambda status, headers: statuses.append(status),
        )  # fmt: skip
        assert (answer is None) is (not statuses)
        assert not answer or b"<Code>AccessDenied</Code>" in answer[0]
        return statuses

    listing = allow("s3:ListBucket", Condition={"StringLike": {"s3:prefix": "a/b/*"}})
    confined = allowed_role(listing, allow("s3:GetObject", *WRITE, on=CONFINED))
    assert asked(confined) == ([] if allowed else ["403 Forbidden"])
    assert asked(confined, port="2") == [], "another engine's"
    assert asked(confined, bucket="others") == [], "no repository of the domain's"
    assert asked(allowed_role(allow("s3:*"))) == []
    own = Bucket("us-east-1", (policy(allow("s3:*", Principal={"AWS": ROLE})),))
    assert asked(replace(confined, buckets={"snapshots": own})) == []
    assert asked(Account(snapshots=None)) == ([] if allowed else ["403 Forbidden"])


def test_a_repository_at_the_buckets_root_has_its_shards_there(door):
    before, layer, statuses = door(Account()), ShardRights(), list[str]()
    before.registered["r"] = {"bucket": "snapshots", "role_arn": ROLE}
    layer.manage({"1": replace(before, directory=allowed_role(allow("s3:*", on=CONFINED)))})
    asked = {"SERVER_PORT": "1", "REQUEST_METHOD": "HEAD", "wsgi.input": io.BytesIO()}
    place = "/snapshots/M11111010011100/indices/x/0/__1"
    assert layer({**asked, "PATH_INFO": place}, lambda status, headers: statuses.append(status)) == []
    assert statuses == ["403 Forbidden"]


def test_the_account_is_served_on_several_ports(door):
    ports: list[str] = []

    def layer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        ports.append(environ["SERVER_PORT"])
        start_response("200 OK", [("content-length", "0")])
        return []

    server = AwsServer([layer])
    more = server.another_port()
    try:
        for url in (server.url, f"http://127.0.0.1:{more}"):
            assert requests.get(f"{url}/bucket/key", timeout=5).status_code == 200
    finally:
        server.stop()
    assert ports == [server.url.rpartition(":")[2], str(more)]


def test_the_buckets_own_policy_counts(door):
    opened = Bucket("us-east-1", (policy(allow("s3:*", Principal={"AWS": ROLE})),))
    account = replace(allowed_role(), buckets={"snapshots": opened})
    assert found(door(account)) is None
    shut = Bucket("us-east-1", (policy(deny("s3:PutObject") | {"Principal": "*"}),))
    assert found(door(replace(Account(), buckets={"snapshots": shut}))) is not None


def test_a_bucket_that_is_not_there(door):
    account = Account(buckets={})
    assert found(door(account)) is None, "left to the engine's own S3 client"
    in_folder = door(account, "elasticsearch-7.10.2", "/shared")
    kind, reason = said(found(in_folder))
    assert kind == "repository_verification_exception"
    assert (
        "The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBuck"
        in reason
    )
    kind, reason = said(found(in_folder, "read"))
    assert reason.startswith("[r] could not read repository data from index blob | The specified bucket does")


def test_another_region_is_named_for_every_use(door):
    account = Account(buckets={"snapshots": Bucket("us-east-2")})
    for use in ("verify", "read", "write"):
        assert "The bucket is in this region: us-east-2." in found(door(account), use).body.decode()


def test_the_old_error_of_us_east_1_is_a_switch(door):
    old = door(Account())
    old.manners.old_location_constraint = True
    kind, reason = said(found(old))
    assert (kind, reason.split(" | ")[0]) == ("repository_exception", "[r] failed to create repository")
    assert "The specified location-constraint is not valid" in reason
    assert trouble.found("r", {"bucket": "snapshots", "role_arn": ROLE}, "verify", old) is None
    assert found(old, "read") is None, "only when it is registered or verified"


def test_a_customers_key_must_be_the_roles_to_use(door):
    def account(*statements: dict[str, Any], key: Key) -> Account:
        role = allowed_role(allow(*READ, *WRITE), *statements)
        return replace(role, buckets={"snapshots": Bucket("us-east-1", key=key)})

    def key(named: str, *actions: str) -> Key:
        return Key(KEY, (policy(allow(*(actions or ("kms:*",)), Principal={"AWS": named})),))

    uses = allow("kms:GenerateDataKey", "kms:Decrypt", on=KEY)
    left = key("arn:aws:iam::123456789012:root")
    reason = said(found(door(account(key=left))))
    assert f"is not authorized to perform: kms:GenerateDataKey on resource: {KEY}" in reason[1]
    assert "kms:Decrypt" in said(found(door(account(key=left)), "read"))[1]
    assert found(door(account(uses, key=left))) is None
    assert found(door(account(key=key(ROLE)))) is None
    for others in (key(USER), key("arn:aws:iam::210987654321:root"), key(ROLE, "kms:Describe*"), Key(KEY)):
        assert found(door(account(uses, key=others))) is not None, others
    denied = Key(KEY, (*left.policies, policy(deny("kms:*") | {"Principal": {"AWS": ROLE}})))
    assert found(door(account(uses, key=denied))) is not None


def test_archived_objects_in_a_folder_cannot_be_read(door):
    account = Account(archived=True)
    assert found(door(account), "read") is None, "left to S3 itself"
    in_folder = door(account, "opensearch-2.19.4", "/shared")
    assert found(in_folder, "verify") is None
    get = Received("GET", "/_snapshot/r/one", "", {}, b"")
    kind, reason = said(found(in_folder, "read", get))
    assert kind == "snapshot_exception"
    assert reason.startswith(
        "[r:one] Snapshot could not be read | The operation is not valid for the object's"
    )


@pytest.fixture
def aws(monkeypatch):
    """moto in this process, as the lab has it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "lab")
    with mock_aws():
        yield lambda service: boto3.client(service, region_name="us-east-1")
    lifecycle.forget()


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_an_identitys_policies_are_its_own_its_groups_and_the_managed_ones(aws):
    iam, directory = aws("iam"), MotoDirectory()
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="movers")
    iam.add_user_to_group(GroupName="movers", UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="a", PolicyDocument=document(allow("a:Own")))
    iam.put_group_policy(GroupName="movers", PolicyName="b", PolicyDocument=document(allow("a:Group")))
    managed = iam.create_policy(PolicyName="c", PolicyDocument=document(allow("a:Old")))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=document(allow("a:New")), SetAsDefault=True)
    iam.attach_user_policy(UserName="ann", PolicyArn=managed)
    policies = directory.policies(USER)
    assert {action for each in policies for action in each.statements[0]["Action"]} == {
        "a:Own", "a:Group", "a:New",
    }  # fmt: skip
    assert directory.policies(USER + "2") == ()
    assert (directory.exists(USER), directory.exists(ROLE)) == (True, False)


def test_a_role_is_looked_up_anew_every_time(aws):
    iam, directory = aws("iam"), MotoDirectory()
    assert directory.role(ROLE) is None
    trust = {"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="Snapshots", AssumeRolePolicyDocument=document(trust))
    assert directory.role(ROLE) == Role(ROLE, policy(trust), ())
    iam.put_role_policy(RoleName="Snapshots", PolicyName="a", PolicyDocument=document(allow("s3:*")))
    assert directory.role(ROLE).policies == (policy(allow("s3:*")),)
    assert directory.policies(ROLE) == directory.role(ROLE).policies


def test_a_buckets_key_is_the_customers(aws):
    s3, kms, directory = aws("s3"), aws("kms"), MotoDirectory()
    s3.create_bucket(Bucket="snapshots")
    assert directory.bucket("snapshots") == Bucket("us-east-1")
    assert directory.bucket("nowhere") is None

    def encrypt(**rule: str) -> Bucket | None:
        rules = [{"ApplyServerSideEncryptionByDefault": rule}]
        s3.put_bucket_encryption(Bucket="snapshots", ServerSideEncryptionConfiguration={"Rules": rules})
        return directory.bucket("snapshots")

    assert encrypt(SSEAlgorithm="AES256").key is None
    assert encrypt(SSEAlgorithm="aws:kms").key is None, "the account's own key for S3 serves everybody"
    key = kms.create_key()["KeyMetadata"]
    for name in (key["KeyId"], key["Arn"]):
        found = encrypt(SSEAlgorithm="aws:kms", KMSMasterKeyID=name).key
        assert found.arn == key["Arn"]
        assert len(found.policies) == 1


def transition(storage_class: str = "GLACIER", status: str = "Enabled", **where: Any) -> dict[str, Any]:
    return {"Status": status, "Transitions": [{"Days": 30, "StorageClass": storage_class}], **where}


@pytest.mark.parametrize(
    ("rule", "moved"),
    [
        (transition(Filter={"Prefix": "a/"}), ["a/1", "a/2"]),
        (transition("DEEP_ARCHIVE", Prefix="a/"), ["a/1", "a/2"]),
        (transition(Filter={}), ["a/1", "a/2", "b/1"]),
        (transition(Prefix=""), ["a/1", "a/2", "b/1"]),
        (transition("STANDARD_IA", Filter={"Prefix": "a/"}), []),
        (transition(status="Disabled", Filter={"Prefix": "a/"}), []),
        (transition(Filter={"Tag": {"Key": "k", "Value": "v"}}), []),
        (transition(Filter={"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}]}}), []),
    ],
)
def test_a_day_passes_by_the_buckets_own_rules(aws, rule, moved):
    s3 = aws("s3")
    s3.create_bucket(Bucket="snapshots")
    for name in ("a/1", "a/2", "b/1"):
        s3.put_object(Bucket="snapshots", Key=name, Body=b"x")
    rules = {"Rules": [{"ID": "r", **rule}]}
    s3.put_bucket_lifecycle_configuration(Bucket="snapshots", LifecycleConfiguration=rules)
    assert not lifecycle.covers("snapshots", "a")
    assert lifecycle.age("snapshots") == moved
    assert lifecycle.age("snapshots") == [], "they are there already"
    assert lifecycle.covers("snapshots", "a") is bool(moved)
    with pytest.raises(KeyError):
        lifecycle.age("nowhere")


def test_in_a_folder_the_rules_reach_what_lies_under_their_prefix(aws):
    s3, directory = aws("s3"), MotoDirectory()
    s3.create_bucket(Bucket="snapshots")
    rules = {"Rules": [{"ID": "r", **transition(Prefix="a/b/indices/")}]}
    s3.put_bucket_lifecycle_configuration(Bucket="snapshots", LifecycleConfiguration=rules)
    lifecycle.age("snapshots")
    reached = [path for path in ("a/b", "a", "", "a/bc", "c") if directory.is_archived("snapshots", path)]
    assert reached == ["a/b", "a", ""]
    s3.delete_bucket_lifecycle(Bucket="snapshots")
    assert not directory.is_archived("snapshots", "a/b"), "put right works at once"
