"""Judge every way of a case by all rules. Pure."""

from collections.abc import Sequence

from tasks.advice import answers, indices, places, states, versions, writes
from tasks.advice.case import Case
from tasks.advice.durations import durations
from tasks.advice.recommendation import preferred, recommendation
from tasks.advice.rule import Rule, rules_in
from tasks.advice.ways import DESCRIPTIONS
from tasks.records.advice import Advice, Question, Reason, Verdict, Way, WayAdvice, Weight

RULES: tuple[Rule, ...] = rules_in(places, versions, states, indices, writes, answers)
_ORDER: tuple[Weight, ...] = ("impossible", "unknown", "caution", "fits")


def advice(case: Case, questions: Sequence[Question] = ()) -> Advice:
    """Which ways can be taken, what each costs, and which fits best.

    Args:
        questions: what could be asked of the service.
    """
    ways = tuple(judged(case, way) for way in preferred(case))
    return Advice(
        source=case.source,
        target=case.target,
        wish=case.wish,
        ways=ways,
        recommended=recommendation(case, ways),
        questions=tuple(questions),
        answers=case.answers,
    )


def judged(case: Case, way: Way) -> WayAdvice:
    """One way, by all rules."""
    found = [reason for rule in RULES if (reason := rule.reason(case, way))]
    found.sort(key=lambda reason: _ORDER.index(reason.weight))
    described = DESCRIPTIONS[way]
    seconds, whole = durations(case, way)
    return WayAdvice(
        way=way,
        verdict=_verdict(found),
        reasons=tuple(found),
        downtime=described.downtime,
        seconds=seconds,
        whole_seconds=whole,
        way_back=described.way_back,
        by_hand=described.by_hand,
        proved=described.proved,
        source=described.source,
    )


def _verdict(reasons: Sequence[Reason]) -> Verdict:
    weights = {reason.weight for reason in reasons}
    if "impossible" in weights:
        return Verdict.IMPOSSIBLE
    return Verdict.UNKNOWN if "unknown" in weights else Verdict.POSSIBLE
