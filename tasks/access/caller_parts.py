"""The callers of a set-up: whether they are there, and whether they may do what a migration needs."""

from collections.abc import Iterator

from domains.aws import iam, iam_changes
from domains.aws.iam import Decision
from domains.errors import AwsError
from domains.http.json_replies import Json
from tasks.access.parts import Found, Part, Setting, refused, there
from tasks.access.rights import Lacking, lacking, own_decisions, requests_of
from tasks.access.role_parts import bucket_policy_of, existing_role, given_policy, lacked
from tasks.checks.facts import domains
from tasks.checks.rules.iam_policies import Request, statements_of
from tasks.records.access import CallerModel, Piece


def caller_parts(setting: Setting, caller: CallerModel) -> Iterator[Part]:
    """The parts of an identity that signs the migration's requests."""
    at = f"account {iam_changes.account_of(caller.arn)}"
    what = "role" if iam_changes.is_role(caller.arn) else "user"
    yield Part(Piece.CALLER, at, what, caller.arn, lambda: _identity(setting, caller))
    yield Part(Piece.CALLER, at, "rights", caller.arn, lambda: _rights(setting, caller))


def _identity(setting: Setting, caller: CallerModel) -> Found:
    if caller.trust:
        return existing_role(setting, caller.arn, caller.trust)
    if iam.exists(setting.session(iam_changes.account_of(caller.arn)), caller.arn):
        return there("it exists")
    return refused(
        "there is no such user: keys of users are handed to people, so none is made here",
        "create it, or name another caller with --caller",
    )


def _rights(setting: Setting, caller: CallerModel) -> Found:
    session = setting.session(iam_changes.account_of(caller.arn))
    if not iam.exists(session, caller.arn):
        return given_policy(setting, caller.arn, caller.policy, "it has none yet")
    own = own_decisions(session, list(requests_of(caller.arn, caller.policy)))
    found = [lacking(each, policy) for each, policy in _by_resource(setting, caller, own)]
    missing = tuple(need for each in found for need in each.missing)
    denied = tuple(need for each in found for need in each.denied)
    return lacked(setting, caller.arn, caller.policy, Lacking(missing, denied))


def _by_resource(
    setting: Setting, caller: CallerModel, own: dict[Request, Decision]
) -> Iterator[tuple[dict[Request, Decision], tuple[Json, ...] | None]]:
    """The decisions about each kind of resource, with that resource's own policy."""
    left: dict[Request, Decision] = dict(own)
    survey = setting.survey()
    for side in caller.sides:
        try:
            status = domains.status(survey, side)
        except AwsError:
            status = None
        if status is None:
            continue
        start = f"{status.arn}/"
        of_it: dict[Request, Decision] = {
            need: left.pop(need) for need in list(left) if need.resource.startswith(start)
        }
        yield of_it, statements_of(status.access_policy)
    of_bucket: dict[Request, Decision] = {
        need: left.pop(need) for need in list(left) if need.action.startswith("s3:")
    }
    if of_bucket:
        yield of_bucket, bucket_policy_of(setting)
    yield left, None
