"""Replication of a whole domain to a peer in another Region.

Sources: AWS API reference, DescribeDomainReplication and AddReplicationPeer.
"""

from dataclasses import dataclass
from typing import Any, Literal

import boto3

from domains.aws.session import call_aws, call_aws_if_exists, control_plane_of
from domains.http.documented import documented_by_aws
from domains.http.json_replies import children

Role = Literal["PRIMARY", "SECONDARY"]
_ROLES: dict[str, Role] = {"PRIMARY": "PRIMARY", "SECONDARY": "SECONDARY"}
_OVER = "DETACHED"


@dataclass(frozen=True)
class Peer:
    """A domain that this one replicates with.

    Args:
        status: such as `ACTIVE`, or `EJECTED` for a former primary that stays read-only.
    """

    arn: str
    status: str


@dataclass(frozen=True)
class Replication:
    """A domain's part in replication; without a role it does not replicate."""

    role: Role | None
    peers: tuple[Peer, ...] = ()

    @property
    def why_read_only(self) -> str:
        """Why the domain refuses writes; empty if replication is no reason to."""
        if self.role == "SECONDARY":
            return f"it is the secondary of {self.peers[0].arn if self.peers else 'another domain'}"
        ejected = next((peer.arn for peer in self.peers if peer.status == "EJECTED"), "")
        return f"a failover to {ejected} has ejected it" if ejected else ""


@documented_by_aws
def replication(session: boto3.Session, name: str) -> Replication:
    """Read the domain's part in replication. Reads only.

    Raises:
        AwsError: the caller may not ask (`es:DescribeDomainReplication`), or the control plane cannot be
            reached.
    """
    client = control_plane_of(session)
    reply = call_aws_if_exists(
        f"read the replication of domain {name}",
        lambda: client.describe_domain_replication(DomainName=name),
        f"es:DescribeDomainReplication on {name}",
    )
    if reply is None:
        return Replication(None)
    peers = [
        Peer(str(each["PeerDomainArn"]), str(each["Status"]))
        for each in children(reply, "Peers")
        if each["Status"] != _OVER
    ]
    told = reply.get("Role")
    return Replication(_ROLES[told] if told else None, tuple(peers))


def try_replication_peer(session: boto3.Session, name: str, peer_arn: str) -> None:
    """Let the service say whether it could replicate the domain to this peer; neither is changed.

    The request is that of a new peer, with `DryRun`.

    Raises:
        AwsError: the caller may not (`es:AddReplicationPeer`), or replication cannot be established.
    """
    client = control_plane_of(session)
    call_aws(
        f"let the service try a replication of domain {name} to {peer_arn}",
        lambda: client.add_replication_peer(**dry_run_request(name, peer_arn)),
        f"es:AddReplicationPeer on {name}",
    )


def dry_run_request(name: str, peer_arn: str) -> dict[str, Any]:
    """The parameters of `AddReplicationPeer` that `try_replication_peer` sends."""
    return {"DomainName": name, "PeerDomainArn": peer_arn, "DryRun": True}
