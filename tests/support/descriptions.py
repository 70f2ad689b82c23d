"""Lab descriptions without a lab."""

from __future__ import annotations

from lab.description import DomainDescription


def described(name: str, engine_url: str = "http://2") -> DomainDescription:
    """The description of a domain with one node."""
    return DomainDescription(
        name=name, region="us-east-1", endpoint="http://1", host="host", engine_url=engine_url,
        request_log="log", engine="opensearch-3.6.0", version="3.6.0", java="j", access_control=False,
        operator={}, nodes=[f"{name}-1"], has_analysis=True, has_data_streams=True,
    )  # fmt: skip
