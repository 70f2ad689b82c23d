"""What becomes of renamed indices: their old names as aliases, or their documents merged."""

from __future__ import annotations

from typing import Any

import pytest
from migrations import Desk, documents, engine, kill_when, log_size, mutations, rule

from lab.state import state

ONE = {"settings": {"number_of_replicas": 0}}


@pytest.fixture
def shop_desk(desk: Desk) -> Desk:
    """Both sides have `shop`: documents 1 to 4 on the source, 3 to 5 on the target, where 3 is the same and 4
    another. On the source, `sales` leads to it; on the target, to `theirs`."""
    lab = desk.lab
    for side in ("source", "target"):
        engine(lab, side, "PUT", "/shop", ONE)
    for number in (1, 2, 3, 4):
        engine(lab, "source", "PUT", f"/shop/_doc/{number}?refresh=true", {"n": number})
    for number, value in ((3, 3), (4, 40), (5, 5)):
        engine(lab, "target", "PUT", f"/shop/_doc/{number}?refresh=true", {"n": value})
    engine(lab, "source", "PUT", "/shop/_alias/sales", {"filter": {"term": {"n": 1}}})
    engine(lab, "target", "PUT", "/theirs", ONE | {"aliases": {"sales": {}}})
    return desk


def rename(desk: Desk, **more: Any) -> None:
    desk.write(conflicts={"policy": "rename", "suffix": "-moved", **more})


def names(desk: Desk, alias: str) -> set[str]:
    return set(engine(desk.lab, "target", "GET", f"/_alias/{alias}"))


def test_the_old_name_leads_to_the_copy_in_one_request(shop_desk: Desk) -> None:
    rename(shop_desk, then="alias")
    unnamed = shop_desk.run("migrate", "--execute")
    assert unnamed.code == 3 and "name it under conflicts.delete" in unnamed.out, str(unnamed)
    rename(shop_desk, then="alias", delete=["shop"])
    unallowed = shop_desk.run("migrate", "--execute")
    assert unallowed.code == 3 and "--allow-delete shop" in unallowed.out, str(unallowed)
    planned = shop_desk.run("plan", "--allow-delete", "shop")
    assert "shop is deleted on the target" in planned.out, str(planned)
    before = log_size(shop_desk.lab, "target")
    ended = shop_desk.run("migrate", "--execute", "--allow-delete", "shop")
    assert ended.code == 0, str(ended)
    assert names(shop_desk, "shop") == {"shop-moved"} == names(shop_desk, "sales")
    assert documents(shop_desk.lab, "target", "shop") == 4
    filtered = engine(shop_desk.lab, "target", "GET", "/sales/_count")
    assert filtered["count"] == 1  # the alias came with its filter
    assert mutations(shop_desk.lab, "target", before).count("POST /_aliases") == 1
    report = shop_desk.report()
    assert report["aliases"]["added"] == {"shop": ["shop-moved"], "sales": ["shop-moved"]}
    assert report["deleted"] == ["shop"]


def test_an_index_made_anew_is_not_deleted_for_the_alias(shop_desk: Desk) -> None:
    rename(shop_desk, then="alias", delete=["shop"])
    shop_desk.write(
        conflicts={"policy": "rename", "suffix": "-moved", "then": "alias", "delete": ["shop"]},
        gates={"before-restore": {"timeout": "1s"}},
    )
    waiting = shop_desk.run("migrate", "--execute", "--allow-delete", "shop")
    assert waiting.code == 5, str(waiting)
    engine(shop_desk.lab, "target", "DELETE", "/shop")
    engine(shop_desk.lab, "target", "PUT", "/shop/_doc/9?refresh=true", {"n": 9})
    assert shop_desk.run("approve", "before-restore").code == 0
    ended = shop_desk.run("migrate", "--execute", "--allow-delete", "shop")
    assert ended.code == 1 and "has been recreated since" in ended.out + ended.err, str(ended)
    assert documents(shop_desk.lab, "target", "shop") == 1
    assert documents(shop_desk.lab, "target", "shop-moved") == 4


def test_documents_are_merged_unless_their_ids_are_taken(shop_desk: Desk) -> None:
    rename(shop_desk, then="reindex")
    refused = shop_desk.run("migrate", "--execute")
    assert refused.code == 4, str(refused)
    assert "shop-moved was not merged into shop: 1 documents have the same id" in refused.err + refused.out
    assert documents(shop_desk.lab, "target", "shop") == 3
    rename(shop_desk, then="reindex", collisions="keep")
    before = state(shop_desk.lab, "target")["indices"]["theirs"]
    ended = shop_desk.run("migrate", "--execute", "--new-run")
    assert ended.code == 3, str(ended)  # the copy of the first run is in the way
    engine(shop_desk.lab, "target", "DELETE", "/shop-moved")
    ended = shop_desk.run("migrate", "--execute", "--new-run")
    assert ended.code == 0, str(ended)
    found = engine(shop_desk.lab, "target", "GET", "/shop/_search?size=10")["hits"]["hits"]
    assert {hit["_id"]: hit["_source"]["n"] for hit in found} == {"1": 1, "2": 2, "3": 3, "4": 40, "5": 5}
    (merged,) = shop_desk.report()["merged"]
    assert (merged["merged"], merged["collisions"]) == (3, 1)
    assert [each["id"] for each in merged["documents"]] == ["4"]
    assert state(shop_desk.lab, "target")["indices"]["theirs"] == before


def test_a_merge_that_was_killed_is_resumed(shop_desk: Desk) -> None:
    lab = shop_desk.lab
    rename(shop_desk, then="reindex", collisions="keep")
    rule(lab, domain="target", method="POST", path="/_reindex", times=1, delay_s=2)
    process = shop_desk.start("migrate", "--execute")
    kill_when(process, lambda: "reindex" in str(intents(shop_desk)))
    ended = shop_desk.run("migrate", "--execute")
    assert ended.code == 0, str(ended)
    assert documents(lab, "target", "shop") == 5
    assert shop_desk.report()["merged"][0]["merged"] == 3


def intents(desk: Desk) -> list[str]:
    try:
        return [each["action"] for each in desk.journal()["intents"]]
    except (IndexError, ValueError):
        return []
