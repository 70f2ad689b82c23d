"""Which of the rights that a policy's statements give an identity has already, however they are written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from boto3 import Session

from domains.aws import iam
from domains.aws.iam import Decision
from domains.http.json_replies import Json
from tasks.access.statements import HASH, SERVICES
from tasks.checks.rules.iam_conditions import texts
from tasks.checks.rules.iam_policies import Request, Said, said, together
from tasks.records.access import Statement

_SAMPLE_HASH = "M11111010011100"
_SAMPLE = {"s3": "index-0", "es": "_snapshot"}


@dataclass(frozen=True)
class Lacking:
    """Rights that an identity lacks.

    Args:
        missing: not allowed by anything; or only under a condition that could not be evaluated.
        denied: forbidden by some Deny, which no other statement can lift.
    """

    missing: tuple[Request, ...]
    denied: tuple[Request, ...]


def requests_of(principal: str, statements: Iterable[Statement]) -> Iterator[Request]:
    """One request for each action on each resource of the statements, with a sample name for each star."""
    for statement in statements:
        for action in texts(statement["Action"]):
            for pattern in texts(statement["Resource"]):
                for context in _contexts(action, pattern, statement):
                    yield Request(principal, action, _sample(action, pattern), context)


def _sample(action: str, pattern: str) -> str:
    name = _SAMPLE.get(action.partition(":")[0], "x")
    return pattern.replace(HASH, _SAMPLE_HASH).replace("*", name) if pattern != "*" else pattern


def _contexts(action: str, pattern: str, statement: Statement) -> Iterator[tuple[tuple[str, str], ...]]:
    """The condition keys of the request: one for each name of the service that a role is passed to."""
    if action == "iam:PassRole":
        yield from ((("iam:PassedToService", service),) for service in SERVICES)
    elif action == "s3:ListBucket":
        yield (("s3:prefix", "index-"),)
    elif action.startswith("kms:GenerateDataKey") or action == "kms:Decrypt":
        yield _by_s3(pattern)
    else:
        yield ()


def _by_s3(key: str) -> tuple[tuple[str, str], ...]:
    region, account = (key.split(":")[3], key.split(":")[4]) if key.startswith("arn:") else ("", "")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    known = (("kms:ViaService", f"s3.{region}.{suffix}"), ("kms:CallerAccount", account))
    return known if region else ()


def own_decisions(session: Session, needs: Sequence[Request]) -> dict[Request, Decision]:
    """Ask IAM what the principal's own policies say about each request. Reads only.

    Raises:
        AwsError: the administrator may not simulate them, or IAM cannot be reached.
    """
    by_context: dict[tuple[tuple[str, str], ...], list[Request]] = {}
    for need in needs:
        by_context.setdefault(need.context, []).append(need)
    found: dict[Request, Decision] = {}
    for context, each in by_context.items():
        asked = [(need.action, need.resource) for need in each]
        answers = iam.decisions(session, each[0].principal, asked, dict(context))
        found |= {need: answers[need.action, need.resource] for need in each}
    return found


def lacking(
    own: Mapping[Request, Decision], resource: Sequence[Json] | None = None, *, same_account: bool = True
) -> Lacking:
    """Combine the identity's own policies with a resource's policy.

    Args:
        resource: the policy of the bucket or domain; None if it has none, or it does not count.
    """
    answers = {
        need: together(answer, said(resource or (), need), same_account=same_account)
        for need, answer in own.items()
    }
    return Lacking(
        tuple(need for need, answer in answers.items() if answer in ("implicitDeny", "unsure")),
        tuple(need for need, answer in answers.items() if answer == "explicitDeny"),
    )


def lacking_in(policy: Sequence[Json], needs: Iterable[Request]) -> Lacking:
    """What a resource's policy by itself does not allow an identity of another account."""
    answers: dict[Request, Said] = {need: said(policy, need) for need in needs}
    return Lacking(
        tuple(n for n, a in answers.items() if a.deny == "no" and "yes" not in (a.allow, a.delegated)),
        tuple(n for n, a in answers.items() if a.deny != "no"),
    )


def words(needs: Iterable[Request]) -> str:
    """The actions, each once."""
    return ", ".join(dict.fromkeys(need.action for need in needs))


def distinct(needs: Iterable[Request]) -> list[str]:
    """Each action with its resource, once."""
    return list(dict.fromkeys(f"{need.action} on {need.resource}" for need in needs))
