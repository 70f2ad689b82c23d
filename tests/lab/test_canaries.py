"""Secrets that stand out are given to every input; afterwards nothing that was kept or shown has them."""

from __future__ import annotations

import base64
import gc
import secrets
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pytest
from identities import Identities, allow, trust_account
from migrations import Desk, engine, eventually, rule
from password_door import PASSWORD, USER, own_cluster

from lab.description import child_environment

ROOMS = ("configs", "domains", "runs", "tasks", "reports", "flows", "snapferry")
BROKEN = """
import sys
from tasks.restore import restore
def broken(m, *_):
    import os
    keys = os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["AWS_SESSION_TOKEN"]
    raise RuntimeError(f"{m!r} {m.source.connection!r} {m.source.session!r} {keys}") from ValueError(keys[1])
restore.restore = broken
from snapferry.main import main
sys.argv[0] = "snapferry"
main()
"""


def written_as(secret: str) -> Iterable[bytes]:
    """The secret as it may be written: plain, as a part of a URL, in JSON, in base64."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield base64.b64encode(secret.encode()).rstrip(b"=")
    yield base64.b64encode(f"{USER}:{secret}".encode()).rstrip(b"=")


def kept(folders: Iterable[Path]) -> Iterable[tuple[str, bytes]]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(folder)), path.read_bytes()


def shown_objects() -> Iterable[tuple[str, bytes]]:
    """What every object of ours that is alive says of itself."""
    for each in gc.get_objects():
        kind = type(each)
        if str(kind.__module__).partition(".")[0] in ROOMS:
            yield f"repr of {kind.__qualname__}", repr(each).encode("utf-8", "backslashreplace")


def test_no_secret_is_kept_or_shown(
    watched_desk: Desk, identities: Identities, prefect_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, lab = watched_desk, watched_desk.lab
    engine(lab, "source", "PUT", "/first/_doc/1?refresh=true", {"n": 1})
    rights = (allow("es:ESHttp*"), allow("iam:PassRole", lab.role_arn), allow("s3:*"))
    role = identities.role(*rights, trusts=trust_account())
    issued = identities.client("sts").assume_role(RoleArn=role, RoleSessionName="canary")["Credentials"]
    hook = f"canary-{secrets.token_hex(12)}"
    keys = {
        "AWS_ACCESS_KEY_ID": issued["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": issued["SecretAccessKey"],
        "AWS_SESSION_TOKEN": issued["SessionToken"],
        "AWS_PROFILE": None,
        "THE_HOOK": f"http://127.0.0.1:9/{hook}",
        "OWN_PASSWORD": PASSWORD,
    }
    canaries = {
        "secret key": issued["SecretAccessKey"],
        "session token": issued["SessionToken"],
        "hook": hook,
        "password": PASSWORD,
    }
    output: list[str] = []

    def run(verb: str, *options: str) -> int:
        ended = desk.run(verb, *options, environment=keys)
        output.append(str(ended))
        return ended.code

    desk.write(hooks=[{"events": ["done", "failed"], "webhook": {"env": "THE_HOOK"}}])
    assert run("check", "-v", "--debug") in {0, 3}
    assert run("plan", "-v", "--debug", "-o", str(desk.folder / "saved.json")) == 0
    output.append(_broken(desk, keys))
    rule(lab, domain="target", method="POST", path="/_snapshot/*/*/_restore", status=500, times=1)
    run("migrate", "--execute", "-v", "--debug")
    eventually(lambda: run("migrate", "--execute", "-v", "--debug") in {0, 1})
    for more in (("report", "--json"), ("status",), ("verify", "--debug", "--level", "content")):
        run(*more)
    with own_cluster(lab, "source") as own:
        desk.write(source={**own.settings, "region": None}, name="own")
        run("check", "-v", "--debug")
        desk.write(source={**own.settings, "region": None}, name="own", target={"endpoint": own.endpoint})
        run("check", "-v", "--debug")

    seen = [*kept([desk.folder, prefect_home]), *shown_objects()]
    seen += [("console", text.encode("utf-8", "backslashreplace")) for text in output]
    assert any(name.endswith(".db") for name, _ in seen) and any("debug/" in name for name, _ in seen)
    found = {
        f"{canary} in {name}"
        for name, content in seen
        for canary, secret in canaries.items()
        for form in written_as(secret)
        if form in content
    }
    assert not found


def _broken(desk: Desk, keys: dict[str, str | None]) -> str:
    """The command with a fault of its own, whose exception quotes all it can."""
    variables = child_environment(desk.lab) | desk.environment | keys
    ended = subprocess.run(
        [sys.executable, "-c", BROKEN, "migrate", str(desk.plan_file), "--execute", "--debug"],
        env={name: value for name, value in variables.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1 and "RuntimeError" in ended.stderr, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr
