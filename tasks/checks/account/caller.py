"""Checks of the caller: identity, clock, partition, and rights that a migration needs."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from domains.aws import iam
from domains.aws.iam import Decision
from domains.domain import Side
from tasks.checks.account.roles import passed_role
from tasks.checks.check import Finding, check, fail, ok, side_check, skip, unknown, warn
from tasks.checks.facts import domains
from tasks.checks.rules.iam_policies import Request, said, statements_of, together
from tasks.survey import Survey

_GUIDE = "AWS guide: Creating index snapshots, prerequisites"
_SKEW_FAIL_S = 300.0
_SKEW_WARN_S = 60.0
_LOGIN = "check auth of this domain, its profile and role_arn, and the role's trust policy"
_HTTP = ("es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut", "es:ESHttpDelete")


@side_check("account.credentials", "the login for the domain can be used")
def credentials(survey: Survey, side: Side) -> Finding:
    """Credentials are found and accepted, the role under auth can be assumed, the domain's name resolves."""
    found = domains.reached(survey, side)
    if found.stage == "credentials":
        return fail(found.detail, found.hint or _LOGIN)
    kind = domains.settings(survey, side).auth.type
    return ok(f"auth {kind} works" if found.stage == "reached" else f"auth {kind} is complete")


@side_check(
    "account.clock", "this machine's clock agrees with the domain's", source="AWS: Signature Version 4"
)
def clock(survey: Survey, side: Side) -> Finding:
    """A signature is valid for five minutes."""
    found = domains.reached(survey, side)
    if found.stage == "clock":
        return fail(found.detail, found.hint or "set this machine's clock")
    if not domains.signed(survey, side):
        return skip("requests are not signed")
    survey.domain(side)
    if found.date is None or found.received is None:
        return unknown("the domain's answer has no Date header")
    try:
        skew = abs((parsedate_to_datetime(found.date) - found.received).total_seconds())
    except (TypeError, ValueError):
        return unknown("the domain's Date header is not a date")
    if skew > _SKEW_FAIL_S:
        return fail(f"it is {skew:.0f} s off; signatures are good for {_SKEW_FAIL_S:.0f} s", "set the clock")
    if skew > _SKEW_WARN_S:
        return warn(f"it is {skew:.0f} s off", "set the clock: at five minutes signatures are refused")
    return ok(f"{skew:.0f} s off")


@side_check("account.identity", "the caller's identity")
def identity(survey: Survey, side: Side) -> Finding:
    """Report the ARN that policies and access control must name."""
    if not domains.signed(survey, side):
        return skip("requests are not signed")
    return ok(domains.caller(survey, side).arn)


@check("account.partition", "everything is in one partition", source="AWS: partitions")
def partition(survey: Survey) -> Finding:
    """A domain in one partition cannot reach a bucket in another."""
    sides: list[Side] = [side for side in survey.sides if domains.signed(survey, side)]
    if not sides:
        return skip("requests are not signed")
    callers = {f"the caller on the {side}": domains.caller(survey, side).partition for side in sides}
    arns = {side: domains.role_arn(survey, side) for side in sides}
    roles = {f"the role of the {side}": arn.split(":")[1] for side, arn in arns.items() if arn}
    found = callers | roles
    if len(set(found.values())) > 1:
        said = ", ".join(f"{who} is in {where}" for who, where in found.items())
        return fail(
            said, "snapshots are not shared across partitions: use logins, roles and bucket of one partition"
        )
    return ok(next(iter(found.values())))


@side_check("account.pass-role", "the caller may pass the role to the service", source=_GUIDE)
def pass_role(survey: Survey, side: Side) -> Finding:
    """`iam:PassRole`, according to IAM's policy simulator."""
    found = passed_role(survey, side)
    if isinstance(found, Finding):
        return found
    who = domains.caller(survey, side)
    if who.principal is None:
        return unknown(
            f"policies of {who.arn} cannot be simulated", f"check that it may iam:PassRole {found}"
        )
    asked, session = ("iam:PassRole", found), survey.domain(side).session
    answers = [
        iam.decisions(session, who.principal, [asked], {"iam:PassedToService": service})[asked]
        for service in ("es.amazonaws.com", "opensearchservice.amazonaws.com")
    ]
    if set(answers) == {"allowed"}:
        return ok(f"{who.principal} may")
    if "allowed" in answers or "unsure" in answers:
        return unknown(
            f"{who.principal} may pass {found} only under a condition, or only to one of the service's names",
            "let its iam:PassedToService name es.amazonaws.com and opensearchservice.amazonaws.com",
        )
    if "explicitDeny" in answers:
        return fail(f"a policy of {who.principal} denies iam:PassRole on {found}", "remove that Deny")
    return fail(f"{who.principal} may not pass {found}", f"allow it iam:PassRole on {found}")


@side_check("account.domain-access", "the caller may send requests to the domain", source=_GUIDE)
def domain_access(survey: Survey, side: Side) -> Finding:
    """`es:ESHttp*`, by the caller's policies or the domain's access policy."""
    found = domains.reached(survey, side)
    if found.stage == "domain-access":
        return fail(found.detail, found.hint or "allow the caller es:ESHttp* on the domain")
    if not domains.signed(survey, side):
        return skip("requests are not signed")
    who, status = domains.caller(survey, side), domains.status(survey, side)
    if who.principal is None:
        return unknown(f"policies of {who.arn} cannot be simulated", f"check that it may {', '.join(_HTTP)}")
    if status is None or not status.arn:
        return unknown(
            f"the caller's control plane does not know the {side}, so its access policy is not known",
            f"check that {who.principal} may {', '.join(_HTTP)} there",
        )
    asked = [(action, f"{status.arn}/_snapshot") for action in _HTTP]
    own = iam.decisions(survey.domain(side).session, who.principal, asked)
    policy = statements_of(status.access_policy)
    session = who.arn if who.arn != who.principal else ""
    return _access(
        who.principal,
        status.arn,
        {
            action: together(
                answer,
                said(policy, Request(who.principal, action, resource, session=session)),
                same_account=True,
            )
            for (action, resource), answer in own.items()
        },
    )


def _access(principal: str, domain: str, answers: Mapping[str, Decision]) -> Finding:
    refused = [action for action, answer in answers.items() if answer in {"implicitDeny", "explicitDeny"}]
    if _HTTP[0] in refused:  # the domain has just answered a GET, so some deciding policy is not visible
        return unknown(
            f"{domain} answers {principal}, but not because of the policies visible here",
            f"check that {principal} may {', '.join(_HTTP)} there",
        )
    if refused:
        denied = "explicitDeny" in answers.values()
        names, where = ", ".join(refused), "its IAM policy or the domain's access policy"
        return fail(
            f"{principal} {'is denied' if denied else 'lacks'} {names} on {domain}",
            f"remove that Deny from {where}" if denied else f"allow {names} on {domain}/*, in {where}",
        )
    unsure = [action for action, answer in answers.items() if answer == "unsure"]
    if unsure:
        return unknown(
            f"a condition in its policies or the domain's decides on {', '.join(unsure)}",
            f"check that {principal} may {', '.join(unsure)} from here",
        )
    return ok("es:ESHttpGet, Post, Put, Delete")
