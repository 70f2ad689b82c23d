"""Fleet files: what is refused, and where."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from support.fleets import a_fleet, a_plan_file, write_fleet

from configs.fleet.loading import load_fleet
from configs.loading.problems import PlanError


def _problems(path: Path) -> list[str]:
    with pytest.raises(PlanError) as caught:
        load_fleet(path)
    return [f"{each.line}: {each.path}: {each.message}" for each in caught.value.problems]


def test_a_small_fleet_needs_only_its_plans(tmp_path: Path) -> None:
    fleet = a_fleet(tmp_path, ["users", "orders"])
    assert fleet.names == ["users", "orders"]
    assert fleet.settings.limits.total == 4
    assert [names for _, names in fleet.waves] == [["users", "orders"]]
    assert fleet.members["orders"].file == tmp_path / "orders.yaml"


def test_every_problem_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(
        "kind: fleet\nname: Weekend\nplans:\n  - {plan: a.yaml, verb: migrat}\n"
        "  - {plan: b.yaml, afer: [x]}\nwavs: []\nlimits: {total: 0}\n"
    )
    told = _problems(path)
    assert [line.partition(":")[0] for line in told] == ["2", "4", "5", "6", "7"]
    assert "plans[0].verb: this is not one of the choices" in told[1]
    assert 'did you mean "after"?' in told[2]
    assert 'did you mean "waves"?' in told[3]


def test_problems_of_the_plans_are_told_in_their_own_files(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\nsource: {}\n")
    a_plan_file(tmp_path, "good")
    path = write_fleet(
        tmp_path, {"plans": [{"plan": "good.yaml"}, {"plan": "bad.yaml"}, {"plan": "no.yaml"}]}
    )
    with pytest.raises(PlanError) as caught:
        load_fleet(path)
    files = {each.file.name for each in caught.value.problems}
    assert files == {"bad.yaml", "no.yaml"}


def _waves(*members: list[str]) -> dict[str, Any]:
    return {"waves": [{"name": f"wave-{at}", "plans": names} for at, names in enumerate(members)]}


def _blackout(begin: str, until: str, *days: str) -> dict[str, Any]:
    return {"blackouts": [{"from": begin, "until": until, **({"days": [*days]} if days else {})}]}


AFTER_B = {"a": {"after": ["b"]}, "b": {}}
BY_WAVES = "these wait for each other, by after and by the order of the waves"


@pytest.mark.parametrize(
    ("plans", "settings", "told"),
    [
        ({"a": {"after": ["b"]}, "b": {"after": ["a"]}}, {}, "these wait for each other"),
        ({"a": {"after": ["a"]}}, {}, "these wait for each other"),
        ({"a": {"after": ["c"]}, "b": {}}, {}, "no plan of the fleet is called c; there are a, b"),
        ({"a": {}, "b": {}}, _waves(["a"]), "in no wave: b; add them to a wave"),
        (AFTER_B, _waves(["a"], ["b"]), BY_WAVES),
        ({"a": {}}, _waves(["a"], ["a"]), "wave wave-0 has this already"),
        ({"a": {}}, _blackout("06:00", "08:00"), "a time of day alone needs days"),
        ({"a": {}}, _blackout("2026-12-05 06:00", "2026-12-05 05:00"), "this is not after from"),
        ({"a": {}}, _blackout("25:00", "08:00", "mon"), "write a day and a time"),
        ({"a": {}}, _blackout("2026-12-05 06:00", "08:00", "mon"), "with days, give a time of day"),
        ({"a": {}}, {"time_zone": "Europe/Nowhere"}, "there is no time zone"),
    ],
)
def test_what_has_no_order_or_no_time_is_refused(
    tmp_path: Path, plans: dict[str, Any], settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(PlanError, match=told.replace("(", r"\(")):
        a_fleet(tmp_path, plans, **settings)


def test_a_plan_that_is_listed_twice_needs_names(tmp_path: Path) -> None:
    a_plan_file(tmp_path, "orders")
    path = write_fleet(
        tmp_path, {"plans": [{"plan": "orders.yaml"}, {"plan": "orders.yaml", "verb": "seed"}]}
    )
    assert "another one is called orders already" in _problems(path)[0]
    named = [{"plan": "orders.yaml", "name": "rounds", "verb": "seed"}, {"plan": "orders.yaml"}]
    assert load_fleet(write_fleet(tmp_path, {"plans": named})).names == ["rounds", "orders"]


def test_two_files_with_one_plan_name_are_refused(tmp_path: Path) -> None:
    a_plan_file(tmp_path, "orders")
    (tmp_path / "copy.yaml").write_text((tmp_path / "orders.yaml").read_text())
    path = write_fleet(tmp_path, {"plans": [{"plan": "orders.yaml"}, {"plan": "copy.yaml", "name": "other"}]})
    assert "has the plan name orders as well" in _problems(path)[0]


def test_one_place_for_the_state_of_all(tmp_path: Path) -> None:
    a_plan_file(tmp_path, "orders", state="s3://my-bucket/here")
    a_plan_file(tmp_path, "users")
    keys: dict[str, Any] = {"plans": [{"plan": "orders.yaml"}, {"plan": "users.yaml"}]}
    found = load_fleet(write_fleet(tmp_path, keys)).state
    assert found and found.address == "s3://my-bucket/here"
    assert (
        "and the fleet in s3://my-bucket/there"
        in _problems(write_fleet(tmp_path, {**keys, "state": "s3://my-bucket/there"}))[0]
    )


def test_a_saved_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "saved.yaml").write_text("kind: saved-plan\n")
    path = write_fleet(tmp_path, {"plans": [{"plan": "saved.yaml"}]})
    assert "a fleet takes the plan that it was saved from" in _problems(path)[0]


@pytest.mark.parametrize(
    "text", ["", "- 1\n", "kind: fleet\n  name: x\n", "kind: plan\nname: x\nplans: []\n"]
)
def test_what_is_no_fleet_is_told_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    assert _problems(path)


def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path) -> None:
    path = write_fleet(
        tmp_path, {"plans": [{"plan": "a.yaml"}], "state": {"address": "x", "hunter2": {"k": 1}}}
    )
    assert "k" not in " ".join(_problems(path)).split("hunter2.")[-1].split()[:1]
    assert yaml.safe_load(path.read_text())
