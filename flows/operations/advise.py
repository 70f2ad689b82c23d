"""The `advise` verb: which way from a source to a target, or to what is wished, fits. Reads only.

Two questions to the service have the form of a change; they are asked only on request.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import boto3

from configs.plan import DomainSettings, SigV4Auth
from domains.aws import session as aws
from domains.domain import Domain, Side
from domains.engine.cluster import ClusterIdentity, identity
from domains.errors import AwsError, SnapferryError
from flows.sessions.first_contact import contact_alone
from tasks.advice import judging, questions
from tasks.advice.case import Case
from tasks.advice.reading import Access, read_facts
from tasks.advice.unread import Reading
from tasks.errors import PreconditionError
from tasks.records.advice import Advice, DomainFacts, Question, ServiceAnswer, Wish


@dataclass(frozen=True)
class NamedDomain:
    """A domain as the user named it.

    Args:
        given: its URL, its name, or a side of a plan.
        key: what the user has to correct if it cannot be reached.
    """

    given: str
    settings: DomainSettings
    key: str


@dataclass(frozen=True)
class AdviseOptions:
    """What to advise on.

    Args:
        target: None if none is named; then `wish` says what is wanted.
        observe_s: seconds in which to see whether the source is written to.
        upgrade_check, dry_run: which question to prepare.
        execute: whether to ask it.
    """

    source: NamedDomain
    target: NamedDomain | None
    wish: Wish
    observe_s: float
    upgrade_check: bool = False
    dry_run: bool = False
    execute: bool = False


def advise(options: AdviseOptions) -> Advice:
    """Read what decides, and judge every way. Reads only, but for the questions with `execute`.

    A domain that does not answer is judged by what the control plane says of it, and the other way round.

    Raises:
        PreconditionError: source and target are one domain, or there is nothing to ask about.
        SnapferryError: nothing at all could be read of a domain, or a question could not be asked.
    """
    source = _facts(options.source, "source", options.observe_s)
    target = _facts(options.target, "target") if options.target else None
    if target:
        _require_two(source, target)
    case = Case(source, target, options.wish)
    prepared = tuple(_questions(case, options))
    answers = _answers(prepared, options) if options.execute else ()
    return judging.advice(Case(source, target, options.wish, answers), prepared)


def _facts(named: NamedDomain, side: Side, observe_s: float = 0.0) -> DomainFacts:
    reading = Reading()
    domain, who, failed = _contact(named, side)
    session = _session(named.settings, reading)
    if failed:
        reading.note("what it says itself: it did not answer", failed)
    access = Access(side, named.given, named.settings, domain, who, session)
    found = read_facts(access, reading, observe_s)
    if failed and found.service is None:
        raise failed
    return found


def _contact(
    named: NamedDomain, side: Side
) -> tuple[Domain | None, ClusterIdentity | None, SnapferryError | None]:
    try:
        domain, _ = contact_alone(named.settings, named.key, side)
        return domain, identity(domain), None
    except SnapferryError as error:
        return None, None, error


def _session(settings: DomainSettings, reading: Reading) -> boto3.Session | None:
    """The session of the domain's login; None where requests are not signed, or there is no login."""
    auth = settings.auth
    if not isinstance(auth, SigV4Auth):
        return None

    def opened() -> boto3.Session:
        session = aws.session(auth, settings.region)
        aws.credentials(session)
        return session

    return reading.attempt("what the control plane says of it", opened)


def _require_two(source: DomainFacts, target: DomainFacts) -> None:
    arns = {each.service.arn for each in (source, target) if each.service}
    same_arn = len(arns) == 1 and source.service is not None and target.service is not None
    if same_arn or (source.cluster and source.cluster == target.cluster):
        raise PreconditionError(
            "SOURCE and TARGET are one domain",
            hint="leave TARGET out to see how it can be upgraded, or name another target",
        )


def _questions(case: Case, options: AdviseOptions) -> Sequence[Question]:
    asked: list[Question] = []
    if options.upgrade_check:
        asked.append(questions.upgrade_check(case))
    if options.dry_run:
        asked.append(questions.dry_run(case))
    return asked


def _answers(prepared: Sequence[Question], options: AdviseOptions) -> tuple[ServiceAnswer, ...]:
    if not prepared:
        return ()
    session = _session(options.source.settings, Reading())
    if session is None:
        raise AwsError(
            "there is no login to ask the control plane with", "set AWS_PROFILE, or --source-profile"
        )
    return tuple(questions.ask(question, session) for question in prepared)
