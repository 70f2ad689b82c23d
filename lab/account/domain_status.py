"""The domain status that the control plane reports, changed while the lab is up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.account import pausing
from lab.settings import DomainSettings

AT_REST: Mapping[str, Any] = {"Processing": False, "DomainProcessingStatus": "Active"}


def show(
    domain: DomainSettings,
    *,
    told: Mapping[str, Any] | None = None,
    cluster: Mapping[str, Any] | None = None,
) -> None:
    """Override `DescribeDomain` from now on: `told` over moto's own values, and these parts of
    `ClusterConfig` (None removes a part). Does nothing if there is no such domain."""
    found = of(domain)
    if found is None:
        return
    if told is not None:
        _tell(found, dict(told))
    config = {**found.cluster_config, **(cluster or {})}
    found.cluster_config = {name: value for name, value in config.items() if value is not None}


def of(domain: DomainSettings) -> Any:
    """Moto's own domain; None if there is no such domain."""
    return moto_domain(domain.account, domain.region, domain.name)


def moto_domain(account: str, region: str, name: str) -> Any:
    """Moto's own domain by account, Region and name; None if there is no such domain."""
    from moto.opensearch.models import opensearch_backends

    return opensearch_backends[account][region].domains.get(name)


def _tell(found: Any, told: dict[str, Any]) -> None:
    """Override the result of moto's own method."""
    plain, configured = type(found).to_dict, type(found).to_config_dict

    def to_dict() -> dict[str, Any]:
        return plain(found) | pausing.shown(found) | told

    def to_config_dict() -> dict[str, Any]:
        return configured(found) | pausing.configured(found)

    found.to_dict, found.to_config_dict = to_dict, to_config_dict
