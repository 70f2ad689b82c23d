"""A part of a set-up: what is there of it, what would complete it, and what that makes."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from boto3 import Session

from configs.plan import Plan, S3Repository, Side
from domains.aws import calls
from domains.aws.calls import AwsCall
from domains.domain import Domain
from domains.engine.access_control import MappingList
from domains.http.json_replies import Json
from domains.http.requests import Request
from runs.progress import Poll
from tasks.access.administrator import Sessions
from tasks.access.made import MadeFile
from tasks.access.names import is_own
from tasks.migration import Consents
from tasks.records.access import AccessModel, Made, PartRecord, PartStatus, Piece, PlannedCall
from tasks.survey import Survey


@dataclass(frozen=True)
class DomainChange:
    """A request that changes a domain's access control."""

    side: Side
    request: Request


Change = AwsCall | DomainChange


@dataclass(frozen=True)
class Setting:
    """All that the parts of a set-up read and change with.

    Args:
        plan, repository: the plan, and its bucket.
        model: what has to be there.
        domains: both sides, opened with the administrator's logins.
        sessions: the administrator's AWS sessions, by account.
        recorded: the record of what was made.
        allow_ownership: consent to changing the Object Ownership of a bucket that is not ours.
        poll: makes the loop of one wait, given its limit in seconds.
    """

    plan: Plan
    repository: S3Repository
    model: AccessModel
    domains: dict[Side, Domain]
    sessions: Sessions
    recorded: MadeFile
    allow_ownership: bool = False
    poll: Callable[[float | None], Poll] = field(default=Poll)

    def survey(self) -> Survey:
        """A new survey: it reads everything again."""
        openers: dict[Side, Callable[[], Domain]] = {
            side: lambda domain=domain: domain for side, domain in self.domains.items()
        }
        return Survey(self.plan, openers, Consents.assumed(self.plan))

    def session(self, account: str) -> Session:
        """The administrator's session of this account. Raises as `Sessions.of`."""
        return self.sessions.of(account)

    def send(self, change: Change) -> None:
        """Send a change, once.

        Raises:
            SnapferryError: it was refused, or its outcome is unknown.
        """
        if isinstance(change, DomainChange):
            self.domains[change.side].connection.send(change.request)
        else:
            calls.send(self.session(change.account), change)


@dataclass(frozen=True)
class Found:
    """What is there of a part.

    Args:
        status, detail, hint: as in PartRecord.
        changes: what would complete it, in order.
        makes: what that makes, to be recorded first.
    """

    status: PartStatus
    detail: str
    hint: str = ""
    changes: tuple[Change, ...] = ()
    makes: tuple[Made, ...] = ()


@dataclass(frozen=True)
class Part:
    """One part of a set-up.

    Args:
        at, what, name: as in PartRecord.
        look: reads what is there of it; each time anew.
        others: what somebody else has put where this part is added, to be found again afterwards.
    """

    piece: Piece
    at: str
    what: str
    name: str
    look: Callable[[], Found]
    others: Callable[[], frozenset[str]] = frozenset

    def record(self, found: Found) -> PartRecord:
        """The part with what was found."""
        return PartRecord(
            piece=self.piece,
            at=self.at,
            what=self.what,
            name=self.name,
            status=found.status,
            detail=found.detail,
            hint=found.hint,
            calls=tuple(planned(change) for change in found.changes),
        )


def planned(change: Change) -> PlannedCall:
    """A change as a record."""
    if isinstance(change, DomainChange):
        request = change.request
        return PlannedCall(at=change.side, call=f"{request.method} {request.path}", body=request.body)
    at = f"account {change.account}" if change.account else "your account"
    return PlannedCall(at=at, call=f"{change.service} {change.operation}", body=change.parameters)


def there(detail: str) -> Found:
    """It is there, or something that allows the same."""
    return Found("there", detail)


def refused(detail: str, hint: str) -> Found:
    """It is in the way, and not ours to change."""
    return Found("refused", detail, hint)


def list_of(arn: str) -> MappingList:
    """The list of a mapping in which this ARN belongs: backend roles for a role, else users."""
    return "backend_roles" if ":role/" in arn else "users"


def others_in(plan: str, statements: Iterable[Json]) -> frozenset[str]:
    """The statements of a policy that are not this plan's."""
    return frozenset(
        json.dumps(each, sort_keys=True) for each in statements if not is_own(plan, each.get("Sid"))
    )
