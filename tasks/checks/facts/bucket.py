"""What S3 tells of the plan's bucket, each thing asked once, by the first login that may look."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from boto3 import Session

from configs.plan import S3Repository
from domains.aws import iam, s3
from domains.aws.s3 import BucketLookup
from domains.domain import Side
from domains.errors import AwsError
from domains.http.json_replies import Json
from tasks.checks.facts import domains
from tasks.checks.rules.iam_policies import statements_of
from tasks.survey import SIDES, Inapplicable, Survey, Unlooked

T = TypeVar("T")


@dataclass(frozen=True)
class Login:
    """A side's AWS session, and the Region to look for the bucket in."""

    session: Session
    region: str | None


@dataclass(frozen=True)
class BucketPolicy:
    """The bucket's policy, and the account that the bucket is of: S3 shows the policy to nobody else."""

    statements: tuple[Json, ...]
    account: str


def found(survey: Survey) -> BucketLookup:
    """Whether the bucket is there, by the login that may see it.

    Raises:
        Unlooked: nobody is there to look.
        AwsError: S3 could not be asked.
    """

    def look() -> BucketLookup:
        repository = plans_bucket(survey)
        answers = [
            s3.look_up_bucket(login.session, repository.bucket, login.region) for login in logins(survey)
        ]
        return next((each for each in answers if each.state != "denied"), answers[0])

    return survey.once("bucket found", look)


Read = Callable[[Session, str, str | None], T]
"""Reads something of a bucket: by a session, its name and its Region."""


def told(survey: Survey, what: str, read: Read[T]) -> T:
    """What `read` returns of the bucket; `what` is its name among the survey's questions.

    Raises:
        Unlooked: nobody is there to look, or the bucket is not there.
        AwsError: no login may look, or S3 could not be asked; the first login's error.
    """
    return survey.once(("bucket", what), lambda: _by_who_may(survey, read)[1])


def policy(survey: Survey) -> BucketPolicy:
    """The bucket's policy. Raises as `told`."""

    def read() -> BucketPolicy:
        login, document = _by_who_may(survey, s3.policy)
        return BucketPolicy(statements_of(document), iam.caller(login.session).account)

    return survey.once("bucket policy", read)


def plans_bucket(survey: Survey) -> S3Repository:
    """The plan's repository.

    Raises:
        Inapplicable: it is a folder.
    """
    repository = domains.s3(survey)
    if repository is None:
        raise Inapplicable("the repository is a folder")
    return repository


def region(survey: Survey) -> str | None:
    """The bucket's Region, as S3 tells it or else the plan. Raises as `found`."""
    return found(survey).region or plans_bucket(survey).region


def _by_who_may(survey: Survey, read: Read[T]) -> tuple[Login, T]:
    if found(survey).state == "missing":
        raise Unlooked("the bucket is not there, see bucket.exists")
    name = plans_bucket(survey).bucket
    return by_first(survey, lambda login: (login, read(login.session, name, login.region)))


def by_first(survey: Survey, read: Callable[[Login], T]) -> T:
    """What `read` returns with the first login that may look.

    Raises:
        Unlooked: nobody is there to look.
        AwsError: no login may; the first one's error.
    """
    errors: list[AwsError] = []
    for login in logins(survey):
        try:
            return read(login)
        except AwsError as error:
            errors.append(error)
    raise errors[0]


def logins(survey: Survey) -> tuple[Login, ...]:
    """The sides' logins that work, the source's first. Raises as `found`."""
    return survey.once("bucket logins", lambda: tuple(_working(survey)))


def _working(survey: Survey) -> Iterator[Login]:
    wanted = plans_bucket(survey).region
    signed: list[Side] = [side for side in SIDES if domains.signed(survey, side)]
    if not signed:
        raise Unlooked("no side has AWS credentials to look at the bucket with")
    useless = {"credentials", "clock"}
    working: list[Side] = [side for side in signed if domains.reached(survey, side).stage not in useless]
    if not working:
        raise Unlooked("no side's credentials can be used, see account.credentials and account.clock")
    for side in working:
        yield Login(survey.session(side), wanted or domains.settings(survey, side).region)
