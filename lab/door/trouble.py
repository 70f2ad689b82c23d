"""What keeps a domain from using a repository: things between the service, the role and S3.

Looked at anew for every request that uses the repository, so that what was put right works at once.
"""

from __future__ import annotations

from typing import Literal

from lab.account.directory import Directory
from lab.door import answers
from lab.door.answers import Answer
from lab.door.exchange import Door

Use = Literal["verify", "read", "write"]
"""What the repository is wanted for: being verified (a registration included), read, or written to."""


def found(name: str, settings: dict[str, str], use: Use, door: Door) -> Answer | None:
    """The failure that the service would answer for an S3 repository with these flat settings, or None."""
    real = unreachable_region(settings, door.region, door.directory)
    return answers.wrong_region(name, settings, real) if real is not None else None


def unreachable_region(settings: dict[str, str], region: str, directory: Directory) -> str | None:
    """The bucket's real Region, when the domain in `region` could not reach it by these settings; else None.

    A bucket in another Region is reached by `endpoint: s3.amazonaws.com` in place of `region`, and only so. A
    bucket that does not exist is left to the engine's own error.
    """
    real = directory.bucket_region(settings.get("bucket", ""))
    if real is None or ("endpoint" in settings and "region" not in settings):
        return None
    return real if real != region or settings.get("region", region) != real else None
