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
        arguments: `PLAN` stands for the plan's file, `SOURCE` and `TARGET` for the endpoints.
        code: how it ends.
        but: endings of paths that are allowed all the same, as design says for this verb.
    """

    arguments: tuple[str, ...]
    code: int = 0
    but: tuple[str, ...] = ()


REGIONS = ("--source-region", "us-east-1", "--target-region", "eu-west-1")
VERBS: dict[str, Call] = {
    "init": Call(("--source", "SOURCE", "--target", "TARGET", *REGIONS)),
    "check": Call(("PLAN",)),
    "plan": Call(("PLAN",)),
    "rehearse": Call(("PLAN",)),
    "migrate": Call(("PLAN",)),
    "seed": Call(("PLAN",)),
    "cutover": Call(("PLAN",)),
    "finish": Call(("PLAN",), code=3),  # nothing has finished
    "verify": Call(("PLAN",), code=4, but=("/_refresh",)),  # nothing has been moved
    "approve": Call(("PLAN", "before-restore"), code=2),  # the plan has no such gate
    "abort": Call(("PLAN",), code=3),  # nothing is left
    "status": Call(("PLAN",)),
    "report": Call(("PLAN",), code=3),  # there is no run
    "runs": Call(("PLAN",)),
    "schema": Call(()),
    "help": Call(("migrate",)),
    "version": Call(()),
}
ALONE = ("--source", "SOURCE", "--target", "TARGET", *REGIONS, "--indices", "*", "--level", "content")
VARIANTS = [*VERBS.items(), ("verify", Call(ALONE, code=4, but=("/_refresh",)))]
ELSEWHERE = {"demo", "lab"}
"""They make domains of their own, and change no others."""


def every_verb() -> set[str]:
    commands = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    return commands | {str(group.name) for group in app.registered_groups}


def test_no_verb_is_forgotten() -> None:
    assert every_verb() == VERBS.keys() | ELSEWHERE


@pytest.fixture
def small(desk: Desk) -> Desk:
    """One index on the source."""
    engine(desk.lab, "source", "PUT", "/first", ONE)
    engine(desk.lab, "source", "PUT", "/first/_doc/1?refresh=true", {"n": 1})
    desk.write()
    return desk


@pytest.mark.parametrize(("verb", "call"), VARIANTS, ids=[*VERBS, "verify without a plan"])
def test_without_execute_nothing_is_changed(small: Desk, verb: str, call: Call) -> None:
    lab = small.lab
    before = {side: log_size(lab, side) for side in ("source", "target")}
    places = {"PLAN": str(small.plan_file), "SOURCE": lab.source.endpoint, "TARGET": lab.target.endpoint}
    ended = small.command(verb, *(places.get(word, word) for word in call.arguments))
    assert ended.code == call.code, str(ended)
    for side, size in before.items():
        sent = [(entry["method"], entry["path"]) for entry in log(lab, side, size)]
        assert [each for each in sent if not _reads(*each, but=call.but)] == []


def _reads(method: str, path: str, but: tuple[str, ...]) -> bool:
    return method in {"GET", "HEAD"} or (method == "POST" and path.endswith((*READING_POSTS, *but)))
