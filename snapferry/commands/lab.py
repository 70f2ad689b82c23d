"""`snapferry lab`: a local AWS with two real domains, to try things on."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import Call
from snapferry.exit_codes import ExitCode
from snapferry.lab_progress import LabProgress
from snapferry.lab_texts import plan_text, summary
from snapferry.verb import VerbGroup, verb

if TYPE_CHECKING:
    from lab.description import LabDescription
    from lab.filling.load import LoadSummary
    from lab.manager import LabStatus
    from lab.settings import DomainSettings, LabSettings

_FOLDER_HELP = "The lab's folder. Default: ~/.local/state/snapferry/lab."


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a lab is.

    Args:
        home: the same under its former name.
    """

    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="FOLDER", help=_FOLDER_HELP, file_okay=False, show_default=False),
    ] = None
    home: Annotated[Path | None, typer.Option("--home", hidden=True, file_okay=False)] = None

    @property
    def chosen(self) -> Path:
        """The folder that was chosen, else the default one."""
        from lab.paths import default_home

        return self.folder or self.home or default_home()


class Engine(StrEnum):
    """The engines that the lab can run."""

    ELASTICSEARCH_7_10 = "elasticsearch-7.10.2"
    OPENSEARCH_2_19 = "opensearch-2.19.4"
    OPENSEARCH_2_19_WITH_VECTORS = "opensearch-2.19.1"
    OPENSEARCH_3_6 = "opensearch-3.6.0"


ENGINE = Engine.OPENSEARCH_3_6
SECURED = (Engine.OPENSEARCH_2_19, Engine.OPENSEARCH_2_19_WITH_VECTORS)
"""Those with a security plugin."""
_SECURED = " or ".join(SECURED)
_NAMES = ", ".join(Engine)
Source = Annotated[Engine, typer.Option(metavar="ENGINE", help=f"Engine of the source: {_NAMES}.")]
Target = Annotated[Engine, typer.Option(metavar="ENGINE", help="Engine of the target.")]


@contextmanager
def lab_errors() -> Generator[None]:
    """Print an error of the lab and exit with its code; refuse if the lab's packages are missing."""
    _require_extra()
    from lab.errors import LabError

    try:
        yield
    except LabError as error:
        typer.echo(error.message, err=True)
        if error.hint:
            typer.echo(error.hint, err=True)
        raise typer.Exit(ExitCode.FAILED) from error
    except KeyboardInterrupt:
        typer.echo("Interrupted; everything that had been started was stopped.", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _require_extra() -> None:
    from snapferry.installation import how_to_install, missing_packages

    missing = missing_packages().get("lab")
    if missing:
        typer.echo(f"The lab needs packages that are not installed: {', '.join(missing)}.", err=True)
        typer.echo(how_to_install("lab"), err=True)
        raise typer.Exit(ExitCode.FAILED)


def _require_account(number: str | None) -> None:
    from lab.settings import ACCOUNT_ID

    if number is not None and not ACCOUNT_ID.fullmatch(number):
        raise typer.BadParameter("an account has 12 digits: 210987654321", param_hint="--target-account")


@verb(
    "snapferry lab up --documents 20000",
    "snapferry lab up --source elasticsearch-7.10.2 --target opensearch-2.19.4",
    "snapferry lab up --target-account 210987654321",
    errors=lab_errors,
)
def up(
    place: Place,
    documents: Annotated[
        int, typer.Option(min=0, help="How many documents to put into the source, approximately.")
    ] = 120_000,
    small_indices: Annotated[
        int, typer.Option(min=0, help="How many small indices to add to the source.")
    ] = 0,
    no_data: Annotated[bool, typer.Option("--no-data", help="Leave the source empty.")] = False,
    source_region: Annotated[str, typer.Option(metavar="CODE", help="Region of the source.")] = "us-east-1",
    target_region: Annotated[str, typer.Option(metavar="CODE", help="Region of the target.")] = "eu-west-1",
    target_account: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Put the target into another account than the source's 123456789012.",
            show_default=False,
        ),
    ] = None,
    source: Source = ENGINE,
    target: Target = ENGINE,
    access_control: Annotated[
        bool,
        typer.Option(
            "--access-control",
            help=f"Turn on fine-grained access control; it takes {_SECURED}.",
        ),
    ] = False,
    nodes: Annotated[int, typer.Option(min=1, max=3, help="Data nodes of each domain.")] = 1,
    managers: Annotated[int, typer.Option(min=1, max=3, help="Manager-eligible nodes of each domain.")] = 1,
    tls: Annotated[bool, typer.Option("--tls", help="Serve the domains over HTTPS only.")] = False,
    heap: Annotated[
        int | None,
        typer.Option(
            min=256, metavar="MB", help="Heap of each engine. Default: by --documents.", show_default=False
        ),
    ] = None,
) -> None:
    """Start the lab, fill its source, and show how to use it.

    It keeps running until `snapferry lab down`. If it is already up, this only shows how to use it.
    """
    if access_control and not {source, target} & {*SECURED}:
        raise typer.BadParameter(f"needs --source or --target {_SECURED}", param_hint="--access-control")
    from lab.manager import status as read_status
    from lab.manager import up as start
    from lab.settings import heap_for

    _require_account(target_account)
    was_up = read_status(place.chosen).state == "up"
    with LabProgress() as progress:
        domains = (
            domain("orders-source", source_region, source, access_control, nodes, managers),
            domain("orders-target", target_region, target, access_control, nodes, managers, target_account),
        )
        heap_mb = heap or heap_for(0 if no_data else documents)
        description = start(place.chosen, settings(*domains, tls=tls, heap_mb=heap_mb), progress)
        loaded = None if no_data or was_up else _load(description, documents, small_indices, progress)
        if not was_up:
            _take_automated_snapshots(description)
    plan = write_plan(description)
    typer.echo(summary(description, plan, loaded))


@verb("snapferry lab down", errors=lab_errors)
def down(place: Place) -> None:
    """Stop the lab, and whatever a crash has left of it.

    Its logs stay in its folder.
    """
    from lab.manager import down as stop

    stopped = stop(place.chosen)
    typer.echo(f"Stopped: {', '.join(entry.name for entry in stopped)}." if stopped else "No lab was up.")


@verb("snapferry lab status", "snapferry lab status --json", errors=lab_errors)
def status(call: Call, place: Place) -> None:
    """Show whether the lab is up, and where."""
    from lab.manager import status as read_status

    found = read_status(place.chosen)
    if call.as_json:
        typer.echo(json.dumps(_document(place.chosen, found), indent=2))
    elif found.state == "up" and found.description is not None:
        typer.echo(summary(found.description, Path(found.description.home) / "plan.yaml", None))
    else:
        typer.echo(f"The lab in {place.chosen} is {found.state}.")


lab = VerbGroup(
    "lab",
    "Run a local AWS to try things on: domains, S3, IAM, STS.",
    ("snapferry lab up", "snapferry lab down"),
    (up, down, status),
)


def down_quietly(home: Path) -> None:
    """Stop the lab in `home` without printing anything."""
    from lab.manager import down as stop

    stop(home)


def write_plan(description: LabDescription) -> Path:
    """Write `plan.yaml` into the lab's home, ready for `snapferry migrate`, and return its path."""
    path = Path(description.home) / "plan.yaml"
    path.write_text(plan_text(description), encoding="utf-8")
    return path


def _document(home: Path, found: LabStatus) -> dict[str, object]:
    described = asdict(found.description) if found.description else None
    processes = [{"name": entry.name, "pid": entry.pid} for entry in found.processes]
    return {"home": str(home), "state": found.state, "processes": processes, "lab": described}


def domain(
    name: str,
    region: str,
    engine: Engine,
    access_control: bool = False,
    nodes: int = 1,
    managers: int = 1,
    account: str | None = None,
) -> DomainSettings:
    """A domain to start; prints a warning if its engine has no access control.

    Args:
        account: the account that owns it; the lab's usual one if None.
    """
    from lab.engines.artifacts import find_engine
    from lab.settings import ACCOUNT, DomainSettings

    secured = access_control and find_engine(engine).has_access_control
    if access_control and not secured:
        typer.echo(
            f"{name}: {engine.value} has no access control in the lab, so this domain is open.", err=True
        )
    return DomainSettings(name, region, engine.value, secured, nodes, managers, account or ACCOUNT)


def settings(
    source: DomainSettings, target: DomainSettings, *, tls: bool = False, heap_mb: int | None = None
) -> LabSettings:
    """The settings of a lab with these two domains.

    Args:
        heap_mb: of each engine; the usual one if None.
    """
    from lab.settings import HEAP_MB, LabSettings

    return LabSettings(source=source, target=target, tls=tls, heap_mb=heap_mb or HEAP_MB)


def _load(description: LabDescription, documents: int, small: int, progress: LabProgress) -> LoadSummary:
    from lab.filling.load import load

    progress.message(f"Filling the source with about {documents:,} documents")
    try:
        return load(description, documents, small)
    except BaseException:
        # The next `up` would take a half-filled lab for a complete one.
        down_quietly(Path(description.home))
        raise


def _take_automated_snapshots(description: LabDescription) -> None:
    """Take automated snapshots as the service does: one now and one every hour, into cs-automated-enc."""
    from lab.control.switching import switch, take_automated_snapshot

    for side in ("source", "target"):
        switch(description, side, automated_snapshots=True)
        take_automated_snapshot(description, side)
