"""What the soak remembers: which runs are done, so that a killed one can resume, and the table of results."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".soak"
RESULTS = ROOT / "docs" / "soak.md"
COLUMNS = ("seed", "class", "requests", "hit", "S3 hit", "exits", "seconds", "verdict")


class Ledger:
    """The finished runs of one soak, in a file of its own; with `record` also in the results.

    `job` is the verb of the runs, `columns` what the table of results shows of each; `workplace` is the
    folder that the soak may use meanwhile.
    """

    def __init__(
        self, seed: int, runs: int, *, record: bool, job: str = "migrate", columns: Sequence[str] = COLUMNS
    ) -> None:
        self._of, self._columns = "" if job == "migrate" else f", {job}", columns
        self._file = FOLDER / f"{job}-seed-{seed}-runs-{runs}.json"
        self.workplace = self._file.with_suffix("")
        self._record = record
        text = self._file.read_text(encoding="utf-8") if self._file.exists() else "{}"
        kept: dict[str, Any] = json.loads(text)
        self.rows: list[dict[str, Any]] = kept.get("rows", [])
        self._headed = kept.get("headed", "")
        self._title = kept.get("title", "")

    def done(self, seed: int) -> bool:
        """Whether the run with this seed is done."""
        return any(row["seed"] == seed for row in self.rows)

    def begin(self, engine: str) -> None:
        """Write the heading of the results, unless this soak resumes under its own."""
        headed = f"{engine}, commit {commit()}"
        if self._record and headed != self._headed:
            self._headed = headed
            now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
            columns = f"| {' | '.join(self._columns)} |\n|{'---|' * len(self._columns)}\n"
            self._title = f"## {now} UTC, {headed}{self._of}\n"
            _put(f"\n{self._title}\n{columns}")

    def add(self, row: dict[str, Any]) -> None:
        """Record a finished run."""
        self.rows.append(row)
        self._save()
        if self._record:
            _put("| " + " | ".join(str(row[column]) for column in self._columns) + " |\n", self._title)

    def finish(self) -> None:
        """Forget the runs: nothing is left to resume."""
        self._file.unlink(missing_ok=True)

    def _save(self) -> None:
        FOLDER.mkdir(exist_ok=True)
        fresh = self._file.with_suffix(".new")
        kept = {"headed": self._headed, "title": self._title, "rows": self.rows}
        fresh.write_text(json.dumps(kept), encoding="utf-8")
        fresh.replace(self._file)


def _put(text: str, title: str | None = None) -> None:
    """Put a text to the end of the results, or of the section with this title: soaks may run side by side."""
    RESULTS.touch()
    with RESULTS.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before, found, rest = file.read().partition(title) if title else ("", "", "")
        file.seek(0, os.SEEK_SET if found else os.SEEK_END)
        if found:
            own, more, others = rest.partition("\n\n## ")
            file.write(before + found + own.rstrip("\n") + "\n" + text + more.removeprefix("\n") + others)
        else:
            file.write(text)


def commit() -> str:
    """The commit that is checked out, and whether anything but the results differs from it."""

    def ask(*arguments: str) -> str:
        told = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return told.stdout.strip()

    changed = ask("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/soak.md")
    return (ask("rev-parse", "--short", "HEAD") or "unknown") + (" and changes" if changed else "")
