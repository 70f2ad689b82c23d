"""What becomes of renamed units, decided before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest
from support.building import a_catalog, a_stream_unit, a_unit, an_index, selected

from configs.plan import ConflictSettings
from tasks.records.resolution import AliasSwitch, Merge, Unit
from tasks.selection.after_renaming import AfterRenaming, decide_after_renaming
from tasks.selection.conflicts import decide

MOVED: dict[str, Any] = {"action": "rename", "target": "shop-moved"}


def renamed(*aliases: str, **more: Any) -> Unit:
    index = selected("shop", target="shop-moved", aliases=aliases, **more)
    return a_unit("shop", index, **MOVED)


def decided(unit: Unit, target: Any, *, allowed: tuple[str, ...] = (), **settings: Any) -> AfterRenaming:
    values = {"policy": "rename", "suffix": "-moved", **settings}
    wanted = ConflictSettings.model_validate(values)
    return decide_after_renaming([unit], target, wanted, aliases=True, allowed=frozenset(allowed))


def test_a_free_name_and_an_alias_of_others_are_switched_without_a_consent() -> None:
    target = a_catalog(an_index("theirs", aliases=("shop", "sales")))
    found = decided(renamed("sales", "new"), target, then="alias")
    assert found.problems == []
    assert found.switches == [
        AliasSwitch(
            source="shop",
            index="shop-moved",
            aliases=("shop", "sales", "new"),
            leaves={"shop": ("theirs",), "sales": ("theirs",)},
        )
    ]


def test_an_index_of_that_name_must_be_named_and_allowed() -> None:
    target = a_catalog(an_index("shop", uuid="u1"))
    (unnamed,) = decided(renamed(), target, then="alias").problems
    assert "name it under conflicts.delete" in unnamed
    (unallowed,) = decided(renamed(), target, then="alias", delete=["shop"]).problems
    assert "needs --allow-delete shop" in unallowed
    (switch,) = decided(renamed(), target, then="alias", delete=["shop"], allowed=("shop",)).switches
    assert switch.deletes == {"shop": "u1"}


def test_a_stream_has_no_alias_of_its_name_and_is_not_merged() -> None:
    stream = a_stream_unit("shop", ".ds-shop-000001", **MOVED)
    for then in ("alias", "reindex"):
        (problem,) = decided(stream, a_catalog(), then=then).problems
        assert "this is a data stream" in problem
    there = a_catalog(".ds-shop-000001", streams={"shop": [".ds-shop-000001"]})
    (problem,) = decided(renamed(), there, then="alias").problems
    assert "is a data stream on the target" in problem


@pytest.mark.parametrize(
    ("target", "into"),
    [
        (a_catalog(an_index("shop", uuid="u1")), "shop"),
        (a_catalog(an_index("shop-1", uuid="u1", aliases=("shop",))), "shop-1"),
    ],
)
def test_documents_go_into_the_index_or_the_one_that_the_alias_leads_to(target: Any, into: str) -> None:
    assert decided(renamed(), target, then="reindex").merges == [
        Merge(index="shop-moved", into=into, uuid="u1")
    ]


@pytest.mark.parametrize(
    ("unit", "target", "why"),
    [
        (renamed(), a_catalog(an_index("shop", open=False)), "is closed; open it"),
        (renamed(open=False), a_catalog("shop"), "_reindex reads open indices only"),
        (renamed(), a_catalog("other"), "it has no index shop"),
        (
            renamed(),
            a_catalog(an_index("a", aliases=("shop",)), an_index("b", aliases=("shop",))),
            "shop leads to a, b",
        ),
    ],
)
def test_what_cannot_be_merged_is_said_before(unit: Unit, target: Any, why: str) -> None:
    found = decided(unit, target, then="reindex")
    assert found.merges == []
    assert why in found.problems[0]


def test_only_units_that_were_renamed_are_decided_about() -> None:
    free, taken = a_unit("free", selected("free")), a_unit("shop", selected("shop"))
    settings = ConflictSettings(policy="rename", suffix="-moved", then="reindex")
    found = decide([free, taken], a_catalog("shop"), settings, aliases=True, allowed=frozenset())
    assert found.problems == ()
    assert [each.index for each in found.merges] == ["shop-moved"]
