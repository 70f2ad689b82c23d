"""Fit lines and tables to the width they have: prose wraps between words, and no name is cut or split.

A name, a path or a command that is wider than the screen is left to the terminal, which wraps it without a
line break in it: it can still be copied as a whole.
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

UNLIMITED = 1_000_000
"""A width that nothing exceeds: for output that a program reads."""
_GAP = 2
_WIDEST = 60  # of a column of names, where the width is unlimited: longer ones are not aligned
_NARROWEST = 20  # of a column of names; with less each row becomes a paragraph
_HANG = 2
_UNIT = re.compile(r"`[^`]*`\S*|snapferry [a-z]+ .+$|\S+")  # what is never broken: a word, a command


def page(parts: Iterable[RenderableType]) -> RenderableType:
    """Put parts below each other; lines of text are fitted to the width."""
    return Group(*(fitted for part in parts for fitted in _fitted(part)))


def _fitted(part: RenderableType) -> Iterator[RenderableType]:
    if isinstance(part, Text):
        yield from map(Paragraph, part.split("\n", allow_blank=True))
    else:
        yield part


def text_of(view: RenderableType, width: int = UNLIMITED) -> str:
    """Render a view as plain text, without styles."""
    console = Console(file=io.StringIO(), width=width, color_system=None, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(view, markup=False, overflow="ignore", crop=False)
    return captured.get()


@dataclass(frozen=True)
class Section:
    """A part of the Markdown report: facts, then a table.

    Args:
        facts: what each is about (or nothing), and what is so.
        columns: titles of the table; one that begins with `>` is aligned right.
    """

    title: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    facts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Paragraph:
    """One line of text, wrapped between words; the lines after the first are indented further."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        hang = len(self.text.plain) - len(self.text.plain.lstrip()) + _HANG
        first, *others = self.text.divide(_breaks(self.text.plain, options.max_width, hang))
        yield _unbroken(first)
        for line in others:
            yield _unbroken(Text(" " * hang).append_text(line))


def _breaks(plain: str, width: int, hang: int) -> list[int]:
    """The positions at which a new line begins."""
    found: list[int] = []
    begins, offset = 0, 0  # of the line: its position, and its indentation
    for unit in _UNIT.finditer(plain):
        ends = offset + Text(plain[begins : unit.end()]).cell_len
        if ends > width and plain[begins : unit.start()].strip():
            found.append(unit.start())
            begins, offset = unit.start(), hang
    return found


def _unbroken(line: Text) -> Text:
    line.rstrip()
    line.no_wrap, line.overflow = True, "ignore"
    return line


@dataclass
class Rows:
    """A table without borders whose first column holds names, none of which is ever cut or folded.

    A name that is too long for its column has a line of its own; where even that leaves too little room, each
    row is a paragraph.

    Args:
        columns: titles; one that begins with `>` is aligned right.
        below: lines after the rows, such as the number of rows that are not shown.
    """

    columns: Sequence[str]
    rows: list[tuple[Text, ...]] = field(default_factory=list[tuple[Text, ...]])
    below: list[Text] = field(default_factory=list[Text])

    def add(self, *cells: str | Text) -> None:
        """Add a row: the name first."""
        self.rows.append(tuple(cell if isinstance(cell, Text) else Text(cell) for cell in cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        titles = [Text(title.removeprefix(">"), "bold") for title in self.columns]
        widths = [max(cell.cell_len for cell in column) for column in zip(titles, *self.rows, strict=True)]
        room = options.max_width - sum(widths[1:]) - _GAP * len(widths[1:])
        if room < min(widths[0], _NARROWEST):
            yield from (Paragraph(line) for row in self.rows for line in self._spelled_out(row))
        else:
            endless = options.max_width >= UNLIMITED
            widths[0] = min(widths[0], _WIDEST if endless else room)
            for row in (titles, *self.rows):
                yield from map(_unbroken, self._aligned(row, widths, endless))
        yield from map(Paragraph, self.below)

    def _aligned(self, row: Sequence[Text], widths: Sequence[int], endless: bool) -> Iterator[Text]:
        """A row in one line; where lines are not endless, a name that is too long has a line of its own."""
        if row[0].cell_len > widths[0] and not endless:
            yield row[0].copy()
            row = (Text(), *row[1:])
        line = Text()
        for title, cell, width in zip(self.columns, row, widths, strict=True):
            space = " " * (width - cell.cell_len)
            line.append(" " * _GAP if title is not self.columns[0] else "")
            line.append_text(Text(space).append_text(cell) if title[0] == ">" else cell.copy().append(space))
        yield line

    def _spelled_out(self, row: Sequence[Text]) -> Iterator[Text]:
        yield row[0]
        line = Text("  ")
        for title, cell in zip(self.columns[1:], row[1:], strict=True):
            line.append(f"{', ' if line.plain.strip() else ''}{title.removeprefix('>').lower()} ")
            line.append_text(cell)
        yield line
