"""`snapferry prefect`: the Prefect server that runs plans on workers."""

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from snapferry.calls import Call
from snapferry.exit_codes import ExitCode
from snapferry.options import Execute
from snapferry.verb import VerbGroup, verb

if TYPE_CHECKING:
    from datetime import timedelta

    from tasks.records.prefect_setup import SetupRecord

Pool = Annotated[str, typer.Option("--pool", metavar="NAME", help="The work pool.")]
Type = Annotated[
    Literal["process", "docker", "kubernetes", "ecs"],
    typer.Option("--type", help="What its workers start for each run."),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="VARIABLE=VALUE",
        help="Default of a variable of the pool's template, such as image=… or env.SNAPFERRY_STATE=s3://…. "
        "Repeatable.",
    ),
]
Silence = Annotated[
    str,
    typer.Option(
        "--silence",
        metavar="DURATION",
        help="How long a run is not heard of until it counts as crashed. Runs are heard of every 60 s.",
    ),
]


@verb(
    "snapferry prefect setup",
    "snapferry prefect setup --execute --type docker --set image=snapferry:1",
)
def setup(
    call: Call,
    execute: Execute = False,
    type: Type = "process",
    pool: Pool = "snapferry",
    set: Set = None,
    silence: Silence = "5m",
) -> ExitCode | None:
    """Set up the Prefect server that PREFECT_API_URL names.

    Makes a work pool, a deployment of every flow, and two automations: a run that is not heard of any more is
    marked as crashed, and a run that has crashed is started again with the same parameters, which continues
    it. May be repeated: corrects what differs, and touches nothing that is not Snapferry's.
    """
    server = os.environ.get("PREFECT_API_URL", "")
    if not server:
        raise typer.BadParameter(
            "set PREFECT_API_URL to the server's address, such as http://127.0.0.1:4200/api",
            param_hint="PREFECT_API_URL",
        )
    values, longest = _values(set or []), _duration(silence)
    from flows.prefect_runtime.named_server import require_prefect_server

    require_prefect_server(server)
    from flows.prefect_setup.setup import Wanted, set_up

    found = set_up(Wanted(server, pool, type, values, longest), execute=execute)
    _show(call, found)
    return None


def _show(call: Call, found: "SetupRecord") -> None:
    from reports.views.prefect_setup import setup_view
    from runs.commands import Called, current, quoted
    from snapferry.next_steps import say_next
    from snapferry.output.console import say

    worker = f"prefect worker start --pool {quoted(found.pool)} --type {found.type}"
    given = (current() or Called()).options
    again = " ".join(["snapferry prefect setup", *map(quoted, given), "--execute"])
    to_run = worker if found.done or not found.changes else again
    call.show(found, setup_view, to_run=to_run)
    if call.as_json:
        return
    if found.changes and not found.done:
        say("Nothing was changed. To go ahead:")
    say_next(to_run)


def _values(given: list[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{each!r} is not VARIABLE=VALUE", param_hint="--set")
        values[name] = value
    return values


def _duration(given: str) -> "timedelta":
    from configs.values.durations import parse_duration

    try:
        return parse_duration(given)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--silence") from None


prefect = VerbGroup(
    "prefect",
    "Set up a Prefect server, whose workers run plans.",
    ("snapferry prefect setup",),
    (setup,),
)
