"""What a domain, or the way to it, can answer when it does not do what was asked.

Every error carries what was asked, what came back, and where known the next thing to do. None carries a
request body, a header or a credential.
"""

from dataclasses import dataclass
from typing import Literal

Envelope = Literal["engine", "front door", "security", "text"]


@dataclass(frozen=True)
class Reply:
    """An error reply, whichever of the service's three shapes (or none) it came in.

    Args:
        envelope: who answered: the engine, the service's front door, the security REST API, or plain text.
        type: the engine's `error.type`; empty for the others.
        reason: the message in words, shortened.
        causes: types and reasons below the first, outermost first (engine only).
    """

    envelope: Envelope
    type: str
    reason: str
    causes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Everything that was said, in one line: what patterns are matched against."""
        return " | ".join(part for part in (self.type, self.reason, *self.causes) if part)


class SnapferryError(Exception):
    """The root of every error that is expected to reach a user.

    Args:
        message: what happened, in one or two sentences.
        hint: the next thing to do; empty when there is none.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DomainError(SnapferryError):
    """A request to a domain failed.

    Args:
        asked: what was sent, as `source: PUT /_snapshot/orders`.
        message: what came back.
        transient: whether the same request may succeed a little later.
    """

    def __init__(self, asked: str, message: str, *, hint: str = "", transient: bool = False) -> None:
        super().__init__(f"{asked}: {message}", hint)
        self.asked = asked
        self.transient = transient


class Unreachable(DomainError):
    """No reply: not connected, connection lost, or no answer in time.

    Whether the request took effect is unknown. Reads may be repeated; before a write is, look.
    """

    def __init__(self, asked: str, message: str, hint: str = "") -> None:
        super().__init__(asked, message, hint=hint, transient=True)


class Untrusted(DomainError):
    """The TLS certificate was not accepted: nothing was sent."""


class Refused(DomainError):
    """An error reply.

    Args:
        asked: what was sent.
        status: the HTTP status, for people; decisions match on `reply` (statuses drift between versions).
        reply: the parsed body.
        retry_after: seconds the service asked to wait; None when it did not.
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
        """Whether the engine's error, or one of its causes, is of one of these types."""
        return any(
            kind == self.reply.type or any(kind in cause for cause in self.reply.causes) for kind in types
        )


class Missing(Refused):
    """The thing asked for is not there (repository, snapshot or index)."""


class Denied(Refused):
    """The caller may not: signature, IAM policy or fine-grained access control."""


class Expired(Denied):
    """The credentials have expired, or the signature's time is not the domain's. Nothing was done.

    It may pass: credentials are refreshed, and each attempt is signed anew.
    """


class UnexpectedReply(DomainError):
    """A reply with a good status whose body is not what the API documents: never taken for an answer."""


class AwsError(SnapferryError):
    """An AWS API (credentials, STS, control plane, S3, Secrets Manager) could not answer."""


def is_transient(error: object) -> bool:
    """Whether this is an error of a domain after which the same request may succeed a little later."""
    return isinstance(error, DomainError) and error.transient
