"""A real PostgreSQL for the Prefect server of the tests: no port, one folder, gone with whoever started it.

It is the machine's own, with the extension pg_trgm that Prefect's migrations need; PostgreSQL from a wheel
comes without extensions.

As a module it serves the folder that it is given until its standard input ends, even if the tests are killed;
without a folder it installs Debian's package, if there is none and it may.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from tests.support import debian

_ROOT = Path(__file__).resolve().parents[2]
_LONGEST_S = 120.0
_MISSING = "the tests of fleets need PostgreSQL with its contrib modules, as Prefect needs pg_trgm"
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Serve a database that is kept in this folder; yield its address as SQLAlchemy takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.postgres", str(folder)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        host = process.stdout.readline().strip()
        assert host, "PostgreSQL did not start"
        yield f"postgresql+asyncpg://postgres:@/postgres?host={host}"
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(timeout=60)


def _own() -> Path | None:
    """Where the machine's own PostgreSQL is, if it has what the migrations need."""
    named = shutil.which("postgres")
    for place in (
        Path(named).resolve().parent if named else Path("/"),
        *Path("/usr/lib/postgresql").glob("*/bin"),
    ):
        config = place / "pg_config"
        if (place / "initdb").exists() and config.exists():
            share = subprocess.run([config, "--sharedir"], capture_output=True, text=True, check=True)
            if (Path(share.stdout.strip()) / "extension" / "pg_trgm.control").exists():
                return place
    return None


def _as_its_user(folder: Path) -> Callable[[], None] | None:
    """What a child calls to become somebody else than root, whom PostgreSQL refuses; owner of the folder."""
    if os.geteuid():
        return None
    user = next(each for each in pwd.getpwall() if each.pw_name in {"postgres", "nobody"} and each.pw_uid)
    os.chown(folder, user.pw_uid, user.pw_gid)
    for parent in folder.parents:
        with suppress(PermissionError):
            parent.chmod(parent.stat().st_mode | 0o011)

    def become() -> None:
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)

    return become


def _serve_own(programs: Path, folder: Path) -> subprocess.Popen[bytes]:
    become, data = _as_its_user(folder), folder / "data"
    log = (folder / "log").open("wb")
    if not data.exists():
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"],
            preexec_fn=become, stdout=log, stderr=log, cwd=folder, check=True,
        )  # fmt: skip
    settings = [part for each in _FAST for part in ("-c", each)]
    process = subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", *settings],
        preexec_fn=become, stdout=log, stderr=log, cwd=folder,
    )  # fmt: skip
    deadline = monotonic() + _LONGEST_S
    ready = [programs / "pg_isready", "-q", "-h", folder, "-U", "postgres"]
    while subprocess.run(ready, check=False).returncode:
        assert process.poll() is None and monotonic() < deadline, (folder / "log").read_text()
        sleep(0.05)
    return process


def _until_the_end() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass


def _serve(folder: Path) -> None:
    programs = _own()
    assert programs, _MISSING
    process = _serve_own(programs, folder)
    print(folder, flush=True)
    _until_the_end()
    process.send_signal(2)  # a fast shutdown
    process.wait(timeout=60)


if __name__ == "__main__":
    if sys.argv[1:]:
        _serve(Path(sys.argv[1]))
    elif _own() is None and not (debian.install("postgresql") and _own()):
        print(f"Note: {_MISSING}.", file=sys.stderr)
