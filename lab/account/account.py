"""The AWS accounts of a fresh lab.

The source's: a user with a key, the snapshot role, the bucket, the domain. The target's, if it is another: a
user with a key, the domain.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.account import domain_status
from lab.settings import ACCOUNT, DomainSettings, LabSettings

USER = "migrator"
ROLE = "SnapferryLabSnapshotRole"
Connect = Callable[[str, str], Any]


@dataclass(frozen=True)
class Administrator:
    """The key of an account's user who may do everything."""

    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True)
class Accounts:
    """The contents of the fresh accounts; administrators and hosts are those of source and target."""

    role_arn: str
    administrators: tuple[Administrator, Administrator]
    hosts: tuple[str, str]


def open_accounts(settings: LabSettings, url: str) -> Accounts:
    """Create what the guide tells its reader to create: user and key, snapshot role, bucket, both domains. A
    target in another account gets its domain there and a user of its own, nothing else."""
    source, target = settings.domains
    numbers = dict.fromkeys((source.account, target.account))
    administrators = {number: _administrator(_connector(url, number)) for number in numbers}
    iam = _connector(url, source.account)("iam", "us-east-1")
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=_trust(settings))["Role"]
    iam.put_role_policy(RoleName=ROLE, PolicyName="snapshots", PolicyDocument=_role_policy(settings.bucket))
    create_bucket(url, settings.bucket, settings.bucket_region or source.region, source.account)
    first, second = (_create_domain(url, domain, settings.tls) for domain in settings.domains)
    keys = administrators[source.account], administrators[target.account]
    return Accounts(role["Arn"], keys, (first, second))


def _administrator(connect: Connect) -> Administrator:
    iam = connect("iam", "us-east-1")
    iam.create_user(UserName=USER)
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    iam.put_user_policy(UserName=USER, PolicyName="everything", PolicyDocument=_policy(_allow(["*"], ["*"])))
    return Administrator(key["AccessKeyId"], key["SecretAccessKey"])


def create_bucket(url: str, name: str, region: str, account: str = ACCOUNT) -> None:
    """Create an empty bucket in the Region and account; `url` is the lab's control address."""
    placement = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    _connector(url, account)("s3", region).create_bucket(Bucket=name, **placement)


def _connector(url: str, account: str) -> Connect:
    """Make clients of the account before it has a key, isolated from the user's AWS settings."""
    import boto3

    def name_account(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = account

    def connect(service: str, region: str) -> Any:
        session: Any = boto3.Session("lab", "lab", region_name=region)
        client = session.client(service, endpoint_url=url)
        client.meta.events.register("before-sign", name_account)
        return client

    return connect


def _create_domain(url: str, domain: DomainSettings, tls: bool) -> str:
    """Create the domain in the control plane of its account; return its host name in the service's form."""
    client = _connector(url, domain.account)("opensearch", domain.region)
    client.create_domain(
        DomainName=domain.name,
        EngineVersion=_engine_version(domain.engine),
        ClusterConfig={"InstanceCount": domain.data_nodes},
        AdvancedSecurityOptions={"Enabled": domain.access_control, "InternalUserDatabaseEnabled": False},
        DomainEndpointOptions={"EnforceHTTPS": tls},
    )
    domain_status.show(domain, told=domain_status.AT_REST)
    host = f"search-{domain.name}-{_domain_id(domain)}.{domain.region}.es.amazonaws.com"
    domain_status.of(domain).endpoint = host
    return host


def _engine_version(engine: str) -> str:
    name, _, version = engine.partition("-")
    major_minor = ".".join(version.split(".")[:2])
    return f"{'OpenSearch' if name == 'opensearch' else 'Elasticsearch'}_{major_minor}"


def _domain_id(domain: DomainSettings) -> str:
    """The 26 letters and digits that the service appends to a domain's name; the same every time."""
    import base64
    import hashlib

    elsewhere = "" if domain.account == ACCOUNT else f"{domain.account}/"
    digest = hashlib.sha256(f"{elsewhere}{domain.name}/{domain.region}".encode()).digest()
    return base64.b32encode(digest).decode().lower()[:26]


def _trust(settings: LabSettings) -> str:
    """The guide's trust policy, with the conditions that keep other accounts out: for the domains of the
    role's account."""
    account = settings.source.account
    arns = [domain.arn for domain in settings.domains if domain.account == account]
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "",
                    "Effect": "Allow",
                    "Principal": {"Service": ["opensearchservice.amazonaws.com", "es.amazonaws.com"]},
                    "Action": "sts:AssumeRole",
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": account},
                        "ArnLike": {"aws:SourceArn": arns},
                    },
                }
            ],
        }
    )


def _role_policy(bucket: str) -> str:
    return _policy(
        _allow(["s3:ListBucket"], [f"arn:aws:s3:::{bucket}"]),
        _allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"arn:aws:s3:::{bucket}/*"]),
    )


def _allow(actions: list[str], resources: list[str]) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _policy(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
