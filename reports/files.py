"""Report files: JSON and Markdown next to the journal."""

from pathlib import Path

from reports.build.report import report_of
from reports.views.markdown import markdown
from runs.journal import Journal
from runs.state_files import replace_file
from runs.stores.registry import shared_settings, store_of


def report_files(journal: Journal) -> tuple[Path, Path]:
    """The paths of the run's report: JSON and Markdown."""
    folder = journal.path.parent / "reports"
    return folder / f"{journal.run_id}.json", folder / f"{journal.run_id}.md"


def write_reports(journal: Journal) -> None:
    """Write the report's files.

    Raises:
        OSError, StateUnusable: they cannot be written; the journal has everything all the same.
    """
    report = report_of(journal.document)
    as_json, as_markdown = report_files(journal)
    texts = {as_json: report.model_dump_json(indent=2) + "\n", as_markdown: markdown(report)}
    for path, text in texts.items():
        replace_file(path, text)  # on this machine, for its user and for hooks
    if shared_settings(journal.path):
        for path, text in texts.items():
            store_of(path).replace(path, text)
