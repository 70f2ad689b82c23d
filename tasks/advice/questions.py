"""Questions to the service that have the form of a change: made of the facts, asked, and answered.

Both change nothing: `UpgradeDomain` with `PerformCheckOnly`, `AddReplicationPeer` with `DryRun`. They need
the rights of the change, and the service records the check in the domain's upgrade history.
"""

import boto3

from domains.aws import replication, upgrades
from domains.aws.upgrades import UpgradeCheck
from domains.errors import AwsError
from runs.progress import Poll
from tasks.advice.case import Case
from tasks.errors import PreconditionError
from tasks.records.advice import Question, ServiceAnswer

_CHECKS_S = 900.0
_OUTCOMES = {"SUCCEEDED": "passed", "SUCCEEDED_WITH_ISSUES": "passed", "FAILED": "failed"}
_ANSWERS = {
    "DisabledOperationException",
    "ResourceAlreadyExistsException",
    "ResourceNotFoundException",
    "ValidationException",
}
"""Errors by which the service says no to what was asked; any other one is no answer."""


def upgrade_check(case: Case) -> Question:
    """The question whether the source can be upgraded to the wished version, else to the newest offered one.

    Raises:
        PreconditionError: there is nothing to ask about.
    """
    service = case.source.service
    if service is None:
        raise PreconditionError(
            "the control plane does not show the source, so that no upgrade can be checked",
            hint="name the domain with --source-region, and allow the caller es:DescribeDomain on it",
        )
    if case.target:
        raise PreconditionError(
            "an upgrade changes the source itself: there is nothing to check for another domain",
            hint="leave TARGET out",
        )
    version = _as_asked(case) or next(reversed(service.upgrade_targets or ()), "")
    if not version:
        raise PreconditionError(
            "it is not known to which version the source could be upgraded",
            hint="name it: --target-version 3.1",
        )
    parameters = upgrades.upgrade_check_request(service.name, version)
    return Question(
        kind="upgrade check", operation="UpgradeDomain", parameters=parameters, right="es:UpgradeDomain"
    )


def _as_asked(case: Case) -> str:
    wished = case.wish.version
    if wished is None:
        return ""
    return f"{'OpenSearch' if wished.engine == 'opensearch' else 'Elasticsearch'}_{wished.number}"


def dry_run(case: Case) -> Question:
    """The question whether the source can be replicated to the target.

    Raises:
        PreconditionError: the control plane does not show both domains.
    """
    source, target = case.source.service, case.target.service if case.target else None
    if source is None or target is None:
        missing = "source" if source is None else "target"
        raise PreconditionError(
            f"the control plane does not show the {missing}, so that no replication can be tried",
            hint=f"name it with --{missing}-region, and allow the caller es:DescribeDomain on it",
        )
    return Question(
        kind="replication dry run",
        operation="AddReplicationPeer",
        parameters=replication.dry_run_request(source.name, target.arn),
        right="es:AddReplicationPeer",
    )


def ask(question: Question, session: boto3.Session) -> ServiceAnswer:
    """Ask the service, and wait for its answer; the domain stays as it is.

    Raises:
        AwsError: the caller may not ask, or the control plane cannot be reached.
    """
    if question.kind == "upgrade check":
        return _asked_upgrade(question, session, Poll(_CHECKS_S))
    name, peer = str(question.parameters["DomainName"]), str(question.parameters["PeerDomainArn"])
    try:
        replication.try_replication_peer(session, name, peer)
    except AwsError as error:
        return _refusal(question, error)
    return ServiceAnswer(question=question, outcome="passed")


def _refusal(question: Question, error: AwsError) -> ServiceAnswer:
    """What the service says against it; a caller without the right, or no answer, is an error."""
    if error.code not in _ANSWERS:
        raise error
    return ServiceAnswer(question=question, outcome="failed", issues=(error.message,))


def _asked_upgrade(question: Question, session: boto3.Session, poll: Poll) -> ServiceAnswer:
    name, version = str(question.parameters["DomainName"]), str(question.parameters["TargetVersion"])
    before = {(each.name, each.started) for each in upgrades.upgrade_history(session, name)}
    try:
        upgrades.start_upgrade_check(session, name, version)
    except AwsError as error:
        return _refusal(question, error)
    while True:
        found = upgrades.upgrade_history(session, name)
        ours = next((each for each in found if (each.name, each.started) not in before), None)
        if ours and ours.status in _OUTCOMES:
            return _answer(question, ours)
        if poll.expired:
            said = f"no result after {poll.waited_s:.0f} s; aws opensearch get-upgrade-history shows it"
            return ServiceAnswer(question=question, outcome="unknown", issues=(said,))
        poll.pause()


def _answer(question: Question, found: UpgradeCheck) -> ServiceAnswer:
    outcome = "failed" if found.status == "FAILED" else "passed"
    return ServiceAnswer(question=question, outcome=outcome, issues=found.issues)
