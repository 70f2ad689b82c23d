"""What flows accept, and what becomes of it: the same options as a command has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.building import a_plan

from flows.parameters import run_options
from flows.sessions.options import RunOptions
from tasks.errors import PreconditionError
from tasks.migration import Consents

FLOWS = {
    "migrate": {"plan", "execute", "consents", "new_run", "state", "saved_plan"},
    "rehearse": {"plan", "execute", "rehearsal", "consents", "state"},
    "seed": {"plan", "execute", "consents", "new_run", "state"},
    "cutover": {"plan", "execute", "consents", "state"},
}


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize("name", FLOWS)
def test_a_deployment_takes_the_parameters_that_it_always_took(name: str) -> None:
    from importlib import import_module

    from prefect.utilities.callables import parameter_schema

    schema: Any = parameter_schema(getattr(import_module(f"flows.{name}"), name).fn).model_dump()
    assert schema["properties"].keys() == FLOWS[name]
    consents = schema["definitions"]["Consents"]
    kinds = {key: value["type"] for key, value in consents["properties"].items()}
    assert kinds == {"allow_delete": "array", "allow_partial": "boolean", "allow_freeze": "boolean"}
    assert consents["additionalProperties"] is False, "a consent that is misspelt is refused by the server"


def test_a_flow_changes_nothing_unless_it_is_told_to_execute(tmp_path: Path) -> None:
    with pytest.raises(PreconditionError, match="execute: true"):
        run_options(a_plan(), False, Consents(allow_freeze=True), str(tmp_path))


def test_the_state_folder_is_the_users_own_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNAPFERRY_STATE", str(tmp_path))
    assert run_options(a_plan(), True, Consents(), None).state == RunOptions().state == tmp_path


@pytest.mark.parametrize("unknown", [{"allow_everything": True}, {"freeze": True}, {"allow_seeds": True}])
def test_a_consent_that_is_not_known_is_refused(unknown: dict[str, bool]) -> None:
    with pytest.raises(ValidationError):
        Consents.model_validate(unknown)
    with pytest.raises(ValidationError):
        RunOptions.model_validate({"consents": unknown})
