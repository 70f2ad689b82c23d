"""The page of a report: whole for every kind of run, and nothing in a name or a message can break it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.building import a_journal, a_plan, a_resolution, a_unit
from support.real_runs import KINDS, real_report, with_indices

from reports.build.report import report_of
from reports.model.report import Report
from reports.page.elements import Column, Part, Table
from reports.page.live import LiveFeed
from reports.page.page import page, page_parts
from reports.page.parts import ORDER
from reports.page.rendering import FIRST, SHORT, document, rendered

pytestmark = pytest.mark.slow

VOID = {"meta", "path", "rect", "line", "input", "br"}
OWN = {"script", "style"}
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "\"'`&amp;`x`",
    "a\u202eb\u200bc\x07d\ne",
    "שלום-עולם",
    "x" * 4000,
]


class Page(HTMLParser):
    """Elements that are open, all that were seen, attributes, and texts outside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.data: list[str] = []
        self._kind = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        self._kind = dict(attrs).get("type") or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script" and self._kind:
            self.data.append(data)
        elif not self.open or self.open[-1] not in OWN:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_has_a_whole_page_from_one_template(kind: str) -> None:
    report = real_report(kind)
    made = Page(page(report))
    assert made.open == []
    ids = [value for name, value in made.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert made.seen.count("h1") == 1 and made.seen.count("main") == 1
    assert report.run_id in made.text and report.next_command in made.text
    for step in report.steps:
        assert step.name in made.text
    assert {"Timeline", "Indices", "Requests", "Plan", "Next steps"} <= set(made.texts)


def test_the_first_thing_said_is_how_it_ended_and_how_long_the_window_was() -> None:
    text = Page(page(real_report("cutover"))).text
    begins = text.split("Timeline")[0]
    assert "Done, verified and open" in begins and "Window 2.1 s" in begins
    assert "Indices equal 23 of 23 none is missing" in begins and "Left out 4" in begins


def test_parts_have_the_same_places_whatever_the_run() -> None:
    whole, early = page_parts(real_report("cutover")), page_parts(with_indices(0))
    assert tuple(whole) == tuple(early) == ORDER
    assert whole["part-window"] and not early["part-window"]
    made = page(with_indices(0))
    assert '<section id="part-window" aria-labelledby="part-window-title" hidden></section>' in made


def test_a_page_is_made_of_its_parts() -> None:
    report = real_report("seed")
    made = page(report)
    for html in page_parts(report).values():
        assert html in made


def test_a_file_may_load_nothing_and_a_live_page_only_its_feed() -> None:
    report = real_report("rehearsal")
    file, live = page(report), page(report, live=LiveFeed("events"))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', file)
    assert policy and policy[1].startswith("default-src &#39;none&#39;; style-src &#39;sha256-")
    assert "unsafe" not in policy[1] and "connect-src &#39;none&#39;" in policy[1]
    assert "connect-src &#39;self&#39;" in live and 'data-feed="events"' in live
    assert "data-feed=" not in file
    for name, value in [*Page(file).attributes, *Page(live).attributes]:
        assert name not in {"src", "srcset", "style", "action"} and not name.startswith("on")
        assert name != "href" or (value or "").startswith("#")


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_a_name_breaks_the_page(name: str, tmp_path: Path) -> None:
    journal = a_journal(tmp_path, a_plan())
    with journal.step("resolve"):
        pass
    units = [a_unit(f"{number}{name}", conflict=name, action="skip") for number in range(30)]
    journal.keep("resolve", a_resolution(*units, notes=(name,), left_out=()))
    journal.settle("failed", name, name)
    report = report_of(journal.document)
    indices = [each.model_copy(update={"source": name, "detail": name}) for each in with_indices(60).indices]
    plain = Page(page(with_indices(60)))
    made = Page(page(report.model_copy(update={"indices": indices})))
    assert made.open == [] and set(made.seen) - {"code"} <= {*plain.seen, "li", "ul", "p"}
    assert not any(key.startswith("on") for key, _ in made.attributes)
    assert not re.search("[\u202a-\u202e\u200b\x07]", "".join([*made.texts, *made.data]))
    tables = [json.loads(each) for each in made.data]
    assert any(len(table["rows"]) == 60 for table in tables)


@pytest.mark.parametrize(("count", "static"), [(0, 0), (1, 1), (SHORT, SHORT), (SHORT + 1, 11), (120, FIRST)])
def test_rows_stand_in_the_page_itself_and_all_of_a_long_table_beside_it(count: int, static: int) -> None:
    html = page_parts(with_indices(count, different=min(1, count)))["part-indices"]
    assert html.count('<th scope="row"') == static
    assert ("<noscript>" in html) == (count > FIRST)
    data = re.search(r'id="table-indices-data">(.*?)</script>', html)
    assert bool(data) == (count > SHORT)
    if data:
        rows = json.loads(data[1])["rows"]
        assert len(rows) == count and rows[0][2] == "different"


def test_what_is_wrong_comes_first_and_is_said_without_colour() -> None:
    html = page_parts(with_indices(5, different=1))["part-indices"]
    assert "5 indices: 1 different, 4 equal" in html
    first = html.split('<th scope="row"')[1]
    assert "logs-tenant-00" in first and "✕" in first and "different" in first


def test_the_plan_is_shown_as_yaml_without_secrets() -> None:
    report = real_report("migration")
    made = page_parts(report)["part-plan"]
    assert "name: orders-to-ireland" in made and "policy: rename" in made


def test_a_journal_of_before_has_no_charts() -> None:
    report = real_report("migration")
    assert page_parts(report)["part-progress"]
    assert page_parts(report.model_copy(update={"progress": []}))["part-progress"] == ""


def test_other_pages_are_made_of_the_same_elements() -> None:
    table = Table("table-runs", "Runs", (Column("plan", "name"), Column("moved", "size")), [("a<b", 1500)])
    parts = {"part-runs": rendered(Part("part-runs", "Runs", [table]))}
    made = Page(document("Fleet", parts, about="A fleet."))
    assert made.open == [] and "a<b 1.5 kB" in made.text and "A fleet." in made.text


def test_ten_thousand_indices_stay_below_five_megabytes() -> None:
    assert len(page(with_indices(10_000, different=3)).encode()) < 5_000_000


def _running(report: Report) -> Report:
    steps = [step.model_copy(update={"ended": None}) for step in report.steps[-1:]]
    outcome = type(report.outcome)("running")
    return report.model_copy(
        update={"outcome": outcome, "ended": None, "steps": [*report.steps[:-1], *steps]}
    )


def test_a_run_that_goes_on_is_shown_as_that() -> None:
    text = Page(page(_running(real_report("migration")))).text
    assert "Running, or stopped unexpectedly during the verification" in text
    assert "verify" in text and "running" in text.split("Timeline")[1]
