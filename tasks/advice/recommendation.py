"""The way that fits best: the first possible one, in an order that depends on what is wanted. Pure."""

from collections.abc import Sequence

from tasks.advice.case import Case, step_of
from tasks.records.advice import Recommendation, Verdict, Way, WayAdvice

_LAST = (Way.REINDEX, Way.ASSISTANT, Way.CROSS_CLUSTER)
_IN_PLACE_REASONS = {
    Way.CLONE: "the domain stays what and where it is, the new version can be tried with your searches, "
    "and there is a way back while the old cluster is kept",
    Way.IN_PLACE: "the domain stays what and where it is; there is no way back",
}
_REASONS = {
    Way.IN_PLACE: "nothing else can be done in place",
    Way.CLONE: "nothing else can be done in place",
    Way.PEER: "the whole domain goes to another Region of the same account on the same version, and is or "
    "may be written to: the service keeps the peer up to date and switches over without a lost write; it "
    "copies no metadata and proves nothing",
    Way.MIGRATE: "nothing was written to the source while it was observed, so one snapshot can hold "
    "everything, and every operation is compared; if it is written to at other times, seed and cut over",
    Way.SEED: "the source is written to: rounds copy what changes, so that writes stop for the last one "
    "only, and every operation is compared before the opening",
    Way.REINDEX: "no snapshot leads from this version to that one: documents must be read and indexed anew",
    Way.ASSISTANT: "no snapshot and no reindexing leads from this version to that one",
    Way.CROSS_CLUSTER: "nothing else is possible; it copies index by index, and there is no way back",
}
_MIGRATE_UNOBSERVED = (
    "one snapshot moves the indices and every operation is compared; stop the writers before it"
)
_SEED_UNOBSERVED = (
    "whether the source is written to is not known: with rounds, writes stop for the last one only, and "
    "every operation is compared before the opening"
)
_NEW_DOMAIN = "the domain cannot be upgraded where it is, so its indices move to a new one: "
_PERHAPS = (
    "it is not known whether the domain can be upgraded where it is; its indices can move to a new one: "
)


def recommendation(case: Case, ways: Sequence[WayAdvice]) -> Recommendation:
    """Choose the first possible way; a way about which something is unknown only if none is possible."""
    verdicts = {each.way: each.verdict for each in ways}
    order = preferred(case)
    chosen = _first(order, verdicts, Verdict.POSSIBLE)
    if chosen is None:
        return _undecided(order, verdicts)
    before = order[: order.index(chosen)]
    unclear = tuple(way for way in before if verdicts[way] is Verdict.UNKNOWN)
    said = _because(case, chosen, perhaps=bool({*unclear} & {*_IN_PLACE_REASONS}))
    return Recommendation(way=chosen, because=said, if_known=unclear)


def _undecided(order: Sequence[Way], verdicts: dict[Way, Verdict]) -> Recommendation:
    unclear = tuple(way for way in order if verdicts[way] is Verdict.UNKNOWN)
    if unclear:
        return Recommendation(
            way=None, because="no way is known to be possible: settle what is unknown first", if_known=unclear
        )
    return Recommendation(
        way=None, because="none of these ways leads there; the reasons say what would change that"
    )


def _first(order: Sequence[Way], verdicts: dict[Way, Verdict], wanted: Verdict) -> Way | None:
    return next((way for way in order if verdicts[way] is wanted), None)


def preferred(case: Case) -> tuple[Way, ...]:
    """The ways in the order in which they are preferred for this case."""
    moving = (Way.MIGRATE, Way.SEED) if case.is_written_to is False else (Way.SEED, Way.MIGRATE)
    if case.is_in_place:
        return (Way.CLONE, Way.IN_PLACE, *moving, Way.PEER, *_LAST)
    if case.is_written_to is not False and _keeps_version(case):
        return (Way.PEER, *moving, *_LAST, Way.CLONE, Way.IN_PLACE)
    return (*moving, Way.PEER, *_LAST, Way.CLONE, Way.IN_PLACE)


def _keeps_version(case: Case) -> bool:
    goal = case.goal or case.runs
    return case.runs is not None and goal is not None and step_of(goal) == step_of(case.runs)


def _because(case: Case, way: Way, *, perhaps: bool) -> str:
    """Say why; `perhaps`, if an upgrade may be possible."""
    if case.is_in_place and way in _IN_PLACE_REASONS:
        return _IN_PLACE_REASONS[way]
    said = _REASONS[way]
    if way is Way.SEED and case.is_written_to is None:
        said = _SEED_UNOBSERVED
    if way is Way.MIGRATE and case.is_written_to is not False:
        said = _MIGRATE_UNOBSERVED
    return f"{_PERHAPS if perhaps else _NEW_DOMAIN}{said}" if case.is_in_place else said
