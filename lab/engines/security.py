"""Fine-grained access control on a node: the security plugin's certificates, users, roles and mappings.

The plugin trusts the front door (proxy authentication from this machine) to name the caller, and decides by
the mappings that a domain's owner creates by following the guide.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from lab.door.access_control import OPERATOR
from lab.engines.artifacts import SECURITY_PLUGIN
from lab.engines.engine_files import EngineTree

NODE_NAME = "lab-node"
ROLE = "snapferry"
WINDOW_ROLE = "snapferry-window"
FOLDER = SECURITY_PLUGIN

Side = Literal["source", "target"]


@dataclass(frozen=True)
class Certificates:
    """The certificates (PEM) by which the nodes of one cluster trust each other."""

    authority: bytes
    certificate: bytes
    key: bytes


def certificates() -> Certificates:
    """Create an authority and one certificate that all nodes of a cluster share."""
    import trustme
    from cryptography.hazmat.primitives import serialization

    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", common_name=NODE_NAME)
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    return Certificates(authority.cert_pem.bytes(), chain, key)


def node_settings() -> dict[str, object]:
    """The lines of the node's configuration file about access control."""
    transport = "plugins.security.ssl.transport"
    return {
        f"{transport}.pemcert_filepath": "node.pem",
        f"{transport}.pemkey_filepath": "node.key",
        f"{transport}.pemtrustedcas_filepath": "authority.pem",
        f"{transport}.enforce_hostname_verification": "false",
        "plugins.security.ssl.http.enabled": "false",
        "plugins.security.allow_default_init_securityindex": "true",
        "plugins.security.nodes_dn": f"['CN={NODE_NAME}*', '*CN={NODE_NAME}*']",
        "plugins.security.restapi.roles_enabled": "['all_access', 'security_rest_api_access']",
        "plugins.security.system_indices.enabled": "true",
        "plugins.security.enable_snapshot_restore_privilege": "true",
        "plugins.security.check_snapshot_restore_write_privileges": "true",
        "plugins.security.audit.type": "noop",
    }


def write(config: Path, tree: EngineTree, trusted: Certificates, side: Side, account: str) -> None:
    """Write the certificates and the plugin's own configuration to the node's configuration folder.

    `account` owns the domain: its users `master` and `migrator` are mapped.
    """
    for name, content in (
        ("authority.pem", trusted.authority), ("node.pem", trusted.certificate), ("node.key", trusted.key),
    ):  # fmt: skip
        (config / name).write_bytes(content)
        (config / name).chmod(0o600)
    shutil.copytree(tree.home / "plugins" / FOLDER / "config", config / FOLDER)
    _dump(config / FOLDER / "config.yml", "config", {"config": {"dynamic": _authentication()}})
    _dump(config / FOLDER / "internal_users.yml", "internalusers", {})
    _dump(config / FOLDER / "roles_mapping.yml", "rolesmapping", _mappings(account))
    roles = config / FOLDER / "roles.yml"
    loaded: dict[str, Any] = yaml.safe_load(roles.read_text(encoding="utf-8"))
    own = {ROLE: migrators_role(), WINDOW_ROLE: window_role(side)}
    _dump(roles, "roles", {k: v for k, v in loaded.items() if k != "_meta"} | own)


def _authentication() -> dict[str, Any]:
    proxy = {
        "http_enabled": True, "transport_enabled": False, "order": 0,
        "http_authenticator": {
            "type": "proxy", "challenge": False,
            "config": {"user_header": "x-proxy-user", "roles_header": "x-proxy-roles"},
        },
        "authentication_backend": {"type": "noop"},
    }  # fmt: skip
    xff = {"enabled": True, "internalProxies": r"127\.0\.0\.1"}
    return {"http": {"anonymous_auth_enabled": False, "xff": xff}, "authc": {"proxy_auth_domain": proxy}}


def _mappings(account: str) -> dict[str, Any]:
    """Map the account's master user to everything, and its migrator as the guide says, plus the roles that
    verifying, seeding and a cutover need."""
    master, migrator = (f"arn:aws:iam::{account}:user/{name}" for name in ("master", "migrator"))
    return {
        "all_access": {"reserved": False, "users": [OPERATOR, master]},
        "security_manager": {"reserved": False, "users": [master]},
        "manage_snapshots": {"reserved": False, "users": [migrator]},
        ROLE: {"reserved": False, "users": [migrator]},
        WINDOW_ROLE: {"reserved": False, "users": [migrator]},
    }


def migrators_role() -> dict[str, Any]:
    """The rights of a migration beyond `manage_snapshots` (docs/access.md lists them for users)."""
    return {
        "reserved": False,
        "cluster_permissions": ["cluster_monitor", "cluster_composite_ops_ro"],
        "index_permissions": [
            {
                "index_patterns": ["*"],
                "allowed_actions": [
                    "read",
                    "indices_monitor",
                    "indices:admin/aliases/get",
                    "indices:admin/data_stream/get",
                    "indices:admin/get",
                    "indices:admin/refresh*",
                ],
            }
        ],
    }


def window_role(side: Side) -> dict[str, Any]:
    """The rights of seeding and a cutover beyond those of a migration (docs/access.md lists them for
    users)."""
    blocking = ["indices:admin/block/add*", "indices:admin/settings/update", "indices:admin/flush*"]
    serving = [
        "indices:admin/close*",
        "indices:admin/open",
        "indices:admin/settings/update",
        "indices:admin/aliases",
        "indices:admin/delete",
        "indices:admin/data_stream/delete",
        "indices:admin/block/add*",
        "indices:admin/mapping/put",
        "indices:data/write/bulk*",
        "indices:data/write/index",
        "indices:data/write/delete",
    ]
    actions = blocking if side == "source" else serving
    return {
        "reserved": False,
        "cluster_permissions": [] if side == "source" else ["indices:data/write/bulk"],
        "index_permissions": [{"index_patterns": ["*"], "allowed_actions": actions}],
    }


def _dump(path: Path, kind: str, content: dict[str, Any]) -> None:
    document = {"_meta": {"type": kind, "config_version": 2}, **content}
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
