"""Signature Version 4: recomputed with botocore from what arrived, and nothing secret in any text."""

import hashlib
import sys
import threading
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import ClientError, CredentialRetrievalError, UnauthorizedSSOTokenError
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from requests.auth import HTTPBasicAuth
from support.building import a_domain
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, fake_domain, ok

from domains.domain import open_domain
from domains.errors import AwsError, DomainError, SnapferryError
from domains.http.connection import Connection
from domains.http.requests import path_of
from domains.http.signing import PerThreadSigner
from domains.known_secrets import forget_secrets

pytestmark = pytest.mark.slow

KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
REGION = "us-east-1"


def signed_by(credentials: Any, asked: ReceivedRequest, region: str = REGION) -> bool:
    """Whether the request's signature is the one that botocore computes for the very same request."""
    fields = dict(
        part.strip().split("=", 1)
        for part in asked.headers["authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(",")
    )
    names = fields["SignedHeaders"].split(";")
    request = AWSRequest(
        method=asked.method,
        url=f"http://{asked.headers['host']}{asked.target}",
        data=asked.body,
        headers={name: asked.headers[name] for name in names},
    )
    stamp = asked.headers["x-amz-date"]
    request.context["timestamp"] = stamp
    frozen = (
        credentials.get_frozen_credentials()
        if hasattr(credentials, "get_frozen_credentials")
        else credentials
    )
    scope = f"{frozen.access_key}/{stamp[:8]}/{region}/es/aws4_request"
    if fields["Credential"] != scope or not {"host", "x-amz-date"} <= set(names):
        return False
    auth = SigV4Auth(frozen, "es", region)
    canonical = auth.canonical_request(request)
    return auth.signature(auth.string_to_sign(request, canonical), request) == fields["Signature"]


def signing(fake: FakeDomain, credentials: Any = KEYS, **changes: Any) -> Connection:
    fake.on(".*", ok({}))
    return a_domain(fake, auth=PerThreadSigner(credentials, REGION), **changes).connection


NAMES = [
    "orders",
    "a%b",
    "a+b",
    "ünïcode",
    "日本",
    "a&b=c",
    "a;b",
    "a@b",
    "a'b(c)",
    "a$b.c!",
    "a~b",
    "x,y,.ds-z-000001",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_signature_holds_for_odd_names(source: FakeDomain, name: str) -> None:
    connection = signing(source)
    connection.read("GET", path_of(name, "_stats"), level="shards", filter_path="a.*.b,c+e~f;g", empty="")
    connection.write("PUT", path_of("_snapshot", "r", name), body={"é": "ü"}, wait_for_completion="false")
    assert all(signed_by(KEYS, asked) for asked in source.requests)
    assert len(source.requests) == 2


def test_the_check_itself_notices_a_wrong_key_region_body_or_path(source: FakeDomain) -> None:
    signing(source).write("PUT", "/a", body={"a": 1})
    (asked,) = source.requests
    assert signed_by(KEYS, asked)
    assert not signed_by(Credentials("AKIDEXAMPLE", "another"), asked)
    assert not signed_by(KEYS, asked, "eu-west-1")
    assert not signed_by(KEYS, ReceivedRequest("PUT", "/b", asked.headers, asked.body))
    assert asked.headers["x-amz-content-sha256"] == hashlib.sha256(asked.body).hexdigest()


@pytest.mark.parametrize(
    "endpoint",
    ["http://vpc-orders.us-east-1.es.amazonaws.com", "http://vpc-orders.us-east-1.es.amazonaws.com:8080"],
)
def test_through_a_tunnel_the_signature_is_over_the_domains_host(source: FakeDomain, endpoint: str) -> None:
    source.on(".*", ok({}))
    signer = PerThreadSigner(KEYS, REGION)
    Connection("source", endpoint, signer, tunnel=("127.0.0.1", source.port)).read("GET", "/x")
    (asked,) = source.requests
    assert asked.headers["host"].startswith(str(urlsplit(endpoint).hostname))
    assert signed_by(KEYS, asked)


def test_a_session_token_is_sent_and_signed(source: FakeDomain) -> None:
    temporary = Credentials("ASIAEXAMPLE", "secret", "the-token")
    signing(source, temporary).read("GET", "/x")
    (asked,) = source.requests
    assert asked.headers["x-amz-security-token"] == "the-token"
    assert "x-amz-security-token" in asked.headers["authorization"]
    assert signed_by(temporary, asked)


def test_refreshed_credentials_are_picked_up(source: FakeDomain) -> None:
    issued = 0

    def refresh() -> dict[str, Any]:
        nonlocal issued
        issued += 1
        expiry = datetime.now(UTC) + (timedelta(seconds=1) if issued == 1 else timedelta(hours=1))
        return {
            "access_key": f"ASIA{issued}",
            "secret_key": f"secret{issued}",
            "token": f"token{issued}",
            "expiry_time": expiry.isoformat(),
        }

    live = RefreshableCredentials.create_from_metadata(refresh(), refresh_using=refresh, method="test")
    connection = signing(source, live)
    connection.read("GET", "/x")
    connection.read("GET", "/x")
    first, second = source.requests
    assert issued == 2
    assert second.headers["x-amz-security-token"] == "token2"
    assert signed_by(live, second)
    assert first.headers["x-amz-security-token"] == "token2", (
        "what is about to expire is refreshed before it is used"
    )


def test_credentials_that_change_between_threads_are_never_mixed(source: FakeDomain) -> None:
    """Key and token of one request belong together although the credentials change all the time."""
    changing = Credentials("AK0", "secret0", "token0")
    connection = signing(source, changing)
    stop = threading.Event()

    class Pair(Credentials):
        def get_frozen_credentials(self) -> Any:
            return changing.get_frozen_credentials()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            fresh = Credentials(f"AK{number}", f"secret{number}", f"token{number}")
            changing.__dict__.update(fresh.__dict__)

    threads = [
        threading.Thread(target=lambda: [connection.read("GET", "/x") for _ in range(15)]) for _ in range(4)
    ]
    changer = threading.Thread(target=change)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        changer.start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        stop.set()
        changer.join()
        sys.setswitchinterval(before)
    assert len(source.requests) == 60
    for asked in source.requests:
        key = asked.headers["authorization"].split("Credential=AK")[1].split("/")[0]
        assert asked.headers["x-amz-security-token"] == f"token{key}"


def test_each_thread_has_its_own_signer(source: FakeDomain) -> None:
    signer = PerThreadSigner(KEYS, REGION)
    source.on(".*", ok({}))
    connection = a_domain(source, auth=signer).connection
    seen: list[int] = []
    together = threading.Barrier(3)

    def work() -> None:
        connection.read("GET", "/x")
        seen.append(id(signer._own.signer))
        together.wait(10)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 3


def _refused_refresh(kind: str) -> Exception:
    if kind == "denied":
        return ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "AssumeRole")
    return {
        "sso": UnauthorizedSSOTokenError(),
        "process": CredentialRetrievalError(provider="custom-process", error_msg="it failed"),
        "role": AwsError("could not assume a role: ExpiredToken"),
    }[kind]


@pytest.mark.parametrize("first", [False, True], ids=["later", "at first"])
@pytest.mark.parametrize("kind", ["denied", "sso", "process", "role", "still expired"])
def test_a_login_that_has_run_out_is_said(source: FakeDomain, kind: str, first: bool) -> None:
    def issued(seconds: int) -> dict[str, Any]:
        until = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        return {"access_key": "ASIA1", "secret_key": "secret1", "token": "token1", "expiry_time": until}

    def refresh() -> dict[str, Any]:
        if kind == "still expired":
            return issued(-60)
        raise _refused_refresh(kind)

    live = RefreshableCredentials.create_from_metadata(
        issued(-60 if first else 3600), refresh_using=refresh, method="test"
    )
    connection = signing(source, live)
    if not first:
        connection.read("GET", "/x")
        live._expiry_time = datetime.now(UTC) - timedelta(seconds=60)
    before = len(source.requests)
    for send in (connection.read, connection.write):
        with pytest.raises(AwsError, match="could not refresh the AWS credentials: ") as caught:
            send("GET", "/x")
        assert caught.value.hint == "log in again and run the same command again"
    assert len(source.requests) == before


def test_an_error_of_ours_comes_out_of_the_client_as_it_is(source: FakeDomain) -> None:
    connection = a_domain(source).connection
    ours = AwsError("no keys")

    def fail(*_: Any, **__: Any) -> Any:
        raise ours

    connection._transport.get_connection().session.send = fail
    with pytest.raises(AwsError) as caught:
        connection.read("GET", "/x")
    assert caught.value is ours


# nothing secret in any text


SECRET = st.text(
    st.characters(min_codepoint=33, max_codepoint=255, categories=["L", "N", "P", "S"]),
    min_size=9,
    max_size=30,
)
QUICK = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def texts_of(error: BaseException) -> str:
    """Everything that a log or a terminal could show of an error, its causes and contexts included."""
    shown = "".join(traceback.TracebackException.from_exception(error).format())
    hint = error.hint if isinstance(error, SnapferryError) else ""
    return "\n".join([str(error), repr(error), repr(error.args), hint, shown])


BAD = [
    Reply(400, {"error": {"type": "parsing_exception", "reason": "no"}}),
    Reply(403, {"Message": "no"}),
    Reply(200, "half", type="application/json"),
    Reply(then="reset"),
]


def failures(connection: Connection) -> list[DomainError]:
    found: list[DomainError] = []
    for _ in BAD:
        with pytest.raises(DomainError) as caught:
            connection.write("PUT", "/x", body={"a": 1})
        found.append(caught.value)
    return found


@pytest.fixture(scope="module")
def bad() -> Any:
    """A fake that answers badly in every way, again and again."""
    with fake_domain() as server:
        turn = iter(range(10**9))
        server.on(".*", lambda _: BAD[next(turn) % len(BAD)])
        yield server


@pytest.fixture(scope="module")
def public(bad: FakeDomain) -> str:
    """What is shown whatever the secret is, as a Region's name: to find that proves nothing."""
    ways = (HTTPBasicAuth("me", "-"), PerThreadSigner(Credentials("AKID", "-", "-"), REGION))
    domains = [a_domain(bad, auth=way) for way in ways]
    return "\n".join(
        text for each in domains for text in (repr(each), *map(texts_of, failures(each.connection)))
    )


@QUICK
@given(SECRET)
def test_a_password_is_in_no_text(bad: FakeDomain, public: str, password: str) -> None:
    assume(password not in public)
    forget_secrets()  # those of the examples before
    domain = a_domain(bad, auth=HTTPBasicAuth("me", password))
    shown = [repr(domain), repr(domain.connection), str(domain), *map(texts_of, failures(domain.connection))]
    assert not [text for text in shown if password in text]


@QUICK
@given(SECRET, SECRET, st.text("abcdefghijklmnopqrstuvwxyz0123456789/+", min_size=12, max_size=40))
def test_no_part_of_credentials_is_in_any_text(
    bad: FakeDomain, public: str, key: str, secret: str, token: str
) -> None:
    assume(secret not in public and token not in public)
    forget_secrets()
    latin_key = f"AKID{abs(hash(key))}"
    domain = a_domain(bad, auth=PerThreadSigner(Credentials(latin_key, secret, token), REGION))
    shown = [repr(domain), repr(domain.connection), *map(texts_of, failures(domain.connection))]
    assert not [text for text in shown if secret in text or token in text or latin_key in text]


def test_credentials_that_the_service_echoes_are_cut_out(source: FakeDomain) -> None:
    """The service's front door quotes the header that it cannot read; with basic auth, the password."""

    def echo(asked: ReceivedRequest) -> Reply:
        header = asked.headers["authorization"]
        said = "not a valid key=value pair (missing equal-sign) in Authorization header"
        return Reply(403, {"message": f"'{header.split()[1]}' {said}: '{header}'."})

    source.on(".*", echo)
    connection = a_domain(source, auth=HTTPBasicAuth("me", "hunter2-hunter2")).connection
    with pytest.raises(DomainError) as caught:
        connection.read("GET", "/x")
    assert source.requests[0].headers["authorization"].split()[1] not in texts_of(caught.value)


def test_a_password_in_any_script_is_sent_as_utf8(
    source: FakeDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    from support.building import a_plan

    monkeypatch.setenv("PASSWORD_FOR_TEST", "pass-€-пароль")
    basic = {"type": "basic", "username": "me", "password": {"env": "PASSWORD_FOR_TEST"}}
    source.on(".*", ok({}))
    domain = open_domain("source", a_plan(source={"endpoint": source.endpoint, "auth": basic}).source)
    domain.connection.read("GET", "/x")
    assert source.requests
