"""Certificates in words: what is certified, who signed it, and what has become of it."""

from collections.abc import Iterator

from configs.values.listing import listed
from reports.model.certificate import Certificate, CertificateCheck, CertifiedRun
from reports.words.common import clock, counted, number
from tasks.records.certificates import AgainstRecord, Answer, Change, ChangedIndex
from tasks.records.verification import ShardFigures

_SHOWN = 5
_VERDICTS = {
    "equal": "everything that moved is equal on both sides",
    "as recorded": "everything was restored as the snapshot's record has it",
    "bracketed": "the target has everything up to the source's marks; the source was written to since",
}
_ANSWERS = {
    Answer.STILL_TRUE: "Still true: both domains are as certified",
    Answer.MOVED_ON: "The source has moved on since; the target is as certified",
    Answer.NO_LONGER_TRUE: "No longer true: the target is not as certified",
    Answer.UNKNOWN: "Unknown: not everything could be read again",
}
_CHANGES: dict[Change, str] = {
    "written to": "was written to",
    "gone": "is not there any more",
    "made anew": "was deleted and made anew",
    "closed since": "is closed now, so its documents cannot be counted",
    "not read": "could not be read",
}


def verdict(certificate: Certificate) -> str:
    """What is certified, in a sentence."""
    of = counted(len(certificate.indices), "index", "indices")
    return f"Certificate for {of}, at level {certificate.level}: {_VERDICTS[certificate.verdict]}"


def run(certificate: Certificate) -> str:
    """Which run it is about, and when it was verified."""
    of = certificate.run
    back = ", back to the plan's source" if of.back else ""
    return (
        f"{of.verb.label} {of.id} of plan {of.plan}{back}: begun {clock(of.started)}, "
        f"verified {clock(certificate.verified)}"
    )


def told(of: CertifiedRun) -> Iterator[tuple[str, str]]:
    """What else is to be known about the run: what, and what of it."""
    if of.window:
        opened = f", open from {clock(of.window.ended)}" if of.window.ended else ""
        yield "Window", f"no writes on the source from {clock(of.window.frozen)}{opened}"
    for each in of.approvals:
        yield "Approved", f"{each.gate} by {each.by} at {clock(each.at)}"
    if of.consents:
        yield "Consents", ", ".join(of.consents)
    if of.deleted:
        yield "Deleted on the target", listed(of.deleted, _SHOWN)
    if of.repaired:
        yield "Repaired", f"{counted(of.repaired, 'document', 'documents')} on the target"


def maker(certificate: Certificate) -> str:
    """Who made it."""
    made = certificate.maker
    return f"Made by {made.by} with {made.tool} at {clock(made.at)}"


def signature(found: CertificateCheck) -> str:
    """Whose signature it is."""
    if found.trusted:
        return f"Signed by the trusted key {found.key}"
    return f"Signed by key {found.key}, which is not known to be trusted: compare it, or give --public-key"


def journal(found: CertificateCheck) -> str:
    """What the journal is to it; empty if none was checked."""
    if found.journal == "not checked":
        return ""
    detail = f"; {found.journal_detail}" if found.journal_detail else ""
    said = {
        "as certified": "the one certified, to the byte",
        "gone on since": "the one certified, and has gone on since",
        "not the one certified": "not the one certified",
    }
    return f"Journal: {said[found.journal]}{detail}"


def answer(record: AgainstRecord) -> str:
    """The answer of both domains."""
    read = counted(record.indices, "index", "indices")
    return f"{_ANSWERS[record.answer]} ({read} read again)"


def changed(index: ChangedIndex) -> str:
    """What has become of one index on one side."""
    said = f"{index.side}: {index.name} {_CHANGES[index.change]}"
    if index.why:
        said += f": {index.why}"
    if index.then and index.now:
        said += f": {_figures(index.then)} then, {_figures(index.now)} now"
    return said


def _figures(shards: ShardFigures) -> str:
    last = "" if shards.last is None else f" up to operation {shards.last}"
    return f"{number(shards.documents)} documents{last}"


def conclusion(found: CertificateCheck) -> str:
    """What the check comes to."""
    if found.valid:
        return "Valid"
    if found.journal == "not the one certified":
        return "Not valid: the journal is not the one that was certified"
    if found.against and found.against.answer is not Answer.STILL_TRUE:
        return _ANSWERS[found.against.answer]
    return "Not changed since it was signed, but by whom is not known"
