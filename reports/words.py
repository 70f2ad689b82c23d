"""Numbers and outcomes in words, the same in every form of report."""

from collections.abc import Iterable

from reports.model import Report
from tasks.records import Attempt, LeftOut, RepositoryRecord

OUTCOMES = {
    "done": "done and verified",
    "different": "moved, but the verification found a difference or could not tell",
    "failed": "failed after something had been changed",
    "refused": "refused; nothing was changed",
    "interrupted": "interrupted; the same command continues it",
    "running": "running, or its process is gone",
    "abandoned": "abandoned for another run",
}
_REASONS = {
    "system": "belongs to the service or to Dashboards",
    "excluded": "indices.exclude",
    "not included": "not in indices.include",
    "closed": "closed",
    "conflict": "the target has the name",
    "not in the snapshot": "not in the snapshot",
    "no longer on the source": "in the snapshot, no longer on the source",
}
_FORMS = {"region": "by Region", "endpoint": "by endpoint", "plain": "without Region", "fs": "shared folder"}


def size(count: int | None) -> str:
    """Bytes in a readable unit."""
    if count is None:
        return "–"
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def number(count: int | None) -> str:
    """A count with separators; a dash when it is not known."""
    return "–" if count is None else f"{count:,}"


def duration(seconds: float) -> str:
    """Seconds as `1 h 05 min`, `2 min 03 s` or `4.2 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def left_out(item: LeftOut) -> str:
    """Why a name did not move."""
    reason = _REASONS.get(item.reason, item.reason)
    return f"{reason} ({item.detail})" if item.detail else reason


def repository(record: RepositoryRecord) -> str:
    """One domain's registration, and how it came to this form."""
    access = "readonly" if record.readonly else "read-write"
    form = f"{record.side}: {record.name}, {access}, {_FORMS.get(record.form, record.form)} ({_place(record)})"
    return form + "".join(f"; first refused {_FORMS.get(a.form, a.form)}: {_said(a)}" for a in _refused(record.attempts))


def _refused(attempts: Iterable[Attempt]) -> Iterable[Attempt]:
    return (attempt for attempt in attempts if not attempt.accepted)


def _said(attempt: Attempt) -> str:
    start = attempt.said.find("The bucket is in this region")
    return f"“{attempt.said[start:].split(' | ')[0]}”" if start >= 0 else attempt.said


def _place(record: RepositoryRecord) -> str:
    shown = [f"{key}: {record.settings[key]}" for key in ("region", "endpoint", "location") if key in record.settings]
    return ", ".join(shown) or "the domain's own Region"


def headline(report: Report) -> str:
    """The outcome in one sentence with its figures."""
    totals = report.totals
    moved = (
        f"{totals.equal} of {totals.indices} indices equal, {number(totals.documents)} documents, "
        f"{size(totals.bytes)}, {duration(report.seconds)}"
    )
    return f"{OUTCOMES[report.outcome]}: {moved}" if totals.indices else OUTCOMES[report.outcome]
