"""The connection to one domain, on top of opensearch-py's transport."""

import copy
import io
import json
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import opensearchpy.exceptions as client_errors
import requests
from opensearchpy import RequestsHttpConnection, Transport
from requests.auth import AuthBase, HTTPBasicAuth

from domains.errors import Refused, UnexpectedReply, Unreachable, Untrusted
from domains.http.bodies import BadBody, Reading, end_turn, read_body
from domains.http.deadline import DeadlineAdapter, Limits, limited
from domains.http.environment import CORRECT_FILE, remember_proxy_logins
from domains.http.error_bodies import error_for
from domains.http.exchanges import exchange
from domains.http.faults import TIMEOUT_HINT, Route, bad_body, fault_of, unanswered
from domains.http.json_replies import Json, is_object
from domains.http.parsing import JSON, entries, text_of
from domains.http.permits import require_permitted
from domains.http.requests import Content, Request, reads_only
from domains.http.retry import BUDGET_S, retry_transient
from domains.http.tunnel import TunnelAdapter

READ_TIMEOUT_S = 30.0

WRITE_TIMEOUT_S = 90.0

_CONNECTIONS = 8

T = TypeVar("T")


class _Erroneous(Exception):
    """A reply outside 2xx, carried out of opensearch-py's transport."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _weakly(method: Callable[[requests.Response], None]) -> Callable[..., None]:
    """A hook that does not keep the method's object: in a circle, its sockets would outlive it."""
    kept = weakref.WeakMethod(method)

    def call(response: requests.Response, *_: Any, **__: Any) -> None:
        if (alive := kept()) is not None:
            alive(response)

    return call


class _HttpConnection(RequestsHttpConnection):
    """opensearch-py's connection over requests, with bounded, unparsed bodies and an optional tunnel."""

    def __init__(self, *, side: str, tunnel: tuple[str, int] | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self._side = side
        session: requests.Session = self.session
        self._seen = threading.local()
        session.hooks["response"].append(_weakly(self._remember))
        if settings.get("ca_certs") or tunnel:
            session.trust_env = False  # the environment's bundle or proxy would override the plan
        if session.auth is None:
            session.auth = _as_it_is  # or requests would look for a login in ~/.netrc
        for scheme in ("http://", "https://"):
            session.mount(
                scheme, TunnelAdapter(*tunnel, _CONNECTIONS) if tunnel else DeadlineAdapter(_CONNECTIONS)
            )

    def perform_request(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, method: str, url: str, params: Any = None, body: Any = None, *arguments: Any, **settings: Any
    ) -> Any:
        """Send one request. A redirect is an error: signature and contents are meant for this host alone."""
        settings["allow_redirects"] = False
        with exchange(self._side, method, url, params, body) as made:
            try:
                reply = super().perform_request(method, url, params, body, *arguments, **settings)
            except _Erroneous as error:
                made.answered(error.status, self._seen.body)
                raise
            made.answered(reply[0], self._seen.body)
            return reply

    def _remember(self, response: requests.Response) -> None:
        self._seen.retry_after = response.headers.get("Retry-After")
        self._seen.date = response.headers.get("Date")
        self._seen.body = bytearray()
        self._seen.body = read_body(response)
        response.raw = io.BytesIO()  # opensearch-py would decode it once more, and differently

    def take_body(self) -> bytearray:
        """The body of this thread's last reply, once."""
        body, self._seen.body = self._seen.body, bytearray()
        return body

    @property
    def retry_after(self) -> str | None:
        """The `Retry-After` header of this thread's last reply."""
        return getattr(self._seen, "retry_after", None)

    @property
    def date(self) -> str | None:
        """The `Date` header of this thread's last reply."""
        return getattr(self._seen, "date", None)

    def _raise_error(self, status_code: Any, raw_data: Any, content_type: Any = None) -> NoReturn:
        raise _Erroneous(int(status_code))

    def _raise_warnings(self, warning_headers: Any) -> None:
        """Drop the engine's deprecation warnings: they are not meant for our users."""

    def log_request_fail(self, *_: Any, **__: Any) -> None:
        """Log nothing: opensearch-py would log bodies, and Snapferry logs no body."""

    def log_request_success(self, *_: Any, **__: Any) -> None:
        """Log nothing, for the same reason."""


def _content(body: Any) -> Content | None:
    """A body of the engine's own APIs: lines of JSON as text, else one JSON value."""
    if body is None:
        return None
    if isinstance(body, str):
        return Content(body, "application/x-ndjson")
    return Content(json.dumps(body), "application/json")


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


@dataclass
class RequestCount:
    """How many requests were sent, reads and writes separately. Thread-safe.

    Args:
        repeats: those of the reads that repeated one which had failed.
    """

    reads: int = 0
    writes: int = 0
    repeats: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, method: str, path: str) -> None:
        """Count a request that is about to be sent."""
        with self._lock:
            if reads_only(method, path):
                self.reads += 1
            else:
                self.writes += 1

    def add_repeat(self) -> None:
        """Count a read that is about to be repeated, which `add` counts too."""
        with self._lock:
            self.repeats += 1


class Connection:
    """Send requests to one domain: signed, counted, with timeouts and typed errors. Thread-safe.

    Args:
        label: `source` or `target`: the domain's name in messages.
        endpoint: its URL.
        auth: signs or authorizes each request; None for a domain without access control.
        tunnel: address to connect to in place of the endpoint's.
        ca_bundle: path of a CA bundle; None for the system's.
    """

    def __init__(
        self,
        label: str,
        endpoint: str,
        auth: AuthBase | None,
        tunnel: tuple[str, int] | None = None,
        ca_bundle: str | None = None,
    ) -> None:
        self.label = label
        self.endpoint = endpoint.rstrip("/")
        self.requests = RequestCount()
        self._auth = auth
        self._end: float | None = None
        self._route = Route(self.endpoint, has_tunnel=tunnel is not None, ca_bundle=ca_bundle)
        self._bundle_is_read = False
        self._retries = True
        remember_proxy_logins()
        url = urlsplit(self.endpoint)
        trusting: dict[str, Any] = {"ca_certs": ca_bundle} if ca_bundle else {}
        self._transport = Transport(
            [{"host": url.hostname, "port": url.port or (443 if url.scheme == "https" else 80)}],
            connection_class=_HttpConnection,
            side=label,
            max_retries=0,
            use_ssl=url.scheme == "https",
            http_auth=auth,
            tunnel=tunnel,
            pool_maxsize=_CONNECTIONS,
            **trusting,
        )

    def __repr__(self) -> str:
        kind = "basic" if isinstance(self._auth, HTTPBasicAuth) else repr(self._auth)
        return f"<{self.label} {self.endpoint} auth={kind}>"

    def ending_at(self, end: float) -> "Connection":
        """The same connection, whose requests and their repetitions all end at `end` at the latest.

        Args:
            end: a reading of `time.monotonic`.
        """
        limited = copy.copy(self)
        limited._end = end if self._end is None else min(end, self._end)
        return limited

    def without_retries(self, end: float) -> "Connection":
        """The same connection, which repeats nothing and whose requests end at `end` at the latest.

        Args:
            end: a reading of `time.monotonic`.
        """
        limited = self.ending_at(end)
        limited._retries = False
        return limited

    def read(
        self, method: str, path: str, *, body: Any = None, timeout_s: float = READ_TIMEOUT_S, **query: Any
    ) -> Any:
        """Send a request that changes nothing; repeat it for up to a minute on transient errors.

        Args:
            timeout_s: seconds for each attempt, from connecting to the last byte of the reply.

        Raises:
            DomainError: typed as in domains.errors.
            ReplyTooLong: the reply is longer than what `parsing.JSON` accepts.
            AwsError: the request could not be signed.
        """
        return self._read(method, path, query, body, timeout_s, JSON)

    def read_as(
        self,
        method: str,
        path: str,
        how: Reading[T],
        *,
        body: Any = None,
        timeout_s: float = READ_TIMEOUT_S,
        **query: Any,
    ) -> T:
        """Like `read`, for a reply that is parsed in a way of its own.

        Args:
            how: its bound, and what parses it.

        Raises:
            ReplyTooLong: the reply is longer than its bound; the rest was not read.
        """
        return self._read(method, path, query, body, timeout_s, how)

    def _read(
        self, method: str, path: str, query: Mapping[str, Any], body: Any, timeout_s: float, how: Reading[T]
    ) -> T:
        if not reads_only(method, path):
            raise ValueError(f"{method} {path} is not a read")
        attempts = count()

        def attempt() -> T:
            if next(attempts):
                self.requests.add_repeat()
            return self._send(method, path, query, body, timeout_s, how)

        return retry_transient(attempt, budget_s=self._left(BUDGET_S) if self._retries else 0.0)

    def write(
        self, method: str, path: str, *, body: Any = None, timeout_s: float = WRITE_TIMEOUT_S, **query: Any
    ) -> Any:
        """Send a request that may change the domain, once. Before repeating it, check whether it took effect.

        Args:
            timeout_s: seconds from connecting to the last byte of the reply.

        Raises:
            DomainError: typed; after Unreachable or a transient error, the outcome is unknown.
            AwsError: the request could not be signed; nothing was sent.
        """
        return self._send(method, path, query, body, timeout_s, JSON)

    def write_text(
        self,
        method: str,
        path: str,
        *,
        longest: int,
        body: Any = None,
        timeout_s: float = WRITE_TIMEOUT_S,
        **query: Any,
    ) -> str:
        """Like `write`, but return the reply's text, unparsed.

        Args:
            longest: the most bytes to accept.

        Raises:
            ReplyTooLong: the reply is longer, or would take too much memory; the rest was not read.
        """
        return self._send(method, path, query, body, timeout_s, Reading(longest, text_of))

    def send(self, request: Request, timeout_s: float = WRITE_TIMEOUT_S) -> Any:
        """Send a prepared request, as `write` does."""
        return self.write(
            request.method, request.path, body=request.body, timeout_s=timeout_s, **request.query
        )

    def read_object(
        self, method: str, path: str, *, body: Any = None, timeout_s: float = READ_TIMEOUT_S, **query: Any
    ) -> Json:
        """Like `read`, for a reply that must be a JSON object.

        Raises:
            UnexpectedReply: the reply was something else.
        """
        reply = self.read(method, path, body=body, timeout_s=timeout_s, **query)
        if not is_object(reply):
            raise UnexpectedReply(
                self._asked(method, path), f"expected a JSON object, got {type(reply).__name__}"
            )
        return reply

    def read_entries(
        self,
        path: str,
        each: Callable[[str, Any], T],
        *,
        within: tuple[str, ...] = (),
        timeout_s: float = READ_TIMEOUT_S,
        **query: Any,
    ) -> dict[str, T]:
        """Like `read`, for a GET whose reply has an entry for each index of the whole domain.

        The entries are parsed one by one, so that memory holds only what is kept of them.

        Args:
            each: takes an entry's name and value, and returns what is kept of it.
            within: keys that lead to the entries; none where they are missing.

        Raises:
            ReplyTooLong: the reply is longer than what `parsing.entries` accepts.
        """
        return self._read("GET", path, query, None, timeout_s, entries(within, each))

    def read_text(
        self,
        method: str,
        path: str,
        *,
        longest: int,
        body: Any = None,
        timeout_s: float = READ_TIMEOUT_S,
        **query: Any,
    ) -> str:
        """Like `read`, but return the reply's text, unparsed.

        Args:
            longest: the most bytes to accept.

        Raises:
            ReplyTooLong: the reply is longer, or would take too much memory; the rest was not read.
        """
        return self._read(method, path, query, body, timeout_s, Reading(longest, text_of))

    def _send(
        self, method: str, path: str, query: Mapping[str, Any], body: Any, timeout_s: float, how: Reading[T]
    ) -> T:
        asked = self._asked(method, path)
        timeout_s = self._left(timeout_s)
        if timeout_s <= 0:
            raise Unreachable(asked, "not sent: there is no time left for it", TIMEOUT_HINT)
        self._require_readable_bundle(asked)
        if not reads_only(method, path):
            require_permitted()
        limits = Limits(time.monotonic() + timeout_s, how.longest)
        self.requests.add(method, path)
        try:
            with limited(limits):
                self._perform(method, path, query, body, timeout_s)
                replied = self._wire.take_body()
                try:
                    return how.parse(replied)
                finally:
                    replied.clear()  # an error would hold it for as long as somebody holds the error
        except _Erroneous as error:
            raise self._refused(asked, error) from None
        except BadBody as error:
            raise bad_body(asked, error.with_traceback(None)) from None
        except client_errors.ConnectionTimeout:
            raise unanswered(asked, timeout_s) from None
        except client_errors.ConnectionError as error:
            if time.monotonic() >= limits.end:
                raise unanswered(asked, timeout_s) from None
            fault = fault_of(asked, error, self._route, limits)
            if isinstance(fault, UnexpectedReply) and not reads_only(method, path):
                fault.transient = True  # what it did is as unknown as without a reply
            raise fault from None
        finally:
            end_turn()

    def _perform(self, method: str, path: str, query: Mapping[str, Any], body: Any, timeout_s: float) -> None:
        """Send the request; the connection keeps the body of its reply."""
        content = body if isinstance(body, Content) else _content(body)
        self._transport.perform_request(
            method,
            path,
            params=dict(query),
            body=content.text.encode() if content else None,
            timeout=timeout_s,
            headers={"content-type": content.media_type, **content.headers} if content else None,
        )

    @property
    def _wire(self) -> _HttpConnection:
        """The one connection of the transport, which knows this thread's last reply."""
        connection: Any = self._transport.get_connection()
        return connection

    def may_repeat_after(self, pause_s: float) -> bool:
        """Whether a read may be sent again after so many seconds: reads are repeated, and there is time."""
        return self._retries and self._left(pause_s) >= pause_s

    def _left(self, timeout_s: float) -> float:
        """Seconds that a request may take which may take so many by itself."""
        return timeout_s if self._end is None else min(timeout_s, self._end - time.monotonic())

    def ask_once(self, path: str, timeout_s: float = 10.0) -> str | None:
        """Send one GET, without retries, and return the `Date` header of its reply, if it has one.

        Raises:
            DomainError, AwsError: as in `read`.
        """
        self._send("GET", path, {}, None, timeout_s, JSON)
        return self._wire.date

    def _refused(self, asked: str, error: _Erroneous) -> Refused:
        body = self._wire.take_body().decode(errors="replace")
        return error_for(asked, error.status, body, self._wire.retry_after)

    def _require_readable_bundle(self, asked: str) -> None:
        """Confirm once that the files of TLS can be used; a library would wait for a pipe."""
        problem = "" if self._bundle_is_read else self._route.bundle_problem()
        if problem:
            raise Untrusted(asked, problem, hint=CORRECT_FILE)
        self._bundle_is_read = True

    def _asked(self, method: str, path: str) -> str:
        shown = path if len(path) <= 160 else path[:159] + "…"
        return f"{self.label}: {method} {shown}"
