"""The domain status that the control plane reports, changed while the lab is up."""

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
    """Override `DescribeDomain` from now on: `told` over moto's own values, and these parts of
    `ClusterConfig` (None removes a part). Does nothing if there is no such domain."""
    found = moto_domain(domain, region)
    if found is None:
        return
    if told is not None:
        _tell(found, dict(told))
    config = {**found.cluster_config, **(cluster or {})}
    found.cluster_config = {name: value for name, value in config.items() if value is not None}


def moto_domain(domain: str, region: str) -> Any:
    """Moto's own domain; None if there is no such domain."""
    from moto.opensearch.models import opensearch_backends

    return opensearch_backends[ACCOUNT][region].domains.get(domain)


def _tell(found: Any, told: dict[str, Any]) -> None:
    """Override the result of moto's own method."""
    plain, configured = type(found).to_dict, type(found).to_config_dict

    def to_dict() -> dict[str, Any]:
        return plain(found) | pausing.shown(found) | told

    def to_config_dict() -> dict[str, Any]:
        return configured(found) | pausing.configured(found)

    found.to_dict, found.to_config_dict = to_dict, to_config_dict
