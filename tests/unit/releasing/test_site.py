"""The documents' site: built without a warning, whole, and without anything from another server."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from releasing.installing import ROOT
from releasing.site import PAGES

pytestmark = pytest.mark.slow

_FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class _Page(HTMLParser):
    """What a page fetches, and how many entries its lists have."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.entries: list[int] = []
        self._open: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get(_FETCHED.get(tag, "")) or ""
        if address and given.get("rel") not in {"canonical", "next", "prev"}:
            self.fetched.append(address)
        if tag == "ol":
            self._open.append(0)
        if tag == "li" and self._open:
            self._open[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "ol":
            self.entries.append(self._open.pop())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    done = _build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def _build(project: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("mkdocs"), "build", "--site-dir", folder]
    variables = {"PATH": "/usr/bin:/bin", "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True)


def pages(site: Path) -> Iterator[tuple[str, _Page]]:
    for file in sorted(site.rglob("*.html")):
        yield str(file.relative_to(site)), _Page(file.read_text(encoding="utf-8"))


def test_every_document_is_a_page(site: Path) -> None:
    documents = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    wanted = {name.removesuffix(".md") + ".html" for name in documents | set(PAGES.values())}
    assert sorted(name for name in wanted if not (site / name).is_file()) == []


def test_nothing_is_fetched_from_another_server(site: Path) -> None:
    elsewhere = [f"{name}: {each}" for name, page in pages(site) for each in page.fetched if "//" in each]
    assert elsewhere == []
    styles = [
        file for file in site.rglob("*.css") if re.search(r"url\(['\"]?(https?:)?//", file.read_text("utf-8"))
    ]
    assert styles == []


def test_a_link_to_a_file_outside_of_the_documents_leads_to_its_copy(site: Path) -> None:
    assert 'href="files/reports/report.schema.json"' in (site / "report.html").read_text(encoding="utf-8")
    copy = site / "files" / "reports" / "report.schema.json"
    assert copy.read_bytes() == (ROOT / "reports" / "report.schema.json").read_bytes()
    assert 'href="index.html#exit-codes"' in (site / "operations.html").read_text(encoding="utf-8")


def test_the_steps_of_the_first_plan_are_one_list(site: Path) -> None:
    steps = len(re.findall(r"^\d+\. ", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert steps in _Page((site / "index.html").read_text(encoding="utf-8")).entries


def test_the_diagram_of_a_run_is_a_table(site: Path) -> None:
    page = (site / "runs.html").read_text(encoding="utf-8")
    assert "mermaid" not in page and "<td>the first request that changes a domain</td>" in page


def test_a_page_that_leads_nowhere_or_is_found_nowhere_is_refused(tmp_path: Path) -> None:
    small = {"INHERIT": str(ROOT / "mkdocs.yml"), "hooks": [], "nav": [{"Home": "index.md"}]}
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(small), encoding="utf-8")
    (tmp_path / "docs").mkdir()
    text = "# Home\n\n[gone](gone.md) [lost](index.md#nowhere)\n"
    (tmp_path / "docs" / "index.md").write_text(text, encoding="utf-8")
    (tmp_path / "docs" / "new.md").write_text("# New\n", encoding="utf-8")
    done = _build(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    for said in ("gone.md", "#nowhere", "new.md", "3 warnings"):
        assert said in done.stdout + done.stderr
