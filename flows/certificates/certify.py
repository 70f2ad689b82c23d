"""Certify a finished run: state what its journal proves, and sign it. Sends nothing to the domains."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flows.certificates.envelope import signed
from flows.certificates.keys import (
    Signer,  # pyright: ignore[reportPrivateImportUsage]
    SSlibKey,  # pyright: ignore[reportPrivateImportUsage]
    pem_of,
)
from reports.build.certificate import PlanFile, certifiable_verification, statement_of, uncertain
from reports.model.certificate import CertifiedJournal, Maker, Statement
from runs.journal import Document, Journal, examined
from runs.lifecycle import RunStatus, is_finished, is_removed, is_rolled_back
from runs.state_files import unreadable
from runs.stores.registry import store_of
from runs.verbs import Verb
from tasks import steps
from tasks.errors import PreconditionError
from tasks.records.verification import VerificationRecord

_VERBS = frozenset({Verb.MIGRATE, Verb.CUTOVER, Verb.FALLBACK})
_ANEW = "migrate with this version (--new-run starts another run), then certify that run"


@dataclass(frozen=True)
class Certified:
    """A certificate that was made.

    Args:
        content: of its file.
    """

    statement: Statement
    content: bytes
    key: str


@dataclass(frozen=True)
class Making:
    """How a certificate is made.

    Args:
        by: user and machine.
        tool: name and version.
    """

    signer: Signer
    by: str
    at: datetime
    tool: str


def certify(journal: Journal, how: Making, plan: Path | None = None) -> Certified:
    """Make the certificate of a run that is finished and verified.

    Args:
        plan: the plan's file, if it says what the run began with.

    Raises:
        PreconditionError: the run proves nothing, or its journal cannot be trusted. Says why.
        StateUnusable: the journal cannot be read.
        AwsError: the key is in KMS, which refused or was not reached.
    """
    try:
        content = store_of(journal.path).read(journal.path)
    except OSError as error:
        raise unreadable(journal.path, error) from error
    document = Document.model_validate_json(content)
    verified = _require_verified(document)
    found = examined(content)
    if found.problem:
        raise PreconditionError(
            f"the journal of run {document.run_id} proves nothing: {found.problem}",
            hint=_ANEW if document.chain is None else "find out who has changed it; restore it from a backup",
        )
    resolution = document.recorded(steps.RESOLVE)
    if resolution is None:
        raise PreconditionError(f"the journal of run {document.run_id} lacks what it moved", hint=_ANEW)
    key = how.signer.public_key
    assert isinstance(key, SSlibKey)
    statement = statement_of(
        document,
        resolution,
        verified,
        CertifiedJournal(
            sha256=hashlib.sha256(content).hexdigest(), entries=len(found.links), head=found.head
        ),
        Maker(by=how.by, at=how.at, tool=how.tool, public_key=pem_of(key)),
        PlanFile(plan.name, hashlib.sha256(plan.read_bytes()).hexdigest()) if plan else None,
    )
    return Certified(statement, signed(statement, how.signer), key.keyid)


def _require_verified(document: Document) -> VerificationRecord:
    """The verification that is certified.

    Raises:
        PreconditionError: there is none that proves anything. Says what to do instead.
    """
    what = f"{document.verb.label.lower()} {document.run_id}"
    if document.verb not in _VERBS:
        raise PreconditionError(
            f"{what} leaves nothing that could be certified",
            hint="certify a migration, a cutover or a fallback: --run names it, `snapferry runs` lists them",
        )
    if is_removed(document) or is_rolled_back(document) or not _has_ended(document):
        raise PreconditionError(
            f"{what} is not finished, or was taken back", hint="`snapferry status PLAN` shows what it needs"
        )
    verified = certifiable_verification(document)
    if verified is None:
        raise PreconditionError(
            f"{what} was not proved: its verification found a difference, could not compare something, or "
            "is missing",
            hint="`snapferry report PLAN` shows what differs; `snapferry repair PLAN` may put it right",
        )
    lacking = [each.target for each in uncertain(verified)]
    if lacking:
        raise PreconditionError(
            f"the journal of {what} has no figures of {len(lacking)} indices, such as {lacking[0]}",
            hint=_ANEW,
        )
    return verified


def _has_ended(document: Document) -> bool:
    return is_finished(document) and document.status in {RunStatus.DONE, RunStatus.DIFFERENT}
