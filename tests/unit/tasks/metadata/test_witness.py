"""The service's own comparison beside ours: asked where it can be, never required."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.building import a_plan

from domains.aws import domain_comparison
from domains.aws.domain_comparison import CategoryComparison, compare_configuration
from domains.errors import AwsError
from tasks.metadata import witness as asking
from tasks.metadata.sides import Place, Sides
from tasks.metadata.witness import CATEGORIES, compared_with, witness
from tasks.records.metadata import ItemState, MetadataDiff, MetadataItem, WitnessState

HOSTS = {
    "source": "https://search-orders-abcdefghijklmnopqrstuvwxyz.us-east-1.es.amazonaws.com",
    "target": "https://search-orders2-abcdefghijklmnopqrstuvwxyz.us-east-1.es.amazonaws.com",
}
REPLY = {
    "Categories": {
        "templates": {
            "Status": "compared",
            "InSync": 4,
            "Items": {
                "SourceOnly": ["logs"],
                "Diverged": [{"Name": "same", "Fields": [{"Path": "priority", "Policy": "redacted"}]}],
            },
            "Truncated": False,
        },
        "security_roles": {"Status": "error"},
    }
}


def item(kind: str, name: str, state: ItemState) -> MetadataItem:
    return MetadataItem(kind=kind, name=name, state=state)


def compared(**more: Any) -> CategoryComparison:
    nothing = {each: frozenset() for each in ("source_only", "target_only", "diverged")}
    return CategoryComparison(**{**nothing, "whole": True, **more})


def test_the_categories_are_the_services_eleven() -> None:
    assert len(set(CATEGORIES.values())) == 11


def test_it_is_shown_where_it_disagrees_and_where_it_could_not_tell() -> None:
    diff = MetadataDiff(
        items=(
            item("index-templates", "logs", ItemState.SOURCE_ONLY),
            item("index-templates", "same", ItemState.IN_SYNC),
            item("index-templates", "other", ItemState.DIVERGED),
            item("roles", "clerk", ItemState.SOURCE_ONLY),
        )
    )
    told = {
        "templates": compared(source_only=frozenset({"logs"}), diverged=frozenset({"same"})),
        "security_roles": compared(whole=False),
    }
    asked = {"index-templates": "templates", "roles": "security_roles", "aliases": "aliases"}
    found = compared_with(diff, asked, told)
    assert found.untold == ("security_roles", "aliases")
    assert [(each.name, each.ours, each.theirs) for each in found.disagreements] == [
        ("other", "diverged", "in sync"),
        ("same", "in sync", "diverged"),
    ]


def test_the_reply_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    client = SimpleNamespace(compare_domain_configuration=lambda **sent: asked.update(sent) or REPLY)
    monkeypatch.setattr(domain_comparison, "control_plane_of", lambda *_: client)
    session: Any = None
    found = compare_configuration(session, "arn:s", "arn:t", ("templates", "security_roles"))
    assert asked == {
        "SourceDomainArn": "arn:s", "TargetDomainArn": "arn:t", "Categories": ["templates", "security_roles"]
    }  # fmt: skip
    assert found == {
        "templates": compared(source_only=frozenset({"logs"}), diverged=frozenset({"same"})),
        "security_roles": compared(whole=False),
    }


@pytest.mark.parametrize(
    "reply", [{}, {"Categories": []}, {"Categories": {"templates": {"Items": {"SourceOnly": 3}}}}]
)
def test_another_reply_is_an_error_and_no_answer(reply: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = SimpleNamespace(compare_domain_configuration=lambda **_: reply)
    monkeypatch.setattr(domain_comparison, "control_plane_of", lambda *_: client)
    session: Any = None
    with pytest.raises(AwsError):
        compare_configuration(session, "arn:s", "arn:t", ("templates",))


def test_an_older_botocore_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_comparison, "control_plane_of", lambda *_: SimpleNamespace())
    session: Any = None
    with pytest.raises(AwsError, match="botocore has no CompareDomainConfiguration"):
        compare_configuration(session, "arn:s", "arn:t", ("templates",))


def sides(managed: bool) -> Sides:
    role = {"role_arn": "arn:aws:iam::123456789012:role/R"}
    places = {side: {"endpoint": host} for side, host in HOSTS.items()} if managed else {}
    repository = {"name": "r", "bucket": "my-snapshots", **(role if managed else {})}
    plan = a_plan(repository=repository, **places)
    domains: Any = {
        side: SimpleNamespace(side=side, endpoint=host, region="us-east-1", session=None)
        for side, host in HOSTS.items()
    }
    version: Any = None
    return Sides(Place(domains["source"], version), Place(domains["target"], version), plan)


@pytest.mark.parametrize(
    ("accounts", "asked"), [(("1", "1"), WitnessState.COMPARED), (("1", "2"), WitnessState.NOT_ASKED)]
)
def test_only_two_domains_of_one_account_are_compared(
    accounts: tuple[str, str], asked: WitnessState, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = dict(zip(("orders", "orders2"), accounts, strict=True))
    monkeypatch.setattr(
        asking, "domain_status",
        lambda _, name, __: SimpleNamespace(arn=f"arn:aws:es:us-east-1:{names[name]}:domain/{name}"),
    )  # fmt: skip
    monkeypatch.setattr(asking, "compare_configuration", lambda *_: {})
    assert witness(sides(True), MetadataDiff(items=())).state is asked


def test_a_refusal_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> Any:
        raise AwsError("not allowed: es:CompareDomainConfiguration", "allow it")

    monkeypatch.setattr(asking, "domain_status", refused)
    found = witness(sides(True), MetadataDiff(items=()))
    assert found.state is WitnessState.UNKNOWN and "es:CompareDomainConfiguration" in found.problem


def test_clusters_that_are_not_the_services_are_not_compared_by_it() -> None:
    assert witness(sides(False), MetadataDiff(items=())).state is WitnessState.NOT_ASKED
