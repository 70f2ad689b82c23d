"""Sign requests with Signature Version 4 (service `es`), by requests-aws4auth.

AWS4Auth stores credentials and signing key on itself, so an instance shared by threads could send one
caller's key with another's token: each thread gets its own. The credentials object is shared and live, so
refreshed credentials are picked up.
"""

import threading

from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from requests import PreparedRequest
from requests.auth import AuthBase
from requests_aws4auth import AWS4Auth  # pyright: ignore[reportMissingTypeStubs]

from domains.errors import AwsError


class PerThreadSigner(AuthBase):
    """Sign each request with the credentials that are valid at that moment. Thread-safe.

    Args:
        credentials: botocore's live credentials (refreshable ones refresh themselves).
        region: the domain's Region, for example `us-east-1`.
        service: the signing name.

    Raises, while signing:
        AwsError: the credentials have expired and could not be refreshed.
    """

    def __init__(self, credentials: Credentials, region: str, service: str = "es") -> None:
        self._credentials = credentials
        self._region = region
        self._service = service
        self._own = threading.local()

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        try:
            signer: AuthBase | None = getattr(self._own, "signer", None)
            if signer is None:
                signer = self._own.signer = self._new_signer()
            return signer(r)
        except (AwsError, BotoCoreError, ClientError, RuntimeError) as error:  # RuntimeError: still expired
            raise AwsError(
                f"could not refresh the AWS credentials: {error}",
                "log in again and run the same command again",
            ) from None

    def _new_signer(self) -> AuthBase:
        return AWS4Auth(refreshable_credentials=self._credentials, region=self._region, service=self._service)

    def __repr__(self) -> str:
        return f"<sigv4 {self._service} {self._region}>"
