"""The AWS account around a domain, against moto in this process: credentials, lookups, secrets."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from requests.auth import HTTPBasicAuth
from support.building import a_plan

from configs.auth import SigV4Auth
from domains.aws import control_plane, kms, s3
from domains.aws import control_plane as packages
from domains.aws import iam as iam_account
from domains.aws import session as aws
from domains.domain import open_domain
from domains.errors import AwsError, RoleRefused
from domains.http.signing import PerThreadSigner

ROLE = "arn:aws:iam::123456789012:role/Migration"
REPOSITORY = {
    "name": "repo",
    "bucket": "my-snapshots",
    "role_arn": "arn:aws:iam::123456789012:role/SnapshotRole",
}


@pytest.fixture
def account(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with keys in the environment; moto answers."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with mock_aws():
        yield


def session(region: str = "us-east-1") -> boto3.Session:
    return boto3.Session(region_name=region)


# buckets


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_the_region_of_a_bucket_is_found_from_elsewhere(account: None, region: str) -> None:
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    session(region).client("s3").create_bucket(Bucket="my-snapshots", **where)
    assert aws.bucket_region(session("us-west-2"), "my-snapshots") == region


def test_the_region_of_a_bucket_that_cannot_be_seen_is_unknown(account: None) -> None:
    assert aws.bucket_region(session(), "no-such-bucket") is None


def test_without_credentials_the_region_of_a_bucket_is_unknown(no_aws: None) -> None:
    assert aws.bucket_region(session(), "my-snapshots") is None


@pytest.mark.parametrize("status", [301, 403])
def test_a_refusal_tells_the_region_in_its_header(
    account: None, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """moto never refuses as S3 does, so its answer is changed on the way in."""

    def refuse(self: Any, operation: str, _: Any) -> Any:
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": {"x-amz-bucket-region": "eu-central-1"}}
        raise ClientError({"Error": {"Code": str(status)}, "ResponseMetadata": metadata}, operation)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)
    assert aws.bucket_region(session(), "my-snapshots") == "eu-central-1"


# domains


def test_a_domain_is_found_by_its_name(account: None) -> None:
    made = session().client("opensearch").create_domain(DomainName="orders")["DomainStatus"]
    assert aws.domain_endpoint(session(), "orders") == f"https://{made['Endpoint']}"


def test_a_domain_inside_a_vpc_is_found(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """moto gives every domain a public endpoint, so its answer is changed on the way in."""
    status = {"Endpoints": {"vpc": "vpc-orders-abc.us-east-1.es.amazonaws.com"}}
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", lambda *_: {"DomainStatus": status})
    assert aws.domain_endpoint(session(), "orders") == "https://vpc-orders-abc.us-east-1.es.amazonaws.com"


def test_a_domain_that_is_not_there_is_named(account: None) -> None:
    with pytest.raises(AwsError, match="look up domain orders: ResourceNotFound"):
        aws.domain_endpoint(session(), "orders")


@pytest.mark.parametrize("status", [{}, {"Endpoints": {}}, {"Endpoint": None}])
def test_a_domain_that_is_being_made_has_no_endpoint_yet(
    account: None, monkeypatch: pytest.MonkeyPatch, status: dict[str, Any]
) -> None:
    """moto's domains are there at once, so its answer is changed on the way in."""
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", lambda *_: {"DomainStatus": status})
    with pytest.raises(AwsError, match="no endpoint yet"):
        aws.domain_endpoint(session(), "orders")


def test_a_plan_that_names_the_domain_gets_its_endpoint(account: None) -> None:
    made = session().client("opensearch").create_domain(DomainName="orders")["DomainStatus"]
    plan = a_plan(source={"domain": "orders", "region": "us-east-1"}, repository=REPOSITORY)
    domain = open_domain("source", plan.source)
    assert domain.endpoint == f"https://{made['Endpoint']}"
    assert domain.signed


# credentials


def test_no_credentials_is_said_with_a_way_out(no_aws: None) -> None:
    plan = a_plan(source={"endpoint": "http://127.0.0.1:1", "region": "us-east-1"}, repository=REPOSITORY)
    with pytest.raises(AwsError, match="no AWS credentials were found") as caught:
        open_domain("source", plan.source)
    assert "AWS_PROFILE" in caught.value.hint


def test_a_profile_that_is_not_there_is_named(no_aws: None) -> None:
    with pytest.raises(AwsError, match="my-profile") as caught:
        aws.session(SigV4Auth(type="sigv4", profile="my-profile"), "us-east-1")
    assert "auth.profile" in caught.value.hint and "AWS_PROFILE" in caught.value.hint


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"}, "missing: AWS_SECRET_ACCESS_KEY"),
        ({"AWS_CONFIG_FILE": "/etc/passwd"}, "Unable to parse config file: /etc/passwd"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "nonsense"}, "Unsupported host"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://10.0.0.1/x"}, "Unsupported host '10.0.0.1'"),
        (
            {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere", "AWS_ROLE_ARN": ROLE},
            "No such file or directory",
        ),
        (
            {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "nonsense"},
            "Invalid endpoint EC2 Instance Metadata endpoint: nonsense",
        ),
    ],
)
def test_settings_of_aws_of_which_nothing_can_be_made_are_named(
    variables: dict[str, str], said: str, no_aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network is not to blame: nothing was sent."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AwsError) as caught:
        aws.credentials(aws.session(SigV4Auth(type="sigv4"), "us-east-1"))
    assert said in caught.value.message
    assert caught.value.hint == "correct the variables that begin with AWS_, or the files in ~/.aws"


def test_a_role_is_assumed_and_its_credentials_are_used(account: None) -> None:
    auth = SigV4Auth(type="sigv4", role_arn=ROLE, external_id="ticket-7")
    found = aws.credentials(aws.session(auth, "us-east-1")).get_frozen_credentials()
    assert found.access_key.startswith("ASIA")
    assert found.token


def test_the_external_id_is_sent(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    call = boto3.client("sts", region_name="us-east-1").__class__._make_api_call

    def noting(self: Any, operation: str, parameters: Any) -> Any:
        sent.append((operation, parameters))
        return call(self, operation, parameters)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", noting)
    aws.credentials(aws.session(SigV4Auth(type="sigv4", role_arn=ROLE, external_id="ticket-7"), "us-east-1"))
    ((operation, parameters),) = sent
    assert operation == "AssumeRole"
    assert parameters == {"RoleArn": ROLE, "RoleSessionName": "snapferry", "ExternalId": "ticket-7"}


def test_a_role_that_may_not_be_assumed_is_named(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any, operation: str, _: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, operation)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)
    with pytest.raises(RoleRefused, match=f"assume {ROLE}: AccessDenied: not authorized"):
        aws.credentials(aws.session(SigV4Auth(type="sigv4", role_arn=ROLE), "us-east-1"))


def test_nothing_of_a_signed_domain_shows_its_keys(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-key")
    plan = a_plan(source={"endpoint": "http://127.0.0.1:1", "region": "us-east-1"}, repository=REPOSITORY)
    domain = open_domain("source", plan.source)
    assert isinstance(domain.connection._auth, PerThreadSigner)
    assert "very-secret-key" not in repr(domain)
    assert "AKIDEXAMPLE" not in repr(domain)


# secrets


def basic(password: dict[str, str]) -> Any:
    auth = {"type": "basic", "username": "me", "password": password}
    return a_plan(source={"endpoint": "http://127.0.0.1:1", "auth": auth}).source


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("SOURCE_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("SOURCE_PASSWORD", value)
    with pytest.raises(AwsError, match="SOURCE_PASSWORD is not set") as caught:
        open_domain("source", basic({"env": "SOURCE_PASSWORD"}))
    assert "export SOURCE_PASSWORD" in caught.value.hint


def test_a_password_comes_from_the_environment_and_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_PASSWORD", "hunter2-hunter2")
    domain = open_domain("source", basic({"env": "SOURCE_PASSWORD"}))
    auth = domain.connection._auth
    assert isinstance(auth, HTTPBasicAuth)
    assert auth.password in {"hunter2-hunter2", b"hunter2-hunter2"}
    assert "hunter2" not in repr(domain) + repr(domain.connection) + str(domain)


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_password_comes_from_a_secret_in_its_region(account: None, region: str) -> None:
    client = session(region).client("secretsmanager")
    arn = client.create_secret(Name="search", SecretString="hunter2-hunter2")["ARN"]
    assert aws.secret(None, arn) == "hunter2-hunter2"


def test_a_secret_that_is_not_there_is_named(account: None) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:search-a1b2c3"
    with pytest.raises(AwsError, match=f"read secret {arn}: ResourceNotFound"):
        aws.secret(None, arn)


def test_a_secret_without_text_is_said(account: None) -> None:
    arn = session().client("secretsmanager").create_secret(Name="search", SecretBinary=b"\xff")["ARN"]
    with pytest.raises(AwsError):
        aws.secret(None, arn)


def test_no_journal_of_a_plan_holds_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    from runs.begun_plan import plan_record

    monkeypatch.setenv("SOURCE_PASSWORD", "hunter2-hunter2")
    auth = {"type": "basic", "username": "me", "password": {"env": "SOURCE_PASSWORD"}}
    plan = a_plan(source={"endpoint": "http://127.0.0.1:1", "auth": auth})
    assert "hunter2" not in json.dumps(plan_record(plan))


# replies that are cut short, or odd


def answering(monkeypatch: pytest.MonkeyPatch, *replies: Any) -> list[dict[str, Any]]:
    """AWS gives these replies, one after the other; what it is sent is noted."""
    left, sent = list(replies), list[dict[str, Any]]()

    def reply(_: Any, __: str, parameters: dict[str, Any]) -> Any:
        sent.append(parameters)
        return left.pop(0)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", reply)
    return sent


def simulated(action: str, decision: str = "allowed", **more: Any) -> dict[str, Any]:
    return {"EvalActionName": action, "EvalDecision": decision, **more}


OBJECT = "arn:aws:s3:::my-snapshots/index-0"


def test_a_simulation_is_read_to_its_last_page_and_what_it_leaves_out_is_unsure(
    no_aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {"EvaluationResults": [simulated("s3:GetObject")], "IsTruncated": True, "Marker": "m"}
    sent = answering(monkeypatch, first, {"EvaluationResults": [simulated("s3:PutObject", "implicitDeny")]})
    asked = [(action, OBJECT) for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")]
    found = iam_account.decisions(session(), ROLE, asked)
    assert [found[each] for each in asked] == ["allowed", "implicitDeny", "unsure"]
    assert sent[1]["Marker"] == "m"
    entries = {entry["ContextKeyName"]: entry["ContextKeyType"] for entry in sent[0]["ContextEntries"]}
    assert entries == {"aws:SecureTransport": "boolean"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (simulated("s3:GetObject"), "allowed"),
        (simulated("s3:GetObject", MissingContextValues=["aws:SourceIp"]), "unsure"),
        (simulated("s3:GetObject", "implicitDeny", MissingContextValues=["aws:SourceIp"]), "unsure"),
        (simulated("s3:GetObject", ResourceSpecificResults=[{"MissingContextValues": ["k"]}]), "unsure"),
        (simulated("s3:GetObject", "explicitDeny", MissingContextValues=[]), "explicitDeny"),
        (simulated("s3:GetObject", "perhaps"), "unsure"),
    ],
)
def test_a_decision_under_a_condition_that_is_not_known_is_not_sure(
    no_aws: None, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], expected: str
) -> None:
    answering(monkeypatch, {"EvaluationResults": [told]})
    asked = ("s3:GetObject", OBJECT)
    assert iam_account.decisions(session(), ROLE, [asked])[asked] == expected


@pytest.mark.parametrize(
    "call",
    [
        lambda: iam_account.caller(session()),
        lambda: iam_account.role(session(), ROLE),
        lambda: iam_account.decisions(session(), ROLE, [("s3:GetObject", OBJECT)]),
        lambda: control_plane.domain_status(session(), "orders"),
        lambda: packages.packages(session(), "orders"),
        lambda: kms.key(session(), "alias/k"),
        lambda: kms.policy(session(), "alias/k"),
        lambda: s3.look_up_bucket(session(), "my-snapshots"),
    ],
)
def test_an_odd_reply_is_an_error_in_words(no_aws: None, monkeypatch: pytest.MonkeyPatch, call: Any) -> None:
    answering(monkeypatch, {})
    with pytest.raises(AwsError, match="not what the API documents"):
        call()


def test_nobody_waits_long_for_what_only_helps_to_judge(no_aws: None) -> None:
    made = session()
    usual, brief = (
        aws.client_of(made, "opensearch", None, each) for each in (aws.DEFAULT_TIMEOUTS, aws.SHORT_TIMEOUTS)
    )
    assert brief.meta.config.connect_timeout < usual.meta.config.connect_timeout
    assert brief is aws.client_of(made, "opensearch", None, aws.SHORT_TIMEOUTS)
