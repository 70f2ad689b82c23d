"""What the front door remembers of registrations is what the engine holds, whatever it answered."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from support.small_lab import OneCaller, SmallLab

from lab.account.directory import Bucket, Role
from lab.account.policies import Policy, parse

ROLE = "arn:aws:iam::123456789012:role/Snapshots"
TRUSTED = {"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "sts:AssumeRole"}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
UNKNOWN = "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/Gone"


def statements(*each: dict[str, Any]) -> Policy:
    return parse(json.dumps({"Statement": list(each)}))


class Account(OneCaller):
    """A user, a role and a bucket; `Gone` is no role."""

    def role(self, arn: str) -> Role | None:
        return Role(ROLE, statements(TRUSTED), (statements(EVERYTHING),)) if arn == ROLE else None

    def bucket_region(self, bucket: str) -> str | None:
        return "us-east-1"

    def bucket(self, name: str) -> Bucket | None:
        return Bucket("us-east-1")


def registration(role: str = ROLE, **settings: str) -> dict[str, Any]:
    return {"type": "s3", "settings": {"bucket": "snapshots", "role_arn": role, **settings}}


GOOD, BAD = registration(), registration("arn:aws:iam::123456789012:role/Gone")


def failed(kind: str, reason: str) -> dict[str, Any]:
    return {"error": {"root_cause": [], "type": kind, "reason": reason}, "status": 500}


IN_USE = failed("illegal_state_exception", "trying to modify or unregister repository that is currently used")
CANNOT_BE_MADE = failed("repository_exception", "[r] failed to create repository")
UNVERIFIED = failed("repository_verification_exception", "[r] path  is not accessible on master node")


@pytest.fixture
def lab(tmp_path):
    return SmallLab(tmp_path, account=Account())


def troubled(lab: SmallLab, name: str = "r") -> bool:
    """Whether the front door knows that the repository's role cannot be assumed."""
    reply = lab.call("GET", f"/_snapshot/{name}/_all")
    assert (reply.status_code == 500) is (UNKNOWN in reply.text)
    return reply.status_code == 500


def test_a_registration_in_trouble_that_is_not_removed_stays_in_trouble(lab):
    lab.call("PUT", "/_snapshot/r", BAD)
    lab.engine.on("DELETE /_snapshot/r", 500, IN_USE)
    assert lab.call("DELETE", "/_snapshot/r").json() == IN_USE
    assert troubled(lab)
    lab.engine.on("DELETE /_snapshot/r", 200, {"acknowledged": True})
    assert lab.call("DELETE", "/_snapshot/r").status_code == 200
    assert not troubled(lab)


@pytest.mark.parametrize("error", [IN_USE, CANNOT_BE_MADE], ids=["in use", "cannot be made"])
def test_a_registration_that_the_engine_refuses_changes_nothing(lab, error):
    lab.call("PUT", "/_snapshot/r", GOOD)
    lab.engine.on("PUT /_snapshot/r", 500, error)
    assert lab.call("PUT", "/_snapshot/r", BAD).json() == error
    assert lab.door.registered == {"r": GOOD["settings"]}
    assert not troubled(lab)


@pytest.mark.parametrize("error", [IN_USE, CANNOT_BE_MADE], ids=["in use", "cannot be made"])
def test_trouble_stays_when_it_cannot_be_put_right(lab, error):
    lab.call("PUT", "/_snapshot/r", BAD)
    lab.engine.on("PUT /_snapshot/r", 500, error)
    assert lab.call("PUT", "/_snapshot/r", GOOD).json() == error
    assert troubled(lab)


def test_a_registration_that_fails_its_verification_is_there(lab):
    lab.engine.on("PUT /_snapshot/r", 500, UNVERIFIED)
    assert lab.call("PUT", "/_snapshot/r", GOOD).json() == UNVERIFIED
    assert lab.door.registered == {"r": GOOD["settings"]}


def test_a_registration_in_trouble_is_there_and_said_to_be(lab):
    reply = lab.call("PUT", "/_snapshot/r", BAD)
    assert (reply.status_code, UNKNOWN in reply.text) == (500, True)
    assert lab.reached == ["PUT /_snapshot/r?verify=false"]
    unasked = lab.call("PUT", "/_snapshot/s?verify=false", BAD)
    assert (unasked.status_code, troubled(lab, "s")) == (200, True)


def test_a_repository_of_another_type_in_its_place_has_no_trouble_with_s3(lab):
    lab.call("PUT", "/_snapshot/r", BAD)
    lab.call("PUT", "/_snapshot/r", {"type": "fs", "settings": {"location": "x"}})
    assert not troubled(lab)


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("*", []),
        ("r*", ["other"]),
        ("r1,other", ["r.2"]),
        ("r.*", ["other", "r1"]),
        ("o*er/", ["r.2", "r1"]),
        ("nothing", ["other", "r.2", "r1"]),
    ],
)
def test_a_removal_by_pattern_removes_what_it_names(lab, path, left):
    for name in ("r1", "r.2", "other"):
        lab.call("PUT", f"/_snapshot/{name}", GOOD)
    assert lab.call("DELETE", f"/_snapshot/{path}").status_code == 200
    assert sorted(lab.door.registered) == left


def test_removing_a_snapshot_removes_no_repository(lab):
    lab.call("PUT", "/_snapshot/r", GOOD)
    assert lab.call("DELETE", "/_snapshot/r/one").status_code == 200
    assert list(lab.door.registered) == ["r"]


@pytest.mark.parametrize(
    ("error", "there"), [(httpx.ReadError("gone"), ["r"]), (httpx.ConnectError("not there"), [])]
)
def test_a_registration_whose_answer_is_lost_may_be_there(lab, error, there):
    async def lost(_):
        raise error

    lab.engine.answers["PUT /_snapshot/r"] = lost
    assert lab.call("PUT", "/_snapshot/r", GOOD).status_code == 502
    assert list(lab.door.registered) == there
