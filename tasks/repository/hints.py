"""Hints for refusals that concern the repository, with the names of this plan."""

from configs.plan import S3Repository
from configs.values.aws import parse_role_arn
from domains.domain import Side
from domains.http.known_refusals import RepositoryLocation, cause_of
from tasks.migration import Migration


def hint_for(m: Migration, side: Side, said: str) -> str | None:
    """Return one sentence that names the plan's role and bucket; None without a known cause.

    Args:
        side: the domain that refused.
        said: its message, in one line.
    """
    cause = cause_of(said)
    if cause is None:
        return None
    return cause.advice(_place(m, side)) + (_of_the_writer(m) if cause.kind == "read" else "")


def _of_the_writer(m: Migration) -> str:
    """What else may keep the target from reading, where its role is of another account than the source's."""
    arns = [m.plan.repository.role_arn_for(each.side) for each in m.domains if each.signed]
    accounts = [parse_role_arn(arn).account for arn in arns if arn]
    if len(set(accounts)) < 2:
        return ""
    return (
        f"; if it may already, the objects belong to account {accounts[0]}, which wrote them: set the "
        "bucket's Object Ownership to Bucket owner enforced"
    )


def _place(m: Migration, side: Side) -> RepositoryLocation:
    repository = m.plan.repository
    if not isinstance(repository, S3Repository):
        return RepositoryLocation()
    client = str(repository.settings.get("client", RepositoryLocation.client))
    role = repository.role_arn_for(side) or RepositoryLocation.role
    if not any(each.signed for each in m.domains if each.side == side):
        role = f"the owner of the keys in the cluster's keystore (s3.client.{client})"
    return RepositoryLocation(role, repository.bucket, repository.base_path, client)
