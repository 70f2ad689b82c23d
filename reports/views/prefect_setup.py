"""A Prefect server, set up: on a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from configs.values.listing import counted
from reports.views.fitting import page
from tasks.records.prefect_setup import SetupChange, SetupItem, SetupRecord

_DONE = {SetupChange.CREATE: "created", SetupChange.UPDATE: "updated", SetupChange.KEEP: "unchanged"}
_AHEAD = {SetupChange.CREATE: "to create", SetupChange.UPDATE: "to update", SetupChange.KEEP: "unchanged"}


def setup_view(found: SetupRecord) -> RenderableType:
    """What was set up, or would be."""
    return page(_lines(found))


def _lines(found: SetupRecord) -> Iterator[Text]:
    yield Text(f"Prefect server {found.server}: work pool {found.pool} ({found.type})", "bold")
    for item in found.items:
        yield _line(item, _DONE if found.done else _AHEAD)
    for remark in found.remarks:
        yield Text(f"  {remark}", "yellow")
    changed = counted(len(found.changes), "change", "changes")
    yield Text(
        f"{changed} made." if found.done else f"{changed} to make." if found.changes else "All is set up."
    )


def _line(item: SetupItem, words: dict[SetupChange, str]) -> Text:
    differs = f" ({', '.join(item.differs)})" if item.differs else ""
    style = "" if item.change is SetupChange.KEEP else "green"
    return Text(f"  {words[item.change]:<10} {item.kind} {item.name}{differs}", style)
