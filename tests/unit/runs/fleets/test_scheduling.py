"""What of a fleet may start, and why the rest waits."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fleets import MONDAY, a_fleet

from configs.fleet.loading import LoadedFleet
from runs.fleets.forecast import forecast, new_document
from runs.fleets.journal import Attempt, FleetDocument, PlanStatus
from runs.fleets.scheduling import Decision, WaitReason, decide


class Standing:
    """A fleet's run whose plans stand as a test says."""

    def __init__(self, fleet: LoadedFleet) -> None:
        self.fleet = fleet
        self.document: FleetDocument = new_document(fleet, "20261207-120000000-abcd", MONDAY)

    def set(self, name: str, status: PlanStatus, *, ended_s: float = -1000.0, begun: bool = False) -> None:
        entry = self.document.plans[name]
        entry.status, entry.begun = status, begun
        ended = None if status is PlanStatus.STARTED else MONDAY + timedelta(seconds=ended_s)
        entry.tries += 1
        entry.attempts.append(Attempt(at=MONDAY - timedelta(hours=1), ended=ended))

    def decide(self, *approved: str, after_s: float = 0.0) -> Decision:
        return decide(self.fleet, self.document, approved, MONDAY + timedelta(seconds=after_s))


def _standing(tmp_path: Path, plans: Any, **settings: Any) -> Standing:
    return Standing(a_fleet(tmp_path, plans, **settings))


def test_all_start_up_to_the_limit(tmp_path: Path) -> None:
    found = _standing(tmp_path, list("abcdef"), limits={"total": 4}).decide()
    assert found.starts == ("a", "b", "c", "d")
    assert {wait.reason for wait in found.waits.values()} == {WaitReason.TOTAL}


def test_one_comes_after_others(tmp_path: Path) -> None:
    standing = _standing(tmp_path, {"a": {"after": ["b", "c"]}, "b": {}, "c": {}})
    assert standing.decide().waits["a"].names == ("b", "c")
    standing.set("b", PlanStatus.DONE)
    assert standing.decide().waits["a"].names == ("c",)
    standing.set("c", PlanStatus.DONE)
    assert standing.decide().starts == ("a",)


def test_what_comes_after_a_failure_never_starts_even_if_it_is_listed_first(tmp_path: Path) -> None:
    plans = {"a": {"after": ["b"]}, "b": {"after": ["c"]}, "c": {}, "d": {}}
    standing = _standing(tmp_path, plans, stop={"failures": None})
    standing.set("c", PlanStatus.DIFFERENT)
    found = standing.decide()
    assert found.starts == ("d",)
    assert {name: (wait.reason, wait.names) for name, wait in found.waits.items()} == {
        "a": (WaitReason.BLOCKED, ("b",)),
        "b": (WaitReason.BLOCKED, ("c",)),
    }
    standing.set("d", PlanStatus.DONE)
    assert standing.decide().is_hopeless


def test_the_stop_rule_counts_failures(tmp_path: Path) -> None:
    standing = _standing(tmp_path, list("abcd"), stop={"failures": 2})
    standing.set("a", PlanStatus.FAILED)
    assert standing.decide().starts == ("b", "c", "d")
    standing.set("b", PlanStatus.REFUSED)
    found = standing.decide()
    assert found.is_hopeless
    assert {wait.reason for wait in found.waits.values()} == {WaitReason.STOPPED}


def test_an_interrupted_run_goes_on_whatever_else_is_stopped(tmp_path: Path) -> None:
    blackout = [{"from": "2026-12-07 00:00", "until": "2026-12-08 00:00"}]
    standing = _standing(tmp_path, list("abc"), blackouts=blackout, retry={"pause": "30s"})
    standing.set("a", PlanStatus.FAILED)
    standing.set("b", PlanStatus.WAITING, ended_s=-10, begun=True)
    standing.set("c", PlanStatus.WAITING, ended_s=-10)
    found = standing.decide()
    assert found.waits["b"].reason is WaitReason.RETRY
    assert found.waits["c"].reason is WaitReason.STOPPED, "it has changed nothing yet"
    assert found.waits["b"].until == MONDAY + timedelta(seconds=20)
    assert standing.decide(after_s=20).starts == ("b",)


def test_nothing_gets_between_an_interrupted_run_and_its_next_attempt(tmp_path: Path) -> None:
    """Else its source, which may be refusing writes, would wait for another plan to end."""
    plans = {"a": {"source": "one"}, "b": {"source": "one"}, "c": {}}
    standing = _standing(tmp_path, plans, limits={"total": 2}, retry={"pause": "30s"})
    standing.set("a", PlanStatus.WAITING, ended_s=-10, begun=True)
    found = standing.decide()
    assert found.starts == ("c",)
    assert (found.waits["b"].reason, found.waits["b"].names) == (WaitReason.SOURCE, ("a",))
    assert standing.decide(after_s=20).starts == ("a", "c")


def test_what_was_interrupted_before_it_changed_anything_waits_like_the_others(tmp_path: Path) -> None:
    blackout = [{"from": "2026-12-07 00:00", "until": "2026-12-08 00:00"}]
    standing = _standing(tmp_path, ["a"], blackouts=blackout)
    standing.set("a", PlanStatus.WAITING)
    assert standing.decide().waits["a"].reason is WaitReason.BLACKOUT


def test_a_wave_waits_for_the_one_before_its_pause_and_its_approval(tmp_path: Path) -> None:
    waves = [
        {"name": "canary", "plans": ["b"]},
        {"name": "rest", "plans": ["*"], "pause": "10m", "approval": True},
    ]
    standing = _standing(tmp_path, list("abc"), waves=waves)
    found = standing.decide()
    assert found.starts == ("b",)
    assert found.waits["a"].reason is WaitReason.WAVE
    standing.set("b", PlanStatus.DONE, ended_s=-60)
    assert standing.decide().waits["a"].reason is WaitReason.APPROVAL
    paused = standing.decide("rest").waits["a"]
    assert (paused.reason, paused.until) == (WaitReason.PAUSE, MONDAY + timedelta(minutes=9))
    assert standing.decide("rest", after_s=540).starts == ("a", "c")


def test_a_canary_that_failed_holds_everything(tmp_path: Path) -> None:
    waves = [{"name": "canary", "plans": ["a"]}, {"name": "rest", "plans": ["*"]}]
    standing = _standing(tmp_path, list("abc"), waves=waves, stop={"failures": None})
    standing.set("a", PlanStatus.FAILED)
    assert standing.decide().is_hopeless


def test_nothing_starts_in_a_blackout(tmp_path: Path) -> None:
    blackout = [{"days": ["mon"], "from": "06:00", "until": "20:00", "why": "office hours"}]
    found = _standing(tmp_path, ["a"], blackouts=blackout).decide()
    wait = found.waits["a"]
    assert (wait.reason, wait.names, wait.until) == (
        WaitReason.BLACKOUT,
        ("office hours",),
        MONDAY.replace(hour=20),
    )
    assert not found.is_hopeless


def test_two_plans_of_one_source_never_run_together(tmp_path: Path) -> None:
    plans = {"a": {"source": "one"}, "b": {"source": "one"}}
    found = _standing(tmp_path, plans, limits={"domain": 9}).decide()
    assert found.starts == ("a",)
    assert found.waits["b"].reason is WaitReason.SOURCE


@pytest.mark.parametrize(
    ("limits", "reason", "used"),
    [
        ({"domain": 1}, WaitReason.DOMAIN, "one in us-east-1"),
        ({"domain": 9, "account": 1}, WaitReason.ACCOUNT, "the caller's"),
        ({"domain": 9, "region": 1}, WaitReason.REGION, "us-east-1"),
    ],
)
def test_limits_hold_what_plans_share(
    tmp_path: Path, limits: dict[str, int], reason: WaitReason, used: str
) -> None:
    plans = {"a": {"target": "one"}, "b": {"target": "one"}}
    wait = _standing(tmp_path, plans, limits=limits).decide().waits["b"]
    assert (wait.reason, wait.names) == (reason, (used, "a"))


def test_a_target_that_is_the_source_of_another_counts_as_one_domain(tmp_path: Path) -> None:
    plans = {"a": {"target": "one"}, "b": {"source": "one"}}
    assert _standing(tmp_path, plans).decide().waits["b"].reason is WaitReason.DOMAIN


def test_a_long_chain_is_no_problem(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(120)]
    plans = {name: {"after": [names[at - 1]] if at else []} for at, name in enumerate(names)}
    assert _standing(tmp_path, plans).decide().starts == ("p0",)


def test_a_forecast_keeps_the_order_the_limits_and_the_calendar(tmp_path: Path) -> None:
    waves = [
        {"name": "canary", "plans": ["a"]},
        {"name": "rest", "plans": ["*"], "pause": "5m", "approval": True},
    ]
    blackout = [{"from": "2026-12-07 12:08", "until": "2026-12-07 13:00"}]
    fleet = a_fleet(tmp_path, list("abcd"), waves=waves, limits={"total": 2}, blackouts=blackout)
    spans = forecast(fleet, {name: timedelta(minutes=2) for name in "abcd"}, MONDAY)
    starts = {name: (span.start - MONDAY) / timedelta(minutes=1) for name, span in spans.items()}
    assert starts == {"a": 0, "b": 7, "c": 7, "d": 60}
