"""A policy on a domain: what is sent, what is left alone, and what is made of lost replies and refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.building import a_domain
from support.fake_domain import CLOSE, FakeDomain, ReceivedRequest, Reply, engine_error, ok

from domains.errors import Refused
from domains.versions import version_of
from tasks.errors import ExecutionError, PreconditionError
from tasks.policies import changing, comparison, documents, reading
from tasks.policies.reading import Place
from tasks.records.policies import Keep, PolicyChange, PolicyProblem, PolicyState, Trigger, WantedPolicy, Way

MANAGED = "/_plugins/_sm/policies"
STATES = "/_plugins/_ism/policies"
OURS = documents.description_of("orders")


def wanted(**changes: Any) -> WantedPolicy:
    values: dict[str, Any] = {
        "way": Way.SNAPSHOT_MANAGEMENT, "name": "nightly", "plan": "orders", "side": "source",
        "repository": "repo", "indices": ("orders-*",), "schedule": "0 3 * * *", "timezone": "UTC",
    }  # fmt: skip
    return WantedPolicy(**(values | changes))


def place(fake: FakeDomain, number: str = "2.19.4", **changes: Any) -> Place:
    return Place(a_domain(fake, **changes), version_of("opensearch", number))


class Plugin:
    """A fake domain with Snapshot Management, which keeps its policies."""

    def __init__(self, fake: FakeDomain, **policies: dict[str, Any]) -> None:
        self.policies = dict(policies)
        self.versions = dict.fromkeys(policies, 3)
        fake.on("GET /_snapshot/repo", ok({"repo": {"type": "s3", "settings": {"bucket": "b"}}}))
        fake.on(f"GET {MANAGED}", self._list)
        fake.on(f"(POST|PUT) {MANAGED}/.*", self._put)
        fake.on(f"DELETE {MANAGED}/.*", self._delete)

    def _list(self, _: ReceivedRequest) -> Reply:
        rows = [
            {"_seq_no": self.versions[name], "_primary_term": 1, "sm_policy": {"name": name, **body}}
            for name, body in self.policies.items()
        ]
        return ok({"policies": rows, "total_policies": len(rows)})

    def _put(self, asked: ReceivedRequest) -> Reply:
        name = asked.path.rpartition("/")[2]
        self.policies[name] = json.loads(asked.body)
        self.versions[name] = self.versions.get(name, 0) + 1
        return ok({})

    def _delete(self, asked: ReceivedRequest) -> Reply:
        del self.policies[asked.path.rpartition("/")[2]]
        return ok({"result": "deleted"})


def test_a_policy_is_created_once_and_left_alone_afterwards(source: FakeDomain) -> None:
    plugin = Plugin(source)
    assert changing.apply(place(source), wanted()).change is PolicyChange.CREATED
    assert source.changing == [f"POST {MANAGED}/nightly"]
    assert changing.apply(place(source), wanted()).change is PolicyChange.UNCHANGED
    assert source.changing == [f"POST {MANAGED}/nightly"]
    assert plugin.policies["nightly"]["description"] == OURS


def test_a_change_names_the_version_that_was_read(source: FakeDomain) -> None:
    Plugin(source, nightly={"description": OURS})
    assert changing.apply(place(source), wanted()).change is PolicyChange.UPDATED
    (sent,) = source.asked(f"PUT {MANAGED}/nightly")
    assert sent.query == {"if_seq_no": "3", "if_primary_term": "1"}


def test_a_policy_whose_reply_was_lost_is_there_if_it_is_read_back(source: FakeDomain) -> None:
    plugin = Plugin(source)

    def lost(asked: ReceivedRequest) -> Reply:
        plugin._put(asked)  # pyright: ignore[reportPrivateUsage]
        return CLOSE

    source.on(f"POST {MANAGED}/nightly", lost)
    assert changing.apply(place(source), wanted()).change is PolicyChange.CREATED
    assert source.changing == [f"POST {MANAGED}/nightly"]


def test_a_request_that_was_lost_without_effect_is_no_success(source: FakeDomain) -> None:
    Plugin(source)
    source.on(f"POST {MANAGED}/nightly", CLOSE)
    with pytest.raises(ExecutionError, match="it is not there"):
        changing.apply(place(source), wanted())
    assert source.changing == [f"POST {MANAGED}/nightly"]


def test_what_the_domain_made_different_is_named(source: FakeDomain) -> None:
    plugin = Plugin(source)

    def altered(asked: ReceivedRequest) -> Reply:
        plugin.policies["nightly"] = {**json.loads(asked.body), "enabled": False}
        plugin.versions["nightly"] = 1
        return ok({})

    source.on(f"POST {MANAGED}/nightly", altered)
    with pytest.raises(ExecutionError, match="as sent: enabled"):
        changing.apply(place(source), wanted())


def test_a_change_by_somebody_else_meanwhile_is_not_overwritten(source: FakeDomain) -> None:
    Plugin(source, nightly={"description": OURS})
    conflict = engine_error(409, "version_conflict_engine_exception", "version conflict, required seqNo [3]")
    source.on(f"PUT {MANAGED}/nightly", conflict)
    with pytest.raises(Refused, match="version conflict"):
        changing.apply(place(source), wanted())


def test_an_error_after_the_change_does_not_say_that_nothing_was_changed(source: FakeDomain) -> None:
    Plugin(source)
    denied = engine_error(403, "security_exception", "no permissions for [x] and User [name=y]")

    def then_denied(_: ReceivedRequest) -> Reply:
        source.on(f"GET {MANAGED}", denied)
        return ok({})

    source.on(f"POST {MANAGED}/nightly", then_denied)
    with pytest.raises(ExecutionError, match=r"was changed before this: .*no permissions"):
        changing.apply(place(source), wanted())


def kinds(fake: FakeDomain, asked: WantedPolicy, **changes: Any) -> list[object]:
    return [each.kind for each in reading.preview(place(fake, **changes), asked).problems]


def test_a_repository_that_is_missing_or_readonly_is_a_problem(source: FakeDomain) -> None:
    Plugin(source)
    missing = engine_error(404, "repository_missing_exception", "[repo] missing")
    source.on("GET /_snapshot/repo", missing)
    assert kinds(source, wanted()) == [PolicyProblem.NO_REPOSITORY]
    readonly = {"repo": {"type": "s3", "settings": {"bucket": "b", "readonly": "true"}}}
    source.on("GET /_snapshot/repo", ok(readonly))
    assert kinds(source, wanted()) == [PolicyProblem.READONLY]


def test_the_service_has_one_policy_for_a_repository_and_keeps_400_snapshots(source: FakeDomain) -> None:
    Plugin(source, weekly={"description": OURS, "snapshot_config": {"repository": "repo"}})
    assert kinds(source, wanted(), signed=True) == [PolicyProblem.REPOSITORY_TAKEN]
    assert kinds(source, wanted()) == []
    many = wanted(name="weekly", keep=Keep(count=401))
    assert kinds(source, many, signed=True) == [PolicyProblem.TOO_MANY_KEPT]


def test_somebody_elses_policy_is_changed_or_removed_by_consent_only(source: FakeDomain) -> None:
    Plugin(source, nightly={"description": "theirs"})
    assert kinds(source, wanted()) == [PolicyProblem.NOT_OURS]
    with pytest.raises(PreconditionError, match="somebody else's"):
        changing.remove(place(source), wanted())
    assert source.changing == []
    allowed = Place(place(source).domain, place(source).version, ("nightly",))
    assert changing.remove(allowed, wanted()).change is PolicyChange.REMOVED
    assert changing.remove(allowed, wanted()).change is PolicyChange.ABSENT


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, {"error": "no handler found for uri [/_plugins/_sm/policies] and method [GET]"}),
        Reply(401, {"Message": "Your request: '/_plugins/_sm/policies' is not allowed."}),
        engine_error(404, "index_not_found_exception", "no such index [_plugins]"),
    ],
)
def test_a_domain_without_the_plugin_is_told_apart(source: FakeDomain, reply: Reply) -> None:
    Plugin(source)
    source.on(f"GET {MANAGED}", reply)
    assert kinds(source, wanted()) == [PolicyProblem.NO_PLUGIN]


def test_elasticsearch_is_not_asked_for_snapshot_management(source: FakeDomain) -> None:
    Plugin(source)
    old = Place(a_domain(source), version_of("elasticsearch", "7.10.2"))
    found = reading.preview(old, wanted())
    assert [each.kind for each in found.problems] == [PolicyProblem.NO_PLUGIN]
    assert source.asked(f"GET {MANAGED}") == []


def states(**changes: Any) -> WantedPolicy:
    return wanted(way=Way.INDEX_STATE_MANAGEMENT, **changes)


def with_indices(fake: FakeDomain, explained: dict[str, Any], *policies: dict[str, Any]) -> None:
    Plugin(fake)
    rows = [{"_seq_no": 1, "_primary_term": 1, "policy": each} for each in policies]
    fake.on(f"GET {STATES}", ok({"policies": rows, "total_policies": len(rows)}))
    fake.on("GET /_plugins/_ism/explain/.*", ok({**explained, "total_managed_indices": 1}))


def test_indices_without_a_policy_are_attached_others_are_left(source: FakeDomain) -> None:
    free, taken = {"policy_id": None}, {"policy_id": "theirs"}
    explained = {"orders-1": free, "orders-2": taken, "orders-tmp-1": free, ".kibana_1": free}
    with_indices(source, explained)
    found = reading.preview(place(source), states(exclude=("orders-tmp-*",)))
    assert found.attach == ("orders-1",)
    assert [each.path for each in found.requests] == [f"{STATES}/nightly", "/_plugins/_ism/add/orders-1"]
    assert ("orders-2",) in [each.names for each in found.notes]


def test_an_index_that_the_domain_does_not_take_is_named_and_the_others_are_attached(
    source: FakeDomain,
) -> None:
    body = documents.state_policy(states())["policy"] | {"policy_id": "nightly"}
    with_indices(source, {"orders-1": {"policy_id": None}, "orders-2": {"policy_id": None}}, body)
    failed = [{"index_name": "orders-2", "index_uuid": "u", "reason": "This index is closed"}]

    def added(_: ReceivedRequest) -> Reply:
        there = {"orders-1": {"policy_id": "nightly"}, "orders-2": {"policy_id": None}}
        source.on("GET /_plugins/_ism/explain/.*", ok({**there, "total_managed_indices": 1}))
        return ok({"updated_indices": 1, "failures": True, "failed_indices": failed})

    source.on("POST /_plugins/_ism/add/.*", added)
    done = changing.apply(place(source), states())
    assert (done.change, done.attached) == (PolicyChange.UNCHANGED, ("orders-1",))
    assert [(each.index, each.reason) for each in done.failed] == [("orders-2", "This index is closed")]


def test_a_new_version_goes_to_the_indices_that_have_the_policy(source: FakeDomain) -> None:
    body = documents.state_policy(states(schedule="0 4 * * *"))["policy"] | {"policy_id": "nightly"}
    with_indices(source, {"orders-1": {"policy_id": "nightly"}}, body)
    found = reading.preview(place(source), states())
    assert [each.path for each in found.requests] == [
        f"{STATES}/nightly",
        "/_plugins/_ism/change_policy/orders-1",
    ]


def test_a_template_of_the_same_priority_and_pattern_is_a_problem(source: FakeDomain) -> None:
    template = [{"index_patterns": ["orders-*"], "priority": 50}]
    with_indices(source, {}, {"policy_id": "theirs", "ism_template": template})
    assert kinds(source, states()) == [PolicyProblem.PRIORITY_TAKEN]
    assert kinds(source, states(priority=51)) == []
    assert kinds(source, states(indices=("*",), priority=51)) == [PolicyProblem.TOO_WIDE]


def test_what_the_plugin_adds_by_itself_is_no_difference() -> None:
    asked = documents.state_policy(states())["policy"]
    stored = json.loads(json.dumps(asked)) | {
        "policy_id": "nightly",
        "schema_version": 21,
        "last_updated_time": 5,
    }
    stored["states"][1]["actions"][0]["retry"] = {"count": 3, "backoff": "exponential", "delay": "1m"}
    stored["ism_template"][0]["last_updated_time"] = 5
    stored["error_notification"] = None
    assert comparison.of_state_policy(stored, asked) == ()
    stored["states"][1]["actions"][0]["retry"]["count"] = 5
    assert [each.field for each in comparison.of_state_policy(stored, asked)] == ["states"]


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, ["x"], [5], [{}], {"x": 1}, True, [[{}]]])
@pytest.mark.parametrize("field", ["states", "ism_template", "description", "default_state"])
def test_parts_of_another_type_are_differences_and_no_crash(source: FakeDomain, field: str, odd: Any) -> None:
    with_indices(source, {}, {"policy_id": "nightly", field: odd}, {"policy_id": "theirs", field: odd})
    found = reading.preview(place(source), states())
    assert found.state is PolicyState.DIFFERENT
    assert PolicyProblem.NOT_OURS in [each.kind for each in found.problems]


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, ["x"], True])
@pytest.mark.parametrize("field", ["creation", "deletion", "snapshot_config", "description", "enabled"])
def test_the_same_for_snapshot_management(source: FakeDomain, field: str, odd: Any) -> None:
    Plugin(source, nightly={field: odd}, other={field: odd})
    assert reading.preview(place(source), wanted()).state is PolicyState.DIFFERENT


def test_the_documents_say_what_was_asked() -> None:
    policy = documents.snapshot_policy(
        wanted(indices=("*",), exclude=("tmp-*",), keep=Keep(age="14d", at_least=3))
    )
    assert policy["snapshot_config"]["indices"] == "*,-tmp-*,-.kibana*,-.opendistro*,-.opensearch*"
    assert policy["deletion"]["condition"] == {"max_age": "14d", "min_count": 3}
    once = documents.state_policy(states(trigger=Trigger(condition="min_size", value="50gb")))["policy"]
    assert once["states"][0]["transitions"][0]["conditions"] == {"min_size": "50gb"}
    assert once["states"][1]["transitions"] == []


def test_an_absent_policy_is_removed_without_a_request(source: FakeDomain) -> None:
    Plugin(source)
    assert reading.removal(place(source), wanted()).state is PolicyState.ABSENT
    assert changing.remove(place(source), wanted()).change is PolicyChange.ABSENT
    assert source.changing == []
