"""Options that several verbs share, and how they reach sessions and flows."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

if TYPE_CHECKING:
    from flows.sessions.options import RunOptions
    from tasks.migration import Consents

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="The plan, a YAML file.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
StateFolder = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="FOLDER",
        help="Folder for journals and locks. Default: $SNAPFERRY_STATE, else ~/.local/state/snapferry.",
        show_default=False,
    ),
]
Execute = Annotated[
    bool, typer.Option("--execute", help="Make the changes. Without it, only show what would be done.")
]
NewRun = Annotated[
    bool,
    typer.Option("--new-run", help="Start a new run even if the latest one has finished or is unfinished."),
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


def state_folder(chosen: Path | None) -> Path:
    """The state folder that was chosen, else the default one.

    Raises:
        StateUnusable: there is none: the current folder is gone, or the user has no home.
    """
    from runs.state import default_folder, require_place

    return require_place(chosen or default_folder())


def run_options(folder: Path, consents: "Consents | None" = None, *, new_run: bool = False) -> "RunOptions":
    """What a session takes: the state folder, the consents, and whether to start a new run."""
    from flows.sessions.options import RunOptions
    from tasks.migration import Consents

    return RunOptions(state=folder, consents=consents or Consents(), new_run=new_run)


class FlowParameters(TypedDict):
    """The parameters that every flow takes beside the plan."""

    execute: bool
    consents: "Consents"
    state: str


def flow_parameters(options: "RunOptions") -> FlowParameters:
    """The same as every flow takes it."""
    return {"execute": True, "consents": options.consents, "state": str(options.state)}
