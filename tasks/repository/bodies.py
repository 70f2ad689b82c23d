"""Repository registrations as domains accept and return them: forms, bodies, comparison. Pure."""

from collections.abc import Iterable, Iterator

from configs.plan import Plan, S3Repository
from configs.repository import Repository
from domains.domain import Domain
from domains.engine.registrations import PLACE, same_place, setting_text
from domains.http.json_replies import Json, child
from tasks.records.transfer import Form

__all__ = [
    "PLACE",
    "alike",
    "forms",
    "is_readonly",
    "place",
    "registration",
    "s3_endpoint",
    "same",
    "same_place",
]

_S3_ENDPOINTS = {"cn-": "s3.{region}.amazonaws.com.cn", "us-gov-": "s3.{region}.amazonaws.com"}


OF_THE_CLUSTER = frozenset({"client", "path_style_access", "protocol"})
"""Settings about a self-managed cluster's own S3 client: a domain of the service has none, and gets none."""


def forms(plan: Plan, bucket_region: str | None) -> Iterator[Form]:
    """The forms of registration that the plan allows, in the sequence to try."""
    return forms_of(plan.repository, bucket_region)


def forms_of(repository: Repository, bucket_region: str | None) -> Iterator[Form]:
    """The forms in which a repository may be registered, in the sequence to try."""
    if not isinstance(repository, S3Repository):
        yield "fs"
        return
    if repository.endpoint_fallback != "always":
        yield "region" if bucket_region else "plain"
    if repository.endpoint_fallback != "never":
        yield "endpoint"


def registration(plan: Plan, domain: Domain, form: Form, bucket_region: str | None) -> Json:
    """Build the body of the registration on this side of the plan, in one form."""
    role = plan.repository.role_arn_for(domain.side)
    known = role if domain.signed else None  # a cluster outside the service does not know the setting
    return body_of(plan.repository, form, bucket_region, role=known, readonly=domain.side == "target")


def body_of(
    repository: Repository, form: Form, bucket_region: str | None, *, role: str | None, readonly: bool
) -> Json:
    """Build the body of a registration in one form.

    Args:
        role: the role of a domain of the service; None for a cluster outside it.
    """
    access: Json = {"readonly": True} if readonly else {}
    if not isinstance(repository, S3Repository):
        return {
            "type": "fs",
            "settings": {**repository.settings, "location": repository.location, **access},
        }
    passed_on = {
        key: value for key, value in repository.settings.items() if not (role and key in OF_THE_CLUSTER)
    }
    settings: Json = {**passed_on, "bucket": repository.bucket}
    if repository.base_path:
        settings["base_path"] = repository.base_path
    if role:
        settings["role_arn"] = role
    if form == "region" and bucket_region:
        settings["region"] = bucket_region
    if form == "endpoint":
        settings["endpoint"] = s3_endpoint(bucket_region)
    return {"type": "s3", "settings": {**settings, **access}}


def s3_endpoint(bucket_region: str | None) -> str:
    """The S3 endpoint to use in place of a Region: outside the partition `aws`, the partition's own."""
    for prefix, form in _S3_ENDPOINTS.items():
        if bucket_region and bucket_region.startswith(prefix):
            return form.format(region=bucket_region)
    return "s3.amazonaws.com"


def same(found: Json, wanted: Json) -> bool:
    """Whether a registration has every wanted setting, and no other Region, endpoint or access."""
    return _agree(found, wanted, {"region", "endpoint", "readonly"} | wanted["settings"].keys())


def alike(found: Json, sent: Json) -> bool:
    """Whether a registration equals the one that was sent in every setting."""
    return _agree(found, sent, child(found, "settings").keys() | child(sent, "settings").keys())


def is_readonly(found: Json) -> bool:
    """Whether a registration is readonly."""
    return setting_text(child(found, "settings").get("readonly")) == "true"


def place(found: Json) -> str:
    """Describe the bucket or folder of a registration."""
    shown = {key: value for key, value in child(found, "settings").items() if key in PLACE}
    return f"{found.get('type')} {shown}"


def _agree(found: Json, wanted: Json, keys: Iterable[str]) -> bool:
    has, wants = child(found, "settings"), wanted["settings"]
    return found.get("type") == wanted["type"] and all(
        setting_text(has.get(k)) == setting_text(wants.get(k)) for k in keys
    )
