"""State in a folder of this machine."""

import os
import threading
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from runs import lock
from runs.state_files import (
    entries,
    make_folder,
    open_private,
    read_state,
    replace_file,
    unwritable,
)
from runs.stores.store import Appender


class FolderStore:
    """The files are where their paths say; locks are the kernel's."""

    settings = None

    def read(self, path: Path) -> bytes:
        """As `StateStore.read`."""
        return read_state(path)

    def exists(self, path: Path) -> bool:
        """As `StateStore.exists`."""
        return os.path.lexists(path)

    def replace(self, path: Path, text: str) -> None:
        """As `StateStore.replace`."""
        replace_file(path, text)

    def create(self, path: Path, text: str) -> bool:
        """As `StateStore.create`."""
        fresh = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.new")
        make_folder(path.parent)
        try:
            with os.fdopen(open_private(fresh, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), "w") as file:
                file.write(text)
            os.link(fresh, path)  # unlike a rename, a link fails if the file exists
        except FileExistsError:
            return False
        finally:
            fresh.unlink(missing_ok=True)
        return True

    def remove(self, path: Path) -> None:
        """As `StateStore.remove`."""
        path.unlink(missing_ok=True)

    def entries(self, folder: Path) -> list[Path]:
        """As `StateStore.entries`."""
        return entries(folder, lambda _: True)

    def folders(self, folder: Path) -> list[Path]:
        """As `StateStore.folders`."""
        return entries(folder, Path.is_dir)

    def appender(self, path: Path) -> Appender:
        """As `StateStore.appender`."""
        return _FileAppender(path)

    def hold(self, path: Path, what: str, hint: str) -> AbstractContextManager[None]:
        """As `StateStore.hold`."""
        return lock.held(path, what, hint)

    def require_free(self, path: Path, what: str, hint: str) -> None:
        """As `StateStore.require_free`."""
        lock.require_free(path, what, hint)

    def is_held(self, path: Path) -> bool:
        """As `StateStore.is_held`."""
        return lock.is_locked(path)

    def holder(self, path: Path) -> int | None:
        """As `StateStore.holder`."""
        return lock.holder(path)

    def shown(self, path: Path) -> str:
        """As `StateStore.shown`."""
        return str(path)


class _FileAppender:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def append(self, text: str, *, durably: bool = False) -> None:
        try:
            if self._file is None:
                make_folder(self._path.parent)
                self._file = open_private(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
            _write_whole(self._file, text.encode())
            if durably:
                os.fdatasync(self._file)
        except OSError as error:
            raise unwritable(self._path, error) from error

    def replace(self, text: str) -> None:
        self.close()
        try:
            replace_file(self._path, text)
        except OSError as error:
            raise unwritable(self._path, error) from error

    def remove(self) -> None:
        self.close()
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(self._path, error) from error

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = None


def _write_whole(file: int, content: bytes) -> None:
    """Append this, or nothing: the next line must not be glued to a half one."""
    before = os.fstat(file).st_size
    try:
        while content:
            content = content[os.write(file, content) :]
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, before)
        raise
