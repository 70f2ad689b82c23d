"""Files of the state folder: for their owner alone, replaced as a whole, and clear words if the disk fails.

Removing and releasing matter more than recording it. Inside `recorded_if_possible`, a state folder that
cannot be written stops nothing: what could not be recorded is noted instead.
"""

import errno
import os
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from configs.loading.plain_files import NotAPlainFile, TooLarge, read_file
from runs.errors import StateUnusable

MAX_BYTES = 256 * 1024 * 1024
"""The most that a file of the state folder may hold: a run of 10,000 indices needs a tenth of it."""
_OPEN_TO_OTHERS = 0o077
Unrecorded = dict[Path, StateUnusable]
"""What could not be recorded, and why, by file."""
_unrecorded: ContextVar[Unrecorded | None] = ContextVar("snapferry_unrecorded", default=None)


# reading and writing


def read_state(path: Path) -> bytes:
    """Read a file of the state folder.

    Raises:
        OSError: it cannot be read; it is no file, or far too large.
    """
    return read_file(path, MAX_BYTES)


def make_folder(folder: Path) -> None:
    """Make this folder, and those above it that are missing, for their owner alone.

    Raises:
        OSError: one cannot be made.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        with suppress(OSError):  # some file systems have no modes
            folder.chmod(0o700)  # whatever the umask says


def open_private(path: Path, flags: int) -> int:
    """Open a file, made if it is missing, for its owner alone; return its descriptor.

    Args:
        flags: as of `os.open`.

    Raises:
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if mode & _OPEN_TO_OTHERS or mode & 0o600 != 0o600:
        with suppress(OSError):  # it belongs to somebody else
            os.fchmod(descriptor, 0o600)
    return descriptor


def replace_file(path: Path, text: str) -> None:
    """Replace a file as a whole and durably: whoever reads it finds the old text or the new one.

    Raises:
        OSError: it cannot be written; the old one is untouched.
    """
    make_folder(path.parent)
    fresh = path.with_suffix(".new")
    try:
        with os.fdopen(open_private(fresh, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()  # half of it would only take space
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# what could not be recorded


@contextmanager
def recorded_if_possible() -> Generator[Unrecorded]:
    """Inside the block, a state folder that cannot be written stops nothing.

    Yields:
        What could not be recorded so far; empty again once it could be after all.
    """
    outer = _unrecorded.get()
    noted: Unrecorded = {} if outer is None else outer
    token = _unrecorded.set(noted)
    try:
        yield noted
    finally:
        _unrecorded.reset(token)


@contextmanager
def noted_unrecorded(path: Path) -> Generator[None]:
    """Note that the block could not write this file, where that is to stop nothing; else raise it.

    Raises:
        StateUnusable: from the block.
    """
    unrecorded = _unrecorded.get()
    try:
        yield
    except StateUnusable as failed:
        if unrecorded is None:
            raise
        unrecorded[path] = failed
    else:
        if unrecorded:
            unrecorded.pop(path, None)


def is_optional() -> bool:
    """Whether what is done now goes on without being recorded."""
    return _unrecorded.get() is not None


# room and rights


def require_room(folder: Path, size: int) -> None:
    """Confirm that so many bytes can be written to this folder, which is made if it is missing.

    Raises:
        StateUnusable: they cannot.
    """
    trial = folder / f".room-{os.getpid()}"
    try:
        make_folder(folder)
        try:
            with os.fdopen(open_private(trial, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), "wb") as file:
                file.write(bytes(size))
        finally:
            trial.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def close_to_others(folder: Path) -> list[Path]:
    """Take the rights of others from this folder and all that is in it, as earlier versions left them.

    Returns:
        What others can still read, because it belongs to somebody else.
    """
    return [path for path in (folder, *folder.rglob("*")) if not _is_closed(path)]


def _is_closed(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) or not mode & _OPEN_TO_OTHERS:
            return True
        path.chmod(stat.S_IMODE(mode) & ~_OPEN_TO_OTHERS)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def entries(folder: Path, wanted: Callable[[Path], bool]) -> list[Path]:
    """What the folder holds that is wanted; nothing if it is not there.

    Raises:
        StateUnusable: the folder cannot be read, so nobody knows.
    """
    try:
        return [path for path in folder.iterdir() if wanted(path)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unreadable(folder, error) from error


# words


def unreadable(path: Path, error: OSError) -> StateUnusable:
    """The error for a file of the state folder that cannot be read."""
    why, hint = _explained(path, error)
    return StateUnusable(f"cannot read {path}: {why}", hint)


def unwritable(path: Path, error: OSError) -> StateUnusable:
    """The error for a file or folder of the state folder that cannot be written."""
    why, hint = _explained(path, error)
    return StateUnusable(f"cannot write {path}: {why}", hint)


_AGAIN = "then run the same command again: it continues the run"
_ELSEWHERE = "or copy the state folder elsewhere and name the copy with --state"
_EXPLAINED = {
    errno.ENOSPC: ("no space left on {disk}", f"free space on {{disk}}, {_AGAIN}"),
    errno.EDQUOT: ("your disk quota on {disk} is used up", f"free space on {{disk}}, {_AGAIN}"),
    errno.EROFS: ("the file system is read-only", f"make it writable, {_ELSEWHERE}"),
    errno.EFBIG: ("the file would be too large", f"raise the limit of file sizes (ulimit -f), {_AGAIN}"),
    errno.EMFILE: ("too many open files", f"raise the limit, such as ulimit -n 4096, {_AGAIN}"),
    errno.ENFILE: ("too many open files on this machine", f"close some, {_AGAIN}"),
    errno.EACCES: ("permission denied", "correct the permissions of {folder}, or choose --state"),
    errno.EPERM: ("permission denied", "correct the permissions of {folder}, or choose --state"),
    errno.ENOTDIR: ("it is not a folder", "choose --state"),
    errno.ENAMETOOLONG: ("this name is too long for a file", "choose --state"),
    errno.ELOOP: ("its symbolic links lead in a circle", "correct them, or choose --state"),
}


def _explained(path: Path, error: OSError) -> tuple[str, str]:
    if isinstance(error, NotAPlainFile | TooLarge):
        return str(error.strerror), "it is nothing that Snapferry has written: move it away"
    default = (error.strerror or str(error), f"check the disk, {_AGAIN}; or choose --state")
    why, hint = _EXPLAINED.get(error.errno or 0, default)
    if (error.errno or 0) in _EXPLAINED:
        disk, folder = _disk_of(path), path.parent
        return why.format(disk=disk), hint.format(disk=disk, folder=folder)
    failed = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else path
    return (why if failed == path else f"{failed}: {why}"), hint


def _disk_of(path: Path) -> Path:
    """The place where the disk with this path is mounted."""
    place = Path(os.path.realpath(path))  # a link may lead to another disk
    while not os.path.ismount(place) and place.parent != place:
        place = place.parent
    return place
