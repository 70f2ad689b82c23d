"""Repository registrations as domains accept and return them: forms, bodies, comparison. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

from configs.plan import Plan, S3Repository
from domains.domain import Domain
from domains.http.json_replies import Json, child
from tasks.records.transfer import Form

_S3_ENDPOINTS = {"cn-": "s3.{region}.amazonaws.com.cn", "us-gov-": "s3.{region}.amazonaws.com"}
PLACE = ("bucket", "base_path", "location")
"""Settings that say where a repository lies: two registrations that agree in them lead to the same place."""


def forms(plan: Plan, bucket_region: str | None) -> Iterator[Form]:
    """The forms of registration that the plan allows, in the sequence to try."""
    repository = plan.repository
    if not isinstance(repository, S3Repository):
        yield "fs"
        return
    if repository.endpoint_fallback != "always":
        yield "region" if bucket_region else "plain"
    if repository.endpoint_fallback != "never":
        yield "endpoint"


def registration(plan: Plan, domain: Domain, form: Form, bucket_region: str | None) -> Json:
    """Build the body of a registration in one form."""
    repository = plan.repository
    readonly: Json = {"readonly": True} if domain.side == "target" else {}
    if not isinstance(repository, S3Repository):
        return {
            "type": "fs",
            "settings": {**repository.settings, "location": repository.location, **readonly},
        }
    settings: Json = {**repository.settings, "bucket": repository.bucket}
    if repository.base_path:
        settings["base_path"] = repository.base_path
    role = repository.role_arn_for(domain.side)
    if role and domain.signed:  # a cluster outside the service does not know the setting
        settings["role_arn"] = role
    if form == "region" and bucket_region:
        settings["region"] = bucket_region
    if form == "endpoint":
        settings["endpoint"] = s3_endpoint(bucket_region)
    return {"type": "s3", "settings": {**settings, **readonly}}


def s3_endpoint(bucket_region: str | None) -> str:
    """The S3 endpoint to use in place of a Region: outside the partition `aws`, the partition's own."""
    for prefix, form in _S3_ENDPOINTS.items():
        if bucket_region and bucket_region.startswith(prefix):
            return form.format(region=bucket_region)
    return "s3.amazonaws.com"


def same_place(found: Json, wanted: Json) -> bool:
    """Whether a registration points to the plan's bucket and path (or folder), ignoring a trailing slash."""
    has, wants = child(found, "settings"), wanted["settings"]
    same_type = found.get("type") == wanted["type"]
    return same_type and all(
        _text(has.get(key)).rstrip("/") == _text(wants.get(key)).rstrip("/") for key in PLACE
    )


def same(found: Json, wanted: Json) -> bool:
    """Whether a registration has every wanted setting, and no other Region, endpoint or access."""
    return _agree(found, wanted, {"region", "endpoint", "readonly"} | wanted["settings"].keys())


def alike(found: Json, sent: Json) -> bool:
    """Whether a registration equals the one that was sent in every setting."""
    return _agree(found, sent, child(found, "settings").keys() | child(sent, "settings").keys())


def is_readonly(found: Json) -> bool:
    """Whether a registration is readonly."""
    return _text(child(found, "settings").get("readonly")) == "true"


def place(found: Json) -> str:
    """Describe the bucket or folder of a registration."""
    shown = {key: value for key, value in child(found, "settings").items() if key in PLACE}
    return f"{found.get('type')} {shown}"


def _agree(found: Json, wanted: Json, keys: Iterable[str]) -> bool:
    has, wants = child(found, "settings"), wanted["settings"]
    return found.get("type") == wanted["type"] and all(_text(has.get(k)) == _text(wants.get(k)) for k in keys)


def _text(value: Any) -> str:
    """A setting as text, as domains show it; a setting that is off counts as absent."""
    if value is None or value is False or value == "false":
        return ""
    return "true" if value is True else str(value)
