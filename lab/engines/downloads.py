"""Download pinned files: resume after an interruption, verify before use, share between labs."""

from __future__ import annotations

import errno
import hashlib
import shutil
import ssl
import time
from pathlib import Path

import httpx

from lab.engines.artifacts import MIRROR_VARIABLE, Artifact
from lab.errors import LabError
from lab.paths import locked
from lab.progress import Progress

ATTEMPTS = 4
TIMEOUT = httpx.Timeout(30.0, connect=15.0)


def client() -> httpx.Client:
    """Make an HTTP client that trusts this machine's authorities; close it after use."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=True, verify=ssl.create_default_context())


def fetch(artifact: Artifact, folder: Path, http: httpx.Client, progress: Progress) -> Path:
    """Return the artifact's verified file in `folder`, downloading what is missing.

    A verified file is never downloaded again. An interrupted download leaves a `.part` file, which the next
    call resumes. Safe to call from several processes at once.

    Raises:
        LabError: no network, a wrong checksum, or no room on the disk.
    """
    target = folder / artifact.path
    if target.exists():
        return target
    with locked(folder / ".locks" / f"{artifact.file_name}.lock"):
        if not target.exists():
            _download(artifact, target, http, progress)
    return target


def sha256(path: Path) -> str:
    """The file's SHA-256 in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def require_space(folder: Path, needed: int) -> None:
    """Raise LabError unless `needed` bytes are free at `folder`; create the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise LabError(
            f"Not enough disk space in {folder}: {needed >> 20} MB needed, {free >> 20} MB free.",
            "Free some space, or point SNAPFERRY_CACHE to a folder on another disk.",
        )


def _download(artifact: Artifact, target: Path, http: httpx.Client, progress: Progress) -> None:
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    require_space(target.parent, artifact.size - _size(part))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _continue(artifact, part, http, progress)
            break
        except httpx.HTTPStatusError as error:
            raise _network_error(artifact, f"HTTP {error.response.status_code}") from error
        except (httpx.HTTPError, ssl.SSLError) as error:
            if attempt == ATTEMPTS:
                raise _network_error(artifact, str(error) or type(error).__name__) from error
            time.sleep(0.5 * attempt)
        except OSError as error:
            raise _disk_error(target, error) from error
    _accept(artifact, part, target)


def _continue(artifact: Artifact, part: Path, http: httpx.Client, progress: Progress) -> None:
    """Append what `part` lacks; start over if it is too long or the server sends everything."""
    done = _size(part)
    if done > artifact.size:
        part.unlink()
        done = 0
    if done == artifact.size:
        return
    headers = {"Range": f"bytes={done}-", "Accept-Encoding": "identity"}
    with http.stream(
        "GET", artifact.url(), headers=headers if done else {"Accept-Encoding": "identity"}
    ) as reply:
        reply.raise_for_status()
        resumed = done > 0 and reply.status_code == 206
        done = done if resumed else 0
        with part.open("ab" if resumed else "wb") as handle:
            for chunk in reply.iter_raw():
                handle.write(chunk)
                done += len(chunk)
                progress.download(artifact.file_name, done, artifact.size)
    if done < artifact.size:
        raise httpx.ReadError(f"the connection ended after {done} of {artifact.size} bytes")


def _accept(artifact: Artifact, part: Path, target: Path) -> None:
    found = sha256(part)
    if found != artifact.sha256:
        part.unlink()
        raise LabError(
            f"{artifact.file_name} was discarded: its checksum is {found}, not {artifact.sha256}.",
            "Run the command again. If it happens twice, a proxy or mirror in between changes files.",
        )
    part.replace(target)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _network_error(artifact: Artifact, why: str) -> LabError:
    return LabError(
        f"Cannot download {artifact.file_name} from {artifact.url()}: {why}.",
        f"Check the network or proxy; {MIRROR_VARIABLE} names another Maven repository. "
        "What was downloaded is kept, and the next call goes on from there.",
    )


def _disk_error(target: Path, error: OSError) -> LabError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    what = "The disk is full" if full else f"Cannot write ({error.strerror})"
    return LabError(
        f"{what}: {target.parent}.", "Free some space, or point SNAPFERRY_CACHE to another folder."
    )
