"""A key in KMS signs: only a digest is sent there, and openssl's public half of it checks the certificate."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from support.aws_account import ServedAccounts
from support.certified import a_verified_run

from domains.errors import AwsError
from flows.certificates.certify import Making, certify
from flows.certificates.check import check
from flows.certificates.keys import signer_of
from runs.journal import now
from tasks.errors import PreconditionError


@pytest.fixture
def kms(served: ServedAccounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of KMS; the environment leads there."""
    accounts = served.as_new(tmp_path)
    for name, value in {**accounts.environment, "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    yield accounts.client("kms")
    served.forget()


@pytest.fixture
def signs_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    """As KMS does: moto takes a digest for a message, and hashes it once more."""
    from moto.kms import utils

    def of_rsa(self: Any, message: bytes, algorithm: str) -> bytes:
        padding, hashed = self._RSAPrivateKey__padding_and_hash_algorithm(algorithm)
        return self.private_key.sign(message, padding, Prehashed(hashed))

    def of_ecc(self: Any, message: bytes, algorithm: str) -> bytes:
        return self.private_key.sign(
            message, ECDSA(Prehashed(self._ECDSAPrivateKey__hash_algorithm(algorithm)))
        )

    monkeypatch.setattr(utils.RSAPrivateKey, "sign", of_rsa)
    monkeypatch.setattr(utils.ECDSAPrivateKey, "sign", of_ecc)


def a_key(kms: Any, spec: str, usage: str = "SIGN_VERIFY") -> str:
    return str(kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"])


@pytest.mark.usefixtures("signs_digests")
@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "RSA_2048"])
def test_a_key_in_kms_signs(kms: Any, tmp_path: Path, spec: str) -> None:
    arn = a_key(kms, spec)
    public = tmp_path / "key.pub"
    loaded = serialization.load_der_public_key(kms.get_public_key(KeyId=arn)["PublicKey"])
    public.write_bytes(
        loaded.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    how = Making(signer_of(f"awskms:{arn}"), "bob@desk", now(), "snapferry 0")
    assert check(certify(a_verified_run(tmp_path), how).content, public, None).valid


def test_a_key_that_signs_something_else_makes_no_certificate(kms: Any, tmp_path: Path) -> None:
    how = Making(signer_of(f"awskms:{a_key(kms, 'ECC_NIST_P256')}"), "bob@desk", now(), "snapferry 0")
    with pytest.raises(PreconditionError, match="signed something else"):
        certify(a_verified_run(tmp_path), how)


def test_a_key_that_is_not_there_or_does_not_sign_is_told(kms: Any, tmp_path: Path) -> None:
    with pytest.raises(AwsError, match="read the public key of alias/none"):
        signer_of("awskms:alias/none")
    with pytest.raises(AwsError, match="not supported"):
        signer_of(f"awskms:{a_key(kms, 'ECC_NIST_P521')}")
