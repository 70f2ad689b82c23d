"""`snapferry lab`: a local AWS of real parts to try everything on."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.exit_codes import ExitCode
from snapferry.lab_progress import Shown
from snapferry.lab_texts import plan_text, summary

if TYPE_CHECKING:
    from lab.description import LabDescription
    from lab.filling.load import LoadSummary
    from lab.manager import LabStatus
    from lab.settings import DomainSettings, LabSettings

app = typer.Typer(
    name="lab",
    no_args_is_help=True,
    help="A local AWS of real parts: two domains, S3, IAM, STS.",
    epilog="Example: snapferry lab up --documents 20000",
)

Home = Annotated[
    Path | None,
    typer.Option(help="The lab's folder (default: ~/.local/state/snapferry/lab).", file_okay=False),
]


class Engine(StrEnum):
    """The engines that the lab has."""

    ELASTICSEARCH_7_10 = "elasticsearch-7.10.2"
    OPENSEARCH_2_19 = "opensearch-2.19.4"
    OPENSEARCH_3_6 = "opensearch-3.6.0"


ENGINE = Engine.OPENSEARCH_3_6
SECURED = Engine.OPENSEARCH_2_19  # the one with a security plugin
_NAMES = ", ".join(Engine)
Source = Annotated[Engine, typer.Option(metavar="ENGINE", help=f"The source's engine: {_NAMES}.")]
Target = Annotated[Engine, typer.Option(metavar="ENGINE", help="The target's engine.")]


@app.command()
def up(
    home: Home = None,
    documents: Annotated[
        int, typer.Option(min=0, help="About how many documents the source gets.")
    ] = 120_000,
    small_indices: Annotated[int, typer.Option(min=0, help="How many small indices it gets beside.")] = 0,
    no_data: Annotated[bool, typer.Option("--no-data", help="Leave the source empty.")] = False,
    source_region: Annotated[str, typer.Option(help="The source domain's Region.")] = "us-east-1",
    target_region: Annotated[str, typer.Option(help="The target domain's Region.")] = "eu-west-1",
    source: Source = ENGINE,
    target: Target = ENGINE,
    access_control: Annotated[
        bool,
        typer.Option(
            "--access-control", help="Fine-grained access control where the engine has it (2.19.4)."
        ),
    ] = False,
    nodes: Annotated[int, typer.Option(min=1, max=3, help="Data nodes of each domain.")] = 1,
    managers: Annotated[int, typer.Option(min=1, max=3, help="Manager-eligible nodes of each domain.")] = 1,
    tls: Annotated[bool, typer.Option("--tls", help="Front doors that speak HTTPS only.")] = False,
) -> None:
    """Start the lab, fill its source, and say how to use it. It stays until `snapferry lab down`.

    Example: snapferry lab up --source elasticsearch-7.10.2 --target opensearch-2.19.4
    """
    if access_control and SECURED not in (source, target):
        raise typer.BadParameter(f"needs --source or --target {SECURED.value}", param_hint="--access-control")
    with explained():
        from lab.manager import status
        from lab.manager import up as start
        from lab.paths import default_home

        place = home or default_home()
        already = status(place).state == "up"
        with Shown() as shown:
            domains = (
                domain("orders-source", source_region, source, access_control, nodes, managers),
                domain("orders-target", target_region, target, access_control, nodes, managers),
            )
            description = start(place, settings(*domains, tls=tls), shown)
            loaded = None if no_data or already else _load(description, documents, small_indices, shown)
            if not already:
                _take_automated_snapshots(description)
        plan = write_plan(description)
        typer.echo(summary(description, plan, loaded))


@app.command()
def down(home: Home = None) -> None:
    """End the lab and everything that a crash may have left of it. Its logs stay in its folder.

    Example: snapferry lab down
    """
    with explained():
        from lab.manager import down as end
        from lab.paths import default_home

        found = end(home or default_home())
        typer.echo(f"Ended: {', '.join(entry.name for entry in found)}." if found else "No lab was up.")


@app.command()
def status(
    home: Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Say whether the lab is up, and where.

    Example: snapferry lab status --json
    """
    with explained():
        from lab.manager import status as look
        from lab.paths import default_home

        place = home or default_home()
        found = look(place)
        if as_json:
            typer.echo(json.dumps(_document(place, found), indent=2))
        elif found.state == "up" and found.description is not None:
            typer.echo(summary(found.description, Path(found.description.home) / "plan.yaml", None))
        else:
            typer.echo(f"The lab in {place} is {found.state}.")


def down_quietly(home: Path) -> None:
    """End the lab in `home` without a word."""
    from lab.manager import down as end

    end(home)


def write_plan(description: LabDescription) -> Path:
    """Write `plan.yaml` into the lab's home, ready for `snapferry migrate`, and return its path."""
    path = Path(description.home) / "plan.yaml"
    path.write_text(plan_text(description), encoding="utf-8")
    return path


def _document(home: Path, found: LabStatus) -> dict[str, object]:
    from dataclasses import asdict

    described = asdict(found.description) if found.description else None
    processes = [{"name": entry.name, "pid": entry.pid} for entry in found.processes]
    return {"home": str(home), "state": found.state, "processes": processes, "lab": described}


def domain(
    name: str, region: str, engine: Engine, access_control: bool = False, nodes: int = 1, managers: int = 1
) -> DomainSettings:
    """A domain to start; access control only where the engine has it, which is said."""
    from lab.engines.artifacts import find_engine
    from lab.settings import DomainSettings

    secured = access_control and find_engine(engine).has_access_control
    if access_control and not secured:
        typer.echo(f"{name}: the lab has no access control for {engine.value}; it is left open.", err=True)
    return DomainSettings(name, region, engine.value, secured, nodes, managers)


def settings(source: DomainSettings, target: DomainSettings, *, tls: bool = False) -> LabSettings:
    """The lab of these two domains."""
    from lab.settings import LabSettings

    return LabSettings(source=source, target=target, tls=tls)


def _load(description: LabDescription, documents: int, small: int, shown: Shown) -> LoadSummary:
    from lab.filling.load import load

    shown.message(f"Filling the source with about {documents:,} documents")
    try:
        return load(description, documents, small)
    except BaseException:
        # A half-filled lab would be taken for a whole one by the next `up`.
        down_quietly(Path(description.home))
        raise


def _take_automated_snapshots(description: LabDescription) -> None:
    """As on the service: one now and every hour into cs-automated-enc, on both domains."""
    from lab.manners.switching import switch, take_automated_snapshot

    for side in ("source", "target"):
        switch(description, side, automated_snapshots=True)
        take_automated_snapshot(description, side)


@contextmanager
def explained() -> Generator[None]:
    """Say what went wrong in a sentence, and exit as every verb does."""
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
        typer.echo("Interrupted; what had been started was ended.", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _require_extra() -> None:
    from importlib.util import find_spec

    needed = ("moto", "starlette", "httpx", "uvicorn", "jgo")
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        typer.echo(f"The lab needs parts that are not installed: {', '.join(missing)}.", err=True)
        typer.echo("Install them: pip install 'snapferry[lab]'", err=True)
        raise typer.Exit(ExitCode.FAILED)
