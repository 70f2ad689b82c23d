"""A certificate: an in-toto statement of what was proved. Documented in docs/certificate.md."""

import hashlib
import json
from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from reports.model.base import ReportPart
from runs.verbs import Verb
from tasks.records.certificates import AgainstRecord, CertifiedIndex
from tasks.records.resolution import ClusterRecord, LeftOut, SnapshotOrigin
from tasks.records.verification import Finding, ShardFigures

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:snapferry:certificate:v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Digest(ReportPart):
    """The digest of a subject."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Subject(ReportPart):
    """One thing that the certificate is about."""

    name: str = Field(
        description="`plan:NAME`, `plan-file:FILE`, `source:INDEX/UUID` or `target:INDEX/UUID`."
    )
    digest: Digest = Field(
        description="Of the plan as the run began with it, of the plan's file, or of an index's figures: "
        "of their JSON with sorted keys and without spaces."
    )


class Approval(ReportPart):
    """A gate that somebody approved."""

    gate: str
    at: datetime
    by: str


class CertifiedWindow(ReportPart):
    """The window of a cutover: the time in which the source refused writes."""

    frozen: datetime
    deadline: datetime
    opening: datetime | None = Field(description="When the target started to open.")
    ended: datetime | None = Field(description="When the target took writes.")


class CertifiedSnapshot(ReportPart):
    """The snapshot that the run moved the indices by."""

    repository: str
    name: str
    uuid: str


class CertifiedRun(ReportPart):
    """The run that moved and verified the indices."""

    plan: str
    id: str
    verb: Verb
    started: datetime
    ended: datetime | None
    back: bool = Field(description="Whether it went from the plan's target to its source.")
    consents: list[str] = Field(
        description="Risks that were accepted, as the command that began or last resumed it was given them."
    )
    approvals: list[Approval]
    window: CertifiedWindow | None = Field(description="Of a cutover or a fallback; otherwise null.")
    snapshot: CertifiedSnapshot | None
    deleted: list[str] = Field(description="Names that were deleted on the target, as plan and consent said.")
    repaired: int = Field(description="Documents that `snapferry repair` changed on the target.")


class CertifiedJournal(ReportPart):
    """The journal that the certificate was made from."""

    sha256: str = Field(description="Of its file as it was then.")
    entries: int = Field(description="Links of its chain.")
    head: str = Field(description="The hash over all of these links.")


class Maker(ReportPart):
    """Who made the certificate, with what."""

    by: str = Field(description="User and machine, as the machine says.")
    at: datetime
    tool: str = Field(description="Name and version of what made it.")
    public_key: str = Field(description="The public half of the key that signed it, as PEM.")


Proved = Literal["equal", "as recorded", "bracketed"]


class Certificate(ReportPart):
    """What is certified: the predicate of the statement."""

    verdict: Proved = Field(description="Of all indices together: the weakest of theirs.")
    level: str = Field(description="How closely they were compared.")
    verified: datetime = Field(description="When the comparison ended.")
    limits: list[str] = Field(description="What the verdict does not prove.")
    source: ClusterRecord | None = Field(description="Null where the source was a snapshot.")
    origin: SnapshotOrigin | None = Field(description="The snapshot that was the source.")
    target: ClusterRecord
    indices: list[CertifiedIndex]
    left_out: list[LeftOut] = Field(description="What did not move, and why. Not part of the verdict.")
    findings: list[Finding] = Field(description="Comparisons of the domains as a whole, such as queries.")
    run: CertifiedRun
    journal: CertifiedJournal
    maker: Maker


class Statement(ReportPart):
    """An in-toto statement about a migration."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)
    type: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT_TYPE, alias="_type")
    subject: list[Subject]
    predicateType: Literal["urn:snapferry:certificate:v1"] = PREDICATE_TYPE
    predicate: Certificate

    def payload(self) -> bytes:
        """The statement as it is signed: its one form."""
        return canonical(self.model_dump(mode="json"))


JournalState = Literal["as certified", "gone on since", "not the one certified", "not checked"]


class CertificateCheck(ReportPart):
    """What a check of a certificate has found."""

    valid: bool = Field(description="Whether everything that was checked is as it should be.")
    key: str = Field(description="The SHA-256 of the key that signed it.")
    trusted: bool = Field(description="Whether that is the key that was given as trusted.")
    journal: JournalState
    journal_detail: str = Field(description="What is wrong with the journal, or has been added to it.")
    against: AgainstRecord | None = Field(description="Both domains read again; null if they were not.")
    statement: Statement


def canonical(value: Any) -> bytes:
    """JSON in one form: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(value: Any) -> Digest:
    """The digest of a value's JSON in its one form."""
    return Digest(sha256=hashlib.sha256(canonical(value)).hexdigest())


def index_subjects(indices: list[CertifiedIndex]) -> list[Subject]:
    """A subject for each index on each side, with the digest of its figures."""
    return [
        Subject(name=f"{side}:{name}/{uuid}", digest=digest_of(_told(index.figures.kind, shards)))
        for index in indices
        for side, name, uuid, shards in (
            ("source", index.source, index.figures.source_uuid, index.figures.source),
            ("target", index.target, index.figures.target_uuid, index.figures.target),
        )
        if shards
    ]


def _told(kind: str, shards: tuple[ShardFigures, ...]) -> dict[str, Any]:
    return {"kind": kind, "shards": [each.model_dump(mode="json") for each in shards]}


def certificate_schema() -> dict[str, object]:
    """The JSON Schema of the statement in a certificate's payload."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Statement.model_json_schema(mode="serialization"),
    }
