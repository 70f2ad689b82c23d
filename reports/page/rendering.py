"""Pages from parts: one self-contained file, which loads nothing and may load nothing.

Independent of what a page is about: the report, a fleet.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.page.elements import Cell, Column, Part, Table
from reports.page.live import LiveFeed
from reports.words import common

FIRST = 50
"""Rows of a long table that stand in the page itself, for readers without JavaScript."""
SHORT = 10
"""A table of so many rows can be neither sorted nor filtered: it is seen at a glance."""
_CODE = re.compile(r"`([^`]+)`")


def document(title: str, parts: Mapping[str, str], *, about: str, live: LiveFeed | None = None) -> str:
    """The whole page.

    Args:
        title: of the window.
        parts: HTML of each part by its id, as `rendered` makes it; an empty one is hidden.
        about: a line at the end of the page.
        live: where it listens for changed parts; None for a file.
    """
    style, script = _asset("page.css"), _asset("page.js")
    shown = {name: Markup(html) for name, html in parts.items()}
    made = _environment().get_template("base.html.j2")
    return made.render(
        title=title,
        parts=shown,
        about=about,
        live=live,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script, live),
    )


def rendered(part: Part) -> str:
    """The HTML inside a part's section; empty if it has no content."""
    return _environment().get_template("part.html.j2").render(part=part) if part.blocks else ""


def policy_of(live: LiveFeed | None) -> str:
    """What a page may load, for the header of whoever serves it."""
    return _policy(_asset("page.css"), _asset("page.js"), live)


def _policy(style: str, script: str, live: LiveFeed | None) -> str:
    """What the page may load: nothing; only its own style and script count, by their digests."""
    connect = "'self'" if live else "'none'"
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _asset(name: str) -> str:
    return files("reports.page").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("reports.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {"said": said, "cell": cell, "data": data}
    made.filters.update(filters)  # pyright: ignore[reportUnknownMemberType]
    known: dict[str, Any] = {"FIRST": FIRST, "SHORT": SHORT, "number": common.number}
    made.globals.update(known)  # pyright: ignore[reportUnknownMemberType]
    return made


def said(text: str) -> Markup:
    """A text whose words in backticks are code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def cell(value: Cell, column: Column) -> str:
    """A cell as it is shown."""
    if column.kind == "size":
        return common.size(value if isinstance(value, int) else None)
    if column.kind == "number":
        return common.number(value if isinstance(value, int) else None)
    return "" if value is None else str(value)


def data(table: Table) -> Markup:
    """All that the script needs of a long table, as JSON that ends no element."""
    columns = [{"title": c.title, "kind": c.kind, "choice": c.choice} for c in table.columns]
    kept: dict[str, Any] = {"noun": table.noun, "columns": columns, "tones": dict(table.tones)}
    return Markup(as_data({**kept, "rows": [list(row) for row in table.rows]}))


def as_data(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON for inside of an element: it cannot end it, nor begin another."""
    packed = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for mark in "<>&":
        packed = packed.replace(mark, f"\\u{ord(mark):04x}")
    return packed
