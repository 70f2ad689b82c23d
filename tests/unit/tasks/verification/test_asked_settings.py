"""Index settings that the plan asks for are looked for on each copy: a restore accepts any name and value."""

from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_migration, a_resolution, a_unit
from support.fake_domain import FakeDomain, engine_error, ok

from runs.journal import now
from tasks.errors import ExecutionError
from tasks.migration import Migration
from tasks.records.verification import Verdict, VerificationRecord
from tasks.seeding.scope import COPY_SETTINGS
from tasks.verification.asked_settings import require_asked_settings, with_asked_settings

AB = a_resolution(a_unit("a"), a_unit("b"))
WANTED = {"index.refresh_intervall": "30s", "hidden": True, "index.number_of_replicas": 1}
RIGHT = {"index.refresh_intervall": "30s", "index.hidden": "true", "index.number_of_replicas": "1"}
ASIDE = {
    "archived.index.refresh_intervall": "30s",
    "index.hidden": "true",
    "index.number_of_replicas": "1",
}


def migration(folder: Path, source: FakeDomain, target: FakeDomain, settings: dict[str, Any]) -> Migration:
    return a_migration(folder, source, target, clock=Clock(), restore={"index_settings": settings})


def equal(*names: str) -> VerificationRecord:
    verdicts = (
        Verdict(source=n, target=n, outcome="equal", source_count=3, target_count=3, shards=1) for n in names
    )
    return VerificationRecord(level="operations", verdicts=tuple(verdicts), skipped=(), at=now())


@pytest.mark.parametrize(
    ("has", "outcome", "says"),
    [
        (RIGHT, "equal", ""),
        (
            ASIDE,
            "different",
            "index.refresh_intervall is absent on the target, not 30s: the engine set it aside",
        ),
        (
            RIGHT | {"index.hidden": "false"},
            "different",
            "setting index.hidden is false on the target, not true",
        ),
        (RIGHT | {"index.number_of_replicas": "2"}, "different", "is 2 on the target, not 1"),
        (RIGHT | {"index.number_of_replicas": "2", "index.auto_expand_replicas": "0-all"}, "equal", ""),
    ],
)
def test_a_copy_without_what_was_asked_for_is_different(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, has: dict[str, str], outcome: str, says: str
) -> None:
    target.on("GET /a,b/_settings", ok({"a": {"settings": RIGHT}, "b": {"settings": has}}))
    found = with_asked_settings(migration(tmp_path, source, target, WANTED), AB, equal("a", "b"))
    assert [verdict.outcome for verdict in found.verdicts] == ["equal", outcome]
    assert says in found.verdicts[1].detail
    assert found.passed is (outcome == "equal")


def test_without_anything_asked_for_nothing_is_asked(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    record = equal("a", "b")
    assert with_asked_settings(migration(tmp_path, source, target, {}), AB, record) == record
    assert target.requests == []


def test_settings_that_cannot_be_read_are_not_taken_for_right(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    target.on("GET /a,b/_settings", engine_error(403, "security_exception", "no permissions for [x]"))
    found = with_asked_settings(migration(tmp_path, source, target, WANTED), AB, equal("a", "b"))
    assert {verdict.outcome for verdict in found.verdicts} == {"not compared"}


def test_a_seed_round_fails_but_not_for_what_copies_get_only_when_they_are_opened(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    waiting = {"index.number_of_replicas": "0", "index.hidden": "true"}
    target.on("GET /a,b/_settings", ok({"a": {"settings": waiting}, "b": {"settings": waiting}}))
    later = {"index.number_of_replicas": 2, "index.refresh_interval": "5s", "index.hidden": True}
    require_asked_settings(migration(tmp_path / "x", source, target, later), AB, but=COPY_SETTINGS)
    m = migration(tmp_path / "y", source, target, {**later, "index.codek": "x"})
    with pytest.raises(ExecutionError, match=r"a on the target did not get .* and 1 copy more") as caught:
        require_asked_settings(m, AB, but=COPY_SETTINGS)
    assert "index.codek is absent" in caught.value.message and "--new-run" in caught.value.hint
