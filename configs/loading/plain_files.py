"""Read a file that may be anything: never wait for a pipe, and never read more than it may hold."""

import errno
import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotAPlainFile(OSError):
    """The name leads to a pipe, a device or a socket; `strerror` says to which."""


class TooLarge(OSError):
    """The file holds more than the caller accepts; `strerror` says how much that is."""


def read_file(path: Path, longest: int) -> bytes:
    """Read a whole file.

    Args:
        longest: the most bytes to accept. No more is ever read.

    Raises:
        NotAPlainFile, TooLarge, OSError: it cannot be read; `strerror` says why.
        ValueError: the name cannot be that of a file.
    """
    content = read_head(path, longest + 1)
    if len(content) > longest:
        raise TooLarge(errno.EFBIG, f"it is larger than {_size(longest)}", str(path))
    return content


def read_head(path: Path, length: int) -> bytes:
    """Read the first bytes of a file.

    Raises:
        as `read_file`, but for TooLarge.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        require_plain(os.fstat(descriptor).st_mode, path)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(length)
    finally:
        os.close(descriptor)


def require_plain(mode: int, path: Path) -> None:
    """Confirm that this mode is that of a file.

    Raises:
        NotAPlainFile, IsADirectoryError: it is that of something else; `strerror` says of what.
    """
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), None)
    if kind:
        raise NotAPlainFile(errno.EINVAL, f"it is {kind}, not a file", str(path))


def _size(length: int) -> str:
    return f"{length >> 20} MiB" if length >= 1 << 20 else f"{length >> 10} KiB"
