"""The HTTPS certificate of the front doors, and the authority that a client must trust."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """Files (PEM): the authority's certificate, and the servers' key with its chain."""

    authority: Path
    server: Path


def issue(home: Path, *hosts: str) -> Certificate:
    """Create this lab's own authority and a certificate for the loopback addresses and `hosts`."""
    import trustme

    authority = trustme.CA(organization_name="Snapferry lab")
    issued = authority.issue_cert("127.0.0.1", "localhost", *hosts)
    files = Certificate(home / "ca.pem", home / "server.pem")
    authority.cert_pem.write_to_path(files.authority)
    issued.private_key_and_cert_chain_pem.write_to_path(files.server)
    files.server.chmod(0o600)
    return files
