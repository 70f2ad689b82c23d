"""Pausing automated snapshots by the control plane, without one: its answers are made here."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from domains.aws import automated_snapshots
from domains.aws.automated_snapshots import LONGEST, Pause
from domains.errors import AwsError

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
DENIED = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: es:UpdateDomainConfig on …"


class ControlPlane:
    """One domain's pause, as the control plane keeps and tells it; `sent` are the changes asked for."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {"Enabled": False, "State": "Disabled"}
        self.sent: list[dict[str, Any]] = []
        self.deaf = False
        self.refusal: ClientError | None = None

    def answer(self, _: Any, operation: str, parameters: Any) -> Any:
        assert parameters["DomainName"] == "orders"
        if operation == "DescribeDomain":
            return {"DomainStatus": {"AutomatedSnapshotPauseOptions": self.told}}
        assert operation == "UpdateDomainConfig"
        if self.refusal:
            raise self.refusal
        self.sent.append(parameters["AutomatedSnapshotPauseOptions"])
        if not self.deaf:
            self.told = dict(self.sent[-1])
        return {"DomainConfig": {"AutomatedSnapshotPauseOptions": {"Options": self.told, "Status": {}}}}


@pytest.fixture
def plane(no_aws: None, monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    made = ControlPlane()
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", lambda *said: made.answer(*said))
    monkeypatch.setattr(automated_snapshots, "_now", lambda: NOW)
    return made


def paused(starts: datetime, ends: datetime, state: str = "Active") -> dict[str, Any]:
    return {"Enabled": True, "StartTime": starts, "EndTime": ends, "State": state}


def session() -> boto3.Session:
    return boto3.Session(region_name="us-east-1")


def pause(until: datetime = LATER) -> Pause:
    return automated_snapshots.pause(session(), "orders", until)


def resume(before: Pause | None = None) -> Pause | None:
    return automated_snapshots.resume(session(), "orders", LATER, before)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, None),
        ({"Enabled": False, "State": "Disabled"}, None),
        (paused(NOW, LATER), Pause(NOW, LATER)),
        (paused(LATER, LATER + LONGEST, "Scheduled"), Pause(LATER, LATER + LONGEST)),
        (paused(NOW - LONGEST, LATER, "Completed"), None),
        (paused(NOW - LONGEST, NOW), None),
        ({"Enabled": True}, Pause(None, None)),
    ],
)
def test_the_pause_that_is_set_is_told(
    plane: ControlPlane, told: dict[str, Any], expected: Pause | None
) -> None:
    plane.told = told
    assert automated_snapshots.pause_of(session(), "orders") == expected


def test_a_pause_begins_now_and_ends_as_told(plane: ControlPlane) -> None:
    assert pause() == Pause(NOW, LATER)
    assert plane.sent == [{"Enabled": True, "StartTime": NOW, "EndTime": LATER}]


def test_a_pause_that_reaches_as_far_already_is_left_alone(plane: ControlPlane) -> None:
    plane.told = paused(NOW - timedelta(hours=1), LATER)
    assert pause() == Pause(NOW - timedelta(hours=1), LATER)
    assert plane.sent == []


@pytest.mark.parametrize(
    "told", [paused(NOW, LATER - timedelta(minutes=1)), paused(NOW + timedelta(minutes=1), LATER)]
)
def test_a_pause_that_does_not_reach_is_replaced(plane: ControlPlane, told: dict[str, Any]) -> None:
    plane.told = told
    assert pause() == Pause(NOW, LATER)


@pytest.mark.parametrize("until", [NOW, NOW + LONGEST + timedelta(seconds=1)])
def test_more_than_three_days_are_not_asked_for(plane: ControlPlane, until: datetime) -> None:
    with pytest.raises(AwsError, match="could not pause") as caught:
        pause(until)
    assert "3 days" in caught.value.hint
    assert plane.sent == []


def test_a_pause_that_is_not_shown_is_no_pause(plane: ControlPlane) -> None:
    plane.deaf = True
    with pytest.raises(AwsError, match="does not show it"):
        pause()


@pytest.mark.parametrize("act", [pause, resume])
def test_who_may_not_is_named_with_the_right(plane: ControlPlane, act: Callable[[], object]) -> None:
    if act is resume:
        plane.told = paused(NOW, LATER)
    said = {"Error": {"Code": "AccessDeniedException", "Message": DENIED}}
    plane.refusal = ClientError(said, "UpdateDomainConfig")
    with pytest.raises(AwsError, match=r"not authorized to perform: es:UpdateDomainConfig") as caught:
        act()
    assert "es:UpdateDomainConfig on orders" in caught.value.hint


def test_a_pause_ends_as_if_it_had_not_been(plane: ControlPlane) -> None:
    pause()
    assert resume() is None
    assert plane.sent[-1] == {"Enabled": False}
    assert resume() is None
    assert len(plane.sent) == 2


def test_a_pause_that_was_there_before_is_put_back(plane: ControlPlane) -> None:
    plane.told = paused(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    before = automated_snapshots.pause_of(session(), "orders")
    pause()
    assert resume(before) == Pause(NOW, NOW + timedelta(hours=1))


def test_a_pause_to_come_is_put_back_as_it_was(plane: ControlPlane) -> None:
    plane.told = paused(LATER, LATER + LONGEST, "Scheduled")
    before = automated_snapshots.pause_of(session(), "orders")
    pause()
    assert resume(before) == before


def test_a_pause_that_would_be_over_is_not_put_back(plane: ControlPlane) -> None:
    pause()
    assert resume(Pause(NOW - LONGEST, NOW)) is None


def test_somebody_elses_pause_is_left_alone(plane: ControlPlane) -> None:
    pause()
    plane.told = paused(NOW, LATER + timedelta(hours=5))
    assert resume() == Pause(NOW, LATER + timedelta(hours=5))
    assert len(plane.sent) == 1
