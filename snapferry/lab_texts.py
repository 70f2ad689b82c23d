"""How to use a running lab: its addresses, its credentials, and a plan that moves source to target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runs.commands import quoted, quoted_file

if TYPE_CHECKING:
    from lab.description import DomainDescription, LabDescription
    from lab.filling.load import LoadSummary


def plan_text(description: LabDescription) -> str:
    """A plan that moves everything from the lab's source to its target, with the bucket's true Region.

    Between two accounts, each side has its own login and role.
    """
    source, target = description.source, description.target
    trusted = f"\n  ca_bundle: {description.ca_bundle}" if description.ca_bundle else ""
    logins = {
        side: ", profile: " + side if description.has_two_accounts else "" for side in ("source", "target")
    }
    return f"""\
# Written by `snapferry lab up`: moves everything from the lab's source to its target.
name: lab-move
source:
  endpoint: {source.endpoint}
  region: {source.region}{trusted}
  auth: {{type: sigv4{logins["source"]}}}
target:
  endpoint: {target.endpoint}
  region: {target.region}{trusted}
  auth: {{type: sigv4{logins["target"]}}}
repository:
  name: lab
  bucket: {description.bucket}
  region: {description.bucket_region}
  base_path: lab-move
  role_arn: {description.role_arn}{_target_role(description)}
indices:
  include: ["*"]
  closed: skip
"""


def _target_role(description: LabDescription) -> str:
    """The key of the target's role, which the lab does not make; empty within one account."""
    if not description.has_two_accounts:
        return ""
    name = description.role_arn.rpartition("/")[2]
    return f"""
  # The lab makes neither this role nor the bucket's policy for it: docs/access.md, “Between two accounts”.
  target_role_arn: arn:aws:iam::{description.target.account}:role/{name}"""


def summary(description: LabDescription, plan: Path, loaded: LoadSummary | None) -> str:
    """Describe a running lab, with lines to paste into a shell."""
    from lab.description import environment
    from lab.paths import default_home

    home = Path(description.home)
    home_option = "" if home.resolve() == default_home().resolve() else f" --folder {quoted_file(str(home))}"
    lines = [
        f"The lab is up in {description.home}",
        *(_domain_line(side, description.domain(side)) for side in ("source", "target")),
        f"  S3, IAM, STS, control plane  {description.control_url}",
        f"  bucket  {description.bucket} ({description.bucket_region})",
        f"  role    {description.role_arn}",
        *_accounts(description),
    ]
    if loaded is not None:
        what = f"{loaded.documents:,} documents in {len(loaded.indices)} indices"
        lines.append(f"  data    {what}, {loaded.seconds:.1f} s")
    exports = [f"export {name}={quoted(value)}" for name, value in environment(description).items()]
    after = [
        "",
        f"Stop it with: snapferry lab down{home_option}",
        "Then try:",
        f"next: snapferry check {quoted_file(str(plan))}",
    ]
    return "\n".join(
        [
            *lines,
            "",
            "To use it from this shell, paste:",
            "unset AWS_PROFILE AWS_SESSION_TOKEN",
            *exports,
            *after,
        ]
    )


def _accounts(description: LabDescription) -> list[str]:
    """The accounts and the profiles to log in to them; nothing within one account."""
    if not description.has_two_accounts:
        return []
    sides = ("source", "target")
    return [f"  account {description.domain(side).account}  ({side}'s; profile {side})" for side in sides]


def _domain_line(side: str, domain: DomainDescription) -> str:
    nodes = f", {len(domain.nodes)} nodes" if len(domain.nodes) > 1 else ""
    secured = ", access control" if domain.access_control else ""
    return (
        f"  {side}  {domain.name} in {domain.region}: {domain.engine_title}{nodes}{secured}\n"
        f"          on {domain.java}\n"
        f"          {domain.endpoint}  (log: {domain.request_log})"
    )
