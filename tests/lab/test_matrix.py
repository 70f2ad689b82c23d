"""The main job on the pairs of versions that people migrate between, and the pairs that are refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
import rights
from configured import require_served
from healthy import STREAM_WARNING, TRUE_WARNINGS, require_healthy
from identities import Identities, allow, window_rights
from journey import require_journey
from migrations import Desk, Ended, documents, engine, kill_when, log_size, mutations, user_indices
from pairs import MIDDLE_TO_NEW, OLD_TO_MIDDLE, OLD_TO_NEW, SECURED, Pair, pair_lab
from ranks import require_ranks_told
from rounds import CUTOVER, append, cut_over, record, seeded
from ways_out import require_ways_out

from lab.description import LabDescription
from lab.filling.load import load
from lab.reset import reset
from lab.state import state

DOCUMENTS = 2000
SIDES = ("source", "target")
UNSEEN = "un\u200bse\x1b[31men\u202e\u2028"
LEFT_OUT = {"archive-2024", ".kibana_1", ".opendistro-job-scheduler-lock"}
TASKS = ".tasks"
"""Where an engine keeps the results of its tasks."""
COPIED = (
    *(".hidden-audit", "100%-sure", "a=b&c;d~(e)!@f", "cities", "empty-index", "invoices-000001"),
    *("invoices-000002", "orders", "orders-nested", "routed"),
)
STREAM_INDICES = {".ds-logs-web-000001", ".ds-logs-web-000002"}


@dataclass(frozen=True)
class Moved:
    """What the checks said before the main job, how it ended, and what the engines held afterwards."""

    checked: Ended
    ended: Ended
    source: dict[str, Any]
    target: dict[str, Any]


@contextmanager
def filled(pair: Pair, folder: Path) -> Iterator[Desk]:
    """A user at a lab of the pair whose source is filled."""
    with pair_lab(pair, folder / "lab") as lab:
        load(lab, DOCUMENTS)
        desk = Desk(lab, folder)
        desk.write()
        yield desk


def moved(desk: Desk) -> Moved:
    """Runs the checks, and the main job."""
    checked = desk.run("check", "--json")
    ended = desk.run("migrate", "--execute")
    return Moved(checked, ended, state(desk.lab, "source"), state(desk.lab, "target"))


def require_whole(result: Moved, left_out: set[str]) -> None:
    """Everything but what is left out is on the target as it is on the source; nothing else is there."""
    assert result.ended.code == 0, str(result.ended)
    source, target = result.source["indices"], result.target["indices"]
    missing = {name for name in source if name not in target}
    assert missing == left_out - set(target)
    for name in source.keys() - left_out:
        for what in ("documents", "mappings", "aliases"):
            assert target[name].get(what) == source[name].get(what), (name, what)
    assert target.keys() - source.keys() == set()


def shows_s3_only(desk: Desk) -> None:
    """That a folder stands in for S3 is invisible to the caller."""
    for side in ("source", "target"):
        domain = desk.lab.domain(side)
        said = engine(desk.lab, side, "GET", "/_snapshot/move")
        assert said["move"]["type"] == "fs"
    from requests_aws4auth import AWS4Auth

    auth = AWS4Auth(desk.lab.access_key_id, desk.lab.secret_access_key, domain.region, "es")
    shown = requests.get(f"{domain.endpoint}/_snapshot/move", auth=auth, timeout=30).json()["move"]
    assert shown["type"] == "s3"
    assert set(shown["settings"]) == {"bucket", "base_path", "role_arn", "endpoint", "readonly"}


@pytest.fixture(scope="module")
def old_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the snapshots of Elasticsearch 7.10.2 are kept for other tests."""
    return tmp_path_factory.mktemp("old")


@pytest.fixture(scope="module")
def old_to_middle(tmp_path_factory: pytest.TempPathFactory, old_folder: Path) -> Moved:
    folder = tmp_path_factory.mktemp("old-to-middle")
    with filled(OLD_TO_MIDDLE, folder) as desk:
        engine(desk.lab, "source", "PUT", f"/{quote(UNSEEN)}/_doc/1?refresh=true", {"a": 1})
        result = moved(desk)
        shows_s3_only(desk)
        shutil.copytree(Path(desk.lab.home) / "shared" / desk.lab.bucket, old_folder / "bucket")
    return result


def test_elasticsearch_7_10_to_2_19(old_to_middle: Moved) -> None:
    """Without a data stream: the build of Elasticsearch that may be shared has none."""
    require_healthy(old_to_middle.checked, TRUE_WARNINGS)
    require_whole(old_to_middle, LEFT_OUT)
    assert "logs-web" not in str(old_to_middle.ended)


def test_a_name_that_nobody_sees_moves_and_is_shown_as_an_escape(old_to_middle: Moved) -> None:
    """Elasticsearch 7.10.2 accepts it, and so does 2.19.4."""
    assert UNSEEN in old_to_middle.target["indices"]
    shown = f"{old_to_middle.checked}{old_to_middle.ended}"
    assert not {"\u200b", "\x1b", "\u202e", "\u2028"} & set(shown)


def test_2_19_to_3_6_and_an_index_from_7_10_is_refused(
    tmp_path: Path, old_to_middle: Moved, old_folder: Path
) -> None:
    with filled(MIDDLE_TO_NEW, tmp_path) as desk:
        result = moved(desk)
        require_healthy(result.checked, TRUE_WARNINGS | STREAM_WARNING)
        require_whole(result, LEFT_OUT)
        assert result.source["indices"].keys() > STREAM_INDICES
        require_ranks_told(desk)

        _restore_from_old(desk, old_folder / "bucket", "cars")
        desk.write(name="second-move")
        before = {side: state(desk.lab, side) for side in ("source", "target")}
        refused = desk.run("migrate", "--execute")
        assert refused.code == 3, str(refused)
        (told,) = [line for line in refused.out.splitlines() if "from-old-cars" in line]
        for fact in (
            "created on Elasticsearch 7.10.2",
            "reads indices created on OpenSearch 2.0.0",
            "reindex",
        ):
            assert fact in told, told
        assert {side: state(desk.lab, side) for side in before} == before
        engine(desk.lab, "source", "PUT", "/of-today/_doc/1?refresh=true", {"n": 1})
        both = {"include": ["from-old-cars", "of-today"]}
        desk.write(name="second-move", indices=both, reindex={"too_old": True})
        ended = desk.run("migrate", "--execute", "--json")
        assert ended.code == 0, str(ended)
        actions = {each["source"]: (each["action"], each["verdict"]) for each in ended.json["indices"]}
        assert actions == {"from-old-cars": ("reindex", "equal"), "of-today": ("restore", "equal")}
        assert documents(desk.lab, "target", "from-old-cars") == 406


@pytest.mark.soak
@pytest.mark.parametrize("pair", [OLD_TO_MIDDLE, MIDDLE_TO_NEW], ids=lambda pair: pair.name)
def test_the_whole_way_and_the_ways_out_between_two_versions(pair: Pair, tmp_path: Path) -> None:
    """`make soak JOB=lab`; `make test` goes it with access control, and the ways out without."""
    with filled(pair, tmp_path) as desk:
        require_journey(desk, LEFT_OUT)
        require_ways_out(desk)


def _restore_from_old(desk: Desk, bucket: Path, index: str) -> None:
    """Puts an index that was created on 7.10.2 onto the source."""
    place = Path(desk.lab.home) / "shared" / "old"
    shutil.copytree(bucket, place)
    repository = {"type": "fs", "settings": {"location": str(place / "move"), "readonly": True}}
    engine(desk.lab, "source", "PUT", "/_snapshot/old", repository)
    (snapshot,) = engine(desk.lab, "source", "GET", "/_snapshot/old/_all")["snapshots"]
    body = {"indices": index, "rename_pattern": "(.+)", "rename_replacement": "from-old-$1"}
    path = f"/_snapshot/old/{snapshot['snapshot']}/_restore?wait_for_completion=true"
    engine(desk.lab, "source", "POST", path, body)
    assert documents(desk.lab, "source", f"from-old-{index}") == 406


@pytest.fixture(scope="module")
def old_to_new(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with filled(OLD_TO_NEW, tmp_path_factory.mktemp("old-to-new")) as desk:
        yield desk


def test_7_10_to_3_6_is_refused_with_the_way_out(old_to_new: Desk) -> None:
    refused = old_to_new.run("migrate", "--execute")
    assert refused.code == 3, str(refused)
    for fact in (
        "OpenSearch 3.6.0 cannot read snapshots of Elasticsearch 7.10.2",
        "orders: created on Elasticsearch 7.10.2",
        "with reindex.too_old: true the target copies the documents itself",
    ):
        assert fact in refused.out, str(refused)
    assert mutations(old_to_new.lab, "source") == mutations(old_to_new.lab, "target") == []


def test_7_10_to_3_6_by_reindex(old_to_new: Desk) -> None:
    """What no snapshot carries there is copied by the target itself, and compared document by document."""
    desk = old_to_new
    routed = {"settings": {"index.default_pipeline": "stamp", "number_of_shards": 3}}
    engine(desk.lab, "source", "PUT", "/routed", routed)
    engine(desk.lab, "source", "PUT", "/routed/_doc/1?routing=a&refresh=true&pipeline=_none", {"n": 1.50})
    desk.write(reindex={"too_old": True}, indices={"include": [*COPIED]})
    rehearsed = desk.run("rehearse", "--only", "orders", "--execute", "--json")
    assert rehearsed.code == 0, str(rehearsed)
    assert rehearsed.json["rehearsal"]["removed"]["indices"], str(rehearsed)
    assert state(desk.lab, "target")["indices"].keys() <= {TASKS}
    checked = desk.run("check", "--json")
    assert checked.code == 0, str(checked)
    planned = desk.run("plan", "--json").json
    before = {side: log_size(desk.lab, side) for side in SIDES}
    ended = desk.run("migrate", "--execute")
    found = Moved(checked, ended, state(desk.lab, "source"), state(desk.lab, "target"))
    assert ended.code == 0, str(ended)
    assert found.target["indices"].keys() - {TASKS} == set(COPIED)
    for name in COPIED:
        for what in ("documents", "mappings", "aliases"):
            assert found.target["indices"][name].get(what) == found.source["indices"][name].get(what), name
    assert _changes(desk, "source", before) == []  # neither a registration nor a snapshot
    settings = engine(desk.lab, "target", "GET", "/routed/_settings?flat_settings=true")["routed"]["settings"]
    assert settings["index.default_pipeline"] == "stamp"
    assert "index.refresh_interval" not in settings
    (routed_there,) = engine(desk.lab, "target", "GET", "/routed/_search")["hits"]["hits"]
    assert (routed_there["_routing"], routed_there["_source"]) == ("a", {"n": 1.5})
    assert _changes(desk, "target", before) == [
        f"{each['method']} {each['path']}" for each in planned["requests"]
    ]
    report = desk.report()
    assert {index["action"] for index in report["indices"]} == {"reindex"}
    assert {index["verdict"] for index in report["indices"]} == {"equal"}


def _changes(desk: Desk, side: str, before: dict[str, int]) -> list[str]:
    return [each for each in mutations(desk.lab, side, before[side]) if not each.endswith("_refresh")]


def test_a_copying_that_was_killed_goes_on_and_is_found_again(old_to_new: Desk) -> None:
    desk = old_to_new
    bulk = "".join(f'{{"index":{{"_id":"{n}"}}}}\n{{"n":{n}}}\n' for n in range(600))
    reply = requests.post(
        f"{desk.lab.source.engine_url}/late/_bulk?refresh=true",
        data=bulk,
        headers={"content-type": "application/x-ndjson"},
        timeout=60,
    )
    assert reply.ok, reply.text
    slowly = {"too_old": True, "batch": 100, "requests_per_second": 100}
    desk.write(name="later-move", indices={"include": ["late"]}, reindex=slowly)
    before = log_size(desk.lab, "target")
    process = desk.start("migrate", "--execute")
    kill_when(process, lambda: _is_copying(desk))
    ended = desk.run("migrate", "--execute")
    assert ended.code == 0, str(ended)
    assert documents(desk.lab, "target", "late") == 600
    sent = mutations(desk.lab, "target", before)
    assert sent.count("PUT /late") == sent.count("POST /_reindex") == 1
    aliases = engine(desk.lab, "target", "GET", "/late/_alias")["late"]["aliases"]
    assert aliases == {}  # what marked the index as the run's is gone


def _is_copying(desk: Desk) -> bool:
    tasks = engine(desk.lab, "target", "GET", "/_tasks?actions=*reindex")["nodes"]
    return bool(tasks) and '"task"' in "".join(
        file.read_text(encoding="utf-8") for file in desk.folder.rglob("later-move/*.json")
    )


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Two domains with fine-grained access control, and a caller mapped as docs/access.md says."""
    with filled(SECURED, tmp_path_factory.mktemp("secured")) as desk:
        yield desk


def test_2_19_to_2_19_both_with_access_control(secured: Desk) -> None:
    with window_rights(secured.lab, None):  # a migration needs none of them
        result = moved(secured)
    not_asked = {"indices.policies"}  # it takes one more right (docs/access.md)
    require_healthy(result.checked, TRUE_WARNINGS | STREAM_WARNING | not_asked)
    require_whole(result, LEFT_OUT | {".opendistro_security"})
    assert result.source["indices"].keys() > STREAM_INDICES
    shows_s3_only(secured)


VECTORS = {
    "settings": {"index.knn": True, "number_of_replicas": 0},
    "mappings": {
        "properties": {
            "where": {
                "type": "knn_vector",
                "dimension": 3,
                "method": {"name": "hnsw", "engine": "lucene", "space_type": "l2"},
            }
        }
    },
}


def test_a_vector_index_is_moved_and_finds_the_same_neighbours(secured: Desk) -> None:
    """By Lucene's engine: the published k-NN plugin comes without the native libraries of the others."""
    lab = secured.lab
    engine(lab, "source", "PUT", "/vectors", VECTORS)
    for number in range(20):
        body = {"where": [number, number * 0.1, -number], "n": number}
        engine(lab, "source", "PUT", f"/vectors/_doc/{number}?refresh=true", body)
    nearest = {"query": {"knn": {"where": {"vector": [7.2, 0.7, -7], "k": 3}}}}
    query = {"index": "vectors", **nearest, "equal": True}
    verify = {"level": "content", "sample": 1.0, "queries": [query]}
    secured.write(name="vectors-move", indices={"include": ["vectors"]}, verify=verify)
    ended = secured.run("migrate", "--execute", "--json")
    assert ended.code == 0, str(ended)
    assert "20 documents compared" in ended.json["indices"][0]["detail"]
    found = [engine(lab, side, "POST", "/vectors/_search", nearest)["hits"]["hits"] for side in SIDES]
    assert [hit["_id"] for hit in found[0]] == ["7", "8", "6"]
    assert found[0] == found[1]


def test_seed_and_cut_over_with_access_control_and_clients_that_write(secured: Desk) -> None:
    reset(secured.lab)
    load(secured.lab, DOCUMENTS)
    require_journey(secured, LEFT_OUT | {".opendistro_security"})


@contextmanager
def without_on_target(lab: LabDescription, action: str) -> Iterator[None]:
    """The migrator's role for a window lacks this action on the target for the block."""
    path = "/_plugins/_security/api/roles/snapferry-window"
    told = engine(lab, "target", "GET", path)["snapferry-window"]
    (index,) = told["index_permissions"]
    left = [each for each in index["allowed_actions"] if each != action]
    assert left != index["allowed_actions"]
    kept = {"cluster_permissions": told["cluster_permissions"]}
    one = {"index_patterns": index["index_patterns"], "allowed_actions": left}
    engine(lab, "target", "PUT", path, {**kept, "index_permissions": [one]})
    try:
        yield
    finally:
        whole = {**one, "allowed_actions": index["allowed_actions"]}
        engine(lab, "target", "PUT", path, {**kept, "index_permissions": [whole]})


def seeded_and_changed(desk: Desk, name: str) -> None:
    """Two copies; of one the index has more documents now, and a mapping with a new field."""
    reset(desk.lab)
    for index in ("first", "second"):
        engine(desk.lab, "source", "PUT", f"/{index}", {"settings": {"number_of_replicas": 0}})
        append(desk.lab, index, 30)
    desk.write(name=name, cutover={**CUTOVER, "delta": "tail"})
    seeded(desk)
    append(desk.lab, "first", 5)
    engine(desk.lab, "source", "PUT", "/first/_mapping", {"properties": {"late": {"type": "keyword"}}})


def test_the_tail_needs_no_rights_but_those_that_the_documents_name(secured: Desk) -> None:
    seeded_and_changed(secured, "by-the-tail")
    ended = cut_over(secured)
    assert ended.code == 0, str(ended)
    proof = record(secured.journal(), "prove")
    assert (proof["proved"], proof["differences"]) == (["first"], {}), proof
    assert "restore" not in secured.journal()["steps"]
    assert documents(secured.lab, "target", "first") == 35


@pytest.mark.parametrize("action", ["indices:data/write/bulk*", "indices:admin/mapping/put"])
def test_without_a_right_of_the_tail_an_index_goes_by_a_restore(secured: Desk, action: str) -> None:
    seeded_and_changed(secured, f"without-{action.rpartition('/')[2].rstrip('*')}")
    with without_on_target(secured.lab, action):
        ended = cut_over(secured)
    assert ended.code == 0, str(ended)
    assert "no permissions for" in ended.out + ended.err, str(ended)
    assert "first" in {each["target"] for each in record(secured.journal(), "restore")["indices"]}
    assert documents(secured.lab, "target", "first") == 35


def test_the_window_takes_the_rights_that_the_documents_name(secured: Desk) -> None:
    for side in ("source", "target"):
        engine(secured.lab, side, "PUT", "/freeze-me", {"settings": {"number_of_replicas": 0}})
    with window_rights(secured.lab, None):
        for side, method, path, body in WINDOW_REQUESTS:
            refused = signed(secured, side, method, path, body)
            assert refused.status_code == 403, (path, refused.text)
            assert "no permissions for [indices:" in refused.json()["error"]["reason"]
    for side, method, path, body in WINDOW_REQUESTS:
        done = signed(secured, side, method, path, body)
        assert done.status_code == 200, (path, done.text)
        said = done.json()
        failed = said.get("errors", said.get("_shards", {}).get("failed") != 0)
        assert said.get("acknowledged", not failed) is True, (path, said)


def test_without_the_right_to_the_shards_an_index_is_left_blocked_and_not_acknowledged(secured: Desk) -> None:
    """Why docs/access.md writes stars."""
    engine(secured.lab, "source", "PUT", "/half-blocked", {"settings": {"number_of_replicas": 0}})
    with window_rights(secured.lab, ["indices:admin/block/add"]):
        half = signed(secured, "source", "PUT", "/half-blocked/_block/write")
    assert (half.status_code, half.json()["acknowledged"]) == (200, False)
    written = signed(secured, "source", "PUT", "/half-blocked/_doc/1", {"n": 1})
    assert written.status_code == 403
    settings = engine(secured.lab, "source", "GET", "/half-blocked/_settings?flat_settings=true")
    assert settings["half-blocked"]["settings"]["index.blocks.write"] == "true"
    engine(secured.lab, "source", "DELETE", "/half-blocked")


WINDOW_REQUESTS: tuple[tuple[str, str, str, Any], ...] = (
    ("source", "POST", "/freeze-me/_flush", None),
    ("source", "PUT", "/freeze-me/_block/write", None),
    ("source", "PUT", "/freeze-me/_settings", {"index.blocks.write": None}),
    ("target", "POST", "/freeze-me/_close", None),
    ("target", "POST", "/freeze-me/_open", None),
    ("target", "PUT", "/freeze-me/_settings", {"index.refresh_interval": "5s"}),
    ("target", "POST", "/_aliases", {"actions": [{"add": {"index": "freeze-me", "alias": "me"}}]}),
    ("target", "PUT", "/freeze-me/_mapping", {"properties": {"n": {"type": "long"}}}),
    ("target", "POST", "/freeze-me/_bulk", '{"index":{"_id":"1"}}\n{"n":1}\n{"delete":{"_id":"1"}}\n'),
    ("target", "PUT", "/freeze-me/_block/write", None),
    ("target", "DELETE", "/freeze-me", None),
)


def signed(desk: Desk, side: str, method: str, path: str, body: Any = None) -> requests.Response:
    """A request of the lab's migrator, through the front door."""
    from requests_aws4auth import AWS4Auth

    domain = desk.lab.domain(side)
    auth = AWS4Auth(desk.lab.access_key_id, desk.lab.secret_access_key, domain.region, "es")
    if isinstance(body, str):
        kind = {"content-type": "application/x-ndjson"}
        return requests.request(
            method, f"{domain.endpoint}{path}", data=body, headers=kind, auth=auth, timeout=30
        )
    return requests.request(method, f"{domain.endpoint}{path}", json=body, auth=auth, timeout=30)


def test_a_caller_that_access_control_does_not_know(secured: Desk) -> None:
    from dataclasses import replace

    account = Identities(secured.lab)
    user = account.user(allow("es:*"), allow("iam:PassRole"))
    stranger = replace(
        secured, lab=replace(secured.lab, access_key_id=user.key, secret_access_key=user.secret)
    )
    secured.write(name="strangers-move")
    checked = stranger.run("check", "--json")
    failed = [record for record in checked.json["checks"] if record["status"] == "FAIL"]
    assert {record["id"] for record in failed} == {"domains.access-control"}, failed
    assert all(user.arn in record["hint"] for record in failed)
    before = {side: set(user_indices(secured.lab, side)) for side in ("source", "target")}
    refused = stranger.run("migrate", "--execute")
    assert refused.code == 3, str(refused)
    (told,) = [line for line in refused.err.splitlines() if line.startswith("next: ")]
    for fact in ("fine-grained access control", user.arn, "map it there to"):
        assert fact in told, told
    assert {side: set(user_indices(secured.lab, side)) for side in before} == before
    account.remove()


def test_the_security_index_and_the_global_state_are_refused_by_the_plugin(secured: Desk) -> None:
    """The real plugin's words, as the service gives them."""
    from requests_aws4auth import AWS4Auth

    lab = secured.lab
    auth = AWS4Auth(lab.access_key_id, lab.secret_access_key, lab.source.region, "es")
    base = lab.source.endpoint
    engine(lab, "source", "PUT", "/ours", {"settings": {"number_of_replicas": 0}})
    place = {"bucket": lab.bucket, "base_path": "everything", "role_arn": lab.role_arn}
    registered = signed(secured, "source", "PUT", "/_snapshot/move", {"type": "s3", "settings": place})
    assert registered.ok, registered.text
    taken = requests.put(f"{base}/_snapshot/move/everything?wait_for_completion=true", auth=auth, timeout=60)
    assert taken.json()["snapshot"]["state"] == "SUCCESS"
    assert ".opendistro_security" in taken.json()["snapshot"]["indices"]
    for body in ({}, {"indices": "ours", "include_global_state": True}):
        said = requests.post(f"{base}/_snapshot/move/everything/_restore", json=body, auth=auth, timeout=60)
        error = said.json()["error"]
        assert (said.status_code, error["type"]) == (403, "security_exception")
        who = "User [name=arn:aws:iam::123456789012:user/migrator, backend_roles=[], requestedTenant=null]"
        assert error["reason"] == f"no permissions for [] and {who}"
    engine(lab, "source", "DELETE", "/ours")


def test_a_domain_serves_on_the_target_as_on_the_source_after_its_metadata_is_copied(secured: Desk) -> None:
    """Templates, pipelines, scripts, access control and an alias; killed in the middle, and resumed."""
    require_served(secured)


@pytest.mark.soak
def test_ways_out_of_a_window_with_access_control(secured: Desk) -> None:
    require_ways_out(secured)


SAMPLE = (
    "s3:PutObject on",
    "iam:PassRole on",
    "es:ESHttpPut on arn:aws:es:eu-west-1",
    "domain/orders-target (trust",
    "manage_snapshots (mapping on the target",
    "cluster_monitor (role snapferry-from-nothing on the source",
    "es:DescribeDomainReplication on arn:aws:es:eu-west-1",
    "es:DescribeDomainChangeProgress on arn:aws:es:us-east-1",
    "cluster:admin/opendistro/ism/managedindex/explain (role snapferry-from-nothing on the source",
)
"""Rights that are taken away here; `make soak JOB=rights` takes away each."""


def test_from_nothing_with_an_administrators_key_alone(secured: Desk) -> None:
    lab = secured.lab
    reset(lab)
    load(lab, DOCUMENTS)
    before = [access_control_of(secured, side) for side in SIDES]
    with rights.administrator(secured) as admin:
        sizes = {side: len(mutations(lab, side)) for side in SIDES}
        preview = admin.access("apply")
        assert preview.code == 0, str(preview)
        assert {side: len(mutations(lab, side)) for side in SIDES} == sizes
        made = admin.access("apply", "--execute", "--for", "cutover")
        assert made.code == 0, str(made)
        assert admin.access("diff", "--for", "cutover").code == 0
        result = moved(secured)
        require_healthy(result.checked, TRUE_WARNINGS | STREAM_WARNING)
        require_whole(result, LEFT_OUT | {".opendistro_security"})
        rights.forget(secured)
        printed = admin.access("print", "--json").json["access"]
        groups = rights.groups_of(lab)
        every = list(rights.rights(secured, printed))
        chosen = [each for each in every if any(part in str(each) for part in SAMPLE)]
        assert len(chosen) == len(SAMPLE), [str(each) for each in chosen]
        for right in chosen:
            missed = rights.missed(secured, right, groups)
            assert missed.by == "check", (str(right), missed)
        removed = admin.access("remove", "--execute")
        assert removed.code == 0, str(removed)
    assert [access_control_of(secured, side) for side in SIDES] == before


def access_control_of(desk: Desk, side: str) -> tuple[Any, Any]:
    """Who is mapped to which role, and the roles that are not the plugin's own."""
    mappings = engine(desk.lab, side, "GET", "/_plugins/_security/api/rolesmapping")
    roles = engine(desk.lab, side, "GET", "/_plugins/_security/api/roles")
    return mappings, {name for name, told in roles.items() if not told.get("static")}
