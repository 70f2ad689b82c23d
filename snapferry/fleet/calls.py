"""What the verbs of a fleet are called with."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import Call
from snapferry.exit_codes import ExitCode
from snapferry.options import StatePlace

if TYPE_CHECKING:
    from configs.fleet.loading import LoadedFleet
    from runs.fleets.state import FleetState
    from tasks.migration import Consents

FleetFile = Annotated[
    Path, typer.Argument(metavar="FLEET", help="The fleet, a YAML file.", show_default=False)
]
_ABOUT = "Repeatable."


@dataclass(frozen=True, kw_only=True)
class FleetCall(Call):
    """The call of a verb about a fleet."""

    file: FleetFile
    state: StatePlace = None

    @cached_property
    def fleet(self) -> "LoadedFleet":
        """The fleet with its plans; prints every problem and exits with 2 if there is any."""
        from configs.fleet.loading import load_fleet
        from configs.loading.problems import PlanError
        from snapferry.output.console import warn

        try:
            return load_fleet(self.file)
        except PlanError as error:
            warn(str(error))
            raise typer.Exit(ExitCode.INVALID) from None

    @cached_property
    def runs(self) -> "FleetState":
        """The fleet's journals; opened, where the state is in S3."""
        from runs.fleets.state import FleetState
        from runs.place import state_place

        folder = state_place(self.state, None if self.state else self.fleet.state)
        return FleetState(folder, self.fleet.settings.name)


@dataclass(frozen=True, kw_only=True)
class FleetConsents:
    """The consents of a fleet's plans, each for a plan by its name in the fleet."""

    freeze: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-freeze",
            metavar="NAME",
            help=f"Consent to a cutover of this plan making its source refuse writes. {_ABOUT}",
        ),
    ] = None
    delete: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-delete",
            metavar="NAME:INDEX",
            help=f"Consent to this plan deleting this index on its target. {_ABOUT}",
        ),
    ] = None
    partial: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-partial",
            metavar="NAME",
            help=f"Consent to this plan restoring a snapshot with missing shards. {_ABOUT}",
        ),
    ] = None

    @property
    def options(self) -> list[str]:
        """The same as they were given, for whoever resumes the fleet."""
        given = {
            "--allow-freeze": self.freeze,
            "--allow-delete": self.delete,
            "--allow-partial": self.partial,
        }
        return [word for option, names in given.items() for name in names or () for word in (option, name)]

    def by_plan(self, names: Iterable[str]) -> "dict[str, Consents]":
        """The consents of each plan that has any.

        Raises:
            typer.BadParameter: the fleet has no plan of that name.
        """
        from tasks.migration import Consents

        known = list(names)
        deleted = [_plan_and_index(each) for each in self.delete or ()]
        _require_known("--allow-freeze", self.freeze or (), known)
        _require_known("--allow-partial", self.partial or (), known)
        _require_known("--allow-delete", [name for name, _ in deleted], known)
        made = {
            name: Consents(
                allow_delete=tuple(index for plan, index in deleted if plan == name),
                allow_partial=name in (self.partial or ()),
                allow_freeze=name in (self.freeze or ()),
            )
            for name in known
        }
        return {name: consents for name, consents in made.items() if consents != Consents()}


def _plan_and_index(given: str) -> tuple[str, str]:
    name, _, index = given.partition(":")
    if not index:
        raise typer.BadParameter(
            f"{given}: give the plan's name in the fleet, a colon and the index", param_hint="--allow-delete"
        )
    return name, index


def _require_known(option: str, given: Iterable[str], known: list[str]) -> None:
    for name in given:
        if name not in known:
            raise typer.BadParameter(
                f"the fleet has no plan {name}; it has {', '.join(known[:10])}", param_hint=option
            )
