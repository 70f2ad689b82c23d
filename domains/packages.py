"""Packages (dictionaries, synonyms, plugins) that the control plane has associated with a domain."""

import boto3

from domains.aws import ask, client_of


def packages(session: boto3.Session, domain: str) -> frozenset[str]:
    """Ids of the packages that are at work on the domain, such as `F123456789`.

    Raises:
        AwsError: the caller may not list them (`es:ListPackagesForDomain`), or it cannot be reached.
    """
    client = ask("look at the control plane", lambda: client_of(session, "opensearch"))
    found: set[str] = set()
    page: dict[str, str] = {}
    while True:
        reply = ask(
            f"list the packages of domain {domain}",
            lambda page=page: client.list_packages_for_domain(DomainName=domain, **page),
        )
        listed = reply["DomainPackageDetailsList"]
        found |= {each["PackageID"] for each in listed if each.get("DomainPackageStatus") == "ACTIVE"}
        if not reply.get("NextToken"):
            return frozenset(found)
        page = {"NextToken": reply["NextToken"]}
