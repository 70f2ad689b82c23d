"""`snapferry demo`: a real migration between two real OpenSearch domains, on this machine."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.commands.lab import ENGINE, Source, Target, domain, explained, settings
from snapferry.exit_codes import ExitCode
from snapferry.lab_progress import Shown
from snapferry.lab_texts import plan_text
from snapferry.options import load, terminated_as_interrupted

if TYPE_CHECKING:
    from lab.description import LabDescription

EXAMPLE = "Example: snapferry demo --documents 20000"
Documents = Annotated[int, typer.Option(min=1000, help="About how many documents are moved.")]
Folder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Where the demo keeps its servers' data, the plan and the report. "
        "Default: ~/.local/state/snapferry/demo.",
        show_default=False,
    ),
]


def demo(
    documents: Documents = 120_000, folder: Folder = None, source: Source = ENGINE, target: Target = ENGINE
) -> None:
    """Start a local AWS of real parts, migrate one domain to another Region in it, verify, report and end it.

    Needs no AWS account. The first time it downloads about 200 MB of engine.
    """
    from runs.state import default_folder
    from snapferry.console import say

    place = (folder or default_folder() / "demo").absolute()
    with explained(), terminated_as_interrupted():
        from lab.manager import attached

        wanted = settings(
            domain("orders-source", "us-east-1", source), domain("orders-target", "eu-west-1", target)
        )
        with Shown() as shown, attached(place / "lab", wanted, shown) as lab:
            code = _migrated(lab, place, documents, shown)
    say("The two domains and everything else that was started have been ended.")
    if code is ExitCode.DONE:
        say("To go on: `snapferry lab up` starts two domains like these and leaves them to you, with a plan.")
    raise typer.Exit(code)


def _migrated(lab: "LabDescription", place: Path, documents: int, shown: Shown) -> ExitCode:
    from lab.description import environment
    from lab.filling.load import load as fill
    from snapferry.commands.migrate import Options, run
    from snapferry.console import say

    say("Two domains are up:")
    for side in ("source", "target"):
        one = lab.domain(side)
        say(f"  {side} {one.name} in {one.region}: {one.engine_title}, on {one.java}")
    shown.message(f"Filling the source with about {documents:,} documents")
    filled = fill(lab, documents)
    say(f"The source holds {filled.documents:,} documents in {len(filled.indices)} indices.")
    file = place / "plan.yaml"
    file.write_text(plan_text(lab), encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment(lab))
    say(f"\n$ snapferry migrate {file} --execute")
    plan, state = load(file), place / "state"
    again = f"`snapferry report {file} --state {state}` shows this again"
    options = Options(
        plan, file, state, allow_delete=(), allow_partial=False, new_run=True, as_json=False, next_step=again
    )
    return run(options)
