"""Facts that several checks share, each read once by the survey."""

from urllib.parse import urlsplit

from configs.plan import DomainSettings, S3Repository
from domains import account, aws, bucket, reach
from domains.account import Caller, DomainStatus, Role
from domains.bucket import Found
from domains.domain import Side
from domains.errors import SnapferryError
from domains.reach import Reach
from tasks.survey import Survey, Unlooked


def settings(survey: Survey, side: Side) -> DomainSettings:
    """The plan's settings of a side."""
    return survey.plan.source if side == "source" else survey.plan.target


def reached(survey: Survey, side: Side) -> Reach:
    """How far one gets to the side's domain. Gives the side up where it cannot be asked."""

    def go() -> Reach:
        try:
            found = reach.reach(survey.domain(side), settings(survey, side))
        except SnapferryError as error:  # it could not even be opened
            found = Reach("credentials", error.message, error.hint)
        if found.stage != "reached":
            survey.give_up(side, f"the {side} cannot be asked, see {_check_of(found)}")
        return found

    return survey.once(("reach", side), go)


def _check_of(found: Reach) -> str:
    if found.stage in {"credentials", "clock", "domain-access"}:
        return f"account.{found.stage}"
    return f"domains.{found.stage}"


def signed(survey: Survey, side: Side) -> bool:
    """Whether the side's requests are signed, that is, whether an AWS account is behind it."""
    return settings(survey, side).is_signed


def caller(survey: Survey, side: Side) -> Caller:
    """Who signs the side's requests."""
    return survey.once(("caller", side), lambda: account.caller(survey.domain(side).session))


def role_arn(survey: Survey, side: Side) -> str | None:
    """The role that the side registers the repository with; None for none."""
    return survey.plan.repository.role_arn_for(side)


def role(survey: Survey, side: Side) -> Role | None:
    """That role as IAM has it; None when it does not exist, or the side needs none."""
    arn = role_arn(survey, side)
    if arn is None:
        return None
    return survey.once(("role", side), lambda: account.role(survey.domain(side).session, arn))


def status(survey: Survey, side: Side) -> DomainStatus | None:
    """The side's domain in the control plane; None when it is not there (or not a domain of the service)."""
    if not signed(survey, side):
        return None

    def look() -> DomainStatus | None:
        name = domain_name(survey, side)
        return account.domain_status(survey.domain(side).session, name) if name else None

    return survey.once(("status", side), look)


def domain_name(survey: Survey, side: Side) -> str | None:
    """The domain's name: the plan's, or as its host or its cluster's name has it."""
    named = settings(survey, side).domain
    if named:
        return named
    host = urlsplit(survey.domain(side).endpoint).hostname or ""
    return account.domain_name_of(host) or survey.identity(side).name.rpartition(":")[2] or None


def s3(survey: Survey) -> S3Repository | None:
    """The plan's bucket; None when the repository is a folder."""
    repository = survey.plan.repository
    return repository if isinstance(repository, S3Repository) else None


def bucket_side(survey: Survey) -> Side | None:
    """The side whose login looks at the bucket; None when neither is signed."""
    sides: tuple[Side, ...] = ("source", "target")
    return next((side for side in sides if signed(survey, side)), None)


def found_bucket(survey: Survey) -> Found:
    """Whether the bucket is there.

    Raises:
        Unlooked: no side is signed, so nobody is there to look.
        AwsError: S3 could not be asked.
    """
    repository, side = s3(survey), bucket_side(survey)
    if repository is None or side is None:
        raise Unlooked("no side has AWS credentials to look at the bucket with")
    return survey.once("bucket", lambda: bucket.find(_plain_session(survey, side), repository.bucket))


def bucket_session(survey: Survey) -> aws.boto3.Session:
    """A session of that login, for the bucket's own Region.

    Raises:
        Unlooked: the bucket is not there, or may not be looked at.
    """
    found, side = found_bucket(survey), bucket_side(survey)
    if found.state == "missing" or side is None:
        raise Unlooked("the bucket is not there, see bucket.exists")
    region = found.region or survey.bucket_region
    return survey.once("bucket session", lambda: _session(survey, side, region))


def _plain_session(survey: Survey, side: Side) -> aws.boto3.Session:
    return _session(survey, side, survey.plan.repository.region if s3(survey) else None)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]


def _session(survey: Survey, side: Side, region: str | None) -> aws.boto3.Session:
    chosen = settings(survey, side)
    auth = chosen.auth if chosen.is_signed else None
    return aws.session(auth, region or chosen.region)  # pyright: ignore[reportArgumentType]
