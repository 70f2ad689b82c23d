"""Definition of a rule: the ways that it judges, the source of its fact, and the judgement. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType

from configs.values.listing import listed
from tasks.advice.case import Case
from tasks.records.advice import Reason, Way, Weight

SERVICE = (Way.IN_PLACE, Way.CLONE, Way.PEER, Way.CROSS_CLUSTER)
"""Ways that the service itself offers, for its domains only."""
UPGRADES = (Way.IN_PLACE, Way.CLONE)
SNAPSHOTS = (Way.MIGRATE, Way.SEED)
"""Ways whose data moves by snapshots."""
COPIES = (*SNAPSHOTS, Way.REINDEX, Way.ASSISTANT)
"""Ways that write into another domain without the service's help."""
READS = (Way.REINDEX, Way.ASSISTANT)
"""Ways that read documents and index them anew."""
ALL = tuple(Way)


@dataclass(frozen=True)
class Finding:
    """What a rule has found; see Reason for the fields."""

    weight: Weight
    fact: str
    hint: str = ""


def fits(fact: str) -> Finding:
    """Count for the way."""
    return Finding("fits", fact)


def caution(fact: str, hint: str = "") -> Finding:
    """Possible, but there is something to know or to do."""
    return Finding("caution", fact, hint)


def unknown(fact: str, hint: str = "") -> Finding:
    """It cannot be told whether the way can be taken. Never counts as possible."""
    return Finding("unknown", fact, hint)


def impossible(fact: str, hint: str = "") -> Finding:
    """The way cannot be taken."""
    return Finding("impossible", fact, hint)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Args:
        id: stable id, as in docs/advise.md.
        ways: the ways that it judges.
        source: where its fact is known from.
        judge: judges one way of a case; None where the rule has nothing to say.
        module: the module that defines it.
    """

    id: str
    ways: tuple[Way, ...]
    source: str
    judge: Callable[[Case, Way], Finding | None]
    module: str

    def reason(self, case: Case, way: Way) -> Reason | None:
        """The reason for or against this way; None where the rule does not apply."""
        found = self.judge(case, way) if way in self.ways else None
        if found is None:
            return None
        return Reason(rule=self.id, weight=found.weight, fact=found.fact, hint=found.hint, source=self.source)


def rule(id: str, *ways: Way, source: str) -> Callable[[Callable[[Case, Way], Finding | None]], Rule]:
    """Turn a function that judges one way of a case into a rule."""

    def made(judge: Callable[[Case, Way], Finding | None]) -> Rule:
        return Rule(id, ways, source, judge, judge.__module__)

    return made


def rules_in(*modules: ModuleType) -> tuple[Rule, ...]:
    """The rules that these modules define, in the order of their definition."""
    return tuple(
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, Rule) and each.module == module.__name__
    )


def shown(names: Iterable[str], most: int = 5) -> str:
    """Join names on one line; only the first few if there are many."""
    return listed(names, most)
