"""A run that has moved one index and verified it, for certificates; and keys to sign them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runs.journal import GateEntry, Journal, now
from runs.run_status import RunStatus
from runs.state import State
from runs.verbs import Verb
from tasks.records.verification import Figures, Limit, ShardFigures, Verdict, VerificationRecord

from .building import a_plan, a_resolution, a_snapshot, a_unit
from .rounds import keep

EQUAL = ShardFigures(documents=3, sum=30, last=12)


def a_verdict(name: str = "orders", **changes: Any) -> Verdict:
    """An equal index with its figures."""
    values: dict[str, Any] = {
        "outcome": "equal",
        "source_count": 3,
        "target_count": 3,
        "shards": 1,
        "figures": Figures(
            kind="operations",
            source=(EQUAL,),
            target=(EQUAL,),
            source_uuid=f"{name}-on-source",
            target_uuid=f"{name}-on-target",
        ),
        **changes,
    }
    return Verdict(source=name, target=name, **values)


def a_verified_run(
    folder: Path, verdicts: Sequence[Verdict] | None = None, status: RunStatus = RunStatus.DONE
) -> Journal:
    """The journal of a migration that has ended, with a gate that was approved."""
    plan = a_plan()
    journal = State(folder, plan.name).begin(plan, Verb.MIGRATE)
    keep(journal, "resolve", a_resolution(a_unit("orders")))
    keep(journal, "snapshot", a_snapshot())
    with journal.intend("restore", "target", "restore", {"targets": ["orders"]}):
        pass
    at = now()
    journal.document.gates["before-restore"] = GateEntry(since=at, until=at, approved=at, by="ann@desk")
    verified = VerificationRecord(
        level="operations",
        verdicts=tuple(verdicts or [a_verdict()]),
        skipped=(),
        at=at,
        limits=(Limit.OTHER_WRITERS, Limit.NOT_CONTENT),
    )
    keep(journal, "verify", verified)
    journal.settle(status)
    return journal


def a_key(folder: Path, name: str = "key", passphrase: bytes | None = None) -> tuple[Path, Path]:
    """A new Ed25519 key: the files of its private and its public half."""
    made = Ed25519PrivateKey.generate()
    encrypted = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    pem = serialization.Encoding.PEM
    private.write_bytes(made.private_bytes(pem, serialization.PrivateFormat.PKCS8, encrypted))
    public.write_bytes(made.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


def by_openssl(folder: Path, *arguments: str) -> tuple[Path, Path]:
    """A key as docs/certificate.md has it made: `openssl genpkey …`, then its public half."""
    private, public = folder / "made.pem", folder / "made.pub"
    subprocess.run(["openssl", "genpkey", *arguments, "-out", str(private)], check=True, capture_output=True)
    extract = ["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)]
    subprocess.run(extract, check=True, capture_output=True)
    return private, public
