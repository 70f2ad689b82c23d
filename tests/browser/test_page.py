"""The report's page in a browser: it loads nothing, fits every width, and works for keyboard and print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from support.real_runs import KINDS, real_report, with_indices

from reports.page.page import page, page_parts

TABLE = "#table-indices"
WIDTHS = (380, 800, 1400)
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'\"`&amp;",
    "שלום",
    "x" * 300,
)


def cells(made: Page, column: int) -> list[str]:
    """Texts of a column of the indices, as they are shown."""
    return made.locator(f"{TABLE} tbody tr > :nth-child({column})").all_inner_texts()


def serious(made: Page) -> list[str]:
    """What axe finds wrong that keeps somebody from using the page. Of each table it sees the first rows."""
    made.evaluate("document.querySelectorAll('tbody tr:nth-child(n + 5)').forEach(row => row.remove())")
    found: list[dict[str, Any]] = Axe().run(made).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("name", [*KINDS, "fleet", "0", "1", "10000"])
def test_no_page_is_wider_than_the_screen_whatever_its_width(name: str, open_page: Any) -> None:
    made = open_page(name)
    for width in WIDTHS:
        made.set_viewport_size({"width": width, "height": 800})
        assert made.evaluate("document.documentElement.scrollWidth") == width, width


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("rehearsal", "light", 1400),
        ("migration", "dark", 1400),
        ("seed", "light", 380),
        ("cutover", "dark", 380),
        ("fallback", "light", 800),
        ("fleet", "light", 380),
    ],
)
def test_axe_finds_nothing_serious(name: str, scheme: str, width: int, open_page: Any) -> None:
    assert serious(open_page(name, width, color_scheme=scheme)) == []


def test_hostile_names_stay_names(open_page: Any, tmp_path: Path) -> None:
    report = with_indices(60)
    names = [
        each.model_copy(update={"source": f"{number} {HOSTILE[number % 5]}", "detail": HOSTILE[number % 5]})
        for number, each in enumerate(report.indices)
    ]
    file = tmp_path / "hostile.html"
    file.write_text(page(report.model_copy(update={"indices": names, "notes": list(HOSTILE)})), "utf-8")
    made = open_page(file, 380)
    made.locator(f"{TABLE}-filter").fill("onerror")
    expect(made.get_by_text("Showing 12 of 12 indices (of 60 in all).")).to_be_visible()
    assert made.locator("img").count() == 0 and made.evaluate("document.documentElement.scrollWidth") == 380


def test_the_script_shows_rows_as_they_stand_in_the_file(open_page: Any) -> None:
    plain = open_page("migration", java_script_enabled=False)
    scripted = open_page("migration")
    for column in range(1, 8):
        assert cells(plain, column) == cells(scripted, column)


def test_without_a_script_the_first_rows_and_the_totals_are_there(open_page: Any) -> None:
    made = open_page("10000", java_script_enabled=False)
    assert len(cells(made, 1)) == 50 and cells(made, 3)[:4] == ["✕ different"] * 3 + ["✓ equal"]
    text = made.locator("body").inner_text()
    assert "These are the first 50 of 10,000 indices." in text
    assert "10,000 indices: 3 different, 9,997 equal" in text and "Contents" not in text


def test_ten_thousand_rows_are_filtered_and_chosen(open_page: Any) -> None:
    made = open_page("10000")
    status = made.locator(".more [role=status]").first
    expect(status).to_have_text("Showing 50 of 10,000 indices.")
    made.locator(f"{TABLE}-filter").fill("TENANT-07 2026.05")
    assert {name[:14] for name in cells(made, 1)} == {"logs-tenant-07"}
    expect(made.locator(TABLE)).to_have_attribute("aria-rowcount", str(len(cells(made, 1)) + 1))
    made.locator(f"{TABLE}-filter").fill("")
    made.get_by_label("verdict", exact=True).select_option("different")
    expect(status).to_have_text("Showing 3 of 3 indices (of 10,000 in all).")
    made.get_by_label("action", exact=True).select_option("rename")
    expect(status).to_have_text("No index fits.")


def test_columns_are_sorted_from_the_keyboard(open_page: Any) -> None:
    made = open_page("1000")
    head = made.get_by_role("columnheader", name="target documents")
    head.get_by_role("button").focus()
    made.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    counts = [int(text.replace(",", "")) for text in cells(made, 5)]
    assert counts == sorted(counts) and counts[0] == 0
    made.keyboard.press("Space")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert cells(made, 5)[0] > "9"
    made.get_by_role("columnheader", name="fetched").get_by_role("button").click()
    assert made.locator("[aria-sort]").count() == 1
    sizes = [text.split()[1] for text in cells(made, 6)]
    assert sizes == sorted(sizes, key=["B", "kB", "MB", "GB"].index)


def test_more_rows_come_on_request_and_the_focus_stays_at_them(open_page: Any) -> None:
    made = open_page("1000")
    more = made.locator(f"{TABLE}-more")
    for _ in range(2):
        more.focus()
        made.keyboard.press("Enter")
    expect(more).to_be_hidden()
    assert made.locator(f"{TABLE} tbody tr").count() == 1000
    assert made.evaluate("document.activeElement.closest('tr').ariaRowIndex") == "552"


def test_the_first_tab_skips_to_the_content(open_page: Any) -> None:
    made = open_page("cutover")
    made.keyboard.press("Tab")
    expect(made.get_by_role("link", name="Skip to the content")).to_be_focused()
    made.keyboard.press("Enter")
    expect(made.locator("main")).to_be_focused()


def test_it_is_outlined_by_landmarks_headings_and_contents(open_page: Any) -> None:
    made = open_page("cutover")
    assert made.get_by_role("main").count() == made.get_by_role("contentinfo").count() == 1
    shown = [text for text in made.locator("h2").all_inner_texts() if text]
    contents = made.get_by_role("navigation").get_by_role("link").all_inner_texts()
    assert contents[0] == "Verdict" and contents[1:] == shown
    for link in made.get_by_role("navigation").get_by_role("link").all():
        assert made.locator(str(link.get_attribute("href"))).is_visible()
    assert made.get_by_role("row", name="freeze").first.inner_text().split()[-2:] == ["0.3", "s"]


def test_it_is_dark_for_those_who_want_that_and_light_on_paper(open_page: Any) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    made = open_page("seed", color_scheme="dark")
    assert made.evaluate(paper) == "rgb(21, 24, 28)"
    made.emulate_media(media="print")
    assert made.evaluate(paper) == "rgb(255, 255, 255)"
    assert open_page("seed").evaluate(paper) == "rgb(255, 255, 255)"


def test_print_has_every_row_that_fits_the_filter_and_nothing_folded(open_page: Any) -> None:
    made = open_page("1000")
    made.locator(f"{TABLE}-filter").fill("tenant-1")
    made.evaluate("dispatchEvent(new Event('beforeprint'))")
    fitting = sum("tenant-1" in index.source for index in with_indices(1000).indices)
    rows = made.locator(f"{TABLE} tbody tr")
    assert rows.count() == fitting > 100 and made.locator("details:not([open])").count() == 0
    made.emulate_media(media="print")
    assert not made.locator(f"{TABLE}-filter").is_visible() and not made.locator("nav").is_visible()
    made.evaluate("dispatchEvent(new Event('afterprint'))")
    assert rows.count() == 50 and made.locator("details:not([open])").count() > 0


def test_an_update_keeps_what_the_reader_has_done(open_page: Any) -> None:
    made = open_page("1000")
    made.locator("#part-plan-details summary").click()
    made.get_by_role("columnheader", name="target documents").get_by_role("button").click()
    field = made.locator(f"{TABLE}-filter")
    field.fill("tenant-07")
    field.press("ArrowLeft")
    before = made.evaluate("document.activeElement.getBoundingClientRect().top")
    parts = page_parts(with_indices(900))
    made.evaluate("parts => snapferry.update(parts)", parts)
    expect(made.get_by_text("900 indices: 900 equal")).to_be_visible()
    assert {name[:14] for name in cells(made, 1)} == {"logs-tenant-07"}
    assert made.locator("[aria-sort=ascending]").inner_text() == "target documents"
    expect(made.locator(f"{TABLE}-filter")).to_be_focused()
    assert made.evaluate("document.activeElement.selectionStart") == len("tenant-07") - 1
    assert made.locator("#part-plan-details").get_attribute("open") is not None
    assert abs(made.evaluate("document.activeElement.getBoundingClientRect().top") - before) < 60


def test_parts_appear_and_vanish_with_an_update(open_page: Any) -> None:
    made = open_page("0")
    assert not made.locator("#part-window").is_visible()
    made.evaluate("parts => snapferry.update(parts)", page_parts(real_report("cutover")))
    assert made.locator("#part-window h2").inner_text() == "Window"
    assert "Window" in made.get_by_role("navigation").inner_text()
    made.evaluate("snapferry.update({'part-window': ''})")
    assert not made.locator("#part-window").is_visible()
