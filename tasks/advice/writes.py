"""Rules about writes to the source: what arrives while its data moves. Pure."""

from configs.values.listing import counted
from tasks.advice import sources
from tasks.advice.case import Case
from tasks.advice.rule import READS, Finding, caution, fits, rule
from tasks.records.advice import Way

_HINT = "stop the writers before the snapshot, or seed and cut over"


@rule("writes", Way.MIGRATE, Way.SEED, *READS, source=sources.CUTOVER)
def writes(case: Case, way: Way) -> Finding | None:
    """What is written after the snapshot is not in it."""
    if case.workload is None:
        return None
    if case.is_written_to is None:
        said = "whether the source is being written to could not be read"
        return caution(said, _HINT) if way is not Way.SEED else None
    seconds = f"{case.workload.observed_s:g} s"
    if not case.is_written_to:
        said = f"nothing was written to the source in {seconds}"
        return fits(said) if way is Way.MIGRATE else None
    told = (
        "the source is being written to: "
        f"{counted(case.workload.operations or 0, 'operation', 'operations')} in {seconds}"
    )
    if way is Way.SEED:
        return fits(f"{told}, and the last round takes what has changed")
    return caution(f"{told}; what is written meanwhile is not copied", _HINT)
