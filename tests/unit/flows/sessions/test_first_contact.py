"""The first contact of a command: what a mistyped or unreachable endpoint is told, and how patiently.

The other side is a fake, a closed port, or a listener that never says a word.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.building import UUIDS, Clock, a_plan, identity_reply
from support.fake_domain import CLOSE, FakeDomain, Reply, engine_error, html, ok

from configs.plan import Plan
from domains.errors import Denied, DomainError, NoContact
from flows.sessions import first_contact
from flows.sessions.first_contact import contact
from runs.journal import WindowEntry, now
from runs.state import State
from snapferry.exit_codes import ExitCode, code_of_error

NOWHERE = "http://no-such-domain.invalid"
ANSWERS = "an OpenSearch or Elasticsearch domain answers there"


@pytest.fixture(autouse=True)
def nobody_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that no domain has answered yet, and that does not wait long."""
    monkeypatch.setattr(first_contact, "_met", set[Any]())
    monkeypatch.setattr(first_contact, "_PAUSE_S", 0.01)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path, "orders")


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a listener that takes connections and never answers."""
    monkeypatch.setattr(first_contact, "CONTACT_S", 0.6)
    monkeypatch.setattr(first_contact, "_ATTEMPT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def a_plan_to(source: str, target: FakeDomain, **source_keys: Any) -> Plan:
    target.on("GET /", ok(identity_reply("target")))
    none = {"auth": {"type": "none"}}
    return a_plan(
        source={"endpoint": source, **none, **source_keys}, target={"endpoint": target.endpoint, **none}
    )


def failed(plan: Plan, state: State) -> DomainError:
    with pytest.raises(DomainError) as caught:
        contact(plan, state)
    return caught.value


def test_both_domains_say_who_they_are(source: FakeDomain, target: FakeDomain, state: State) -> None:
    source.on("GET /", ok(identity_reply("source")))
    met = contact(a_plan_to(source.endpoint, target), state)
    assert met.uuids == (UUIDS["source"], UUIDS["target"])
    assert (met.source.side, met.target.side) == ("source", "target")
    assert source.lines == target.lines == ["GET /"]


def test_a_name_without_an_address_is_refused_at_once_and_names_its_key(
    target: FakeDomain, state: State
) -> None:
    error = failed(a_plan_to(NOWHERE, target), state)
    assert "source.endpoint: the endpoint's host no-such-domain.invalid has no address" in error.message
    assert "correct the endpoint" in error.hint
    assert code_of_error(error) == ExitCode.REFUSED


def test_a_name_whose_lookup_hangs_is_not_waited_for(
    target: FakeDomain, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = a_plan_to("http://slow.invalid", target)
    released = threading.Event()
    real = socket.getaddrinfo

    def slowly(host: Any, *more: Any, **keys: Any) -> Any:
        if host == "slow.invalid":
            released.wait(30)
        return real(host, *more, **keys)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    monkeypatch.setattr("domains.engine.reachability.NAME_S", 0.05)
    error = failed(plan, state)
    released.set()
    assert "source.endpoint" in error.message and "the lookup of the name took longer" in error.message
    assert code_of_error(error) == ExitCode.REFUSED


def test_nothing_listens_there(target: FakeDomain, state: State) -> None:
    port = closed_port()
    error = failed(a_plan_to(f"http://127.0.0.1:{port}", target), state)
    assert f"source.endpoint: no connection to 127.0.0.1:{port}: Connection refused (3 attempts" in str(error)
    assert "security group, firewall, port" in error.hint
    assert code_of_error(error) == ExitCode.REFUSED


def test_a_tunnel_that_is_not_up_is_named_by_its_own_key(target: FakeDomain, state: State) -> None:
    port = closed_port()
    error = failed(a_plan_to("http://vpc-orders.invalid", target, connect_to=f"127.0.0.1:{port}"), state)
    assert error.message.startswith("source.connect_to: no connection to")
    assert error.hint == f"start the tunnel that connect_to names (127.0.0.1:{port})"
    assert code_of_error(error) == ExitCode.REFUSED


def test_tls_to_a_port_that_speaks_none(source: FakeDomain, target: FakeDomain, state: State) -> None:
    error = failed(a_plan_to(f"https://127.0.0.1:{source.port}", target), state)
    assert "source.endpoint: the TLS handshake fails: the server does not speak TLS" in error.message
    assert "https" in error.hint
    assert code_of_error(error) == ExitCode.REFUSED


def test_a_server_that_never_answers(silent: int, target: FakeDomain, state: State) -> None:
    error = failed(a_plan_to(f"http://127.0.0.1:{silent}", target), state)
    assert "source.endpoint: " in error.message and "no answer within" in error.message
    assert "attempts in" in error.message and error.hint
    assert code_of_error(error) == ExitCode.REFUSED


@pytest.mark.parametrize(
    "page",
    [
        Reply(200, "<html>Log in to the guest network</html>", type="text/html"),
        Reply(200, {"name": "orders-service", "status": "UP"}),
        Reply(302, "", {"Location": "http://portal.example/login"}),
        Reply(404, "<html>Not Found</html>", type="text/html"),
        Reply(400, "The plain HTTP request was sent to HTTPS port", type="text/html"),
        engine_error(500, "x", "boom"),
    ],
    ids=["captive page", "another service", "redirect", "404", "https port", "500"],
)
def test_a_host_that_is_no_domain(source: FakeDomain, target: FakeDomain, state: State, page: Reply) -> None:
    source.on("GET /", page)
    error = failed(a_plan_to(source.endpoint, target), state)
    assert isinstance(error, NoContact)
    assert error.message.startswith("source.endpoint: ")
    assert error.hint
    assert code_of_error(error) == ExitCode.REFUSED


def test_both_problems_are_told_together(state: State) -> None:
    none = {"auth": {"type": "none"}}
    port = closed_port()
    plan = a_plan(
        source={"endpoint": NOWHERE, **none}, target={"endpoint": f"http://127.0.0.1:{port}", **none}
    )
    error = failed(plan, state)
    assert "source.endpoint: the endpoint's host no-such-domain.invalid" in error.message
    assert f"target.endpoint: no connection to 127.0.0.1:{port}" in error.message
    assert "correct the endpoint" in error.hint and "security group" in error.hint
    assert code_of_error(error) == ExitCode.REFUSED


def test_a_refusal_stays_what_it_is(source: FakeDomain, target: FakeDomain, state: State) -> None:
    source.on("GET /", Reply(403, {"Message": "User: arn:me is not authorized to perform: es:ESHttpGet"}))
    assert isinstance(failed(a_plan_to(source.endpoint, target), state), Denied)


def test_credentials_that_have_expired_are_renewed_as_ever(
    source: FakeDomain, target: FakeDomain, state: State, clock: Clock
) -> None:
    expired = Reply(403, {"message": "The security token included in the request is expired"})
    source.on("GET /", expired, expired, ok(identity_reply("source")))
    contact(a_plan_to(source.endpoint, target), state)
    assert len(source.requests) == 3


def test_a_domain_that_has_answered_a_run_is_expected_back(
    source: FakeDomain, target: FakeDomain, state: State
) -> None:
    """A pipeline that resumes while the domain restarts goes on; one with a typing error stops."""
    gone = f"http://127.0.0.1:{closed_port()}"
    plan = a_plan_to(gone, target)
    run = state.begin(plan, "migrate")
    error = failed(plan, state)
    assert f"it has answered run {run.run_id} there: run the same command again" in error.hint
    assert code_of_error(error) == ExitCode.INTERRUPTED
    moved = a_plan_to(f"http://127.0.0.1:{closed_port()}", target)
    assert code_of_error(failed(moved, state)) == ExitCode.REFUSED


def test_a_domain_that_may_refuse_writes_is_waited_for(
    source: FakeDomain, target: FakeDomain, state: State, clock: Clock
) -> None:
    """A cutover was killed in its window: whoever resumes it or rolls it back does not give up in seconds."""
    source.on("GET /", *[CLOSE] * 7, ok(identity_reply("source")))
    plan = a_plan_to(source.endpoint, target)
    run = state.begin(plan, "cutover")
    run.document.window = WindowEntry(frozen=now(), deadline=now())
    run.save()
    contact(plan, state)
    assert sum(clock.pauses) > first_contact.CONTACT_S


def test_a_domain_that_is_busy_is_there_and_is_waited_for(
    source: FakeDomain, target: FakeDomain, state: State, clock: Clock
) -> None:
    source.on("GET /", *[html(503)] * 6, ok(identity_reply("source")))
    contact(a_plan_to(source.endpoint, target), state)
    assert sum(clock.pauses) > 8


def test_a_domain_that_has_answered_is_waited_for_from_then_on(
    source: FakeDomain, target: FakeDomain, state: State, clock: Clock
) -> None:
    source.on("GET /", ok(identity_reply("source")), *[CLOSE] * 7, ok(identity_reply("source")))
    plan = a_plan_to(source.endpoint, target)
    contact(plan, state)
    assert clock.pauses == []
    contact(plan, state)
    assert sum(clock.pauses) > first_contact.CONTACT_S


def test_a_connection_that_breaks_at_first_is_tried_again(
    source: FakeDomain, target: FakeDomain, state: State
) -> None:
    source.on("GET /", CLOSE, CLOSE, CLOSE, CLOSE, ok(identity_reply("source")))
    contact(a_plan_to(source.endpoint, target), state)
    assert len(source.requests) == 5
