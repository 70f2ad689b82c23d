"""Report files: JSON, Markdown and a page, next to the journal."""

from pathlib import Path

from reports.build.report import report_of
from reports.views.markdown import markdown
from runs.journal import Journal
from runs.state_files import replace_file
from runs.stores.registry import shared_settings, store_of


def report_files(journal: Journal) -> tuple[Path, Path, Path]:
    """The paths of the run's report: JSON, Markdown and HTML."""
    folder = journal.path.parent / "reports"
    as_json, as_markdown, as_page = (folder / f"{journal.run_id}.{end}" for end in ("json", "md", "html"))
    return as_json, as_markdown, as_page


def write_reports(journal: Journal) -> None:
    """Write the report's files.

    Raises:
        OSError, StateUnusable: they cannot be written; the journal has everything all the same.
    """
    from reports.page.page import page  # with its templates' engine, which no other command needs

    report = report_of(journal.document)
    as_json, as_markdown, as_page = report_files(journal)
    texts = {
        as_json: report.model_dump_json(indent=2) + "\n",
        as_markdown: markdown(report),
        as_page: page(report),
    }
    for path, text in texts.items():
        replace_file(path, text)  # on this machine, for its user and for hooks
    if shared_settings(journal.path):
        for path, text in texts.items():
            store_of(path).replace(path, text)
