"""The query gate as a part of a verification, and how long it will take."""

import time
from collections.abc import Sequence

from configs.plan import Plan
from domains.domain import Domain
from domains.engine.catalog import catalog
from domains.errors import DomainError
from runs.verbs import Verb
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.queries.gate import QueryGate, Timing, compare_file, file_of
from tasks.queries.names import Scope
from tasks.queries.recorded import RecordedQuery
from tasks.queries.sides import sides_of
from tasks.queries.sources.read import digest_of, read_queries
from tasks.records.resolution import Resolution
from tasks.records.verification import VerificationRecord

_TRIED = 20
_RUNS_COMPARED = 2
"""Runs of a search on each side: as recorded, and for its ranks."""


_TIMING: dict[Verb, Timing] = {Verb.REHEARSE: "told", Verb.SEED: "told", Verb.CUTOVER: "none"}
"""A rehearsal may work on a smaller target, and nothing is timed while a source refuses writes."""


def with_queries(
    m: Migration, resolution: Resolution, record: VerificationRecord, timing: Timing = "judged"
) -> VerificationRecord:
    """The verification with the query gate, where the plan has one. Reads only.

    Args:
        resolution: what moved, under the names that the target has for it now.
        timing: what becomes of times, unless the run's verb says otherwise.

    Raises:
        DomainError: transient errors only.
    """
    if m.plan.queries is None or m.source_domain is None:
        return record
    indices = (*resolution.indices, *resolution.copied)
    timing = _TIMING.get(m.journal.document.verb, timing)
    gate = QueryGate(m.source, m.target, indices, m.plan.queries.compare, timing)
    return record.model_copy(update={"queries": compare_file(gate, m.plan.queries)})


def digest_for(m: Migration) -> str:
    """The digest of the recorded searches that a plan names, for a saved plan; empty without any.

    Raises:
        PreconditionError: the file cannot be read here.
    """
    return digest_of(file_of(m.plan.queries)) if m.plan.queries else ""


def problem_of_file(plan: Plan) -> str:
    """Why the plan's file of recorded searches cannot be used here; empty if it can, or there is none."""
    if plan.queries is None:
        return ""
    try:
        read_queries(file_of(plan.queries))
    except PreconditionError as error:
        return "; ".join(filter(None, (*str(error).splitlines(), error.hint)))
    return ""


def expected_seconds(m: Migration, resolution: Resolution) -> tuple[int, float] | None:
    """How many searches a cutover will run, and for about how long, by trying some on the source. Reads only.

    None without a gate, or where it cannot be told.

    Raises:
        PreconditionError: the file of recorded searches cannot be used.
    """
    if m.plan.queries is None:
        return None
    recorded = read_queries(file_of(m.plan.queries))
    try:
        scope = Scope(tuple(index for index in resolution.indices if index.open), catalog(m.source))
        one = _seconds_of_one(m.source, scope, recorded.queries)
    except DomainError:
        return None
    return len(recorded.queries), one * len(recorded.queries) * _RUNS_COMPARED * 2


def _seconds_of_one(source: Domain, scope: Scope, queries: Sequence[RecordedQuery]) -> float:
    side = sides_of(source, source, scope.indices).source
    meant = ((query, scope.meant(query.index)[0]) for query in queries[:: max(1, len(queries) // _TRIED)])
    tried = [(query, indices) for query, indices in meant if indices]
    began = time.monotonic()
    for query, indices in tried:
        side.run(indices, query.header, query.body)
    return (time.monotonic() - began) / max(1, len(tried))
