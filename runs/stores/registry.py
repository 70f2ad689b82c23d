"""Which store the files below a path are in: the folder itself, unless a store was opened for that folder."""

from pathlib import Path
from typing import Any

from runs.errors import StateUnusable
from runs.state_files import noted_unrecorded, unwritable
from runs.stores.folder import FolderStore
from runs.stores.store import StateStore

IN_S3 = "in-s3"
"""A file that says of a folder that it only holds what one machine keeps of a state in S3."""
_FOLDERS = FolderStore()
_opened: dict[Path, StateStore] = {}


def use_store(folder: Path, store: StateStore) -> None:
    """From now on, in this process, the files below this folder are in this store."""
    _opened[folder] = store


def opened_store(folder: Path) -> StateStore | None:
    """The store that was opened for this folder; None if its files are where their paths say."""
    return _opened.get(folder)


def shared_settings(path: Path) -> dict[str, Any] | None:
    """How another process reaches the state with this file, where it is in S3; None for a folder."""
    return store_of(path).settings


def store_of(path: Path) -> StateStore:
    """The store that a file or folder of the state is in."""
    return next((store for folder, store in _opened.items() if path.is_relative_to(folder)), _FOLDERS)


def save_state(path: Path, text: str) -> None:
    """Replace a file of the state, or note that it could not be, if that is to stop nothing.

    Raises:
        StateUnusable: it cannot be written.
        LockLost: somebody else has taken over.
    """
    with noted_unrecorded(path):
        try:
            store_of(path).replace(path, text)
        except OSError as error:
            raise unwritable(path, error) from error


def require_no_copy(folder: Path) -> None:
    """Refuse a folder that only holds what this machine keeps of a state in S3.

    Raises:
        StateUnusable: it is one.
    """
    if opened_store(folder):
        return
    try:
        address = (folder / IN_S3).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return
    raise StateUnusable(
        f"{folder} holds only logs and locks of this machine; the state is in {address}",
        f"give --state {address}",
    )
