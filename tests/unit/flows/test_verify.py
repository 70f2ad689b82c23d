"""`snapferry verify` without a plan: two domains and what to compare, from the command line alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.building import selected
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain, Reply
from typer.testing import CliRunner

from configs.auth import BasicAuth, NoAuth, SigV4Auth
from domains.errors import SnapferryError
from snapferry.exit_codes import ExitCode
from snapferry.main import app
from snapferry.side_options import ComparedSide
from tasks.verification.renames import Rename, rename, renamed

MANAGED = "https://search-orders-abc.eu-west-1.es.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/Reader"


@pytest.fixture
def sides(source: FakeDomain, target: FakeDomain) -> tuple[FakeEngine, FakeEngine]:
    """Two open clusters that hold the same index."""
    return FakeEngine(source, "source", FakeIndex("orders")), FakeEngine(
        target, "target", FakeIndex("orders")
    )


def verify(*arguments: object, **environment: str) -> Result:
    words = ["verify", *(str(argument) for argument in arguments)]
    return CliRunner().invoke(app, words, env=environment, catch_exceptions=False)


def between(source: FakeDomain, target: FakeDomain, *arguments: str, **environment: str) -> Result:
    at_counts = () if "--level" in arguments else ("--level", "counts")
    places = ("--source", source.endpoint, "--target", target.endpoint)
    return verify(*places, *at_counts, *arguments, **environment)


def test_equal_indices_end_with_0_and_different_ones_with_4(
    sides: Any, source: FakeDomain, target: FakeDomain, tmp_path: Path
) -> None:
    equal = between(source, target, "--indices", "orders", SNAPFERRY_STATE=str(tmp_path))
    assert equal.exit_code == ExitCode.DONE, equal.output
    assert "1 of 1 indices equal at level counts" in equal.stdout
    sides[1].indices["orders"].figures = [(2, 30, 12)]
    differing = between(source, target, "--indices", "ord*", "--json", SNAPFERRY_STATE=str(tmp_path))
    assert differing.exit_code == ExitCode.DIFFERENT
    told = json.loads(differing.stdout)
    assert told["passed"] is False
    assert [(v["source"], v["outcome"]) for v in told["verdicts"]] == [("orders", "different")]
    assert list(tmp_path.iterdir()) == []
    assert set(source.changing + target.changing) == {"POST /orders/_refresh"}


def test_what_is_excluded_or_only_on_the_target_is_listed(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    sides[0].put(FakeIndex("orders-tmp"))
    sides[0].put(FakeIndex("people"))
    sides[1].put(FakeIndex("orders-2"))
    sides[1].put(FakeIndex("people-2"))
    found = between(source, target, "--indices", "orders*", "--exclude", "*-tmp", "--json")
    assert found.exit_code == ExitCode.DONE, found.output
    skipped = [(item["name"], item["reason"]) for item in json.loads(found.stdout)["skipped"]]
    assert skipped == [("orders-tmp", "excluded"), ("orders-2", "only on the target")]


def test_an_index_that_the_target_lacks_is_no_success(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    sides[0].put(FakeIndex("people"))
    found = between(source, target, "--indices", "*")
    assert found.exit_code == ExitCode.DIFFERENT
    assert "no such index" in found.stdout


def test_renamed_indices_are_compared_also_on_one_cluster(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    sides[0].put(FakeIndex("old-orders"))
    alike = ("--indices", "orders", "--rename", "orders=old-*")
    assert between(source, source, *alike).exit_code == ExitCode.INVALID
    alike = ("--indices", "orders", "--rename", "orders=old-orders")
    found = between(source, source, *alike, "--json")
    assert found.exit_code == ExitCode.DONE, found.output
    (verdict,) = json.loads(found.stdout)["verdicts"]
    assert (verdict["source"], verdict["target"]) == ("orders", "old-orders")
    refused = between(source, source, "--indices", "orders")
    assert refused.exit_code == ExitCode.REFUSED
    assert "one cluster: orders would be compared with itself" in refused.stderr
    assert "--rename OLD=NEW" in refused.stderr


def test_what_fits_nothing_is_refused_as_a_mistake(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    for wrong in (
        ("--indices", "orders", "--indices", "ordres-*"),
        ("--indices", "gone"),
        ("--indices", "*", "--exclude", "ord*"),
        ("--indices", "*", "--rename", "gone=x"),
    ):
        refused = between(source, target, *wrong)
        assert refused.exit_code == ExitCode.REFUSED, wrong
        assert "next: " in refused.stderr, wrong


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--source URL --target URL --indices PATTERN"),
        (("--indices", "*"), "name the source as well"),
        (("--source", "https://a"), "'*' is everything"),
        (("--source", "https://a", "--indices", "*"), "name the target as well"),
        (("--target", "https://a", "--indices", "*"), "name the source as well"),
        (("PLAN", "--indices", "*"), "leave out --indices"),
        (("PLAN", "--source", "https://a"), "leave out --source"),
        (("PLAN", "--target-region", "eu-west-1"), "leave out --target"),
        (("SIDES", "--indices", "A"), "cannot have capital letters"),
        (("SIDES", "--indices", "a,b"), "one pattern per list item"),
        (("SIDES", "--indices", "a", "--exclude", "a"), "this is also under include"),
        (("SIDES", "--indices", "a", "--exclude", "*"), "this leaves nothing"),
        (("SIDES", "--indices", "a", "--rename", "a"), "write OLD=NEW"),
        (("SIDES", "--indices", "a", "--rename", "a=B"), "cannot have capital letters"),
        (("SIDES", "--indices", "a", "--level", "all"), "is not one of"),
        (("SIDES", "--indices", "a", "--sample", "0.5"), "add --level content"),
        (("SIDES", "--indices", "a", "--seed", "5"), "add --level content"),
        (("SIDES", "--indices", "a", "--level", "content", "--sample", "0"), "more than 0"),
        (("SIDES", "--indices", "a", "--level", "content", "--seed", "-1"), "at least 0"),
        (("SIDES", "--indices", "a", "--state", "x"), "there is no run without a plan"),
    ],
)
def test_wrong_combinations_say_what_to_do_and_send_nothing(
    arguments: tuple[str, ...], says: str, tmp_path: Path, no_connections: list[Any]
) -> None:
    places = {
        "PLAN": [str(tmp_path / "p")],
        "SIDES": ["--source", "http://127.0.0.1:1", "--target", "http://127.0.0.1:2"],
    }
    words = [word for argument in arguments for word in places.get(argument, [argument])]
    ended = verify(*words)
    assert ended.exit_code == ExitCode.INVALID, ended.output
    assert says in " ".join(ended.stderr.replace("│", " ").split())
    assert no_connections == []


def a_side(given: str | None = "http://127.0.0.1:9200", **options: Any) -> ComparedSide:
    return ComparedSide(side="source", given=given, **options)


@pytest.mark.parametrize(
    ("given", "options", "auth"),
    [
        ("http://127.0.0.1:9200", {}, NoAuth),
        ("https://opensearch.example", {}, NoAuth),
        (MANAGED, {}, SigV4Auth),
        ("search-orders-abc.eu-west-1.es.amazonaws.com", {}, SigV4Auth),
        ("orders", {"region": "eu-west-1"}, SigV4Auth),
        ("http://127.0.0.1:9200", {"region": "eu-west-1"}, SigV4Auth),
        (MANAGED, {"profile": "p", "role": ROLE}, SigV4Auth),
        ("http://127.0.0.1:9200", {"user": "me", "password_env": "P"}, BasicAuth),
        (MANAGED, {"user": "me", "password_env": "P"}, BasicAuth),
    ],
)
def test_how_requests_are_authenticated(given: str, options: dict[str, str], auth: type) -> None:
    settings = a_side(given, **options).settings()
    assert type(settings.auth) is auth
    if isinstance(settings.auth, SigV4Auth):
        assert settings.region == "eu-west-1"
        assert (settings.auth.profile, settings.auth.role_arn) == (
            options.get("profile"),
            options.get("role"),
        )
    if isinstance(settings.auth, BasicAuth):
        assert (settings.auth.username, settings.auth.password.env) == ("me", "P")


@pytest.mark.parametrize(
    ("given", "options", "option"),
    [
        ("orders", {}, "--source-region"),
        ("http://127.0.0.1:9200", {"profile": "p"}, "--source-region"),
        (MANAGED, {"region": "us-east-1"}, "--source-region"),
        (MANAGED, {"role": "me"}, "--source-role"),
        ("http://127.0.0.1:9", {"user": "me"}, "--source-password-env"),
        ("http://127.0.0.1:9", {"password_env": "P"}, "--source-user"),
        ("http://127.0.0.1:9", {"user": "me", "password_env": "hunter 2"}, "--source-password-env"),
        ("http://127.0.0.1:9", {"user": "m:e", "password_env": "P"}, "--source-user"),
        ("http://127.0.0.1:9", {"user": "me", "password_env": "P", "profile": "p"}, "--source-profile"),
        ("http://me:hunter2@a", {}, "--source"),
        ("http://a", {}, "--source"),
        ("http://a", {"connect_to": "bastion.example:9200"}, "--source"),
        ("http://127.0.0.1:9", {"connect_to": "x"}, "--source-connect-to"),
        ("http://127.0.0.1:9", {"ca_bundle": "x.pem"}, "--source-ca-bundle"),
    ],
)
def test_what_is_wrong_with_a_side_is_told_at_its_option(
    given: str, options: dict[str, str], option: str
) -> None:
    from typer import BadParameter

    with pytest.raises(BadParameter) as caught:
        a_side(given, **options).settings()
    assert caught.value.param_hint == option
    assert caught.value.message and "hunter" not in caught.value.message


def test_a_password_comes_from_the_environment_and_is_shown_nowhere(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    login = ("--source-user", "me", "--source-password-env", "OLD_PASSWORD")
    found = between(source, target, "--indices", "orders", *login, OLD_PASSWORD="hunter2")
    assert found.exit_code == ExitCode.DONE, found.output
    assert {asked.headers.get("authorization") for asked in source.requests} == {"Basic bWU6aHVudGVyMg=="}
    assert {asked.headers.get("authorization") for asked in target.requests} == {None}
    assert "hunter2" not in found.output
    unset = between(source, target, "--indices", "orders", *login)
    assert unset.exit_code == ExitCode.REFUSED
    assert "OLD_PASSWORD is not set" in unset.stderr


def test_a_side_that_wants_credentials_is_told_by_its_options(
    sides: Any, source: FakeDomain, target: FakeDomain
) -> None:
    target.on("GET /", Reply(403, {"Message": "User: anonymous is not authorized to perform: es:ESHttpGet"}))
    refused = between(source, target, "--indices", "orders")
    assert refused.exit_code == ExitCode.REFUSED
    assert "next: the requests carried no credentials: give --target-region to sign them" in refused.stderr


# which index is compared with which


@pytest.mark.parametrize(
    ("rule", "name", "becomes"),
    [
        ("a=b", "a", "b"),
        ("a=b", "ab", None),
        ("a-*=b-*", "a-1", "b-1"),
        ("a-*=*-b", "a-1", "1-b"),
        ("*=x-*", "a", "x-a"),
        ("a.b=c", "axb", None),
    ],
)
def test_a_rule_renames_what_it_fits(rule: str, name: str, becomes: str | None) -> None:
    assert rename(rule).apply(name) == becomes


@pytest.mark.parametrize(
    "text", ["a", "a=", "=a", "a=b=c", "a*=b", "a=b*", "a**=b**", "A=b", "a=b c", "-a=b"]
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        rename(text)


def test_a_data_stream_is_renamed_with_its_backing_indices() -> None:
    indices = [selected(".ds-logs-000001", stream="logs"), selected("logs-old"), selected("a")]
    found = renamed(indices, [Rename("logs", "moved"), Rename("a", "b")])
    assert [index.target for index in found] == [".ds-moved-000001", "logs-old", "b"]


@pytest.mark.parametrize(
    "rules", [[Rename("gone", "x")], [Rename("a", "b")], [Rename("a", "x"), Rename("b", "x")]]
)
def test_rules_that_fit_nothing_or_lead_to_one_index_are_refused(rules: list[Rename]) -> None:
    with pytest.raises(SnapferryError):
        renamed([selected("a"), selected("b")], rules)
