"""What the control plane tells of a domain that changes while the lab is up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.settings import ACCOUNT


def show(
    domain: str, region: str, *, processing: bool | None = None, cluster: Mapping[str, Any] | None = None
) -> None:
    """Let `DescribeDomain` say so from now on: whether a configuration change is under way, and what these
    parts of `ClusterConfig` are (None takes a part away). Does nothing where there is no such domain."""
    from moto.opensearch.models import opensearch_backends

    found = opensearch_backends[ACCOUNT][region].domains.get(domain)
    if found is None:
        return
    if processing is not None:
        found.processing = processing
        _show_status(found, "Modifying" if processing else "Active")
    config = {**found.cluster_config, **(cluster or {})}
    found.cluster_config = {name: value for name, value in config.items() if value is not None}


def _show_status(found: Any, status: str) -> None:
    """Add `DomainProcessingStatus`, which moto does not have."""
    plain = type(found).to_dict

    def to_dict() -> dict[str, Any]:
        return plain(found) | {"DomainProcessingStatus": status}

    found.to_dict = to_dict
