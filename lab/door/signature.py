"""Verify AWS Signature Version 4, as the service does, from the received request."""

from __future__ import annotations

import hashlib
import hmac
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from urllib.parse import quote, unquote

from lab.account.directory import Caller, Directory
from lab.door import bodies

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "es"
SKEW = timedelta(minutes=5)
SAFE = "-_.~"
STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Received:
    """A request as received: raw path and query (percent-encoded), header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def content(self) -> bytes | None:
        """The decoded body; None if the front door cannot decode it."""
        return bodies.decoded(self.body, self.headers.get("content-encoding", ""))


class Refused(Exception):
    """The signature is not accepted; `message` is the service's answer, always with status 403."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class _Claim:
    key: str
    date: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def verify(
    request: Received, region: str, directory: Directory, now: datetime | None = None
) -> Caller | None:
    """Return the signer of the request, or None if it is unsigned.

    Raises:
        Refused: it is signed, but this domain in `region` does not accept the signature.
    """
    authorization = request.headers.get("authorization", "")
    if not authorization.startswith(ALGORITHM):
        return None
    claim = _parse(authorization)
    if claim.region != region:
        raise Refused(f"Credential should be scoped to a valid Region, not '{claim.region}'. ")
    if claim.service != SERVICE:
        raise Refused(f"Credential should be scoped to correct service: '{SERVICE}'. ")
    caller = directory.caller(claim.key)
    if caller is None:
        raise Refused("The security token included in the request is invalid.")
    moment = _check_time(request, claim, now or datetime.now(UTC))
    _check_token(request, caller, moment)
    _check_signature(request, claim, caller)
    return caller


def _parse(authorization: str) -> _Claim:
    fields = dict(re.findall(r"(\w+)=([^,\s]+)", authorization))
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if name not in fields]
    if missing:
        raise Refused(" ".join(f"Authorization header requires '{name}' parameter." for name in missing))
    parts = fields["Credential"].rsplit("/", 4)
    if len(parts) != 5:
        raise Refused(
            f"Credential must have exactly 5 slash-delimited elements, got '{fields['Credential']}'."
        )
    key, date, region, service, _ = parts
    return _Claim(key, date, region, service, tuple(fields["SignedHeaders"].split(";")), fields["Signature"])


def _check_time(request: Received, claim: _Claim, now: datetime) -> datetime:
    stamp = request.headers.get("x-amz-date", "")
    try:
        moment = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise Refused(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        ) from None
    if moment < now - SKEW:
        limit = (now - SKEW).strftime(STAMP)
        raise Refused(
            f"Signature expired: {stamp} is now earlier than {limit} ({now.strftime(STAMP)} - 5 min.)"
        )
    if moment > now + SKEW:
        limit = (now + SKEW).strftime(STAMP)
        raise Refused(
            f"Signature not yet current: {stamp} is still later than {limit} ({now.strftime(STAMP)} + 5 min.)"
        )
    if not stamp.startswith(claim.date):
        raise Refused(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
        )
    return now


def _check_token(request: Received, caller: Caller, now: datetime) -> None:
    if (request.headers.get("x-amz-security-token") or None) != caller.token:
        raise Refused("The security token included in the request is invalid.")
    if caller.expires is not None and caller.expires <= now.replace(tzinfo=None):
        raise Refused("The security token included in the request is expired")


def _check_signature(request: Received, claim: _Claim, caller: Caller) -> None:
    stamp = request.headers["x-amz-date"]
    shown = ""
    if "host" in claim.signed:
        for query in _canonical_queries(request.query):
            canonical = _canonical(request, claim, query)
            digest = hashlib.sha256(canonical.encode()).hexdigest()
            to_sign = f"{ALGORITHM}\n{stamp}\n{claim.scope}\n{digest}"
            if hmac.compare_digest(_sign(caller.secret, claim, to_sign), claim.signature):
                return
            shown = (
                f"\n\nThe Canonical String for this request should have been\n'{canonical}'\n\n"
                f"The String-to-Sign should have been\n'{to_sign}'\n"
            )
    raise Refused(
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method. Consult the service documentation for details." + shown
    )


def _canonical(request: Received, claim: _Claim, query: str) -> str:
    headers = "".join(f"{name}:{_collapse(request.headers.get(name, ''))}\n" for name in claim.signed)
    return "\n".join(
        [
            request.method,
            _canonical_path(request.path),
            query,
            headers,
            ";".join(claim.signed),
            _payload_hash(request),
        ]
    )


def _canonical_path(path: str) -> str:
    """The received path, normalized and encoded again, as every service but S3 does."""
    normal = posixpath.normpath("/" + path.lstrip("/")) if path else "/"
    if path.endswith("/") and not normal.endswith("/"):
        normal += "/"
    return quote(normal, safe="/" + SAFE)


def _canonical_queries(query: str) -> list[str]:
    """The canonical query; two if a plus sign makes it ambiguous."""
    variants = [query.replace("+", "%20"), query.replace("+", "%2B")] if "+" in query else [query]
    return [_canonical_query(variant) for variant in variants]


def _canonical_query(query: str) -> str:
    pairs = (piece.partition("=") for piece in query.split("&") if piece)
    encoded = (
        (quote(unquote(name), safe=SAFE), quote(unquote(value), safe=SAFE)) for name, _, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _payload_hash(request: Received) -> str:
    """The hash of the body itself: a header with another hash must not make the signature valid."""
    claimed = request.headers.get("x-amz-content-sha256")
    return claimed if claimed == "UNSIGNED-PAYLOAD" else hashlib.sha256(request.body).hexdigest()


def _collapse(value: str) -> str:
    return " ".join(value.split())


def _sign(secret: str, claim: _Claim, text: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in (claim.date, claim.region, claim.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
