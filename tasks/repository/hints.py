"""Hints for refusals that concern the repository, with the names of this plan."""

from configs.plan import S3Repository
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
    return cause.advice(_place(m, side)) if cause else None


def _place(m: Migration, side: Side) -> RepositoryLocation:
    repository = m.plan.repository
    if not isinstance(repository, S3Repository):
        return RepositoryLocation()
    return RepositoryLocation(
        repository.role_arn_for(side) or RepositoryLocation.role, repository.bucket, repository.base_path
    )
