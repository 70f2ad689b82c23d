"""`snapferry demo`: a real migration between two real OpenSearch domains, on this machine."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runs.commands import Called, called_as
from snapferry.calls import ExecutableCall
from snapferry.commands.lab import ENGINE, Source, Target, domain, lab_errors, settings
from snapferry.commands.migrate import execute
from snapferry.error_frame import exit_on_error
from snapferry.exit_codes import ExitCode
from snapferry.lab_progress import LabProgress
from snapferry.lab_texts import plan_text
from snapferry.options import run_options
from snapferry.verb import verb

if TYPE_CHECKING:
    from lab.description import LabDescription

Documents = Annotated[int, typer.Option(min=1000, help="How many documents to move, approximately.")]
Folder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder for the servers' data, the plan and the report. Default: ~/.local/state/snapferry/demo.",
        show_default=False,
    ),
]


@verb("snapferry demo", "snapferry demo --documents 20000", errors=lab_errors)
def demo(
    documents: Documents = 120_000, folder: Folder = None, source: Source = ENGINE, target: Target = ENGINE
) -> ExitCode:
    """Run a whole migration on this machine, without AWS.

    Starts a local AWS with two real OpenSearch domains, migrates one to the other, verifies, reports, and
    stops everything again. The first demo downloads about 200 MB of engine.
    """
    from lab.manager import attached
    from runs.state import default_folder
    from snapferry.next_steps import say_next
    from snapferry.output.console import say

    place = (folder or default_folder() / "demo").absolute()
    domains = domain("orders-source", "us-east-1", source), domain("orders-target", "eu-west-1", target)
    with LabProgress() as progress, attached(place / "lab", settings(*domains), progress) as lab:
        code = _fill_and_migrate(lab, place, documents, progress)
    say("The two domains and everything else that was started have been stopped.")
    if code is ExitCode.DONE:
        say("To try more, start two domains like these, with a plan, that stay up:")
        say_next("snapferry lab up")
    return code


def _fill_and_migrate(lab: "LabDescription", place: Path, documents: int, progress: LabProgress) -> ExitCode:
    from lab.description import environment
    from lab.filling.load import load as fill
    from snapferry.output.console import say

    say("Two domains are up:")
    for side in ("source", "target"):
        one = lab.domain(side)
        say(f"  {side} {one.name} in {one.region}: {one.engine_title}, on {one.java}")
    progress.message(f"Filling the source with about {documents:,} documents")
    filled = fill(lab, documents)
    say(f"The source holds {filled.documents:,} documents in {len(filled.indices)} indices.")
    file = place / "plan.yaml"
    file.write_text(plan_text(lab), encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment(lab))
    return _migrate(file, place / "state")


def _migrate(file: Path, state: Path) -> ExitCode:
    from snapferry.output.console import say

    called = Called(verb="migrate", plan=str(file), state=str(state), options=("--execute",))
    say(f"\n$ snapferry migrate {called.place} --execute")
    call = ExecutableCall(file=file, state=str(state), execute=True)
    with called_as(called), exit_on_error():
        return execute(call, call.load(), run_options(state, new_run=True), then="report")
