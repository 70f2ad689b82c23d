"""Two AWS accounts without engines: the lab's IAM, STS, S3 and KMS in this process, for unit tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3

from lab.account.directory import MotoDirectory
from lab.account.layers import layers
from lab.account.s3_faults import S3Faults
from lab.account.server import AwsServer, Environ

from .fake_domain import FakeDomain, Reply, engine_error, ok

OWN, OTHER = "123456789012", "210987654321"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
REGIONS = {"source": "us-east-1", "target": "eu-west-1"}


@dataclass
class AwsAccounts:
    """The accounts: `profiles` is a configuration file with an administrator's profile for each.

    Args:
        calls: the operations that have changed something, in order, such as `CreateRole`.
    """

    url: str
    profiles: Path
    calls: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to reach the accounts, as the administrator of the first."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CONFIG_FILE": str(self.profiles),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.profiles.with_name("credentials")),
            "AWS_PROFILE": "own",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, account: str = OWN, region: str = "us-east-1") -> Any:
        """A client of an administrator."""
        name = "own" if account == OWN else "other"
        session = botocore_session(self.profiles, name)
        return session.client(service, region_name=region, endpoint_url=self.url)


def botocore_session(profiles: Path, name: str) -> Any:
    """A session of a profile in a file of its own, whatever the environment says."""
    import configparser

    read = configparser.ConfigParser()
    read.read(profiles.with_name("credentials"))
    keys = read[name]
    return boto3.Session(
        keys["aws_access_key_id"], keys["aws_secret_access_key"], keys.get("aws_session_token")
    )


@dataclass
class ServedAccounts:
    """The server of the accounts.

    Args:
        faults: of their S3.
    """

    url: str
    made: list[str]
    faults: S3Faults

    def forget(self) -> None:
        """Leave nothing of the accounts: other tests of this process have accounts of their own."""
        _reset()

    def as_new(self, folder: Path) -> AwsAccounts:
        """Both accounts, each with an administrator and nothing else; their keys are files of the folder."""
        _reset()
        self.faults.install(0, None)
        accounts = AwsAccounts(self.url, folder / "config", self.made)
        _administrators(accounts, folder)
        self.made.clear()
        return accounts


@contextmanager
def served_accounts() -> Iterator[ServedAccounts]:
    """Serve both accounts for the block."""
    made: list[str] = []

    def watch(environ: Environ, start_response: Any) -> None:
        operation = _operation(environ)
        if operation:
            made.append(operation)

    with TemporaryDirectory() as folder:
        faults = S3Faults(Path(folder) / "faults.log")
        server = AwsServer([watch, faults, *layers(MotoDirectory())])
        try:
            yield ServedAccounts(server.url, made, faults)
        finally:
            _reset()
            server.stop()


def _reset() -> None:
    import moto.backends

    for service in ("iam", "s3", "sts", "kms", "opensearch"):
        moto.backends.get_backend(service).reset()


def _administrators(accounts: AwsAccounts, folder: Path) -> None:
    root: Any = boto3.Session("root", "root", region_name="us-east-1")
    iam = root.client("iam", endpoint_url=accounts.url)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [EVERYTHING]})
    iam.create_user(UserName="admin")
    iam.put_user_policy(UserName="admin", PolicyName="all", PolicyDocument=policy)
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    lines = [
        "[own]",
        f"aws_access_key_id={key['AccessKeyId']}",
        f"aws_secret_access_key={key['SecretAccessKey']}",
    ]
    lines += ["[other]", *_other_admin(accounts, root, policy)]
    (folder / "credentials").write_text("\n".join(lines) + "\n")
    (folder / "config").write_text("[profile own]\nregion=us-east-1\n[profile other]\nregion=us-east-1\n")


def _other_admin(accounts: AwsAccounts, root: Any, policy: str) -> Iterator[str]:
    """The lines of a profile of the other account: a session of a role there that may do everything."""
    from moto.iam.models import iam_backends

    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OWN}:root"}, "Action": "sts:AssumeRole"}
    iam_backends[OTHER]["aws"].create_role(
        role_name="Admin", path="/", permissions_boundary="", description="", tags=[],
        max_session_duration="3600",
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )  # fmt: skip
    iam_backends[OTHER]["aws"].put_role_policy("Admin", "all", policy)
    sts = root.client("sts", endpoint_url=accounts.url)
    got = sts.assume_role(RoleArn=f"arn:aws:iam::{OTHER}:role/Admin", RoleSessionName="admin")["Credentials"]
    yield f"aws_access_key_id={got['AccessKeyId']}"
    yield f"aws_secret_access_key={got['SecretAccessKey']}"
    yield f"aws_session_token={got['SessionToken']}"


_READING = ("Get", "List", "Describe", "Simulate", "Assume", "Head")


def _operation(environ: Environ) -> str:
    """The operation of a request that changes something; empty for a read."""
    from urllib.parse import parse_qs

    from lab.account.server import body_of

    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if "/s3/" in environ.get("HTTP_AUTHORIZATION", ""):
        return _of_s3(environ)
    named = target.rpartition(".")[2] or parse_qs(body_of(environ).decode()).get("Action", [""])[0]
    return "" if named.startswith(_READING) else named


def _of_s3(environ: Environ) -> str:
    method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
    return f"{method} ?{query.partition('=')[0]}" if method in ("PUT", "POST", "DELETE") else ""


def as_open_domain(fake: FakeDomain, name: str, account: str = OWN, version: str = "2.19.1") -> None:
    """Let a fake domain answer as one of the service without access control."""
    number = {"distribution": "opensearch", "number": version}
    fake.on("GET /", ok({"cluster_name": f"{account}:{name}", "cluster_uuid": name, "version": number}))
    fake.on("GET /_snapshot", ok({}))
    missing = engine_error(400, "illegal_argument_exception", "no handler found for uri [/authinfo]")
    fake.on("GET /_plugins/_security/authinfo", missing)


__all__ = ["OTHER", "OWN", "AwsAccounts", "Reply", "as_open_domain", "served_accounts"]
