"""Load a fleet file and its plans: return them, or every problem with line and column."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from configs.auth import SigV4Auth
from configs.base import DEFERRED, Conflict, Settings
from configs.base import Path as KeyPath
from configs.fleet.calendar import Blackout
from configs.fleet.fleet import (
    Fleet,
    FleetPlan,
    Limits,
    Retry,
    StopRule,
    Wave,
    before_each,
    order_problems,
    waves_of,
)
from configs.loading.loader import found_problems, is_resolved, load_plan, odd_problems, read_text, read_tree
from configs.loading.messages import sentence
from configs.loading.places import Places
from configs.loading.problems import PlanError, Problem
from configs.loading.validation import Finding
from configs.loading.yaml_tree import Tree
from configs.plan import Plan
from configs.state import StateSettings

_NO_FLEET = (
    "a fleet is a mapping of keys to values; start it with kind: fleet, name and plans (see docs/fleet.md)"
)
_MODELS: Mapping[str, type[Settings]] = {
    "plans": FleetPlan,
    "waves": Wave,
    "blackouts": Blackout,
    "limits": Limits,
    "stop": StopRule,
    "retry": Retry,
    "state": StateSettings,
}
_KEYS = frozenset({"from"}).union(*(model.model_fields for model in (Fleet, SigV4Auth, *_MODELS.values())))


@dataclass(frozen=True)
class Member:
    """One plan of a loaded fleet.

    Args:
        name: what the fleet calls it.
        file: the plan's file, as it can be opened from here.
    """

    name: str
    file: Path
    entry: FleetPlan
    plan: Plan


@dataclass(frozen=True)
class LoadedFleet:
    """A fleet file with its plans: valid, each by itself and all of them together.

    Args:
        file: the fleet file.
        members: by name, in the order of the file.
    """

    file: Path
    settings: Fleet
    members: Mapping[str, Member]

    @property
    def names(self) -> list[str]:
        """The names of its plans, in the order of the file."""
        return list(self.members)

    @property
    def after(self) -> dict[str, list[str]]:
        """For each plan, what its entry says that comes before it."""
        return {name: member.entry.after for name, member in self.members.items()}

    @cached_property
    def before(self) -> dict[str, set[str]]:
        """For each plan, everything that comes before it: by `after`, and by the waves."""
        return before_each(self.names, self.after, self.settings.waves)

    @property
    def waves(self) -> list[tuple[Wave | None, list[str]]]:
        """The waves in order with their plans; a single one without a name where the file has none."""
        return waves_of(self.names, self.settings.waves)

    @property
    def state(self) -> StateSettings | None:
        """Where the state is: as the fleet says, else as its plans say; None for a folder."""
        named = (self.settings.state, *(member.plan.state for member in self.members.values()))
        return next((each for each in named if each), None)


def load_fleet(path: Path) -> LoadedFleet:
    """Load a fleet file and all its plans. Raises PlanError with every problem; sends nothing."""
    text = read_text(path)
    places = Places(text, path)
    tree = _tree(text, path, places)
    found = list(odd_problems(tree.oddities, places, _KEYS))
    try:
        fleet = Fleet.model_validate(tree.data, context=DEFERRED)
    except ValidationError as error:
        wrong = [_finding(details, tree) for details in error.errors(include_url=False)]
        raise PlanError(tuple(sorted({*found, *found_problems(wrong, tree, places, _KEYS)}))) from None
    conflicts = [Finding(each.path, each.message) for each in _conflicts(fleet)]
    members, problems = _members(fleet, path, tree, places)
    if len(members) == len(fleet.plans):
        conflicts += [Finding(each.path, each.message) for each in _of_all(fleet, members)]
    found += [*found_problems(conflicts, tree, places, _KEYS), *problems]
    if found:
        raise PlanError(tuple(sorted(set(found))))
    return LoadedFleet(path, fleet, MappingProxyType({member.name: member for member in members}))


def _tree(text: str, path: Path, places: Places) -> Tree:
    tree = read_tree(text, places)
    if tree.data is None or tree.spots[()].kind != "a mapping":
        raise PlanError((Problem(path, 1, 1, "", _NO_FLEET),))
    return tree


def _finding(details: ErrorDetails, tree: Tree) -> Finding:
    path, kind = details["loc"], details["type"]
    at_key = kind in {"missing", "extra_forbidden"}
    if kind == "extra_forbidden":
        return Finding(path, _unknown(path), at_key)
    said = sentence(details, tree.spots.get(path)).replace("docs/plan.md", "docs/fleet.md")
    return Finding(path, said, at_key)


def _unknown(path: KeyPath) -> str:
    above = [part for part in path[:-1] if isinstance(part, str)]
    model = _MODELS.get(above[0], Fleet) if above else Fleet
    known = [field.alias or name for name, field in model.model_fields.items()]
    close = get_close_matches(str(path[-1]).lower().replace("-", "_"), known, n=1, cutoff=0.7)
    return (
        f'unknown key; did you mean "{close[0]}"?'
        if close
        else f"unknown key; known here: {', '.join(known)}"
    )


def _conflicts(fleet: Fleet) -> Iterator[Conflict]:
    for key, parts in (("plans", fleet.plans), ("waves", fleet.waves), ("blackouts", fleet.blackouts)):
        for place, part in enumerate(parts):
            for each in part.disagreements():
                yield Conflict((key, place, *each.path), each.message)


def _members(fleet: Fleet, path: Path, tree: Tree, places: Places) -> tuple[list[Member], Sequence[Problem]]:
    """The plans that could be loaded, and the problems of the others, each in its own file."""
    members: list[Member] = []
    problems: list[Problem] = []
    for place, entry in enumerate(fleet.plans):
        file = path.parent / entry.plan
        if is_resolved(file):
            message = "this is a saved plan; a fleet takes the plan that it was saved from"
            problems += found_problems([Finding(("plans", place, "plan"), message)], tree, places, _KEYS)
            continue
        try:
            plan = load_plan(file)
        except PlanError as error:
            problems += error.problems
        else:
            members.append(Member(entry.name or plan.name, file, entry, plan))
    return members, problems


def _of_all(fleet: Fleet, members: list[Member]) -> Iterator[Conflict]:
    """Yield what does not go together among the plans."""
    names = [member.name for member in members]
    twice = [place for place, name in enumerate(names) if name in names[:place]]
    for place in twice:
        message = f"another one is called {names[place]} already; give this one a name of its own: name: …"
        yield Conflict(("plans", place), message)
    yield from _same_plan(members)
    yield from _state_problems(fleet, members)
    if not twice:
        after = {member.name: member.entry.after for member in members}
        yield from order_problems(names, after, fleet.waves)


def _same_plan(members: list[Member]) -> Iterator[Conflict]:
    """Yield plans of one name in different files: their runs would be taken for each other's."""
    files: dict[str, Path] = {}
    for place, member in enumerate(members):
        first = files.setdefault(member.plan.name, member.file)
        if first.resolve() != member.file.resolve():
            message = f"{first} has the plan name {member.plan.name} as well; rename one of the plans"
            yield Conflict(("plans", place, "plan"), message)


def _state_problems(fleet: Fleet, members: list[Member]) -> Iterator[Conflict]:
    wanted = fleet.state or next((member.plan.state for member in members if member.plan.state), None)
    for place, member in enumerate(members):
        own = member.plan.state
        if wanted and not own and wanted != StateSettings(address=wanted.address):
            message = "this plan does not say how the fleet's state is reached; give it the same state"
            yield Conflict(("plans", place, "plan"), message)
        if wanted and own and own.address != wanted.address:
            message = (
                f"this plan keeps its state in {own.address}, and the fleet in {wanted.address}; the "
                "fleet and all its plans need one place"
            )
            yield Conflict(("plans", place, "plan"), message)
