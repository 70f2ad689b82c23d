"""Without --execute, no verb sends a request that changes a domain."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from migrations import Desk, engine, log, log_size

from snapferry.main import app

READING_POSTS = ("/_search", "/_msearch", "/_count", "/_mget")
ONE = {"settings": {"number_of_replicas": 0}}


@dataclass(frozen=True)
class Call:
    """How a verb is called, and what of its requests is allowed beside reads.

    Args:
        arguments: `PLAN` stands for the plan's file, `FLEET` for that of a fleet with it, `SOURCE` and
            `TARGET` for the endpoints.
        code: how it ends.
        but: endings of paths that are allowed all the same, as design says for this verb.
    """

    arguments: tuple[str, ...]
    code: int = 0
    but: tuple[str, ...] = ()


REGIONS = ("--source-region", "us-east-1", "--target-region", "eu-west-1")
REGION = ("--region", "us-east-1")
VERBS: dict[str, Call] = {
    "advise": Call(("SOURCE", "TARGET", *REGIONS, "--observe", "0", "--ask-replication-dry-run")),
    "init": Call(("--source", "SOURCE", "--target", "TARGET", *REGIONS)),
    "check": Call(("PLAN",)),
    "plan": Call(("PLAN",)),
    "rehearse": Call(("PLAN",)),
    "migrate": Call(("PLAN",)),
    "seed": Call(("PLAN",)),
    "follow": Call(("PLAN",)),
    "cutover": Call(("PLAN",)),
    "fallback": Call(("PLAN",), code=3),  # no cutover has promised a way back
    "finish": Call(("PLAN",), code=3),  # nothing has finished
    "verify": Call(("PLAN",), code=4, but=("/_refresh",)),  # nothing has been moved
    "compare-queries": Call(("PLAN", "--from", "SEARCHES"), code=4),  # the target has none of the indices
    "repair": Call(("PLAN",), code=3),  # the same
    "metadata diff": Call(("PLAN",), code=4),  # nothing has been copied
    "metadata copy": Call(("PLAN",)),
    "approve": Call(("PLAN", "before-restore"), code=2),  # the plan has no such gate
    "abort": Call(("PLAN",), code=3),  # nothing is left
    "policy print": Call(("PLAN", "--keep", "30")),
    "policy diff": Call(("PLAN", "--keep", "30"), code=3),
    "policy apply": Call(("PLAN", "--keep", "30"), code=3),  # the repository is not registered
    "policy remove": Call(("PLAN",)),
    "status": Call(("PLAN",)),
    "watch": Call(("PLAN", "--run", "none"), code=2),  # there is no such run
    "report": Call(("PLAN",), code=3),  # there is no run
    "runs": Call(("PLAN",)),
    "fleet check": Call(("FLEET",)),
    "fleet plan": Call(("FLEET",)),
    "fleet run": Call(("FLEET",)),
    "fleet status": Call(("FLEET",)),
    "fleet report": Call(("FLEET",), code=3),  # there is no run
    "fleet approve": Call(("FLEET", "rest"), code=3),  # the same
    "certify": Call(("PLAN", "--key", "none.pem"), code=3),  # there is no run
    "certificate check": Call(("none.json", "--against", "PLAN"), code=2),  # tests/lab/test_certificates.py
    "repository register": Call(
        ("SOURCE", "r", "--bucket", "my-bucket", "--bucket-region", "us-east-1", *REGION)
    ),
    "repository list": Call(("SOURCE", *REGION)),
    "repository verify": Call(("SOURCE", "kept", *REGION)),
    "repository remove": Call(("SOURCE", "kept", *REGION)),
    "snapshot list": Call(("SOURCE", "--sizes", *REGION)),
    "snapshot show": Call(("SOURCE", "kept", "one", *REGION)),
    "snapshot take": Call(("SOURCE", "kept", "two", *REGION)),
    "snapshot delete": Call(("SOURCE", "kept", "one", *REGION)),
    "restore": Call(("SOURCE", "kept", "one", "first", "--rename", "first=second", *REGION)),
    "index list": Call(("SOURCE", *REGION)),
    "index delete": Call(("SOURCE", "first", *REGION)),
    "unfreeze": Call(("SOURCE", "--all-blocked", *REGION)),
    "access print": Call(("PLAN", "--format", "terraform")),
    "access diff": Call(("PLAN",)),
    "access apply": Call(("PLAN",)),
    "access remove": Call(("PLAN",)),
    "schema": Call(()),
    "help": Call(("migrate",)),
    "version": Call(()),
}
ALONE = ("--source", "SOURCE", "--target", "TARGET", *REGIONS, "--indices", "*", "--level", "content")
VARIANTS = [
    *VERBS.items(),
    ("verify", Call(ALONE, code=4, but=("/_refresh",))),
]
ELSEWHERE = {"demo", "lab", "prefect"}
"""They make domains of their own, and change no others."""


def every_verb() -> set[str]:
    commands = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    groups = {str(group.name): group.typer_instance for group in app.registered_groups}
    of_groups = {
        f"{name} {command.name}"
        for name, group in groups.items()
        if name not in ELSEWHERE and group
        for command in group.registered_commands
    }
    return commands | of_groups | (groups.keys() & ELSEWHERE)


def test_no_verb_is_forgotten() -> None:
    assert every_verb() == VERBS.keys() | ELSEWHERE


@pytest.fixture
def small(desk: Desk) -> Desk:
    """One index on the source, which refuses writes, and a snapshot of it."""
    lab = desk.lab
    engine(lab, "source", "PUT", "/first", ONE)
    engine(lab, "source", "PUT", "/first/_doc/1?refresh=true", {"n": 1})
    place = {"bucket": lab.bucket, "base_path": "kept"}
    engine(lab, "source", "PUT", "/_snapshot/kept", {"type": "s3", "settings": place})
    engine(lab, "source", "PUT", "/_snapshot/kept/one?wait_for_completion=true")
    engine(lab, "source", "PUT", "/first/_block/write")
    engine(lab, "source", "PUT", "/_ingest/pipeline/first", {"processors": []})
    (desk.folder / "searches.ndjson").write_text('{"index": "first", "body": {"query": {"match_all": {}}}}')
    desk.write()
    fleet = "kind: fleet\nname: small\nplans: [{plan: plan.yaml}]\n"
    (desk.folder / "fleet.yaml").write_text(fleet, encoding="utf-8")
    return desk


@pytest.mark.parametrize(
    ("verb", "call"), VARIANTS, ids=[" ".join((verb, *call.arguments)) for verb, call in VARIANTS]
)
def test_without_execute_nothing_is_changed(small: Desk, verb: str, call: Call) -> None:
    lab = small.lab
    before = {side: log_size(lab, side) for side in ("source", "target")}
    places = {"PLAN": str(small.plan_file), "SOURCE": lab.source.endpoint, "TARGET": lab.target.endpoint}
    places["FLEET"] = str(small.folder / "fleet.yaml")
    places["SEARCHES"] = str(small.folder / "searches.ndjson")
    ended = small.command(*verb.split(), *(places.get(word, word) for word in call.arguments))
    assert ended.code == call.code, str(ended)
    for side, size in before.items():
        sent = [(entry["method"], entry["path"]) for entry in log(lab, side, size)]
        assert [each for each in sent if not _reads(*each, but=call.but)] == []


def _reads(method: str, path: str, but: tuple[str, ...]) -> bool:
    return method in {"GET", "HEAD"} or (method == "POST" and path.endswith((*READING_POSTS, *but)))
