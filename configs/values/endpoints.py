"""Endpoints and tunnels: parse addresses, check them and normalize them."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

ENDPOINT_PATTERN = r"^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@\s]+/?$"
CONNECT_TO_PATTERN = r"^(\[[0-9A-Fa-f:.]+\]|[^\[\]:/@\s]+):[0-9]{1,5}$"
_HOST = re.compile(r"^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "https://search-orders-abc.eu-west-1.es.amazonaws.com"

Address = tuple[str, int]


def normal_endpoint(value: str) -> str:
    """Normalize scheme, host and port; refuse anything but a bare address. No message repeats the value."""
    if not re.match(r"^https?://", value, re.IGNORECASE):
        raise ValueError(f"this is not an http or https URL; write one such as {_EXAMPLE}")
    parts = _split(value)
    if "@" in parts.netloc:
        raise ValueError("a URL cannot contain a user or password: secrets are never in the plan; use auth")
    if parts.query or parts.fragment or "?" in value or "#" in value:
        raise ValueError("an endpoint has no query and no fragment; end it after the host")
    if parts.path not in {"", "/"}:
        raise ValueError(
            "an endpoint has no path; end it after the host (and leave out paths such as /_dashboards)"
        )
    host = _checked_host(parts.hostname or "")
    port = _port(parts)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port == _DEFAULT_PORTS[parts.scheme] else f":{port}")


def address_of(endpoint: str) -> Address:
    """Return host and port of a normalized endpoint."""
    parts = urlsplit(endpoint)
    return parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]


def normal_connect_to(value: str) -> str:
    """Normalize `host:port`, with an IPv6 address in brackets."""
    right = "write host:port, such as 127.0.0.1:9443 or [::1]:9443"
    if "://" in value:
        raise ValueError(f"this is a URL; {right}")
    if not re.fullmatch(CONNECT_TO_PATTERN, value):
        raise ValueError(f"this is not a host and port; {right}")
    host, _, port = value.rpartition(":")
    if not 1 <= int(port) <= 65_535:
        raise ValueError("a port is a number from 1 to 65535")
    bare = _checked_host(host.strip("[]").lower())
    return f"[{bare}]:{int(port)}" if ":" in bare else f"{bare}:{int(port)}"


def connect_address(connect_to: str) -> Address:
    """Return host and port of a normalized `connect_to`."""
    host, _, port = connect_to.rpartition(":")
    return host.strip("[]"), int(port)


PLAIN_HTTP = (
    "plain http to another machine: whoever is on the way could read and change everything; write https, or "
    "reach the domain through a tunnel that ends on this machine (connect_to: 127.0.0.1:PORT)"
)
"""Why an endpoint is refused that `leaves_unencrypted`."""


def leaves_unencrypted(endpoint: str, connect_to: str | None) -> bool:
    """Whether requests to a normalized endpoint would leave this machine over plain http."""
    host, _ = connect_address(connect_to) if connect_to else address_of(endpoint)
    return endpoint.startswith("http:") and not _is_this_machine(host)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def canonical_address(address: Address) -> Address:
    """Return an address for comparison, with all names of this machine replaced by 127.0.0.1."""
    host, port = address
    host = host.rstrip(".")
    return ("127.0.0.1" if host in {"localhost", "::1", "127.0.0.1"} else host), port


def _split(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.hostname, parts.port
    except ValueError as error:
        if "@" not in value and "port" in str(error).lower():
            raise ValueError("the port in the URL must be a number from 1 to 65535") from None
        raise ValueError(f"this is not the URL of a host; write one such as {_EXAMPLE}") from None
    return parts


def _port(parts: SplitResult) -> int:
    port = parts.port
    if port == 0:
        raise ValueError("the port in the URL must be a number from 1 to 65535")
    return port or _DEFAULT_PORTS[parts.scheme]


def _checked_host(host: str) -> str:
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            raise ValueError("this is not an IPv6 address in brackets; write one such as [::1]") from None
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise ValueError("this is not a host name; use letters, digits, dots and hyphens")
    return host.rstrip(".")
