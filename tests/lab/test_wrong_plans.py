"""Wrong plans reach no domain: the lab's log stays as it is."""

from __future__ import annotations

import os
import re
from pathlib import Path

from migrations import log_size
from typer.testing import CliRunner

from lab.description import LabDescription, environment

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios" / "wrong_plans"


def test_not_one_request_is_sent_for_a_wrong_plan(lab: LabDescription, tmp_path: Path) -> None:
    from snapferry.main import app

    folders = [folder for folder in sorted(SCENARIOS.iterdir()) if (folder / "plan.yaml").exists()]
    assert len(folders) >= 60
    before = [log_size(lab, side) for side in ("source", "target")]
    for folder in folders:
        # the scenario's text with the lab's doors in place of its hosts, so that a request would be seen
        text = (folder / "plan.yaml").read_bytes()
        doors = () if folder.name.startswith("same_") else ((b"1", lab.source), (b"2", lab.target))
        for number, domain in doors:
            port = domain.endpoint.rsplit(":")[-1].encode()
            text = re.sub(rb"(127\.0\.0\.1|localhost|\[::1\]):" + number + rb"(?=\D)", rb"\1:" + port, text)
        plan = tmp_path / "plan.yaml"
        plan.write_bytes(text)
        wanted = ["migrate", str(plan), "--execute", "--state", os.fspath(tmp_path / "state")]
        result = CliRunner().invoke(app, wanted, env=environment(lab))
        assert result.exit_code == 2, (folder.name, result.output)
        assert f"{plan}:" in result.stderr
    assert [log_size(lab, side) for side in ("source", "target")] == before
