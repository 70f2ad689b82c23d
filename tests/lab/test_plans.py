"""The plans in configs/plans, each carried out on the lab with only addresses, bucket, Regions and roles
changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from identities import Identities, allow, trust_account
from migrations import Desk, documents, engine, log

from lab.description import LabDescription

PLANS = Path(__file__).resolve().parents[2] / "configs" / "plans"
PASSWORD = "hunter2-never-to-be-seen"


def adapted(name: str, lab: LabDescription, changes: dict[str, Any]) -> dict[str, Any]:
    """The example's text with the lab in place of its domains: nothing else is changed."""
    plan = yaml.safe_load((PLANS / f"{name}.yaml").read_text(encoding="utf-8"))
    repository = {"bucket": lab.bucket, "region": lab.bucket_region}
    roles = {name: lab.role_arn for name in plan["repository"] if name.endswith("role_arn")}
    plan["repository"] |= repository | roles
    for side, fields in changes.items():
        plan[side] = {key: value for key, value in (plan[side] | fields).items() if value is not None}
    return plan


def carried_out(desk: Desk, plan: dict[str, Any], *indices: str) -> dict[str, Any]:
    """Runs the plan over these indices, of three documents each, and returns the report."""
    for name in indices:
        for number in range(3):
            engine(desk.lab, "source", "PUT", f"/{name}/_doc/{number}?refresh=true", {"n": number})
    desk.plan_file.write_text(yaml.safe_dump(plan), encoding="utf-8")
    ended = desk.run("migrate", "--execute", "--json")
    assert ended.code == 0, str(ended)
    assert [documents(desk.lab, "target", name) for name in indices] == [3] * len(indices)
    return ended.json


def test_same_region_upgrade(desk: Desk) -> None:
    lab = desk.lab
    # the lab's target door is in another Region; its engine, asked directly, takes any Region's signature
    changes = {
        "source": {"endpoint": lab.source.endpoint, "region": lab.source.region},
        "target": {"endpoint": lab.target.engine_url, "region": lab.source.region},
    }
    report = carried_out(desk, adapted("same-region-upgrade", lab, changes), "orders")
    assert [record["form"] for record in report["repositories"]] == ["region", "region"]


def test_region_move_with_an_assumed_role(desk: Desk, identities: Identities) -> None:
    lab = desk.lab
    role = identities.role(allow("es:ESHttp*"), allow("iam:PassRole", lab.role_arn), trusts=trust_account())
    auth = {"type": "sigv4", "role_arn": role, "external_id": "orders"}
    changes = {
        "source": {"domain": None, "endpoint": lab.source.endpoint, "auth": None},
        "target": {"domain": None, "endpoint": lab.target.endpoint, "auth": auth},
    }
    report = carried_out(desk, adapted("region-move", lab, changes), "orders")
    assert [record["form"] for record in report["repositories"]] == ["region", "endpoint"]
    callers = {entry["caller"] for entry in log(lab, "target")}
    session = f"assumed-role/{role.rpartition('/')[2]}/snapferry"
    assert any(session in caller for caller in callers), callers


def test_change_window(desk: Desk) -> None:
    lab = desk.lab
    changes = {
        "source": {"endpoint": lab.source.endpoint, "region": lab.source.region},
        "target": {"endpoint": lab.target.endpoint, "region": lab.target.region},
    }
    plan = adapted("change-window", lab, changes)
    (query,) = plan["verify"]["queries"]
    assert query.pop("expect") == {"min": 1000}
    query["expect"] = {"min": 1}  # the lab's customers are fewer
    gates = plan["gates"]
    for name in gates:
        gates[name]["file"] = str(desk.folder / name)
    opens = {"events": ["gate-waiting"], "command": ["touch", *(gate["file"] for gate in gates.values())]}
    plan["hooks"] = [opens]  # whoever it is that opens them
    engine(lab, "target", "PUT", "/customers")
    names = ("orders-2024-01", "customers")
    for name in (*names, "orders-tmp-1"):
        engine(lab, "source", "PUT", f"/{name}/_doc/0?refresh=true", {"n": 0})
    desk.plan_file.write_text(yaml.safe_dump(plan), encoding="utf-8")
    ended = desk.run("migrate", "--execute", "--json")
    assert ended.code == 0, str(ended)
    wanted = {"orders-2024-01": 1, "customers-again": 1, "customers": 0}
    assert {name: documents(lab, "target", name) for name in wanted} == wanted
    assert {gate["name"] for gate in ended.json["gates"] if gate["approved"]} == gates.keys()


def test_self_managed_source_through_a_tunnel(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = desk.lab
    monkeypatch.setenv("SEARCH_PASSWORD", PASSWORD)
    door = urlsplit(lab.target.endpoint)
    changes = {
        "source": {"endpoint": lab.source.engine_url, "ca_bundle": None},
        "target": {
            "endpoint": f"http://{lab.target.host}",
            "connect_to": f"{door.hostname}:{door.port}",
        },
    }
    plan = adapted("self-managed-source", lab, changes)
    for name in ("products-1", "reviews", "products-old"):
        engine(lab, "source", "PUT", f"/{name}/_doc/0?refresh=true", {"n": 0})
    engine(lab, "source", "POST", "/products-old/_close?wait_for_active_shards=1")
    report = carried_out(desk, plan, "products-1", "reviews")
    assert {index["source"] for index in report["indices"]} == {"products-1", "products-old", "reviews"}
    for file in desk.folder.rglob("*"):
        if file.is_file():
            assert PASSWORD.encode() not in file.read_bytes(), file
