"""Secrets that come back without their header's name are cut out of every text, by their known values."""

from __future__ import annotations

import base64
import html
import json
import os
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import botocore.exceptions
import pytest
from botocore.credentials import Credentials, RefreshableCredentials
from requests.auth import HTTPBasicAuth
from support.building import a_domain
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, ok

from domains.aws.session import call_aws, credentials, secret
from domains.engine import restores, snapshots
from domains.errors import AwsError, DomainError, SnapferryError
from domains.http.connection import Connection
from domains.http.signing import PerThreadSigner
from domains.known_secrets import cut_from, cut_secrets, forget_secrets, remember_secret, remember_sent
from runs.redaction import redacted

PASSWORD = 'p4ss "word"/+&é'
TOKEN = "Zm9yZWlnbi1wcmVmaXg/" + "a1B2+/" * 40 + "=="
KEY_ID, SECRET_KEY = "AKIDEXAMPLE123456789", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS = Credentials(KEY_ID, SECRET_KEY, TOKEN)


def echo(make: Callable[[ReceivedRequest], str], status: int = 403) -> Callable[[ReceivedRequest], Reply]:
    """A reply that quotes something of the request."""
    return lambda asked: Reply(status, {"error": {"type": "x", "reason": make(asked)}})


def said_by(fake: FakeDomain, auth: Any) -> str:
    with pytest.raises(DomainError) as caught:
        a_domain(fake, auth=auth).connection.write("PUT", "/x", body={"a": 1})
    error = caught.value
    return "\n".join([str(error), repr(error), error.message, error.hint, error.reply.text])  # type: ignore[attr-defined]


BASIC: list[Callable[[str], str]] = [
    lambda value: value,
    lambda value: f"user me with {value} is unknown",
    lambda value: base64.b64encode(f"me:{value}".encode()).decode(),
    lambda value: f"<me:{value}>",
    lambda value: quote(value, safe=""),
    html.escape,
    json.dumps,
    lambda value: base64.b64encode(value.encode()).decode(),
    lambda value: base64.urlsafe_b64encode(f"x:{value}".encode()).decode(),
    lambda value: value.encode().hex(),
    lambda value: value.encode().hex().upper(),
    quote_plus,
    quote,
    lambda value: quote(value, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%C3", "%c3"),
    lambda value: quote(quote(value, safe=""), safe=""),
    lambda value: json.dumps(value, ensure_ascii=False),
    lambda value: json.dumps(json.dumps(value)),
    lambda value: json.dumps(value).replace("/", r"\u002f"),
    lambda value: html.escape(html.escape(value)),
    lambda value: value.replace('"', "&#34;"),
    lambda value: repr(value.encode()),
    lambda value: value.encode().decode("latin-1"),
    lambda value: value.replace(" ", "\n    "),
]


@pytest.mark.parametrize("form", BASIC)
def test_a_password_in_any_form_is_cut_out(source: FakeDomain, form: Callable[[str], str]) -> None:
    source.on(".*", echo(lambda _: f"refused: {form(PASSWORD)} (sorry)"))
    text = said_by(source, HTTPBasicAuth(b"me", PASSWORD.encode()))
    assert "[cut out]" in text and "sorry" in text
    for piece in (
        PASSWORD,
        form(PASSWORD).strip("\"b'"),
        "p4ss",
        "word",
        quote(PASSWORD, safe=""),
        html.escape(PASSWORD),
    ):
        assert piece not in text


@pytest.mark.parametrize(
    "quoted",
    [
        lambda asked: asked.headers["x-amz-security-token"],
        lambda asked: asked.headers["x-amz-security-token"][:60] + "...",
        lambda asked: quote(asked.headers["x-amz-security-token"], safe=""),
        lambda asked: asked.headers["authorization"].rpartition("=")[2],
        lambda asked: KEY_ID,
        lambda asked: " ".join(asked.headers.values()),
        lambda asked: "|".join(asked.headers["authorization"].split(",")),
    ],
)
def test_a_token_a_key_and_a_signature_are_cut_out(source: FakeDomain, quoted: Any) -> None:
    source.on(".*", echo(quoted))
    text = said_by(source, PerThreadSigner(KEYS, "us-east-1"))
    (asked,) = source.requests
    signature = asked.headers["authorization"].rpartition("=")[2]
    assert "[cut out]" in text
    for piece in (TOKEN, TOKEN[:60], quote(TOKEN, safe="")[:60], KEY_ID, signature):
        assert piece not in text


@pytest.mark.parametrize("address", ["http://me:{}@127.0.0.1:{}", "127.0.0.1:{1}"])
def test_the_password_of_a_proxy_is_cut_out(
    source: FakeDomain, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent with every request that goes by way of the proxy, whose error pages may quote it."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HTTP_PROXY", address.format(quote(PASSWORD, safe=""), source.port))
    source.on(".*", echo(lambda asked: f"{asked.headers.get('proxy-authorization')}, {PASSWORD}, sorry"))
    with pytest.raises(DomainError) as caught:
        Connection("source", "http://domain.example", None).write("PUT", "/x", body={})
    said = str(caught.value)
    assert "sorry" in said
    packed = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    assert (PASSWORD in said) == ("me:" not in address) and packed not in said


@pytest.mark.timeout(60)
@pytest.mark.parametrize("said", ["\\", " ", "%25", "&amp;#", "\\u0022", '"', "%5C", "a"])
def test_no_text_makes_the_search_for_secrets_long(said: str) -> None:
    """A domain knows the password that it gets, and chooses its texts."""
    for secret_value in (PASSWORD, "\\" * 8 + '"' * 8 + " " * 8 + "secret", "a" * 40):
        remember_secret(secret_value)
    began = time.monotonic()
    cut_secrets(said * (100_000 // len(said)))
    assert time.monotonic() - began < 10


def test_refreshed_credentials_are_known_as_soon_as_they_are_sent(source: FakeDomain) -> None:
    def issued(number: int) -> dict[str, str]:
        return {
            "access_key": f"AKIDREFRESHED{number:07d}",
            "secret_key": SECRET_KEY,
            "token": f"{number}-refreshed-{'x' * 60}",
            "expiry_time": "2020-01-01T00:00:00Z" if number == 1 else "2999-01-01T00:00:00Z",
        }

    turns = iter(range(2, 9))
    live = RefreshableCredentials.create_from_metadata(issued(1), lambda: issued(next(turns)), "test")
    source.on(".*", echo(lambda asked: " ".join(asked.headers.values())))
    text = said_by(source, PerThreadSigner(live, "us-east-1"))
    assert source.requests[0].headers["x-amz-security-token"].startswith("2-refreshed")
    assert "2-refreshed" not in text and "AKIDREFRESHED" not in text


def test_reasons_in_good_replies_are_cut_as_well(source: FakeDomain) -> None:
    remember_secret(PASSWORD)
    failure = {"index": "a", "shard_id": 0, "reason": f"denied for {PASSWORD}"}
    shards = {"total": 1, "failed": 1}
    taken = {"snapshot": "s", "uuid": "u", "state": "PARTIAL", "shards": shards, "failures": [failure]}
    source.on("GET /_snapshot/r/s", ok({"snapshots": [taken]}))
    source.on("GET /_cluster/allocation/explain", ok({"allocate_explanation": f"no {PASSWORD}"}))
    found = snapshots.get(a_domain(source), "r", "s")
    assert found and "denied for [cut out]" in found.failures[0]
    assert restores.explain(a_domain(source), "a", 0).reason == "no [cut out]"


def test_an_error_of_aws_that_quotes_a_secret_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_PASSWORD", PASSWORD)
    assert secret("THE_PASSWORD", None) == PASSWORD

    class Session:
        def get_credentials(self) -> Credentials:
            return KEYS

    assert credentials(Session()) is KEYS  # type: ignore[arg-type]

    def refused() -> None:
        said = f"{PASSWORD} {KEY_ID} {SECRET_KEY} {TOKEN}"
        raise botocore.exceptions.ClientError({"Error": {"Code": "Odd", "Message": said}}, "GetIt")

    with pytest.raises(AwsError) as caught:
        call_aws("get it", refused)
    assert caught.value.message == "could not get it: Odd: " + " ".join(["[cut out]"] * 4)
    assert caught.value.__cause__ is None


def test_what_hooks_print_is_cut() -> None:
    remember_secret(PASSWORD)
    assert redacted(f"curl: {PASSWORD}", ()) == "curl: [cut out]"


@pytest.mark.parametrize("value", ["", "admin", "ab"])
def test_a_value_that_is_an_ordinary_word_is_left_alone(value: str) -> None:
    remember_secret(value)
    assert cut_secrets("the admin abides") == "the admin abides"


def test_a_short_value_is_cut_where_it_stands_alone() -> None:
    remember_secret("orders")
    assert cut_secrets("password orders, orders-2024 and reorders: orders.") == (
        "password [cut out], orders-2024 and reorders: [cut out]."
    )


def test_a_long_sentence_is_cut_as_a_whole() -> None:
    sentence = "correct horse battery staple, and once more from the start"
    remember_secret(sentence)
    assert cut_secrets(f"no: {sentence}!") == "no: [cut out]!"


def test_a_digest_that_is_no_signature_stays() -> None:
    remember_sent({"Authorization": f"AWS4-HMAC-SHA256 Credential={KEY_ID}/x, Signature={'a' * 64}"})
    assert cut_secrets(f"{'a' * 64} {'b' * 64}") == f"[cut out] {'b' * 64}"


def test_every_error_of_ours_is_cut_and_visible_whoever_raises_it() -> None:
    remember_secret(PASSWORD)
    error = SnapferryError(f"index a\x1b[31m: {PASSWORD}", f"ask {PASSWORD}\u202e")
    assert str(error) == error.message == r"index a\u001b[31m: [cut out]"
    assert error.hint == r"ask [cut out]\u202e"
    forget_secrets()


def test_an_error_that_nobody_expected_is_told_without_secrets_and_so_are_those_before_it() -> None:
    remember_secret("correct horse battery")
    try:
        try:
            raise ValueError("before: correct horse battery", 3)
        except ValueError as before:
            raise RuntimeError("correct%20horse%20battery") from before
    except RuntimeError as error:
        error.__context__ = error  # a circle, as libraries make them
        cut_from(error)
        cut_from(error)
        assert str(error) == "[cut out]"
        assert error.__cause__ and error.__cause__.args == ("before: [cut out]", 3)
