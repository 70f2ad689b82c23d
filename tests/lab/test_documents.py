"""Every command of the tutorial and of the how-tos is executed, in order, and exits as its page says.

`account-move.md` is in test_accounts, where two accounts are; tests/unit/test_shown_commands.py sees that no
page and no command is forgotten, those of the README included.
"""

from __future__ import annotations

from typing import Any

import pytest
import tutorial
import yaml
from identities import client_of
from migrations import Desk, clean_environment, documents, engine
from password_door import PASSWORD, own_cluster
from shown_pages import Plan, at_domains, at_lab, fill, followed
from support.shown_commands import ELSEWHERE, fleets, plans

from lab.description import LabDescription
from lab.filling.load import load

HOW_TO = "docs/how-to"


def test_the_tutorial(desk: Desk) -> None:
    """In one shell, with the session's lab where the reader's would be: `lab up` finds it already up."""
    load(desk.lab, documents=3000)
    home = desk.folder / "home"
    place = home / ".local" / "state" / "snapferry" / "lab"
    place.parent.mkdir(parents=True)
    place.symlink_to(desk.lab.home)
    environment = clean_environment() | {"HOME": str(home)}
    environment.pop("XDG_STATE_HOME", None)
    printed = tutorial.shell("docs/tutorial.md", desk.folder, environment, ELSEWHERE)
    assert tutorial.missing("docs/tutorial.md", printed) == []


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A user at a lab with two indices that the how-tos' plans select."""
    fill(desk.lab, "orders-2026", "customers")
    return desk


def moved(lab: LabDescription, *names: str) -> bool:
    """Whether the target holds the documents of `fill`."""
    return [documents(lab, "target", name) for name in names] == [3] * len(names)


def test_version_upgrade(shop: Desk) -> None:
    lab = shop.lab
    engine(lab, "source", "PUT", "/_index_template/orders", {"index_patterns": ["orders-*"], "template": {}})
    followed(shop, f"{HOW_TO}/version-upgrade.md", lambda plan: at_lab(lab, plan))
    assert moved(lab, "orders-2026", "customers")
    assert engine(lab, "target", "GET", "/_index_template/orders")["index_templates"]


def test_region_move(shop: Desk) -> None:
    lab = shop.lab
    ended = followed(shop, f"{HOW_TO}/region-move.md", lambda plan: at_domains(lab, plan))
    assert moved(lab, "orders-2026", "customers")
    assert "<html" in ended[-1].out
    (shown,) = plans(f"{HOW_TO}/region-move.md").values()
    forget(lab, shown["repository"])


def forget(lab: LabDescription, repository: dict[str, Any]) -> None:
    """Takes away the bucket and the role that the page has made, for others to make them anew."""
    s3 = client_of(lab, "s3", lab.bucket_region)
    for each in s3.list_objects_v2(Bucket=repository["bucket"]).get("Contents", []):
        s3.delete_object(Bucket=repository["bucket"], Key=each["Key"])
    s3.delete_bucket(Bucket=repository["bucket"])
    iam, name = client_of(lab, "iam", "us-east-1"), repository["role_arn"].rpartition("/")[2]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def test_rehearsal(shop: Desk) -> None:
    lab = shop.lab
    ended = followed(shop, f"{HOW_TO}/rehearsal.md", lambda plan: at_lab(lab, plan))
    assert "Seed rounds" in ended[-1].out or "removed" in ended[-1].out
    assert engine(lab, "target", "GET", "/_cat/indices?format=json") == []


def test_self_managed_source(desk: Desk) -> None:
    lab = desk.lab
    fill(lab, "products-1", "reviews", "orders-2026", "customers")
    with own_cluster(lab, "source") as own:

        def mapped(plan: Plan) -> Plan:
            there = at_lab(lab, plan)
            if "endpoint" in plan["source"]:
                there["source"] = {"endpoint": own.endpoint, "auth": plan["source"]["auth"]}
            else:
                take(lab, plan)
            return there

        followed(desk, f"{HOW_TO}/self-managed-source.md", mapped, {"SEARCH_PASSWORD": PASSWORD})
    assert moved(lab, "products-1", "reviews", "orders-2026", "customers")


def take(lab: LabDescription, plan: Plan) -> None:
    """The snapshot that the plan names, taken by somebody before."""
    settings = {
        "bucket": lab.bucket,
        "base_path": plan["repository"]["base_path"],
        "region": lab.bucket_region,
    }
    engine(lab, "source", "PUT", "/_snapshot/theirs", {"type": "s3", "settings": settings})
    wanted = {"indices": "orders-2026,customers", "include_global_state": False}
    name = plan["source"]["snapshot"]
    engine(lab, "source", "PUT", f"/_snapshot/theirs/{name}?wait_for_completion=true", wanted)
    engine(lab, "source", "DELETE", "/_snapshot/theirs")


def test_a_window_of_seconds_and_the_way_back(shop: Desk) -> None:
    """One page begins where the other has ended, as it does for its reader."""
    lab = shop.lab
    seen = followed(shop, f"{HOW_TO}/window-of-seconds.md", lambda plan: at_lab(lab, plan))
    assert "done, verified and open" in seen[-1].out
    engine(lab, "target", "PUT", "/customers/_doc/later?refresh=true", {"n": 4})
    back = followed(shop, f"{HOW_TO}/way-back.md", lambda plan: at_lab(lab, plan))
    assert any("Falling back: would lose nothing" in each.out for each in back)
    assert documents(lab, "source", "customers") == 4


def test_a_fleet(shop: Desk) -> None:
    """The page shows one of the plans; the pause and the calendar are left out."""
    page, lab = f"{HOW_TO}/fleet.md", shop.lab
    ((_, orders),) = plans(page).items()
    customers = orders | {"name": "customers", "indices": {"include": ["customers"]}}
    customers["repository"] = orders["repository"] | {"name": "customers", "base_path": "customers"}
    (shop.folder / "customers.yaml").write_text(yaml.safe_dump(at_lab(lab, customers)), encoding="utf-8")
    shown = fleets(page)["december-weekend.yaml"]
    waves = [wave | {"pause": "0s"} for wave in shown["waves"]]
    kept = {key: value for key, value in shown.items() if key != "blackouts"} | {"waves": waves}
    (shop.folder / "december-weekend.yaml").write_text(yaml.safe_dump(kept), encoding="utf-8")
    ended = followed(shop, page, lambda plan: at_lab(lab, plan))
    assert "2 of 2 plans done" in ended[-2].out
    assert "<html" in ended[-1].out
    assert moved(lab, "orders-2026", "customers")
