"""Format numbers and outcomes, the same in every form of report."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from configs.values.listing import counted, listed
from reports.model.cleanup import RemovalReport
from reports.model.report import GateReport, HookReport
from reports.words.estimates import basis, bottleneck
from tasks.records.checks import PreflightRecord
from tasks.records.cleanup import RemovalRecord
from tasks.records.estimates import Estimate, Range
from tasks.records.reindexing import IndexMerge, MergeRecord, ReindexRecord, SwitchedAliases
from tasks.records.resolution import (
    AliasSwitch,
    LeftOut,
    LeftOutReason,
    Merge,
    Resolution,
    SnapshotOrigin,
    Unit,
)
from tasks.records.transfer import Attempt, Form, RepositoryRecord, RestoreRecord, SnapshotRecord
from tasks.records.verification import DocumentDifference, Finding, VerificationRecord

EXCHANGED = (
    "On the way back the domains are exchanged: source is the plan's target, which clients use now, and "
    "target is the plan's source."
)
"""Said of a run from the plan's target to its source, whose words are those of any other run."""
_REASONS = {
    LeftOutReason.SYSTEM: "belongs to the service or to Dashboards",
    LeftOutReason.EXCLUDED: "in indices.exclude",
    LeftOutReason.NOT_INCLUDED: "not in indices.include",
    LeftOutReason.CLOSED: "closed",
    LeftOutReason.CHANGING: "changed while it was being read",
    LeftOutReason.CONFLICT: "the target has the name",
    LeftOutReason.COMPARED_BEFORE: "compared before",
    LeftOutReason.ONLY_ON_THE_TARGET: "only on the target",
    LeftOutReason.NOT_REHEARSED: "not in --only",
}
_NAMED = 5
FORMS: dict[Form, str] = {
    "region": "by Region",
    "endpoint": "by endpoint",
    "plain": "without Region",
    "fs": "shared folder",
}


def size(count: int | None) -> str:
    """Bytes in a readable unit."""
    if count is None:
        return "–"
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if round(amount, 1) < 1000:  # as it is shown
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def number(count: int | None) -> str:
    """A count with separators; a dash when it is not known."""
    return "–" if count is None else f"{count:,}"


def sentence(said: str) -> str:
    """Start a sentence with a capital letter; the rest keeps its case."""
    return said[:1].upper() + said[1:]


def names(found: Sequence[str], most: int) -> str:
    """List the first names of many in one line, with the number of the others."""
    return listed(found, most)


def action(unit: Unit) -> str:
    """The action for a unit, and the name that conflicts with it."""
    if unit.action == "replace":
        return f"delete {', '.join(unit.takes)} on the target, then restore"
    if unit.action == "rename":
        why = f": the target has {unit.conflict}" if unit.conflict else ""
        return f"restore as {unit.target}{why}"
    return f"skip: the target has {unit.conflict}" if unit.action == "skip" else "restore"


def duration(seconds: float) -> str:
    """Seconds as `1 h 05 min`, `2 min 03 s` or `4.2 s`."""
    if round(seconds, 1) < 60:  # as it is shown
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def time_left(seconds: float | None, stalled_s: float | None) -> str:
    """How long a step still takes, or for how long nothing has moved; empty where nobody knows.

    Args:
        seconds, stalled_s: as in `reports.model.progress.StepProgress`.
    """
    if stalled_s is not None:
        return f"stalled for {duration(stalled_s)}"
    return f"~{duration(seconds)} left" if seconds is not None else ""


def clock(at: datetime) -> str:
    """An instant, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def gate(report: GateReport) -> str:
    """Say whether a gate was approved, by whom and when."""
    if report.approved:
        return f"Gate {report.name}: approved {clock(report.approved)} by {report.by}"
    return f"Gate {report.name}: not approved; since {clock(report.since)}, until {clock(report.until)}"


def hooks(called: Sequence[HookReport]) -> Iterator[str]:
    """Count the hooks that were called, and report each failure."""
    failed = [hook for hook in called if hook.problem]
    if called:
        yield f"Hooks: {len(called)} called, {len(failed)} failed"
    for hook in failed:
        yield f"Hook {hook.hook} failed at {hook.event}: {hook.problem}"


def span(low: float, high: float) -> str:
    """A range of seconds as `4 to 8 s` or `20 min to 40 min`: rounded, as estimates are not exact."""
    low, high = max(0.0, low), max(0.0, high)
    if round(high) < 120:
        shown = (f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" for value in (low, high))
        return " to ".join(shown) + " s"
    return f"{_about(low)} to {_about(high)}"


def _about(seconds: float) -> str:
    if round(seconds) < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def estimated(record: Estimate) -> str:
    """How long a run will take, the basis of that estimate, and the bottleneck."""
    return f"{span_of(record.whole)} ({basis(record)}); {bottleneck(record)}"


def span_of(seconds: Range) -> str:
    """A range in words."""
    return span(seconds.low, seconds.high)


def left_out(item: LeftOut) -> str:
    """Why a name did not move."""
    if item.reason == LeftOutReason.CONFLICT and item.detail:
        return item.detail  # which says it, and what has the name
    reason = why_left_out(item.reason)
    return f"{reason} ({item.detail})" if item.detail else reason


def why_left_out(reason: LeftOutReason) -> str:
    """A reason why names did not move."""
    return _REASONS[reason]


def repository(record: RepositoryRecord) -> str:
    """One domain's registration, and the forms that it refused before."""
    access = "readonly" if record.readonly else "read-write"
    form = f"{record.name}, {access}, {FORMS[record.form]} ({_place(record)})"
    return form + "".join(f"; first refused {FORMS[a.form]}: {_said(a)}" for a in _refused(record.attempts))


def _refused(attempts: Iterable[Attempt]) -> Iterable[Attempt]:
    return (attempt for attempt in attempts if not attempt.accepted)


def _said(attempt: Attempt) -> str:
    start = attempt.said.find("The bucket is in this region")
    return f"“{attempt.said[start:].split(' | ')[0]}”" if start >= 0 else attempt.said


def _place(record: RepositoryRecord) -> str:
    shown = [
        f"{key}: {record.settings[key]}"
        for key in ("region", "endpoint", "location")
        if key in record.settings
    ]
    return ", ".join(shown) or "the domain's own Region"


def amount(done: int, total: int, unit: str) -> str:
    """Format progress such as `3 of 12 indices`; empty if the total is not known."""
    if not total or unit == "shards":
        return ""
    if unit == "bytes":
        return f"{size(done)} of {size(total)}"
    return f"{number(done)} of {number(total)} {unit}"


def resolved(record: Resolution) -> str:
    """Count the indices that a resolution moves and leaves out."""
    total = size(sum(index.bytes or 0 for index in record.indices))
    indices = counted(len(record.indices), "index", "indices")
    copied = f", {len(record.copied)} to reindex" if record.copied else ""
    return f"{indices} to move ({total}){copied}, {len(record.left_out)} left out"


def preflight_done(record: PreflightRecord) -> str:
    """Count the results of the real plan's preflight."""
    counts = check_counts(check.status for check in record.checks)
    return f"{len(record.checks)} checks of the real plan: {counts}"


def check_counts(statuses: Iterable[str]) -> str:
    """Count check results, as `65 passed, 6 warnings, 0 failed, 3 skipped`."""
    found = Counter(statuses)
    skipped = f", {found['SKIP']} skipped" if found["SKIP"] else ""
    return f"{found['OK']} passed, {warnings_and_failures(found['WARN'], found['FAIL'])}{skipped}"


def warnings_and_failures(warnings: int, failed: int) -> str:
    """The same for warnings and failures alone."""
    return f"{counted(warnings, 'warning', 'warnings')}, {number(failed)} failed"


def removed(record: RemovalRecord | RemovalReport) -> str:
    """List what was removed, and what was not touched, in one line."""
    count = len(record.indices)
    what = [counted(count, "index or data stream", "indices and data streams")] if count else []
    taken = len(record.snapshots)
    what += [f"{taken} snapshots" if taken > 1 else "the snapshot"] if taken else []
    what += [f"the registration on the {side}" for side in record.unregistered]
    left = f"; not touched: {', '.join(item.name for item in record.left[:5])}" if record.left else ""
    return f"removed: {', '.join(what) or 'nothing'}{left}"


def snapshot(record: SnapshotRecord) -> str:
    """Describe the snapshot: its state, size and duration."""
    indices = counted(record.indices, "index", "indices")
    holds = f"{indices}, {counted(record.shards_total, 'shard', 'shards')}"
    took = duration((record.ended - record.started).total_seconds())
    found = ", already there" if record.adopted else ""
    return f"{record.name}: {record.state}, {holds}, {took}{found}"


def restored(record: RestoreRecord) -> str:
    """Count the restored indices and the fetched bytes."""
    arrived = sum(index.restored for index in record.indices)
    fetched = size(sum(index.bytes for index in record.indices))
    whole = ", every primary started" if arrived == len(record.indices) else " restored"
    return f"{arrived} of {len(record.indices)} indices{whole}, {fetched} fetched"


def reindexed(record: ReindexRecord) -> str:
    """Count the indices that the target has copied, and their documents."""
    documents = sum(index.documents or 0 for index in record.indices)
    indices = counted(len(record.indices), "index", "indices")
    return f"{indices} copied by _reindex, {counted(documents, 'document', 'documents')}"


def merged(record: MergeRecord) -> str:
    """Count the documents that were merged, and those that were left alone."""
    return "; ".join(map(merge, record.indices))


def merge(record: IndexMerge) -> str:
    """Say where the documents of a renamed index are now."""
    said = f"{record.index} merged into {record.into}: {counted(record.merged, 'document', 'documents')}"
    if not record.collisions:
        return said
    others = counted(record.collisions, "document stays", "documents stay")
    return f"{said}; {others} in {record.index} alone, as {record.into} has other documents with their ids"


def planned_merge(decided: Merge) -> str:
    """Say where the documents of a renamed index will go."""
    return f"Once verified, {decided.index} is merged into {decided.into}; documents there stay as they are"


def planned_switch(decided: AliasSwitch) -> str:
    """Say which names will lead to a renamed index, and what has to go for them."""
    said = f"Once verified, {names(decided.aliases, _NAMED)} will lead to {decided.index}"
    gone = [f"{name} is deleted on the target" for name in decided.deletes]
    gone += [f"{name} leaves {names(indices, _NAMED)}" for name, indices in decided.leaves.items()]
    return f"{said}; {'; '.join(gone)}" if gone else said


def switched(record: SwitchedAliases) -> str:
    """Say which names lead to renamed indices now, and what was deleted for them."""
    led = [f"{alias} → {', '.join(indices)}" for alias, indices in record.added.items()]
    deleted = f"; deleted: {names(record.deleted, _NAMED)}" if record.deleted else ""
    return f"aliases: {names(led, _NAMED)}{deleted}"


def verified(record: VerificationRecord) -> str:
    """Count what a verification compared."""
    documents = sum(verdict.target_count or 0 for verdict in record.verdicts)
    return f"{compared(record)}, {counted(documents, 'document', 'documents')}"


def compared(record: VerificationRecord) -> str:
    """Count the equal indices, and the bracketed ones (equal but for later operations)."""
    found = [verdict.outcome for verdict in record.verdicts]
    if record.level == "record":
        return as_recorded(found.count("as recorded"), len(found))
    bracketed = f", {found.count('bracketed')} bracketed" if "bracketed" in found else ""
    return f"{found.count('equal')} of {len(found)} indices equal{bracketed} at level {record.level}"


def as_recorded(count: int, of: int) -> str:
    """Count the indices that are as the snapshot's record has them."""
    return f"{count} of {of} indices as the snapshot's record has them"


def origin(record: SnapshotOrigin) -> str:
    """Describe the snapshot that is the source of a migration."""
    took = f", taken {clock(record.started)}" + (f" by {record.version}" if record.version else "")
    holds = (
        f"{counted(record.indices, 'index', 'indices')}, {counted(record.shards_total, 'shard', 'shards')}"
    )
    return f"snapshot {record.name} in repository {record.repository} ({record.state}{took}; {holds})"


def document(difference: DocumentDifference) -> str:
    """Describe a document that differs, with its sequence numbers where they are known."""
    routing = f" with routing {difference.routing}" if difference.routing is not None else ""
    shard = f" of shard {difference.shard}" if difference.shard is not None else ""
    return f"document {difference.id}{routing}{shard}: {difference.kind}{_seq_nos(difference)}"


def _seq_nos(difference: DocumentDifference) -> str:
    numbers = (difference.source_seq_no, difference.target_seq_no)
    if numbers == (None, None):
        return ""
    source, target = ("none" if number is None else str(number) for number in numbers)
    return f" (_seq_no: source {source}, target {target})"


def finding(record: Finding) -> str:
    """Describe a finding about a template or an acceptance query."""
    place = f" {record.place}" if record.place else ""
    return f"{record.what}{place}: {record.detail or record.outcome}"
