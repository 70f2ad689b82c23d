"""`snapferry watch`: how a run stands, again and again, until it ends."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import RunCall
from snapferry.commands.status import watch_run
from snapferry.exit_codes import ExitCode
from snapferry.options import MetricsAddress, RunId, chosen_run
from snapferry.plan_files import load_or_begun
from snapferry.verb import verb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from runs.state import State


class Monitoring(StrEnum):
    """A file for a monitoring system."""

    GRAFANA = "grafana"
    """A dashboard for Grafana, as JSON."""
    ALERTS = "alerts"
    """Alert rules for Prometheus, as YAML."""

    @property
    def file(self) -> str:
        """Its name in `snapferry.monitoring`."""
        return "grafana.json" if self is Monitoring.GRAFANA else "alerts.yaml"


Print = Annotated[
    Monitoring | None,
    typer.Option(
        "--print",
        help="Print a Grafana dashboard, or alert rules for Prometheus, that fit these metrics; then end.",
        show_default=False,
    ),
]


Web = Annotated[
    bool, typer.Option("--web", help="Serve the report's page, live, to the browsers of this machine.")
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="Where --web listens, on this machine only. Default: 127.0.0.1 and any free port.",
        show_default=False,
    ),
]


@verb(
    "snapferry watch orders-to-ireland.yaml",
    "snapferry watch orders-to-ireland.yaml --web",
    "snapferry watch orders-to-ireland.yaml --metrics 127.0.0.1:9464",
    "snapferry watch orders-to-ireland.yaml --print alerts > alerts.yaml",
)
def watch(
    call: RunCall,
    run: RunId = None,
    web: Web = False,
    address: Address = None,
    metrics: MetricsAddress = None,
    print_: Print = None,
) -> ExitCode:
    """Show how a run stands until it ends; exit as the run did.

    Works beside a run in another terminal, under a service manager, or on another machine where the state is
    in S3. Where the plan has no run yet, it waits for one. Reads the run's files only; nothing is sent to the
    domains. Ctrl-C ends the watch, never the run, and exits with 5.

    With --web or --metrics it serves a page or metrics instead, whatever runs of the plan begin and end,
    until Ctrl-C or SIGTERM.
    """
    from runs.state import State

    if print_:
        _print(print_)
        return ExitCode.DONE
    if address is not None and (not web or not address):
        raise typer.BadParameter("it needs --web, and an address", param_hint="--address")
    plan = load_or_begun(call.file, call.folder)
    runs = State(call.folder, plan.name)
    if metrics is None and not web:
        return watch_run(call, runs, run)
    if run:
        chosen_run(runs, run)
    from snapferry.watching.serving import serve_until_told

    serve_until_told(list(_servers(runs, run, (address or "127.0.0.1:0") if web else None, metrics)))
    return ExitCode.DONE


def _servers(
    runs: "State", run: str | None, page: str | None, metrics: str | None
) -> "Iterator[AbstractContextManager[object]]":
    """What serves the page and the metrics, each where it is wanted."""
    from flows.previews.watched import WatchedPlan
    from runs.commands import current

    if page is not None:
        from snapferry.watching.web_server import page_served

        yield page_served(page, WatchedPlan(runs, run, current()))
    if metrics is not None:
        from snapferry.watching.metrics_server import metrics_served

        yield metrics_served(metrics, [WatchedPlan(runs, run, current())])


def _print(wanted: Monitoring) -> None:
    from importlib.resources import files

    from snapferry.output.console import print_text

    print_text(files("snapferry.monitoring").joinpath(wanted.file).read_text(encoding="utf-8"))
