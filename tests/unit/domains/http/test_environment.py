"""Proxies and bundles of authorities that cannot be used: named in seconds, never as a missing network."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.config
import pytest

from configs.auth import NoAuth
from configs.plan import DomainSettings
from domains.aws.session import call_aws, session
from domains.domain import open_domain
from domains.engine.reachability import probe
from domains.errors import AwsError, DomainError, SnapferryError, Unreachable, Untrusted
from domains.http.connection import Connection
from domains.http.environment import without_login

CLOSED = "https://127.0.0.1:1"
QUICK = botocore.config.Config(connect_timeout=2, read_timeout=2, retries={"max_attempts": 0})
SOCKS = "it names a SOCKS proxy, and only HTTP proxies work"
NO_ADDRESS = "it is not the address of a proxy; write it as http://HOST:PORT"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no bundle but those of the test."""
    for name in list(os.environ):
        if name.upper().endswith(("_PROXY", "_CA_BUNDLE", "SSL_CERT_FILE")):
            monkeypatch.delenv(name)


def domain(ca_bundle: str | None = None, tunnel: Any = None) -> SnapferryError:
    """What a domain that cannot be reached is told as."""
    with pytest.raises(DomainError) as caught:
        Connection("source", CLOSED, None, tunnel=tunnel, ca_bundle=ca_bundle).write("PUT", "/x", timeout_s=5)
    return caught.value


def aws() -> SnapferryError:
    """What AWS that cannot be reached is told as."""

    def call() -> None:
        session(None, "us-east-1").client("sts", endpoint_url=CLOSED, config=QUICK).get_caller_identity()

    with pytest.raises(AwsError) as caught:
        call_aws("assume a role", call)
    return caught.value


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("told", [domain, aws])
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HTTPS_PROXY", "socks5h://127.0.0.1:9", SOCKS),
        ("https_proxy", "socks4://127.0.0.1:9", SOCKS),
        ("HTTPS_PROXY", "http://", NO_ADDRESS),
        ("HTTPS_PROXY", "http://[::1", NO_ADDRESS),
        ("HTTPS_PROXY", "http://user:hunter2@host:port", NO_ADDRESS),
        ("HTTPS_PROXY", "ftp://user:hunter2@host:1", NO_ADDRESS),
        ("ALL_PROXY", "socks5://user:hunter2@127.0.0.1:9", SOCKS),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(
    told: Callable[[], SnapferryError], name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    error = told()
    assert f"{name} cannot be used: {said}" in error.message
    assert "correct" in error.hint
    assert not getattr(error, "transient", False)
    assert "hunter2" not in error.message + error.hint


def test_a_proxy_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:9")
    error = domain()
    assert isinstance(error, Unreachable)
    assert error.hint == "check the proxy that HTTPS_PROXY names, or list 127.0.0.1 in NO_PROXY"
    assert "hunter2" not in error.message


def test_a_proxy_whose_address_is_none_is_named_by_a_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://[::1")
    settings = DomainSettings(endpoint=CLOSED, auth=NoAuth(type="none"))
    found = probe(open_domain("source", settings), settings)
    assert (found.stage, found.place) == ("answer", "the proxy that HTTPS_PROXY names")
    assert "HTTPS_PROXY cannot be used" in found.detail


@pytest.mark.usefixtures("keys")
@pytest.mark.timeout(60)
@pytest.mark.parametrize(("told", "kind"), [(domain, "missing"), (domain, "pipe"), (aws, "missing")])
def test_a_log_of_keys_that_cannot_be_written_is_named(
    told: Callable[[], SnapferryError], kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Python and its libraries write keys of TLS connections there; nothing else is wrong."""
    place = tmp_path / ("no folder" if kind == "missing" else "") / "keys"
    if kind == "pipe":
        os.mkfifo(place)
    monkeypatch.setenv("SSLKEYLOGFILE", str(place))
    error = told()
    assert f"SSLKEYLOGFILE names {place}, which cannot be written: No such" in error.message
    assert "correct" in error.hint
    assert not getattr(error, "transient", False)


@pytest.mark.parametrize("exempt", ["*", "127.0.0.1", "example.com, 127.0.0.1", "127.0.0.0/8,"])
def test_a_proxy_that_is_not_used_is_no_reason(exempt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", exempt)
    error = domain()
    assert "PROXY" not in error.message + error.hint


def test_a_tunnel_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    error = domain(tunnel=("127.0.0.1", 2))
    assert "PROXY" not in error.message + error.hint


def test_too_many_open_files_are_no_missing_network() -> None:
    connection = Connection("source", "http://127.0.0.1:1", None)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Path(os.devnull).open() as highest:
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest.fileno(), before[1]))
        try:
            with pytest.raises(DomainError) as caught:
                connection.write("PUT", "/x", timeout_s=5)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert caught.value.message == "source: PUT /x: too many open files"
    assert "ulimit -n" in caught.value.hint
    assert not caught.value.transient


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda p: None, "which cannot be read: No such file or directory"),
    "empty": (lambda p: p.write_text(""), "which holds no certificate in PEM form"),
    "no PEM": (lambda p: p.write_text("hello"), "which holds no certificate in PEM form"),
    "pipe": (os.mkfifo, "which cannot be read: it is a pipe, not a file"),
    "endless": (lambda p: p.symlink_to("/dev/zero"), "which cannot be read: it is a device, not a file"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", BROKEN)
def test_a_bundle_that_cannot_be_read_is_named_as_the_plans(kind: str, tmp_path: Path) -> None:
    make, said = BROKEN[kind]
    make(tmp_path / "ca.pem")
    error = domain(ca_bundle=str(tmp_path / "ca.pem"))
    assert isinstance(error, Untrusted)
    assert f"ca_bundle names {tmp_path / 'ca.pem'}, {said}" in error.message


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("told", "name"),
    [
        (domain, "REQUESTS_CA_BUNDLE"),
        (domain, "CURL_CA_BUNDLE"),
        (aws, "AWS_CA_BUNDLE"),
        (aws, "REQUESTS_CA_BUNDLE"),
    ],
)
def test_a_bundle_that_cannot_be_read_is_named_by_its_variable(
    told: Callable[[], SnapferryError], name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "ca.pem"))
    error = told()
    assert f"{name} names {tmp_path / 'ca.pem'}, which cannot be read: No such file" in error.message
    assert not getattr(error, "transient", False)


@pytest.mark.parametrize(
    "address",
    [
        "http://user:hunter2@host/api",
        "http://hunter2@host/api",
        "http://u:hunt@er2@host/api",
        "x //u:hunt/er2@h y",
    ],
)
def test_an_address_is_shown_without_its_login(address: str) -> None:
    shown = without_login(address)
    assert "hunt" not in shown and "er2" not in shown
    assert "//h" in shown
