"""`certify` and `certificate check`: the file, what is shown of it, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from support import forged
from support.building import a_plan
from support.certified import a_key, a_verdict, a_verified_run
from typer.testing import CliRunner

from runs.run_status import RunStatus
from snapferry.main import app


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "orders.yaml"
    file.write_text(json.dumps(a_plan().model_dump(mode="json", exclude_defaults=True)), encoding="utf-8")
    return file


def snapferry(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def certified(plan: Path, *more: object, key: Path | None = None) -> Result:
    private = key or a_key(plan.parent)[0]
    state = plan.parent / "state"
    return snapferry("certify", plan, "--key", private, "--state", state, *more)


def test_a_certificate_is_made_and_checked_elsewhere(plan: Path, tmp_path: Path) -> None:
    run = a_verified_run(tmp_path / "state")
    file, elsewhere = tmp_path / "c.json", tmp_path / "elsewhere"
    made = certified(plan, "-o", file)
    assert made.exit_code == 0, made.output
    assert "Certificate for 1 index, at level operations: everything that moved is equal" in made.stdout
    assert f"snapferry certificate check {file}" in " ".join(made.stderr.split())
    elsewhere.mkdir()
    copy = elsewhere / "c.json"
    copy.write_bytes(file.read_bytes())
    found = snapferry("certificate", "check", copy, "--public-key", tmp_path / "key.pub")
    assert found.exit_code == 0, found.output
    for said in (
        run.run_id,
        "Approved: before-restore by ann@desk",
        "Limits: equal figures up to a mark",
        "Valid",
    ):
        assert said in " ".join(found.stdout.split())


def test_the_json_of_a_check_has_everything(plan: Path, tmp_path: Path) -> None:
    run = a_verified_run(tmp_path / "state")
    file = tmp_path / "c.json"
    made = json.loads(certified(plan, "-o", file, "--json").stdout)
    assert made["file"] == str(file)
    found = snapferry(
        *("certificate", "check", file, "--public-key", tmp_path / "key.pub", "--journal", run.path, "--json")
    )
    told = json.loads(found.stdout)
    assert (told["valid"], told["trusted"], told["journal"], told["against"]) == (
        True,
        True,
        "as certified",
        None,
    )
    assert told["statement"] == made["statement"]
    assert told["key"] == made["key"]
    subjects = [each["name"] for each in told["statement"]["subject"]]
    assert "plan-file:orders.yaml" in subjects


def test_without_a_trusted_key_a_check_fails(plan: Path, tmp_path: Path) -> None:
    a_verified_run(tmp_path / "state")
    certified(plan, "-o", tmp_path / "c.json")
    found = snapferry("certificate", "check", tmp_path / "c.json")
    assert found.exit_code == 4
    assert "not known to be trusted" in " ".join(found.stdout.split())
    assert found.stdout.rstrip().endswith("Not changed since it was signed, but by whom is not known")


def test_a_changed_certificate_is_refused_and_nothing_of_it_is_shown(plan: Path, tmp_path: Path) -> None:
    a_verified_run(tmp_path / "state")
    file = tmp_path / "c.json"
    certified(plan, "-o", file)
    file.write_bytes(file.read_bytes().replace(b'"keyid":"', b'"keyid":"0', 1))
    found = snapferry("certificate", "check", file, "--public-key", tmp_path / "key.pub")
    assert (found.exit_code, found.stdout) == (4, "")
    assert "not a certificate as it was made" in found.stderr


def test_the_journal_in_the_state_is_checked(plan: Path, tmp_path: Path) -> None:
    run = a_verified_run(tmp_path / "state")
    file = tmp_path / "c.json"
    certified(plan, "-o", file)
    check = (
        "certificate",
        "check",
        file,
        "--public-key",
        tmp_path / "key.pub",
        "--state",
        tmp_path / "state",
    )
    assert snapferry(*check).exit_code == 0
    run.path.write_bytes(run.path.read_bytes().replace(b'"ann@desk"', b'"eve@desk"'))
    found = snapferry(*check)
    assert found.exit_code == 4
    assert "the journal is not the one that was certified" in found.stdout
    run.path.unlink()
    assert snapferry(*check).exit_code == 2, "no journal is no success"


@pytest.mark.parametrize("forgery", forged.FORGERIES.values(), ids=forged.FORGERIES.keys())
def test_a_journal_that_was_forged_and_sealed_anew_is_told(
    plan: Path, tmp_path: Path, forgery: forged.Forgery
) -> None:
    run = a_verified_run(tmp_path / "state")
    file, key = tmp_path / "c.json", tmp_path / "key.pub"
    certified(plan, "-o", file)
    run.path.write_bytes(forged.resealed(run.path.read_bytes(), forgery))
    found = snapferry("certificate", "check", file, "--public-key", key, "--journal", run.path)
    assert found.exit_code == 4
    assert "the journal is not the one that was certified" in found.stdout


def test_a_plan_that_has_changed_is_not_named_by_its_file(plan: Path, tmp_path: Path) -> None:
    a_verified_run(tmp_path / "state")
    changed = json.loads(plan.read_text()) | {"verify": {"level": "content"}}
    plan.write_text(json.dumps(changed))
    made = json.loads(certified(plan, "-o", tmp_path / "c.json", "--json").stdout)
    assert [each["name"] for each in made["statement"]["subject"]][:2] == [
        "plan:orders",
        "source:orders/orders-on-source",
    ]


def test_what_is_not_proved_is_refused_and_nothing_is_written(plan: Path, tmp_path: Path) -> None:
    a_verified_run(tmp_path / "state", [a_verdict(outcome="different")], RunStatus.DIFFERENT)
    refused = certified(plan, "-o", tmp_path / "c.json")
    assert refused.exit_code == 3
    assert "was not proved" in refused.stderr
    assert not (tmp_path / "c.json").exists()


def test_no_file_is_overwritten_and_no_run_is_no_success(plan: Path, tmp_path: Path) -> None:
    assert certified(plan, "-o", tmp_path / "c.json").exit_code == 3
    a_verified_run(tmp_path / "state")
    (tmp_path / "c.json").write_text("mine")
    assert certified(plan, "-o", tmp_path / "c.json").exit_code == 2
    assert (tmp_path / "c.json").read_text() == "mine"


def test_a_passphrase_comes_from_the_environment(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_verified_run(tmp_path / "state")
    private, _ = a_key(tmp_path, "locked", b"open sesame")
    out = ("-o", tmp_path / "c.json", "--passphrase-env", "KEY_WORD")
    assert certified(plan, *out, key=private).exit_code == 2
    monkeypatch.setenv("KEY_WORD", "open sesame")
    made = certified(plan, *out, key=private)
    assert made.exit_code == 0
    assert "open sesame" not in made.output


@pytest.mark.parametrize("option", ["FILE", "--journal"])
def test_files_that_are_not_there_are_named(plan: Path, tmp_path: Path, option: str) -> None:
    a_verified_run(tmp_path / "state")
    file, missing = tmp_path / "c.json", tmp_path / "missing"
    certified(plan, "-o", file)
    given = (missing,) if option == "FILE" else (file, "--journal", missing)
    found = snapferry("certificate", "check", *given)
    assert found.exit_code == 2
    assert "cannot read" in found.stderr
