"""What the control plane tells of a domain that changes while the lab is up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.account import pausing
from lab.settings import ACCOUNT

AT_REST: Mapping[str, Any] = {"Processing": False, "DomainProcessingStatus": "Active"}


def show(
    domain: str,
    region: str,
    *,
    told: Mapping[str, Any] | None = None,
    cluster: Mapping[str, Any] | None = None,
) -> None:
    """Let `DescribeDomain` say so from now on: `told` in place of what moto tells, or does not have; and
    these parts of `ClusterConfig` (None takes a part away). Does nothing where there is no such domain."""
    found = known(domain, region)
    if found is None:
        return
    if told is not None:
        _tell(found, dict(told))
    config = {**found.cluster_config, **(cluster or {})}
    found.cluster_config = {name: value for name, value in config.items() if value is not None}


def known(domain: str, region: str) -> Any:
    """Moto's own domain, None where there is no such domain."""
    from moto.opensearch.models import opensearch_backends

    return opensearch_backends[ACCOUNT][region].domains.get(domain)


def _tell(found: Any, told: dict[str, Any]) -> None:
    """Lay it over what moto's own method returns."""
    plain, configured = type(found).to_dict, type(found).to_config_dict

    def to_dict() -> dict[str, Any]:
        return plain(found) | pausing.shown(found) | told

    def to_config_dict() -> dict[str, Any]:
        return configured(found) | pausing.configured(found)

    found.to_dict, found.to_config_dict = to_dict, to_config_dict
