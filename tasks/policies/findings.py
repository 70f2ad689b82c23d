"""What is to be known about a policy before it is applied, from the policy itself. Pure."""

from collections.abc import Callable, Iterator

from domains.versions import Version
from tasks.records.policies import Finding, PolicyNote, PolicyProblem, WantedPolicy, Way

MOST_KEPT = 400
"""Snapshots that a policy of Snapshot Management keeps at most on the service (AWS)."""


def problems_of(wanted: WantedPolicy) -> tuple[Finding, ...]:
    """Why the policy is refused, whatever the domain has."""
    return tuple(_problems(wanted))


def notes_of(wanted: WantedPolicy, managed: bool, version: Version | None = None) -> tuple[Finding, ...]:
    """What is to be known about the policy.

    Args:
        managed: whether the domain belongs to the service.
    """
    return tuple(_notes(wanted, managed, version))


def _problems(wanted: WantedPolicy) -> Iterator[Finding]:
    kept = wanted.keep.count if wanted.keep else None
    if wanted.way is Way.SNAPSHOT_MANAGEMENT and kept is not None and kept > MOST_KEPT:
        yield Finding(kind=PolicyProblem.TOO_MANY_KEPT, detail=str(MOST_KEPT))
    if wanted.way is Way.INDEX_STATE_MANAGEMENT:
        wide = tuple(each for each in wanted.indices if each.startswith("*"))
        if wide:
            yield Finding(kind=PolicyProblem.TOO_WIDE, names=wide)


def _notes(wanted: WantedPolicy, managed: bool, version: Version | None) -> Iterator[Finding]:
    yield from _OF_A_WAY[wanted.way](wanted, managed, version)
    if wanted.keep is None and wanted.way is not Way.PREFECT:
        yield Finding(kind=PolicyNote.NOTHING_DELETED)


def _of_snapshot_management(wanted: WantedPolicy, managed: bool, _: Version | None) -> Iterator[Finding]:
    if managed:
        yield Finding(kind=PolicyNote.SERVICE_RULES, detail=str(MOST_KEPT))
        if any("*" in each for each in wanted.indices):
            yield Finding(kind=PolicyNote.WARM)


def _of_state_management(wanted: WantedPolicy, _: bool, version: Version | None) -> Iterator[Finding]:
    yield Finding(kind=PolicyNote.ONE_EACH)
    if wanted.exclude:
        yield Finding(kind=PolicyNote.NOT_EXCLUDED, names=wanted.exclude)
    if version is None:
        yield Finding(kind=PolicyNote.OLD_PREFIX)


def _of_curator(*_: object) -> Iterator[Finding]:
    yield Finding(kind=PolicyNote.CURATOR_VERSIONS)


def _of_prefect(*_: object) -> Iterator[Finding]:
    yield Finding(kind=PolicyNote.RUNS_WHERE)


_OF_A_WAY: dict[Way, Callable[[WantedPolicy, bool, Version | None], Iterator[Finding]]] = {
    Way.SNAPSHOT_MANAGEMENT: _of_snapshot_management,
    Way.INDEX_STATE_MANAGEMENT: _of_state_management,
    Way.CURATOR: _of_curator,
    Way.PREFECT: _of_prefect,
}
