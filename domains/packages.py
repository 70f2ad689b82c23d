"""Packages (dictionaries, synonyms, plugins) that the control plane has associated with a domain."""

import boto3

from domains.aws import LOOK_UPS, ask, client_of
from domains.documented import documented_by_aws


@documented_by_aws
def packages(session: boto3.Session, domain: str) -> dict[str, str]:
    """Ids of the domain's packages, such as `F123456789`, each with its status, such as `ACTIVE`.

    Raises:
        AwsError: the caller may not list them (`es:ListPackagesForDomain`), or it cannot be reached.
    """
    client = ask("look at the control plane", lambda: client_of(session, "opensearch", None, LOOK_UPS))
    found: dict[str, str] = {}
    page: dict[str, str] = {}
    while True:
        reply = ask(
            f"list the packages of domain {domain}",
            lambda page=page: client.list_packages_for_domain(DomainName=domain, **page),
            f"es:ListPackagesForDomain on {domain}",
        )
        listed = reply["DomainPackageDetailsList"]
        found |= {str(each["PackageID"]): str(each["DomainPackageStatus"]) for each in listed}
        if not reply.get("NextToken"):
            return found
        page = {"NextToken": reply["NextToken"]}
