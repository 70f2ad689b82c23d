"""The fault plan: what is drawn, and that it can be drawn again."""

from __future__ import annotations

import io
import json
import socket
from collections import Counter

import pytest
from pydantic import ValidationError

from lab.account.s3_faults import S3Fault, S3FaultPlan, S3Faults
from lab.door.faults import Fault, FaultPlan, Faults, RequestClass

DROP = Fault(kind="drop")
GATEWAY = Fault(kind="status", status=504, when="after")
READS = RequestClass(name="reads", method="GET", rate=0.3, faults=(DROP, GATEWAY))
WRITES = RequestClass(
    name="writes", path="/_snapshot/[^/]+/[^/]+$", domain="source", rate=0.5, faults=(DROP,)
)


def met(plan: FaultPlan, requests: list[tuple[str, str]]) -> list[str | None]:
    """What these requests to the source meet."""
    faults = Faults()
    faults.install(plan)
    taken = (faults.take(("source", "orders-source"), *request) for request in requests)
    return [fault.words if fault else None for fault in taken]


def test_the_same_requests_meet_the_same_faults_whatever_comes_between():
    read, write = ("GET", "/_cat/indices"), ("PUT", "/_snapshot/move/first")
    plan = FaultPlan(seed=7, classes=(READS, WRITES))
    alone = met(plan, [read] * 60)
    mixed = met(plan, [read, write, write] * 60)
    assert alone == mixed[::3]
    assert alone != met(FaultPlan(seed=8, classes=(READS, WRITES)), [read] * 60)
    assert met(plan, [read] * 60) == alone
    assert set(alone) == {None, "drop before", "504 after"}


def test_about_the_portion_that_was_asked_for_is_hit():
    found = Counter(met(FaultPlan(seed=1, classes=(READS,)), [("GET", "/")] * 3000))
    assert 0.67 < found[None] / 3000 < 0.73
    assert 0.4 < found["drop before"] / (3000 - found[None]) < 0.6


def test_a_request_belongs_to_the_first_class_that_it_matches_or_to_none():
    first = RequestClass(name="first", method="PUT", path="/a", rate=1, faults=(DROP,))
    second = RequestClass(name="second", method="PUT", domain="source", rate=1, faults=(GATEWAY,))
    plan = FaultPlan(seed=1, classes=(first, second))
    assert met(plan, [("PUT", "/a"), ("PUT", "/b"), ("GET", "/a")]) == ["drop before", "504 after", None]
    faults = Faults()
    faults.install(plan)
    assert faults.take(("target", "orders-target"), "PUT", "/b") is None
    assert faults.shown()["seen"] == {"first": 0, "second": 0}


def test_a_fault_that_lasts_hits_the_requests_after_it_too():
    lasting = RequestClass(name="login", rate=0.1, faults=(Fault(kind="expired", requests=4),))
    once = RequestClass(name="login", rate=0.1, faults=(Fault(kind="expired"),))
    asked = [("GET", "/")] * 200
    begun = [number for number, fault in enumerate(met(FaultPlan(seed=5, classes=(once,)), asked)) if fault]
    hit = [number for number, fault in enumerate(met(FaultPlan(seed=5, classes=(lasting,)), asked)) if fault]
    assert hit == sorted({number + after for number in begun for after in range(4) if number + after < 200})


def test_installing_and_removing_begins_anew():
    faults = Faults()
    plan = FaultPlan(seed=1, classes=(RequestClass(name="all", rate=1, faults=(DROP,)),))
    faults.install(plan)
    assert faults.take(("source",), "GET", "/") == DROP
    assert faults.shown() == {"plan": plan.model_dump(), "seen": {"all": 1}, "hit": {"all": 1}, "s3": None}
    faults.install(plan)
    assert faults.shown()["hit"] == {"all": 0}
    faults.install(None)
    assert faults.take(("source",), "GET", "/") is None
    assert faults.shown()["plan"] is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "status"}, "a status goes with the kind"),
        ({"kind": "drop", "status": 502}, "a status goes with the kind"),
        ({"kind": "status", "status": 500}, "must be one of"),
        ({"kind": "expired", "when": "after"}, "never reaches the engine"),
        ({"kind": "flood"}, "kind"),
        ({"kind": "delay", "delay_s": -1}, "delay_s"),
    ],
)
def test_faults_that_make_no_sense_are_not_taken(wrong, said):
    with pytest.raises(ValidationError, match=said):
        Fault.model_validate(wrong)


def test_classes_need_sound_patterns_rates_and_names_of_their_own():
    for wrong in ({"path": "("}, {"rate": 1.5}):
        with pytest.raises(ValidationError):
            RequestClass.model_validate({"name": "x", "rate": 0.2, "faults": [], **wrong})
    with pytest.raises(ValidationError, match="names of their own"):
        FaultPlan(seed=1, classes=(READS, READS))


@pytest.fixture
def s3(tmp_path):
    """S3's layer, and how to ask it: what it answers, or None where it lets S3 answer."""
    layer = S3Faults(tmp_path / "s3-faults.jsonl")

    def ask(method="PUT", scope="us-east-1/s3/aws4_request", **environ):
        started = []
        asked = {
            "REQUEST_METHOD": method, "PATH_INFO": "/bucket/key", "CONTENT_LENGTH": "3",
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=K/20260101/{scope}, Signature=1",
            "wsgi.input": io.BytesIO(b"abc"), **environ,
        }  # fmt: skip
        body = layer(asked, lambda status, headers: started.append(status))
        return None if body is None else (started[0], b"".join(body), asked["wsgi.input"].read())

    return layer, ask, tmp_path / "s3-faults.jsonl"


def test_s3_slows_down_and_says_so_and_others_are_left_alone(s3):
    layer, ask, log = s3
    assert ask() is None
    layer.install(1, S3FaultPlan(rate=1, faults=(S3Fault(kind="slow down"),)))
    status, body, unread = ask()
    assert (status, b"<Code>SlowDown</Code>" in body, unread) == ("503 Slow Down", True, b"")
    assert ask("HEAD")[1] == b""
    assert ask(scope="us-east-1/sts/aws4_request") is None
    assert layer.shown() == {"seen": 2, "hit": 2}
    written = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(entry["method"], entry["injected"]) for entry in written] == [
        ("PUT", "slow down"),
        ("HEAD", "slow down"),
    ]


def test_s3_ends_the_connection(s3):
    layer, ask, _ = s3
    layer.install(1, S3FaultPlan(rate=1, faults=(S3Fault(kind="close"),)))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ask(**{"werkzeug.socket": ours})
        assert theirs.recv(10) == b""


def test_s3_is_hit_at_a_rate_that_follows_from_the_seed(s3):
    layer, ask, _ = s3

    def hits(seed):
        layer.install(seed, S3FaultPlan(rate=0.2, faults=(S3Fault(kind="slow down"),)))
        return [ask() is not None for _ in range(300)]

    first = hits(3)
    assert 40 < sum(first) < 80
    assert hits(3) == first != hits(4)


def test_a_plan_reaches_s3_and_is_taken_back(s3):
    layer, ask, _ = s3
    faults = Faults(layer)
    faults.install(FaultPlan(seed=1, s3=S3FaultPlan(rate=1, faults=(S3Fault(kind="slow down"),))))
    assert ask() is not None
    assert faults.shown()["s3"] == {"seen": 1, "hit": 1}
    faults.install(None)
    assert ask() is None
