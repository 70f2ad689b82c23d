"""The files of a set-up: valid for their tools, without a right too many, and all of the same statements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml
from cfnlint.api import lint_file
from support.building import a_plan
from support.policy_linter import problems_of

from configs.plan import S3Repository
from reports.access_files.cloudformation import cloudformation
from reports.access_files.document import access_document
from reports.access_files.terraform import terraform
from tasks.access.model import Facts, model_of
from tasks.records.access import AccessModel, Statement

pytestmark = pytest.mark.slow

UNKNOWN_TO_LINTERS = "es:DescribeDomainReplication"
"""An action of 2026 that the linters' lists do not have yet: they are shown another one in its place."""
EXPLAIN = "cluster:admin/opendistro/ism/managedindex/explain"
OWN, OTHER = "123456789012", "210987654321"
KEY = f"arn:aws:kms:us-east-1:{OWN}:key/0f1e2d3c"


def a_model(
    *, other: bool = False, key: str | None = None, user: bool = False, hashed: bool | None = True,
    new: bool = True, purpose: Any = "migrate", base_path: str = "orders", notes: tuple[str, ...] = (),
) -> AccessModel:  # fmt: skip
    """A model of a plan within one account, or from one to the other."""
    theirs = OTHER if other else OWN
    held = {
        "name": "move", "bucket": "my-snapshots", "base_path": base_path,
        "role_arn": f"arn:aws:iam::{OWN}:role/team/Snapshots",
        **({"target_role_arn": f"arn:aws:iam::{OTHER}:role/Snapshots"} if other else {}),
    }  # fmt: skip
    sides = {
        side: {"endpoint": f"http://127.0.0.1:{port}", "region": region, "auth": {"type": "sigv4"}}
        for side, port, region in (("source", 1, "us-east-1"), ("target", 2, "eu-west-1"))
    }
    plan = a_plan(**sides, repository=held)
    assert isinstance(plan.repository, S3Repository)
    kind = "user/ann" if user else "role/Mover"
    callers: Any = {"source": f"arn:aws:iam::{OWN}:{kind}", "target": f"arn:aws:iam::{theirs}:{kind}"}
    facts = Facts(
        domains={
            "source": f"arn:aws:es:us-east-1:{OWN}:domain/orders-old",
            "target": f"arn:aws:es:eu-west-1:{theirs}:domain/orders-new",
        },
        callers=callers,
        new_callers=frozenset(callers.values()) if new and not user else frozenset(),
        engines={"source": "elasticsearch", "target": "opensearch"},
        hashed=hashed,
        bucket_account=OWN,
        bucket_region="us-east-1",
        key=key,
        notes=notes,
    )
    return model_of(plan, plan.repository, facts, purpose)


MODELS = {
    "one account": a_model(),
    "two accounts": a_model(other=True),
    "a key": a_model(key=KEY),
    "a user": a_model(user=True),
    "roles that are there": a_model(new=False),
    "two accounts and a key": a_model(other=True, key=KEY, new=False),
    "one layout": a_model(hashed=False),
    "the bucket's root": a_model(base_path=""),
    "a cutover": a_model(purpose="cutover"),
}
EVERY = pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))


def policies(document: Any) -> Iterator[dict[str, Any]]:
    """Every policy document in a JSON document."""
    if isinstance(document, dict):
        if "Statement" in document:
            yield document
        for value in document.values():
            yield from policies(value)
    elif isinstance(document, list):
        for value in document:
            yield from policies(value)


@EVERY
def test_every_policy_passes_the_linter(model: AccessModel) -> None:
    found = list(policies(access_document(model)))
    assert len(found) >= 3
    for policy in found:
        principals = [each for each in policy["Statement"] if "Principal" in each]
        for each in principals:  # the linter knows identity policies: it is shown one with the same rights
            assert each["Principal"].keys() <= {"AWS", "Service"}
            assert "*" not in str(each["Principal"])
        own = {"Version": policy["Version"], "Statement": [_of_an_identity(s) for s in policy["Statement"]]}
        assert problems_of(json.loads(known(json.dumps(own)))) == []


def known(text: str) -> str:
    """The same in actions that the linters know."""
    return text.replace(UNKNOWN_TO_LINTERS, "es:DescribeDomain")


def _of_an_identity(statement: Statement) -> Statement:
    """A statement of a role's trust or of a key's policy, where the resource is the role or key itself."""
    kept = {key: value for key, value in statement.items() if key != "Principal"}
    if "Principal" not in statement:
        return kept
    itself = f"arn:aws:iam::{OWN}:role/Snapshots" if "Resource" not in kept else KEY
    return kept if kept.get("Resource", "*") != "*" else {**kept, "Resource": itself}


def test_the_linter_finds_what_is_wrong() -> None:
    wrong = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Fly", "Resource": "x"}]}
    assert problems_of(wrong)


@EVERY
def test_every_template_passes_cfn_lint(model: AccessModel, tmp_path: Path) -> None:
    for account in model.accounts:
        file = tmp_path / f"{account}.yaml"
        file.write_text(known(cloudformation(model, account)))
        assert lint_file(file) == []


def test_cfn_lint_finds_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(cloudformation(MODELS["one account"], OWN).replace("BucketName", "BucketNam"))
    assert lint_file(file)


# the same statements everywhere


def normal(statements: Any) -> set[str]:
    """Statements without regard to how one value and a list of one are written, or in which order."""
    return {json.dumps(_normal(each), sort_keys=True) for each in statements}


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _normal(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted(str(each) for each in value)
    return [str(value)]


def of_model(model: AccessModel) -> list[Statement]:
    held = [each for role in model.roles for each in (*role.trust, *role.policy)]
    held += [each for caller in model.callers for each in (*caller.trust, *caller.policy)]
    return [*held, *(model.bucket.policy if model.bucket else ())]


def of_templates(model: AccessModel) -> Iterator[Statement]:
    for account in model.accounts:
        for policy in policies(yaml.safe_load(cloudformation(model, account))):
            yield from policy["Statement"]


def of_terraform(model: AccessModel) -> Iterator[Statement]:
    parsed = hcl2.loads(terraform(model))
    for data in parsed["data"]:
        for documents in _plain(data).values():
            for document in documents.values():
                yield from map(_statement, document["statement"])


def _plain(value: Any) -> Any:
    """Without the quotes and marks that the parser keeps."""
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items() if not str(key).startswith("__")}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.strip('"') if isinstance(value, str) else value


def _statement(block: dict[str, Any]) -> Statement:
    made: Statement = {
        "Sid": block["sid"],
        "Effect": block["effect"],
        "Action": block["actions"],
    }
    if "resources" in block:
        made["Resource"] = block["resources"]
    for each in block.get("principals", []):
        made.setdefault("Principal", {})[each["type"]] = each["identifiers"]
    for each in block.get("condition", []):
        made.setdefault("Condition", {}).setdefault(each["test"], {})[each["variable"]] = each["values"]
    return made


@EVERY
def test_json_cloudformation_and_terraform_hold_the_same_statements(model: AccessModel) -> None:
    wanted = normal(of_model(model))
    shown = access_document(model)
    shown.get("bucket", {}).pop("key_policy_additions", None)
    assert normal(each for policy in policies(shown) for each in policy["Statement"]) == wanted
    assert normal(of_templates(model)) == wanted
    assert normal(of_terraform(model)) == wanted


@EVERY
def test_terraform_names_the_provider_of_each_account(model: AccessModel) -> None:
    parsed = _plain(hcl2.loads(terraform(model)))
    resources = [body for each in parsed["resource"] for kind in each.values() for body in kind.values()]
    if len(model.accounts) == 1:
        assert "provider" not in parsed
        assert not any("provider" in body for body in resources)
    else:
        accounts = [each["aws"]["allowed_account_ids"] for each in parsed["provider"]]
        assert accounts == [[account] for account in model.accounts]
        assert all("account_" in body["provider"] for body in resources)


def test_what_a_file_quotes_cannot_leave_its_place() -> None:
    evil = 'x\n}\nresource "aws_iam_user" "evil" {\n  name = "${evil}"\n'
    model = a_model(notes=(evil,))
    assert "aws_iam_user" not in str(_plain(hcl2.loads(terraform(model)))["resource"])
    assert yaml.safe_load(cloudformation(model, OWN))["Resources"].keys() == {
        "SnapshotBucket", "SnapshotRole", "Caller",
    }  # fmt: skip


# least privilege


def actions(statements: Any) -> set[str]:
    return {action for each in statements for action in (
        each["Action"] if isinstance(each["Action"], list) else [each["Action"]])}  # fmt: skip


def test_the_targets_own_role_only_reads_and_each_role_trusts_its_own_domain() -> None:
    source, target = MODELS["two accounts"].roles
    assert actions(target.policy) == {"s3:ListBucket", "s3:GetObject"}
    assert actions(source.policy) == {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
    assert "orders-new" not in str(source.trust)
    assert "orders-old" not in str(target.trust)


def test_one_role_for_both_trusts_both_domains_and_no_other() -> None:
    (role,) = MODELS["one account"].roles
    (statement,) = role.trust
    assert statement["Principal"] == {"Service": ["es.amazonaws.com", "opensearchservice.amazonaws.com"]}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": OWN}
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"] == [
        f"arn:aws:es:us-east-1:{OWN}:domain/orders-old",
        f"arn:aws:es:eu-west-1:{OWN}:domain/orders-new",
    ]


@pytest.mark.parametrize(
    ("name", "resources"),
    [
        (
            "one account",
            ["arn:aws:s3:::my-snapshots/orders/*", f"arn:aws:s3:::my-snapshots/{'?' * 15}/orders/*"],
        ),
        ("one layout", "arn:aws:s3:::my-snapshots/orders/*"),
        ("the bucket's root", "arn:aws:s3:::my-snapshots/*"),
    ],
)
def test_objects_are_limited_to_the_layouts_that_the_source_uses(name: str, resources: Any) -> None:
    (role,) = MODELS[name].roles
    (objects,) = [each for each in role.policy if "s3:GetObject" in each["Action"]]
    assert objects["Resource"] == resources


def test_no_statement_allows_everything() -> None:
    for model in MODELS.values():
        for each in of_model(model):
            assert "*" not in actions([each])
            assert each.get("Resource") != "*"


def test_users_and_roles_are_mapped_in_lists_of_their_own() -> None:
    for name, where in (("a user", "users"), ("one account", "backend_roles")):
        shown = access_document(MODELS[name])["access-control"]
        assert {change["path"] for each in shown for m in each["mappings"] for change in m["body"]} == {
            f"/{where}/-"
        }
    assert shown[0]["mappings"][0]["request"] == (
        "PATCH /_opendistro/_security/api/rolesmapping/manage_snapshots"
    )


def test_a_cutover_needs_the_window_roles_and_a_migration_does_not() -> None:
    def names(model: AccessModel) -> list[str]:
        return [role.name for each in model.access_control for role in each.roles]

    assert names(MODELS["one account"]) == ["snapferry-orders"] * 2
    assert names(MODELS["a cutover"]) == ["snapferry-orders", "snapferry-orders-window"] * 2


def test_the_roles_of_access_control_are_those_of_the_documents() -> None:
    """What docs/access.md shows, and the lab's migrator has; and the right that only a check needs."""
    from lab.engines.security import migrators_role, window_role

    for each in MODELS["a cutover"].access_control:
        reading, window = ({**role.definition, "reserved": False} for role in each.roles)
        cluster: Any = reading["cluster_permissions"]
        assert (EXPLAIN in cluster) == (each.side == "source")
        reading["cluster_permissions"] = [right for right in cluster if right != EXPLAIN]
        for made, wanted in ((reading, migrators_role()), (window, window_role(each.side))):
            made.pop("description")
            assert made == wanted
