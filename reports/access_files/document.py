"""A set-up as one JSON document: every policy and every request, to be used by hand."""

from collections.abc import Iterable
from typing import Any

from tasks.records.access import (
    AccessControlModel,
    AccessModel,
    BucketModel,
    CallerModel,
    RoleModel,
    Statement,
)

_PREFIX = {"opensearch": "/_plugins/_security", "elasticsearch": "/_opendistro/_security"}


def access_document(model: AccessModel) -> dict[str, Any]:
    """The set-up, piece by piece; pieces that were not asked for are left out."""
    pieces: dict[str, Any] = {"plan": model.plan, "for": model.purpose, "tags": model.tags}
    if model.bucket:
        pieces["bucket"] = _bucket(model.bucket)
    for role in model.roles:
        pieces[role.piece.value] = _role(model, role)
    if model.callers:
        pieces["caller"] = [_caller(model, caller) for caller in model.callers]
    if model.access_control:
        pieces["access-control"] = [_access_control(each) for each in model.access_control]
    return {**pieces, "notes": list(model.notes)}


def policy(statements: Iterable[Statement]) -> dict[str, Any]:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _bucket(bucket: BucketModel) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": bucket.name,
        "account": bucket.account,
        "region": bucket.region,
        "object_ownership": "BucketOwnerEnforced",
        "encryption": encryption(bucket),
    }
    if bucket.policy:
        shown["policy"] = policy(bucket.policy)
    if bucket.key_policy:
        shown["key_policy_additions"] = policy(bucket.key_policy)
    return shown


def encryption(bucket: BucketModel) -> dict[str, Any]:
    """The bucket's default encryption."""
    if bucket.key:
        return {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": bucket.key}
    return {"SSEAlgorithm": "AES256"}


def _role(model: AccessModel, role: RoleModel) -> dict[str, Any]:
    return {
        "arn": role.arn,
        "sides": list(role.sides),
        "trust_policy": policy(role.trust),
        "policy_name": model.policy,
        "policy": policy(role.policy),
    }


def _caller(model: AccessModel, caller: CallerModel) -> dict[str, Any]:
    shown: dict[str, Any] = {"arn": caller.arn, "sides": list(caller.sides)}
    if caller.trust:
        shown["trust_policy"] = policy(caller.trust)
    return {**shown, "policy_name": model.policy, "policy": policy(caller.policy)}


def _access_control(wanted: AccessControlModel) -> dict[str, Any]:
    api = f"{_PREFIX[wanted.engine]}/api"
    names = (*wanted.existing, *(role.name for role in wanted.roles))
    append = [{"op": "add", "path": f"/{wanted.where}/-", "value": wanted.caller}]
    return {
        "side": wanted.side,
        "caller": wanted.caller,
        "roles": [
            {"request": f"PUT {api}/roles/{role.name}", "body": role.definition} for role in wanted.roles
        ],
        "mappings": [{"request": f"PATCH {api}/rolesmapping/{name}", "body": append} for name in names],
    }
