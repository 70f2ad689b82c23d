"""Who may do what at the lab's domains: callers, the role that they pass, its rights, and what S3 refuses.

Whatever is put right works at once, without a new registration.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from identities import Identities, User, allow, deny, document, trust, trust_account
from requests_aws4auth import AWS4Auth

PASS_ROLE = "is not authorized to perform: iam:PassRole on resource: "
NOT_ALLOWED = "because no identity-based policy allows the iam:PassRole action"
READ = ["s3:ListBucket", "s3:GetObject"]
WRITE = ["s3:PutObject", "s3:DeleteObject"]


def keys(user: User) -> dict[str, str]:
    return {"key": user.key, "secret": user.secret}


def error(reply: requests.Response) -> tuple[str, str, str]:
    """Type and reason of an engine's error, and the reason of its innermost cause."""
    assert reply.status_code == 500, reply.text
    outer = inner = reply.json()["error"]
    while "caused_by" in inner:
        inner = inner["caused_by"]
    return outer["type"], outer["reason"], inner["reason"]


@pytest.fixture
def repository(lab, call, s3_repository) -> Iterator[Callable[..., requests.Response]]:
    """Registers the repository `access` at the source, and takes it away after the test."""

    def register(side: str = "source", caller: User | None = None, **settings: Any) -> requests.Response:
        body = s3_repository(**{"region": "us-east-1", "base_path": secrets.token_hex(4), **settings})
        return call(side, "PUT", "/_snapshot/access", body, **(keys(caller) if caller else {}))

    yield register
    for side in ("source", "target"):
        call(side, "DELETE", "/_snapshot/access")


@pytest.fixture
def bucket(identities: Identities, repository) -> Iterator[str]:
    """A bucket of the test's own; gone with all that is in it, before its repository is."""
    s3, name = identities.client("s3"), f"access-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=name)
    yield name
    for each in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=each["Key"])
    s3.delete_bucket(Bucket=name)


def test_passing_the_role_must_be_allowed(lab, identities, repository):
    ann = identities.user(allow("es:ESHttp*"))
    reply = repository(caller=ann)
    assert (reply.status_code, reply.json()) == (
        403, {"Message": f"User: {ann.arn} {PASS_ROLE}{lab.role_arn} {NOT_ALLOWED}"},
    )  # fmt: skip
    identities.let(ann, allow("es:ESHttp*"), allow("iam:PassRole", lab.role_arn))
    assert repository(caller=ann).status_code == 200
    identities.let(ann, allow("*"), deny("iam:PassRole"))
    reply = repository(caller=ann)
    assert reply.status_code == 403
    assert reply.json()["Message"].endswith("with an explicit deny in an identity-based policy")


def test_the_role_is_passed_to_this_service(identities, repository):
    def passing(service: str) -> dict[str, Any]:
        condition = {"StringEquals": {"iam:PassedToService": service}}
        return allow("iam:PassRole", Condition=condition)

    ann = identities.user(allow("es:*"), passing("ec2.amazonaws.com"))
    assert repository(caller=ann).json()["Message"].endswith(NOT_ALLOWED)
    for service in ("es.amazonaws.com", "opensearchservice.amazonaws.com"):
        identities.let(ann, allow("es:*"), passing(service))
        assert repository(caller=ann).status_code == 200


def test_a_role_session_is_refused_by_its_own_name(lab, call, identities, s3_repository, repository):
    role = identities.role(allow("es:ESHttp*"), trusts=trust_account())
    session = identities.assume(role, "night-shift")
    reply = call("source", "PUT", "/_snapshot/access", s3_repository(region="us-east-1"), **session)
    who = f"arn:aws:sts::123456789012:assumed-role/{role.rpartition('/')[2]}/night-shift"
    assert reply.json() == {"Message": f"User: {who} {PASS_ROLE}{lab.role_arn} {NOT_ALLOWED}"}
    identities.let_role(role, allow("es:ESHttp*"), allow("iam:PassRole"))
    reply = call("source", "PUT", "/_snapshot/access", s3_repository(region="us-east-1"), **session)
    assert reply.status_code == 200


def test_a_role_of_another_account_is_not_passed(repository):
    reply = repository(role_arn="arn:aws:iam::210987654321:role/Snapshots")
    assert (reply.status_code, reply.json()["Message"]) == (403, "Cross-account pass role is not allowed.")


def test_each_method_must_be_allowed(call, identities):
    ann = identities.user(allow("es:ESHttpGet"))
    assert call("source", "GET", "/_cat/indices", **keys(ann)).status_code == 200
    reply = call("source", "PUT", "/x", **keys(ann))
    said = "es:ESHttpPut because no identity-based policy allows the es:ESHttpPut action"
    assert (reply.status_code, reply.json()) == (
        403, {"Message": f"User: {ann.arn} is not authorized to perform: {said}"},
    )  # fmt: skip
    assert call("source", "HEAD", "/x").status_code == 404, "it did not reach the engine"
    assert call("source", "HEAD", "/x", **keys(ann)).status_code == 403


def test_one_domain_only(lab, call, identities):
    ann = identities.user(allow("es:*", f"arn:aws:es:*:123456789012:domain/{lab.target.name}/*"))
    assert call("target", "GET", "/", **keys(ann)).status_code == 200
    assert call("source", "GET", "/", **keys(ann)).status_code == 403


def test_the_domains_access_policy_lets_in_and_shuts_out(lab, call, identities):
    ann, control = identities.user(), identities.client("opensearch", lab.source.region)
    everything = f"arn:aws:es:{lab.source.region}:123456789012:domain/{lab.source.name}/*"

    def put(*statements: dict[str, Any]) -> None:
        control.update_domain_config(DomainName=lab.source.name, AccessPolicies=document(*statements))

    try:
        assert call("source", "GET", "/", **keys(ann)).status_code == 403
        put(allow("es:ESHttpGet", everything, Principal={"AWS": ann.arn}))
        assert call("source", "GET", "/", **keys(ann)).status_code == 200
        put(deny("es:*", everything, Principal={"AWS": "*"}))
        refused = call("source", "GET", "/")
        assert refused.json()["Message"].endswith("with an explicit deny in a resource-based policy")
    finally:
        put()
    assert call("source", "GET", "/").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        trust("ec2.amazonaws.com"),
        trust(ArnLike={"aws:SourceArn": "arn:aws:es:eu-west-1:123456789012:domain/orders-target"}),
        trust(StringEquals={"aws:SourceAccount": "210987654321"}),
    ],
    ids=["another service", "only the other domain", "another account"],
)
def test_the_role_must_trust_the_service_for_this_domain(call, identities, repository, wrong):
    role = identities.role(allow("s3:*"), trusts=wrong)
    kind, reason, _ = error(repository(role_arn=role))
    assert kind == "a_w_s_security_token_service_exception"
    assert f"is not authorized to perform: sts:AssumeRole on resource: {role} (Service: AWSSecurity" in reason
    assert call("source", "GET", "/_snapshot/access").json()["access"]["settings"]["role_arn"] == role
    assert error(call("source", "GET", "/_snapshot/access/_all"))[0] == kind
    identities.trust(role, trust("opensearchservice.amazonaws.com"))
    assert call("source", "POST", "/_snapshot/access/_verify").status_code == 200
    assert call("source", "GET", "/_snapshot/access/_all").json() == {"snapshots": []}


def test_a_role_that_is_gone_cannot_be_assumed(call, repository):
    missing = "arn:aws:iam::123456789012:role/Gone"
    assert f"sts:AssumeRole on resource: {missing}" in error(repository(role_arn=missing))[1]


def test_a_role_that_may_not_write(call, identities, repository):
    role = identities.role(allow(READ))
    kind, reason, inner = error(repository(role_arn=role, base_path="one"))
    assert (kind, reason) == (
        "repository_verification_exception",
        "[access] path [one] is not accessible on cluster-manager node",
    )
    assert inner.startswith("Access Denied (Service: S3, Status Code: 403, ")
    identities.let_role(role, allow([*READ, *WRITE]))
    assert call("source", "POST", "/_snapshot/access/_verify").status_code == 200


def test_a_role_that_may_not_list(call, identities, repository):
    role = identities.role(allow(["s3:GetObject", *WRITE]))
    repository(role_arn=role).json()
    kind, reason, inner = error(call("source", "GET", "/_snapshot/access/_all"))
    assert (kind, reason) == (
        "repository_exception", "[access] Could not determine repository generation from root blobs",
    )  # fmt: skip
    assert inner.startswith("Access Denied")
    identities.let_role(role, allow([*READ, *WRITE]))
    assert call("source", "GET", "/_snapshot/access/_all").json() == {"snapshots": []}


def test_a_readonly_repository_needs_no_more_than_to_read(call, identities, repository):
    role = identities.role(allow(READ))
    assert repository(role_arn=role, readonly=True, base_path="nothing/here").status_code == 200
    assert call("source", "GET", "/_snapshot/access/_all").json() == {"snapshots": []}
    identities.let_role(role, allow(WRITE))
    assert "is not accessible on cluster-manager node" in error(
        repository(role_arn=role, readonly=True)
    )[1]  # fmt: skip


def test_a_snapshot_that_cannot_be_written_is_accepted_and_then_missing(call, identities, repository):
    role = identities.role(allow([*READ, *WRITE]))
    assert repository(role_arn=role).status_code == 200
    identities.let_role(role, allow(READ))
    accepted = call("source", "PUT", "/_snapshot/access/one?wait_for_completion=false")
    assert (accepted.status_code, accepted.json()) == (200, {"accepted": True})
    missing = call("source", "GET", "/_snapshot/access/one")
    assert (missing.status_code, missing.json()["error"]["type"]) == (404, "snapshot_missing_exception")
    waited = error(call("source", "PUT", "/_snapshot/access/one?wait_for_completion=true"))
    assert waited[:2] == ("snapshot_exception", "[access:one] failed to update snapshot in repository")
    identities.let_role(role, allow([*READ, *WRITE]))
    taken = call("source", "PUT", "/_snapshot/access/one?wait_for_completion=true")
    assert taken.json()["snapshot"]["state"] == "SUCCESS"


def test_a_role_that_knows_the_base_path_only_cannot_write_the_shards(
    clean_lab, call, identities, repository
):
    place = f"arn:aws:s3:::{clean_lab.bucket}/one/*"
    confined = allow("s3:ListBucket"), allow(["s3:GetObject", *WRITE], place)
    role, whole = identities.role(*confined), allow("s3:*")
    call("source", "PUT", "/books/_doc/1?refresh=true", {"n": 1}).raise_for_status()
    assert repository(role_arn=role, base_path="one").status_code == 200
    take = "/_snapshot/access/{}?wait_for_completion=true"
    taken = call("source", "PUT", take.format("first")).json()["snapshot"]
    assert (taken["state"], taken["shards"]["failed"]) == ("PARTIAL", 1)
    assert "S3Exception[Access Denied (Service: S3, Status Code: 403" in taken["failures"][0]["reason"]

    identities.let_role(role, whole)
    assert call("source", "PUT", take.format("second")).json()["snapshot"]["state"] == "SUCCESS"
    identities.let_role(role, *confined)
    restore = "/_snapshot/access/second/_restore?wait_for_completion=true"
    rename = {"rename_pattern": "books", "rename_replacement": "again"}
    assert call("source", "POST", restore, rename).json()["snapshot"]["shards"]["failed"] == 1
    call("source", "DELETE", "/again").raise_for_status()
    identities.let_role(role, whole)
    assert call("source", "POST", restore, rename).json()["snapshot"]["shards"]["successful"] == 1


def test_a_bucket_that_is_missing_until_it_is_made(call, identities, repository):
    role, name = identities.role(allow("s3:*")), f"late-{secrets.token_hex(4)}"
    kind, _, inner = error(repository(role_arn=role, bucket=name))
    assert kind == "repository_verification_exception"
    assert inner.startswith("The specified bucket does not exist (Service: S3, Status Code: 404, ")
    s3 = identities.client("s3")
    s3.create_bucket(Bucket=name)
    try:
        assert call("source", "POST", "/_snapshot/access/_verify").status_code == 200
    finally:
        s3.delete_bucket(Bucket=name)


def encrypt(s3: Any, bucket: str, key: str) -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)


def test_a_bucket_that_is_encrypted_by_a_key_needs_the_key(call, identities, repository, bucket):
    key = identities.client("kms").create_key()["KeyMetadata"]["Arn"]
    encrypt(identities.client("s3"), bucket, key)
    role = identities.role(allow("s3:*"))
    _, reason, inner = error(repository(role_arn=role, bucket=bucket))
    assert reason.endswith("is not accessible on cluster-manager node")
    assert f"is not authorized to perform: kms:GenerateDataKey on resource: {key} " in inner
    identities.let_role(role, allow("s3:*"), allow(["kms:GenerateDataKey", "kms:Decrypt"], key))
    assert call("source", "POST", "/_snapshot/access/_verify").status_code == 200


def test_objects_in_glacier_are_not_read_until_they_are_back(clean_lab, call, identities, repository, bucket):
    s3, role = identities.client("s3"), identities.role(allow("s3:*"))
    call("source", "PUT", "/books/_doc/1?refresh=true", {"n": 1}).raise_for_status()
    assert repository(role_arn=role, bucket=bucket).status_code == 200
    call("source", "PUT", "/_snapshot/access/one?wait_for_completion=true").raise_for_status()
    rule = {"ID": "archive", "Status": "Enabled", "Filter": {"Prefix": ""}}
    rules = {"Rules": [{**rule, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}]}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=rules)
    assert call("source", "GET", "/_snapshot/access/one").status_code == 200, "no day has passed yet"

    aged = requests.post(f"{clean_lab.admin_url}/account/age", json={"bucket": bucket}, timeout=10)
    moved = aged.json()["moved"]
    assert any(key.endswith("/index-0") for key in moved)
    said = "The operation is not valid for the object's storage class"
    listed = error(call("source", "GET", "/_snapshot/access/one"))
    assert listed[0] == "snapshot_exception"
    assert listed[1].endswith("Snapshot could not be read")
    assert listed[2].startswith(said)
    rename = {"rename_pattern": "books", "rename_replacement": "again"}
    restoring = call("source", "POST", "/_snapshot/access/one/_restore", rename)
    assert (restoring.status_code, said in restoring.text) == (500, True)

    for key in moved:
        s3.restore_object(Bucket=bucket, Key=key, RestoreRequest={"Days": 1})
    restored = call("source", "POST", "/_snapshot/access/one/_restore?wait_for_completion=true", rename)
    assert restored.json()["snapshot"]["shards"] == {"total": 1, "failed": 0, "successful": 1}


def test_a_bucket_to_be_aged_must_exist(lab):
    reply = requests.post(f"{lab.admin_url}/account/age", json={"bucket": "nowhere"}, timeout=10)
    assert (reply.status_code, reply.json()) == (400, {"error": "there is no such bucket"})


def test_policies_can_be_asked_before_anything_is_sent(lab, identities):
    ann = identities.user(allow("es:ESHttp*"), deny("es:ESHttpDelete"))
    asked = {"PolicySourceArn": ann.arn, "ActionNames": ["es:ESHttpPut", "es:ESHttpDelete", "iam:PassRole"]}
    said = identities.iam.simulate_principal_policy(**asked)["EvaluationResults"]
    assert [each["EvalDecision"] for each in said] == ["allowed", "explicitDeny", "implicitDeny"]
    one = {**asked, "ActionNames": ["es:ESHttpPut"], "ResourceArns": [lab.role_arn, "arn:aws:es:::x"]}
    inside = identities.iam.simulate_principal_policy(**one)["EvaluationResults"][0][
        "ResourceSpecificResults"
    ]
    assert [each["EvalResourceDecision"] for each in inside] == ["allowed", "allowed"]
    session = "arn:aws:sts::123456789012:assumed-role/Some/session"
    with pytest.raises(ClientError, match="does not clearly define entity type and name"):
        identities.iam.simulate_principal_policy(PolicySourceArn=session, ActionNames=["es:ESHttpPut"])


def test_s3_sends_callers_to_the_buckets_region(lab, identities, bucket):
    auth = AWS4Auth(lab.access_key_id, lab.secret_access_key, "eu-west-1", "s3")
    url = f"{lab.control_url}/{bucket}"
    away = requests.get(url, auth=auth, allow_redirects=False, timeout=10)
    assert (away.status_code, away.headers["x-amz-bucket-region"]) == (301, "us-east-1")
    assert "<Code>PermanentRedirect</Code>" in away.text
    head = requests.head(url, auth=auth, allow_redirects=False, timeout=10)
    assert (head.status_code, head.headers["x-amz-bucket-region"]) == (301, "us-east-1")
    elsewhere = identities.client("s3", "eu-west-1")
    assert elsewhere.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1", "boto3 goes where it is sent"
    elsewhere.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert identities.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_every_bucket_is_encrypted(identities, bucket):
    s3 = identities.client("s3")

    def algorithm() -> str:
        found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        return found["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]

    assert algorithm() == "AES256"
    encrypt(s3, bucket, "alias/aws/s3")
    assert algorithm() == "aws:kms"


def test_looks_into_the_account_must_be_allowed(lab, identities, bucket):
    ann = identities.user(allow("s3:GetBucketPolicy"))
    session = boto3.Session(ann.key, ann.secret, region_name="us-east-1")

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=lab.control_url)

    name = lab.role_arn.rpartition("/")[2]
    told = f"User: {ann.arn} is not authorized to perform: "
    with pytest.raises(ClientError, match=f"AccessDenied.*{told}iam:GetRole on resource: {lab.role_arn}"):
        client("iam").get_role(RoleName=name)
    with pytest.raises(ClientError, match=f"AccessDeniedException.*{told}es:DescribeDomain"):
        client("opensearch").describe_domain(DomainName=lab.source.name)
    with pytest.raises(ClientError, match=f"AccessDenied.*{told}s3:GetLifecycleConfiguration"):
        client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        client("s3").get_bucket_policy(Bucket=bucket)
    with pytest.raises(ClientError, match="403") as unseen:
        client("s3").head_bucket(Bucket=bucket)
    headers = unseen.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-bucket-region"] == "us-east-1"
    role = identities.role(allow("es:*"), trusts=trust_account())
    with pytest.raises(ClientError, match=f"{told}sts:AssumeRole on resource: {role}"):
        client("sts").assume_role(RoleArn=role, RoleSessionName="night")
    identities.let(ann, allow(["iam:GetRole", "sts:AssumeRole"]))
    assert client("iam").get_role(RoleName=name)["Role"]["Arn"] == lab.role_arn
    assert client("sts").assume_role(RoleArn=role, RoleSessionName="night")["Credentials"]
