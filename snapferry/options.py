"""Options that several verbs share, and how they reach sessions and flows."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.options import RunOptions
    from runs.journal import Journal
    from runs.state import State
    from tasks.migration import Consents

RUN_ID = re.compile(r"[\w-]+")
PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="The plan, a YAML file.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
StatePlace = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="PLACE",
        help="Where journals and locks are: a folder, or s3://BUCKET/PREFIX. Default: what the plan says, "
        "else $SNAPFERRY_STATE, else ~/.local/state/snapferry.",
        show_default=False,
    ),
]
Execute = Annotated[
    bool, typer.Option("--execute", help="Make the changes. Without it, only show what would be done.")
]
MetricsAddress = Annotated[
    str | None,
    typer.Option(
        "--metrics",
        metavar="HOST:PORT",
        help="Serve metrics for Prometheus at this address, such as 127.0.0.1:9464, until the command ends.",
        show_default=False,
    ),
]
NewRun = Annotated[
    bool,
    typer.Option("--new-run", help="Start a new run even if the latest one has finished or is unfinished."),
]
ListAll = Annotated[bool, typer.Option("--all", help="List everything, also what is as it should be.")]
RunId = Annotated[
    str | None,
    typer.Option("--run", metavar="ID", help="This run. Default: the latest.", show_default=False),
]
AllowDelete = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-delete",
        metavar="NAME",
        help="Consent to deleting this index or data stream on the target; the plan must name it too. "
        "Repeatable.",
    ),
]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="Consent to restoring a snapshot with missing shards.")
]


@dataclass(frozen=True, kw_only=True)
class ConsentOptions:
    """The consents that most verbs accept."""

    delete: AllowDelete = None
    partial: AllowPartial = False

    def consents(self, *, freeze: bool = False) -> "Consents":
        """The same as the steps take them."""
        from tasks.migration import Consents

        return Consents(
            allow_delete=tuple(self.delete or ()), allow_partial=self.partial, allow_freeze=freeze
        )


@dataclass(frozen=True)
class PerSide:
    """An option that each side has, `--source-WHAT` and `--target-WHAT`, or just `--source` and `--target`.

    Args:
        help: `{side}` in it stands for the side.
    """

    what: str
    metavar: str
    help: str

    def option(self, side: str) -> Any:
        """The option of this side."""
        name = f"--{side}-{self.what}" if self.what else f"--{side}"
        return typer.Option(name, metavar=self.metavar, help=self.help.format(side=side), show_default=False)


def chosen_run(runs: "State", run_id: str | None) -> "Journal | None":
    """The run with this id, else the plan's latest; None if the plan has no run.

    Raises:
        typer.BadParameter: the plan has runs, but none with this id.
        StateUnusable: a journal cannot be read.
    """
    if run_id is None:
        return runs.latest()
    found = runs.run(run_id) if RUN_ID.fullmatch(run_id) else None
    if found is None:
        known = runs.run_ids()
        close = get_close_matches(run_id, known, n=1, cutoff=0.6)
        said = f"did you mean {close[0]}?" if close else "`snapferry runs` lists them"
        raise typer.BadParameter(f"plan {runs.plan_name} has no run {run_id}; {said}", param_hint="--run")
    return found


def state_folder(chosen: str | None, plan: "Plan | None" = None) -> Path:
    """The state that was chosen, else the plan's, else the default folder; opened, where it is in S3.

    Raises:
        StateUnusable: there is none: the current folder is gone, or the user has no home.
        AwsError: it is in S3, and there are no credentials.
    """
    from runs.place import state_place

    return state_place(chosen, plan.state if plan else None)


def run_options(folder: Path, consents: "Consents | None" = None, *, new_run: bool = False) -> "RunOptions":
    """What a session takes: the state folder, the consents, and whether to start a new run."""
    from flows.sessions.options import RunOptions
    from tasks.migration import Consents

    return RunOptions(state=folder, consents=consents or Consents(), new_run=new_run)


class FlowParameters(TypedDict):
    """The parameters that every flow takes."""

    plan: "Plan"
    execute: bool
    consents: "Consents"
    state: str


def flow_parameters(request: "Request") -> FlowParameters:
    """What a command asks for, as every flow takes it."""
    options = request.options
    return {
        "plan": request.plan,
        "execute": True,
        "consents": options.consents,
        "state": request.state.shown,
    }
