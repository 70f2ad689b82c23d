"""A rehearsal: the whole job under other names, and nothing of it left, however it ends."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any

import pytest
from migrations import Desk, engine, kill_when, log, log_size, mutations, user_indices

from lab.state import state

PREFIX = "rehearsal-"
ONE = {"settings": {"number_of_replicas": 0}}


def both(desk: Desk) -> dict[str, Any]:
    """All that a rehearsal could have touched, on both sides."""
    return {side: state(desk.lab, side) for side in ("source", "target")}


@pytest.fixture
def small_desk(desk: Desk) -> Desk:
    """Two indices with an alias, and a data stream; somebody else's index has the prefix on the target."""
    lab = desk.lab
    template = {
        "index_patterns": ["logs*"],
        "data_stream": {},
        "template": {"settings": {"number_of_replicas": 0}},
    }
    engine(lab, "source", "PUT", "/_index_template/logs", template)
    for name in ("first", "second"):
        engine(lab, "source", "PUT", f"/{name}", {**ONE, "aliases": {"all": {}}})
        engine(lab, "source", "PUT", f"/{name}/_doc/1?refresh=true", {"n": 1})
    engine(lab, "source", "POST", "/logs/_doc?refresh=true", {"@timestamp": "2026-11-24T00:00:00Z"})
    engine(lab, "target", "PUT", f"/{PREFIX}of-somebody-else", ONE)
    desk.write(restore={"batch": 1})
    return desk


def test_it_moves_verifies_and_leaves_nothing(filled_desk: Desk) -> None:
    desk = filled_desk
    desk.write()
    before = both(desk)
    ended = desk.run("rehearse", "--execute", "--json")
    assert ended.code == 0, str(ended)
    report = ended.json
    assert report["totals"]["equal"] == report["totals"]["indices"] > 20
    assert all(index["target"].startswith((PREFIX, f".ds-{PREFIX}")) for index in report["indices"])
    assert both(desk) == before
    projection = report["rehearsal"]["projection"]
    assert projection["basis"] == f"measured in rehearsal {report['run_id']}"
    assert 0 < projection["low"] < projection["high"] < 2 * projection["low"]
    planned = desk.run("plan", "--json").json["estimate"]
    assert planned["basis"] == projection["basis"]
    assert planned["whole"]["high"] == pytest.approx(projection["high"], rel=0.1)


def test_without_execute_it_shows_the_names_and_changes_nothing(small_desk: Desk) -> None:
    began = log_size(small_desk.lab, "target")
    ended = small_desk.run("rehearse", "--only", "first")
    assert ended.code == 0, str(ended)
    assert f"first → {PREFIX}first" in ended.out
    assert f"{PREFIX}second" not in ended.out
    assert mutations(small_desk.lab, "target", began) == []


# `make soak JOB=rehearse` kills at any other moment
KILLS: dict[str, tuple[str, str, str]] = {  # killed once this side has got this request
    "restore": ("target", "POST", "*/_restore"),
    "removal": ("target", "DELETE", f"/{PREFIX}first*"),
}


def killed(desk: Desk, side: str, method: str, path: str) -> None:
    """A rehearsal killed with -9 as soon as a domain has got this request."""
    began = log_size(desk.lab, side)

    def seen() -> bool:
        return any(e["method"] == method and fnmatch(e["path"], path) for e in log(desk.lab, side, began))

    kill_when(desk.start("rehearse", "--execute"), seen)


@pytest.mark.parametrize("moment", KILLS)
def test_killed_and_run_again_it_leaves_nothing(small_desk: Desk, moment: str) -> None:
    before = both(small_desk)
    killed(small_desk, *KILLS[moment])
    ended = small_desk.run("rehearse", "--execute", "--json")
    assert ended.code == 0, str(ended)
    assert ended.json["totals"]["equal"] == 3
    assert both(small_desk) == before


def test_killed_and_aborted_it_leaves_nothing(small_desk: Desk) -> None:
    before = both(small_desk)
    killed(small_desk, *KILLS["removal"])
    shown = small_desk.run("abort")
    assert shown.code == 0, str(shown)
    ended = small_desk.run("abort", "--execute")
    assert ended.code == 0, str(ended)
    assert both(small_desk) == before
    assert small_desk.run("abort", "--execute").code == 3


def test_what_is_kept_stays_until_it_is_aborted_and_nothing_else_goes(small_desk: Desk) -> None:
    before = both(small_desk)
    assert small_desk.run("rehearse", "--only", "first", "--only", "second", "--keep", "--execute").code == 0
    assert f"{PREFIX}first" in set(user_indices(small_desk.lab, "target"))
    # somebody has set blocks on a copy by hand: they are taken off before it is removed
    for kind in ("read_only", "metadata"):
        blocked = {f"index.blocks.{kind}": True}
        engine(small_desk.lab, "target", "PUT", f"/{PREFIX}second/_settings", blocked)
    again = small_desk.run("rehearse", "--only", "first", "--execute")
    assert again.code == 3, str(again)
    assert f"{PREFIX}first is taken" in again.out + again.err
    # somebody makes an index of a name that the rehearsal used
    engine(small_desk.lab, "target", "DELETE", f"/{PREFIX}first")
    engine(small_desk.lab, "target", "PUT", f"/{PREFIX}first", ONE)
    ended = small_desk.run("abort", "--execute")
    assert ended.code == 0, str(ended)
    assert f"Not touched: {PREFIX}first" in ended.out
    assert f"{PREFIX}first" in set(user_indices(small_desk.lab, "target"))
    engine(small_desk.lab, "target", "DELETE", f"/{PREFIX}first")
    assert both(small_desk) == before


def test_another_domain_stands_in_and_the_targets_own_checks_are_made(small_desk: Desk) -> None:
    """The lab has no third domain: the target's engine, past its front door, is the stand-in."""
    desk = small_desk
    engine(desk.lab, "target", "PUT", "/first", ONE)  # in the way of the real run, not of the rehearsal
    before = both(desk)
    began = log_size(desk.lab, "target")
    shadow = desk.lab.target.engine_url
    ended = desk.run("rehearse", "--only", "first", "--shadow", shadow, "--execute", "--json")
    assert ended.code == 4, str(ended)
    assert ended.json["target"]["endpoint"] == shadow
    assert ended.json["totals"]["equal"] == 1
    assert "indices.names" in {check["id"] for check in ended.json["rehearsal"]["checks"]}
    assert mutations(desk.lab, "target", began) == []
    assert both(desk) == before
