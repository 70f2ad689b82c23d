"""Fixtures of set-ups: two accounts, two domains of the service, a plan, and the command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from support.aws_account import OWN, AwsAccounts, ServedAccounts, as_open_domain
from support.fake_domain import FakeDomain
from typer.testing import CliRunner

ROLE = f"arn:aws:iam::{OWN}:role/Snapshots"
MOVER = f"arn:aws:iam::{OWN}:role/Mover"


@dataclass
class Desk:
    """An administrator with a plan."""

    accounts: AwsAccounts
    source: FakeDomain
    target: FakeDomain
    folder: Path

    def write(self, *, target: dict[str, Any] | None = None, **repository: Any) -> None:
        """Write the plan, with these keys of the repository and of the target changed."""
        auth = {"type": "sigv4", "role_arn": MOVER}
        held = {"name": "move", "bucket": "snapshots", "base_path": "orders", "role_arn": ROLE, **repository}
        plan = {
            "name": "orders",
            "source": {"endpoint": self.source.endpoint, "region": "us-east-1", "auth": auth},
            "target": {
                "endpoint": self.target.endpoint, "region": "eu-west-1", "auth": auth, **(target or {}),
            },
            "repository": {key: value for key, value in held.items() if value is not None},
        }  # fmt: skip
        (self.folder / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))

    def run(self, verb: str, *options: str, **environment: str) -> Result:
        """`snapferry access VERB PLAN …`"""
        from snapferry.main import app

        arguments = ["access", verb, str(self.folder / "plan.yaml"), "--state", str(self.folder / "state")]
        variables = {**self.accounts.environment, **environment}
        return CliRunner().invoke(app, [*arguments, *options], env=variables, catch_exceptions=False)


@pytest.fixture
def accounts(served: ServedAccounts, tmp_path: Path) -> AwsAccounts:
    """Both accounts, as new: each has an administrator, and nothing else."""
    return served.as_new(tmp_path)


@pytest.fixture
def desk(accounts: AwsAccounts, source: FakeDomain, target: FakeDomain, tmp_path: Path) -> Desk:
    """An administrator of an account with nothing but a key, at two domains without access control."""
    as_open_domain(source, "orders-source")
    as_open_domain(target, "orders-target")
    made = Desk(accounts, source, target, tmp_path)
    made.write()
    return made
