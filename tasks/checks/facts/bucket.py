"""Facts about the plan's bucket, each read once from S3 with the first login that may read it."""

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
from tasks.survey import Inapplicable, Survey, Unlooked

T = TypeVar("T")


@dataclass(frozen=True)
class Login:
    """A side's AWS session, and the Region to look for the bucket in."""

    session: Session
    region: str | None


@dataclass(frozen=True)
class BucketPolicy:
    """Policy of the bucket, and the bucket's account: S3 shows the policy to no other account."""

    statements: tuple[Json, ...]
    account: str


def found(survey: Survey) -> BucketLookup:
    """Look up the bucket with a login that may see it.

    Raises:
        Unlooked: no login can be used.
        AwsError: S3 could not be reached.
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
    """Read something of the bucket once; `what` is its key in the survey.

    Raises:
        Unlooked: no login can be used, or the bucket does not exist.
        AwsError: no login may read it, or S3 could not be reached; the first login's error.
    """
    return survey.once(("bucket", what), lambda: _by_who_may(survey, read)[1])


def policy(survey: Survey) -> BucketPolicy:
    """Read the bucket's policy. Raises like `told`."""

    def read() -> BucketPolicy:
        login, document = _by_who_may(survey, s3.policy)
        return BucketPolicy(statements_of(document), iam.caller(login.session).account)

    return survey.once("bucket policy", read)


def plans_bucket(survey: Survey) -> S3Repository:
    """Return the plan's repository.

    Raises:
        Inapplicable: the repository is not a bucket on S3.
    """
    repository = domains.s3(survey)
    if repository is None:
        raise Inapplicable("the repository is a folder")
    return repository


def region(survey: Survey) -> str | None:
    """Return the bucket's Region as S3 reports it, else as in the plan. Raises like `found`."""
    return found(survey).region or plans_bucket(survey).region


def _by_who_may(survey: Survey, read: Read[T]) -> tuple[Login, T]:
    if found(survey).state == "missing":
        raise Unlooked("the bucket is not there, see bucket.exists")
    name = plans_bucket(survey).bucket
    return by_first(survey, lambda login: (login, read(login.session, name, login.region)))


def by_first(survey: Survey, read: Callable[[Login], T]) -> T:
    """Return the result of `read` with the first login that may read.

    Raises:
        Unlooked: no login can be used.
        AwsError: no login may read; the first login's error.
    """
    errors: list[AwsError] = []
    for login in logins(survey):
        try:
            return read(login)
        except AwsError as error:
            errors.append(error)
    raise errors[0]


def logins(survey: Survey) -> tuple[Login, ...]:
    """Return the sides' working logins, the source's first. Raises like `found`."""
    return survey.once("bucket logins", lambda: tuple(_working(survey)))


def _working(survey: Survey) -> Iterator[Login]:
    wanted = plans_bucket(survey).region
    signed: list[Side] = [side for side in survey.sides if domains.signed(survey, side)]
    if not signed:
        raise Unlooked("no side has AWS credentials to read the bucket with")
    useless = {"credentials", "clock"}
    working: list[Side] = [side for side in signed if domains.reached(survey, side).stage not in useless]
    if not working:
        raise Unlooked("no side's credentials can be used, see account.credentials and account.clock")
    for side in working:
        yield Login(survey.session(side), wanted or domains.settings(survey, side).region)
