"""The connection to one domain, on top of opensearch-py's transport."""

import copy
import errno
import json
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

import opensearchpy.exceptions as client_errors
import requests
from opensearchpy import RequestsHttpConnection, Transport
from requests.auth import AuthBase, HTTPBasicAuth

from domains.errors import DomainError, Refused, SnapferryError, UnexpectedReply, Unreachable, Untrusted
from domains.http.bodies import ReplySerializer, read_body_as_text, unparsed_replies
from domains.http.deadline import DeadlineAdapter, ending_at
from domains.http.environment import DOMAIN_BUNDLES, bundle_problem, proxy_problem, uses_proxy
from domains.http.error_bodies import error_for
from domains.http.exchanges import exchange
from domains.http.json_replies import Json, is_object
from domains.http.requests import Request, reads_only
from domains.http.retry import BUDGET_S, retry_transient
from domains.http.tunnel import TunnelAdapter

READ_TIMEOUT_S = 30.0

WRITE_TIMEOUT_S = 90.0

_CONNECTIONS = 8

_NO_TRUST = re.compile(r"CERTIFICATE_VERIFY_FAILED|hostname mismatch|hostname .{1,300} doesn't match", re.I)


class _Erroneous(Exception):
    """A reply outside 2xx, carried out of opensearch-py's transport."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class _HttpConnection(RequestsHttpConnection):
    """opensearch-py's connection over requests, with raw error bodies and an optional tunnel."""

    def __init__(self, *, side: str, tunnel: tuple[str, int] | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self._side = side
        session: requests.Session = self.session
        self._seen = threading.local()
        session.hooks["response"].append(self._remember)
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
                made.answered(error.status, error.body)
                raise
            made.answered(reply[0], reply[2])
            return reply

    def _remember(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._seen.retry_after = response.headers.get("Retry-After")
        self._seen.date = response.headers.get("Date")
        read_body_as_text(response)

    @property
    def retry_after(self) -> str | None:
        """The `Retry-After` header of this thread's last reply."""
        return getattr(self._seen, "retry_after", None)

    @property
    def date(self) -> str | None:
        """The `Date` header of this thread's last reply."""
        return getattr(self._seen, "date", None)

    def _raise_error(self, status_code: Any, raw_data: Any, content_type: Any = None) -> NoReturn:
        raise _Erroneous(int(status_code), str(raw_data))

    def _raise_warnings(self, warning_headers: Any) -> None:
        """Drop the engine's deprecation warnings: they are not meant for our users."""

    def log_request_fail(self, *_: Any, **__: Any) -> None:
        """Log nothing: opensearch-py would log bodies, and Snapferry logs no body."""

    def log_request_success(self, *_: Any, **__: Any) -> None:
        """Log nothing, for the same reason."""


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


@dataclass
class RequestCount:
    """How many requests were sent, reads and writes separately. Thread-safe."""

    reads: int = 0
    writes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, method: str, path: str) -> None:
        """Count a request that is about to be sent."""
        with self._lock:
            if reads_only(method, path):
                self.reads += 1
            else:
                self.writes += 1


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
        self._tunnel, self._ca_bundle = tunnel, ca_bundle
        self._bundle_is_read = False
        self._retries = True
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
            serializer=ReplySerializer(),
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
            AwsError: the request could not be signed.
        """
        if not reads_only(method, path):
            raise ValueError(f"{method} {path} is not a read")
        return retry_transient(
            lambda: self._send(method, path, query, body, timeout_s),
            budget_s=self._left(BUDGET_S) if self._retries else 0.0,
        )

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
        return self._send(method, path, query, body, timeout_s)

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
            ReplyTooLong: the reply is longer; the rest was not read.
        """
        with unparsed_replies(longest):
            return self.read(method, path, body=body, timeout_s=timeout_s, **query)

    def _send(self, method: str, path: str, query: Mapping[str, Any], body: Any, timeout_s: float) -> Any:
        asked = self._asked(method, path)
        timeout_s = self._left(timeout_s)
        if timeout_s <= 0:
            raise Unreachable(asked, "not sent: there is no time left for it", _TIMEOUT_HINT)
        self._require_readable_bundle(asked)
        end = time.monotonic() + timeout_s
        self.requests.add(method, path)
        headers = {"content-type": "application/x-ndjson" if isinstance(body, str) else "application/json"}
        sent: bytes | None = None
        if body is not None:
            sent = (body if isinstance(body, str) else json.dumps(body)).encode()
        try:
            with ending_at(end):
                return self._transport.perform_request(
                    method,
                    path,
                    params=dict(query),
                    body=sent,
                    timeout=timeout_s,
                    headers=headers if sent else None,
                )
        except _Erroneous as error:
            raise self._refused(asked, error) from None
        except client_errors.ConnectionTimeout:
            raise _unanswered(asked, timeout_s) from None
        except client_errors.ConnectionError as error:
            if time.monotonic() >= end:
                raise _unanswered(asked, timeout_s) from None
            raise self._unconnected(asked, error) from None
        except client_errors.SerializationError:
            raise UnexpectedReply(asked, "the reply is not JSON") from None

    def _left(self, timeout_s: float) -> float:
        """Seconds that a request may take which may take so many by itself."""
        return timeout_s if self._end is None else min(timeout_s, self._end - time.monotonic())

    def ask_once(self, path: str, timeout_s: float = 10.0) -> str | None:
        """Send one GET, without retries, and return the `Date` header of its reply, if it has one.

        Raises:
            DomainError, AwsError: as in `read`.
        """
        self._send("GET", path, {}, None, timeout_s)
        connection: Any = self._transport.get_connection()
        return connection.date

    def _refused(self, asked: str, error: _Erroneous) -> Refused:
        connection: Any = self._transport.get_connection()
        return error_for(asked, error.status, error.body, connection.retry_after)

    def _unconnected(self, asked: str, error: client_errors.ConnectionError) -> SnapferryError:
        below: object = error.info
        if isinstance(below, SnapferryError):
            return below  # our own error, raised while the request was prepared
        said = _words(error)
        self._require_usable_proxy(asked)
        if _TOO_MANY_FILES in said:
            raise DomainError(asked, _TOO_MANY_FILES.lower(), hint=_RAISE_THE_LIMIT)
        if isinstance(error, client_errors.SSLError) and _NO_TRUST.search(said):
            return Untrusted(asked, said, hint="set ca_bundle, or check the endpoint's name")
        return Unreachable(asked, said, _reach_hint(self.endpoint, is_direct=self._tunnel is not None))

    def _require_usable_proxy(self, asked: str) -> None:
        problem = "" if self._tunnel or self._ca_bundle else proxy_problem(self.endpoint)
        if problem:
            raise DomainError(asked, problem, hint="correct this variable, then run the same command again")

    def _require_readable_bundle(self, asked: str) -> None:
        """Confirm once that the authorities can be read; a library would wait for a pipe."""
        if not self._bundle_is_read and self.endpoint.startswith("https:"):
            problem = bundle_problem(self._ca_bundle, () if self._tunnel else DOMAIN_BUNDLES)
            if problem:
                raise Untrusted(
                    asked, problem, hint="correct that path, or leave it out to trust the usual ones"
                )
        self._bundle_is_read = True

    def _asked(self, method: str, path: str) -> str:
        shown = path if len(path) <= 160 else path[:159] + "…"
        return f"{self.label}: {method} {shown}"


_TOO_MANY_FILES = os.strerror(errno.EMFILE)
_RAISE_THE_LIMIT = "raise the limit, such as ulimit -n 4096, then run the same command again"
_TIMEOUT_HINT = "run the same command again; if it fails again, check the domain's health and load"


def _unanswered(asked: str, timeout_s: float) -> Unreachable:
    within = f"{timeout_s:.0f} s" if timeout_s >= 1 else f"{timeout_s * 1000:.0f} ms"
    return Unreachable(asked, f"no answer within {within}", _TIMEOUT_HINT)


def _words(error: client_errors.ConnectionError) -> str:
    text = str(error.error)
    reason = re.search(r"((?:connect_to \S+ )?(?:\[Errno|timed out|Failed to resolve)[^\"()]*)", text)
    if reason and re.search("NewConnectionError|ConnectTimeoutError|NameResolutionError", text):
        return "could not connect: " + reason[1].rstrip()
    return text


def _reach_hint(endpoint: str, *, is_direct: bool) -> str:
    proxy = "" if is_direct else uses_proxy(endpoint)
    if proxy:
        return f"check the proxy that {proxy} names, or list {urlsplit(endpoint).hostname} in NO_PROXY"
    return (
        f"check that {urlsplit(endpoint).hostname} is reachable from here; "
        "a VPC domain needs a network path into its VPC, or connect_to with a tunnel"
    )
