"""Fleets in words: how a run ended, and why a plan is not started."""

from configs.values.listing import listed
from reports.model.fleet import FleetReport, FleetTotals
from reports.words import common
from runs.fleets.journal import FleetStatus
from runs.fleets.scheduling import Wait, WaitReason

_MOST = 5


_WHY = {
    WaitReason.STOPPED: "not started any more: the stop rule",
    WaitReason.BLOCKED: "not started: it comes after {names}",
    WaitReason.AFTER: "after {names}",
    WaitReason.WAVE: "an earlier wave is not done: {names}",
    WaitReason.PAUSE: "pause before wave {names}, until {until}",
    WaitReason.APPROVAL: "wave {names} waits for approval",
    WaitReason.BLACKOUT: "blackout until {until}",
    WaitReason.RETRY: "interrupted; started again at {until}",
    WaitReason.SOURCE: "the same source as {names}, which runs",
    WaitReason.TOTAL: "as many run as may: {names}",
    WaitReason.DOMAIN: "as many use {first} as may: {others}",
    WaitReason.ACCOUNT: "as many use account {first} as may: {others}",
    WaitReason.REGION: "as many use Region {first} as may: {others}",
}


def why(wait: Wait) -> str:
    """Why a plan is not started."""
    said = _WHY[wait.reason].format(
        names=listed(wait.names, _MOST),
        first=wait.names[0] if wait.names else "",
        others=listed(wait.names[1:], _MOST),
        until=common.clock(wait.until) if wait.until else "",
    )
    return f"{said} ({wait.names[0]})" if wait.reason is WaitReason.BLACKOUT and wait.names else said


def headline(report: FleetReport) -> str:
    """How a run of a fleet stands, in one sentence."""
    totals = report.totals
    done = f"{totals.done} of {common.counted(totals.plans, 'plan', 'plans')} done"
    if report.status is FleetStatus.DONE:
        return f"done and verified: {done}, {_moved(totals)}, {common.duration(report.seconds)}"
    if report.status is FleetStatus.ENDED:
        return f"ended: {done}, {totals.failed} not, {totals.waiting} not started"
    standing = f"{done}, {totals.running} running, {totals.waiting} waiting"
    failed = f", {totals.failed} not done" if totals.failed else ""
    if report.alive:
        return f"running: {standing}{failed}"
    said = "interrupted" if report.status is FleetStatus.INTERRUPTED else "stopped unexpectedly"
    return f"{said}: {standing}{failed}"


def _moved(totals: FleetTotals) -> str:
    return (
        f"{common.counted(totals.indices, 'index', 'indices')}, {common.number(totals.documents)} documents, "
        f"{common.size(totals.bytes)}"
    )
