"""An account move: two accounts with one domain each, from the first check to verified documents.

The lab is the module's own; the access in both accounts is `access_of`, one call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from account_moves import (
    Access,
    let_guest_in,
    made_by_hand,
    objects_belong_to,
    shut_guest_out,
    trusting,
)
from identities import Identities, allow, document, trust, trust_account
from migrations import Desk, Ended, documents, engine, log_size, mutations
from requests_aws4auth import AWS4Auth
from shown_pages import at_domains, fill, followed

from lab.description import LabDescription
from lab.manager import attached
from lab.reset import reset
from lab.settings import DomainSettings, LabSettings

OWN, OTHER = "123456789012", "210987654321"
SETTINGS = LabSettings(target=DomainSettings("orders-target", "eu-west-1", account=OTHER))
LOGINS = {side: {"auth": {"type": "sigv4", "profile": side}} for side in ("source", "target")}
INDEX = {"settings": {"number_of_replicas": 0, "number_of_shards": 2}, "aliases": {"shop": {}}}

access_of = made_by_hand


@pytest.fixture(scope="module")
def two_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabDescription]:
    """A lab whose target is of another account."""
    with attached(tmp_path_factory.mktemp("accounts") / "lab", SETTINGS) as description:
        yield description


@pytest.fixture
def desk(two_accounts: LabDescription, tmp_path: Path) -> Desk:
    """A user at this lab with one index to move."""
    reset(two_accounts)
    engine(two_accounts, "source", "PUT", "/orders", INDEX)
    for number in range(20):
        engine(two_accounts, "source", "PUT", f"/orders/_doc/{number}?refresh=true", {"n": number})
    return Desk(two_accounts, tmp_path)


@pytest.fixture(scope="module")
def access(two_accounts: LabDescription) -> Iterator[Access]:
    """All that the move needs, with the bucket in the source's account."""
    with access_of(two_accounts) as made:
        yield made


def planned(desk: Desk, access: Access, **changes: Any) -> Desk:
    """The desk with the plan of the account move, and these keys."""
    desk.write(
        source=LOGINS["source"],
        target=changes.pop("target", LOGINS["target"]),
        repository=access.repository | {"base_path": desk.folder.name},
        indices={"include": ["orders"]},
        **changes,
    )
    return desk


def failing(checked: Ended) -> list[dict[str, Any]]:
    assert checked.out, str(checked)
    return [each for each in checked.json["checks"] if each["status"] == "FAIL"]


def require_clean(desk: Desk) -> None:
    """No check fails or warns."""
    checked = desk.run("check", "--json")
    assert [each for each in checked.json["checks"] if each["status"] in {"WARN", "FAIL"}] == []
    assert checked.code == 0


def require_moved(desk: Desk) -> None:
    """The move ends verified, and the target holds the documents and the alias."""
    moved = desk.run("migrate", "--execute")
    assert moved.code == 0, str(moved)
    assert {each["verdict"] for each in desk.report()["indices"]} == {"equal"}
    assert documents(desk.lab, "target", "orders") == 20
    assert engine(desk.lab, "target", "GET", "/_alias/shop") == {"orders": {"aliases": {"shop": {}}}}


def test_an_account_move_is_checked_and_ends_verified(desk: Desk, access: Access) -> None:
    require_clean(planned(desk, access))
    require_moved(desk)


def test_the_how_to_makes_its_access_in_both_accounts_and_moves(desk: Desk) -> None:
    """The how-to's profiles are the lab's, under its names for them."""
    lab, page = desk.lab, "docs/how-to/account-move.md"
    fill(lab, "orders-2026", "customers")
    logins = desk.folder / "aws-config"
    text = Path(desk.environment["AWS_CONFIG_FILE"]).read_text(encoding="utf-8")
    for side, name in (("source", "old-account"), ("target", "new-account")):
        text = text.replace(f"[profile {side}]", f"[profile {name}]")
    logins.write_text(text, encoding="utf-8")
    named = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), str(logins))
    followed(desk, page, lambda plan: at_domains(lab, plan), named)
    assert [documents(lab, "target", name) for name in ("orders-2026", "customers")] == [3, 3]


def test_the_target_may_be_logged_in_to_by_a_role_of_its_account(desk: Desk, access: Access) -> None:
    target = Identities(desk.lab, "target")
    try:
        role = target.role(allow("*"), trusts=trust_account(OWN))
        login = {"auth": {"type": "sigv4", "role_arn": role}}
        require_clean(planned(desk, access, target=login))
        target.trust(role, trust_account(OTHER))
        refused = failing(planned(desk, access, target=login).run("check", "--json"))
        assert [(each["id"], each["side"]) for each in refused] == [("account.credentials", "target")]
    finally:
        target.remove()


Change = Callable[[Access], None]


def rights_of(side: str, *, given: bool) -> Change:
    """Give the side's role its rights, or take them away."""

    def change(access: Access) -> None:
        rights = access.rights(side) if given else []
        Identities(access.lab, side).let_role(access.roles[side], *rights)

    return change


def trust_of_the_target(account: str) -> Change:
    """Let the target's role trust the service for domains of this account."""

    def change(access: Access) -> None:
        statement = trust(StringEquals={"aws:SourceAccount": account})
        Identities(access.lab, "target").trust(access.roles["target"], statement)

    return change


@pytest.mark.parametrize(
    ("taken", "given", "check", "side", "says", "to_do"),
    [
        (
            rights_of("source", given=False), rights_of("source", given=True),
            "account.role-rights", "source", "{source} lacks s3:ListBucket on", "allow it s3:ListBucket on",
        ),
        (
            rights_of("target", given=False), rights_of("target", given=True),
            "account.role-rights", "target", "{target} lacks s3:ListBucket on {arn}",
            "allow it s3:ListBucket on {arn}, s3:GetObject on {arn}/* in a policy of the role; ",
        ),
        (
            shut_guest_out, let_guest_in,
            "account.role-rights", "target", "bucket {bucket} does not allow {target} s3:ListBucket",
            "allow {target} s3:ListBucket on {arn}, s3:GetObject on {arn}/* in the bucket's policy; ",
        ),
        (
            trust_of_the_target(OWN), trust_of_the_target(OTHER),
            "account.trust-domains", "target", "aws:SourceAccount is limited to 123456789012",
            "(or its account) to that condition",
        ),
    ],
    ids=["the source's role", "the target's role", "the bucket's policy", "the target's trust"],
)  # fmt: skip
def test_what_is_taken_away_is_named_in_one_sentence(
    desk: Desk, access: Access, taken: Change, given: Change, check: str, side: str, says: str, to_do: str
) -> None:
    words = access.roles | {"bucket": access.bucket, "arn": f"arn:aws:s3:::{access.bucket}"}
    taken(access)
    try:
        checked = planned(desk, access).run("check", "--json")
        found = failing(checked)
    finally:
        given(access)
    assert [(each["id"], each["side"]) for each in found] == [(check, side)]
    assert says.format(**words) in found[0]["detail"]
    assert to_do.format(**words) in found[0]["hint"]
    assert checked.code == 3


def test_objects_must_belong_to_whom_the_target_may_read_from(desk: Desk) -> None:
    """With the bucket in the target's account, what the source writes belongs to the source's, unless the
    bucket's owner owns everything; in the source's account it does not matter."""
    with access_of(desk.lab, "target") as access:
        require_clean(planned(desk, access))
        began = log_size(desk.lab, "target")
        objects_belong_to(access, "ObjectWriter")
        (found,) = failing(desk.run("check", "--json"))
        assert found["id"] == "bucket.ownership"
        said = (
            f"Object Ownership is ObjectWriter: account {OWN} owns what it writes, and {OTHER} is to read it"
        )
        assert found["detail"] == said
        assert found["hint"].startswith("set the bucket's Object Ownership to Bucket owner enforced")
        refused = desk.run("migrate", "--execute")
        assert (refused.code, mutations(desk.lab, "target", began)) == (3, []), str(refused)
        assert "Object Ownership" in refused.out + refused.err
        waived = {"waive": {"bucket.ownership": "to see what the service says"}}
        late = planned(desk, access, checks=waived).run("migrate", "--execute")
        assert late.code == 1, str(late)
        assert f"the objects belong to account {OWN}, which wrote them" in late.out
        objects_belong_to(access, "BucketOwnerEnforced")
        require_moved(planned(desk, access))


def test_in_the_writers_own_bucket_ownership_does_not_matter(desk: Desk, access: Access) -> None:
    objects_belong_to(access, "ObjectWriter")
    try:
        require_clean(planned(desk, access))
        require_moved(desk)
    finally:
        objects_belong_to(access, "BucketOwnerEnforced")


def send(lab: LabDescription, side: str, caller: str, method: str, path: str, body: Any = None) -> Any:
    """A signed request to the side's domain by the administrator of the other's account, or its own."""
    domain = lab.domain(side)
    auth = AWS4Auth(*lab.key(caller), domain.region, "es")
    return requests.request(method, domain.endpoint + path, json=body, auth=auth, timeout=60)


def test_a_domain_of_another_account_needs_both_policies(desk: Desk) -> None:
    lab, control = desk.lab, Identities(desk.lab, "target").client("opensearch", "eu-west-1")
    everything = f"arn:aws:es:eu-west-1:{OTHER}:domain/{lab.target.name}/*"
    assert send(lab, "target", "target", "GET", "/").status_code == 200
    assert send(lab, "target", "source", "GET", "/").status_code == 403
    lets_in = allow("es:*", everything, Principal={"AWS": f"arn:aws:iam::{OWN}:root"})
    control.update_domain_config(DomainName=lab.target.name, AccessPolicies=document(lets_in))
    try:
        assert send(lab, "target", "source", "GET", "/").status_code == 200
        assert send(lab, "source", "target", "GET", "/").status_code == 403
    finally:
        control.update_domain_config(DomainName=lab.target.name, AccessPolicies=document())


def test_a_role_is_passed_within_its_account_only(desk: Desk, access: Access) -> None:
    settings = {"bucket": access.bucket, "endpoint": "s3.amazonaws.com", "readonly": True}
    for side, role in (("target", access.roles["source"]), ("source", access.roles["target"])):
        body = {"type": "s3", "settings": settings | {"role_arn": role}}
        reply = send(desk.lab, side, side, "PUT", "/_snapshot/foreign", body)
        assert (reply.status_code, reply.json()["Message"]) == (
            403,
            "Cross-account pass role is not allowed.",
        )


def test_the_labs_plan_logs_in_to_both_accounts(desk: Desk) -> None:
    """Only the target's role is not there: the second account holds an administrator and a domain."""
    from snapferry.commands.lab import write_plan

    plan = write_plan(desk.lab)
    checked = desk.command("check", str(plan), "--json")
    assert [(each["id"], each["side"]) for each in failing(checked)] == [("account.role", "target")]
    assert "repository.target_role_arn" in failing(checked)[0]["hint"]
    callers = [each["detail"] for each in checked.json["checks"] if each["id"] == "account.identity"]
    assert callers == [f"arn:aws:iam::{account}:user/migrator" for account in (OWN, OTHER)]


def test_init_between_two_accounts(desk: Desk) -> None:
    """It finds the logins' Regions, and in each account a role: the target's is one that only reads. What is
    left for `check` is the policy of the bucket."""
    lab, target = desk.lab, Identities(desk.lab, "target")
    places = [word for side in LOGINS for word in (f"--{side}", lab.domain(side).endpoint)]
    logins = [word for side in LOGINS for word in (f"--{side}-profile", side)]
    arn = f"arn:aws:s3:::{lab.bucket}"
    reads = allow("s3:ListBucket", arn), allow("s3:GetObject", f"{arn}/*")
    try:
        role = target.role(*reads, trusts=trusting(lab, "target"))
        made = desk.command("init", "-o", str(desk.plan_file), *places, *logins)
        assert made.code == 0, str(made)
        assert "To fill in" not in made.err
        plan = yaml.safe_load(desk.plan_file.read_text(encoding="utf-8"))
        assert plan["repository"]["target_role_arn"] == role
        assert [plan[side]["region"] for side in LOGINS] == ["us-east-1", "eu-west-1"]
        found = failing(desk.run("check", "--json"))
        assert [(each["id"], each["side"]) for each in found] == [("account.role-rights", "target")]
    finally:
        target.remove()


def _applied(desk: Desk, verb: str = "apply") -> Ended:
    return desk.command("access", verb, str(desk.plan_file), "--target-profile", "target", "--execute")


def test_access_apply_makes_the_move_possible_and_check_names_what_is_taken_away(desk: Desk) -> None:
    """Bucket, ownership, its policy and both roles by one command; each right is missed in one sentence."""
    lab, name = desk.lab, "applied-move"
    roles = {"source": f"arn:aws:iam::{OWN}:role/{name}", "target": f"arn:aws:iam::{OTHER}:role/{name}"}
    place = {"bucket": name, "region": "us-east-1", "base_path": "move"}
    held = place | {"role_arn": roles["source"], "target_role_arn": roles["target"]}
    desk.write(**LOGINS, name=name, repository=held, indices={"include": ["orders"]})
    s3 = Identities(lab, "source").client("s3", "us-east-1")
    made = _applied(desk)
    assert made.code == 0, str(made)
    owned = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert owned == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    require_clean(desk)
    require_moved(desk)
    engine(lab, "target", "DELETE", "/orders")
    iam = {side: Identities(lab, side).iam for side in roles}
    policy = f"snapferry-{name}"
    takes: dict[str, tuple[str, Callable[[], Any]]] = {
        "source's policy": (
            "account.role-rights",
            lambda: iam["source"].delete_role_policy(RoleName=name, PolicyName=policy),
        ),
        "target's policy": (
            "account.role-rights",
            lambda: iam["target"].delete_role_policy(RoleName=name, PolicyName=policy),
        ),
        "bucket's policy": ("account.role-rights", lambda: s3.delete_bucket_policy(Bucket=name)),
        "target's trust": (
            "account.trust",
            lambda: iam["target"].update_assume_role_policy(
                RoleName=name, PolicyDocument=document(trust("ec2.amazonaws.com"))
            ),
        ),
    }
    for what, (check, take) in takes.items():
        take()
        found = failing(desk.run("check", "--json"))
        assert [each["id"] for each in found] == [check], (what, found)
        assert "\n" not in found[0]["detail"]
        again = _applied(desk)
        assert again.code == 0, (what, str(again))
    assert failing(desk.run("check", "--json")) == []
    assert desk.run("finish", "--snapshots", "remove", "--execute").code == 0
    for each in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=each["Key"])
    removed = _applied(desk, "remove")
    assert removed.code == 0, str(removed)
    assert name not in [each["Name"] for each in s3.list_buckets()["Buckets"]]
