"""The plan's `verify` and `queries` sections: how closely both sides are compared, and by which searches."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from configs.base import Conflict, Settings
from configs.values.names import INDEX_PATTERN, check_index_pattern

Level = Literal["counts", "operations", "content", "record"]
_SHARE = "a share is more than 0 and at most 1: 0.01 is one in a hundred, 1.0 is all"
_COUNT = "give a number of documents, such as 1200, or {min: 1000, max: 1500}"
_LARGEST = 2**63 - 1  # the engine's largest whole number


def _check_share(value: float) -> float:
    if not 0 < value <= 1:
        raise ValueError(_SHARE)
    return value


def _check_ratio(value: float) -> float:
    if not 0 < value < float("inf"):
        raise ValueError("give a multiple of the source's time, more than 0, such as 1.5")
    return value


def _check_query(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) != 1:
        raise ValueError("a query is a mapping with one key, its kind, such as {term: {status: paid}}")
    return value


def _check_aggregations(value: dict[str, Any]) -> dict[str, Any]:
    if not value:
        raise ValueError("the mapping is empty; give an aggregation, such as {total: {sum: {field: amount}}}")
    return value


def _check_equal(value: bool) -> bool:
    if not value:
        raise ValueError("this can only be true; to compare with a number, use expect instead")
    return value


def _as_bounds(value: object) -> object:
    """Turn a number into the bounds `{min: N, max: N}`."""
    if isinstance(value, dict | Expected):
        return cast("object", value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(_COUNT)
    return {"min": value, "max": value}


Share = Annotated[float, AfterValidator(_check_share)]


class Expected(Settings):
    """The expected number of documents: at least `min`, at most `max`; exact if both are equal."""

    min: int | None = Field(
        default=None, ge=0, le=_LARGEST, title="Least", description="At least this many.", examples=[1000]
    )
    max: int | None = Field(
        default=None, ge=0, le=_LARGEST, title="Most", description="At most this many.", examples=[1500]
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield missing or contradictory bounds."""
        both = (("min",), ("max",))
        if self.min is None and self.max is None:
            yield Conflict((), f"min and max are both missing; {_COUNT}", both)
        elif self.min is not None and self.max is not None and self.min > self.max:
            yield Conflict(("max",), f"this is less than min ({self.min}); correct one of the two", both)

    def fits(self, count: int) -> bool:
        """Whether the count is within the bounds."""
        return (self.min is None or count >= self.min) and (self.max is None or count <= self.max)

    def __str__(self) -> str:
        if self.min == self.max:
            return str(self.min)
        at_least = [f"at least {self.min}"] if self.min is not None else []
        return " and ".join([*at_least, *([f"at most {self.max}"] if self.max is not None else [])])


class AcceptanceQuery(Settings):
    """A query of your own to run on both sides, with the expected answer."""

    index: Annotated[
        str, AfterValidator(check_index_pattern), Field(json_schema_extra={"pattern": INDEX_PATTERN})
    ] = Field(
        title="Index",
        description="Name or pattern of indices, or an alias, under its name on the source.",
        examples=["orders-*"],
    )
    query: Annotated[dict[str, Any], AfterValidator(_check_query)] = Field(
        title="Query",
        description="An OpenSearch query.",
        examples=[{"term": {"status": "paid"}}],
    )
    aggs: Annotated[dict[str, Any], AfterValidator(_check_aggregations)] | None = Field(
        default=None,
        title="Aggregations",
        description="OpenSearch aggregations to compare as well; only with `equal`.",
        examples=[{"total": {"sum": {"field": "amount"}}}],
    )
    expect: (
        Annotated[
            Expected,
            BeforeValidator(_as_bounds),
            WithJsonSchema(
                {
                    "anyOf": [
                        {"type": "integer", "minimum": 0},
                        {
                            "type": "object",
                            "properties": {
                                "min": {
                                    "type": "integer",
                                    "minimum": 0,
                                    "description": "At least this many.",
                                },
                                "max": {"type": "integer", "minimum": 0, "description": "At most this many."},
                            },
                            "additionalProperties": False,
                            "minProperties": 1,
                        },
                    ]
                }
            ),
        ]
        | None
    ) = Field(
        default=None,
        title="Expected",
        description="How many documents it must find on the target: a number, or {min: …, max: …}.",
        examples=[1200],
    )
    equal: Annotated[bool, AfterValidator(_check_equal)] | None = Field(
        default=None,
        title="Equal",
        description="true: it must find the same number of documents on both sides, with equal aggregations.",
        examples=[True],
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield an entry without an expected answer, or with aggregations that nothing compares."""
        if self.expect is None and self.equal is None:
            message = "there is no expected answer; add expect: NUMBER, or equal: true"
            yield Conflict((), message, (("expect",), ("equal",)))
        if self.aggs is not None and self.equal is None:
            message = "aggregations are compared between the sides; add equal: true"
            yield Conflict(("aggs",), message, (("aggs",), ("equal",)))


class VerifySettings(Settings):
    """How thoroughly the copy is compared with the source."""

    level: Level = Field(
        default="operations",
        title="Level",
        description="counts: the documents of each index. operations: also the operations of each shard. "
        "content: also mappings, settings, aliases and the contents of documents. record: only with the "
        "snapshot's own record; implied where the source is a snapshot.",
    )
    sample: Share = Field(
        default=0.01,
        title="Sample",
        description="Share of documents whose contents are compared at level content; 1.0 is all.",
        examples=[0.1],
        json_schema_extra={"exclusiveMinimum": 0, "maximum": 1},
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=_LARGEST,
        title="Seed",
        description="Seed of the sample: the same seed selects the same documents.",
        examples=[20240501],
    )
    queries: list[AcceptanceQuery] = Field(
        default=[],
        title="Acceptance queries",
        description="Queries to run on both sides, at every level, with their expected answers.",
        examples=[[{"index": "orders", "query": {"term": {"status": "paid"}}, "equal": True}]],
    )


def _check_file(value: str) -> str:
    if not value.strip() or "\0" in value or value.endswith("/"):
        raise ValueError("give the name of a file, such as searches.ndjson")
    return value


class QueryConditions(Settings):
    """What the answers of both sides to a recorded search must have in common."""

    top: int = Field(
        default=10,
        ge=1,
        le=1000,
        title="Top",
        description="How many of the best hits of each search are compared.",
        examples=[10],
    )
    overlap: Share = Field(
        default=0.9,
        title="Overlap",
        description="The least share of these hits that both sides must have.",
        examples=[1.0],
        json_schema_extra={"exclusiveMinimum": 0, "maximum": 1},
    )
    rbo: Share = Field(
        default=0.95,
        title="Rank-biased overlap",
        description="The least rank-biased overlap of these hits: 1.0 is the same order, except inside ties.",
        examples=[0.95],
        json_schema_extra={"exclusiveMinimum": 0, "maximum": 1},
    )
    p95_ratio: Annotated[float, AfterValidator(_check_ratio)] | None = Field(
        default=None,
        title="95th percentile",
        description="The target's 95th percentile of search times, at most, as a multiple of the source's. "
        "Default: times are not compared.",
        examples=[1.5],
        json_schema_extra={"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "null"}]},
    )


class QueriesSettings(Settings):
    """The query gate: recorded searches that must rank alike on both sides."""

    from_: Annotated[str, AfterValidator(_check_file)] = Field(
        alias="from",
        title="From",
        description="File of recorded searches, relative to the plan's: NDJSON, search slow logs, or exports "
        "of Query Insights.",
        examples=["searches.ndjson"],
    )
    compare: QueryConditions = Field(
        default=QueryConditions(),
        title="Compare",
        description="What the answers of both sides must have in common.",
    )
