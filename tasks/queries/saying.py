"""Whether an answer without ranks to compare says anything by which two sides could differ. Pure."""

from typing import cast

from domains.engine.comparison.searches import SearchAnswer
from domains.http.json_replies import is_object


def says_something(answer: SearchAnswer) -> bool:
    """Whether it has an exact number of hits other than 0, a figure in an aggregation, or a suggestion."""
    counted = answer.exact and bool(answer.total)
    return counted or _has_figure(answer.aggregations) or _has_option(answer.suggest)


def _has_figure(value: object) -> bool:
    """Whether there is a number other than 0: aggregations of no documents have only zeros and nulls."""
    if is_object(value):
        return any(map(_has_figure, value.values()))
    if isinstance(value, list):
        return any(map(_has_figure, cast("list[object]", value)))
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0


def _has_option(value: object) -> bool:
    """Whether a text has a suggestion: without any, its `options` are empty."""
    if is_object(value):
        return bool(value.get("options")) or any(map(_has_option, value.values()))
    return isinstance(value, list) and any(map(_has_option, cast("list[object]", value)))
