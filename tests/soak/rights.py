"""`make soak JOB=rights`: a set-up from nothing on domains with access control, less one right each time.

Every right must be missed by `snapferry check` or by the main job, in words that name it: so none is
superfluous. What nobody misses is listed.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from lab.filling.load import load
from tests.soak.ledger import Ledger

sys.path[:0] = [str(Path(__file__).parents[1] / "lab"), str(Path(__file__).parents[1])]
lab_rights: Any = import_module("rights")
pairs: Any = import_module("pairs")
migrations: Any = import_module("migrations")
"""Helpers of the lab's tests, which pytest finds by its settings."""

COLUMNS = ("right", "in", "missed by", "in these words")
DOCUMENTS = 200
MOVED = {"include": ["cars", "customers", "invoices-*", "logs-web"]}
"""A few indices, with aliases and a data stream among them: each run of the main job is short."""
NOT_MISSED_HERE = {"es:ListPackagesForDomain": "no index of the lab reads a package's file"}
_LONGEST = 150


def main(*, record: bool) -> int:
    """Run every right that is left; return 1 if one is missed by nobody without a reason."""
    ledger = Ledger(1, 1, record=record, job="rights", columns=COLUMNS)
    with _desk(ledger.workplace) as desk:
        return run(desk, ledger)


@contextmanager
def _desk(folder: Path) -> Iterator[Any]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with pairs.pair_lab(pairs.SECURED, folder / "lab") as lab:
        load(lab, DOCUMENTS)
        yield migrations.Desk(lab, folder)


def run(desk: Any, ledger: Ledger) -> int:
    """Set up from nothing, prove that check and the main job pass, and take each right away in turn."""
    with lab_rights.administrator(desk) as admin:
        _write(desk)
        access = _set_up(admin)
        _require_whole(desk)
        ledger.begin(f"OpenSearch {desk.lab.source.version}")
        groups = lab_rights.groups_of(desk.lab)
        for right in lab_rights.rights(desk, access):
            if not any((row["right"], row["in"]) == (right.words, right.where) for row in ledger.rows):
                ledger.add(_row(lab_rights.missed(desk, right, groups)))
                print(", ".join(str(value) for value in ledger.rows[-1].values()), flush=True)
        assert admin.access("remove", "--execute").code == 0
    ledger.finish()
    wrong = [row["right"] for row in ledger.rows if row["missed by"] == "nobody"]
    print(f"{len(ledger.rows)} rights, {len(wrong)} that nobody misses: {', '.join(wrong)}")
    return 1 if wrong else 0


def _write(desk: Any) -> None:
    """The administrator's plan, limited to a few indices and verified as thoroughly as can be."""
    import yaml

    plan: dict[str, Any] = yaml.safe_load(desk.plan_file.read_text(encoding="utf-8"))
    changed = {**plan, "indices": MOVED, "verify": {"level": "content"}}
    desk.plan_file.write_text(yaml.safe_dump(changed, sort_keys=False), encoding="utf-8")


def _set_up(admin: Any) -> dict[str, Any]:
    lab_rights.forget(admin.desk)
    made = admin.access("apply", "--execute")
    assert made.code == 0, str(made)
    assert admin.access("diff").code == 0
    return admin.access("print", "--json").json["access"]


def _require_whole(desk: Any) -> None:
    """With all rights, the checks and the main job pass."""
    checked = desk.run("check")
    assert checked.code == 0, str(checked)
    moved = desk.run("migrate", "--execute")
    assert moved.code == 0, str(moved)
    lab_rights.forget(desk)


def _row(missed: Any) -> dict[str, Any]:
    action = missed.right.words.split(" ")[0]
    excused = missed.by == "nobody" and action in NOT_MISSED_HERE
    said = NOT_MISSED_HERE[action] if excused else missed.said
    short = " ".join(said.replace("|", "/").split())
    return {
        "right": missed.right.words,
        "in": missed.right.where,
        "missed by": "nobody here" if excused else missed.by,
        "in these words": short if len(short) <= _LONGEST else short[: _LONGEST - 1] + "…",
    }
