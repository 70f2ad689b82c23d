"""What a page is made of: values that the templates show, whatever they are about.

They hold texts as they are; the templates escape them. `visible_values` of them makes hidden characters
visible first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

Tone = Literal["good", "mixed", "bad", "busy", "plain"]
"""What something means for the reader. A word or a sign always says it too; the colour alone never does."""
Kind = Literal["text", "name", "figure", "number", "size", "verdict"]
Cell = str | int | None


@dataclass(frozen=True)
class Verdict:
    """The banner of a page: first of all, how it stands.

    Args:
        above: a line over the title, such as the kind of page and the run.
        title: the page's heading.
        state: how it stands, in a few words.
        sentence: the figures to it; empty for none.
        message: why; lines of text, or empty.
        next, command: what to do next, and the command for it; empty for nothing.
    """

    block: ClassVar[str] = "verdict"
    above: str
    title: str
    tone: Tone
    state: str
    sentence: str = ""
    message: str = ""
    next: str = ""
    command: str = ""


@dataclass(frozen=True)
class Figure:
    """One of the figures that a reader looks for first.

    Args:
        note: a few words below it; empty for none.
    """

    name: str
    value: str
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Figures:
    """Figures side by side."""

    figures: Sequence[Figure]
    block: ClassVar[str] = "figures"


@dataclass(frozen=True)
class Facts:
    """Pairs of what and how; a fact without a name is a sentence of its own."""

    facts: Sequence[tuple[str, str]]
    block: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Lines:
    """A list of sentences."""

    lines: Sequence[str]
    block: ClassVar[str] = "lines"


@dataclass(frozen=True)
class Code:
    """A text to be copied.

    Args:
        label: what it is, for those who do not see it.
    """

    text: str
    label: str
    block: ClassVar[str] = "code"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        kind: how its cells are shown and sorted. Cells of `number` and `size` are integers or None, the
            others texts; `figure` is a formatted figure, `verdict` one of the table's `tones`.
        choice: whether readers can choose one of its values.
    """

    title: str
    kind: Kind = "text"
    choice: bool = False

    @property
    def classes(self) -> str:
        """How the style knows its cells."""
        return f"{self.kind} choice" if self.choice else self.kind


@dataclass(frozen=True)
class Table:
    """A table whose first column names each row. A long one can be sorted and filtered.

    Args:
        id: unique on the page, and the same in the page's next update.
        caption: what it shows.
        noun: one row and many of them, such as `index`, `indices`.
        tones: what each value of a `verdict` column means.
    """

    id: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    noun: tuple[str, str] = ("row", "rows")
    tones: Mapping[str, Tone] = field(default_factory=dict[str, Tone])
    block: ClassVar[str] = "table"


@dataclass(frozen=True)
class Bar:
    """One row of a timeline.

    Args:
        start, length: parts of the whole width, from 0 to 1.
        began: when, in words.
        took: how long, in words.
        note: a line below its name, such as an error; empty for none.
        sparse: whether it did not last all that time, but came back in between.
    """

    name: str
    start: float
    length: float
    began: str
    took: str
    tone: Tone = "plain"
    note: str = ""
    sparse: bool = False


@dataclass(frozen=True)
class Timeline:
    """Bars over one time axis, which is a table for those who do not see it.

    Args:
        caption: what it shows, with the times of its two ends.
        band: the part of the width that is marked, as start and length; None for none.
        band_name: what the mark means.
        below: sentences about it.
        noun: what each bar is.
    """

    caption: str
    bars: Sequence[Bar]
    begins: str
    ends: str
    band: tuple[float, float] | None = None
    band_name: str = ""
    below: Sequence[str] = ()
    noun: str = "Step"
    block: ClassVar[str] = "timeline"


@dataclass(frozen=True)
class Curve:
    """One curve over time.

    Args:
        title: what it shows.
        line, area: as paths of an SVG of 1000 by 100.
        most: the value at its upper edge, in words.
    """

    title: str
    line: str
    area: str
    most: str


@dataclass(frozen=True)
class Chart:
    """Curves of one step over the same time, and their figures as a table.

    Args:
        id: unique on the page.
        begins, ends: the two ends of the time axis, in words.
    """

    id: str
    title: str
    summary: str
    curves: Sequence[Curve]
    begins: str
    ends: str
    table: Table
    block: ClassVar[str] = "chart"


Block = Verdict | Figures | Facts | Lines | Code | Table | Timeline | Chart


@dataclass(frozen=True)
class Part:
    """One part of a page: a top-level section, which a live page replaces as a whole.

    Args:
        id: `part-` and a word.
        title: its heading; empty for the verdict, which has the page's.
        blocks: its content; a part without any is not shown.
        folded: whether it is closed at first: details for the few who need them.
    """

    id: str
    title: str
    blocks: Sequence[Block] = ()
    folded: bool = False
