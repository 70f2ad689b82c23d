"""Errors outside the domains: the message names the cause and the remedy.

The words come from the lab's own bodies, those of real engines where an engine decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests
from identities import Identities, User, allow, trust
from migrations import Desk, Ended, engine, log_size, mutations

WRITE = ["s3:PutObject", "s3:DeleteObject"]
READ = ["s3:ListBucket", "s3:GetObject"]
SEND = ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpDelete"]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A right that is missing is not waited for here; tests/unit/tasks/repository shows that it is."""
    monkeypatch.setattr("tasks.repository.fallback.NEW_RIGHTS_S", 0.0)


@pytest.fixture
def small(desk: Desk) -> Desk:
    """A user at a lab whose source holds one index."""
    engine(desk.lab, "source", "PUT", "/books/_doc/1?refresh=true", {"n": 1})
    desk.write()
    return desk


def as_user(desk: Desk, user: User) -> Desk:
    return replace(desk, lab=replace(desk.lab, access_key_id=user.key, secret_access_key=user.secret))


def advice(ended: Ended) -> str:
    """The sentence that says what to do; it must be one."""
    (line,) = [line for line in ended.out.splitlines() if line.startswith("To do: ")]
    assert ". " not in line, line
    return line


def says(ended: Ended, code: int, *facts: str) -> None:
    assert ended.code == code, str(ended)
    told = advice(ended)
    missing = [fact for fact in facts if fact not in told]
    assert not missing, (missing, told)


def left(desk: Desk, side: str = "source") -> dict[str, Any]:
    """What is registered on a domain."""
    return engine(desk.lab, side, "GET", "/_snapshot")


def test_a_caller_without_pass_role(small: Desk, identities: Identities) -> None:
    user = identities.user(allow("es:*"))
    ended = as_user(small, user).run("migrate", "--execute")
    says(ended, 3, user.arn, "iam:PassRole", small.lab.role_arn, "allow")
    assert left(small) == {}


def test_a_caller_without_put(small: Desk, identities: Identities) -> None:
    user = identities.user(allow(SEND), allow("iam:PassRole"))
    ended = as_user(small, user).run("migrate", "--execute")
    says(ended, 3, user.arn, "es:ESHttpPut", "IAM policy", "access policy")
    assert left(small) == {}


def test_a_trust_policy_that_names_another_service(small: Desk, identities: Identities) -> None:
    role = identities.role(allow(READ + WRITE), trusts=trust("ec2.amazonaws.com"))
    small.write(repository={"role_arn": role})
    says(small.run("migrate", "--execute"), 1, role, "trust policy", "sts:AssumeRole", "both domains")
    assert left(small) == {}, "taken back"


def test_a_trust_policy_that_knows_the_source_only(small: Desk, identities: Identities) -> None:
    source = "arn:aws:es:us-east-1:123456789012:domain/orders-source"
    role = identities.role(allow(READ + WRITE), trusts=trust(ArnLike={"aws:SourceArn": source}))
    small.write(repository={"role_arn": role})
    ended = small.run("migrate", "--execute")
    says(ended, 1, role, "trust policy", "both domains")
    assert "on the target" in ended.out
    assert left(small, "target") == {}


def test_a_role_that_may_not_write(small: Desk, identities: Identities) -> None:
    role = identities.role(allow(READ))
    small.write(repository={"role_arn": role})
    objects = f"arn:aws:s3:::{small.lab.bucket}/*"
    says(small.run("migrate", "--execute"), 1, role, small.lab.bucket, "s3:PutObject", objects)
    identities.let_role(role, allow(READ + WRITE))
    assert small.run("migrate", "--execute").code == 0, "put right, the same command goes on"


def test_a_bucket_that_does_not_exist(small: Desk) -> None:
    small.write(repository={"bucket": "no-such-bucket-anywhere"})
    began = log_size(small.lab, "source")
    for verb in (("plan",), ("migrate", "--execute")):
        ended = small.run(*verb)
        assert ended.code == 3, str(ended)
        said = ended.out + ended.err
        assert "S3 has no bucket no-such-bucket-anywhere" in said
        assert "create it, or correct repository.bucket" in said
    assert mutations(small.lab, "source", began) == []


def test_a_bucket_whose_objects_went_to_glacier(small: Desk, identities: Identities) -> None:
    lab, s3 = small.lab, identities.client("s3")
    assert small.run("migrate", "--execute").code == 0
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""},
            "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}  # fmt: skip
    s3.put_bucket_lifecycle_configuration(Bucket=lab.bucket, LifecycleConfiguration={"Rules": [rule]})
    try:
        aged = requests.post(f"{lab.admin_url}/account/age", json={"bucket": lab.bucket}, timeout=30)
        assert aged.ok and aged.json(), aged.text
        engine(lab, "target", "DELETE", "/books")
        ended = small.run("migrate", "--execute", "--new-run")
        assert ended.code != 0
        told = advice(ended)
        assert "Glacier" in told and "lifecycle rule" in told and "S3 Standard" in told, told
    finally:
        s3.delete_bucket_lifecycle(Bucket=lab.bucket)


def test_a_name_that_belongs_to_the_service(small: Desk) -> None:
    small.write(repository={"name": "cs-automated"})
    ended = small.run("migrate", "--execute")
    assert ended.code == 2
    assert 'start with "cs-" belong to the service' in ended.err and "give another one" in ended.err
