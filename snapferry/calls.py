"""What a verb is called with: its plan, and the options that most verbs share."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from snapferry.options import AsJson, Execute, MetricsAddress, PlanFile, StatePlace

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import RenderableType

    from configs.plan import Plan

    Record = TypeVar("Record", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Call:
    """The call of a verb that prints a result."""

    as_json: AsJson = False

    def show(
        self,
        record: "Record",
        view: "Callable[[Record], RenderableType]",
        document: "Callable[[Record], BaseModel | dict[str, Any]] | None" = None,
        *,
        to_run: str = "",
    ) -> None:
        """Print a record: as JSON with `--json`, else as this view of it.

        Args:
            document: what the JSON shows; the record as it is without it.
            to_run: the next command, for the JSON; people are told it in a line of its own.
        """
        from configs.values.visible import visible_values
        from snapferry.output.console import show, show_json

        if self.as_json:
            shown = document(record) if document else record
            if to_run:
                shown = shown if isinstance(shown, dict) else shown.model_dump(mode="json")
                shown = {**shown, "next": to_run}
            show_json(shown if isinstance(shown, dict) else shown.model_dump_json(indent=2))
        else:
            show(view(visible_values(record)))


@dataclass(frozen=True, kw_only=True)
class PlanCall(Call):
    """The call of a verb that takes a plan."""

    file: PlanFile

    def load(self) -> "Plan":
        """Load the plan; print every problem and exit with 2 if there is any."""
        from snapferry.plan_files import load

        return load(self.file)


@dataclass(frozen=True, kw_only=True)
class RunCall(PlanCall):
    """The call of a verb that reads or writes the runs of a plan."""

    state: StatePlace = None

    @cached_property
    def folder(self) -> Path:
        """The state folder; opened, where the state is in S3."""
        from runs.place import state_place
        from snapferry.plan_files import state_in

        return state_place(self.state, None if self.state else state_in(self.file))


@dataclass(frozen=True, kw_only=True)
class ExecutableCall(RunCall):
    """The call of a verb that changes domains with `--execute`, and without it shows what it would do."""

    execute: Execute = False


@dataclass(frozen=True, kw_only=True)
class RunningCall(ExecutableCall):
    """The call of a verb that runs steps: while it works, it can serve metrics and send spans."""

    metrics: MetricsAddress = None

    @contextmanager
    def around(self) -> Generator[None]:
        """What lasts from before the verb begins until the command ends: metrics, and spans.

        Raises:
            typer.BadParameter: the metrics cannot be served.
        """
        from snapferry.tracing.configured import is_configured, traced

        if self.metrics is not None and not self.execute:
            raise typer.BadParameter("it needs --execute: without it there is no run", param_hint="--metrics")
        is_traced = self.execute and is_configured()
        if self.metrics is None and not is_traced:
            yield
            return
        from flows.previews.watched import WatchedPlan
        from runs.state import State
        from snapferry.plan_files import name_of

        name = name_of(self.file)
        if name is None:  # the verb says what is wrong with the plan
            yield
            return
        runs = State(self.folder, name)
        with ExitStack() as stack:
            if self.metrics is not None:
                from snapferry.watching.metrics_server import metrics_served

                stack.enter_context(metrics_served(self.metrics, [WatchedPlan(runs)]))
            if is_traced:
                stack.enter_context(traced(WatchedPlan(runs)))
            yield
