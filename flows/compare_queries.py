"""The `compare-queries` verb: recorded searches run on both sides, with or without a plan."""

from dataclasses import dataclass
from pathlib import Path

from configs.plan import Plan
from configs.verify import QueryConditions
from flows.verify import VerifyOptions, scope_of_plan, scope_without_plan
from tasks.queries.gate import QueryGate, compare_queries
from tasks.queries.sources.read import read_queries
from tasks.records.queries import QueryComparison


@dataclass(frozen=True)
class RecordedSearches:
    """Which searches are run, and what their answers must have in common."""

    file: Path
    conditions: QueryConditions


def compare_between(options: VerifyOptions, file: Path, conditions: QueryConditions) -> QueryComparison:
    """Run the recorded searches of a file on two domains. Reads only; records nothing.

    Raises:
        PreconditionError: the file holds no search that can be run, or there is nothing to compare.
        SnapferryError: a domain could not be read.
    """
    recorded = read_queries(file)
    scope = scope_without_plan(options)
    return compare_queries(QueryGate(scope.source, scope.target, scope.indices, conditions), recorded)


def compare_plan(plan: Plan, state: Path, searches: RecordedSearches) -> QueryComparison:
    """Run recorded searches on what the plan's latest run moved; without a run, on the plan's indices.

    Reads only; records nothing.

    Raises:
        PlanChanged: the plan or a cluster is not the one of that run.
        SnapferryError: the file cannot be used, or a domain could not be read.
    """
    recorded = read_queries(searches.file)
    m, resolution, _ = scope_of_plan(plan, state)
    indices = (*resolution.indices, *resolution.copied)
    return compare_queries(QueryGate(m.source, m.target, indices, searches.conditions), recorded)
