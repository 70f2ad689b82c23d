"""Where the state is: what the command names, else the plan, else the environment, else the user's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from support.building import a_plan
from typer.testing import CliRunner

from configs.state import StateSettings
from domains.http.permits import permitted_by, require_permitted
from runs.errors import LockLost, StateUnreachable, StateUnusable
from runs.place import local_folder, state_place
from runs.state import State, place_shown, plan_names
from runs.stores import registry
from runs.stores.registry import require_no_copy, store_of
from runs.stores.s3_objects import S3Objects
from runs.verbs import Verb
from snapferry.main import app

WRONG = {
    "s3://": "this is not an S3 bucket name",
    "s3://state": "the bucket alone is not enough",
    "s3:/state/all": "give s3://BUCKET/PREFIX",
    "S3://state/all": "give s3://BUCKET/PREFIX",
    "s3://State/all": "",
    "s3://state//all": "",
    "s3://state/a b": "use letters",
    "s3://state/a/../b": "use letters",
}


@pytest.fixture(autouse=True)
def _at_home(settings: StateSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_opened", {})
    monkeypatch.setenv("SNAPFERRY_STATE", "")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))


def test_the_command_comes_before_the_plan_and_the_plan_before_the_environment(
    settings: StateSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert state_place(None) == tmp_path / "home/snapferry"
    monkeypatch.setenv("SNAPFERRY_STATE", "s3://state/environment")
    assert place_shown(state_place(None)) == "s3://state/environment"
    assert place_shown(state_place(None, settings)) == settings.address
    assert place_shown(state_place("s3://state/command/", settings)) == "s3://state/command"
    assert state_place(str(tmp_path / "here"), settings) == tmp_path / "here"
    assert local_folder("s3://state/command") == tmp_path / "home/snapferry"


def test_an_address_that_the_plan_names_too_is_reached_as_the_plan_says(settings: StateSettings) -> None:
    folder = state_place(settings.address, settings)
    assert store_of(folder).settings == settings.model_dump(mode="json")


@pytest.mark.parametrize("address", WRONG)
def test_a_wrong_address_is_refused(address: str) -> None:
    with pytest.raises(StateUnusable, match=WRONG[address] or "is not the address of a state"):
        state_place(address)


def test_what_one_machine_keeps_is_no_state(settings: StateSettings, tmp_path: Path) -> None:
    folder = state_place(settings.address)
    require_no_copy(folder)
    State(folder, "orders").begin(a_plan(), Verb.MIGRATE)
    assert plan_names(folder) == ["orders"]
    registry._opened.clear()  # another process
    ended = CliRunner().invoke(app, ["runs", "--state", str(folder)])
    assert ended.exit_code == 3
    assert f"give --state {settings.address}" in ended.stderr
    listed = CliRunner().invoke(app, ["runs", "--state", settings.address])
    assert listed.exit_code == 0 and "migrate" in listed.stdout, listed.output


@pytest.mark.usefixtures("settings")
def test_a_bucket_in_another_region_is_found() -> None:
    client: Any = boto3.client("s3", region_name="eu-west-1")
    client.create_bucket(Bucket="far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    objects = S3Objects(StateSettings.model_validate({"address": "s3://far/all"}))
    version = objects.create("x", b"1")
    assert version and objects.replace("x", b"2", version)
    found = objects.read("x")
    assert found and found.body == b"2" and 0 <= found.age_s < 5
    assert objects.names("") == [] and objects.replace("x", b"3", version) is None


def test_what_s3_refuses_says_what_to_do(settings: StateSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = StateSettings.model_validate({"address": "s3://nowhere/all"})
    with pytest.raises(StateUnusable, match="NoSuchBucket") as error:
        S3Objects(missing).read("x")
    assert "check the address" in error.value.hint
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StateUnreachable, match=r"has not answered for 0\.5 s") as silent:
        S3Objects(settings, 0.5).read("x")
    assert "run the same command again" in silent.value.hint


def test_nothing_is_sent_while_a_check_speaks_against_it() -> None:
    def lost() -> None:
        raise LockLost("gone")

    require_permitted()
    with permitted_by(lost), pytest.raises(LockLost):
        require_permitted()
    require_permitted()
