"""Hooks of the documents' site: pages from elsewhere in the project, and nothing that a browser has to fetch.

On the project's host the documents link to files outside of docs/. In the site, README.md and some others are
pages of their own, and other files are copied; links lead there. A diagram of states becomes a table: the
library that draws it would be loaded from another server.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "development/contributing.md",
    "CHANGELOG.md": "development/changes.md",
    "deployments/README.md": "deployments.md",
    "tests/README.md": "development/tests.md",
}
"""Pages from outside of docs/, and what they are called in the site."""
_SOURCES = {site: source for source, site in PAGES.items()}
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
_DIAGRAM = re.compile(r"^```mermaid\nstateDiagram-v2\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
_ENTRY = re.compile(r"(?:\d+\.|[-*]) +")
_EDGE = re.compile(r"^ *(\S+) --> (\S+)(?: : (.*))?$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside, and the files that pages link to."""
    for source, site in PAGES.items():
        files.append(File.generated(config, site, abs_src_path=str(ROOT / source)))
    targets = {target for file in files.documentation_pages() for target in _outside(file)}
    for target in sorted(targets):
        path = ROOT / target
        if path.is_dir():
            names = sorted(each.name for each in path.iterdir() if each.is_file())
            listing = "\n".join(f"- [{name}]({name})" for name in names)
            page = File.generated(config, _in_site(target), content=f"# {target}\n\n{listing}\n")
            page.inclusion = InclusionLevel.NOT_IN_NAV
            files.append(page)
            targets = targets | {f"{target}/{name}" for name in names}
    for target in sorted(targets):
        if (ROOT / target).is_file():
            files.append(File.generated(config, _in_site(target), content=(ROOT / target).read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Let links lead to where their files are in the site, and replace diagrams."""
    here = page.file.src_uri
    source = _source(here)

    def moved(found: re.Match[str]) -> str:
        target = _in_site(posixpath.normpath(posixpath.join(posixpath.dirname(source), found[1])))
        return posixpath.relpath(target, posixpath.dirname(here) or ".") + (found[2] or "")

    linked = markdown if here.startswith("files/") else _LINK.sub(moved, markdown)
    return _indented(_DIAGRAM.sub(lambda found: _table(found[1]), linked))


def _source(site: str) -> str:
    """Where in the project the page of the site comes from."""
    return _SOURCES.get(site, f"docs/{site}")


def _in_site(source: str) -> str:
    """Where in the site a file of the project is."""
    if source.startswith("docs/"):
        return source.removeprefix("docs/")
    if (ROOT / source).is_dir():
        return f"files/{source}/index.md"
    return PAGES.get(source, f"files/{source}")


def _outside(file: File) -> Iterator[str]:
    """The files of the project outside of docs/ that a page links to, but for pages."""
    source = _source(file.src_uri)
    for target, _ in _LINK.findall((ROOT / source).read_text(encoding="utf-8")):
        found = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if not found.startswith("docs/") and found not in PAGES and (ROOT / found).exists():
            yield found


def _indented(markdown: str) -> str:
    """The same with what belongs to an entry of a list indented by four, as Python's Markdown wants it."""
    lines: list[str] = []
    width, is_code = 0, False
    for line in markdown.splitlines():
        is_code ^= line.startswith("```")
        entry = None if is_code else _ENTRY.match(line)
        before = lines[-1].strip() if lines else ""
        if entry:
            lines += [""] if before and not width else []
            width = len(entry[0])
        elif line and not line.startswith(" "):
            width = width if before and not is_code else 0
        elif width and line.startswith(" " * width):
            line = "    " + line[width:]
        lines.append(line)
    return "\n".join(lines) + "\n"


def _table(diagram: str) -> str:
    rows = [f"| {_state(start)} | {_state(end)} | {why} |" for start, end, why in _EDGE.findall(diagram)]
    return "\n".join(["| from | to | when |", "|---|---|---|", *rows, ""])


def _state(name: str) -> str:
    return "(none)" if name == "[*]" else name
