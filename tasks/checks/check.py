"""Definition of a check: its id, and the function that reads and judges."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import cast

from configs.checks import IDS
from configs.plan import Side
from configs.values.listing import listed
from tasks.records.checks import Group, Status
from tasks.survey import SIDES, Survey


@dataclass(frozen=True)
class Finding:
    """Finding of a check; see CheckRecord for the fields."""

    status: Status
    detail: str
    hint: str = ""
    items: tuple[str, ...] = ()
    unknown: bool = False


def ok(detail: str, items: Iterable[str] = ()) -> Finding:
    """Pass."""
    return Finding("OK", detail, "", tuple(items))


def warn(detail: str, hint: str = "", items: Iterable[str] = ()) -> Finding:
    """Warn: the user should know this, but the migration can continue."""
    return Finding("WARN", detail, hint, tuple(items))


def fail(detail: str, hint: str = "", items: Iterable[str] = ()) -> Finding:
    """Fail: the migration would fail, lose documents or do harm."""
    return Finding("FAIL", detail, hint, tuple(items))


def skip(detail: str) -> Finding:
    """Skip: the check does not apply, or another check reports the problem."""
    return Finding("SKIP", detail)


def unknown(why: str, hint: str = "") -> Finding:
    """Undecided: the check could not tell. Never OK."""
    return Finding("WARN", f"could not tell: {why}", hint, unknown=True)


@dataclass(frozen=True)
class Check:
    """One check.

    Args:
        id, name, source: as in CheckRecord.
        sides: the sides to check, one at a time; `(None,)` for a check that reads both at once.
        judge: reads and judges one side (or None); may raise any SnapferryError if it cannot read something.
        decisive: whether `migrate` refuses to start if it fails.
        module: the module that defines it.
    """

    id: str
    name: str
    source: str
    sides: tuple[Side | None, ...]
    judge: Callable[[Survey, Side | None], Finding]
    decisive: bool
    module: str

    @property
    def group(self) -> Group:
        """The part of the id before the dot."""
        return cast(Group, self.id.split(".")[0])


_DECISIVE = {"indices", "room", "safety"}


def check(
    id: str, name: str, *, source: str = "", decisive: bool | None = None
) -> Callable[[Callable[[Survey], Finding]], Check]:
    """Turn a function that judges both domains at once into a check.

    Args:
        decisive: None for the group's default: indices, room and safety are decisive, the others are not.
    """

    def made(judge: Callable[[Survey], Finding]) -> Check:
        decides = id.split(".")[0] in _DECISIVE if decisive is None else decisive
        return Check(id, name, source, (None,), lambda survey, _: judge(survey), decides, judge.__module__)

    return made


def side_check(
    id: str, name: str, *, source: str = "", decisive: bool | None = None, sides: tuple[Side, ...] = SIDES
) -> Callable[[Callable[[Survey, Side], Finding]], Check]:
    """Turn a function that judges one side into a check of each side."""

    def made(judge: Callable[[Survey, Side], Finding]) -> Check:
        decides = id.split(".")[0] in _DECISIVE if decisive is None else decisive
        one_side = cast(Callable[[Survey, Side | None], Finding], judge)
        return Check(id, name, source, sides, one_side, decides, judge.__module__)

    return made


def shown(names: Iterable[str], most: int = 5) -> str:
    """Join names on one line; only the first few if there are many."""
    return listed(names, most)


def failing(problems: Iterable[str], otherwise: str, hint: str = "") -> Finding:
    """FAIL with these problems, one line each; OK with the `otherwise` text if there is none."""
    lines = tuple(problems)
    if not lines:
        return ok(otherwise)
    return fail(lines[0] if len(lines) == 1 else f"{len(lines)} problems", hint, lines)


def checks_in(*modules: ModuleType) -> tuple[Check, ...]:
    """Return the checks defined in these modules, in the order of the documentation."""
    found = [
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, Check) and each.module == module.__name__
    ]
    unknown = [each.id for each in found if each.id not in IDS]
    if unknown:
        raise ValueError(f"add {unknown[0]} to IDS in configs/checks.py, where docs/checks.md has it")
    return tuple(sorted(found, key=lambda each: IDS.index(each.id)))


def each_side(checks: Iterable[Check]) -> Iterator[tuple[Check, Side | None]]:
    """Yield every check with each of its sides, in order."""
    return ((made, side) for made in checks for side in made.sides)
