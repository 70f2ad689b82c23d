"""A certificate, and what a check of it has found, for people."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from reports.model.certificate import Certificate, CertificateCheck, Statement
from reports.views import layout
from reports.views.fitting import Rows, page
from reports.words import certificate as words
from reports.words import common
from tasks.records.certificates import AgainstRecord, Answer
from tasks.records.resolution import LeftOutReason
from tasks.records.verification import PASSING


def certificate_view(statement: Statement) -> RenderableType:
    """What a certificate says, as a text."""
    return page(_certificate(statement.predicate))


def check_view(found: CertificateCheck) -> RenderableType:
    """What a certificate says, and whether it holds."""
    return page(_checked(found))


def _certificate(told: Certificate) -> Iterator[RenderableType]:
    yield Text(words.verdict(told), "bold")
    yield Text(words.run(told))
    yield from layout.clusters(told.source, told.target, told.origin)
    if told.run.snapshot:
        yield Text(f"Snapshot: {told.run.snapshot.repository}/{told.run.snapshot.name}")
    yield from (Text(f"{what}: {said}") for what, said in words.told(told.run))
    yield _indices(told)
    yield from layout.findings(told.findings)
    left = [each for each in told.left_out if each.reason != LeftOutReason.SYSTEM]
    if left:
        names = common.names([each.name for each in left], 5)
        yield Text(f"Not part of it: {common.counted(len(left), 'name', 'names')}: {names}", "dim")
    yield from (Text(f"Limits: {limit}", "dim") for limit in told.limits)
    yield Text(words.maker(told))


def _indices(told: Certificate) -> RenderableType:
    ordered = sorted(told.indices, key=lambda index: index.verdict in PASSING)
    table = Rows(("Index", "Verdict", ">Source", ">Target"))
    for each in ordered[: layout.ROWS]:
        name = each.source if each.source == each.target else f"{each.source} → {each.target}"
        counts = (common.number(each.source_count), common.number(each.target_count))
        table.add(name, Text(each.verdict, layout.STYLES.get(each.verdict, "")), *counts)
    table.below.extend(layout.more(len(ordered) - layout.ROWS))
    return table


def _checked(found: CertificateCheck) -> Iterator[RenderableType]:
    yield from _certificate(found.statement.predicate)
    yield Text(words.signature(found), "green" if found.trusted else "bold yellow")
    if found.journal != "not checked":
        yield Text(words.journal(found), "bold red" if found.journal == "not the one certified" else "green")
    if found.against:
        yield from _against(found.against)
    yield Text(words.conclusion(found), "bold green" if found.valid else "bold red")


def _against(record: AgainstRecord) -> Iterator[Text]:
    yield Text(words.answer(record), "green" if record.answer is Answer.STILL_TRUE else "bold yellow")
    yield from layout.first((Text(f"  {words.changed(each)}") for each in record.changed), "changes", "  ")
