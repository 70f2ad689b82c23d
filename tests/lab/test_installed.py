"""The demo from a wheel, in an environment with nothing else in it: two domains, moved and verified."""

import re
from os import environ
from pathlib import Path

from lab.paths import CACHE_VARIABLE, cache_folder
from releasing.installing import built_wheel, installed


def test_the_demo_runs_to_its_end_without_a_checkout(tmp_path: Path) -> None:
    installation = installed(built_wheel(tmp_path), tmp_path, extra="lab")
    kept = {CACHE_VARIABLE: str(cache_folder())}
    kept |= {name: environ[name] for name in ("SNAPFERRY_LAB_JAVA", "JAVA_HOME") if name in environ}
    done = installation.run("snapferry", "demo", "--documents", 1000, **kept)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^Run \S+: done and verified: 25 of 25 indices equal", done.stdout, re.MULTILINE)
    assert "everything else that was started have been stopped" in done.stderr
    reports = installation.home / ".local/state/snapferry/demo/state/plans/lab-move/reports"
    assert {each.suffix for each in reports.iterdir()} >= {".json", ".md"}
    assert not list(installation.place.iterdir())
