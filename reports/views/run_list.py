"""The list of runs on a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from reports.build.run_list import STOPPED
from reports.model.run_list import RunSummary
from reports.views import layout
from reports.views.fitting import Rows, page
from reports.words import common

_STYLES = {
    "done": "green",
    "running": "bold yellow",
    "interrupted": "yellow",
    **dict.fromkeys(("failed", "different", STOPPED, "unreadable"), "bold red"),
}


def run_list_view(found: Sequence[RunSummary], *, every: bool = False) -> RenderableType:
    """One row per run, newest first.

    Args:
        every: whether to list all of them, not just the newest twenty.
    """
    return page(_parts(found, found if every else found[: layout.ROWS]))


def _parts(found: Sequence[RunSummary], shown: Sequence[RunSummary]) -> Iterator[RenderableType]:
    table = Rows(("Run", "Plan", "Verb", "Started (UTC)", ">Took", "Status"))
    for run in shown:
        status = run.status or "unreadable"
        table.add(
            run.run_id,
            run.plan,
            str(run.verb or "–"),
            f"{run.started:%Y-%m-%d %H:%M:%S}" if run.started else "–",
            "–" if run.seconds is None else common.duration(run.seconds),
            Text(status, _STYLES.get(status.partition(",")[0], "")),
        )
    if len(found) > len(shown):
        table.below.append(Text(f"… and {len(found) - len(shown)} older ones; --all lists them", "dim"))
    yield table
    yield from (Text(f"{run.run_id}: {run.problem}", "red") for run in found if run.problem)
