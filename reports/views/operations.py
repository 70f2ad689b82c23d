"""What a single operation would send and needs, and what came of it, on a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from configs.values.listing import listed
from reports.views import inventory, layout
from reports.views.fitting import Rows, page
from reports.words import common
from reports.words import operations as words
from tasks.records.operations import (
    NameOutcome,
    NameResult,
    NamesOutcome,
    Note,
    Preview,
    Registered,
    Restored,
    RestoredIndex,
    Taken,
    Verified,
)

_STYLES = {
    NameOutcome.DONE: "green",
    NameOutcome.ABSENT: "yellow",
    NameOutcome.NOTHING_TO_DO: "dim",
    NameOutcome.FAILED: "bold red",
    NameOutcome.HELD: "bold yellow",
}


def preview_view(preview: Preview) -> RenderableType:
    """The requests that would be sent, the notes, and the consents that are needed."""
    return page(_preview(preview))


def _preview(preview: Preview) -> Iterator[Text]:
    yield Text(f"Domain: {preview.endpoint}")
    if preview.requests:
        yield Text(f"Requests ({len(preview.requests)}):", "bold")
        lines = ([*words.request(each)] for each in preview.requests[: layout.ROWS])
        yield from (
            Text(f"{'  ' if n == 0 else '    '}{line}") for each in lines for n, line in enumerate(each)
        )
        yield from layout.more(len(preview.requests) - layout.ROWS, "requests", "  ")
    else:
        yield Text("No request is needed.", "bold")
    yield from _notes(preview.notes)
    said = dict.fromkeys((words.consent(each), each.given) for each in preview.consents)
    yield from layout.first(
        Text(f"Consent: {line}", "dim" if given else "bold yellow") for line, given in said
    )


def _notes(notes: tuple[Note, ...]) -> Iterator[Text]:
    styled = ((words.note(each), "yellow" if each.kind in words.WARNINGS else "dim") for each in notes)
    return layout.first((Text(said, style) for said, style in styled), "notes")


def names_view(outcome: NamesOutcome) -> RenderableType:
    """What became of each name."""
    return page(_names(outcome))


def _names(outcome: NamesOutcome) -> Iterator[Text]:
    alike: dict[tuple[NameOutcome, str], list[str]] = {}
    for each in sorted(outcome.names, key=lambda each: each.outcome is NameOutcome.DONE):
        alike.setdefault((each.outcome, each.detail), []).append(each.name)
    for (kind, detail), names in list(alike.items())[: layout.ROWS]:
        one = NameResult(name=listed(names, layout.ROWS), outcome=kind, detail=detail)
        yield Text(words.name_result(outcome.operation, one), _STYLES[kind])
    yield from layout.more(len(alike) - layout.ROWS, "reasons")
    yield from _notes(outcome.notes)


def registered_view(outcome: Registered) -> RenderableType:
    """The registration as the domain shows it now."""
    return page(_registered(outcome))


def _registered(outcome: Registered) -> Iterator[Text]:
    access = "readonly" if outcome.readonly else "read-write"
    verb = "is registered" if outcome.already_there else "was registered"
    form = common.FORMS[outcome.form]
    yield Text(f"Repository {outcome.name} {verb}, {access}, {form}", "bold green")
    yield from (
        Text(f"The form {common.FORMS[each.form]} was refused: {each.said}", "yellow")
        for each in outcome.attempts
        if not each.accepted
    )
    yield Text(f"Settings: {words.body(outcome.settings)}")
    yield Text(f"Verified by: {listed(outcome.nodes, 10)}")
    if outcome.snapshots is not None:
        yield Text(f"Snapshots in it: {common.number(outcome.snapshots)}")
    yield from _notes(outcome.notes)


def verified_view(outcome: Verified) -> RenderableType:
    """The nodes that have verified a repository."""
    said = f"Repository {outcome.name} was verified by {listed(outcome.nodes, 10)}"
    return page((Text(said, "bold green"),))


def taken_view(outcome: Taken) -> RenderableType:
    """The snapshot that was taken, or is being taken."""
    return page(_taken(outcome))


def _taken(outcome: Taken) -> Iterator[RenderableType]:
    row = outcome.details.row
    if outcome.pending:
        said, style = "is being taken", "bold yellow"
    elif outcome.accepted:
        said, style = ("is complete" if row.state == "SUCCESS" else "is PARTIAL, as allowed"), "bold green"
    else:
        said, style = f"has ended as {row.state}", "bold red"
    already = "; the same command had started it before" if outcome.adopted else ""
    yield Text(f"Snapshot {row.repository}/{row.name} {said}{already}", style)
    yield from inventory.snapshot_lines(outcome.details)


def restored_view(outcome: Restored) -> RenderableType:
    """What became of each index of a restore."""
    return page(_restored(outcome))


def _restored(outcome: Restored) -> Iterator[RenderableType]:
    good = [each for each in outcome.indices if not each.problem and not each.lacking]
    place = f"{outcome.repository}/{outcome.snapshot}"
    of = f"{len(good)} of {words.counted_indices(len(outcome.indices))}"
    verb = "are being restored" if outcome.waiting else "restored"
    style = "bold yellow" if outcome.waiting else "bold red" if outcome.failed else "bold green"
    yield Text(f"{of} {verb} from {place}", style)
    yield _rows(outcome)
    bad = ((each.target, each.problem) for each in outcome.indices if each.problem)
    yield from layout.reasons(bad)
    yield from layout.reasons(
        (each.target, "; ".join(each.lacking)) for each in outcome.indices if each.lacking
    )
    if outcome.streams:
        yield Text(f"Data streams: {listed(outcome.streams, 10)}")
    if outcome.reopened:
        yield Text(f"Opened again, because the restore was refused: {listed(outcome.reopened, 10)}", "yellow")
    yield from _notes(outcome.notes)


def _rows(outcome: Restored) -> Rows:
    table = Rows(("Index", ">Shards", ">Documents", ">Fetched", ">Reused", "Outcome"))
    ordered = sorted(outcome.indices, key=lambda each: not each.problem)
    for each in ordered[: layout.ROWS]:
        table.add(
            each.target if each.source == each.target else f"{each.source} → {each.target}",
            f"{each.started}/{each.shards}",
            common.number(each.documents),
            common.size(each.bytes),
            common.size(each.reused_bytes),
            Text(*_outcome(each, waiting=outcome.waiting)),
        )
    table.below.extend(layout.more(len(ordered) - layout.ROWS))
    return table


def _outcome(each: RestoredIndex, *, waiting: bool) -> tuple[str, str]:
    if each.problem:
        return "failed", "bold red"
    if each.lacking:
        return "setting missing", "bold red"
    if waiting:
        return "under way", "yellow"
    return ("was there already", "dim") if each.adopted else ("restored", "green")
