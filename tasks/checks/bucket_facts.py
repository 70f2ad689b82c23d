"""What S3 tells of the plan's bucket, each thing asked once, by the first login that may look."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from boto3 import Session

from configs.plan import S3Repository
from domains import account, aws, bucket
from domains.bucket import Found
from domains.domain import Side
from domains.errors import AwsError
from domains.replies import Json
from tasks.checks import facts
from tasks.checks.policies import statements_of
from tasks.survey import SIDES, Survey, Unlooked

T = TypeVar("T")


@dataclass(frozen=True)
class BucketPolicy:
    """The bucket's policy, and the account that the bucket is of: S3 shows the policy to nobody else."""

    statements: tuple[Json, ...]
    account: str


def found(survey: Survey) -> Found:
    """Whether the bucket is there, by the login that may see it.

    Raises:
        Unlooked: nobody is there to look.
        AwsError: S3 could not be asked.
    """

    def look() -> Found:
        repository = plans_bucket(survey)
        answers = [bucket.find(session, repository.bucket) for session in _logins(survey)]
        return next((each for each in answers if each.state != "denied"), answers[0])

    return survey.once("bucket found", look)


def told(survey: Survey, what: str, read: Callable[[Session, str], T]) -> T:
    """What `read` returns of the bucket; `what` is its name among the survey's questions.

    Raises:
        Unlooked: nobody is there to look, or the bucket is not there.
        AwsError: no login may look, or S3 could not be asked; the first login's error.
    """
    return survey.once(("bucket", what), lambda: _by_who_may(survey, read)[1])


def policy(survey: Survey) -> BucketPolicy:
    """The bucket's policy. Raises as `told`."""

    def read() -> BucketPolicy:
        login, document = _by_who_may(survey, bucket.policy)
        return BucketPolicy(statements_of(document), account.caller(login).account)

    return survey.once("bucket policy", read)


def session(survey: Survey) -> Session:
    """The first login, for what lies beside the bucket in its Region. Raises as `found`."""
    return _logins(survey)[0]


def plans_bucket(survey: Survey) -> S3Repository:
    """The plan's repository.

    Raises:
        Unlooked: it is a folder.
    """
    repository = facts.s3(survey)
    if repository is None:
        raise Unlooked("the repository is a folder")
    return repository


def _by_who_may(survey: Survey, read: Callable[[Session, str], T]) -> tuple[Session, T]:
    if found(survey).state == "missing":
        raise Unlooked("the bucket is not there, see bucket.exists")
    errors: list[AwsError] = []
    for login in _logins(survey):
        try:
            return login, read(login, plans_bucket(survey).bucket)
        except AwsError as error:
            errors.append(error)
    raise errors[0]


def _logins(survey: Survey) -> tuple[Session, ...]:
    """The logins that work, each in a session for the bucket's Region."""
    return survey.once("bucket logins", lambda: tuple(_working(survey)))


def _working(survey: Survey) -> list[Session]:
    region = plans_bucket(survey).region
    signed: list[Side] = [side for side in SIDES if facts.signed(survey, side)]
    if not signed:
        raise Unlooked("no side has AWS credentials to look at the bucket with")
    useless = {"credentials", "clock"}
    working: list[Side] = [side for side in signed if facts.reached(survey, side).stage not in useless]
    if not working:
        raise Unlooked("no side's credentials can be used, see account.credentials and account.clock")
    return [_session(survey, side, region) for side in working]


def _session(survey: Survey, side: Side, region: str | None) -> Session:
    chosen = facts.settings(survey, side)
    return aws.session(chosen.auth if chosen.is_signed else None, region or chosen.region)  # pyright: ignore[reportArgumentType]
