"""The models: what is filled in, what is kept, and that the examples and the schema say the same."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml

from configs.cutover import CutoverSettings
from configs.loading.loader import load_plan
from configs.plan import BasicAuth, FsRepository, Plan, S3Repository, SigV4Auth
from configs.repository import REPOSITORY_TYPES, Repository
from configs.schema import SCHEMA_FILE, plan_schema, schema_text
from configs.values.durations import duration_text, parse_duration

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = sorted((ROOT / "configs/plans").glob("*.yaml"))
SCENARIOS = sorted((ROOT / "tests/scenarios/wrong_plans").iterdir())
ROLE = "arn:aws:iam::123456789012:role/team/SnapshotRole"
VALIDATOR = jsonschema.Draft202012Validator(plan_schema())
# rules between fields, and what YAML readers differ in: the loader knows them, an editor does not
BEYOND_THE_SCHEMA = {
    "recorded_searches_without_source",
    "across_partitions",
    "level_record_with_domain",
    "source_snapshot_impossible",
    "bucket_like_an_ip",
    "ca_bundle_without_https",
    "collisions_without_merge",
    "delete_twice",
    "delete_without_names",
    "domain_without_region",
    "duplicate_keys",
    "duration_too_long",
    "endpoint_and_domain",
    "endpoint_bad_port",
    "exclude_everything",
    "external_id_without_role",
    "fs_with_the_service",
    "gate_before_no_snapshot",
    "plain_http",
    "gate_file_shared",
    "no_endpoint",
    "numbers_in_odd_forms",
    "prefix_without_rename",
    "reindex_user_without_password",
    "region_contradicts_host",
    "region_missing",
    "rename_without_affix",
    "role_missing",
    "role_missing_for_the_source",
    "role_of_another_account",
    "same_domain",
    "same_endpoint",
    "same_host_of_the_service",
    "service_without_signing",
    "then_without_rename",
    "yes_for_true",
}


def is_yaml(scenario: Path) -> bool:
    try:
        yaml.safe_load((scenario / "plan.yaml").read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return False
    return True


def a_plan(**changes: Any) -> Plan:
    values: dict[str, Any] = {
        "name": "orders",
        "source": {"endpoint": "https://Search-Orders-abc.us-east-1.es.amazonaws.com:443/"},
        "target": {"endpoint": "http://127.0.0.1:9200", "region": "eu-west-1"},
        "repository": {"name": "orders", "bucket": "my-snapshots", "role_arn": ROLE},
    }
    return Plan.model_validate({**values, **changes})


def test_what_is_left_out_gets_its_default() -> None:
    plan = a_plan()
    assert plan.kind == "plan"
    assert plan.source.endpoint == "https://search-orders-abc.us-east-1.es.amazonaws.com"
    assert plan.source.region == "us-east-1"
    assert plan.source.auth == SigV4Auth(type="sigv4")
    assert isinstance(plan.repository, S3Repository)
    assert (plan.repository.type, plan.repository.base_path, plan.repository.settings) == ("s3", "", {})
    assert (plan.indices.include, plan.indices.exclude, plan.indices.closed) == (["*"], [], "skip")
    assert plan.snapshot.wait_for_running == timedelta(minutes=30)
    assert plan.conflicts.policy == "fail"
    assert (plan.restore.aliases, plan.restore.batch) == (True, 200)
    assert plan.verify.level == "operations"


def test_a_plan_is_the_same_after_json() -> None:
    plan = a_plan(snapshot={"wait_for_running": "1h30m"})
    assert Plan.model_validate(json.loads(plan.model_dump_json())) == plan
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_each_side_has_its_role() -> None:
    repository = a_plan().repository
    assert (repository.role_arn_for("source"), repository.role_arn_for("target")) == (ROLE, ROLE)
    other = S3Repository(name="a", bucket="abc", role_arn=ROLE, target_role_arn=ROLE + "2")
    assert (other.role_arn_for("source"), other.role_arn_for("target")) == (ROLE, ROLE + "2")
    assert FsRepository(type="fs", name="a", location="/a").role_arn_for("source") is None


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("search-a-b.us-east-1.es.amazonaws.com", "us-east-1"),
        ("vpc-a-b.cn-north-1.es.amazonaws.com.cn", "cn-north-1"),
        ("search-a-b.aos.eu-west-3.on.aws", "eu-west-3"),
        ("search.example.com", None),
    ],
)
def test_the_region_is_read_from_the_host(host: str, region: str | None) -> None:
    auth = {"type": "sigv4"} if region else {"type": "none"}
    source = a_plan(
        source={"endpoint": f"https://{host}", "auth": auth},
        target={"endpoint": "http://127.0.0.1:1", "auth": {"type": "none"}},
        repository={
            "name": "a",
            "bucket": "abc",
            "role_arn": ROLE.replace("aws", "aws-cn") if region == "cn-north-1" else ROLE,
        },
    ).source
    assert source.region == region
    assert source.is_managed == (region is not None)
    assert source.address == (host, 443)


@pytest.mark.parametrize(
    ("connect_to", "address"),
    [
        ("LocalHost:9443", ("localhost", 9443)),
        ("[::0001]:09443", ("::1", 9443)),
        ("10.0.0.1:1", ("10.0.0.1", 1)),
    ],
)
def test_a_tunnel_is_where_connections_go(connect_to: str, address: tuple[str, int]) -> None:
    source = a_plan(
        source={"endpoint": "https://search.example.com", "region": "us-east-1", "connect_to": connect_to}
    ).source
    assert source.connect_address == address
    assert source.address == ("search.example.com", 443)


def test_two_domains_behind_one_tunnel_are_two() -> None:
    plan = a_plan(
        source={"endpoint": "http://a.example", "region": "us-east-1", "connect_to": "127.0.0.1:1"},
        target={"endpoint": "http://b.example", "region": "us-east-1", "connect_to": "127.0.0.1:1"},
    )
    assert plan.source.connect_address == plan.target.connect_address


def test_one_domain_name_in_two_accounts_is_two() -> None:
    plan = a_plan(
        source={"domain": "orders", "region": "us-east-1", "auth": {"type": "sigv4", "profile": "old"}},
        target={"domain": "orders", "region": "us-east-1", "auth": {"type": "sigv4", "profile": "new"}},
    )
    assert plan.source.address is None


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("45s", 45),
        ("30m", 1800),
        ("2h", 7200),
        ("1h30m", 5400),
        ("7d", 604_800),
        (90, 90),
        ("90", 90),
        (0, 0),
        ("0s", 0),
    ],
)
def test_durations(written: object, seconds: int) -> None:
    duration = parse_duration(written)
    assert duration == timedelta(seconds=seconds)
    assert parse_duration(duration_text(duration)) == duration


@pytest.mark.parametrize(
    "written", ["", "m", "1.5h", "30 m", "30M", "-1s", True, 1.5, None, "9" * 50, 604_801, "1m1h"]
)
def test_what_is_no_duration(written: object) -> None:
    with pytest.raises(ValueError):
        parse_duration(written)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_plan_and_fits_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../plan.schema.json\n")
    VALIDATOR.validate(yaml.safe_load(text))
    assert load_plan(path).name


def test_the_examples_show_what_they_are_for() -> None:
    plans = {path.stem: load_plan(path) for path in EXAMPLES}
    assert set(plans) >= {
        "same-region-upgrade", "region-move", "change-window", "self-managed-source", "seeded-cutover",
    }  # fmt: skip
    assert plans["same-region-upgrade"].source.region == plans["same-region-upgrade"].target.region
    assert plans["region-move"].source.region != plans["region-move"].target.region
    assert plans["change-window"].conflicts.policy == "rename"
    assert set(plans["change-window"].gates) == {"before-snapshot", "before-restore"}
    assert plans["change-window"].hooks and plans["change-window"].checks.require
    assert isinstance(plans["self-managed-source"].source.auth, BasicAuth)
    assert plans["seeded-cutover"].cutover.window < CutoverSettings().window
    assert set(plans["seeded-cutover"].gates) == {"before-freeze"}


def test_the_schema_file_is_up_to_date() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), "run: python -m configs"


def test_the_schema_is_one_and_describes_every_key() -> None:
    schema = plan_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"]
    assert schema["title"] == "Snapferry plan"
    for part in (schema, *schema["$defs"].values()):
        for name, field in part["properties"].items():
            assert field.get("title"), name
            assert field.get("description"), name


def test_the_reference_names_every_key() -> None:
    text = (ROOT / "docs/plan.md").read_text(encoding="utf-8")
    schema = plan_schema()
    for part in (schema, *schema["$defs"].values()):
        for name in part["properties"]:
            assert f"`{name}`" in text, name


@pytest.mark.parametrize("scenario", list(filter(is_yaml, SCENARIOS)), ids=lambda folder: folder.name)
def test_the_schema_refuses_what_is_structurally_wrong(scenario: Path) -> None:
    document = yaml.safe_load((scenario / "plan.yaml").read_text(encoding="utf-8"))
    assert VALIDATOR.is_valid(document) == (scenario.name in BEYOND_THE_SCHEMA)


def test_importing_the_plan_is_light() -> None:
    code = "import configs.loading.loader, configs.schema, sys; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert not {"boto3", "prefect", "opensearchpy", "requests", "typer", "rich"} & set(modules.stdout.split())


def test_every_type_of_repository_is_listed_for_messages() -> None:
    union, _ = get_args(Repository)
    tags = [tag.tag for kind in get_args(union) for tag in get_args(kind)[1:]]
    assert tags == list(REPOSITORY_TYPES)


def test_a_run_that_began_over_plain_http_can_still_be_finished() -> None:
    """An earlier version accepted such a plan; only a file that is loaded is refused."""
    domain = {"endpoint": "http://search.example.com:9200", "auth": {"type": "none"}}
    plan = Plan.model_validate(
        {
            "name": "orders",
            "source": domain,
            "target": {**domain, "endpoint": "http://127.0.0.1:2"},
            "repository": {"name": "repo", "bucket": "my-snapshots"},
        }
    )
    assert plan.source_domain
    assert list(plan.source_domain.refusals()) and not list(plan.target.refusals())
