"""The file of a certificate: a DSSE envelope over an in-toto statement, in one form only.

A file that says the same in another form (other spaces, keys in another order, a key twice) is refused: so
no byte of it can change unnoticed. What is shown is what was signed, and nothing else is in the file.
"""

import binascii
import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, UnverifiedSignatureError

from flows.certificates.keys import (
    Signer,  # pyright: ignore[reportPrivateImportUsage]
    SSlibKey,  # pyright: ignore[reportPrivateImportUsage]
    parsed_public_key,
)
from reports.model.certificate import (
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    Statement,
    canonical,
    index_subjects,
)
from tasks.errors import PreconditionError, VerificationFailed

LONGEST = 128 * 1024 * 1024
"""The most bytes that a certificate may have: one of 10,000 indices needs a tenth of it."""
_HINT = "ask for the file again, from where it was made"


@dataclass(frozen=True)
class Opened:
    """A certificate whose signature holds.

    Args:
        key: the public half of the key that signed it, as the statement has it.
    """

    statement: Statement
    key: SSlibKey


def signed(statement: Statement, signer: Signer) -> bytes:
    """Sign a statement; return the certificate's file.

    Raises:
        AwsError: the key is in KMS, which refused or was not reached.
        PreconditionError: what came back is not the signature of this key.
    """
    envelope = Envelope(statement.payload(), PAYLOAD_TYPE, {})
    signature = envelope.sign(signer)
    try:
        signer.public_key.verify_signature(signature, envelope.pae())
    except UnverifiedSignatureError:
        raise PreconditionError(
            "the key has signed something else than the certificate", hint="try it again, or use another key"
        ) from None
    return _file(envelope)


def opened(content: bytes) -> Opened:
    """Read a certificate, and check it by itself: its form, its signature, and its digests.

    Raises:
        VerificationFailed: something of it is not as it was made; or a later version made it.
    """
    envelope = _envelope(content)
    statement = _statement(envelope.payload)
    key = _signing_key(statement)
    signature = envelope.signatures.get(key.keyid)
    if signature is None:
        raise _changed("it is signed with another key than the one that it names")
    try:
        key.verify_signature(signature, envelope.pae())
    except UnverifiedSignatureError:
        raise _changed("its signature does not hold") from None
    _require_own_digests(statement)
    return Opened(statement, key)


def _file(envelope: Envelope) -> bytes:
    return canonical(envelope.to_dict()) + b"\n"  # pyright: ignore[reportUnknownMemberType]


def _envelope(content: bytes) -> Envelope:
    if len(content) > LONGEST:
        raise VerificationFailed("it is too large for a certificate", _HINT)
    try:
        found: Any = json.loads(content)
        if [each.keys() for each in found["signatures"]] != [{"keyid", "sig"}]:
            raise _changed("it does not have exactly one signature")
        envelope = Envelope.from_dict(found)  # pyright: ignore[reportUnknownMemberType]
        again = _file(envelope)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, FormatError, binascii.Error):
        raise _changed("it is no DSSE envelope") from None
    if again != content:
        raise _changed("it is not written as certificates are")
    if envelope.payload_type != PAYLOAD_TYPE:
        raise _changed(f"its payload is not of type {PAYLOAD_TYPE}")
    return envelope


def _statement(payload: bytes) -> Statement:
    try:
        told: Any = json.loads(payload)
        kind = told.get("predicateType")
        if kind != PREDICATE_TYPE and isinstance(kind, str) and kind.startswith("urn:snapferry:certificate:"):
            raise VerificationFailed(
                f"this version does not know certificates of type {kind}", "use the version that made it"
            )
        statement = Statement.model_validate_json(payload)
        again = statement.payload()
    except (ValueError, AttributeError, RecursionError, ValidationError):
        raise _changed("its payload is no statement of a migration that this version knows") from None
    if again != payload:
        raise _changed("its statement is not written as certificates are")
    return statement


def _signing_key(statement: Statement) -> SSlibKey:
    try:
        return parsed_public_key(statement.predicate.maker.public_key.encode(), "its key")
    except PreconditionError as error:
        raise _changed(error.message) from None


def _require_own_digests(statement: Statement) -> None:
    """Confirm that the statement is about what it shows: each index once, with its own figures."""
    subjects, told = statement.subject, statement.predicate
    plans = [each.name.partition(":")[0] for each in subjects if each.name.startswith("plan")]
    if plans not in (["plan"], ["plan", "plan-file"]) or subjects[0].name != f"plan:{told.run.plan}":
        raise _changed("it does not say which plan it is about")
    if subjects[len(plans) :] != index_subjects(told.indices):
        raise _changed("its digests are not those of the figures that it shows")


def _changed(why: str) -> VerificationFailed:
    return VerificationFailed(f"this is not a certificate as it was made: {why}", _HINT)
