"""Rules about what the service itself has answered, where it was asked. Pure."""

from tasks.advice import sources
from tasks.advice.case import Case
from tasks.advice.rule import UPGRADES, Finding, fits, impossible, rule, unknown
from tasks.records.advice import Way

_PASSED = {
    "upgrade check": "the service's own check of this upgrade has passed",
    "replication dry run": "the service says that it can replicate the source to this target",
}
_FAILED = {
    "upgrade check": "the service's own check of this upgrade has failed",
    "replication dry run": "the service refuses to replicate the source to this target",
}


@rule("upgrade-check", *UPGRADES, source="AWS API reference: UpgradeDomain, PerformCheckOnly")
def upgrade_check(case: Case, way: Way) -> Finding | None:
    """The service's eligibility check."""
    return _answer(case, "upgrade check")


@rule("dry-run", Way.PEER, source=sources.PEER)
def dry_run(case: Case, way: Way) -> Finding | None:
    """The service's own try."""
    return _answer(case, "replication dry run")


def _answer(case: Case, kind: str) -> Finding | None:
    found = next((each for each in case.answers if each.question.kind == kind), None)
    if found is None:
        return None
    issues = "; ".join(found.issues)
    if found.outcome == "passed":
        return fits(f"{_PASSED[kind]}{issues and f', with issues: {issues}'}")
    if found.outcome == "failed":
        return impossible(f"{_FAILED[kind]}: {issues or 'without a reason'}", "do as it says, then ask again")
    return unknown(f"the service was asked, and has not answered: {issues}", "ask again later")
