"""The generated page on errors: the classes, and what each says and advises, read from where it is raised."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import domains.errors
import domains.http.bodies
import runs.errors
import tasks.errors
from domains.errors import SnapferryError
from snapferry.reference.markdown import code, page, plain, table

_MODULES = (domains.errors, domains.http.bodies, tasks.errors, runs.errors)
_ROOMS = ("domains", "runs", "tasks", "flows", "snapferry")
_ROOT = Path(__file__).resolve().parents[2]


def errors_page() -> str:
    """Every class of errors, and the texts with which they are raised."""
    classes = sorted(set(_classes()), key=lambda each: each.__name__)
    said = sorted({*_raised({each.__name__ for each in classes})})
    summaries = ((code(each.__name__), _summary(each)) for each in classes)
    return page(
        "Errors",
        "An error says what happened, and after `next:` what to do. Where a name or a number is put in, this "
        "page has a …. What a domain or AWS answers is quoted as it came.",
        table(("class", "when"), summaries),
        "## What they say",
        table(
            ("message", "next", "class"),
            ((plain(text), plain(hint), code(name)) for text, hint, name in said),
        ),
    )


def _classes() -> Iterator[type[SnapferryError]]:
    for module in _MODULES:
        for each in vars(module).values():
            if inspect.isclass(each) and issubclass(each, SnapferryError):
                yield each


def _summary(each: type[SnapferryError]) -> str:
    return plain((inspect.getdoc(each) or "").partition("\n\n")[0])


def _raised(names: set[str]) -> Iterator[tuple[str, str, str]]:
    """Message, advice and class of each raise that says both in its own words."""
    for room in _ROOMS:
        for file in sorted((_ROOT / room).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            constants = dict(_constants(tree))
            for node in ast.walk(tree):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                    name = getattr(node.exc.func, "id", "")
                    texts = [_text(each, constants) for each in _arguments(node.exc)]
                    if name in names and len(texts) >= 2 and texts[0].strip(" …") and texts[-1].strip(" …"):
                        yield texts[0], texts[-1], name


def _arguments(call: ast.Call) -> list[ast.expr]:
    hint = [keyword.value for keyword in call.keywords if keyword.arg == "hint"]
    return [*call.args, *hint]


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            text = _text(node.value, {})
            if text != "…":
                yield node.targets[0].id, text


def _text(node: ast.expr, constants: dict[str, str]) -> str:
    """What is known of a text before the program runs; … for the rest."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(each, constants) for each in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, constants)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, constants) + _text(node.right, constants)
    return constants.get(node.id, "…") if isinstance(node, ast.Name) else "…"
