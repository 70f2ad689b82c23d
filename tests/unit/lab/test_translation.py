"""Callers see registrations as they made them, by whatever part of a reply they ask for."""

from __future__ import annotations

import json

import pytest
from support.small_lab import SmallLab

from lab.door import filter_path
from lab.door.repositories import Registration
from lab.door.translation import for_engine

MADE = {"type": "s3", "settings": {"base_path": "a/b", "bucket": "snapshots", "readonly": "true"}}
HELD = json.loads(for_engine(Registration("r", MADE), "/the/shared/folder") or b"")
STATE = {
    "cluster_name": "c",
    "metadata": {"repositories": {"r": {**HELD, "generation": 3}}, "indices": {"books": {"state": "open"}}},
}
SETTINGS = MADE["settings"]


@pytest.fixture
def lab(tmp_path):
    lab = SmallLab(tmp_path)
    for path in ("/_snapshot", "/_snapshot/r", "/_snapshot/*", "/_snapshot/_all"):
        lab.engine.on(f"GET {path}", 200, {"r": HELD})
    lab.engine.on("GET /_cluster/state", 200, STATE)
    lab.engine.on("GET /_cluster/state/metadata", 200, STATE)
    return lab


@pytest.mark.parametrize("path", ["/_snapshot", "/_snapshot/r", "/_snapshot/*", "/_snapshot/_all"])
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"r": MADE}),
        ("?flat_settings=true&pretty", {"r": MADE}),
        ("?format=yaml", {"r": MADE}),
        ("?filter_path=*.type,*.settings.location", {"r": {"type": "s3"}}),
        ("?filter_path=r.settings.bucket&flat_settings=true", {"r": {"settings": {"bucket": "snapshots"}}}),
        ("?filter%5Fpath=**.location", {}),
        ("?filter_path=**.lab_registered", {}),
        ("?filter_path=*.settings", {"r": {"settings": SETTINGS}}),
        ("?filter_path=-*.settings", {"r": {"type": "s3"}}),
        ("?filter_path=", {"r": MADE}),
    ],
)
def test_the_folder_does_not_show_through_a_filter(lab, path, query, shown):
    reply = lab.call("GET", path + query)
    assert (reply.status_code, reply.json()) == (200, shown)
    assert "shared" not in reply.text
    (asked,) = lab.engine.seen
    assert "filter" not in asked.target and "yaml" not in asked.target
    assert asked.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("query", "asked", "shown"),
    [
        (
            "?filter_path=metadata.repositories",
            "?filter_path=metadata.repositories,metadata.repositories",
            {"metadata": {"repositories": {"r": {**MADE, "generation": 3}}}},
        ),
        (
            "?filter_path=metadata.**.type,metadata.**.location",
            "?filter_path=metadata.**.type,metadata.**.location,metadata.repositories",
            {"metadata": {"repositories": {"r": {"type": "s3"}}}},
        ),
        (
            "?local=true&filter_path=metadata.indices,-**.settings",
            "?local=true&filter_path=metadata.indices,metadata.repositories",
            {"metadata": {"indices": {"books": {"state": "open"}}}},
        ),
        (
            "?filter_path=-metadata.repositories&flat_settings=true",
            "?flat_settings=true",
            {"cluster_name": "c", "metadata": {"indices": {"books": {"state": "open"}}}},
        ),
    ],
)
@pytest.mark.parametrize("path", ["/_cluster/state", "/_cluster/state/metadata"])
def test_nor_in_the_clusters_state_of_which_no_more_is_asked_for(lab, path, query, asked, shown):
    assert lab.call("GET", path + query).json() == shown
    assert lab.reached == [f"GET {path}{asked}"]


def test_what_shows_no_registration_passes_as_it_is(lab):
    for path in (
        "/_cluster/state/routing_table,nodes/books?filter_path=routing_table.**",
        "/_snapshot/_status?filter_path=snapshots.state&format=yaml",
        "/_snapshot/r/_all?filter_path=snapshots.*",
        "/_cat/indices?format=yaml&filter_path=x",
    ):
        assert lab.call("GET", path).status_code == 200
        assert lab.reached[-1] == f"GET {path}"


def test_an_error_is_shown_whatever_was_asked_for(lab):
    missing = {"error": {"root_cause": [], "type": "repository_missing_exception"}, "status": 404}
    lab.engine.on("GET /_snapshot/none", 404, missing)
    reply = lab.call("GET", "/_snapshot/none?filter_path=*.type")
    assert (reply.status_code, reply.json()) == (404, missing)


R = {"type": "s3", "settings": {"bucket": "b", "base_path": "a/b"}}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("*.type,-r.*", {"y": {"type": "s3"}}),
        ("*.settings.b*", {"r": {"settings": R["settings"]}, "y": {"settings": R["settings"]}}),
        ("nothing", {}),
        ("-*.settings.*", {"r": {"type": "s3"}, "y": {"type": "s3"}}),
        ("r.*,-**.bucket", {"r": {"type": "s3", "settings": {"base_path": "a/b"}}}),
        ("**.bucket", {"r": {"settings": {"bucket": "b"}}, "y": {"settings": {"bucket": "b"}}}),
        ("r.**", {"r": R}),
        (" *.type ,", {"r": {"type": "s3"}, "y": {"type": "s3"}}),
        ("**", {"r": R, "y": R}),
        ("r.type.deeper", {}),
        ("-**", {}),
    ],
)
def test_a_filter_shows_what_a_real_engine_shows(written, shown):
    """All but the last three were watched on 3.6.0."""
    found = filter_path.parse(written)
    assert found is not None
    assert found.applied({"r": R, "y": R}) == shown


def test_a_filter_sees_through_lists_and_dots():
    document = {"a.b": 1, "rows": [{"x": 1, "y": 2}, {"y": 3}, 4], "empty": []}
    shown = {
        "rows.x": {"rows": [{"x": 1}]},
        "a\\.b": {"a.b": 1},
        "a.b": {},
        "-rows.y": {"a.b": 1, "rows": [{"x": 1}, 4], "empty": []},
        "empty,e*y.x": {"empty": []},
    }
    for written, wanted in shown.items():
        found = filter_path.parse(written)
        assert found is not None and found.applied(document) == wanted, written
