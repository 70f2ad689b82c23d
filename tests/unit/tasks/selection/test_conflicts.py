"""Names that are taken on the target: every policy against every kind of name, before anything is changed."""

import re
from typing import Any

import pytest
from support.building import a_catalog, a_plan, a_stream_unit, a_unit, an_index, selected
from support.java import renamed

from domains.engine.catalog import Alias, Catalog
from reports.words.common import action, left_out
from tasks.records.resolution import LeftOut, LeftOutReason, Unit
from tasks.selection.conflicts import Decision, decide, own_names, rename_rule, taken_now, uuids

BACKING = ".ds-logs-000001"
IN_THE_WAY: dict[str, tuple[Catalog, Unit, str, str]] = {
    "index": (a_catalog("a"), a_unit("a"), "index a", "a"),
    "closed index": (a_catalog(an_index("a", open=False)), a_unit("a"), "index a (closed)", "a"),
    "alias": (
        a_catalog(an_index("x", aliases=["a"]), an_index("y", aliases=["a"])),
        a_unit("a"),
        "alias a of x, y",
        "",
    ),
    "stream": (a_catalog(streams={"a": [".ds-a-000001"]}), a_unit("a"), "data stream a", "a"),
    "stream for a stream": (
        a_catalog(streams={"logs": [".ds-logs-000007"]}),
        a_stream_unit("logs", BACKING),
        "data stream logs",
        "logs",
    ),
    "index for a stream": (a_catalog("logs"), a_stream_unit("logs", BACKING), "index logs", "logs"),
    "alias for a stream": (
        a_catalog(an_index("x", aliases=["logs"])),
        a_stream_unit("logs", BACKING),
        "alias logs of x",
        "",
    ),
    "backing index of its own name": (
        a_catalog(streams={"logs": [BACKING]}),
        a_stream_unit("logs", BACKING),
        f"index {BACKING} of data stream logs",
        "logs",
    ),
    "orphaned backing index": (
        a_catalog(BACKING),
        a_stream_unit("logs", BACKING),
        f"index {BACKING}",
        BACKING,
    ),
    "its alias is an index": (
        a_catalog("current"),
        a_unit("a", selected("a", aliases=("current",))),
        "index current, which is also the name of its alias",
        "current",
    ),
    "its alias is a stream": (
        a_catalog(streams={"current": [".ds-current-000001"]}),
        a_unit("a", selected("a", aliases=("current",))),
        "data stream current, which is also the name of its alias",
        "current",
    ),
    "its alias is on others": (
        a_catalog(an_index("x", aliases=["all"]), an_index("y", aliases=["all"])),
        a_unit("a", selected("a", aliases=("all",))),
        "its alias all, on x; its alias all, on y",
        "",
    ),
}


def decided(
    units: list[Unit],
    target: Catalog,
    *,
    allowed: tuple[str, ...] = (),
    aliases: bool = True,
    **settings: Any,
) -> Decision:
    conflicts = a_plan(conflicts=settings).conflicts
    return decide(units, target, conflicts, aliases=aliases, allowed=frozenset(allowed))


@pytest.mark.parametrize("kind", IN_THE_WAY)
def test_fail_names_what_is_in_the_way(kind: str) -> None:
    target, unit, words, _ = IN_THE_WAY[kind]
    found = decided([unit], target)
    assert found.units == ()
    (problem,) = found.problems
    assert problem.startswith(f"{unit.name}: the target already has ")
    assert words in problem


@pytest.mark.parametrize("kind", IN_THE_WAY)
def test_skip_leaves_it_out_and_says_why(kind: str) -> None:
    target, unit, words, _ = IN_THE_WAY[kind]
    found = decided([unit], target, policy="skip")
    assert found.problems == ()
    assert found.units[0].action == "skip"
    assert words in found.units[0].conflict


@pytest.mark.parametrize("kind", IN_THE_WAY)
def test_rename_gives_a_new_name_to_the_unit_and_its_indices(kind: str) -> None:
    target, unit, words, _ = IN_THE_WAY[kind]
    found = decided([unit], target, policy="rename", prefix="x-", suffix="-y")
    assert found.problems == ()
    (moved,) = found.units
    assert (moved.action, moved.name, moved.target) == ("rename", unit.name, f"x-{unit.name}-y")
    assert words in moved.conflict
    wanted = [f".ds-x-{unit.name}-y-000001"] if unit.is_stream else [f"x-{unit.name}-y"]
    assert [index.target for index in moved.indices] == wanted
    assert [index.name for index in moved.indices] == [index.name for index in unit.indices]


@pytest.mark.parametrize("kind", IN_THE_WAY)
def test_delete_needs_the_plan_and_the_consent(kind: str) -> None:
    target, unit, _, blocker = IN_THE_WAY[kind]
    named = blocker or "a"
    with_plan_only = decided([unit], target, policy="delete", delete=[named])
    with_consent_only = decided([unit], target, policy="delete", delete=["other"], allowed=(named,))
    with_both = decided([unit], target, policy="delete", delete=[named], allowed=(named,))
    for refused in (with_plan_only, with_consent_only):
        assert refused.units == ()
        assert refused.problems
    if not blocker:
        assert with_both.units == ()
        assert all("aliases are never deleted" in problem for problem in with_both.problems)
        return
    assert f"needs --allow-delete {blocker}" in with_plan_only.problems[0]
    assert f"name {blocker} under conflicts.delete" in with_consent_only.problems[0]
    assert with_both.problems == ()
    assert (with_both.units[0].action, with_both.units[0].takes) == (
        "replace",
        {blocker: uuids(blocker, target)},
    )


def test_consent_for_another_name_is_none() -> None:
    found = decided(
        [a_unit("a")], a_catalog("a"), policy="delete", delete=["a"], allowed=("ab", "a*", "*", "")
    )
    assert found.units == ()


def test_what_is_free_is_restored_under_every_policy() -> None:
    for settings in (
        {},
        {"policy": "skip"},
        {"policy": "rename", "prefix": "x-"},
        {"policy": "delete", "delete": ["a"]},
    ):
        found = decided([a_unit("a")], a_catalog("ab", "b"), **settings)
        assert found.problems == ()
        assert [(unit.action, unit.target) for unit in found.units] == [("restore", "a")]


def test_all_problems_are_told_at_once() -> None:
    found = decided([a_unit("a"), a_unit("b"), a_unit("free")], a_catalog("a", "b"))
    assert [problem.split(":")[0] for problem in found.problems] == ["a", "b"]


def test_aliases_that_are_not_restored_are_in_nobodys_way() -> None:
    for kind in ("its alias is an index", "its alias is a stream", "its alias is on others"):
        target, unit, _, _ = IN_THE_WAY[kind]
        assert decided([unit], target, aliases=False).problems == ()


POLICIES: list[dict[str, Any]] = [
    {},
    {"policy": "skip"},
    {"policy": "rename", "prefix": "x-"},
    {"policy": "delete", "delete": ["a-2"]},
]


@pytest.mark.parametrize("settings", POLICIES, ids=lambda settings: settings.get("policy", "fail"))
def test_an_alias_on_foreign_indices_is_never_taken_over(settings: dict[str, Any]) -> None:
    """A restore would silently let the readers of the target's alias see the indices that came."""
    shared = a_unit("a-2", selected("a-2", aliases=("all",)))
    found = decided([shared], a_catalog(an_index("a-1", aliases=["all"])), allowed=("a-2",), **settings)
    assert "restore" not in {unit.action for unit in found.units}
    told = (*found.problems, *(unit.conflict for unit in found.units))
    assert "its alias all, on a-1" in told[0]


def test_an_alias_over_this_migrations_own_indices_is_no_conflict() -> None:
    """As it is when a run of before has moved one of them, and this one replaces it."""
    units = [a_unit(name, selected(name, aliases=("all",))) for name in ("a-1", "a-2")]
    target = a_catalog(an_index("a-1", aliases=["all"]))
    found = decided(units, target, policy="delete", delete=["a-1"], allowed=("a-1",))
    assert found.problems == ()
    assert [unit.action for unit in found.units] == ["replace", "restore"]


def test_a_write_index_that_the_plan_deletes_needs_the_consent() -> None:
    unit = a_unit("a", selected("a", aliases=("w",)))
    target = a_catalog(an_index("a-1", aliases=[Alias("w", True, False)]))
    refused = decided([unit], target, policy="delete", delete=["a-1"])
    assert "its alias w writes to a, and on the target to a-1" not in str(refused.units)
    assert "--allow-delete a-1" in refused.problems[0]
    (moved,) = decided([unit], target, policy="delete", delete=["a-1"], allowed=("a-1",)).units
    assert moved.takes == {"a-1": "uuid-a-1"}


@pytest.mark.parametrize("settings", POLICIES[1:3], ids=["skip", "rename"])
def test_what_is_not_replaced_on_the_target_is_not_this_migrations_own(settings: dict[str, Any]) -> None:
    """The target's index `a` stays what it is, so an alias over it is a foreign one."""
    units = [a_unit("a"), a_unit("b", selected("b", aliases=("all",)))]
    found = decided(units, a_catalog(an_index("a", aliases=["all"])), **settings)
    assert found.units[1].action != "restore"


def test_a_replaced_stream_is_known_by_its_backing_indices() -> None:
    target = a_catalog(streams={"logs": [".ds-logs-000001", ".ds-logs-000002"]})
    assert uuids("logs", target) == "uuid-.ds-logs-000001,uuid-.ds-logs-000002"
    assert uuids("gone", target) == ""


def test_a_write_index_that_comes_back_as_itself_is_only_in_its_own_way() -> None:
    unit = a_unit("a", selected("a", aliases=("w",)))
    target = a_catalog(an_index("a", aliases=[Alias("w", True, False)]))
    (moved,) = decided([unit], target, policy="delete", delete=["a"], allowed=("a",)).units
    assert moved.takes == {"a": "uuid-a"}


# new names


def test_a_new_name_that_is_taken_as_well() -> None:
    for other in (
        a_catalog("a", "x-a"),
        a_catalog(an_index("a", aliases=["x-a"])),
        a_catalog("a", streams={"x-a": []}),
    ):
        found = decided([a_unit("a")], other, policy="rename", prefix="x-")
        assert found.units == ()
        assert "its new name x-a is taken as well" in found.problems[0]


def test_a_new_backing_index_that_is_taken_as_well() -> None:
    target = a_catalog(".ds-x-logs-000001", streams={"logs": [BACKING]})
    found = decided([a_stream_unit("logs", BACKING)], target, policy="rename", prefix="x-")
    assert "taken as well: index .ds-x-logs-000001" in found.problems[0]


def test_two_names_that_become_one() -> None:
    found = decided([a_unit("a"), a_unit("x-a")], a_catalog("a"), policy="rename", prefix="x-")
    assert found.problems == (
        "a, x-a: would all be called x-a on the target; choose another prefix or suffix",
    )


def test_a_skipped_name_is_nobodys() -> None:
    found = decided([a_unit("a"), a_unit("b")], a_catalog("a"), policy="skip")
    assert found.problems == ()


def test_an_alias_that_is_the_new_name_of_another() -> None:
    units = [a_unit("a"), a_unit("b", selected("b", aliases=("x-a",)))]
    found = decided(units, a_catalog("a"), policy="rename", prefix="x-")
    assert "b: its alias x-a is the new name of another index" in found.problems[0]
    assert decided(units, a_catalog("a"), policy="rename", prefix="x-", aliases=False).problems == ()


def test_a_name_that_becomes_too_long() -> None:
    name = "é" * 125
    found = decided([a_unit(name)], a_catalog(name), policy="rename", prefix="prefix-")
    assert "longer than 255 bytes" in found.problems[0]
    short = "é" * 124
    assert decided([a_unit(short)], a_catalog(short), policy="rename", prefix="prefix-").problems == ()


def test_a_backing_index_whose_name_becomes_too_long() -> None:
    name = "s" * 240
    unit = a_stream_unit(name, f".ds-{name}-000001")
    found = decided([unit], a_catalog(name), policy="rename", prefix="prefix-")
    assert f".ds-prefix-{name}-000001 is longer than 255 bytes" in found.problems[0]


@pytest.mark.parametrize("name", ["logs", "a-ds", "x", "ds", "d"])
def test_backing_indices_are_expected_under_the_names_that_the_engine_gives(name: str) -> None:
    unit = a_stream_unit(name, f".ds-{name}-000001", f".ds-{name}-000002")
    (moved,) = decided([unit], a_catalog(name), policy="rename", prefix="new-").units
    rule = rename_rule([moved], renaming("new-"))
    for index in moved.indices:
        assert index.target == renamed(index.name, *rule, of_a_stream=True)


@pytest.mark.parametrize("backing", [pytest.param("logs-old"), ".ds-other-000001", "shrunk"])
def test_a_backing_index_of_another_name_is_expected_as_the_engine_leaves_or_renames_it(backing: str) -> None:
    unit = a_stream_unit("logs", backing)
    (moved,) = decided([unit], a_catalog("logs"), policy="rename", prefix="new-").units
    rule = rename_rule([moved], renaming("new-"))
    assert moved.indices[0].target == renamed(backing, *rule, of_a_stream=True)


# the rule that the engine gets


ODD = ["orders", "a.b", "a$b", "a$1", "a(b)", "a+b", "a^b|c", "[a]{2}", "a-b_c", "ünïcode", "a'b&c=d;e@f!"]


def renaming(prefix: str = "", suffix: str = "") -> Any:
    return a_plan(conflicts={"policy": "rename", "prefix": prefix, "suffix": suffix}).conflicts


@pytest.mark.parametrize(("prefix", "suffix"), [("x-", ""), ("", "-y"), ("$1-", "-$0"), ("x-", "-y")])
def test_one_rule_renames_all_indices_of_a_request(prefix: str, suffix: str) -> None:
    settings = renaming(prefix, suffix)
    units = decide(map(a_unit, ODD), a_catalog(*ODD), settings, aliases=True, allowed=frozenset[str]()).units
    rule = rename_rule(units, settings)
    assert [renamed(unit.name, *rule) for unit in units] == [unit.target for unit in units]
    assert [unit.target for unit in units] == [f"{prefix}{name}{suffix}" for name in ODD]


@pytest.mark.parametrize("name", ODD)
def test_a_rule_renames_a_stream_with_its_backing_indices(name: str) -> None:
    unit = a_stream_unit(name, f".ds-{name}-000001", target=f"x-{name}-$1", action="rename")
    rule = rename_rule([unit], renaming("x-", "-$1"))
    assert renamed(name, *rule, of_a_stream=True) == f"x-{name}-$1"
    assert renamed(f".ds-{name}-000001", *rule, of_a_stream=True) == f".ds-x-{name}-$1-000001"
    for other in (f"{name}x", f"x{name}", f".ds-{name}x-000001", f".ds-x{name}-000001"):
        assert renamed(other, *rule, of_a_stream=True) == other


# the second look


def test_what_is_taken_now() -> None:
    replace = a_unit("a", action="replace", takes={"a": "uuid-a"})
    own = {"a"}
    assert [item.blocker for item in taken_now(replace, a_catalog("a"), own, aliases=True)] == ["a"]
    assert taken_now(replace, a_catalog(), own, aliases=True) == ()
    member = selected("a", target="x-a", aliases=("current",))
    rename = a_unit("a", member, target="x-a", action="rename")
    own = {"x-a"}
    assert taken_now(rename, a_catalog("current", "a"), own, aliases=True) == (), "its aliases do not come"
    assert [item.name for item in taken_now(rename, a_catalog("x-a"), own, aliases=True)] == ["x-a"]


def test_an_alias_that_is_put_on_another_index_meanwhile() -> None:
    unit = a_unit("a", selected("a", aliases=("all",)))
    later = a_catalog(an_index("b", aliases=["all"]), an_index("z", aliases=["all"]))
    (taken,) = taken_now(unit, later, own_names([unit, a_unit("b")]), aliases=True)
    assert taken.words == "its alias all, on z"
    assert taken_now(unit, later, own_names([unit]), aliases=False) == ()


@pytest.mark.parametrize("kind", ["its alias is an index", "its alias is a stream", "its alias is on others"])
def test_what_has_a_name_reads_as_a_sentence_wherever_it_is_told(kind: str) -> None:
    """Not "the target already has its alias all is on x of the target"."""
    target, unit, words, _ = IN_THE_WAY[kind]
    assert not re.search(r"\b(?:is|are) (?:on|the)\b", words)
    (refused,) = decided([unit], target).problems
    assert refused == f"a: the target already has {words}"
    (left,) = decided([unit], target, policy="skip").units
    assert action(left) == f"skip: the target has {words}"
    (other,) = decided([unit], target, policy="rename", prefix="x-").units
    assert action(other) == f"restore as x-a: the target has {words}"
    detail = f"the target already has {left.conflict}"
    assert left_out(LeftOut(name="a", reason=LeftOutReason.CONFLICT, detail=detail)) == detail
