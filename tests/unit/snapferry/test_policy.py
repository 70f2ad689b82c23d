"""`snapferry policy`: what the command line accepts, and the files of Curator and Prefect."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from configs.loading.loader import load_plan
from configs.plan import Plan
from reports.policy_files.prefect import prefect_files
from snapferry.main import app
from tasks.records.policies import WantedPolicy, Way

ROOT = Path(__file__).resolve().parents[3]
PLAN = """name: orders
source: {endpoint: "https://search-orders-abc.us-east-1.es.amazonaws.com"}
target: {endpoint: "http://127.0.0.1:9", auth: {type: basic, username: ops, password: {env: OPS}}}
repository: {name: repo, bucket: snaps, region: us-east-1, role_arn: "arn:aws:iam::123456789012:role/S"}
indices: {include: ["orders-*", "customers"], exclude: ["orders-tmp-*"]}
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan in the current folder, whose domains nobody can reach."""
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(PLAN, encoding="utf-8")
    return Path("plan.yaml")


def policy(verb: str, plan: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["policy", verb, str(plan), *options])


def curator(folder: str, name: str) -> Any:
    return yaml.safe_load((Path(folder) / name).read_text(encoding="utf-8"))


def test_printing_asks_the_domain_nothing(plan: Path) -> None:
    found = policy("print", plan, "--keep", "30", "--schedule", "15  2 * * *", "--json")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)["document"]
    assert document["creation"]["schedule"]["cron"] == {"expression": "15 2 * * *", "timezone": "UTC"}
    assert document["deletion"]["condition"] == {"min_count": 1, "max_count": 30}
    assert document["snapshot_config"]["indices"] == "orders-*,customers,-orders-tmp-*"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--schedule", "0 3 * *"), "Invalid value for --schedule: this has 4 fields"),
        (("--timezone", "Berlin"), "Invalid value for --timezone: there is no time zone Berlin"),
        (("--keep", "fortnight"), "Invalid value for --keep: give a number of snapshots (30), an age (14d)"),
        (("--keep", "3", "--keep", "4"), "Invalid value for --keep"),
        (("--keep", "3", "--keep-at-least", "3"), "--keep must name more than --keep-at-least (3)"),
        (("--keep-at-least", "3"), "this goes with --keep"),
        (("--name", "Nightly"), "Invalid value for --name"),
        (("--indices", "Orders"), "Invalid value for --indices"),
        (("--min-age", "7d"), "only --by index-state-management has this"),
        (("--by", "index-state-management", "--min-age", "7"), "give a value such as 7d"),
        (("--by", "index-state-management", "--min-age", "7d", "--min-size", "1gb"), "give one of --min-age"),
        (("--by", "index-state-management", "--keep", "3"), "this way deletes no snapshots"),
        (("--by", "prefect", "--indices", "a"), "seed rounds take the indices that the plan names"),
        (("--by", "prefect", "--side", "target"), "seed rounds take their snapshots of the source"),
        (("--by", "curator", "--timezone", "Europe/Berlin"), "cron runs Curator in the time zone"),
        (("-o", "folder"), "this way has no files"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_sent(
    plan: Path, options: tuple[str, ...], words: str
) -> None:
    found = policy("apply", plan, *options, "--execute")
    assert (found.exit_code, words in " ".join(found.output.split())) == (2, True), found.output


def test_curators_files_are_written_compared_and_removed(plan: Path) -> None:
    by = ("--by", "curator", "-o", "files")
    assert policy("apply", plan, *by).exit_code == 0
    assert not Path("files").exists()
    done = policy("apply", plan, *by, "--keep", "14d", "--execute")
    assert done.exit_code == 0, done.output
    assert f"0 3 * * * curator --config {Path('files').absolute()}/curator.yml" in done.stdout
    assert "next: curator --dry-run --config" in done.stderr
    assert policy("diff", plan, *by, "--keep", "14d").exit_code == 0
    differs = policy("diff", plan, *by, "--keep", "7d")
    assert (differs.exit_code, "+      unit_count: 7" in differs.stdout) == (4, True), differs.output
    assert policy("remove", plan, *by, "--execute").exit_code == 0
    assert list(Path("files").iterdir()) == []


def test_curators_files_say_what_was_asked(plan: Path) -> None:
    policy("apply", plan, "--by", "curator", "-o", "files", "--keep", "14d", "--keep", "30", "--execute")
    client = curator("files", "curator.yml")["client"]
    assert client == {
        "hosts": "search-orders-abc.us-east-1.es.amazonaws.com", "port": 443, "use_ssl": True,
        "aws_region": "us-east-1", "aws_sign_request": True, "ssl_no_validate": False, "timeout": 120,
    }  # fmt: skip
    actions = curator("files", "actions.yml")["actions"]
    assert [each["action"] for each in actions.values()] == [
        "snapshot",
        "delete_snapshots",
        "delete_snapshots",
    ]
    assert actions[1]["filters"][0]["value"] == r"^(?:orders\-.*|customers)$"
    assert actions[1]["filters"][1]["exclude"] is True
    assert [each.get("unit_count") for each in actions[2]["filters"]] == [None, None, 14]
    assert actions[3]["filters"][1]["count"] == 30


def test_a_password_is_in_no_file(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS", "geheim")
    done = policy("apply", plan, "--by", "curator", "--side", "target", "-o", "files", "--execute")
    assert "CURATOR_PASSWORD" in done.stdout, done.output
    client = curator("files", "curator.yml")["client"]
    assert (client["username"], client["password"]) == ("ops", "${CURATOR_PASSWORD}")
    assert "geheim" not in "".join(each.read_text() for each in Path("files").iterdir()) + done.output


def test_somebody_elses_file_is_kept_without_consent(plan: Path) -> None:
    Path("files").mkdir()
    mine = Path("files/curator.yml")
    mine.write_text("client: {}\n")
    by = ("--by", "curator", "-o", "files")
    for verb in ("apply", "remove"):
        refused = policy(verb, plan, *by, "--execute")
        assert (refused.exit_code, "was not made by snapferry" in refused.stdout) == (3, True), refused.output
    assert mine.read_text() == "client: {}\n"
    replaced = policy("apply", plan, *by, "--allow-replace", "orders-snapshots", "--execute")
    assert (replaced.exit_code, "hosts" in mine.read_text()) == (0, True)


@pytest.mark.slow
def test_prefects_file_deploys_the_seed_flow_with_the_plan(plan: Path) -> None:
    done = policy("apply", plan, "--by", "prefect", "--timezone", "Europe/Berlin", "--execute")
    assert done.exit_code == 0, done.output
    assert "next: prefect --no-prompt deploy --all --prefect-file" in done.stderr
    (deployment,) = curator("orders-snapshots", "prefect.yaml")["deployments"]
    removed = policy("remove", plan, "--by", "prefect", "--execute")
    assert "next: prefect deployment delete seed/orders-snapshots" in removed.stderr, removed.output
    (schedule,) = deployment["schedules"]
    assert schedule["timezone"] == "Europe/Berlin"
    wanted = f"cron={schedule['cron']!r}, timezone='Europe/Berlin'"
    asked = f"from prefect.client.schemas.schedules import CronSchedule as c; c({wanted})"
    subprocess.run([sys.executable, "-c", asked], check=True)  # apart: this process has not imported Prefect
    module, _, flow = deployment["entrypoint"].rpartition(".")
    assert f"def {flow}(" in (ROOT / f"{module.replace('.', '/')}.py").read_text()
    assert Plan.model_validate(deployment["parameters"]["plan"]) == load_plan(plan)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "configs" / "plans").glob("*.yaml")), ids=lambda file: file.stem
)
def test_every_example_plan_survives_prefects_file(file: Path) -> None:
    plan = load_plan(file)
    wanted = WantedPolicy(
        way=Way.PREFECT, name="x", plan=plan.name, side="source", repository="r", indices=("*",),
        schedule="0 3 * * *", timezone="UTC",
    )  # fmt: skip
    (text,) = prefect_files(wanted, plan).values()
    (deployment,) = yaml.safe_load(text)["deployments"]
    assert Plan.model_validate(deployment["parameters"]["plan"]) == plan
