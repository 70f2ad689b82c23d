"""The plan's `source` and `target` sections: where the domain is, and how to connect to it."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from configs.auth import Auth, SigV4Auth
from configs.base import Conflict, Settings
from configs.values.aws import DOMAIN_PATTERN, REGION_PATTERN, check_domain_name, check_region, region_of_host
from configs.values.endpoints import (
    CONNECT_TO_PATTERN,
    ENDPOINT_PATTERN,
    PLAIN_HTTP,
    Address,
    address_of,
    connect_address,
    leaves_unencrypted,
    normal_connect_to,
    normal_endpoint,
)

RegionText = Annotated[
    str, AfterValidator(check_region), Field(json_schema_extra={"pattern": REGION_PATTERN})
]


def _check_ca_bundle(value: str) -> str:
    if not value.strip():
        raise ValueError("this is empty; give the path of a PEM file or remove the key")
    if value.lstrip().startswith("-----BEGIN"):
        raise ValueError("this is a certificate; save it to a file and give the file's path")
    return value


class DomainSettings(Settings):
    """A domain or self-managed cluster: its `endpoint`, or `domain` to look the endpoint up."""

    endpoint: Annotated[str, AfterValidator(normal_endpoint)] | None = Field(
        default=None,
        title="Endpoint",
        description="URL of the domain, without a path. Give this or `domain`.",
        examples=["https://search-orders-abc.eu-west-1.es.amazonaws.com"],
        json_schema_extra={"pattern": ENDPOINT_PATTERN},
    )
    domain: Annotated[str, AfterValidator(check_domain_name)] | None = Field(
        default=None,
        title="Domain name",
        description="Name of an OpenSearch Service domain; its endpoint is looked up. Needs `region`.",
        examples=["orders"],
        json_schema_extra={"pattern": DOMAIN_PATTERN},
    )
    region: RegionText | None = Field(
        default=None,
        validate_default=True,
        title="Region",
        description="Region of the domain. Optional where the endpoint's host contains it.",
        examples=["eu-west-1"],
    )
    auth: Auth = Field(
        default=SigV4Auth(type="sigv4"),
        title="Authentication",
        description="How requests are authenticated: sigv4 (default), basic or none.",
    )
    connect_to: Annotated[str, AfterValidator(normal_connect_to)] | None = Field(
        default=None,
        title="Connect to",
        description="host:port of a tunnel to connect to; signature, Host and TLS name stay the domain's.",
        examples=["127.0.0.1:9443"],
        json_schema_extra={"pattern": CONNECT_TO_PATTERN},
    )
    ca_bundle: Annotated[str, AfterValidator(_check_ca_bundle)] | None = Field(
        default=None,
        title="CA bundle",
        description="PEM file of the authorities to trust, for a certificate that is not publicly signed.",
        examples=["certs/ca.pem"],
    )

    @field_validator("region", mode="after")
    @classmethod
    def _region_agrees_with_the_host(cls, value: str | None, info: ValidationInfo) -> str | None:
        endpoint: str | None = info.data.get("endpoint")
        named = region_of_host(address_of(endpoint)[0]) if endpoint else None
        if value is not None and named is not None and value != named:
            raise ValueError(f'the endpoint\'s host says "{named}"; write that, or correct the endpoint')
        return value or named

    def disagreements(self) -> Iterator[Conflict]:
        """Yield keys that are missing, redundant or useless."""
        places = (("endpoint",), ("domain",))
        if self.endpoint is None and self.domain is None:
            message = "this key is missing; add endpoint: https://…, or domain: NAME"
            yield Conflict(("endpoint",), message, places)
        if self.endpoint is not None and self.domain is not None:
            yield Conflict(("domain",), "give either endpoint or domain, not both; remove one", places)
        if self.region is None and self.domain is not None:
            message = "this key is missing: the domain is looked up in a Region; add region: CODE"
            yield Conflict(("region",), message, (("region",), *places))
        elif self.region is None and self.is_signed and self.endpoint is not None:
            message = (
                "this key is missing: requests are signed for a Region, and the endpoint does not name it; "
                "add region: CODE, or another auth for a cluster outside AWS"
            )
            yield Conflict(("region",), message, (("region",), ("auth",), *places))
        if self.ca_bundle is not None and self.endpoint is not None and self.endpoint.startswith("http:"):
            message = "an http endpoint has no certificate; remove ca_bundle or write https"
            yield Conflict(("ca_bundle",), message, (("ca_bundle",), ("endpoint",)))

    def refusals(self) -> Iterator[Conflict]:
        """Yield an endpoint to which requests would leave this machine over plain http."""
        if self.endpoint is not None and leaves_unencrypted(self.endpoint, self.connect_to):
            yield Conflict(("endpoint",), PLAIN_HTTP, (("endpoint",), ("connect_to",)))

    @property
    def is_managed(self) -> bool:
        """Whether this is a domain of Amazon OpenSearch Service, judging by its name or host."""
        return self.domain is not None or (self.address is not None and bool(region_of_host(self.address[0])))

    @property
    def is_signed(self) -> bool:
        """Whether requests are signed with AWS credentials."""
        return isinstance(self.auth, SigV4Auth)

    @property
    def address(self) -> Address | None:
        """Host and port of the endpoint; None until it is looked up."""
        return address_of(self.endpoint) if self.endpoint else None

    @property
    def connect_address(self) -> Address | None:
        """Host and port to connect to: the tunnel's, else the endpoint's."""
        return connect_address(self.connect_to) if self.connect_to else self.address
