"""A connection to one domain: what is repeated, what is not, what is counted, and what is sent where.

The other side is a fake (support.fake_domain): no real engine loses replies on request.
"""

import base64
import datetime
import gc
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import psutil
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests.auth import HTTPBasicAuth
from support.building import Clock, a_domain
from support.fake_domain import CLOSE, RESET, FakeDomain, Reply, engine_error, fake_domain, html, ok

from domains.errors import (
    Denied,
    DomainError,
    Expired,
    Missing,
    Refused,
    UnexpectedReply,
    Unreachable,
    Untrusted,
)
from domains.http.connection import Connection
from domains.http.requests import path_of, reads_only

GET = "GET /x"


def connect(fake: FakeDomain, **changes: Any) -> Connection:
    return a_domain(fake, **changes).connection


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_connection_that_nobody_holds_any_more_has_no_open_sockets(source: FakeDomain) -> None:
    """A process that runs many flows, one after the other, would run out of them."""
    source.on(GET, ok({"a": 1}))
    gc.disable()
    try:
        before = psutil.Process().num_fds()
        for _ in range(10):
            connect(source).read("GET", "/x")
        assert psutil.Process().num_fds() < before + 10
    finally:
        gc.enable()


# reads


@pytest.mark.parametrize(
    "bad",
    [
        html(502),
        html(503),
        Reply(504, {"message": "Endpoint request timed out"}),
        Reply(429, "429 Too Many Requests", type="text/plain"),
        Reply(403, {"Message": "Request throttled due to too many requests"}),
        RESET,
        CLOSE,
        engine_error(503, "cluster_manager_not_discovered_exception", "none"),
        engine_error(500, "circuit_breaking_exception", "[parent] Data too large"),
    ],
    ids=["502", "503", "504", "429", "403 throttled", "reset", "closed", "no manager", "breaker"],
)
def test_a_read_is_repeated_over_what_passes(source: FakeDomain, clock: Clock, bad: Reply) -> None:
    source.on(GET, bad, bad, ok({"a": 1}))
    assert connect(source).read("GET", "/x") == {"a": 1}
    assert source.lines == ["GET /x"] * 3
    assert len(clock.pauses) == 2


def test_pauses_grow_and_vary(source: FakeDomain, clock: Clock) -> None:
    source.on(GET, *[html(502)] * 8, ok({}))
    connect(source).read("GET", "/x")
    bounds = [(0.3, 0.5), (0.6, 1), (1.2, 2), (2.4, 4), (4.8, 8), (6, 10), (6, 10), (6, 10)]
    assert all(low <= pause <= high for pause, (low, high) in zip(clock.pauses, bounds, strict=True))
    assert len({round(pause, 9) for pause in clock.pauses}) == 8


def test_the_service_says_how_long_to_wait(source: FakeDomain, clock: Clock) -> None:
    source.on(GET, Reply(429, "slow down", {"Retry-After": "7"}), ok({}))
    connect(source).read("GET", "/x")
    assert clock.pauses == [7.0]


def test_a_wait_of_nothing_is_no_licence_to_hammer(source: FakeDomain, clock: Clock) -> None:
    source.on(GET, *[Reply(429, "slow down", {"Retry-After": "0"})] * 8, ok({}))
    connect(source).read("GET", "/x")
    assert min(clock.pauses) > 0


def test_an_old_wait_is_not_used_again(source: FakeDomain, clock: Clock) -> None:
    source.on(GET, Reply(429, "slow down", {"Retry-After": "7"}), html(502), ok({}))
    connect(source).read("GET", "/x")
    assert clock.pauses[0] == 7.0
    assert clock.pauses[1] <= 1


def test_reads_are_given_up_within_a_minute(source: FakeDomain, clock: Clock) -> None:
    source.on(GET, html(503))
    with pytest.raises(Refused, match="503") as caught:
        connect(source).read("GET", "/x")
    assert caught.value.transient
    assert 40 < sum(clock.pauses) <= 60
    assert len(source.requests) == len(clock.pauses) + 1


EXPIRED = Reply(403, {"message": "The security token included in the request is expired"})
SKEWED = Reply(403, {"message": "Signature expired: 20260101T100000Z is now earlier than 20260101T100100Z"})


@pytest.mark.parametrize("refusal", [EXPIRED, SKEWED], ids=["credentials", "clock"])
def test_a_login_that_ran_out_and_came_back_is_no_end(
    source: FakeDomain, clock: Clock, refusal: Reply
) -> None:
    source.on(GET, refusal, refusal, ok({"a": 1}))
    assert connect(source).read("GET", "/x") == {"a": 1}
    assert len(clock.pauses) == 2


def test_whoever_has_to_log_in_again_is_told_within_ten_seconds(source: FakeDomain, clock: Clock) -> None:
    source.on(GET, EXPIRED)
    with pytest.raises(Expired) as caught:
        connect(source).read("GET", "/x")
    assert "log in again" in caught.value.hint
    assert 4 < sum(clock.pauses) <= 10


def test_a_wait_beyond_the_budget_is_not_begun(source: FakeDomain, clock: Clock) -> None:
    source.on(GET, Reply(429, "slow down", {"Retry-After": "3600"}))
    with pytest.raises(Refused, match="429"):
        connect(source).read("GET", "/x")
    assert clock.pauses == []
    assert len(source.requests) == 1


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (engine_error(400, "parsing_exception", "no"), Refused),
        (engine_error(404, "repository_missing_exception", "[r] missing"), Missing),
        (Reply(403, {"Message": "User: anonymous is not authorized to perform: es:ESHttpGet"}), Denied),
        (Reply(401, {"Message": "Your request: '/_xpack' is not allowed."}), Denied),
        (engine_error(500, "null_pointer_exception", "oops"), Refused),
        (Reply(200, "<html>login</html>", type="text/html"), UnexpectedReply),
        (Reply(200, '{"half": '), UnexpectedReply),
    ],
    ids=["400", "404", "403", "401", "500", "login page", "half JSON"],
)
def test_what_does_not_pass_is_asked_once(
    source: FakeDomain, clock: Clock, bad: Reply, kind: type[DomainError]
) -> None:
    source.on(GET, bad)
    with pytest.raises(kind) as caught:
        connect(source).read_object("GET", "/x")
    assert type(caught.value) is kind
    assert not caught.value.transient
    assert len(source.requests) == 1


@pytest.mark.parametrize("body", [[1], "text", 7, None])
def test_a_reply_of_another_shape_is_never_taken(source: FakeDomain, body: Any) -> None:
    source.on(GET, Reply(200, json.dumps(body) if body is not None else None))
    with pytest.raises(UnexpectedReply, match="JSON"):
        connect(source).read_object("GET", "/x")


def test_a_write_is_never_called_a_read(source: FakeDomain) -> None:
    for method, path in (
        ("PUT", "/x"),
        ("POST", "/x/_refresh"),
        ("POST", "/_snapshot/r/_verify"),
        ("DELETE", "/x"),
    ):
        with pytest.raises(ValueError, match="is not a read"):
            connect(source).read(method, path)
    assert source.requests == []


# writes


@pytest.mark.parametrize(
    "bad", [html(502), html(504), Reply(429, "slow down", {"Retry-After": "1"}), RESET, CLOSE]
)
def test_a_write_is_sent_once_whatever_happens(source: FakeDomain, clock: Clock, bad: Reply) -> None:
    source.on("PUT /x", bad)
    with pytest.raises(DomainError) as caught:
        connect(source).write("PUT", "/x", body={"a": 1})
    assert caught.value.transient, "its effect is unknown: whoever repeats it looks first"
    assert source.lines == ["PUT /x"]
    assert clock.pauses == []


def test_a_write_is_not_repeated_on_a_kept_connection_that_died(source: FakeDomain) -> None:
    source.on(GET, ok({})).on("PUT /x", CLOSE)
    connection = connect(source)
    connection.read("GET", "/x")
    with pytest.raises(Unreachable):
        connection.write("PUT", "/x")
    assert source.lines.count("PUT /x") == 1


def test_nothing_is_followed_elsewhere_with_a_write(source: FakeDomain, target: FakeDomain) -> None:
    target.on(".*", ok({"followed": True}))
    source.on("PUT /x", Reply(307, None, {"Location": f"{target.endpoint}/x"}))
    try:
        reply = connect(source).write("PUT", "/x", body={"a": 1})
    except DomainError:
        reply = None
    assert target.requests == [], f"the write went to another host: {reply}"


# time


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_silent_domain_is_not_waited_for_for_ever(
    source: FakeDomain, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr("domains.http.connection.BUDGET_S", 0.0)
    source.on(".*", Reply(200, {}, after_s=1.0))
    connection = connect(source)
    send = connection.read if method == "GET" else connection.write
    with pytest.raises(Unreachable, match="no answer within 200 ms"):
        send(method, "/x", timeout_s=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("way", ["direct", "tunnel", "TLS"])
def test_a_reply_that_drips_is_not_waited_for_longer_than_a_silent_one(
    part: str, way: str, certificate: Path
) -> None:
    with fake_domain(str(certificate) if way == "TLS" else None) as domain:
        domain.on(".*", ok({"long": "x" * 400}, drips=part))
        tunnel = ("127.0.0.1", domain.port)
        connection = {
            "direct": lambda: connect(domain),
            "tunnel": lambda: Connection("source", "http://domain.example", None, tunnel),
            "TLS": lambda: Connection("source", "https://vpc-orders.example", None, tunnel, str(certificate)),
        }[way]()
        with pytest.raises(Unreachable, match=r"no answer within 300 ms"):
            connection.write("PUT", "/x", timeout_s=0.3)


def test_after_its_end_a_connection_sends_nothing(source: FakeDomain) -> None:
    source.on(".*", ok({}))
    connection = connect(source).ending_at(time.monotonic() - 1)
    for send in (connection.read, connection.write):
        with pytest.raises(Unreachable, match="not sent: there is no time left"):
            send("GET", "/x")
    assert source.requests == []


def test_before_its_end_a_connection_neither_waits_longer_nor_tries_again(source: FakeDomain) -> None:
    source.on(".*", Reply(200, {}, after_s=1.0))
    with pytest.raises(Unreachable):
        connect(source).ending_at(time.monotonic() + 0.2).read("GET", "/x")
    assert len(source.requests) == 1


def test_every_request_has_a_timeout(source: FakeDomain, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    send = requests.adapters.HTTPAdapter.send

    def noting(self: Any, request: Any, **more: Any) -> Any:
        given.append(more["timeout"])
        return send(self, request, **more)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", noting)
    source.on(".*", ok({}))
    connection = connect(source)
    connection.read("GET", "/x")
    connection.write("PUT", "/x")
    connection.read_object("GET", "/x", timeout_s=5)
    assert given == [30.0, 90.0, 5]


def test_nobody_there_is_told_with_a_way_out(clock: Clock) -> None:
    connection = Connection("target", f"http://127.0.0.1:{closed_port()}", None)
    with pytest.raises(Unreachable, match=r"target: GET /x: could not connect: .*refused") as caught:
        connection.read("GET", "/x")
    assert "connect_to" in caught.value.hint
    assert caught.value.transient
    assert sum(clock.pauses) <= 60


# counting


def test_requests_are_counted_as_they_were_sent(source: FakeDomain, clock: Clock) -> None:
    source.on(".*", ok({})).on(GET, html(502), ok({}))
    connection = connect(source)
    connection.read("GET", "/x")
    connection.read("POST", "/a/_search", body={})
    connection.read("POST", "/_msearch", body="{}\n{}\n")
    connection.write("PUT", "/_snapshot/r", body={})
    connection.write("POST", "/a,b/_refresh")
    assert (connection.requests.reads, connection.requests.writes) == (4, 2)
    assert len(source.requests) == 6


def test_no_count_is_lost_between_threads(source: FakeDomain) -> None:
    source.on(".*", ok({}))
    connection = connect(source)
    threads = [
        threading.Thread(target=lambda: [connection.read("GET", "/x") for _ in range(10)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connection.requests.reads == len(source.requests) == 80


@pytest.mark.parametrize(
    ("method", "path", "reads"),
    [
        ("GET", "/anything", True),
        ("HEAD", "/x", True),
        ("POST", "/x/_search?size=0", True),
        ("POST", "/_mget", True),
        ("POST", "/x/_count", True),
        ("POST", "/x/_refresh", False),
        ("POST", "/_snapshot/r/_verify", False),
        ("POST", "/_snapshot/r/s/_restore", False),
        ("POST", "/x/_search/template_of_mine", False),
        ("PUT", "/_search", False),
        ("DELETE", "/_search", False),
    ],
)
def test_what_reads_only(method: str, path: str, reads: bool) -> None:
    assert reads_only(method, path) is reads


# what is sent


ODD_NAMES = [
    "a%b",
    "a+b",
    "ünïcode",
    "日本",
    "a&b=c",
    "a@b",
    "a;b",
    "a'b",
    "a(b)",
    "a$b.c",
    "a!b",
    "a~b",
    "a%20b",
    "a:b",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_odd_name_arrives_as_it_is(source: FakeDomain, name: str) -> None:
    source.on(".*", ok({}))
    connect(source).read("GET", path_of("x", name, "_stats"), level="shards")
    (asked,) = source.requests
    assert asked.path == f"/x/{name}/_stats"
    assert asked.query == {"level": "shards"}
    assert asked.target.isascii()


def test_names_in_one_segment_stay_apart_by_commas() -> None:
    assert path_of("a,b%c", "_refresh") == "/a,b%25c/_refresh"
    assert path_of("_snapshot", "r/../x") == "/_snapshot/r%2F..%2Fx"


def test_bodies_say_what_they_are(source: FakeDomain) -> None:
    source.on(".*", ok({}))
    connection = connect(source)
    connection.read("POST", "/_msearch", body='{"index": ["é"]}\n{}\n')
    connection.write("PUT", "/x", body={"name": "é"})
    connection.read("GET", "/x")
    many, one, none = source.requests
    assert many.headers["content-type"] == "application/x-ndjson"
    assert many.body.decode() == '{"index": ["é"]}\n{}\n'
    assert one.headers["content-type"].startswith("application/json")
    assert one.json == {"name": "é"}
    assert none.body == b""


def test_a_user_and_password_are_sent_as_basic_authentication(source: FakeDomain) -> None:
    source.on(".*", ok({}))
    connect(source, auth=HTTPBasicAuth("me", "pässword:1")).read("GET", "/x")
    sent = base64.b64decode(source.requests[0].headers["authorization"].removeprefix("Basic "))
    assert sent.decode("latin-1") == "me:pässword:1" or sent.decode() == "me:pässword:1"


def test_without_auth_no_credentials_of_this_machine_are_sent(
    source: FakeDomain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hunter2\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    source.on(".*", ok({}))
    connect(source).read("GET", "/x")
    assert "authorization" not in source.requests[0].headers


# elsewhere


def test_a_tunnel_takes_the_connection_and_nothing_else(source: FakeDomain) -> None:
    source.on(".*", ok({"here": 1}))
    connection = Connection(
        "source", "http://vpc-orders.example:8080", None, tunnel=("127.0.0.1", source.port)
    )
    assert connection.read("GET", "/x") == {"here": 1}
    assert source.requests[0].headers["host"] == "vpc-orders.example:8080"


def test_a_tunnel_that_is_down_is_named(clock: Clock) -> None:
    port = closed_port()
    connection = Connection("source", "http://vpc-orders.example", None, tunnel=("127.0.0.1", port))
    with pytest.raises(Unreachable, match=f"connect_to 127.0.0.1:{port}"):
        connection.read("GET", "/x")


def test_a_tunnel_wins_over_a_proxy_of_the_environment(
    source: FakeDomain, target: FakeDomain, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", target.endpoint)
    monkeypatch.setenv("http_proxy", target.endpoint)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    for fake in (source, target):
        fake.on(".*", ok({}))
    Connection("source", "http://vpc-orders.example", None, tunnel=("127.0.0.1", source.port)).read(
        "GET", "/x"
    )
    assert target.requests == [], "the request went to the proxy"
    assert len(source.requests) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate, with its key, for vpc-orders.example."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vpc-orders.example")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("vpc-orders.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain, bare = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, plain, bare))
    return file


@pytest.fixture
def secured(certificate: Path) -> Iterator[FakeDomain]:
    """A fake behind TLS."""
    with fake_domain(str(certificate)) as server:
        server.on(".*", ok({}))
        yield server


@pytest.fixture
def no_bundle_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variables that requests looks at."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def test_the_plans_bundle_wins_over_the_environments(
    secured: FakeDomain, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    tunnel = ("127.0.0.1", secured.port)
    Connection("source", "https://vpc-orders.example", None, tunnel, str(certificate)).read("GET", "/x")


@pytest.mark.usefixtures("no_bundle_of_the_environment")
def test_through_a_tunnel_tls_is_the_domains_own(secured: FakeDomain, certificate: Path) -> None:
    tunnel = ("127.0.0.1", secured.port)
    Connection("source", "https://vpc-orders.example", None, tunnel, str(certificate)).read("GET", "/x")
    assert secured.server_names == ["vpc-orders.example"]
    assert secured.requests[0].headers["host"] == "vpc-orders.example"


@pytest.mark.usefixtures("no_bundle_of_the_environment")
@pytest.mark.parametrize(("host", "trusted"), [("vpc-orders.example", False), ("another.example", True)])
def test_a_wrong_certificate_stops_before_anything_is_sent(
    secured: FakeDomain, certificate: Path, clock: Clock, host: str, trusted: bool
) -> None:
    bundle = str(certificate) if trusted else None
    connection = Connection("source", f"https://{host}", None, ("127.0.0.1", secured.port), bundle)
    with pytest.raises(Untrusted) as caught:
        connection.read("GET", "/x")
    assert "ca_bundle" in caught.value.hint
    assert not caught.value.transient
    assert secured.requests == []


def test_a_tls_connection_that_breaks_off_passes(source: FakeDomain, clock: Clock) -> None:
    """No word against the certificate: a handshake that was cut short, or no TLS at all."""
    connection = Connection("source", f"https://127.0.0.1:{source.port}", None)
    with pytest.raises(Unreachable, match="SSL") as caught:
        connection.read("GET", "/x")
    assert caught.value.transient
    assert clock.pauses
