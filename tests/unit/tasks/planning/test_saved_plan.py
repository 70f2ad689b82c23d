"""Saved plans: the file, what makes one untrue, and what does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.building import a_document, a_plan, a_resolution, a_stream_unit, a_unit
from typer.testing import CliRunner

from configs.loading.loader import is_resolved
from configs.loading.problems import PlanError
from flows.sessions.saved_plans import plan_in, read, save, text_of
from reports.words import estimates as words
from snapferry.main import app
from tasks.errors import PreconditionError
from tasks.estimates.estimate import estimate
from tasks.planning.saved_plan import differences, require_unchanged, seal
from tasks.records.estimates import Workload
from tasks.records.plan_document import PlanDocument
from tasks.records.resolution import ClusterRecord, Resolution, Unit

BACKING = (".ds-logs-000001", ".ds-logs-000002")


def resolution(*units: Unit, **changes: Any) -> Resolution:
    return a_resolution(*(units or (a_unit("a"), a_unit("b")))).model_copy(update=changes)


def changed_index(unit: Unit, **changes: Any) -> Unit:
    """The unit, with its first index changed."""
    first = unit.indices[0].model_copy(update=changes)
    return unit.model_copy(update={"indices": (first, *unit.indices[1:])})


def cluster(record: ClusterRecord, **changes: Any) -> ClusterRecord:
    return record.model_copy(update=changes)


# the file


@pytest.mark.parametrize("name", ["saved.yaml", "saved.json", "saved.txt"])
def test_a_saved_plan_is_read_as_it_was_written_whatever_the_file_is_called(
    tmp_path: Path, name: str
) -> None:
    document = a_document(resolution(), a_plan(snapshot={"wait_for_running": "1h30m"}))
    save(document, tmp_path / name)
    assert is_resolved(tmp_path / name)
    found = read(tmp_path / name)
    assert found == document
    assert plan_in(found, tmp_path / name) == a_plan(snapshot={"wait_for_running": "1h30m"})


def test_a_plan_is_no_saved_plan(tmp_path: Path) -> None:
    others = ("kind: plan\nname: saved-plan\n", "x: {kind: saved-plan}\n", "name: x\nkind: saved-plan\n")
    for text in ("name: x\n", "", *others):
        (tmp_path / "plan.yaml").write_text(text)
        assert not is_resolved(tmp_path / "plan.yaml")
    assert not is_resolved(tmp_path / "missing.yaml")
    assert not is_resolved(tmp_path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("run_id",), "20260101-000000000-0000"),
        (("plan", "repository", "bucket"), "elsewhere"),
        (("resolution", "units", 0, "target"), "another"),
        (("mappings", "a"), "x"),
        (("hash",), "sha256:0"),
    ],
)
def test_an_edited_file_is_refused(tmp_path: Path, path: tuple[Any, ...], value: str) -> None:
    content = json.loads(text_of(a_document(resolution()), as_json=True))
    place = content
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    (tmp_path / "saved.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(PlanError, match="changed after it was saved"):
        read(tmp_path / "saved.yaml")


def test_what_a_rehearsal_would_do_is_not_executed(tmp_path: Path) -> None:
    document = seal(a_document(resolution()).model_copy(update={"kind": "rehearsal-plan"}))
    file = tmp_path / "rehearsal.json"
    file.write_text(document.model_dump_json(indent=2))
    for verb in ("migrate", "plan"):
        result = CliRunner().invoke(app, [verb, str(file), "--state", str(tmp_path / "state")])
        assert (result.exit_code, result.stdout) == (2, "")
        assert "this shows what a rehearsal would do, and cannot be executed" in result.stderr
        assert "rehearse the plan that it was made from" in result.stderr


@pytest.mark.parametrize("place", [".", "folder", "..", ""])
def test_it_is_not_written_over_a_folder_and_nothing_is_left_behind(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IsADirectoryError):
        save(a_document(resolution()), Path(place))
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


@pytest.mark.parametrize(
    "text",
    [
        "kind: saved-plan\n",
        "kind: saved-plan\n: : :",
        "kind: saved-plan\nplan: [",
        '{"kind": "saved-plan", "format": 9}',
        "kind: saved-plan\nmade: 2026-11-24\n",
        "- 1",
        "",
    ],
)
def test_half_a_file_is_refused_in_words(tmp_path: Path, text: str) -> None:
    file = tmp_path / "saved.yaml"
    file.write_text(text)
    with pytest.raises(PlanError, match="save the plan that it was made from again"):
        read(file)


# what makes it untrue

SAME = resolution()
STREAM = a_stream_unit("logs", BACKING[0])
CHANGES: dict[str, tuple[Resolution, Resolution, str]] = {
    "a new index": (
        SAME,
        resolution(a_unit("a"), a_unit("b"), a_unit("new")),
        "+ new: it is new on the source",
    ),
    "a dropped index": (SAME, resolution(a_unit("a")), "- b: it is gone from the source"),
    "an index made anew": (
        SAME,
        resolution(changed_index(a_unit("a"), uuid="another"), a_unit("b")),
        "~ a: it was recreated on the source",
    ),
    "a closed index": (
        SAME,
        resolution(changed_index(a_unit("a"), open=False), a_unit("b")),
        "~ a: it is closed now",
    ),
    "another alias": (
        SAME,
        resolution(changed_index(a_unit("a"), aliases=("all",)), a_unit("b")),
        "~ a: its aliases were none and are all",
    ),
    "other replicas": (
        SAME,
        resolution(changed_index(a_unit("a"), replicas=7), a_unit("b")),
        "replicas → 7",
    ),
    "a name that was taken": (
        SAME,
        resolution(a_unit("a").model_copy(update={"action": "skip", "conflict": "index a"}), a_unit("b")),
        "~ a: restore as a → skip (index a)",
    ),
    "another name on the target": (
        SAME,
        resolution(
            a_unit("a").model_copy(update={"action": "rename", "target": "a-2", "conflict": "index a"}),
            a_unit("b"),
        ),
        "restore as a → rename as a-2",
    ),
    "another version": (
        SAME,
        resolution(target=cluster(SAME.target, version="OpenSearch 9.9.9")),
        "the target's version",
    ),
    "another cluster": (
        SAME,
        resolution(source=cluster(SAME.source, cluster_uuid="Another")),
        "the source is a different cluster",
    ),
    "a bucket elsewhere": (SAME, resolution(bucket_region="eu-west-3"), "the bucket's Region"),
    "a backing index more": (
        resolution(STREAM),
        resolution(a_stream_unit("logs", *BACKING)),
        "data stream logs has a new backing index",
    ),
    "a backing index less": (
        resolution(a_stream_unit("logs", *BACKING)),
        resolution(STREAM),
        "data stream logs has lost this backing index",
    ),
    "something without words of its own": (
        SAME,
        resolution(changed_index(a_unit("a"), created="OpenSearch 2.0.0"), a_unit("b")),
        "differ from the saved one",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_the_migration_is_refused_and_named(name: str) -> None:
    before, after, words = CHANGES[name]
    with pytest.raises(PreconditionError) as caught:
        require_unchanged(a_document(before), a_document(after, run_id="another"))
    assert words in "\n".join(caught.value.problems)


def test_a_changed_mapping_is_refused_and_named() -> None:
    after = a_document(SAME, mappings={"a": "another", "b": "mapping-b"})
    assert differences(a_document(SAME), after) == ("~ a: its mapping has changed",)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("settings", "its settings have changed"), ("aliases", "an alias of it has changed")],
)
def test_changed_settings_and_aliases_are_refused_and_named(kind: str, words: str) -> None:
    before = a_document(SAME)
    after = a_document(SAME, **{kind: {**getattr(before, kind), "a": "another"}})
    (said,) = differences(before, after)
    assert said.startswith(f"~ a: {words}")
    assert before.hash != after.hash


def test_another_existing_snapshot_of_the_same_name_is_refused() -> None:
    saved, gone = a_document(SAME, snapshot_uuid="one"), a_document(SAME)
    (said,) = differences(saved, a_document(SAME, snapshot_uuid="two"))
    assert said == "~ snapshot snap: it is a different snapshot of that name (UUID one → two)"
    (said,) = differences(saved, gone)
    assert "no domain can read it any more" in said
    assert differences(gone, saved) == (), "it could not be read when the plan was saved"
    assert saved.hash != gone.hash


def test_a_file_of_an_earlier_version_is_intact_and_says_what_it_lacks(tmp_path: Path) -> None:
    content = json.loads(text_of(a_document(SAME, settings={}, aliases={}), as_json=True))
    for key in ("settings", "aliases", "snapshot_uuid"):
        del content[key]
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    (said,) = differences(read(tmp_path / "old.yaml"), a_document(SAME))
    assert "saved by an earlier version" in said


def test_keys_that_have_come_to_the_plan_since_are_no_difference() -> None:
    new = a_document(SAME)
    plan = {key: part for key, part in new.plan.items() if key != "checks"}
    old = seal(new.model_copy(update={"plan": plan}))
    assert differences(old, a_document(SAME)) == ()


def test_growth_is_accepted() -> None:
    grown = resolution(changed_index(a_unit("a"), bytes=10**12, documents=10**9), a_unit("b"))
    assert differences(a_document(SAME), a_document(grown, run_id="another")) == ()
    assert seal(a_document(SAME)).hash == a_document(grown).hash


def test_what_was_registered_meanwhile_is_accepted() -> None:
    later = a_document(resolution(notes=("repository repo is on the source already",)), changes=3)
    assert differences(a_document(SAME), later) == ()


def test_the_document_says_so_itself() -> None:
    document: PlanDocument = a_document(SAME)
    assert document.kind == "saved-plan"
    assert document.hash.startswith("sha256:")


def test_a_plan_that_an_earlier_version_has_saved_is_accepted(tmp_path: Path) -> None:
    earlier = Path(__file__).resolve().parents[3] / "fixtures" / "earlier" / "saved-plan.yaml"
    found = read(earlier)
    assert found.estimate and words.basis(found.estimate) == "assumed"
    assert any("has one data node" in line for line in words.assumptions(found.estimate))
    save(found, tmp_path / "again.yaml")
    assert read(tmp_path / "again.yaml").hash == found.hash


def test_a_saved_plan_has_its_estimate_in_words_beside_the_facts() -> None:
    made = estimate(Workload(indices=5000, shards=5000, bytes=1000))
    document = a_document(resolution()).model_copy(update={"estimate": made})
    shown = json.loads(text_of(document, as_json=True))["estimate"]
    assert shown["bottleneck"] == "restore: the number of indices (5,000) rather than their bytes"
    assert (shown["basis"], shown["slowest"]["cause"]) == ("rough estimate: nothing measured yet", "indices")
    assert shown["assumptions"]
