"""Files of the state folder: for their owner alone, whole, and named when the disk fails."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.building import a_plan

from runs import lock, state_files
from runs.approvals import approve
from runs.errors import StateUnusable
from runs.guard_record import GuardFile, record_path
from runs.journal import Journal
from runs.progress import Progress, listening
from runs.state import State
from runs.state_files import recorded_if_possible, replace_file, require_room, unwritable


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in (folder, *folder.rglob("*"))
    }


def a_run(folder: Path) -> Journal:
    """A run that has left every kind of file."""
    from reports.files import write_reports

    state = State(folder, "orders")
    with state.lock_plan(), state.lock_pair("u1", "u2"):
        journal = state.begin(a_plan(), "cutover")
        GuardFile(record_path(journal.path))
        approve(journal, "before-freeze", "me")
        journal.settle("failed", "the reason")
        write_reports(journal)
    return journal


@pytest.mark.usefixtures("umask")
def test_whatever_the_umask_others_can_read_nothing(tmp_path: Path) -> None:
    a_run(tmp_path / "deep" / "state")
    found = modes(tmp_path / "deep")
    assert len(found) > 10
    folders = {name for name in found if (tmp_path / "deep" / name).is_dir()}
    assert {found[name] for name in folders} == {"0o700"}
    assert {found[name] for name in found.keys() - folders} == {"0o600"}


def test_what_an_earlier_version_left_open_is_closed_by_the_next_command(tmp_path: Path) -> None:
    a_run(tmp_path)
    for path in tmp_path.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    tmp_path.chmod(0o755)  # the folder itself may be one that the user shares for other things
    with State(tmp_path, "orders").lock_plan():
        pass
    found = modes(tmp_path)
    assert found["pairs"] == found["plans/orders"] == found["plans/orders/reports"] == "0o700"
    assert all(int(mode, 8) & 0o077 == 0 for name, mode in found.items() if name not in {".", "plans"})
    assert found["."] == found["plans"] == "0o755"


def test_what_cannot_be_closed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = a_run(tmp_path)
    journal.path.chmod(0o644)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    said: list[Progress] = []
    with listening(said.append), State(tmp_path, "orders").lock_plan():
        pass
    assert [each.message for each in said] == [
        f"others can read {journal.path}, which belongs to another user; take that right away there"
    ]


def test_a_link_in_place_of_the_new_file_is_not_followed(tmp_path: Path) -> None:
    journal = a_run(tmp_path)
    (tmp_path / "other").write_text("mine")
    journal.path.with_suffix(".new").symlink_to(tmp_path / "other")
    with pytest.raises(StateUnusable):
        journal.save()
    assert (tmp_path / "other").read_text() == "mine"


@pytest.mark.parametrize(
    ("number", "said", "hint"),
    [
        (errno.ENOSPC, "no space left on /", "free space on /, then run the same command again"),
        (errno.EDQUOT, "your disk quota on / is used up", "free space on /, then run"),
        (errno.EROFS, "the file system is read-only", "copy the state folder elsewhere"),
        (errno.EMFILE, "too many open files", "ulimit -n 4096, then run the same command again"),
        (errno.EFBIG, "the file would be too large", "ulimit -f"),
        (errno.EACCES, "permission denied", "correct the permissions of /"),
        (errno.EIO, "Input/output error", "check the disk"),
    ],
)
def test_each_failure_of_a_disk_has_its_own_words(number: int, said: str, hint: str) -> None:
    error = unwritable(Path("/journal.json"), OSError(number, os.strerror(number)))
    assert error.message == f"cannot write /journal.json: {said}"
    assert hint in error.hint


def test_a_failed_replacement_leaves_the_file_and_takes_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.json"
    replace_file(file, "before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(file, "after")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_without_room_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_room(tmp_path / "state", 1 << 20)
    assert list((tmp_path / "state").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(StateUnusable, match="cannot write"):
        require_room(tmp_path / "file" / "state", 1)


# what could not be recorded


def blocked(journal: Journal) -> Path:
    """Something that keeps the journal from being written."""
    made = journal.path.with_suffix(".new")
    made.mkdir()
    return made


def test_what_could_not_be_recorded_is_noted_until_it_is_recorded_after_all(tmp_path: Path) -> None:
    journal = a_run(tmp_path)
    wall = blocked(journal)
    with pytest.raises(StateUnusable, match=r"\.new: Is a directory"):
        journal.save()
    with recorded_if_possible() as unrecorded:
        journal.settle("interrupted")
        assert list(unrecorded) == [journal.path]
        wall.rmdir()
        journal.save()
        assert unrecorded == {}
    assert Journal.load(journal.path).document.status == "interrupted"


def test_the_error_of_a_step_or_request_is_not_lost_behind_that_of_the_disk(tmp_path: Path) -> None:
    journal = a_run(tmp_path)
    with pytest.raises(RuntimeError, match="the engine says no"), journal.step("restore"):
        blocked(journal)
        raise RuntimeError("the engine says no")
    journal.path.with_suffix(".new").rmdir()
    with pytest.raises(RuntimeError, match="refused"), journal.intend("restore", "target", "restore", {}):
        blocked(journal)
        raise RuntimeError("refused")
    assert Journal.load(journal.path).intents("restore")[0].result is None


# whose a journal is


def test_a_journal_of_another_plan_is_known_by_what_it_says(tmp_path: Path) -> None:
    other = State(tmp_path, "other").begin(a_plan(name="other"), "migrate")
    copied = State(tmp_path, "orders").runs / other.path.name
    copied.parent.mkdir()
    copied.write_bytes(other.path.read_bytes())
    with pytest.raises(StateUnusable, match=f"journal of run {other.run_id} of plan other") as caught:
        State(tmp_path, "orders").latest()
    assert str(copied) in caught.value.message
    assert f"its place is plans/other/{other.run_id}.json" in caught.value.hint
    assert State(tmp_path, "other").latest()


def test_a_copy_of_a_journal_is_not_a_second_run(tmp_path: Path) -> None:
    journal = a_run(tmp_path)
    copy = journal.path.with_name("copy.json")
    copy.write_bytes(journal.path.read_bytes())
    with pytest.raises(StateUnusable, match=r"copy\.json is a copy"):
        State(tmp_path, "orders").latest()


def test_a_run_of_another_machine_that_did_not_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run(tmp_path)
    said: list[Progress] = []
    with listening(said.append), State(tmp_path, "orders").lock_plan():
        note = (tmp_path / "plans/orders/lock").read_bytes()
    with listening(said.append), State(tmp_path, "orders").lock_plan():
        assert said == []  # it ended properly
    (tmp_path / "plans/orders/lock").write_bytes(note)  # as after a kill, or in a copy of a folder at work
    monkeypatch.setattr(lock.socket, "gethostname", lambda: "another")
    with listening(said.append), State(tmp_path, "orders").lock_plan():
        pass
    assert len(said) == 1
    assert f"process {os.getpid()} on " in said[0].message
    assert "make sure it is gone" in said[0].message


def test_a_lock_that_nobody_can_read_is_no_free_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_run(tmp_path)
    real = os.open

    def refuse(path: Any, flags: int, *more: Any) -> int:
        if str(path).endswith("lock"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", refuse)
    state = State(tmp_path, "orders")
    for attempt in (state.require_free, state.is_held, lambda: state.lock_plan().__enter__()):
        with pytest.raises(StateUnusable, match="permission denied"):
            attempt()
    with recorded_if_possible(), pytest.raises(StateUnusable, match="permission denied"), state.lock_plan():
        pass


def test_the_state_files_limit_is_far_above_real_journals() -> None:
    assert state_files.MAX_BYTES == 256 << 20
