"""`snapferry access print`: needs no login, says what it assumes, and writes one file for one tool."""

from __future__ import annotations

import json

import yaml
from support.aws_account import OTHER, OWN

from .conftest import MOVER, Desk

NO_LOGIN = {"AWS_PROFILE": "none", "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}


def test_without_any_login_it_says_what_it_assumes(desk: Desk) -> None:
    auth = {"type": "sigv4", "role_arn": MOVER}
    plan = yaml.safe_load((desk.folder / "plan.yaml").read_text())
    for side, region in (("source", "us-east-1"), ("target", "eu-west-1")):
        plan[side] = {"domain": f"orders-{side}", "region": region, "auth": auth}
    (desk.folder / "plan.yaml").write_text(yaml.safe_dump(plan))
    printed = desk.run("print", **NO_LOGIN)
    assert printed.exit_code == 0, printed.output
    shown = json.loads(printed.stdout)
    assert f"arn:aws:es:us-east-1:{OWN}:domain/orders-source" in str(shown["source-role"]["trust_policy"])
    assert "??????/orders/*" in str(shown["source-role"]["policy"]), "both layouts"
    assert any("both layouts are allowed" in note for note in shown["notes"])
    assert "Note: " in printed.stderr
    assert desk.accounts.calls == []


def test_pieces_can_be_chosen(desk: Desk) -> None:
    shown = json.loads(desk.run("print", "--only", "bucket").stdout)
    assert shown.keys() == {"plan", "for", "tags", "bucket", "notes"}


def test_a_template_is_for_one_account(desk: Desk) -> None:
    from support.aws_account import as_open_domain

    as_open_domain(desk.target, "orders-target", OTHER)
    auth = {"type": "sigv4", "role_arn": f"arn:aws:iam::{OTHER}:role/Mover", "profile": "other"}
    desk.write(target={"auth": auth}, target_role_arn=f"arn:aws:iam::{OTHER}:role/Snapshots")
    refused = desk.run("print", "--format", "cloudformation")
    assert refused.exit_code == 2
    assert "for one account" in refused.output
    made = desk.run("print", "--format", "cloudformation", "--account", OTHER)
    assert yaml.safe_load(made.stdout)["Resources"].keys() == {"TargetSnapshotRole", "Caller"}


def test_a_file_is_never_overwritten(desk: Desk) -> None:
    file = desk.folder / "access.tf"
    made = desk.run("print", "--format", "terraform", "-o", str(file))
    assert made.exit_code == 0
    text = file.read_text()
    assert 'resource "aws_iam_role" "snapshot_role"' in text
    again = desk.run("print", "--format", "terraform", "-o", str(file))
    assert again.exit_code == 2
    assert "already exists" in again.output
    assert file.read_text() == text
