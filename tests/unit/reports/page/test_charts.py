"""Charts of progress: totals and rates that agree with the samples."""

import re

from support.real_runs import real_report, with_indices

from reports.model.report import ProgressPoint, StepProgress
from reports.page.charts import chart, charts_of


def steady(*points: tuple[float, int], unit: str = "bytes", total: int = 4_000_000) -> StepProgress:
    made = [ProgressPoint(seconds=at, done=done, total=total) for at, done in points]
    return StepProgress(step="restore", unit=unit, points=made)


def test_a_steady_copy_has_one_rate() -> None:
    made = chart(steady((0, 0), (1, 1_000_000), (2, 2_000_000), (4, 4_000_000)))
    assert made.summary == "4.0 MB of 4.0 MB in 4.0 s: 1.0 MB a second on average, 1.0 MB at most"
    assert {row[2] for row in made.table.rows} == {"1.0 MB/s"}
    assert made.table.rows[-1][:2] == ("4.0 s", "4.0 MB")


def test_a_burst_is_seen_in_the_rate() -> None:
    made = chart(steady((0, 0), (1, 0), (2, 4_000_000), (3, 4_000_000)))
    assert "4.0 MB at most" in made.summary
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", made.curves[1].line)]
    assert min(heights) == 2 and max(heights) == 100


def test_units_other_than_bytes_are_named() -> None:
    assert "9 of 9 indices" in chart(steady((1, 3), (2, 6), (3, 9), unit="indices", total=9)).summary


def test_what_went_backwards_is_no_negative_rate() -> None:
    made = chart(steady((0, 0), (1, 2_000_000), (2, 500_000), (3, 4_000_000)))
    assert all(not str(row[2]).startswith("-") for row in made.table.rows)


def test_only_steps_with_a_course_have_a_chart() -> None:
    assert [each.title for each in charts_of(real_report("migration"))] == ["snapshot", "restore"]
    few = with_indices(1).model_copy(update={"progress": [steady((0, 0), (1, 5))]})
    assert list(charts_of(few)) == []
    still = with_indices(1).model_copy(update={"progress": [steady((0, 0), (1, 0), (2, 0))]})
    assert list(charts_of(still)) == []
