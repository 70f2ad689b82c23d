"""Check of the service's automated snapshots: when the next one is due."""

from datetime import UTC, datetime, timedelta

from domains.domain import Side
from domains.engine import snapshots
from domains.engine.snapshots import SnapshotInfo
from domains.versions import Version, version_of
from runs.journal import now
from tasks.checks.check import Finding, ok, side_check, skip, unknown, warn
from tasks.checks.facts import domains
from tasks.survey import Survey

_HOURLY_SINCE = version_of("elasticsearch", "5.3")
_PREFIX = "cs-automated"
_SOON = timedelta(minutes=5)
_GUIDE = "AWS guide: Creating index snapshots, automated snapshots"


def is_automated(repository: str) -> bool:
    """Whether a repository belongs to the service."""
    return repository.startswith(_PREFIX)


@side_check(
    "domains.automated-snapshot", "when the service takes its next snapshot", source=_GUIDE, sides=("source",)
)
def automated_snapshot(survey: Survey, side: Side) -> Finding:
    """The migration's own snapshot waits for a running one."""
    if not domains.signed(survey, side):
        return skip("its requests are not signed: no snapshots of the service are expected")
    if survey.plan.existing_snapshot:
        return skip("the plan takes no snapshot")
    repositories = sorted(filter(is_automated, survey.registrations(side)))
    if not repositories:
        return skip("the domain shows no repository of the service's own")
    repository = repositories[-1]  # cs-automated-enc, where there is cs-automated from before as well
    listed = sorted(snapshots.names(survey.domain(side), repository))
    if not listed:
        return ok(f"{repository} holds none yet")
    last = snapshots.get(survey.domain(side), repository, listed[-1])
    if last is None:
        return unknown(f"{repository}/{listed[-1]} disappeared while it was read", "check again")
    return _due(last, survey.identity(side).version, now(), survey.plan.snapshot.wait_for_running)


def _due(last: SnapshotInfo, runs: Version, at: datetime, patience: timedelta) -> Finding:
    """Predict the next snapshot from the last one."""
    began = _time(last.started_ms)
    if last.running:
        return ok(f"one is being taken since {began:%H:%M} UTC, see domains.snapshot-running")
    every = timedelta(hours=1) if runs >= _HOURLY_SINCE else timedelta(days=1)
    took = _time(last.ended_ms) - began
    due = began + every
    said = f"the last one began at {began:%Y-%m-%d %H:%M} UTC and took {took.total_seconds():.0f} s"
    if due + every < at:
        return ok(f"{said}; none has followed, so none is expected now")
    if due <= at:
        said += f"; the next one was due at about {due:%H:%M} UTC, and is overdue"
    else:
        said += f"; the next one is due at about {due:%H:%M} UTC"
    if due - at > _SOON:
        return ok(said)
    waits = f"the migration's snapshot may have to wait for it (snapshot.wait_for_running: {patience})"
    return warn(f"{said}, so {waits}", "begin after it, if time matters")


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
