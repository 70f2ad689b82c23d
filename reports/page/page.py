"""The report of a run as one page: the same for every kind of run, in a file or live."""

from configs.values.visible import visible_values
from reports.model.report import Report
from reports.page.headline import title_of
from reports.page.live import LiveFeed
from reports.page.parts import parts_of
from reports.page.rendering import document, rendered


def page(report: Report, *, live: LiveFeed | None = None) -> str:
    """The whole page: one file without a link to elsewhere, for any width, dark or light, and print.

    Args:
        live: where it listens for parts that have changed; None for a file, which listens to nothing.
    """
    shown = visible_values(report)
    title = f"{title_of(shown)}: {shown.outcome}"
    about = f"Report of run {shown.run_id}, as of its journal. All times are in UTC."
    return document(title, _parts(shown, report), about=about, live=live)


def page_parts(report: Report) -> dict[str, str]:
    """The HTML inside each part of the page by its id, in their order; a part without content is empty.

    Always the same ids, so that a live page knows the place of a part that comes later.
    """
    return _parts(visible_values(report), report)


def _parts(shown: Report, report: Report) -> dict[str, str]:
    """The parts of what is shown; the plan's settings are made visible when they are YAML."""
    return {part.id: rendered(part) for part in parts_of(shown, report.plan_settings)}
