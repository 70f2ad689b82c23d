"""How long the window is expected to be: by what has changed, and what such rounds have taken before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.building import a_plan, a_resolution, a_unit, selected
from support.rounds import copies_of, work_of

from reports.words import seeding
from runs.begun_plan import plan_record
from runs.journal import Document, StepEntry, now
from runs.step_names import StepName
from tasks.cutover.window_estimate import expected_window
from tasks.records.estimates import WindowEstimate
from tasks.records.seeding import Change
from tasks.records.verification import Verdict, VerificationRecord

AT = now()


def changed(*names: str, base: bool = True, operations: int = 100) -> tuple[Change, ...]:
    kind: Any = "changed" if base else "new"
    return tuple(Change(name=n, target=n, kind=kind, operations=operations, base=base) for n in names)


def a_round(run_id: str, seconds: float, *changes: Change, ended: bool = True) -> Document:
    """An earlier round: a tenth of it comparing, the rest restoring."""
    document = Document(plan=plan_record(a_plan()), run_id=run_id, verb="seed", started=AT)
    steps = {StepName.COMPARE: seconds * 0.1, "restore": seconds * 0.9, "register on source": 500.0}
    document.steps = {name: StepEntry(started=AT, seconds=took) for name, took in steps.items()}
    document.steps[StepName.COMPARE].record = work_of(*changes).model_dump(mode="json")
    if ended:
        document.steps[StepName.COPIES] = StepEntry(started=AT, record=copies_of().model_dump(mode="json"))
    return document


def verified(seconds: float, count: int) -> Document:
    document = Document(plan=plan_record(a_plan()), run_id="verified", verb="cutover", started=AT)
    verdicts = tuple(
        Verdict(
            source=str(n), target=str(n), outcome="equal", source_count=1, target_count=1, shards=1, detail=""
        )
        for n in range(count)
    )
    record = VerificationRecord(level="operations", verdicts=verdicts, skipped=(), at=AT)
    entry = StepEntry(started=AT, seconds=seconds, record=record.model_dump(mode="json"))
    document.steps["verify"] = entry
    return document


def expected(
    *changes: Change, earlier: tuple[Document, ...] = (), shards: int = 1, **index: Any
) -> WindowEstimate:
    units = [a_unit(n, selected(n, shards=shards, **index)) for n in "abcdefghij"]
    return expected_window(a_resolution(*units), work_of(*changes), earlier)


def test_with_nothing_to_take_only_freeze_verification_and_opening_are_left() -> None:
    found = expected()
    assert 0 < found.low < found.high < 15
    assert (found.indices, found.bytes, found.basis) == (0, 0, ())
    assert seeding.expected(found).endswith("nothing to copy; the comparison is a rough estimate")
    measured = seeding.expected(expected(earlier=(verified(5.0, 10),)))
    assert measured.endswith("nothing to copy; the comparison was measured in run verified")


def test_without_an_earlier_round_it_is_assumed_and_says_so() -> None:
    found = expected(*changed("a", "b"))
    assert found.basis == () and found.indices == 2 and found.operations == 200
    assert found.low < found.high
    assert seeding.expected(found).endswith("(rough estimate: no similar round was measured)")
    half = expected(*changed("a"), earlier=(verified(5.0, 10),))
    assert seeding.expected(half).endswith(
        "1 index and 100 operations to copy (rough estimate: no similar round was measured; the "
        "comparison was measured in run verified)"
    )


def test_what_is_measured_and_what_is_assumed_is_told_apart() -> None:
    rounds = (a_round("one", 6.0, *changed("a")),)
    assert seeding.expected(expected(*changed("b"), earlier=rounds)).endswith(
        "(measured in 1 round; the comparison is a rough estimate)"
    )
    both = expected(*changed("b"), earlier=(*rounds, verified(5.0, 10)))
    assert seeding.expected(both).endswith("(measured in 1 round)")


def test_an_index_without_a_copy_counts_by_its_bytes_whatever_was_measured() -> None:
    before = (a_round("r1", 10.0, *changed("a")),)
    small = expected(*changed("a", base=False), earlier=before, bytes=1000)
    large = expected(*changed("a", base=False), earlier=before, bytes=80_000_000_000)
    assert large.bytes == 80_000_000_000 and large.basis == ()
    assert large.low > 1000 > small.high


def test_the_round_that_is_most_alike_is_the_measure() -> None:
    before = (
        a_round("many", 600.0, *changed(*"abcdefghij")),
        a_round("one", 6.0, *changed("a")),
        a_round("first", 3000.0, *changed(*"abcdefghij", base=False)),
        a_round("unfinished", 1.0, *changed("a"), ended=False),
    )
    found = expected(*changed("b"), earlier=before)
    assert found.basis == ("one", "many"), "no full round, and none without an end"
    assert found.low < 6.0 < found.high


def test_steps_outside_the_window_do_not_count() -> None:
    found = expected(*changed("b"), earlier=(a_round("one", 6.0, *changed("a")),))
    assert found.high < 60, "the registration took 500 s"


def test_more_operations_than_before_take_longer() -> None:
    before = (a_round("one", 10.0, *changed("a", operations=10)),)
    few = expected(*changed("a", operations=10), earlier=before)
    many = expected(*changed("a", operations=1000), earlier=before)
    assert many.high > few.high and many.low >= few.low


def test_a_verification_of_as_many_indices_is_the_measure_of_the_next() -> None:
    slow = expected(earlier=(verified(100.0, 10),))
    other = expected(earlier=(verified(100.0, 2),))
    assert slow.low > 50 > other.high


def test_shards_make_the_verification_longer() -> None:
    assert expected(shards=500).high > expected(shards=1).high


@given(
    st.lists(st.floats(0.0, 10_000.0), max_size=4),
    st.integers(0, 10),
    st.integers(0, 10**9),
    st.booleans(),
)
def test_the_low_end_is_never_above_the_high_one(
    seconds: list[float], count: int, operations: int, base: bool
) -> None:
    earlier = tuple(a_round(f"r{n}", took, *changed("a")) for n, took in enumerate(seconds))
    found = expected(*changed(*"abcdefghij"[:count], base=base, operations=operations), earlier=earlier)
    assert 0 < found.low <= found.high
    assert timedelta(seconds=found.high)
