"""Every error that is expected to reach a user, on one page.

Each carries what was asked, what came back, and the next thing to do (`hint`). None carries a request body, a
header or a credential. The number is the exit code of a verb that ends with the error before it has changed
anything. An error that ends a run makes it `failed` (1), or `interrupted` (5) if it is transient or TimedOut.

    SnapferryError
    ├── DomainError            a request to a domain failed                          3, if transient 5
    │   ├── Unreachable        no reply; the outcome of a write is unknown           transient
    │   ├── Untrusted          TLS certificate not accepted; nothing was sent
    │   ├── NoContact          not reached, or no domain, when first asked           transient if met before
    │   ├── UnexpectedReply    a reply that the API does not document                transient if it says so
    │   │   └── ReplyTooLong   domains.http.bodies: above its bound
    │   └── Refused            an error reply                                        transient if busy
    │       ├── Missing        no such repository, snapshot or index
    │       ├── Blocked        a block on an index, or on all of the domain
    │       └── Denied         signature, IAM policy or access control
    │           └── Expired    credentials or clock; nothing was done                transient
    ├── AwsError               an AWS API failed, or the caller lacks a permission   3
    │   └── RoleRefused        the caller may not assume its own role (yet)          3
    │
    │   tasks.errors
    ├── PreconditionError      refused by a check or a conflict; nothing changed     3
    ├── ExecutionError         failed after the first change; the report lists it    1
    │   └── SelectionOutdated  an index is gone before the snapshot; select again
    ├── TimedOut               a wait ended, the work goes on; run it again          5
    ├── VerificationFailed     a difference, or something could not be compared      4
    │
    │   runs.errors
    ├── Busy                   another run holds this plan or pair of domains        6
    │   └── LockLost           another has taken over; nothing more is sent          6
    ├── StateUnusable          the state cannot be read or written                   3
    │   └── StateUnreachable   S3, which holds it, does not answer                   5
    ├── PlanChanged            an unfinished run began with another plan             3
    └── NothingToApprove       no run waits at this gate                             3

A plan with mistakes is no SnapferryError: `configs.loading.problems.PlanError` lists them all (2). The lab
raises its own `lab.errors.LabError`. tests/unit/test_errors.py holds that every raise has a hint.
"""

from dataclasses import dataclass
from typing import Literal

from configs.values.visible import visible
from domains.known_secrets import cut_secrets

Envelope = Literal["engine", "front door", "security", "text"]


@dataclass(frozen=True)
class Reply:
    """An error reply, in whichever of the service's three shapes (or none) it arrived.

    Args:
        envelope: the sender: the engine, the service's front door, the security REST API, or plain text.
        type: the engine's `error.type`; empty for the others.
        reason: the message, shortened.
        causes: types and reasons below the first, outermost first (engine only).
    """

    envelope: Envelope
    type: str
    reason: str
    causes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole reply in one line, for matching patterns."""
        return " | ".join(part for part in (self.type, self.reason, *self.causes) if part)


class SnapferryError(Exception):
    """The root of every error that is expected to reach a user.

    Both texts are made safe to show, whoever quotes them: without known secrets, and visible.

    Args:
        message: what happened, in one or two sentences.
        hint: the next thing to do.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = visible(cut_secrets(message))
        self.hint = visible(cut_secrets(hint))
        super().__init__(self.message)


class DomainError(SnapferryError):
    """A request to a domain failed.

    Args:
        asked: the request, such as `source: PUT /_snapshot/orders`.
        message: what came back.
        transient: whether the same request may succeed a little later.
    """

    def __init__(self, asked: str, message: str, *, hint: str = "", transient: bool = False) -> None:
        super().__init__(f"{asked}: {message}", hint)
        self.asked = asked
        self.transient = transient


class Unreachable(DomainError):
    """No reply: not connected, connection lost, or no answer in time. Transient.

    The request's outcome is unknown. A read may be repeated; before repeating a write, check its outcome.
    """

    def __init__(self, asked: str, message: str, hint: str = "") -> None:
        super().__init__(asked, message, hint=hint, transient=True)


class Untrusted(DomainError):
    """The TLS certificate was not accepted. Nothing was sent."""


class NoContact(DomainError):
    """A domain was not reached, or is none, at the first contact of a command. Nothing was changed.

    Args:
        asked: the keys of the plan that lead to the domain, such as `source.endpoint`.
        transient: whether it has answered an earlier run at this place, so that it may come back.
    """


class Refused(DomainError):
    """An error reply. Transient where the domain is busy or throttles.

    Args:
        asked: the request.
        status: the HTTP status, for display; decisions match on `reply`, because statuses differ by version.
        reply: the parsed body.
        retry_after: seconds that the service asked to wait; None when it did not ask.
    """

    def __init__(
        self,
        asked: str,
        status: int,
        reply: Reply,
        *,
        hint: str = "",
        transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        said = reply.text or "empty reply"
        super().__init__(asked, f"HTTP {status} {said}", hint=hint, transient=transient)
        self.status = status
        self.reply = reply
        self.retry_after = retry_after

    def says(self, *types: str) -> bool:
        """Whether the engine's error, or one of its causes, has one of these types."""
        return any(
            kind == self.reply.type or any(kind in cause for cause in self.reply.causes) for kind in types
        )


class Missing(Refused):
    """There is no such repository, snapshot or index."""


class Blocked(Refused):
    """A block refuses it, whoever asks; `domains.http.block_refusals` says which, and what takes it off.

    Nothing was done. Transient where the engine says so: a full disk, a domain that has only just started.
    """


class Denied(Refused):
    """The caller lacks a permission: signature, IAM policy or fine-grained access control."""


class Expired(Denied):
    """The credentials have expired, or the clocks differ too much. Nothing was done. Transient.

    Credentials are refreshed and every attempt is signed anew, so a later attempt may succeed.
    """


class UnexpectedReply(DomainError):
    """A successful reply whose body is not what the API documents. It never counts as an answer."""

    def __init__(self, asked: str, message: str, *, hint: str = "", transient: bool = False) -> None:
        super().__init__(asked, message, hint=hint or _UNEXPECTED, transient=transient)


class AwsError(SnapferryError):
    """An AWS API (STS, IAM, control plane, S3, KMS, Secrets Manager) or the lookup of credentials failed.

    Attributes:
        code: the error code that AWS answered with; empty if it did not answer.
    """

    code: str = ""


class RoleRefused(AwsError):
    """STS does not let the caller assume the role under `auth`. A new role may take a minute to work."""


_UNEXPECTED = (
    "run the same command again; if it fails again, check that the endpoint, and any proxy in front of it, "
    "answers as OpenSearch does"
)


def is_transient(error: object) -> bool:
    """Whether this is a domain's error after which the same request may succeed a little later."""
    return isinstance(error, DomainError) and error.transient
