"""`snapferry init` against the lab: its plan passes the preflight as it is, and nothing was changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from journey import followed
from migrations import Desk, Ended, documents, engine, log_size, mutations
from typer.testing import CliRunner

from configs.loading.loader import load_plan


def init(desk: Desk, *arguments: str) -> Ended:
    """`snapferry init` into the desk's plan file."""
    from snapferry.main import app

    wanted = ["init", "-o", str(desk.plan_file), *arguments]
    result = CliRunner().invoke(app, wanted, env=desk.environment, catch_exceptions=False)
    return Ended(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def books(desk: Desk) -> Desk:
    """A user at a lab whose source holds one index."""
    settings = {"settings": {"number_of_replicas": 0}}
    engine(desk.lab, "source", "PUT", "/books", settings)
    engine(desk.lab, "source", "PUT", "/books/_doc/1?refresh=true", {"n": 1})
    return desk


def test_the_plan_for_two_endpoints_passes_check_as_it_is(filled_desk: Desk) -> None:
    desk, lab = filled_desk, filled_desk.lab
    before = {side: log_size(lab, side) for side in ("source", "target")}
    places = ["--source", lab.source.endpoint, "--target", lab.target.endpoint]
    ended = init(desk, *places, "--target-region", lab.target.region)
    assert ended.code == 0, str(ended)
    assert "To fill in" not in ended.err
    checked = desk.run("check", "--json")
    assert checked.code == 0, str(checked)
    assert checked.json["passed"]
    assert [mutations(lab, side, after) for side, after in before.items()] == [[], []]
    plan = load_plan(desk.plan_file)
    assert (plan.repository.bucket, plan.repository.role_arn) == (lab.bucket, lab.role_arn)
    assert "archive-2024" in desk.plan_file.read_text(encoding="utf-8")


def test_from_init_to_finish_each_next_step_is_pasted_as_it_is_printed(books: Desk) -> None:
    lab, folder = books.lab, books.folder / "my plans"
    folder.mkdir()
    plan, state = folder / "books move.yaml", folder / "its state"
    region = lab.target.region
    sides = f"--source {lab.source.endpoint} --target {lab.target.endpoint} --target-region {region}"
    went = followed(books, f"snapferry init {sides} -o '{plan}' --state '{state}'")
    place = f"'{plan}' --state '{state}'"
    assert went[1:] == [
        f"snapferry check {place}",
        f"snapferry rehearse {place}",
        f"snapferry rehearse {place} --execute",
        f"snapferry plan {place}",
        f"snapferry migrate {place} --execute",
        f"snapferry finish {place}",
        f"snapferry finish {place} --execute",
    ]
    assert documents(lab, "target", "books") == 1
    journals = [json.loads(each.read_text(encoding="utf-8")) for each in state.rglob("plans/*/*.json")]
    assert {each["verb"]: each["called"] for each in journals} == {
        verb: {"verb": verb, "plan": str(plan), "state": str(state), "options": ["--execute"]}
        for verb in ("rehearse", "migrate")
    }
    assert not any((books.folder / "state").rglob("*.json")), "everything went into the folder of --state"


def test_the_services_host_names_tell_the_regions_through_a_tunnel(books: Desk) -> None:
    lab, places = books.lab, []
    for side in ("source", "target"):
        domain, door = lab.domain(side), urlsplit(lab.domain(side).endpoint)
        places += [f"--{side}", f"http://{domain.host}", f"--{side}-connect-to", f"127.0.0.1:{door.port}"]
    ended = init(books, *places)
    assert ended.code == 0, str(ended)
    assert load_plan(books.plan_file).name == "orders-source-to-orders-target"
    checked = books.run("check", "--json")
    assert checked.code == 0, str(checked)


def test_names_are_found_in_their_regions(books: Desk) -> None:
    ended = init(books, "--source", "orders-source", "--target", "orders-target", "--json")
    assert ended.code == 0, str(ended)
    sides = [ended.json[side] for side in ("source", "target")]
    assert [side["region"] for side in sides] == [books.lab.source.region, books.lab.target.region]
    assert not any(side["reached"] for side in sides), "the lab's domains have no address by their names"
    plan = load_plan(books.plan_file)
    assert (plan.source.domain, plan.target.domain) == ("orders-source", "orders-target")


def test_a_repository_in_use_lends_its_bucket_and_role_but_not_its_place(
    books: Desk, call: Callable[..., Any], s3_repository: Callable[..., dict[str, Any]]
) -> None:
    lab = books.lab
    in_use = s3_repository(base_path="books", region=lab.bucket_region)
    assert call("source", "PUT", "/_snapshot/nightly", in_use).ok
    assert call("source", "PUT", "/_snapshot/nightly/one?wait_for_completion=true").ok
    engine(lab, "target", "PUT", "/books")
    places = ["--source", lab.source.endpoint, "--target", lab.target.endpoint]
    ended = init(books, *places, "--target-region", lab.target.region, "--name", "books", "--json")
    assert ended.code == 0, str(ended)
    found = ended.json
    assert found["storage"]["name"] == "books-2"
    assert "repository nightly" in found["storage"]["bucket"]["why"]
    assert "repository nightly" in found["storage"]["role"]["why"]
    assert found["indices"]["conflicts"] == ["books: the target already has index books"]
