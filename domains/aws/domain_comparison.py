"""The service's own comparison of two domains' metadata. Reads only."""

from dataclasses import dataclass

import boto3

from domains.aws.session import call_aws, control_plane_of
from domains.errors import AwsError
from domains.http.documented import documented_by_aws
from domains.http.json_replies import Json, child, children, text, texts

OPERATION = "CompareDomainConfiguration"


@dataclass(frozen=True)
class CategoryComparison:
    """What the service says about one category.

    Args:
        whole: whether it could compare all of it, and named every difference.
    """

    source_only: frozenset[str]
    target_only: frozenset[str]
    diverged: frozenset[str]
    whole: bool


@documented_by_aws
def compare_configuration(
    session: boto3.Session, source: str, target: str, categories: tuple[str, ...], region: str | None = None
) -> dict[str, CategoryComparison]:
    """Have the service compare two domains of one account, by category.

    Args:
        source, target: their ARNs.
        region: the Region to ask in; None for the session's.

    Raises:
        AwsError: the installed botocore does not know it, the caller may not ask
            (`es:CompareDomainConfiguration`), or a domain does not take part.
    """
    client = control_plane_of(session, region)
    if not hasattr(client, "compare_domain_configuration"):
        raise AwsError("the installed botocore has no CompareDomainConfiguration", "update botocore")
    reply = call_aws(
        "compare the domains' configuration",
        lambda: client.compare_domain_configuration(
            SourceDomainArn=source, TargetDomainArn=target, Categories=list(categories)
        ),
        "es:CompareDomainConfiguration on both domains",
    )
    found: Json = reply["Categories"]
    return {text(name): _category(entry) for name, entry in found.items()}


def _category(entry: Json) -> CategoryComparison:
    items = child(entry, "Items")
    return CategoryComparison(
        frozenset(texts(items.get("SourceOnly") or [])),
        frozenset(texts(items.get("TargetOnly") or [])),
        frozenset(text(each["Name"]) for each in children(items, "Diverged")),
        entry.get("Status") == "compared" and not entry.get("Truncated"),
    )
