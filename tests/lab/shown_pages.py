"""Give the commands of a how-to at the lab, with its plans mapped onto the lab's domains.

A page's plan is carried out as it is shown, but for what the lab has otherwise: the addresses and Regions of
both domains, the bucket with its Region and the roles (unless the page itself makes them), files and webhooks
of gates and hooks, and the least number of documents that a query expects.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from migrations import Desk, Ended, engine
from support import shown_commands
from support.shown_commands import Command

from lab.description import LabDescription

Plan = dict[str, Any]
NO_PLACE = {"endpoint", "domain", "region", "connect_to", "ca_bundle"}
"""What of a side is where it is, and not how it is logged in to."""


def at_lab(lab: LabDescription, plan: Plan) -> Plan:
    """The plan with the lab's domains, and its bucket and role."""
    roles = {key: lab.role_arn for key in plan["repository"] if key.endswith("role_arn")}
    held = {"bucket": lab.bucket, "region": lab.bucket_region, **roles}
    return at_domains(lab, plan) | {"repository": plan["repository"] | held}


def at_domains(lab: LabDescription, plan: Plan) -> Plan:
    """The plan with the lab's domains; the bucket and the roles stay, for a page that makes them."""
    kept = {key: value for key, value in plan.items() if key not in {"gates", "hooks"}}
    for side in ("source", "target"):
        if "snapshot" not in plan[side]:
            login = {key: value for key, value in plan[side].items() if key not in NO_PLACE}
            domain = lab.domain(side)
            kept[side] = login | {"endpoint": domain.endpoint, "region": domain.region}
    for query in kept.get("verify", {}).get("queries", []):
        query["expect"] = {"min": 1}
    return kept


def fill(lab: LabDescription, *names: str) -> None:
    """Indices of three documents each, with room for every copy."""
    for name in names:
        engine(lab, "source", "PUT", f"/{name}", {"settings": {"number_of_replicas": 0}})
        for number in range(3):
            engine(lab, "source", "PUT", f"/{name}/_doc/{number}?refresh=true", {"n": number})


def followed(
    desk: Desk,
    page: str,
    mapped: Callable[[Plan], Plan],
    environment: Mapping[str, str | None] | None = None,
) -> list[Ended]:
    """Gives all commands of a page, in order; each must exit as the page says.

    Args:
        mapped: makes a plan of the page into one for the lab.
    """
    for file, plan in shown_commands.plans(page).items():
        (desk.folder / file).write_text(yaml.safe_dump(mapped(plan), sort_keys=False), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk.folder)
        return [_given(desk, command, environment) for command in shown_commands.commands(page)]


def _given(desk: Desk, command: Command, environment: Mapping[str, str | None] | None) -> Ended:
    program, *words = command.words
    assert program == "snapferry", f"{command.page} shows what only a shell can do: {command.text}"
    file = None
    if ">" in words:
        words, file = words[: words.index(">")], words[words.index(">") + 1]
    ended = desk.command(*words, environment=environment)
    assert ended.code == command.code, f"{command.page}: {shlex.join(command.words)}: {ended}"
    if file:
        Path(file).write_text(ended.out, encoding="utf-8")
    return ended
