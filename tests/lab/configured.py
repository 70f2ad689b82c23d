"""A domain that serves: templates, pipelines, scripts, access control, an alias; and what must come of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import requests
from identities import Identities, User, allow, document
from migrations import Desk, Ended, documents, engine, kill_when, log_size, mutations
from requests_aws4auth import AWS4Auth

from lab.description import LabDescription, child_environment
from lab.reset import reset

MASTER = "master"
INDEX, ALIAS, PIPELINE = "m-orders-1", "m-orders", "m-stamp"
SECURITY = "/_plugins/_security/api"
MADE = (
    "rolesmapping/m-clerk",
    "roles/m-clerk",
    "actiongroups/m-using",
    "tenants/m-sales",
    "internalusers/m-anna",
)
OURS = {"names": {"include": ["m-*", "cluster.*", "action.*"]}}
"""The pair's own roles differ from side to side."""


@contextmanager
def administrator(desk: Desk) -> Iterator[Desk]:
    """The same desk with the domains' master user, for the block: only it writes access control."""
    account = Identities(desk.lab)
    account.iam.create_user(UserName=MASTER)
    account.iam.put_user_policy(
        UserName=MASTER,
        PolicyName="all",
        PolicyDocument=document(allow("es:*"), allow("iam:PassRole"), allow("s3:*")),
    )
    key = account.iam.create_access_key(UserName=MASTER)["AccessKey"]
    lab = replace(desk.lab, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    try:
        yield replace(desk, lab=lab)
    finally:
        account.iam.delete_access_key(UserName=MASTER, AccessKeyId=key["AccessKeyId"])
        account.iam.delete_user_policy(UserName=MASTER, PolicyName="all")
        account.iam.delete_user(UserName=MASTER)
        account.remove()


def metadata(desk: Desk, verb: str, *options: str) -> Ended:
    """`snapferry metadata VERB PLAN …` in this process."""
    return desk.command("metadata", verb, str(desk.plan_file), *options)


def started_copy(desk: Desk) -> subprocess.Popen[str]:
    """`metadata copy --execute` in a process of its own, to be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "snapferry", "metadata", "copy", str(desk.plan_file), "--execute"],
        env=child_environment(desk.lab) | desk.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def templates() -> Iterator[tuple[str, dict[str, Any]]]:
    """Thirty templates: composable ones, one of them of data streams, and legacy ones."""
    for number in range(19):
        settings = {"index": {"number_of_replicas": 0, "refresh_interval": f"{number + 1}s"}}
        body = {"index_patterns": [f"m-t{number}-*"], "priority": number, "template": {"settings": settings}}
        yield f"/_index_template/m-t{number}", body
    stream = {"index_patterns": ["m-stream-*"], "data_stream": {}, "priority": 200}
    yield "/_index_template/m-stream", stream
    for number in range(9):
        yield (
            f"/_template/m-old{number}",
            {"index_patterns": [f"m-old{number}-*"], "settings": {"number_of_shards": 2}},
        )
    mappings = {"properties": {"n": {"type": "integer"}, "state": {"type": "keyword"}}}
    orders = {"settings": {"number_of_replicas": 0}, "mappings": mappings}
    yield "/_template/m-orders", {"index_patterns": ["m-orders-*"], "order": 5, **orders}


def pipelines() -> Iterator[tuple[str, dict[str, Any]]]:
    """Ten pipelines; the first uses a stored script and the second pipeline."""
    steps = [
        {"set": {"field": "state", "value": "new"}},
        {"script": {"id": "m-double"}},
        {"pipeline": {"name": "m-p1"}},
    ]
    yield f"/_ingest/pipeline/{PIPELINE}", {"description": "stamp", "processors": steps}
    for number in range(1, 10):
        step = {"set": {"field": f"p{number}", "value": number}}
        yield f"/_ingest/pipeline/m-p{number}", {"processors": [step]}


def serve(lab: LabDescription, clerk: User) -> None:
    """Configure the source."""
    double = {"script": {"lang": "painless", "source": "ctx.twice = ctx.n * 2"}}
    engine(lab, "source", "PUT", "/_scripts/m-double", double)
    engine(lab, "source", "PUT", "/_cluster/settings", {"persistent": {"cluster.max_shards_per_node": 1234}})
    for path, body in (*pipelines(), *templates()):
        engine(lab, "source", "PUT", path, body)
    engine(lab, "source", "PUT", f"{SECURITY}/actiongroups/m-using", {"allowed_actions": ["read", "write"]})
    rights = {"index_patterns": ["m-orders*"], "allowed_actions": ["m-using", "indices:admin/mapping/put"]}
    role = {"cluster_permissions": ["cluster_composite_ops"], "index_permissions": [rights]}
    engine(lab, "source", "PUT", f"{SECURITY}/roles/m-clerk", role)
    engine(lab, "source", "PUT", f"{SECURITY}/rolesmapping/m-clerk", {"users": [clerk.arn]})
    engine(lab, "source", "PUT", f"{SECURITY}/tenants/m-sales", {"description": "Sales"})
    anna = {"password": "Str0ng!pass-of-anna", "backend_roles": ["m-staff"], "attributes": {"floor": "3"}}
    engine(lab, "source", "PUT", f"{SECURITY}/internalusers/m-anna", anna)
    engine(lab, "source", "PUT", f"/{INDEX}", {"aliases": {ALIAS: {"is_write_index": True}}})
    engine(lab, "source", "PUT", f"/{INDEX}/_doc/1?refresh=true&pipeline={PIPELINE}", {"n": 1})


POLICY = {
    "description": "for ever",
    "default_state": "hot",
    "states": [
        {"name": "hot", "actions": [], "transitions": [{"state_name": "cold"}]},
        {"name": "cold", "actions": [{"read_only": {}}], "transitions": []},
    ],
}
CHANNEL = {
    "config_type": "slack",
    "name": "m-ops",
    "slack": {"url": "https://hooks.slack.com/services/T0/B0/x"},
}
MONITOR = {"type": "monitor", "name": "m-errors", "schedule": {"period": {"interval": 5, "unit": "MINUTES"}}}
ISM = "/_plugins/_ism"
PLUGINS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PUT", f"{ISM}/policies/m-keeping", {"policy": POLICY}),
    ("POST", f"{ISM}/add/{INDEX}", {"policy_id": "m-keeping"}),
    ("POST", "/_plugins/_notifications/configs", {"config_id": "m-channel", "config": CHANNEL}),
    ("POST", "/_plugins/_alerting/monitors", MONITOR),
)
"""For the plugins that the lab's front door emulates."""


def signed(desk: Desk, side: str, method: str, path: str, body: Any = None) -> requests.Response:
    """A request of the desk's user, through the front door."""
    domain = desk.lab.domain(side)
    auth = AWS4Auth(desk.lab.access_key_id, desk.lab.secret_access_key, domain.region, "es")
    return requests.request(method, f"{domain.endpoint}{path}", json=body, auth=auth, timeout=30)


def forget(lab: LabDescription) -> None:
    """Remove what `reset` does not: scripts and access control."""
    for side in ("source", "target"):
        for path in ("/_scripts/m-double", *(f"{SECURITY}/{each}" for each in MADE)):
            with suppress(AssertionError):  # it is not there
                engine(lab, side, "DELETE", path)


def as_user(lab: LabDescription, user: User, side: str, method: str, path: str, body: Any = None) -> Any:
    """A request of this user, through the front door."""
    domain = lab.domain(side)
    auth = AWS4Auth(user.key, user.secret, domain.region, "es")
    return requests.request(method, f"{domain.endpoint}{path}", json=body, auth=auth, timeout=30)


def require_served(desk: Desk) -> None:
    """All of it, on a pair with access control: refused, killed, resumed, migrated, served, and in sync."""
    reset(desk.lab)
    forget(desk.lab)
    account = Identities(desk.lab)
    clerk = account.user(allow("es:*"))
    serve(desk.lab, clerk)
    theirs = {"index_patterns": ["m-t0-*"], "priority": 777}
    engine(desk.lab, "target", "PUT", "/_index_template/m-t0", theirs)
    with administrator(desk) as master:
        plan = {"name": "serving", "indices": {"include": ["m-orders-*"]}, "restore": {"aliases": False}}
        master.write(**plan, metadata=OURS)
        for method, path, body in PLUGINS:
            made = signed(master, "source", method, path, body)
            assert made.ok, (path, made.text)
        _refused(master)
        master.write(**plan, metadata={**OURS, "conflicts": "skip"})
        _killed_and_resumed(master)
        moved = master.run("migrate", "--execute")
        assert moved.code == 0, str(moved)
        served = metadata(master, "copy", "--execute")
        assert served.code == 0, str(served)
        _attached(master)
        second = metadata(master, "diff", "--attach", "--json")
        assert second.code == 0, str(second)
        second = metadata(master, "diff", "--json")
        assert second.code == 0, str(second)
        states = {item["state"] for item in second.json["items"] if item["left"] is None}
        kinds = {item["kind"] for item in second.json["items"]}
        assert states == {"in sync"} and kinds > {"index-policies", "notification-channels", "monitors"}, (
            second.out
        )
        assert metadata(master, "copy", "--execute", "--json").json["outcomes"] == []
    kept = engine(desk.lab, "target", "GET", "/_index_template/m-t0")["index_templates"][0]["index_template"]
    assert kept["priority"] == 777
    _same_document(desk.lab, clerk)
    account.remove()
    forget(desk.lab)


def _refused(desk: Desk) -> None:
    """One template differs: nothing is changed, and the field is named."""
    before = log_size(desk.lab, "target")
    ended = metadata(desk, "copy", "--execute")
    assert ended.code == 3, str(ended)
    assert "Diverged: index template m-t0" in ended.out and "priority" in ended.out
    assert mutations(desk.lab, "target", before) == []


def _attached(desk: Desk) -> None:
    """The index is under its policy once the user asks for that, and not before."""
    path = f"{ISM}/explain/{INDEX}"
    before, attached = signed(desk, "target", "GET", path), metadata(desk, "copy", "--attach", "--execute")
    assert "m-keeping" not in before.text, before.text
    assert attached.code == 0, str(attached)
    assert "m-keeping" in signed(desk, "target", "GET", path).text


def _killed_and_resumed(desk: Desk) -> None:
    before = log_size(desk.lab, "target")
    process = started_copy(desk)
    kill_when(process, lambda: len(mutations(desk.lab, "target", before)) >= 15)
    halfway = metadata(desk, "diff")
    assert halfway.code == 4, str(halfway)
    resumed = metadata(desk, "copy", "--execute")
    assert resumed.code == 0, str(resumed)
    assert "set a password for m-anna" in resumed.out.replace("\n", " "), resumed.out
    sent = [line for line in mutations(desk.lab, "target", before) if line.startswith("PUT")]
    assert len(sent) <= len(set(sent)) + 1, "only the write that the kill has interrupted may be sent twice"


def _same_document(lab: LabDescription, clerk: User) -> None:
    """Indexed by somebody who is no administrator, through alias and pipeline, on both sides."""
    found = []
    for side in ("source", "target"):
        refused = as_user(lab, clerk, side, "GET", f"{SECURITY}/roles")
        assert refused.status_code == 403, refused.text
        done = as_user(
            lab, clerk, side, "PUT", f"/{ALIAS}/_doc/7?pipeline={PIPELINE}&refresh=true", {"n": 21}
        )
        assert done.status_code == 201, done.text
        found.append(as_user(lab, clerk, side, "GET", f"/{ALIAS}/_doc/7").json())
    assert found[0]["_source"] == {"n": 21, "twice": 42, "state": "new", "p1": 1}
    assert found[0]["_source"] == found[1]["_source"] and found[0]["_index"] == found[1]["_index"]
    assert documents(lab, "target", INDEX) == documents(lab, "source", INDEX) == 2
