"""How a flow ends: an expected error is a state with a name and one line; callers get the error itself."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from support.building import a_plan

from domains.errors import DomainError, SnapferryError, Unreachable
from flows.sessions.options import RunOptions
from runs.errors import Busy, PlanChanged, StateUnreachable, StateUnusable
from runs.progress import Progress, report_progress
from tasks.errors import ExecutionError, PreconditionError, TimedOut, VerificationFailed

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect_server")]
NAMES = {
    "Refused": (PreconditionError("x"), PlanChanged("x")),
    "Failed": (ExecutionError("x"), StateUnusable("x"), DomainError("source: GET /", "x")),
    "Different": (VerificationFailed("x"),),
    "Interrupted": (TimedOut("x"), StateUnreachable("x"), Unreachable("source: GET /", "x")),
    "Busy": (Busy("x"),),
}


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Prefect logs, as a worker shows it: tracebacks included."""
    shown: list[str] = []

    class Shown(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shown.append(self.format(record))

    handler = Shown()
    for name in ("prefect.flow_runs", "prefect.task_runs", "prefect.engine"):
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "level", logging.INFO)
        monkeypatch.setattr(logger, "handlers", [handler])
        monkeypatch.setattr(logger, "propagate", False)
        logger._cache.clear()  # type: ignore[attr-defined]
    return shown


@pytest.mark.parametrize("name", NAMES)
def test_the_state_is_named_after_what_happened(name: str) -> None:
    from flows.prefect_runtime.deployed_flow import state_name

    assert {state_name(error) for error in NAMES[name]} == {name}


def refusing(tmp_path: Path, error: Exception) -> Any:
    from flows.prefect_runtime.deployed_flow import deployed_flow
    from flows.prefect_runtime.flow_runs import in_flow_run

    @deployed_flow("refusing")
    def refusing(plan: Any) -> str:
        with in_flow_run(a_plan(), RunOptions(state=tmp_path)):
            report_progress(Progress("gate", "waiting for approval", waiting=True, detail="say yes"))
            report_progress(Progress("gate", "waiting for approval", waiting=True, detail="say yes"))
            raise error

    return refusing


def test_an_expected_error_is_one_line_and_the_callers_error(tmp_path: Path, lines: list[str]) -> None:
    error = PreconditionError("2 problems", ("a: x", "b: y"), "see `snapferry status PLAN`")
    state = refusing(tmp_path, error)(a_plan(), return_state=True)
    place = f"{tmp_path}/plans/orders/plan.yaml --state {tmp_path}"
    said = f"2 problems; a: x; b: y — see `snapferry status {place}`"
    assert (state.type.value, state.name, state.message) == ("FAILED", "Refused", said)
    with pytest.raises(PreconditionError) as raised:
        refusing(tmp_path, error)(a_plan())
    assert raised.value is error
    assert not any("Traceback" in line for line in lines), lines
    assert lines.count(f"refused: {said}") == 2
    assert lines.count("waiting for approval: say yes") == 2  # once in each run


def test_any_other_error_keeps_its_traceback(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        refusing(tmp_path, ZeroDivisionError("ours"))(a_plan())
    assert any("Traceback" in line and "ZeroDivisionError: ours" in line for line in lines)


def test_an_expected_error_in_a_task_is_no_traceback_either(lines: list[str]) -> None:
    from prefect import flow, task

    from flows.prefect_runtime.log_lines import keep_to_lines

    @task
    def failing() -> None:
        raise ExecutionError("the step failed")

    @flow
    def around() -> None:
        keep_to_lines()
        failing()

    with pytest.raises(SnapferryError):
        around()
    assert any("the step failed" in line for line in lines)
    assert not any("Traceback" in line for line in lines), lines
