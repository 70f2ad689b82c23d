"""`snapferry prefect setup` on a real server: what it makes, corrects, keeps, and never touches."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.errors import PreconditionError
from tasks.records.prefect_setup import SetupChange, SetupKind

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect_server")]
ROOT = Path(__file__).resolve().parents[4]


def set_up(execute: bool = True, **wanted: Any) -> Any:
    from flows.prefect_setup.setup import Wanted
    from flows.prefect_setup.setup import set_up as setting_up

    return setting_up(Wanted("http://me:secret@server/api", **wanted), execute=execute)


def server() -> Any:
    from prefect.client.orchestration import get_client

    return get_client(sync_client=True)


def test_it_shows_makes_keeps_corrects_and_leaves_alone_what_is_not_its_own() -> None:
    shown = set_up(execute=False)
    assert {item.change for item in shown.items} == {SetupChange.CREATE}
    assert shown.server == "http://server/api" and not shown.done
    with server() as client:
        assert not client.read_automations_by_name("Snapferry: a run that has crashed is continued")

    assert len(set_up().changes) == 14
    assert set_up().changes == ()

    with server() as client:
        seed = client.read_deployment_by_name("seed/seed")
        client.update_deployment(seed.id, _update(entrypoint="elsewhere.seed", tags=["snapferry", "mine"]))
        (automation,) = client.read_automations_by_name("Snapferry: a run that is not heard of has crashed")
        client.pause_automation(automation.id)
    corrected = set_up(silence=timedelta(minutes=10))
    assert [(item.kind, item.name, item.differs) for item in corrected.changes] == [
        (SetupKind.DEPLOYMENT, "seed/seed", ("entrypoint",)),
        (
            SetupKind.AUTOMATION,
            "Snapferry: a run that is not heard of has crashed",
            ("description", "trigger", "actions"),
        ),
    ]
    assert "an automation was disabled on the server, and stays so" in corrected.remarks
    with server() as client:
        seed = client.read_deployment_by_name("seed/seed")
        assert (seed.entrypoint, set(seed.tags)) == ("flows.deployed.seed.seed", {"snapferry", "mine"})
        client.update_deployment(seed.id, _update(tags=["theirs"]))
    with pytest.raises(PreconditionError, match="deployment seed/seed is not Snapferry's"):
        set_up()
    with pytest.raises(PreconditionError, match="work pool snapferry is of type process, not docker"):
        set_up(type="docker", values={"image": "x"})
    with pytest.raises(PreconditionError, match="less than three times that"):
        set_up(silence=timedelta(minutes=2))


def _update(**changes: Any) -> Any:
    from prefect.client.schemas.actions import DeploymentUpdate

    return DeploymentUpdate(**changes)


def test_prefects_file_deploys_the_same() -> None:
    from flows.prefect_setup.deployments import deployments

    document = yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text())
    assert document["pull"] == []
    listed = {
        each["name"]: (each["entrypoint"], each.get("parameters", {}), tuple(each["tags"]))
        for each in document["deployments"]
    }
    assert listed == {each.name: (each.entrypoint, each.parameters, each.tags) for each in deployments()}
    assert all(each["enforce_parameter_schema"] for each in document["deployments"])


def test_every_flow_is_deployed_under_its_verb() -> None:
    from flows.prefect_setup.deployments import VERBS

    files = {file.stem for file in (ROOT / "flows" / "deployed").glob("*.py")} - {"__init__"}
    assert files == set(VERBS)
