"""A set-up as Terraform: policies as data, so that a plan of Terraform's shows each statement."""

from collections.abc import Iterable, Iterator
from typing import Any

from reports.access_files.cloudformation import comment, left_to_apply, path_and_name
from tasks.records.access import AccessModel, BucketModel, CallerModel, Piece, RoleModel, Statement

_NAMES = {Piece.SOURCE_ROLE: "snapshot_role", Piece.TARGET_ROLE: "target_snapshot_role"}


def terraform(model: AccessModel) -> str:
    """The whole set-up as one file. For several accounts, it names a provider for each.

    A key's policy and access control are not in it: their resources can only replace what others have there.
    """
    notes = [*left_to_apply(model), *model.notes]
    blocks = [*_providers(model), *_bucket(model), *_roles(model), *_callers(model)]
    lines = [f"# Access for the Snapferry plan {model.plan}.", *map(comment, notes)]
    return "\n".join(lines) + "\n\n" + "\n\n".join(blocks) + "\n"


# text


def _text(value: str) -> str:
    """A string of Terraform's, with its own signs escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped.replace("${", "$${").replace("%{", "%%{")}"'


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(each) for each in value) + "]"  # pyright: ignore[reportUnknownVariableType]
    return _text(str(value))


class _Reference(str):
    """An expression, written without quotes."""


def _block(head: str, body: Iterable[str]) -> str:
    inner = "\n".join(f"  {line}" for part in body for line in part.splitlines())
    return f"{head} {{\n{inner}\n}}"


def _lines(values: dict[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        yield f"{key} = {value if isinstance(value, _Reference) else _value(value)}"


def _resource(kind: str, name: str, values: dict[str, Any], *blocks: str) -> str:
    return _block(f'resource "{kind}" "{name}"', [*_lines(values), *blocks])


# accounts


def _alias(account: str) -> str:
    return f"account_{account}"


def _providers(model: AccessModel) -> Iterator[str]:
    if len(model.accounts) < 2:
        return
    for account in model.accounts:
        values: dict[str, Any] = {"alias": _alias(account), "allowed_account_ids": [account]}
        if model.bucket and model.bucket.account == account:
            values["region"] = model.bucket.region
        yield _block('provider "aws"', _lines(values))


def _provider(model: AccessModel, account: str) -> dict[str, Any]:
    return {"provider": _Reference(f"aws.{_alias(account)}")} if len(model.accounts) > 1 else {}


# policies


def _document(name: str, statements: Iterable[Statement]) -> str:
    return _block(f'data "aws_iam_policy_document" "{name}"', [_statement(each) for each in statements])


def _statement(statement: Statement) -> str:
    values: dict[str, Any] = {"sid": statement["Sid"], "effect": statement["Effect"]}
    values["actions"] = _listed(statement["Action"])
    if "Resource" in statement:
        values["resources"] = _listed(statement["Resource"])
    principals = [
        _block("principals", _lines({"type": kind, "identifiers": _listed(named)}))
        for kind, named in statement.get("Principal", {}).items()
    ]
    conditions = [
        _block("condition", _lines({"test": test, "variable": key, "values": _listed(wanted)}))
        for test, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    ]
    return _block("statement", [*_lines(values), *principals, *conditions])


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]  # pyright: ignore[reportUnknownArgumentType]


def _json_of(name: str) -> _Reference:
    return _Reference(f"data.aws_iam_policy_document.{name}.json")


# pieces


def _bucket(model: AccessModel) -> Iterator[str]:
    bucket = model.bucket
    if bucket is None:
        return
    provider = _provider(model, bucket.account)
    tags = _tags(model)
    keep = _block("lifecycle", ["prevent_destroy = true"])
    yield _resource("aws_s3_bucket", "snapshots", {**provider, "bucket": bucket.name, "tags": tags}, keep)
    of_it = {**provider, "bucket": _Reference("aws_s3_bucket.snapshots.id")}
    owner = _block("rule", ['object_ownership = "BucketOwnerEnforced"'])
    yield _resource("aws_s3_bucket_ownership_controls", "snapshots", of_it, owner)
    yield _encryption(bucket, of_it)
    if bucket.policy:
        yield _document("snapshot_bucket", bucket.policy)
        yield _resource("aws_s3_bucket_policy", "snapshots", {**of_it, "policy": _json_of("snapshot_bucket")})


def _encryption(bucket: BucketModel, of_it: dict[str, Any]) -> str:
    default = {"sse_algorithm": "aws:kms", "kms_master_key_id": bucket.key} if bucket.key else {
        "sse_algorithm": "AES256"
    }  # fmt: skip
    inner = _block("apply_server_side_encryption_by_default", _lines(default))
    enabled = ["bucket_key_enabled = true"] if bucket.key else []
    rule = _block("rule", [inner, *enabled])
    return _resource("aws_s3_bucket_server_side_encryption_configuration", "snapshots", of_it, rule)


def _roles(model: AccessModel) -> Iterator[str]:
    for role in model.roles:
        yield from _role(model, _NAMES[role.piece], role)


def _role(model: AccessModel, name: str, role: RoleModel | CallerModel) -> Iterator[str]:
    """A role with its trust policy and its policy."""
    path, called = path_and_name(role.arn)
    provider = _provider(model, role.arn.split(":")[4])
    yield _document(f"{name}_trust", role.trust)
    yield _resource(
        "aws_iam_role",
        name,
        {
            **provider,
            "name": called,
            "path": path,
            "assume_role_policy": _json_of(f"{name}_trust"),
            "tags": _tags(model),
        },
    )
    yield from _policy(model, name, role, "role", _Reference(f"aws_iam_role.{name}.id"))


def _policy(
    model: AccessModel, name: str, held: RoleModel | CallerModel, kind: str, holder: str
) -> Iterator[str]:
    provider = _provider(model, held.arn.split(":")[4])
    yield _document(name, held.policy)
    yield _resource(
        f"aws_iam_{kind}_policy",
        name,
        {**provider, "name": model.policy, kind: holder, "policy": _json_of(name)},
    )


def _callers(model: AccessModel) -> Iterator[str]:
    for number, caller in enumerate(model.callers, 1):
        name = f"caller_{number}" if len(model.callers) > 1 else "caller"
        if caller.trust:
            yield from _role(model, name, caller)
        else:
            kind = "role" if ":role/" in caller.arn else "user"
            yield from _policy(model, name, caller, kind, path_and_name(caller.arn)[1])


def _tags(model: AccessModel) -> _Reference:
    pairs = ", ".join(f"{_text(key)} = {_text(value)}" for key, value in model.tags.items())
    return _Reference(f"{{ {pairs} }}")
