"""Keys that sign certificates: files in PEM, and keys in AWS KMS. The key alone decides the algorithm.

Ed25519; ECDSA on P-256, P-384 and P-521; RSA from 2,048 bits, as RSASSA-PSS with SHA-256. A key's id is the
SHA-256 of its public half (SubjectPublicKeyInfo in DER), which any tool can compute.
"""

import hashlib
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from securesystemslib.signer import (
    CryptoSigner,  # pyright: ignore[reportPrivateImportUsage]
    Signer,  # pyright: ignore[reportPrivateImportUsage]
    SSlibKey,  # pyright: ignore[reportPrivateImportUsage]
)

from configs.loading.plain_files import read_file
from domains.known_secrets import remember_secret
from tasks.errors import PreconditionError

__all__ = ["KMS", "SSlibKey", "Signer", "parsed_public_key", "pem_of", "public_key_of", "signer_of"]
KMS = "awskms:"
_LONGEST = 64 * 1024
_SMALLEST_RSA = 2048
_KINDS = "use an Ed25519 key, an ECDSA key on P-256, P-384 or P-521, or an RSA key of at least 2,048 bits"
_PEM = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
_DER = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo


def signer_of(named: str, passphrase: str | None = None) -> Signer:
    """Open a private key.

    Args:
        named: a PEM file; or `awskms:` and the id, ARN or alias of a key in AWS KMS.
        passphrase: of an encrypted file.

    Raises:
        PreconditionError: there is no such key, or it cannot sign certificates.
        AwsError: KMS refused, or was not reached.
    """
    if named.startswith(KMS):
        return _kms_signer(named.removeprefix(KMS))
    if passphrase:
        remember_secret(passphrase)
    content = _content(Path(named))
    try:
        private = serialization.load_pem_private_key(content, passphrase.encode() if passphrase else None)
    except TypeError:
        said = "is encrypted" if passphrase is None else "is not encrypted"
        hint = "name the variable with its passphrase: --passphrase-env" if passphrase is None else ""
        raise PreconditionError(f"{named} {said}", hint=hint or "leave out --passphrase-env") from None
    except (ValueError, UnsupportedAlgorithm):
        said = f"{named} is no private key in PEM that can be read"
        raise PreconditionError(
            said + (", or its passphrase is another one" if passphrase else ""),
            hint="docs/certificate.md shows how to make one",
        ) from None
    return CryptoSigner(private, _known(private.public_key(), named))


def _kms_signer(named: str) -> Signer:
    from domains.aws import kms_signing
    from domains.aws.session import session

    opened = session(None, None)
    public = serialization.load_der_public_key(kms_signing.public_key(opened, named))
    return kms_signing.KmsSigner(opened, named, _known(public, named))


def public_key_of(file: Path) -> SSlibKey:
    """Read a public key, or the public half of a certificate's signer, from a PEM file.

    Raises:
        PreconditionError: it is none.
    """
    return parsed_public_key(_content(file), str(file))


def parsed_public_key(content: bytes, named: str) -> SSlibKey:
    """Read a public key from its PEM.

    Raises:
        PreconditionError: it is none.
    """
    try:
        public = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise PreconditionError(
            f"{named} is no public key in PEM", hint="openssl pkey -in KEY -pubout makes one of a private key"
        ) from None
    return _known(public, named)


def pem_of(key: SSlibKey) -> str:
    """A public key as PEM, whatever its kind."""
    return _public(key).public_bytes(*_PEM).decode()


def _known(public: PublicKeyTypes, named: str) -> SSlibKey:
    """The key with its id, if it is of a kind that signs certificates."""
    is_known = isinstance(public, Ed25519PublicKey | EllipticCurvePublicKey) or (
        isinstance(public, RSAPublicKey) and public.key_size >= _SMALLEST_RSA
    )
    key_id = hashlib.sha256(public.public_bytes(*_DER)).hexdigest()
    try:
        if is_known:
            return SSlibKey.from_crypto(public, key_id)
    except ValueError:
        pass  # a curve that nobody needs
    raise PreconditionError(f"{named}: keys of this kind sign no certificates", hint=_KINDS)


def _public(key: SSlibKey) -> PublicKeyTypes:
    if key.keytype == "ed25519":
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.keyval["public"]))
    return serialization.load_pem_public_key(key.keyval["public"].encode())


def _content(file: Path) -> bytes:
    try:
        return read_file(file, _LONGEST)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise PreconditionError(f"cannot read {file}: {why}", hint="name a key in PEM") from None
