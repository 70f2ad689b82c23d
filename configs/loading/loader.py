"""Load a plan file: return the plan, or every problem with line and column."""

import errno
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import cast

from configs.auth import NEVER_IN_THE_PLAN
from configs.base import Path as KeyPath
from configs.base import path_text
from configs.loading.messages import KNOWN_KEYS
from configs.loading.places import Places
from configs.loading.plain_files import NotAPlainFile, TooLarge, read_file, read_head
from configs.loading.problems import PlanError, Problem
from configs.loading.validation import Finding, Validation
from configs.loading.yaml_syntax import SyntaxProblem, compose
from configs.loading.yaml_tree import Oddity, Spot, Tree, build_tree
from configs.plan import Plan
from configs.state import StateSettings, as_settings
from configs.values.names import NAME_PATTERN
from configs.values.visible import visible

MAX_BYTES = 1024 * 1024

_SECRETS = {"password", "webhook"}

_REFERENCES = {("env",), ("secret",), ("url",)}

_EMPTY = "the file is empty; a plan has at least name, source, target and repository (see docs/plan.md)"

_NO_MAPPING = "a plan is a mapping of keys to values; start it with name, source, target and repository"


def load_plan(path: Path) -> Plan:
    """Load the plan in a file. Raises PlanError with every problem; sends nothing."""
    return parse_plan(read_text(path), path)


def parse_plan(text: str, path: Path | str) -> Plan:
    """Load the plan in a text; problems are reported for `path`, whatever names it. Raises PlanError."""
    places = Places(text, path)
    tree = read_tree(text, places)
    if tree.data is None:
        raise PlanError((Problem(path, 1, 1, "", _EMPTY),))
    if tree.spots[()].kind != "a mapping":
        raise PlanError((places.problem(tree.spots[()].value, "", _NO_MAPPING),))
    validation = Validation(tree.data, tree.spots, [odd.path for odd in tree.oddities if odd.spoils_value])
    plan = validation.run()
    problems = {*odd_problems(tree.oddities, places), *found_problems(validation.findings, tree, places)}
    if plan is None and not problems:  # never seen; but a plan must not pass for lack of a message
        problems.add(Problem(path, 1, 1, "", "this plan is not valid; compare it with docs/plan.md"))
    if plan is None or problems:
        raise PlanError(tuple(sorted(problems)))
    return _with_files_beside(plan, path.parent) if isinstance(path, Path) else plan


def read_tree(text: str, places: Places) -> Tree:
    """Read a YAML text with the places of its values; its tree has no data if the text is empty.

    Raises:
        PlanError: it is no YAML, or uses what no plan may.
    """
    try:
        root = compose(text)
        return build_tree(root) if root else Tree()
    except SyntaxProblem as problem:
        raise PlanError((places.problem(problem.index, "", problem.message),)) from None


def _with_files_beside(plan: Plan, folder: Path) -> Plan:
    """The plan with the whole name of its file of recorded searches, which stands relative to the plan's."""
    if plan.queries is None:
        return plan
    file = str((folder / plan.queries.from_).absolute())
    queries = plan.queries.model_copy(update={"from_": file})
    return plan.model_copy(update={"queries": queries})


def name_in(path: Path) -> str | None:
    """Return the plan's name from a file that may have problems; None if it cannot be read."""
    return _name(value_in(path, "name"))


def name_in_text(text: str) -> str | None:
    """Return the plan's name from a text that may have problems; None if it does not say, or wrongly."""
    return _name(_value_in_text(text, "name"))


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(NAME_PATTERN, value) else None


def state_of(path: Path) -> StateSettings | None:
    """Return where the state is, from a plan that may have problems; None if it does not say, or wrongly."""
    state = value_in(path, "state")
    try:
        return None if state is None else StateSettings.model_validate(as_settings(state))
    except ValueError:
        return None


def value_in(path: Path, key: str) -> object:
    """The value of a key at the top of a file that may have problems; None if there is none."""
    try:
        return _value_in_text(read_text(path), key)
    except PlanError:
        return None


def _value_in_text(text: str, key: str) -> object:
    try:
        root = compose(text) if key in text else None
        data = build_tree(root).data if root else None
    except SyntaxProblem:
        return None
    return cast("dict[str, object]", data).get(key) if isinstance(data, dict) else None


def read_text(path: Path, longest: int = MAX_BYTES) -> str:
    """Read the text of a file that should hold a plan.

    Args:
        longest: the most bytes that it may hold.

    Raises:
        PlanError: it cannot be read, is no file, is too large, or is not UTF-8.
    """
    try:
        content = read_file(path, longest)
    except OSError as error:
        raise _unreadable(path, _why_unread(error)) from None
    except ValueError:
        raise _unreadable(path, "this is not the name of a file; check the name") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable(path, "this file is not UTF-8 text; save it as UTF-8") from None


_UNREAD = {
    errno.ENOENT: "there is no such file; check the name",
    errno.ENOTDIR: "a part of this path is not a folder; check the name",
    errno.ENAMETOOLONG: "this name is too long for a file; check the name",
    errno.ELOOP: "these symbolic links lead in a circle; correct them",
    errno.EISDIR: "this is a folder; give the plan file inside it",
    errno.EACCES: "permission denied; check the permissions of this file",
    errno.EPERM: "permission denied; check the permissions of this file",
    errno.ENXIO: "this is a socket or a device, not a file; check the name",
    errno.EMFILE: "too many files are open; raise the limit, such as ulimit -n 4096",
    errno.ENFILE: "too many files are open on this machine; close some, then run the same command again",
}


def _why_unread(error: OSError) -> str:
    said = (error.strerror or str(error)).removeprefix("it ")
    if isinstance(error, TooLarge):
        return f"this file {said}, too large for a plan; check the name"
    if isinstance(error, NotAPlainFile):
        return f"this {said}; save the plan as a file, because later commands read it again"
    known = _UNREAD.get(error.errno or 0)
    return known or f"this file cannot be read: {said}; check the disk"


def _unreadable(path: Path, message: str) -> PlanError:
    return PlanError((Problem(path, 1, 1, "", message),))


def odd_problems(
    oddities: Iterable[Oddity], places: Places, known: Collection[str] = KNOWN_KEYS
) -> Iterator[Problem]:
    """Yield the problems of the text itself, without what may be a secret.

    Args:
        known: the keys that a file of this kind may have; other words may be secrets.
    """
    for odd in oddities:
        path = _without_secrets(odd.path, known)
        hidden = not _SECRETS.isdisjoint(path) and odd.spoils_value
        yield places.problem(odd.index, _shown(path), NEVER_IN_THE_PLAN if hidden else odd.message)


def found_problems(
    findings: Iterable[Finding], tree: Tree, places: Places, known: Collection[str] = KNOWN_KEYS
) -> Iterator[Problem]:
    """Yield what was found in the values, each in its place, without what may be a secret.

    Args:
        known: as in `odd_problems`.
    """
    for finding in findings:
        index = _index_of(finding, tree.spots)
        yield places.problem(index, _shown(_without_secrets(finding.path, known)), finding.message)


def _index_of(finding: Finding, spots: dict[KeyPath, Spot]) -> int:
    spot = spots.get(finding.path)
    if spot is not None:
        return spot.key if finding.at_key else spot.value
    path = finding.path
    while path and path not in spots:
        path = path[:-1]
    return spots[path].key if path else 0


def _without_secrets(path: KeyPath, known: Collection[str]) -> KeyPath:
    """Cut a path below secrets and unknown keys, because `password: {hunter2}` makes the password a key."""
    for at, part in enumerate(path):
        if part in _SECRETS:
            return path[: at + 2] if path[at + 1 : at + 2] in _REFERENCES else path[: at + 1]
        if isinstance(part, str) and part not in known:
            return path[: at + 1]
    return path


def _shown(path: KeyPath) -> str:
    """Format a path in one line, with printable keys."""
    parts = (part if isinstance(part, int) else _shown_key(part) for part in path)
    return path_text(tuple(parts))


def _shown_key(key: str) -> str:
    clean = visible(key)
    return clean if len(clean) <= 60 else clean[:59] + "…"


_HEAD = 4096

_RESOLVED = re.compile(
    r"""(?:\s|\{|#[^\n]*\n|---)*["']?kind["']?\s*:\s*["']?(?:saved|rehearsal)-plan["']?[\s,}]"""
)


def is_resolved(path: Path) -> bool:
    """Whether this file's first key marks a saved plan, or the preview of a rehearsal.

    False for a file that cannot be read.
    """
    try:
        head = read_head(path, _HEAD)
    except (OSError, ValueError):
        return False
    return says_resolved(head.decode("utf-8", errors="replace"))


def says_resolved(text: str) -> bool:
    """Whether the first key of this text marks a saved plan, or the preview of a rehearsal."""
    return _RESOLVED.match(text[:_HEAD]) is not None
