"""The plan that a flow is given: its text, a path, an address in S3; problems as for files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.aws_account import AwsAccounts, ServedAccounts

from domains.errors import AwsError
from flows.given_plan import given_document, given_plan, name_of
from flows.sessions import saved_plans
from tasks.errors import PreconditionError

TEXT = """\
name: orders
source: {endpoint: "http://127.0.0.1:1", auth: {type: none}}
target: {endpoint: "http://127.0.0.1:2", auth: {type: none}}
repository: {name: repo, bucket: my-snapshots, region: us-east-1}
"""
WRONG = TEXT.replace("region:", "regoin:")
SAID = r"4:48: repository\.regoin: "


@pytest.fixture
def bucket(served: ServedAccounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsAccounts]:
    """A bucket with versions that holds a plan and one with a mistake."""
    accounts = served.as_new(tmp_path)
    for name, value in accounts.environment.items():
        monkeypatch.setenv(name, value)
    s3: Any = accounts.client("s3")
    s3.create_bucket(Bucket="plans")
    s3.put_bucket_versioning(Bucket="plans", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="plans", Key="a b/orders.yaml", Body=TEXT.encode())
    s3.put_object(Bucket="plans", Key="wrong.yaml", Body=WRONG.encode())
    s3.put_object(Bucket="plans", Key="latin.yaml", Body="name: größe".encode("latin-1"))
    s3.put_object(Bucket="plans", Key="huge.yaml", Body=b"#" * (1024 * 1024) + TEXT.encode())
    yield accounts
    served.forget()


def test_text_and_a_path_are_the_plan_that_its_file_holds(tmp_path: Path) -> None:
    file = tmp_path / "orders.yaml"
    file.write_text(TEXT)
    from_text, from_file = given_plan(TEXT), given_plan(f" {file}\n")
    assert from_text.plan == from_file.plan == given_plan(from_text.plan).plan
    assert (from_text.place, from_file.place) == ("", str(file))
    as_json = from_text.plan.model_dump_json(exclude_unset=True)
    assert given_plan(as_json).plan == from_text.plan


def test_an_object_in_s3_is_named_with_its_version(bucket: AwsAccounts) -> None:
    found = given_plan("s3://plans/a b/orders.yaml")
    version = bucket.client("s3").head_object(Bucket="plans", Key="a b/orders.yaml")["VersionId"]
    assert found.plan == given_plan(TEXT).plan
    assert found.place == f"s3://plans/a b/orders.yaml (version {version})"


def test_problems_have_line_and_column_wherever_the_plan_is(bucket: AwsAccounts, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(WRONG)
    places = {WRONG: "the text:", str(tmp_path / "wrong.yaml"): f"{tmp_path}/wrong.yaml:"}
    for given, said in {**places, "s3://plans/wrong.yaml": r"s3://plans/wrong.yaml \(version .+\):"}.items():
        with pytest.raises(PreconditionError, match=said + SAID) as refused:
            given_plan(given)
        assert "run the deployment again" in refused.value.hint
    with pytest.raises(PreconditionError, match="the plan has 3 problems") as refused:
        given_plan(WRONG.replace("target", "traget"))
    assert "the text:3:1: traget" in str(refused.value) and "repository.regoin" in str(refused.value)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("orders.yaml", "neither its text, nor a whole path, nor s3://BUCKET/KEY"),
        ("s3://plans", "neither its text"),
        ("/nowhere/orders.yaml", "/nowhere/orders.yaml:1:1: there is no such file"),
        ("s3://plans/latin.yaml", "is not UTF-8 text"),
        ("s3://plans/huge.yaml", "too large for a plan"),
        ("name: orders\n{", "the text:2:1"),
    ],
)
def test_what_is_no_plan_says_so(given: str, said: str) -> None:
    with pytest.raises(PreconditionError) as refused:
        given_plan(given)
    assert said in str(refused.value)


@pytest.mark.usefixtures("bucket")
def test_what_s3_refuses_names_the_object() -> None:
    with pytest.raises(AwsError, match=r"could not read s3://plans/none\.yaml: NoSuchKey"):
        given_plan("s3://plans/none.yaml")
    with pytest.raises(AwsError, match="NoSuchBucket"):
        given_plan("s3://no-such-plans/none.yaml")


def test_a_text_that_says_saved_plan_is_read_as_one() -> None:
    with pytest.raises(PreconditionError, match="the text:1:1: this saved plan cannot be used"):
        given_plan("kind: saved-plan\nname: orders\n")
    with pytest.raises(PreconditionError, match="holds no saved plan"):
        given_document(TEXT, given_plan(TEXT).plan)
    assert saved_plans.MAX_BYTES > 1024 * 1024


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (TEXT, "orders"),
        (WRONG, "orders"),
        ({"name": "orders"}, "orders"),
        ({"name": 5}, "plan"),
        ({}, "plan"),
        (None, "plan"),
        ("name: [\nsource: {", "plan"),
        ("/srv/plans/orders.yaml", "orders"),
        ("s3://plans/2026/orders.yaml", "orders"),
        ("", "plan"),
        ('{"name": "orders"}', "orders"),
    ],
)
def test_a_run_has_a_name_before_its_plan_is_read(given: object, name: str) -> None:
    assert name_of(given) == name
    assert name_of(given_plan(TEXT).plan) == "orders"
