"""A new plan as text: whatever was found out, the loader takes it, and what was not is marked."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from configs.loading.loader import parse_plan
from configs.plan import Plan
from reports.plan_file.draft import plan_text, summary
from reports.plan_file.texts import EXAMPLES
from reports.plan_file.yaml import comment, scalar
from runs.journal import now
from tasks.records.draft import (
    BucketFound,
    Draft,
    IndicesFound,
    RegistrationFound,
    RoleChoice,
    RoleFound,
    SideFound,
    StorageFound,
)

ROLE = "arn:aws:iam::123456789012:role/SnapshotRole"
ODD = "odd # name: \"x\" 'y' \t{z}\n[ü]\x85\u2028*&!"


def a_side(side: Any, **changes: Any) -> SideFound:
    values: dict[str, Any] = {
        "side": side,
        "given": f"orders-{side}",
        "domain": f"orders-{side}",
        "region": "us-east-1",
        "account": "123456789012",
        "version": "OpenSearch 2.19.4",
        "reached": True,
        **changes,
    }
    return SideFound(**values)


def a_draft(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "name": "orders-move",
        "made": now(),
        "source": a_side("source"),
        "target": a_side("target"),
        "storage": a_place(),
        **changes,
    }
    return Draft(**values)


def a_place(**changes: Any) -> StorageFound:
    bucket = BucketFound(name="my-snapshots", region="us-east-1", why="its name suggests it")
    values: dict[str, Any] = {
        "name": "orders-move", "bucket": bucket, "role": RoleChoice(arn=ROLE, why="x"), **changes
    }  # fmt: skip
    return StorageFound(**values)


def loaded(draft: Draft) -> Plan:
    return parse_plan(plan_text(draft), Path("plan.yaml"))


def comments(draft: Draft) -> str:
    """Everything that is said in comments, in one line."""
    lines = [line.partition("#")[2].strip() for line in plan_text(draft).splitlines() if "#" in line]
    return " ".join(lines)


def test_what_was_found_stands_in_the_plan() -> None:
    plan = loaded(a_draft())
    assert (plan.name, plan.source.domain, plan.target.region) == (
        "orders-move",
        "orders-source",
        "us-east-1",
    )
    assert plan.repository.model_dump(exclude_unset=True) == {
        "name": "orders-move",
        "bucket": "my-snapshots",
        "region": "us-east-1",
        "base_path": "orders-move",
        "role_arn": ROLE,
    }


def test_a_template_loads_and_names_what_to_fill_in() -> None:
    missing = ("source.endpoint", "target.endpoint", "repository.bucket", "repository.role_arn")
    draft = a_draft(source=None, target=None, storage=StorageFound(name="orders"), to_fill_in=missing)
    assert loaded(draft).source.endpoint
    assert all(key in comments(draft) for key in missing)


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eu-west-1"])
def test_placeholders_are_of_the_partition_of_the_side_that_was_named(region: str) -> None:
    loaded(a_draft(source=a_side("source", region=region), target=None, storage=StorageFound(name="orders")))


def test_two_accounts_get_a_role_each() -> None:
    place = a_place(role=RoleChoice(), target_role=RoleChoice())
    target = a_side("target", account="210987654321", role_arn="arn:aws:iam::210987654321:role/Migration")
    plan = loaded(a_draft(target=target, storage=place))
    roles = [plan.repository.role_arn_for(side) for side in ("source", "target")]
    assert [role and role.split(":")[4] for role in roles] == ["123456789012", "210987654321"]


def test_clusters_outside_aws_get_no_role_and_no_region() -> None:
    sides = {
        side: a_side(side, domain=None, endpoint=f"https://10.0.0.{at}:9200", region=None, auth="none")
        for at, side in enumerate(("source", "target"))
    }
    plan = loaded(a_draft(**sides, storage=StorageFound(name="orders")))
    assert plan.repository.role_arn_for("source") is None
    assert (plan.source.auth.type, plan.source.region) == ("none", None)


def test_a_user_and_a_password_are_placeholders_by_reference() -> None:
    source = a_side("source", domain=None, endpoint="https://search.example:9200", region=None, auth="basic")
    draft = a_draft(source=source, to_fill_in=("source.auth",))
    auth = loaded(draft).source.auth
    assert auth.type == "basic" and auth.password.env == "SOURCE_PASSWORD"
    assert "to fill in: the variable that holds it" in comments(draft)


def test_profile_role_tunnel_and_authority_are_taken_over() -> None:
    side = a_side(
        "source", profile="it's: #1", role_arn=ROLE, connect_to="127.0.0.1:9443", ca_bundle="my ca.pem"
    )
    source = loaded(a_draft(source=side)).source
    assert (source.connect_to, source.ca_bundle) == ("127.0.0.1:9443", "my ca.pem")
    assert source.auth.type == "sigv4"
    assert (source.auth.profile, source.auth.role_arn) == ("it's: #1", ROLE)


@pytest.mark.parametrize("name", ["true", "null", "yes", "123", "1e3", "2024-01-01", "1_000", "0x1f", "off"])
def test_a_name_that_yaml_takes_for_something_else_stays_a_name(name: str) -> None:
    plan = loaded(a_draft(name=name, storage=a_place(name=name)))
    assert (plan.name, plan.repository.name) == (name, name)


def test_odd_names_stay_inside_their_comments() -> None:
    indices = IndicesFound(
        indices=1,
        bytes=1,
        streams=(ODD,),
        system=(ODD,),
        closed=(ODD,),
        conflicts=(ODD,),
        created_problems=(ODD,),
    )
    side = a_side(
        "source", cluster_name=ODD, given=ODD, caller=ODD, unknown=(ODD,), region_told_by=ODD, busy=ODD
    )
    place = a_place(
        registrations=(RegistrationFound(side="source", name=ODD, type=ODD, bucket=ODD),),
        role=RoleChoice(arn=ROLE, why=ODD, candidates=(RoleFound(arn=ODD, problem=ODD),)),
        buckets=(BucketFound(name=ODD),),
        unknown=(ODD,),
    )
    draft = a_draft(source=side, storage=place, indices=indices, version_problem=ODD, version_way_out=ODD)
    assert loaded(draft) == loaded(a_draft())


def test_taken_names_closed_indices_and_a_wrong_version_are_told() -> None:
    indices = IndicesFound(
        indices=7, bytes=5000, streams=(), system=(".kibana_1",), closed=("archive",),
        conflicts=tuple(f"orders-{n}: the target already has it" for n in range(12)),
    )  # fmt: skip
    draft = a_draft(indices=indices, version_problem="too new", version_way_out="upgrade the target")
    said = comments(draft)
    for part in ("orders-0:", "and 2 more", "archive", ".kibana_1", "too new. upgrade the target", "5.0 kB"):
        assert part in said, part
    assert "12 names are taken on the target" in " ".join(summary(draft))


def test_names_that_were_not_looked_at_are_not_called_free() -> None:
    indices = IndicesFound(indices=1, bytes=1, streams=(), system=(), closed=(), conflicts=None)
    assert "It is unknown whether the target already has names" in comments(a_draft(indices=indices))
    assert "no name of the source is taken" not in comments(a_draft(indices=indices))
    assert "no name of the source is taken" in comments(
        a_draft(indices=indices.model_copy(update={"conflicts": ()}))
    )


def test_every_example_can_be_uncommented() -> None:
    text = plan_text(a_draft())
    for example in EXAMPLES.values():
        out = "".join(f"# {line}\n" for line in example.splitlines())
        assert out in text
        text = text.replace(out, example)
    plan = parse_plan(text, Path("plan.yaml"))
    assert plan.gates and plan.hooks and plan.checks.waive and plan.restore.index_settings


@pytest.mark.parametrize("value", ["", " x", "a: b", "a #b", "-", "x\n", "\x7f", "ü", "{a}", "plain", "a:"])
def test_a_text_reads_back_as_it_was(value: str) -> None:
    assert yaml.safe_load(f"key: {scalar(value)}") == {"key": value}


def test_comments_are_short_lines() -> None:
    lines = list(comment("word " * 100, "  "))
    assert all(line.startswith("  # ") and len(line) <= 100 for line in lines)
