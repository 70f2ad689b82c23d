"""Registering the repository: the form that each domain takes, and what is left when none is taken.

The domains are fakes: they hold a registration, and refuse forms as the service does.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_migration
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, ok

from domains.errors import DomainError
from runs.progress import Progress, listening
from tasks.errors import ExecutionError, PreconditionError, TimedOut
from tasks.migration import Migration
from tasks.repository.bodies import registration, s3_endpoint, same_place
from tasks.repository.hints import hint_for
from tasks.repository.register import register_source, register_target

ROLE = "arn:aws:iam::123456789012:role/SnapshotRole"
OTHER_ROLE = "arn:aws:iam::210987654321:role/SnapshotRole"
PUT = "PUT /_snapshot/repo"
VERIFY = "POST /_snapshot/repo/_verify"

REPOSITORY = {"name": "repo", "bucket": "my-snapshots", "role_arn": ROLE}


def elsewhere(region: str) -> Reply:
    said = f"The bucket is in this region: {region}. Please use this region to retry the request (301)"
    return engine_error(500, "repository_exception", "[repo] could not read", ("amazon_s3_exception", said))


class Registry:
    """Holds one registration on a fake; a refused one stays registered, as on the service."""

    def __init__(self, fake: FakeDomain, held: dict[str, Any] | None = None) -> None:
        self.held = held
        self.refusal: Any = lambda settings: None
        fake.on("GET /_snapshot/repo", lambda _: self._get())
        fake.on(PUT, self._put).on("DELETE /_snapshot/repo", lambda _: self._delete())
        fake.on(VERIFY, lambda _: self.refusal(self.settings) or ok({"nodes": {"x": {"name": "n1"}}}))

    @property
    def settings(self) -> dict[str, Any]:
        """What is registered now."""
        return (self.held or {}).get("settings") or {}

    def _get(self) -> Reply:
        if self.held is None:
            return engine_error(404, "repository_missing_exception", "[repo] missing")
        shown = {
            key: str(value).lower() if isinstance(value, bool) else value
            for key, value in self.settings.items()
        }
        return ok({"repo": {"type": self.held["type"], "settings": shown}})

    def _put(self, asked: ReceivedRequest) -> Reply:
        self.held = asked.json
        return self.refusal(self.settings) or ok({"acknowledged": True})

    def _delete(self) -> Reply:
        self.held = None
        return ok({"acknowledged": True})


def migration(
    folder: Path, source: FakeDomain, target: FakeDomain, signed: bool = True, **repository: Any
) -> Migration:
    values = {"name": "repo", "bucket": "my-snapshots", "base_path": "orders", "role_arn": ROLE, **repository}
    return a_migration(folder, source, target, clock=Clock(), signed=signed, repository=values)


def only(*keys: str) -> Any:
    """Refuses what has one of these settings, as a domain in another Region than us-east-1 does."""
    return lambda settings: elsewhere("us-east-1") if any(key in settings for key in keys) else None


def test_read_write_on_the_source_and_readonly_on_the_target(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    left, right = Registry(source), Registry(target)
    m = migration(tmp_path, source, target)
    one, two = register_source(m, "us-east-1"), register_target(m, "us-east-1")
    assert (one.readonly, two.readonly, one.form, two.form) == (False, True, "region", "region")
    assert "readonly" not in left.settings
    assert right.settings["readonly"] is True
    assert (left.settings["bucket"], left.settings["base_path"]) == (
        right.settings["bucket"],
        right.settings["base_path"],
    )
    assert one.nodes == ("n1",)
    assert [intent.action for intent in m.journal.document.intents] == ["register", "register"]


def test_where_the_region_is_refused_the_endpoint_takes_its_place(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    registry = Registry(target)
    registry.refusal = only("region")
    record = register_target(migration(tmp_path, source, target), "us-east-1")
    assert (record.form, record.readonly) == ("endpoint", True)
    assert registry.settings["endpoint"] == "s3.amazonaws.com"
    assert "region" not in registry.settings
    first, second = record.attempts
    assert (first.form, first.accepted, "The bucket is in this region: us-east-1" in first.said) == (
        "region",
        False,
        True,
    )
    assert (second.form, second.accepted) == ("endpoint", True)


def test_never_means_never_and_nothing_is_left(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    registry = Registry(target)
    registry.refusal = only("region")
    m = migration(tmp_path, source, target, endpoint_fallback="never")
    with pytest.raises(
        ExecutionError, match=r"removed again.*The bucket is in this region: us-east-1"
    ) as caught:
        register_target(m, "us-east-1")
    assert "endpoint_fallback: auto" in caught.value.hint
    assert registry.held is None


def test_always_begins_with_the_endpoint(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> None:
    Registry(target)
    record = register_target(migration(tmp_path, source, target, endpoint_fallback="always"), "us-east-1")
    assert [attempt.form for attempt in record.attempts] == ["endpoint"]


def test_without_evidence_no_other_form_is_tried(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    registry = Registry(source)
    denied = engine_error(
        500, "repository_verification_exception", "[repo] path", ("s3_exception", "Access Denied (403)")
    )
    registry.refusal = lambda _: denied
    with pytest.raises(ExecutionError, match="Access Denied") as caught:
        register_source(migration(tmp_path, source, target), "us-east-1")
    assert {asked.body for asked in source.asked(PUT)} == {source.asked(PUT)[0].body}
    assert "s3:ListBucket" in caught.value.hint
    assert registry.held is None


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("The specified bucket does not exist (Error Code: NoSuchBucket)", "repository.bucket"),
        ("User: x is not authorized to perform: sts:AssumeRole on resource", "trust policy"),
        ("User: x is not authorized to perform: iam:PassRole on resource", "iam:PassRole"),
        ("something else", "service's message"),
    ],
)
def test_a_refusal_says_what_to_put_right(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, said: str, hint: str
) -> None:
    Registry(source).refusal = lambda _: engine_error(500, "repository_exception", said)
    with pytest.raises(ExecutionError) as caught:
        register_source(migration(tmp_path, source, target), "us-east-1")
    assert hint in caught.value.hint
    assert said in str(caught.value)


def test_what_is_as_it_should_be_is_only_verified(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    registry = Registry(target)
    m = migration(tmp_path, source, target)
    registry.held = registration(m.plan, m.target, "endpoint", "us-east-1")
    record = register_target(m, "us-east-1")
    assert (record.already_there, record.form, target.changing) == (True, "endpoint", [VERIFY])


def test_a_read_write_one_on_the_target_becomes_readonly(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    registry = Registry(target)
    m = migration(tmp_path, source, target)
    registry.held = registration(m.plan, m.source, "region", "us-east-1")
    assert register_target(m, "us-east-1").readonly
    assert registry.settings["readonly"] is True


def test_a_former_registration_comes_back_when_no_form_is_taken(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    former = {
        "type": "s3",
        "settings": {"bucket": "my-snapshots", "base_path": "orders", "region": "eu-west-1"},
    }
    registry = Registry(source, former)
    no = engine_error(500, "repository_exception", "no")
    registry.refusal = lambda settings: None if settings["region"] == "eu-west-1" else no
    with pytest.raises(ExecutionError, match="restored"):
        register_source(migration(tmp_path, source, target), "us-east-1")
    assert registry.held == former


def test_a_former_registration_comes_back_also_after_a_kill(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    """An earlier session was killed between its request and its look: what is there now is its own."""
    former = {"type": "s3", "settings": {"bucket": "my-snapshots", "base_path": "orders", "endpoint": "x"}}
    registry = Registry(source)
    m = migration(tmp_path, source, target)
    ours = registration(m.plan, m.source, "region", "us-east-1")
    with m.journal.intend("register on source", "source", "register", {"name": "repo", "before": former}):
        registry.held = ours
    no = engine_error(500, "repository_exception", "no")
    registry.refusal = lambda settings: no if "region" in settings else None
    with pytest.raises(ExecutionError, match="the previous registration was restored"):
        register_source(m, "us-east-1")
    assert registry.held == former


def denied() -> Reply:
    return Reply(403, {"Message": "User: x is not authorized to perform: iam:PassRole on resource: y"})


def test_a_request_that_was_denied_has_changed_nothing(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    Registry(source)
    source.on(PUT, denied())
    m = migration(tmp_path, source, target)
    with pytest.raises(PreconditionError, match="nothing is registered") as caught:
        register_source(m, "us-east-1")
    assert "iam:PassRole" in caught.value.hint
    assert {intent.result for intent in m.journal.document.intents} == {"denied"}
    assert not m.journal.changed_something
    assert set(source.changing) == {PUT}


def test_a_denied_request_after_a_change_is_a_failure(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    Registry(source)
    Registry(target)
    target.on(PUT, denied())
    m = migration(tmp_path, source, target)
    register_source(m, "us-east-1")
    with pytest.raises(ExecutionError, match="on the target"):
        register_target(m, "us-east-1")


def test_a_denied_request_leaves_the_former_registration_and_says_so(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    former = {"type": "s3", "settings": {"bucket": "my-snapshots", "base_path": "orders", "endpoint": "x"}}
    registry = Registry(source, former)
    source.on(PUT, denied())
    with pytest.raises(PreconditionError) as caught:
        register_source(migration(tmp_path, source, target), "us-east-1")
    assert registry.held == former
    assert "does not work is left" not in str(caught.value)


def test_a_repository_in_use_is_waited_for(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> None:
    busy = engine_error(
        500, "illegal_state_exception", "trying to modify or unregister repository that is currently used"
    )
    replies = iter([busy, busy, None])
    registry = Registry(source)
    verifies = {"done": False}

    def refuse(_: Any) -> Any:
        return None if verifies["done"] else next(replies)

    source.on(VERIFY, ok({"nodes": {"x": {"name": "n1"}}}))
    registry.refusal = refuse
    m = migration(tmp_path, source, target)
    assert register_source(m, "us-east-1").form == "region"
    assert len(source.asked(PUT)) == 3
    (intent,) = m.journal.intents("register")
    assert (intent.detail["before"], intent.result) == (None, "sent")


def test_a_repository_in_use_for_ever_times_out(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    busy = engine_error(
        500, "illegal_state_exception", "trying to modify or unregister repository that is currently used"
    )
    Registry(source).refusal = lambda _: busy
    values = {"name": "repo", "bucket": "my-snapshots", "role_arn": ROLE}
    m = a_migration(
        tmp_path,
        source,
        target,
        clock=Clock(),
        signed=True,
        repository=values,
        snapshot={"wait_for_running": "10s"},
    )
    with pytest.raises(TimedOut, match="in use"):
        register_source(m, "us-east-1")


def test_a_transient_error_is_left_to_the_retry_of_the_step(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    Registry(source).refusal = lambda _: Reply(504, {"message": "Endpoint request timed out"})
    with pytest.raises(DomainError) as caught:
        register_source(migration(tmp_path, source, target), "us-east-1")
    assert caught.value.transient
    assert len(source.asked(PUT)) == 1


def test_a_registration_that_nobody_could_verify_is_not_taken_for_one(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    Registry(source)
    source.on(VERIFY, ok({"nodes": {}}))
    with pytest.raises(ExecutionError, match="has an unexpected registration"):
        register_source(migration(tmp_path, source, target), "us-east-1")


# bodies


@pytest.mark.parametrize(
    ("form", "region", "more"),
    [
        ("region", "us-east-2", {"region": "us-east-2"}),
        ("region", None, {}),
        ("plain", "us-east-2", {}),
        ("endpoint", "us-east-2", {"endpoint": "s3.amazonaws.com"}),
        ("endpoint", "cn-north-1", {"endpoint": "s3.cn-north-1.amazonaws.com.cn"}),
        ("endpoint", "us-gov-west-1", {"endpoint": "s3.us-gov-west-1.amazonaws.com"}),
    ],
)
@pytest.mark.parametrize("side", ["source", "target"])
def test_a_body_has_exactly_what_its_form_says(
    tmp_path: Path,
    source: FakeDomain,
    target: FakeDomain,
    side: Any,
    form: str,
    region: str | None,
    more: dict[str, str],
) -> None:
    m = migration(tmp_path, source, target, settings={"max_snapshot_bytes_per_sec": "200mb"})
    readonly = {"readonly": True} if side == "target" else {}
    wanted = {"bucket": "my-snapshots", "base_path": "orders", "role_arn": ROLE, **more, **readonly}
    assert registration(m.plan, m.source if side == "source" else m.target, form, region) == {
        "type": "s3",
        "settings": {"max_snapshot_bytes_per_sec": "200mb", **wanted},
    }


def test_each_side_gets_its_own_role_and_an_unsigned_one_none(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    m = migration(tmp_path, source, target, target_role_arn=OTHER_ROLE)
    assert registration(m.plan, m.source, "plain", None)["settings"]["role_arn"] == ROLE
    assert registration(m.plan, m.target, "plain", None)["settings"]["role_arn"] == OTHER_ROLE
    plain = migration(tmp_path / "b", source, target, signed=False)
    assert "role_arn" not in registration(plain.plan, plain.source, "plain", None)["settings"]


def test_settings_of_a_clusters_own_client_are_not_sent_to_the_service(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    own = {"client": "backups", "path_style_access": True, "compress": True}
    m = migration(tmp_path / "x", source, target, settings=own)
    plain = a_migration(tmp_path / "y", source, target, repository={**REPOSITORY, "settings": own})
    sent, kept = (registration(each.plan, each.source, "plain", None)["settings"] for each in (m, plain))
    assert own.items() <= kept.items()
    assert sent["compress"] is True and not {"client", "path_style_access"} & sent.keys()


def test_keys_that_a_cluster_of_ones_own_lacks_are_told_with_its_client(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    m = a_migration(tmp_path, source, target, repository={**REPOSITORY, "settings": {"client": "backups"}})
    lacking = hint_for(
        m, "source", "sdk_client_exception: Unable to load credentials from any of the providers"
    )
    assert lacking and "s3.client.backups.access_key" in lacking
    denied = hint_for(m, "source", DENIED_READ)
    assert denied and "the keys in the cluster's keystore (s3.client.backups)" in denied


def test_a_shared_folder(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> None:
    fs = {"type": "fs", "name": "repo", "location": "/mnt/snapshots"}
    m = a_migration(tmp_path, source, target, repository=fs)
    assert registration(m.plan, m.source, "fs", None) == {
        "type": "fs",
        "settings": {"location": "/mnt/snapshots"},
    }
    assert registration(m.plan, m.target, "fs", None)["settings"]["readonly"] is True


def test_nothing_secret_is_registered(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "hunter2-hunter2")
    Registry(source)
    m = migration(tmp_path, source, target)
    register_source(m, "us-east-1")
    assert "hunter2" not in json.dumps(source.asked(PUT)[0].json) + m.journal.path.read_text()


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        (None, "s3.amazonaws.com"),
        ("eu-west-1", "s3.amazonaws.com"),
        ("cn-northwest-1", "s3.cn-northwest-1.amazonaws.com.cn"),
        ("us-gov-east-1", "s3.us-gov-east-1.amazonaws.com"),
    ],
)
def test_the_endpoint_stays_in_its_partition(region: str | None, endpoint: str) -> None:
    assert s3_endpoint(region) == endpoint


S3 = {"type": "s3", "settings": {"bucket": "b", "base_path": "p", "region": "us-east-1"}}


@pytest.mark.parametrize(
    ("found", "same"),
    [
        ({"type": "s3", "settings": {"bucket": "b", "base_path": "p", "endpoint": "s3.amazonaws.com"}}, True),
        ({"type": "s3", "settings": {"bucket": "b", "base_path": "p", "readonly": "true"}}, True),
        ({"type": "s3", "settings": {"bucket": "b", "base_path": "q"}}, False),
        ({"type": "s3", "settings": {"bucket": "b"}}, False),
        ({"type": "s3", "settings": {"bucket": "B", "base_path": "p"}}, False),
        ({"type": "s3"}, False),
        ({"type": "fs", "settings": {"location": "p"}}, False),
    ],
)
def test_what_leads_to_the_same_place(found: dict[str, Any], same: bool) -> None:
    assert same_place(found, S3) is same


def test_no_base_path_and_an_empty_one_are_one_place() -> None:
    plain = {"type": "s3", "settings": {"bucket": "b"}}
    assert same_place({"type": "s3", "settings": {"bucket": "b", "base_path": ""}}, plain)
    assert not same_place({"type": "s3", "settings": {"bucket": "b", "base_path": "p"}}, plain)


TRUST = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: sts:AssumeRole on resource: r"
DENY = "User: x is not authorized to perform: iam:PassRole on resource: y with an explicit deny"
GONE = "The specified bucket does not exist"
NEW_RIGHTS = {
    "the caller's policy": denied(),
    "the role's trust": engine_error(500, "a_w_s_security_token_service_exception", TRUST),
    "the role's policy": engine_error(
        500, "repository_verification_exception", "[repo] path", ("s3_exception", "Access Denied (403)")
    ),
}


@pytest.mark.parametrize("refusal", NEW_RIGHTS.values(), ids=NEW_RIGHTS.keys())
def test_rights_that_were_given_just_now_are_waited_for_and_told(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, refusal: Reply
) -> None:
    registry = Registry(source)
    m = migration(tmp_path, source, target)
    since: list[int] = []

    def refused(_: Any) -> Reply | None:
        since.append(1)
        return refusal if len(since) <= 4 else None

    registry.refusal = refused
    told: list[Progress] = []
    with listening(told.append):
        record = register_source(m, "us-east-1")
    assert [attempt.accepted for attempt in record.attempts] == [True]
    assert len(told) == 4 and all(each.waiting and "made just now" in each.message for each in told)
    assert registry.held is not None


@pytest.mark.parametrize(
    ("refusal", "asked"),
    [
        *((each, range(2, 20)) for each in NEW_RIGHTS.values()),
        (engine_error(500, "repository_exception", "no", ("x", GONE)), range(1, 2)),
        (Reply(403, {"Message": DENY}), range(1, 2)),
    ],
)
def test_a_refusal_that_no_time_cures_is_told_at_once_and_any_other_within_a_minute(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, refusal: Reply, asked: range
) -> None:
    Registry(source).refusal = lambda _: refusal
    clock = Clock()
    m = replace(migration(tmp_path, source, target), poll=clock.poll)
    with pytest.raises((ExecutionError, PreconditionError)):
        register_source(m, "us-east-1")
    assert len(source.asked(PUT)) in asked
    assert sum(clock.pauses) < 70


DENIED_READ = "repository_exception | when loading repository data | s3_exception: Access Denied (403)"


def test_a_target_of_another_account_is_told_of_the_objects_owner_as_well(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    """Whatever its policies say, it cannot read what belongs to the account that wrote it."""
    alone = hint_for(migration(tmp_path / "x", source, target), "target", DENIED_READ) or ""
    assert "s3:GetObject" in alone and "Object Ownership" not in alone
    m = migration(tmp_path / "y", source, target, target_role_arn=OTHER_ROLE)
    told = hint_for(m, "target", DENIED_READ) or ""
    assert OTHER_ROLE in told and "belong to account 123456789012" in told and "Bucket owner enforced" in told


@pytest.mark.parametrize("is_resumed", [False, True])
def test_what_somebody_has_registered_for_another_place_is_left_alone(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, is_resumed: bool
) -> None:
    registry = Registry(source)
    m = migration(tmp_path, source, target)
    if is_resumed:
        register_source(m, "us-east-1")
    registry.held = {"type": "s3", "settings": {"bucket": "my-snapshots", "base_path": "theirs"}}
    before = len(source.changing)
    with pytest.raises(ExecutionError if is_resumed else PreconditionError, match="leads to another place"):
        register_source(m, "us-east-1")
    assert source.changing[before:] == [] and registry.settings["base_path"] == "theirs"
