"""Moto's buckets, whichever account they belong to: bucket names are unique among all accounts."""

from __future__ import annotations

from typing import Any


def moto_bucket(name: str) -> Any:
    """Moto's own bucket; None if there is no such bucket."""
    from moto.s3.models import s3_backends

    if name not in s3_backends.bucket_accounts:
        return None
    partition, account = s3_backends.bucket_accounts[name]
    return s3_backends[account][partition].buckets.get(name)
