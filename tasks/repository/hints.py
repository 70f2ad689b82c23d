"""What to do about a refusal that has to do with the repository, in the words of this plan."""

from configs.plan import S3Repository
from domains.domain import Side
from domains.http.known_refusals import RepositoryLocation, cause_of
from tasks.migration import Migration


def hint_for(m: Migration, side: Side, said: str) -> str | None:
    """One sentence that names the plan's role and bucket; None where the words name no known cause.

    Args:
        side: the domain that refused.
        said: its words, in one line.
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
