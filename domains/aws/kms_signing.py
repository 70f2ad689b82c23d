"""Sign with an asymmetric key in AWS KMS. The key never leaves it."""

import logging

import boto3
from securesystemslib.signer import (
    AWSSigner,  # pyright: ignore[reportPrivateImportUsage]
    Signature,  # pyright: ignore[reportPrivateImportUsage]
    SSlibKey,  # pyright: ignore[reportPrivateImportUsage]
)

from domains.aws.kms import region_of
from domains.aws.session import call_aws, client_of
from domains.errors import AwsError
from domains.http.documented import documented_by_aws

logging.getLogger("securesystemslib").setLevel(logging.CRITICAL)  # or its message joins ours


@documented_by_aws
def public_key(session: boto3.Session, named: str) -> bytes:
    """Read the public half of a key, in DER. Reads only.

    Args:
        named: the key's id, ARN or alias (`alias/NAME`).

    Raises:
        AwsError: there is none, the caller may not read it, or KMS cannot be reached.
    """
    kms = call_aws("use KMS", lambda: client_of(session, "kms", region_of(named)))
    right = f"kms:GetPublicKey on {named}"
    reply = call_aws(f"read the public key of {named}", lambda: kms.get_public_key(KeyId=named), right)
    return bytes(reply["PublicKey"])


class KmsSigner(AWSSigner):
    """Signs with a key in KMS: its digest is sent there, never what is signed.

    Args:
        named: the key's id, ARN or alias.
        key: its public half, whose scheme decides how it signs.

    Raises:
        AwsError: KMS does not sign with keys of this kind; or as `public_key`.
    """

    def __init__(self, session: boto3.Session, named: str, key: SSlibKey) -> None:
        algorithm = self.aws_algos.get(key.scheme)
        if algorithm is None:
            raise AwsError(
                f"KMS key {named}: {key.scheme} is not supported",
                "use an RSA key, or an ECC key on P-256 or P-384, whose usage is SIGN_VERIFY",
            )
        self.aws_key_id = named
        self._public_key = key
        self.aws_algo = algorithm
        self.client = call_aws("use KMS", lambda: client_of(session, "kms", region_of(named)))

    def sign(self, payload: bytes) -> Signature:
        """Sign this. Sends one request, which changes nothing."""
        what, right = f"sign with KMS key {self.aws_key_id}", f"kms:Sign on {self.aws_key_id}"
        return call_aws(what, lambda: super(KmsSigner, self).sign(payload), right)
