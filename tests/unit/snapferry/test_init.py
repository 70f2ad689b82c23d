"""`snapferry init`: what is asked, what is made of the answers, and what is said of what is not known."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import yaml
from click.testing import Result
from moto import mock_aws
from support.building import identity_reply
from support.fake_domain import FakeDomain, Reply, engine_error, ok
from typer.testing import CliRunner

from configs.loading.loader import load_plan, parse_plan
from domains.aws import control_plane
from domains.aws import iam as aws_account
from domains.errors import AwsError
from snapferry.exit_codes import ExitCode
from snapferry.main import app
from tasks.draft import roles

pytestmark = pytest.mark.slow

ACCOUNT = "123456789012"
SERVICE = {"Principal": {"Service": "es.amazonaws.com"}, "Effect": "Allow", "Action": "sts:AssumeRole"}
SOMEBODY = {"Principal": {"Service": "ec2.amazonaws.com"}, "Effect": "Allow", "Action": "sts:AssumeRole"}
ANONYMOUS = Reply(403, {"Message": "User: anonymous is not authorized to perform: es:ESHttpGet"})
ROWS = {"orders": "open", "archive": "close", ".kibana_1": "open"}


def init(*arguments: object) -> Result:
    return CliRunner().invoke(
        app, ["init", *(str(argument) for argument in arguments)], catch_exceptions=False
    )


def found_by(*arguments: object) -> Any:
    """The document of an `init` that succeeds."""
    result = init(*arguments, "--json")
    assert result.exit_code == ExitCode.DONE, result.stderr
    return json.loads(result.stdout)


def answering(fake: FakeDomain, side: str, registrations: Any = None, **indices: str) -> FakeDomain:
    """The fake as an open cluster that holds these indices."""
    rows = [
        {"index": name, "uuid": f"u-{name}", "status": status, "health": "green", "pri": "1", "rep": "0",
         **({"docs.count": "1", "pri.store.size": "2000"} if status == "open" else {})}
        for name, status in indices.items()
    ]  # fmt: skip
    created = {name: {"settings": {"index": {"version": {"created": "136408327"}}}} for name in indices}
    fake.on("GET /", ok(identity_reply(side)))
    fake.on("GET /_cat/indices", ok(rows)).on("GET /_all/_settings", ok(created))
    fake.on("GET /_all/_alias", ok({name: {"aliases": {}} for name in indices}))
    fake.on("GET /_data_stream", ok({"data_streams": []}))
    return fake.on("GET /_snapshot", ok(registrations or {}))


@pytest.fixture
def account(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with keys and a Region in the environment; moto answers."""
    for name, value in (
        ("ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("SECRET_ACCESS_KEY", "x"),
        ("DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(control_plane, "regions", lambda _: ("us-east-1", "eu-west-1", "ap-south-1"))
    with mock_aws():
        yield


def allowed(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Only these roles may use buckets; moto does not simulate."""

    def refused(_: Any, principal: str, asked: Any, **__: Any) -> tuple[str, ...]:
        return () if principal.endswith(names) else tuple(action for action, _ in asked)

    monkeypatch.setattr(aws_account, "refused_actions", refused)


def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may simulate."""

    def denied(*_: Any, **__: Any) -> tuple[str, ...]:
        raise AwsError("could not simulate: AccessDenied")

    monkeypatch.setattr(aws_account, "refused_actions", denied)


def a_role(name: str, trust: dict[str, Any] = SERVICE, path: str = "/") -> str:
    document = json.dumps({"Statement": [trust]})
    iam = boto3.client("iam")
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, Path=path)["Role"]["Arn"]


def a_domain(name: str, region: str) -> None:
    boto3.client("opensearch", region_name=region).create_domain(
        DomainName=name, EngineVersion="OpenSearch_2.19"
    )


def a_bucket(name: str, region: str = "us-east-1", **tags: str) -> None:
    client = boto3.client("s3", region_name=region)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, **where)
    if tags:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs})


# the command line


def test_without_domains_it_writes_a_template_and_sends_nothing(no_connections: list[Any]) -> None:
    result = init()
    assert result.exit_code == ExitCode.DONE
    assert parse_plan(result.stdout, Path("plan.yaml")).name == "my-migration"
    assert "To fill in: source.endpoint, target.endpoint" in result.stderr
    assert no_connections == []


def test_an_existing_file_is_not_overwritten(tmp_path: Path, no_connections: list[Any]) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("mine")
    result = init("-o", file)
    assert (result.exit_code, file.read_text()) == (ExitCode.INVALID, "mine")
    assert "already exists" in result.stderr and "next: " in result.stderr
    assert no_connections == []


def test_the_plan_is_written_to_a_new_file(tmp_path: Path) -> None:
    result = init("--name", "orders", "-o", tmp_path / "plan.yaml")
    assert (result.exit_code, result.stdout) == (ExitCode.DONE, "")
    assert load_plan(tmp_path / "plan.yaml").name == "orders"
    assert init("-o", "-").stdout.startswith("# Written by")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = init("-o", tmp_path / "nowhere" / "plan.yaml")
    assert result.exit_code == ExitCode.INVALID
    assert "cannot write" in result.stderr


@pytest.mark.parametrize(
    ("option", "arguments"),
    [
        ("--source", ["--source", "Bad Name"]),
        ("--source", ["--source", "https://user:pw@host"]),
        ("--target-region", ["--target", "orders", "--target-region", "eu-west-1a"]),
        ("--source-role", ["--source", "orders", "--source-role", "Admin"]),
        (
            "--source-region",
            ["--source", "search-a-b.us-east-1.es.amazonaws.com", "--source-region", "eu-west-1"],
        ),
        ("--source-profile", ["--source", "orders", "--source-profile", " "]),
        ("--source-ca-bundle", ["--source", "http://a", "--source-ca-bundle", "ca.pem"]),
        ("--source-connect-to", ["--source", "orders", "--source-connect-to", "there"]),
        ("--target", ["--target-region", "eu-west-1"]),
        ("--target", ["--source", "orders", "--target", "orders"]),
        ("--name", ["--name", "Orders"]),
    ],
)
def test_a_wrong_option_is_named_and_nothing_is_sent(
    option: str, arguments: list[str], no_connections: list[Any]
) -> None:
    result = init(*arguments)
    assert result.exit_code == ExitCode.INVALID
    assert f"Invalid value for {option}:" in " ".join(result.stderr.split())
    assert "pw" not in result.stderr
    assert no_connections == []


# one side


def test_open_clusters_are_asked_by_reads_only(source: FakeDomain, target: FakeDomain, no_aws: None) -> None:
    answering(source, "source", **ROWS)
    answering(target, "target", orders="open")
    found = found_by("--source", source.endpoint, "--target", target.endpoint)
    assert (found["name"], found["source"]["auth"]) == ("source-to-target", "none")
    indices = found["indices"]
    assert (indices["indices"], indices["bytes"]) == (1, 2000)
    assert (indices["closed"], indices["system"]) == (["archive"], [".kibana_1"])
    assert indices["conflicts"] == ["orders: the target already has index orders"]
    assert source.changing == target.changing == []


def test_one_side_alone_leaves_the_other_to_be_filled_in(source: FakeDomain, no_aws: None) -> None:
    answering(source, "source", **ROWS)
    found = found_by("--source", source.endpoint)
    assert found["to_fill_in"] == ["target.endpoint", "repository.bucket", "repository.role_arn"]
    assert found["indices"]["conflicts"] is None


def test_a_cluster_that_asks_for_a_password_gets_a_reference_to_fill_in(
    source: FakeDomain, no_aws: None
) -> None:
    source.on("GET /", Reply(401, "Unauthorized", type="text/plain"))
    found = found_by("--source", source.endpoint)
    assert found["source"]["auth"] == "basic"
    assert "source.auth" in found["to_fill_in"]
    assert "{env: SOURCE_PASSWORD}" in found["plan"]


def test_without_credentials_a_domain_that_wants_a_signature_is_refused(
    source: FakeDomain, no_aws: None
) -> None:
    source.on("GET /", ANONYMOUS)
    result = init("--source", source.endpoint, "--source-region", "us-east-1")
    assert result.exit_code == ExitCode.REFUSED
    assert "no AWS credentials were found" in result.stderr
    assert "--source-profile" in result.stderr


def test_what_the_caller_may_not_read_is_said_in_the_plan(source: FakeDomain, account: None) -> None:
    answering(source, "source", **ROWS)
    source.on("GET /", ANONYMOUS, ok(identity_reply("source")))
    denied = engine_error(403, "security_exception", "no permissions for [x] and User [name=arn:x]")
    source.on("GET /_snapshot", denied).on("GET /_cat/indices", denied)
    found = found_by("--source", source.endpoint, "--source-region", "us-east-1")
    assert found["source"]["auth"] == "sigv4"
    assert found["source"]["version"] == "OpenSearch 3.6.0"
    said = " ".join(found["source"]["unknown"])
    assert "its repositories are not known" in said and "its indices are not known" in said
    assert "Unknown: its indices are not known" in found["plan"]
    assert "whether the source has a repository" in " ".join(found["storage"]["unknown"])


@pytest.mark.parametrize("reply", [ok({}), ok([]), Reply(200, "<html/>", type="text/html")])
def test_what_is_no_domain_is_refused(source: FakeDomain, no_aws: None, reply: Reply) -> None:
    source.on("GET /", reply)
    result = init("--source", source.endpoint)
    assert result.exit_code == ExitCode.REFUSED
    assert "check --source" in result.stderr or "endpoint" in result.stderr


def test_nobody_there_is_refused_and_nothing_is_written(no_aws: None, tmp_path: Path) -> None:
    result = init("--source", "http://127.0.0.1:1", "-o", tmp_path / "plan.yaml")
    assert result.exit_code == ExitCode.REFUSED
    assert "the source cannot be reached" in result.stderr and "next: " in result.stderr
    assert list(tmp_path.glob("*.yaml")) == []


def test_two_addresses_of_one_cluster_are_refused(source: FakeDomain, no_aws: None) -> None:
    answering(source, "source")
    result = init("--source", source.endpoint, "--target", source.endpoint.replace("127.0.0.1", "localhost"))
    assert result.exit_code == ExitCode.REFUSED
    assert "the same domain" in result.stderr


def test_a_target_that_cannot_read_the_source_is_told(
    source: FakeDomain, target: FakeDomain, no_aws: None
) -> None:
    answering(source, "source", **ROWS)
    answering(target, "target").on("GET /", ok(identity_reply("target", "2.19.4")))
    result = init("--source", source.endpoint, "--target", target.endpoint)
    assert result.exit_code == ExitCode.DONE
    assert "This migration cannot be done" in result.stdout and "upgrade the target" in result.stderr


# names


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Domains of the service cannot be reached from here, which is said at once."""
    from domains.engine.reachability import Reachability
    from tasks.draft import access

    monkeypatch.setattr(
        access, "probe", lambda *_: Reachability("dns", "the host has no address", "use a tunnel")
    )


def test_a_name_is_found_in_another_region_and_partly_known(account: None, far_away: None) -> None:
    a_domain("orders", "us-east-1")
    a_domain("orders-new", "eu-west-1")
    found = found_by("--source", "orders", "--target", "orders-new")
    assert found["name"] == "orders-to-orders-new"
    sides = [found["source"], found["target"]]
    assert [side["region"] for side in sides] == ["us-east-1", "eu-west-1"]
    assert "2 other Regions" in sides[1]["region_told_by"]
    assert [side["version"] for side in sides] == ["OpenSearch 2.19"] * 2
    assert all("could not be reached from here" in side["unknown"][0] for side in sides)


def test_the_same_name_in_two_regions_is_a_region_move(account: None, far_away: None) -> None:
    a_domain("orders", "us-east-1")
    a_domain("orders", "eu-west-1")
    found = found_by("--source", "orders", "--target", "orders", "--target-region", "eu-west-1")
    assert found["name"] == "orders-to-eu-west-1"


def test_a_name_that_several_regions_have_is_not_chosen_among_them(account: None, far_away: None) -> None:
    a_domain("orders", "ap-south-1")
    a_domain("orders", "eu-west-1")
    result = init("--source", "orders")
    assert result.exit_code == ExitCode.REFUSED
    assert "ap-south-1, eu-west-1" in result.stderr and "--source-region" in result.stderr


@pytest.mark.parametrize("region", [[], ["--source-region", "eu-west-1"]])
def test_a_name_that_is_nowhere_is_refused(account: None, region: list[str]) -> None:
    result = init("--source", "orders", *region)
    assert result.exit_code == ExitCode.REFUSED
    assert "there is no domain orders in" in result.stderr and "next: " in result.stderr


def test_a_name_without_credentials_is_refused_with_a_way_out(no_aws: None) -> None:
    result = init("--source", "orders", "--source-region", "eu-west-1")
    assert result.exit_code == ExitCode.REFUSED
    assert "no AWS credentials were found" in result.stderr and "AWS_PROFILE" in result.stderr


# where the snapshots lie


def storage_of(source: FakeDomain, *arguments: str, registrations: Any = None) -> Any:
    """What is found of the account around a signed source."""
    answering(source, "source", registrations, **ROWS)
    source.on("GET /", ANONYMOUS, ok(identity_reply("source")))
    return found_by("--source", source.endpoint, "--source-region", "us-east-1", *arguments)["storage"]


def registered(bucket: str, base_path: str, role: str = f"arn:aws:iam::{ACCOUNT}:role/Old") -> dict[str, Any]:
    return {"type": "s3", "settings": {"bucket": bucket, "base_path": base_path, "role_arn": role}}


def test_a_profile_brings_its_own_region(
    source: FakeDomain, account: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sides differ in theirs; the Region of the environment would be that of both."""
    config = tmp_path / "config"
    key = "aws_access_key_id = AKIDOTHER\naws_secret_access_key = y\n"
    config.write_text(f"[profile there]\nregion = eu-west-1\n{key}[profile nowhere]\n{key}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    answering(source, "source")
    for profile, region in (("there", "eu-west-1"), ("nowhere", "us-east-1")):
        found = found_by("--source", source.endpoint, "--source-profile", profile)
        assert found["source"]["region"] == region
    given = found_by("--source", source.endpoint, "--source-profile", "there", "--source-region", "us-west-2")
    assert given["source"]["region"] == "us-west-2"
    missing = init("--source", source.endpoint, "--source-profile", "gone")
    assert missing.exit_code != 0 and "gone" in missing.stderr


def test_a_login_that_the_region_does_not_fit_is_told_the_option(source: FakeDomain, account: None) -> None:
    scoped = {"Message": "Credential should be scoped to a valid Region, not 'us-east-1'. "}
    source.on("GET /", Reply(403, scoped))
    result = init("--source", source.endpoint, "--source-role", f"arn:aws:iam::{ACCOUNT}:role/Desk")
    assert result.exit_code == ExitCode.REFUSED
    assert "--source-region, if it is not us-east-1" in result.stderr


def test_a_bucket_and_role_that_are_in_use_come_first(source: FakeDomain, account: None) -> None:
    for name in ("snapshots-first", "the-archive", "other"):
        a_bucket(name, "eu-west-1")
    in_use = {"nightly": registered("the-archive", "nightly"), "cs-automated-enc": {"type": "s3"}}
    found = storage_of(source, registrations=in_use)
    assert (found["bucket"]["name"], found["bucket"]["region"]) == ("the-archive", "eu-west-1")
    assert "repository nightly" in found["bucket"]["why"]
    assert found["role"]["arn"] == f"arn:aws:iam::{ACCOUNT}:role/Old"
    assert [each["name"] for each in found["registrations"]] == ["nightly"]


def test_a_bucket_whose_name_or_tag_suggests_it_is_chosen_near_the_source(
    source: FakeDomain, account: None
) -> None:
    a_bucket("a-backup-far-away", "eu-west-1")
    a_bucket("plain", purpose="opensearch-snapshots")
    found = storage_of(source)
    assert found["bucket"]["name"] == "plain"
    assert "purpose=opensearch-snapshots" in found["bucket"]["why"]


def test_no_bucket_is_chosen_where_none_suggests_itself(source: FakeDomain, account: None) -> None:
    a_bucket("website")
    found = storage_of(source)
    assert found["bucket"] is None
    assert [each["name"] for each in found["buckets"]] == ["website"]


def test_a_role_is_chosen_by_trust_and_by_what_it_may(
    source: FakeDomain, account: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_bucket("snapshots")
    a_role("Alone", SOMEBODY)
    a_role("Linked", path="/aws-service-role/es.amazonaws.com/")
    lacking, fitting = a_role("Cognito"), a_role("Snapshots")
    allowed(monkeypatch, "Snapshots", "Alone", "Linked")
    choice = storage_of(source)["role"]
    assert choice["arn"] == fitting
    assert [each["arn"] for each in choice["candidates"]] == [lacking, fitting]
    assert "s3:ListBucket" in choice["candidates"][0]["problem"]


def test_the_role_of_an_own_account_only_has_to_read_for_the_target(
    account: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_role("Reader")
    asked: list[tuple[str, str]] = []

    def refused(_: Any, __: str, wanted: Any, **___: Any) -> tuple[str, ...]:
        asked.extend(wanted)
        return ()

    monkeypatch.setattr(aws_account, "refused_actions", refused)
    target: Any = SimpleNamespace(side="target", arn="")
    side: Any = SimpleNamespace(session=boto3.Session(), found=target)
    assert roles.choose([side], "snapshots", (), []).arn
    assert asked == [
        ("s3:ListBucket", "arn:aws:s3:::snapshots"), ("s3:GetObject", "arn:aws:s3:::snapshots/*"),
    ]  # fmt: skip


def test_of_several_roles_none_is_guessed(
    source: FakeDomain, account: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_bucket("snapshots")
    untold(monkeypatch)
    only = a_role("One")
    choice = storage_of(source)["role"]
    assert choice["arn"] == only and "are not known" in choice["why"]
    source.reset()
    a_role("Two")
    found = storage_of(source)
    assert found["role"]["arn"] is None
    assert "could not be determined" in " ".join(found["unknown"])


def test_a_role_whose_trust_is_for_another_domain_is_not_chosen(
    source: FakeDomain, account: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_bucket("snapshots")
    a_domain("source", "us-east-1")  # as its cluster's name says
    other = {"ArnLike": {"aws:SourceArn": f"arn:aws:es:us-east-1:{ACCOUNT}:domain/other"}}
    a_role("Narrow", SERVICE | {"Condition": other})
    allowed(monkeypatch, "Narrow")
    choice = storage_of(source)["role"]
    assert choice["arn"] is None
    assert "may not let" in choice["candidates"][0]["problem"]


def test_names_that_are_taken_are_passed_over(source: FakeDomain, account: None) -> None:
    a_bucket("snapshots")
    boto3.client("s3").put_object(Bucket="snapshots", Key="orders-3/index-7", Body=b"{}")
    in_use = {"orders": registered("elsewhere", "x"), "daily": registered("snapshots", "orders-2")}
    assert storage_of(source, "--name", "orders", registrations=in_use)["name"] == "orders-4"


def test_a_repository_gets_no_name_of_the_services_own(source: FakeDomain, account: None) -> None:
    found = storage_of(source, "--name", "cs-orders")
    assert found["name"] == "orders"


def test_the_sources_bucket_comes_before_the_targets(
    source: FakeDomain, target: FakeDomain, account: None
) -> None:
    a_bucket("of-the-source", "eu-west-1")
    a_bucket("of-the-target")
    answering(target, "target", {"t": registered("of-the-target", "t")})
    found = storage_of(
        source, "--target", target.endpoint, registrations={"s": registered("of-the-source", "s")}
    )
    assert [each["name"] for each in found["buckets"]] == ["of-the-source", "of-the-target"]


@pytest.mark.parametrize(
    ("file", "name"),
    [("orders.yaml", "orders"), ("plan.yaml", None), ("Orders.yaml", None), ("my orders.yaml", None)],
)
def test_a_plan_is_called_as_its_file_where_that_can_be_a_name(
    tmp_path: Path, file: str, name: str | None
) -> None:
    path = tmp_path / file
    result = CliRunner().invoke(app, ["init", "-o", str(path), "--state", "my state"])
    assert result.exit_code == 0, result.output
    default = load_plan_name(CliRunner().invoke(app, ["init"]).stdout)
    assert load_plan_name(path.read_text(encoding="utf-8")) == (name or default)
    assert (
        result.stderr.splitlines()[-1] == f"next: snapferry check {shlex.quote(str(path))} --state 'my state'"
    )


def load_plan_name(text: str) -> str:
    return str(yaml.safe_load(text)["name"])
