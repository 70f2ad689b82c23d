"""The domain that a verb works on alone, as the command line names it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from configs.auth import BasicAuth, NoAuth, SigV4Auth
from snapferry.one_domain import OneDomain

PLAN = """name: orders
source: {endpoint: "http://127.0.0.1:1", auth: {type: none}}
target: {endpoint: "http://127.0.0.1:2", auth: {type: none}}
repository: {name: repo, bucket: my-snapshots, region: us-east-1}
"""
URL = "https://search-orders-abc.eu-west-1.es.amazonaws.com"


def named(given: str, **parts: str) -> OneDomain:
    return OneDomain(side="domain", given=given, **parts)


def test_a_url_of_the_service_is_signed_for_the_region_in_its_name() -> None:
    settings = named(URL, profile="night").chosen().settings
    assert (settings.endpoint, settings.region) == (URL, "eu-west-1")
    assert settings.auth == SigV4Auth(type="sigv4", profile="night")


def test_a_cluster_of_your_own_is_asked_without_credentials_or_with_a_password_from_the_environment() -> None:
    assert named("https://10.0.0.1:9200").chosen().settings.auth == NoAuth(type="none")
    auth = named("https://10.0.0.1:9200", user="ops", password_env="OPS").chosen().settings.auth
    assert isinstance(auth, BasicAuth)
    assert auth.password.env == "OPS"


def test_a_domain_by_name_needs_its_region() -> None:
    with pytest.raises(typer.BadParameter, match="looked up in its Region") as error:
        named("orders").chosen()
    assert error.value.param_hint == "--region"
    assert named("orders", region="eu-west-1").chosen().settings.domain == "orders"


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_side_of_a_plan_is_reached_as_the_plan_says(tmp_path: Path, side: str) -> None:
    file = tmp_path / "orders: new.yaml"
    file.write_text(PLAN)
    chosen = named(f"{file}:{side}").chosen()
    assert chosen.plan
    assert chosen.settings == getattr(chosen.plan, side)
    assert (chosen.side, chosen.key) == (side, f"{side}.endpoint")


def test_a_source_that_is_a_snapshot_is_no_domain(tmp_path: Path) -> None:
    file = tmp_path / "orders.yaml"
    file.write_text(re.sub("source: .*", "source: {snapshot: nightly}", PLAN))
    assert named(f"{file}:target").chosen().side == "target"
    with pytest.raises(typer.BadParameter, match=r"is a snapshot, not a domain; write .*orders\.yaml:target"):
        named(f"{file}:source").chosen()


def test_a_plan_without_a_side_and_a_side_with_options_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "orders.yaml"
    file.write_text(PLAN)
    with pytest.raises(typer.BadParameter, match=r"orders\.yaml:source or .*orders\.yaml:target"):
        named(str(file)).chosen()
    with pytest.raises(typer.BadParameter, match="the plan says how") as error:
        named(f"{file}:target", profile="night").chosen()
    assert error.value.param_hint == "--profile"


def test_a_plan_with_mistakes_ends_the_command_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "orders.yaml"
    file.write_text("name: orders\n")
    with pytest.raises(typer.Exit) as error:
        named(f"{file}:target").chosen()
    assert error.value.exit_code == 2
    assert "this key is missing" in capsys.readouterr().err


def test_another_command_about_the_same_domain_is_given_the_same_options() -> None:
    assert named(URL).options() == []
    assert named(URL, profile="night shift", connect_to="127.0.0.1:9443").options() == [
        "--profile",
        "night shift",
        "--connect-to",
        "127.0.0.1:9443",
    ]
