"""How far source and target are compared: the level, the sample, the acceptance queries."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from configs.base import Conflict, Settings
from configs.values.names import INDEX_PATTERN, check_index_pattern

Level = Literal["counts", "operations", "content"]
_SHARE = "a share is more than 0 and at most 1: 0.01 is one in a hundred, 1.0 is all"
_COUNT = "give a number of documents, such as 1200, or {min: 1000, max: 1500}"
_LARGEST = 2**63 - 1  # of the engine's whole numbers


def _check_share(value: float) -> float:
    if not 0 < value <= 1:
        raise ValueError(_SHARE)
    return value


def _check_query(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) != 1:
        raise ValueError("a query is a mapping with one key, its kind, such as {term: {status: paid}}")
    return value


def _check_aggregations(value: dict[str, Any]) -> dict[str, Any]:
    if not value:
        raise ValueError("there is no aggregation here; give one, such as {total: {sum: {field: amount}}}")
    return value


def _check_equal(value: bool) -> bool:
    if not value:
        raise ValueError("it can only be true; to compare with a number, give expect in its place")
    return value


def _as_bounds(value: object) -> object:
    """A count is its own least and most."""
    if isinstance(value, dict | Expected):
        return cast("object", value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(_COUNT)
    return {"min": value, "max": value}


Share = Annotated[float, AfterValidator(_check_share)]


class Expected(Settings):
    """How many documents a query finds: at least `min`, at most `max`, or exactly when both are the same."""

    min: int | None = Field(
        default=None, ge=0, le=_LARGEST, title="Least", description="At least so many.", examples=[1000]
    )
    max: int | None = Field(
        default=None, ge=0, le=_LARGEST, title="Most", description="At most so many.", examples=[1500]
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield bounds that are missing, or that nothing fits."""
        both = (("min",), ("max",))
        if self.min is None and self.max is None:
            yield Conflict((), f"there is no bound here; {_COUNT}", both)
        elif self.min is not None and self.max is not None and self.min > self.max:
            yield Conflict(("max",), f"this is less than min, {self.min}; nothing can be both", both)

    def fits(self, count: int) -> bool:
        """Whether this is a count within the bounds."""
        return (self.min is None or count >= self.min) and (self.max is None or count <= self.max)

    def __str__(self) -> str:
        if self.min == self.max:
            return str(self.min)
        at_least = [f"at least {self.min}"] if self.min is not None else []
        return " and ".join([*at_least, *([f"at most {self.max}"] if self.max is not None else [])])


class AcceptanceQuery(Settings):
    """A query of the user's own, asked on both sides: what its answer must be."""

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
        description="OpenSearch aggregations that are compared as well; with `equal` only.",
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
                                "min": {"type": "integer", "minimum": 0, "description": "At least so many."},
                                "max": {"type": "integer", "minimum": 0, "description": "At most so many."},
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
        description="true: it must find as many documents on both sides, with the same aggregations.",
        examples=[True],
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield an entry that says nothing of the answer, or aggregations that nothing is made of."""
        if self.expect is None and self.equal is None:
            message = "nothing is said of its answer; add expect: NUMBER, or equal: true"
            yield Conflict((), message, (("expect",), ("equal",)))
        if self.aggs is not None and self.equal is None:
            message = "aggregations are compared between the sides; add equal: true"
            yield Conflict(("aggs",), message, (("aggs",), ("equal",)))


class VerifySettings(Settings):
    """How far the copy is compared with the source."""

    level: Level = Field(
        default="operations",
        title="Level",
        description="counts: documents of each index. operations: also the operations each shard has seen. "
        "content: also mappings, settings, aliases and the contents of documents.",
    )
    sample: Share = Field(
        default=0.01,
        title="Sample",
        description="Share of the documents whose contents are compared at level content; 1.0 is all.",
        examples=[0.1],
        json_schema_extra={"exclusiveMinimum": 0, "maximum": 1},
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=_LARGEST,
        title="Seed",
        description="Chooses the sample: the same seed chooses the same documents again.",
        examples=[20240501],
    )
    queries: list[AcceptanceQuery] = Field(
        default=[],
        title="Acceptance queries",
        description="Queries that are asked on both sides, at every level, and what they must answer.",
        examples=[[{"index": "orders", "query": {"term": {"status": "paid"}}, "equal": True}]],
    )
