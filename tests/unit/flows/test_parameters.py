"""What flows accept, and what becomes of it: the same options as a command has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.building import a_plan

from flows.parameters import require_begun_window, run_options
from flows.sessions.options import RunOptions
from runs.journal import WindowEntry, now
from runs.state import State
from runs.verbs import Verb
from tasks.errors import PreconditionError
from tasks.migration import Consents

pytestmark = pytest.mark.slow

COMMON = {"plan", "state", "crashes"}
FLOWS = {
    "migrate": {"execute", "consents", "new_run", "saved_plan"},
    "rehearse": {"execute", "rehearsal", "consents"},
    "seed": {"execute", "consents", "new_run"},
    "follow": {"execute", "consents", "until_ready"},
    "cutover": {"execute", "consents"},
    "fallback": {"execute", "consents"},
    "check": {"consents"},
    "verify": {"level"},
    "repair": {"execute"},
    "finish": {"execute", "snapshots", "registrations", "source"},
    "abort": {"execute", "seeds"},
}


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize("name", FLOWS)
def test_a_deployment_takes_the_parameters_that_it_always_took(name: str) -> None:
    from importlib import import_module

    from prefect.utilities.callables import parameter_schema

    schema: Any = parameter_schema(getattr(import_module(f"flows.deployed.{name}"), name).fn).model_dump()
    assert schema["properties"].keys() == FLOWS[name] | COMMON
    text, model = schema["properties"]["plan"]["anyOf"]
    assert text["type"] == "string" and model == {"$ref": "#/definitions/Plan"}
    assert schema["required"] == ["plan"]
    if "consents" not in FLOWS[name]:
        return
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


def test_crashed_runs_are_not_continued_for_ever(tmp_path: Path) -> None:
    run_options(a_plan(), True, Consents(), str(tmp_path), crashes=10)
    with pytest.raises(PreconditionError, match="11 runs in a row have crashed") as refused:
        run_options(a_plan(), True, Consents(), str(tmp_path), crashes=11)
    assert "crashes: 0" in refused.value.hint


def test_a_crash_opens_no_window_but_one_that_is_open_is_gone_on_with(tmp_path: Path) -> None:
    options = RunOptions(state=tmp_path)
    require_begun_window(a_plan(), options, 0)
    with pytest.raises(PreconditionError, match="had not frozen anything"):
        require_begun_window(a_plan(), options, 1)
    journal = State(tmp_path, "orders").begin(a_plan(), Verb.CUTOVER)
    with pytest.raises(PreconditionError, match="had not frozen anything"):
        require_begun_window(a_plan(), options, 1)
    journal.document.window = WindowEntry(frozen=now(), deadline=now())
    journal.save()
    require_begun_window(a_plan(), options, 1)


@pytest.mark.parametrize("unknown", [{"allow_everything": True}, {"freeze": True}, {"allow_seeds": True}])
def test_a_consent_that_is_not_known_is_refused(unknown: dict[str, bool]) -> None:
    with pytest.raises(ValidationError):
        Consents.model_validate(unknown)
    with pytest.raises(ValidationError):
        RunOptions.model_validate({"consents": unknown})
