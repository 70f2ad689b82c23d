"""The AWS account of a fresh lab: a user with a key, the snapshot role, the bucket, both domains."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.account import domain_status
from lab.settings import ACCOUNT, DomainSettings, LabSettings

USER = "migrator"
ROLE = "SnapferryLabSnapshotRole"


@dataclass(frozen=True)
class Account:
    """The contents of a fresh account."""

    role_arn: str
    access_key_id: str
    secret_access_key: str
    hosts: tuple[str, str]


def open_account(settings: LabSettings, url: str) -> Account:
    """Create what the guide tells its reader to create: user and key, snapshot role, bucket, both domains."""
    connect = _connector(url)
    iam = connect("iam", "us-east-1")
    iam.create_user(UserName=USER)
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    iam.put_user_policy(UserName=USER, PolicyName="everything", PolicyDocument=_policy(_allow(["*"], ["*"])))
    role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=_trust(settings))["Role"]
    iam.put_role_policy(RoleName=ROLE, PolicyName="snapshots", PolicyDocument=_role_policy(settings.bucket))
    create_bucket(url, settings.bucket, settings.bucket_region or settings.source.region)
    first, second = (_create_domain(connect, domain, settings.tls) for domain in settings.domains)
    return Account(role["Arn"], key["AccessKeyId"], key["SecretAccessKey"], (first, second))


def create_bucket(url: str, name: str, region: str) -> None:
    """Create an empty bucket in the Region; `url` is the lab's control address."""
    placement = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    _connector(url)("s3", region).create_bucket(Bucket=name, **placement)


def _connector(url: str) -> Callable[[str, str], Any]:
    """Make clients of the lab's own account, isolated from the user's AWS settings."""
    import boto3

    def connect(service: str, region: str) -> Any:
        session: Any = boto3.Session("lab", "lab", region_name=region)
        return session.client(service, endpoint_url=url)

    return connect


def _create_domain(connect: Callable[[str, str], Any], domain: DomainSettings, tls: bool) -> str:
    """Create the domain in the control plane; return its host name in the service's form."""
    from moto.opensearch.models import opensearch_backends

    client = connect("opensearch", domain.region)
    client.create_domain(
        DomainName=domain.name,
        EngineVersion=_engine_version(domain.engine),
        ClusterConfig={"InstanceCount": domain.data_nodes},
        AdvancedSecurityOptions={"Enabled": domain.access_control, "InternalUserDatabaseEnabled": False},
        DomainEndpointOptions={"EnforceHTTPS": tls},
    )
    domain_status.show(domain.name, domain.region, told=domain_status.AT_REST)
    host = f"search-{domain.name}-{_domain_id(domain)}.{domain.region}.es.amazonaws.com"
    opensearch_backends[ACCOUNT][domain.region].domains[domain.name].endpoint = host
    return host


def _engine_version(engine: str) -> str:
    name, _, version = engine.partition("-")
    major_minor = ".".join(version.split(".")[:2])
    return f"{'OpenSearch' if name == 'opensearch' else 'Elasticsearch'}_{major_minor}"


def _domain_id(domain: DomainSettings) -> str:
    """The 26 letters and digits that the service appends to a domain's name; the same every time."""
    import base64
    import hashlib

    digest = hashlib.sha256(f"{domain.name}/{domain.region}".encode()).digest()
    return base64.b32encode(digest).decode().lower()[:26]


def _trust(settings: LabSettings) -> str:
    """The guide's trust policy, with the conditions that keep other accounts out."""
    arns = [f"arn:aws:es:{domain.region}:{ACCOUNT}:domain/{domain.name}" for domain in settings.domains]
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
                        "StringEquals": {"aws:SourceAccount": ACCOUNT},
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
