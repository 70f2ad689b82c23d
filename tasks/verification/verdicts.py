"""Verdicts that several levels come to."""

from tasks.records import SelectedIndex, Verdict


def not_compared(
    index: SelectedIndex, why: str, source: int | None = None, target: int | None = None
) -> Verdict:
    """An index that could not be compared, which is a failure."""
    return Verdict(
        source=index.name,
        target=index.target,
        outcome="not compared",
        source_count=source,
        target_count=target,
        detail=f"could not be compared: {why}",
    )
