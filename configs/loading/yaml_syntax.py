"""Parse YAML text to nodes, with limits against hostile files, and translate the parser's errors.

No message repeats text of the file, which may be a secret.
"""

import re

import yaml

MAX_DEPTH = 50
MAX_NODES = 50_000
_QUOTE = "put it in quotes"

_SENTENCES = (
    ("found undefined alias", f'text that starts with * is an alias in YAML; {_QUOTE}, such as "*"'),
    ("while scanning an alias", f'text that starts with * is an alias in YAML; {_QUOTE}, such as "*"'),
    ("while scanning an anchor", f"text that starts with & is an anchor in YAML; {_QUOTE}"),
    ("found duplicate anchor", "there is already an anchor of this name; give this one another name"),
    (r"found character '\\t'", "a tab cannot be used here; indent with blanks"),
    ("cannot start any token", f"text cannot start with this character; {_QUOTE}"),
    (
        "mapping values are not allowed",
        "a colon is not expected here; put text with a colon in quotes, or correct the indentation",
    ),
    ("expected ',' or ']'", "this list is not closed; write [a, b]"),
    ("expected ',' or '}'", "this mapping is not closed; write {a: 1, b: 2}"),
    ("while scanning a quoted scalar.*end of stream", "this quote is not closed; close it after the text"),
    ("document separator", "this quote is not closed; close it after the text"),
    ("escape", "a backslash in double quotes starts an escape; use single quotes"),
    ("could not find expected ':'", "this key has no colon; write `key: value`"),
    (
        "expected <block end>",
        "this does not fit the lines above; align keys of one mapping, and start each list item with -",
    ),
    ("expected a single document", "a second document starts here; keep one and remove the line ---"),
    ("tag", f"a plan cannot use custom tags (!…); remove it, or {_QUOTE} if it is text"),
    ("%YAML|directive", "a plan cannot use directives (%…); remove the line"),
    ("block scalar", "after | or > the text starts on the next line; move it there"),
)  # fmt: skip
_AT_THE_START = re.compile(r"expected ',' or|end of stream|document separator|could not find expected ':'")


class SyntaxProblem(Exception):
    """The text is not one valid YAML document; with the position of the first error."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index
        self.message = message


def compose(text: str) -> yaml.Node | None:
    """Parse the one document in `text`; return its root node, or None for an empty text."""
    try:
        loader = _Composer(text)
    except yaml.reader.ReaderError as error:
        message = (
            "an unprintable character is not allowed in YAML; remove it, or write it as an escape in double "
            "quotes"
        )
        raise SyntaxProblem(error.position, message) from None
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _in_our_words(error) from None
    except (ValueError, OverflowError):
        # PyYAML does not catch these for escapes and directives with huge numbers
        message = "a number in this escape or directive is too large; remove it"
        raise SyntaxProblem(loader.get_mark().index, message) from None


class _Composer(yaml.SafeLoader):
    """The safe loader's composer, with limits on depth and size."""

    depth = 0
    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node; refuse depths and sizes that no plan has."""
        self.depth += 1
        self.nodes += 1
        if self.depth > MAX_DEPTH or self.nodes > MAX_NODES:
            place = self.get_mark().index
            raise SyntaxProblem(place, too_big(self.depth))
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def too_big(depth: int) -> str:
    """Say which limit was exceeded."""
    if depth > MAX_DEPTH:
        return f"this is nested deeper than {MAX_DEPTH} levels; a plan needs 4"
    return f"the file has more than {MAX_NODES} values, aliases included; make it smaller"


def _in_our_words(error: yaml.MarkedYAMLError) -> SyntaxProblem:
    said = f"{error.context or ''} {error.problem or ''}"
    at_the_start = error.context_mark is not None and _AT_THE_START.search(said)
    mark = error.context_mark if at_the_start else error.problem_mark or error.context_mark
    for pattern, sentence in _SENTENCES:
        if re.search(pattern, said, re.DOTALL):
            return SyntaxProblem(mark.index if mark else 0, sentence)
    sentence = "this is not valid YAML; check quotes, brackets and the indentation here and above"
    return SyntaxProblem(mark.index if mark else 0, sentence)
