"""A shard is proved equal only if every one of the obligations holds; each of them alone can fail it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from support.building import selected
from support.rounds import a_copy, a_mark

from domains.engine.comparison.seq_no_figures import BEYOND, SeqNoFigures
from domains.engine.raw_documents import RawDocument
from tasks.tail.places import FollowedIndex, Place
from tasks.tail.proof import _moved, _of_shard
from tasks.tail.touched import Touched
from tasks.tail.zones import Zone, Zones

PLACE = Place(0, "a", "copy", 0, a_mark(9))


def a_zone(bounds: tuple[int, ...], *numbers: int, **more: Any) -> Zone:
    """A zone in ranges with these numbers in it."""
    found: list[SeqNoFigures] = []
    for low, high in pairwise(bounds):
        within = [n for n in numbers if low <= n < high]
        found.append(SeqNoFigures(len(within), sum(within) if within else None, max(within, default=None)))
    return Zone(bounds, tuple(replace(each, **more) for each in found))


def zones(first: tuple[int, ...], second: tuple[int, ...], **more: Any) -> Zones:
    """Both zones of a shard whose base ends at 9."""
    return Zones(a_zone((0, 10), *first, **more), a_zone((10, 21, BEYOND), *second))


def a_table(*pairs: tuple[int, int]) -> Touched:
    """What is known of zone 2: numbers on the source and on the copy."""
    touched = Touched()
    documents = [(RawDocument(f"d{here}", None, 1, here, 1, "{}"), there, 1) for here, there in pairs]
    touched.written(0, documents, 1)
    return touched


def difference(source: Zones, target: Zones, table: Touched) -> str:
    """What does not hold; empty where all does."""
    tail: Any = SimpleNamespace(touched=table)
    return _of_shard(tail, PLACE, source, target).difference


SOURCE, TARGET, TABLE = zones((1, 4, 9), (12, 20)), zones((1, 4, 9), (11, 15)), ((12, 11), (20, 15))


def test_a_shard_is_proved_where_all_holds() -> None:
    assert difference(SOURCE, TARGET, a_table(*TABLE)) == ""
    assert difference(zones((), ()), zones((), ()), a_table()) == ""


@pytest.mark.parametrize(
    ("source", "target", "table", "said"),
    [
        (SOURCE, zones((1, 4, 8, 9), (11, 15)), TABLE, "up to the snapshot, 4 documents instead of 3"),
        (SOURCE, zones((1, 9), (11, 15)), TABLE, "up to the snapshot, 2 documents instead of 3"),
        (SOURCE, zones((1, 5, 9), (11, 15)), TABLE, "up to the snapshot, other documents than expected"),
        (zones((1, 4, 9), (12, 20, 21)), TARGET, TABLE, "on the source, 3 documents instead of 2"),
        (zones((1, 4, 9), (12, 19)), TARGET, TABLE, "on the source, other documents than expected"),
        (zones((1, 4, 9), (12, 20, 2**40)), TARGET, TABLE, "on the source, 3 documents instead of 2"),
        (SOURCE, zones((1, 4, 9), (11,)), TABLE, "on its copy, 1 documents instead of 2"),
        (SOURCE, zones((1, 4, 9), (11, 16)), TABLE, "on its copy, other documents than expected"),
    ],
)
def test_any_other_figure_is_a_difference(
    source: Zones, target: Zones, table: tuple[tuple[int, int], ...], said: str
) -> None:
    assert said in difference(source, target, a_table(*table))


def test_a_document_of_the_copy_that_the_source_never_showed_is_a_difference() -> None:
    table = a_table(*TABLE)
    table.found_on_copy(0, [RawDocument("foreign", None, 1, 18, 1, "{}")])
    target = zones((1, 4, 9), (11, 15, 18))
    assert difference(SOURCE, target, table) == "shard 0: its copy has documents that the source never had"


@pytest.mark.parametrize(
    ("more", "said"),
    [({"problem": "1 of 2 shards answered"}, "1 of 2 shards"), ({"vague": True}, "too large to be exact")],
)
def test_figures_that_are_not_known_or_not_exact_prove_nothing(more: dict[str, Any], said: str) -> None:
    unsure = zones((1, 4, 9), (12, 20), **more)
    assert said in difference(unsure, TARGET, a_table(*TABLE))
    assert said in difference(SOURCE, zones((1, 4, 9), (11, 15), **more), a_table(*TABLE))


@pytest.mark.parametrize(
    ("now", "there", "said"),
    [
        (a_mark(20), a_mark(15), ""),
        (a_mark(21), a_mark(15), "the source was written to"),
        (a_mark(20, global_checkpoint=19), a_mark(15), "the source was written to"),
        (a_mark(20, history="other"), a_mark(15), "the source was written to"),
        (a_mark(20, primary_term=4), a_mark(15), ""),
        (a_mark(20), a_mark(16), "written to its copy"),
        (a_mark(20), None, "written to its copy"),
    ],
)
def test_nothing_is_proved_of_what_has_moved_since_the_last_round(now: Any, there: Any, said: str) -> None:
    index = FollowedIndex(selected("a"), a_copy("a"), (PLACE,), marks=(a_mark(20),), last={0: 15})
    found = _moved(index, (now,), (there,) if there else ())
    assert (said in found) if said else (found == "")
