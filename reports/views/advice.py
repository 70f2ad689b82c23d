"""Advice on a terminal: the domains, the ways with their reasons, what is not known, the recommendation."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from configs.values.listing import listed
from reports.views.fitting import page
from reports.words import advice as words
from reports.words import common
from tasks.records.advice import Advice, DomainFacts, Reason, Verdict, Way, WayAdvice

_STYLES = {Verdict.POSSIBLE: "bold green", Verdict.UNKNOWN: "bold yellow", Verdict.IMPOSSIBLE: "dim"}
_MARKS = {"fits": "+", "caution": "!", "unknown": "?", "impossible": "-"}
_ORDER = (Verdict.POSSIBLE, Verdict.UNKNOWN, Verdict.IMPOSSIBLE)


def advice_view(advice: Advice, *, every: bool = False) -> RenderableType:
    """The whole advice.

    Args:
        every: whether to describe ways that are impossible as fully as the others, too.
    """
    return page(_lines(advice, every))


def _lines(advice: Advice, every: bool) -> Iterator[Text]:
    yield from _domain("Source", advice.source)
    if advice.target:
        yield from _domain("Target", advice.target)
    else:
        yield Text(f"Wanted: {words.goal(advice)}")
    for verdict in _ORDER:
        for each in advice.ways:
            if each.verdict is verdict:
                yield Text("")
                yield from _way(each, every)
    yield Text("")
    yield from (Text(common.sentence(line), "yellow") for line in words.unread(advice))
    yield from _questions(advice)
    yield from _recommended(advice)


def _domain(side: str, facts: DomainFacts) -> Iterator[Text]:
    yield Text(f"{side}: {words.domain(facts)}")
    if facts.workload:
        yield Text(f"  {words.workload(facts.workload)}", "dim")
    if facts.service and (said := words.service(facts.service)):
        yield Text(f"  {said}", "dim")


def _way(each: WayAdvice, every: bool) -> Iterator[Text]:
    yield Text.assemble((f"{each.verdict.upper():<10} ", _STYLES[each.verdict]), words.TITLES[each.way])
    yield from (line for reason in each.reasons if _shows(each, reason, every) for line in _reason(reason))
    if each.verdict is Verdict.IMPOSSIBLE and not every:
        return
    yield Text(f"  downtime: {_downtime(each)}")
    yield Text(f"  way back: {each.way_back}")
    yield Text(f"  by hand: {'; '.join(each.by_hand)}")
    yield Text(f"  proved: {each.proved}")
    yield Text(f"  source: {each.source}", "dim")


def _shows(each: WayAdvice, reason: Reason, every: bool) -> bool:
    """Of a way that is impossible, only what makes it so is shown."""
    return every or each.verdict is not Verdict.IMPOSSIBLE or reason.weight == "impossible"


def _reason(reason: Reason) -> Iterator[Text]:
    hint = f" → {reason.hint}" if reason.hint else ""
    yield Text.assemble(f"  {_MARKS[reason.weight]} {reason.fact}{hint}", (f" [{reason.source}]", "dim"))


def _downtime(each: WayAdvice) -> str:
    parts = [each.downtime]
    if each.seconds:
        parts.append(f"about {common.span_of(each.seconds)} (rough estimate; rehearse to measure)")
    if each.whole_seconds:
        parts.append(f"all of it about {common.span_of(each.whole_seconds)}")
    return "; ".join(parts)


def _questions(advice: Advice) -> Iterator[Text]:
    if advice.answers:
        yield from (Text(f"The service was asked: {words.answer(each)}") for each in advice.answers)
        return
    for each in advice.questions:
        yield Text(f"With --execute the service would be asked: {words.question(each)}")


def _recommended(advice: Advice) -> Iterator[Text]:
    found = advice.recommended
    if found.way is None:
        yield Text(f"No recommendation: {found.because}", "bold yellow")
    else:
        yield Text(f"Recommended: {words.TITLES[found.way]}: {found.because}", "bold green")
    if found.if_known:
        names = listed((_named(way) for way in found.if_known), 4, "; ")
        said = "Would be preferred, if what is unknown about it turns out well" if found.way else "Unknown"
        yield Text(f"{said}: {names}", "yellow")


def _named(way: Way) -> str:
    return words.TITLES[way].partition(",")[0]
