"""Faults on the wire: each does what it says, is written down, and leaves the engine as it says. And some of
the soak's runs."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from migrations import Desk, Ended, engine, log, log_size
from requests_aws4auth import AWS4Auth

from lab.description import LabDescription
from tests.soak.classes import FaultClass, class_of
from tests.soak.commands import in_this_process
from tests.soak.runs import soak_run
from tests.soak.scene import Scene

SAMPLE = (3, 9)
QUICK = 4


@dataclass(frozen=True)
class Answered:
    """What came back to a plain client."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


Ask = Callable[..., Answered]


@pytest.fixture
def ask(clean_lab: LabDescription) -> Ask:
    """A signed request to the source by the standard library's client, on a connection of its own."""
    domain = clean_lab.source
    auth = AWS4Auth(clean_lab.access_key_id, clean_lab.secret_access_key, domain.region, "es")

    def send(method: str, path: str, body: Any = None) -> Answered:
        prepared = requests.Request(method, domain.endpoint + path, json=body, auth=auth).prepare()
        connection = http.client.HTTPConnection(urlsplit(domain.endpoint).netloc, timeout=30)
        try:
            connection.request(method, path, prepared.body, dict(prepared.headers))
            reply = connection.getresponse()
            return Answered(reply.status, reply.headers, reply.read())
        finally:
            connection.close()

    return send


@pytest.fixture
def faulty(clean_lab: LabDescription) -> Iterator[Callable[..., None]]:
    """Puts one fault in force for every request to the source: `faulty(kind="drop")`."""

    def install(**fault: Any) -> None:
        everything = {"name": "everything", "domain": "source", "rate": 1, "faults": [fault]}
        plan(clean_lab, classes=[everything])

    yield install
    requests.delete(f"{clean_lab.admin_url}/faults", timeout=10)


def plan(lab: LabDescription, **fields: Any) -> None:
    """Puts a fault plan in force."""
    reply = requests.put(f"{lab.admin_url}/faults", json={"seed": 1, **fields}, timeout=10)
    assert reply.status_code == 201, reply.text


def there(lab: LabDescription, name: str) -> bool:
    """Whether the engine itself has the index."""
    return requests.head(f"{lab.source.engine_url}/{name}", timeout=10).status_code == 200


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "broken"), [("drop", http.client.RemoteDisconnected), ("reset", ConnectionResetError)]
)
def test_a_connection_ends_without_a_byte_and_the_engine_has_acted_or_not(
    clean_lab: LabDescription, ask: Ask, faulty: Callable[..., None], kind: str, broken: type, when: str
) -> None:
    faulty(kind=kind, when=when)
    with pytest.raises(broken) as raised:
        ask("PUT", "/made")
    assert raised.type is broken  # a closed connection is no reset one
    entry = log(clean_lab, "source")[-1]
    assert (entry["path"], entry["status"]) == ("/made", 0)
    assert there(clean_lab, "made") is (when == "after")
    assert entry["injected"] == [f"{kind} {when}" + (", in place of 200" if when == "after" else "")]


@pytest.mark.parametrize("chunked", [False, True])
def test_half_a_body_comes_and_then_the_connection_ends(
    clean_lab: LabDescription, ask: Ask, faulty: Callable[..., None], chunked: bool
) -> None:
    whole = ask("GET", "/_nodes/_local").body
    faulty(kind="truncate", chunked=chunked)
    with pytest.raises(http.client.IncompleteRead) as raised:
        ask("GET", "/_nodes/_local")
    got = raised.value.partial
    assert abs(len(got) - len(whole) // 2) < 100 and got[:100] == whole[:100]
    assert (raised.value.expected is None) is chunked
    entry = log(clean_lab, "source")[-1]
    assert entry["injected"] == ["truncate chunked, of 200" if chunked else "truncate, of 200"]


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        ({"kind": "status", "status": 429}, 429, "Too Many Requests"),
        ({"kind": "status", "status": 403}, 403, "Request throttled due to too many requests"),
        ({"kind": "status", "status": 502}, 502, "<h1>502 Bad Gateway</h1>"),
        ({"kind": "status", "status": 503}, 503, "<h1>503 Service Temporarily Unavailable</h1>"),
        ({"kind": "status", "status": 504}, 504, "<h1>504 Gateway Time-out</h1>"),
        ({"kind": "expired"}, 403, "The security token included in the request is expired"),
        ({"kind": "skewed"}, 403, "Signature expired: 20"),
    ],
)
def test_a_refusal_comes_in_the_services_words_and_the_engine_is_not_asked(
    clean_lab: LabDescription,
    ask: Ask,
    faulty: Callable[..., None],
    fault: dict[str, Any],
    status: int,
    said: str,
) -> None:
    faulty(**fault)
    answered = ask("PUT", "/made")
    assert (answered.status, said in answered.body.decode()) == (status, True)
    assert answered.headers["retry-after"] is None
    assert not there(clean_lab, "made")
    assert log(clean_lab, "source")[-1]["status"] == status
    assert len(log(clean_lab, "source")[-1]["injected"]) == 1


def test_a_gateway_timeout_after_the_engine_has_acted_and_a_throttle_that_names_a_time(
    clean_lab: LabDescription, ask: Ask, faulty: Callable[..., None]
) -> None:
    faulty(kind="status", status=504, when="after")
    assert ask("PUT", "/made").status == 504
    assert there(clean_lab, "made")
    assert log(clean_lab, "source")[-1]["injected"] == ["504 after, in place of 200"]
    faulty(kind="status", status=429, retry_after=3)
    assert ask("GET", "/").headers["retry-after"] == "3"


def test_a_delay_is_one_and_the_answer_is_the_engines(
    clean_lab: LabDescription, ask: Ask, faulty: Callable[..., None]
) -> None:
    faulty(kind="delay", delay_s=0.4)
    assert json.loads(ask("GET", "/").body)["version"]["number"] == clean_lab.source.version
    entry = log(clean_lab, "source")[-1]
    assert entry["injected"] == ["delay 0.4 s"] and entry["duration_ms"] >= 400


def test_the_connection_after_a_fault_is_well_and_the_other_domain_never_ill(
    clean_lab: LabDescription, ask: Ask, faulty: Callable[..., None], call: Callable[..., requests.Response]
) -> None:
    faulty(kind="reset")
    assert call("target", "GET", "/").ok
    with pytest.raises(ConnectionResetError):
        ask("GET", "/")
    shown = requests.delete(f"{clean_lab.admin_url}/faults", timeout=10).json()
    assert shown["seen"] == shown["hit"] == {"everything": 1}
    assert ask("GET", "/").status == 200
    assert log(clean_lab, "source")[-1]["injected"] == []


def test_the_same_seed_hits_the_same_requests_and_a_reset_takes_the_plan_away(
    clean_lab: LabDescription, ask: Ask
) -> None:
    class_ = {"name": "reads", "method": "GET", "rate": 0.4, "faults": [{"kind": "status", "status": 503}]}
    runs = []
    for _ in range(2):
        plan(clean_lab, seed=11, classes=[class_])
        runs.append([ask("GET", "/").status for _ in range(25)])
    assert runs[0] == runs[1] and set(runs[0]) == {200, 503}
    requests.post(f"{clean_lab.admin_url}/reset", timeout=10)
    assert requests.get(f"{clean_lab.admin_url}/faults", timeout=10).json()["plan"] is None
    wrong = requests.put(f"{clean_lab.admin_url}/faults", json={"seed": "x"}, timeout=10)
    assert wrong.status_code == 400 and "seed" in wrong.json()["error"]


@pytest.mark.parametrize(
    ("fault", "shortest_ms"),
    [({"kind": "slow", "seconds": 0.1}, 300), ({"kind": "close"}, 0), ({"kind": "slow down"}, 0)],
)
def test_s3_stumbles_and_a_snapshot_is_taken_all_the_same(
    clean_lab: LabDescription,
    ask: Ask,
    s3_repository: Callable[..., dict[str, Any]],
    fault: dict[str, Any],
    shortest_ms: int,
) -> None:
    written = Path(clean_lab.home) / "s3-faults.jsonl"
    before = len(written.read_text().splitlines()) if written.exists() else 0
    assert ask("PUT", "/_snapshot/guide", s3_repository(region="us-east-1")).status == 200
    engine(clean_lab, "source", "PUT", "/kept/_doc/1?refresh=true", {"n": 1})
    plan(clean_lab, seed=3, s3={"rate": 0.3, "faults": [fault]})
    began = log_size(clean_lab, "source")
    taken = ask("PUT", "/_snapshot/guide/first?wait_for_completion=true", {"indices": ["kept"]})
    assert json.loads(taken.body)["snapshot"]["state"] == "SUCCESS"
    entries = [json.loads(line) for line in written.read_text().splitlines()[before:]]
    shown = requests.get(f"{clean_lab.admin_url}/faults", timeout=10).json()["s3"]
    assert shown["seen"] > shown["hit"] == len(entries) > 0
    assert {entry["injected"].split(" 0.")[0] for entry in entries} == {fault["kind"]}
    assert log(clean_lab, "source", began)[0]["duration_ms"] >= shortest_ms


@pytest.fixture
def scene(clean_lab: LabDescription, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """The soak's lab, and steps that are repeated sooner than in earnest."""
    monkeypatch.setattr("flows.sessions.recording.FIRST_PAUSE_S", 0.5)
    scene = Scene(clean_lab, tmp_path)
    scene.prepare()
    yield scene
    scene.well()


@pytest.mark.parametrize("seed", SAMPLE, ids=lambda seed: class_of(seed).name)
def test_while_things_go_wrong_the_same_command_gets_there_and_nothing_is_done_twice(
    scene: Scene, seed: int
) -> None:
    outcome = soak_run(scene, seed, in_this_process)
    assert outcome.verdict == "done", outcome
    assert outcome.hit + outcome.s3_hit > 5


def test_the_soak_notices_what_must_not_be(scene: Scene) -> None:
    def harmful(_: Scene, desk: Desk, kind: FaultClass, seed: int) -> Ended:
        ended = in_this_process(scene, desk, kind, seed)
        assert ended.code == 0, ended
        engine(scene.lab, "target", "DELETE", "/customers/_doc/7?refresh=true")
        engine(scene.lab, "target", "PUT", "/bystander/_doc/9?refresh=true", {"n": 9})
        engine(scene.lab, "source", "PUT", "/_snapshot/move/second?wait_for_completion=true")
        (desk.folder / "state" / "notes.txt").write_text(f"the key: {scene.lab.secret_access_key}")
        return ended

    outcome = soak_run(scene, QUICK, harmful)
    assert outcome.verdict.split("; ") == [
        "2 SNAPSHOTS",
        "FALSE SUCCESS: the snapshot is ['SUCCESS', 'SUCCESS']",
        "FALSE SUCCESS: the target does not hold what the source holds",
        "TOUCHED the target",
        "SECRET in notes.txt",
    ]
