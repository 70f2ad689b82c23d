"""Every error that reaches a user says what to do next: each raise of these families passes a hint."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("configs", "domains", "runs", "tasks", "reports", "flows", "snapferry", "lab")
HINT_AT = {
    "AwsError": 1,
    "Busy": 1,
    "CancelledInPrefect": 1,
    "ExecutionError": 1,
    "LabError": 1,
    "NoSuchNode": 1,
    "NotInTime": 1,
    "NothingToApprove": 1,
    "PlanChanged": 1,
    "PreconditionError": 2,
    "ServerLost": 1,
    "ServerUnusable": 1,
    "StateUnusable": 1,
    "TimedOut": 1,
    "Unreachable": 2,
    "VerificationFailed": 1,
    "WindowOver": 1,
}
"""Error classes with the position of their hint.

Not listed: UnexpectedReply and ReplyTooLong have default hints; Refused gets its hint from its reply, in
domains.http.error_bodies; Unlooked never leaves the checks.
"""
WITHOUT: dict[str, int] = {}
"""Raises without a hint that are still to be written, by file. Remove an entry with its last raise."""


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def _name(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _has_hint(call: ast.Call) -> bool:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    place = HINT_AT[_name(call)]
    hint = given.get("hint") or (call.args[place] if len(call.args) > place else None)
    return hint is not None and not (isinstance(hint, ast.Constant) and not hint.value)


def _lacking(path: Path) -> list[int]:
    return [call.lineno for call in _calls(path) if _name(call) in HINT_AT and not _has_hint(call)]


@pytest.mark.parametrize("room", ROOMS)
def test_every_error_says_what_to_do_next(room: str) -> None:
    for path in sorted((ROOT / room).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        lines = _lacking(path)
        assert len(lines) == WITHOUT.get(name, 0), f"{name}: no hint in lines {lines}"


def test_a_raise_without_a_hint_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text(
        "raise AwsError('a')\nraise AwsError('a', '')\nraise Busy('a', 'b')\nraise TimedOut('a', hint='b')\n"
    )
    assert _lacking(file) == [1, 2]


def test_every_error_is_on_the_page_and_described() -> None:
    page = ast.get_docstring(ast.parse((ROOT / "domains/errors.py").read_text(encoding="utf-8")))
    for module in ("domains/errors.py", "tasks/errors.py", "runs/errors.py"):
        for node in ast.parse((ROOT / module).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name != "Reply":
                assert page and node.name in page, f"{node.name} is not in the docstring of domains/errors.py"
                assert ast.get_docstring(node), f"{node.name} has no docstring"
