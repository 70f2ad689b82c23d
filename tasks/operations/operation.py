"""What every single operation receives, and what preparing one returns."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from configs.plan import DomainSettings, Plan
from domains.domain import Domain
from domains.errors import AwsError, Refused, Untrusted
from domains.http.requests import Request
from runs.commands import command
from runs.progress import Poll, Progress, report_progress
from tasks.errors import TimedOut
from tasks.records.operations import Outcome, Preview, ShownRequest

R_co = TypeVar("R_co", bound=Outcome, covariant=True)
BUSY_S = 1800.0
"""For how long an operation waits while the domain is busy with something that passes."""
SERVICE_PREFIX = "cs-"
"""How the names of the service's own repositories begin."""


@dataclass(frozen=True)
class Operation:
    """One domain, the state folder, and how to wait.

    Args:
        cluster: the UUID of the domain's cluster.
        settings: how the domain was named.
        state: the state folder, whose unfinished runs must not be disturbed.
        plan: the plan that the domain is a side of, if it was named like that.
        wait: whether to wait until the work has ended; else until it has surely begun.
        patience_s: seconds without any progress after which a wait is given up.
        poll: makes the polling loop of one long wait, given its limit in seconds.
        reach: the options by which the domain was named, for commands about it.
        sent: requests that may have changed something.
    """

    domain: Domain
    cluster: str
    settings: DomainSettings
    state: Path
    plan: Plan | None = None
    wait: bool = True
    patience_s: float = 1800.0
    poll: Callable[[float | None], Poll] = field(default=Poll)
    reach: tuple[str, ...] = ()
    sent: list[Request] = field(default_factory=list[Request])

    @property
    def endpoint(self) -> str:
        """The domain's URL."""
        return self.domain.endpoint

    def command(self, verb: str, *words: str) -> str:
        """Name another command about the same domain in a text."""
        return command(verb, *words, *self.reach)

    def send(self, request: Request, timeout_s: float | None = None, *, settles: bool = True) -> Any:
        """Send a request once, and remember that it may have changed something.

        Args:
            settles: whether a refusal says that nothing was changed. A registration stays although its
                verification is refused.

        Raises:
            DomainError: typed; after a transient error the outcome is unknown.
        """
        self.sent.append(request)
        limit: dict[str, float] = {} if timeout_s is None else {"timeout_s": timeout_s}
        try:
            return self.domain.connection.send(request, **limit)
        except (AwsError, Untrusted):
            self.sent.remove(request)  # nothing was sent
            raise
        except Refused as error:
            if settles and not error.transient:
                self.sent.remove(request)
            raise

    def send_when_free(
        self,
        request: Request,
        busy: Callable[[Refused], bool],
        message: str,
        timeout_s: float | None = None,
        *,
        settles: bool = True,
    ) -> Any:
        """Send a request; while the domain refuses it as busy, again until `BUSY_S` have passed.

        Args:
            busy: whether a refusal says that something is in the way that passes, so that nothing was done.
            message: what is waited for, for the progress.

        Raises:
            TimedOut: it was refused as busy all the time.
            DomainError: as `send`.
        """
        poll = self.poll(BUSY_S)
        while True:
            count = len(self.sent)
            try:
                return self.send(request, timeout_s, settles=settles)
            except Refused as error:
                if not busy(error):
                    raise
                del self.sent[count:]  # refused as busy: nothing was done
                if poll.expired:
                    raise TimedOut(f"{message}: for longer than {BUSY_S:.0f} s", "run it later") from error
            report_progress(Progress("waiting", message, waiting=True))
            poll.pause()

    def rest(self, seconds: float) -> None:
        """Wait."""
        pause = self.poll(seconds)
        while not pause.expired:
            pause.pause()


@dataclass(frozen=True)
class Prepared(Generic[R_co]):
    """An operation that was prepared: the domain was read, and nothing was changed.

    Args:
        preview: what it would send, and what it needs.
        act: carries it out and confirms it by reading. Call it only without problems and with all consents.
    """

    preview: Preview
    act: Callable[[], R_co]


def shown(requests: Iterable[Request]) -> tuple[ShownRequest, ...]:
    """Requests as records."""
    return tuple(
        ShownRequest(method=each.method, path=each.path, query=dict(each.query), body=each.body)
        for each in requests
    )


def is_service_repository(name: str) -> bool:
    """Whether a repository is one of the service's own, such as `cs-automated`."""
    return name.startswith(SERVICE_PREFIX)
