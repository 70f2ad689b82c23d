"""Check a certificate without any domain: its file, its key, and the journal that it was made from."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from flows.certificates.envelope import opened
from flows.certificates.keys import public_key_of
from reports.model.certificate import CertificateCheck, JournalState, Statement
from runs.journal import examined
from tasks.records.certificates import AgainstRecord, Answer

_SHOWN = 6


@dataclass(frozen=True)
class JournalCheck:
    """What a journal is to a certificate, and what is wrong with it or was added to it."""

    state: JournalState = "not checked"
    detail: str = ""


def check(content: bytes, trusted: Path | None, journal: bytes | None) -> CertificateCheck:
    """Check a certificate offline.

    Args:
        content: of its file.
        trusted: the public key that is trusted to sign it. Without one, it is not known who has.
        journal: of the run, if that is to be checked, too.

    Raises:
        VerificationFailed: it is not as it was made.
        PreconditionError: the public key cannot be read.
    """
    found = opened(content)
    is_trusted = trusted is not None and public_key_of(trusted).keyid == found.key.keyid
    of_journal = JournalCheck() if journal is None else journal_check(found.statement, journal)
    return CertificateCheck(
        valid=is_trusted and of_journal.state != "not the one certified",
        key=found.key.keyid,
        trusted=is_trusted,
        journal=of_journal.state,
        journal_detail=of_journal.detail,
        against=None,
        statement=found.statement,
    )


def with_domains(found: CertificateCheck, against: AgainstRecord) -> CertificateCheck:
    """The check, with both domains read again: only what is still true is valid."""
    holds = found.valid and against.answer is Answer.STILL_TRUE
    return found.model_copy(update={"valid": holds, "against": against})


def journal_check(statement: Statement, content: bytes) -> JournalCheck:
    """Whether a journal is the one that was certified, or has gone on from it. Pure."""
    known = statement.predicate.journal
    if hashlib.sha256(content).hexdigest() == known.sha256:
        return JournalCheck("as certified")
    now = examined(content)
    if now.problem:
        return JournalCheck("not the one certified", now.problem)
    if now.head_at(known.entries) != known.head:
        return JournalCheck(
            "not the one certified",
            "its chain does not lead to the certified head: it is another one, or an older copy",
        )
    later = now.names_after(known.entries)
    names = ", ".join(later[:_SHOWN]) + (", …" if len(later) > _SHOWN else "")
    return JournalCheck("gone on since", f"written since then: {names or 'counters only'}")
