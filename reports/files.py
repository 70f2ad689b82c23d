"""Report files of a run and of a fleet: JSON, Markdown and a page, next to the journal."""

from collections.abc import Mapping
from pathlib import Path

from reports.build.report import report_of
from reports.model.fleet import FleetReport
from reports.views.fleet_markdown import fleet_markdown
from reports.views.markdown import markdown
from runs.fleets.journal import FleetJournal
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
    _write(journal.path, texts)


def fleet_report_files(journal: FleetJournal) -> tuple[Path, Path, Path]:
    """The paths of the report of a fleet's run: JSON, Markdown and HTML."""
    folder, run_id = journal.path.parent / "reports", journal.document.run_id
    return folder / f"{run_id}.json", folder / f"{run_id}.md", folder / f"{run_id}.html"


def write_fleet_reports(journal: FleetJournal, report: FleetReport) -> None:
    """Write the files of a fleet's report.

    Raises:
        OSError, StateUnusable: they cannot be written; the journals have everything all the same.
    """
    from reports.page.fleet import fleet_page

    as_json, as_markdown, as_page = fleet_report_files(journal)
    texts = {
        as_json: report.model_dump_json(indent=2) + "\n",
        as_markdown: fleet_markdown(report),
        as_page: fleet_page(report),
    }
    _write(journal.path, texts)


def _write(journal: Path, texts: Mapping[Path, str]) -> None:
    for path, text in texts.items():
        replace_file(path, text)  # on this machine, for its user and for hooks
    if shared_settings(journal):
        for path, text in texts.items():
            store_of(path).replace(path, text)
