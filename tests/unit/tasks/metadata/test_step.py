"""Metadata as a step of a run: its intents are in the journal, and a conflict refuses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.building import a_migration
from support.configured import Configured
from support.fake_domain import FakeDomain

from runs.step_names import StepName
from tasks.errors import ExecutionError, PreconditionError
from tasks.metadata.step import copy_phase, preflight, requests, require_copyable
from tasks.records.metadata import MetadataPhase


def test_a_half_is_copied_with_an_intent_for_each_write(
    source: FakeDomain, target: FakeDomain, tmp_path: Path
) -> None:
    ours, theirs = Configured(source, "S"), Configured(target, "T")
    ours.pipelines["stamp"] = {"processors": []}
    ours.indices["a"] = theirs.indices["a"] = 1
    ours.aliases["w"] = {"a": {}}
    m = a_migration(tmp_path, source, target)
    assert {item.name for item in preflight(m).wanted} == {"stamp", "w"}
    copied = copy_phase(m, StepName.METADATA_BEFORE, MetadataPhase.BEFORE_RESTORE)
    assert [each.name for each in copied.outcomes] == ["stamp"] and not theirs.aliases
    (intent,) = m.journal.document.intents
    assert (intent.action, intent.names, intent.result) == ("metadata", ["ingest-pipelines/stamp"], "sent")
    assert copy_phase(m, StepName.METADATA_BEFORE, MetadataPhase.BEFORE_RESTORE).outcomes == ()
    copy_phase(m, StepName.METADATA_BEFORE, MetadataPhase.AFTER_OPENING)
    assert theirs.aliases == {"w": {"a": {}}}


def test_a_conflict_refuses_the_step_and_names_each(
    source: FakeDomain, target: FakeDomain, tmp_path: Path
) -> None:
    ours, theirs = Configured(source, "S"), Configured(target, "T")
    ours.pipelines["stamp"] = {"processors": []}
    theirs.pipelines["stamp"] = {"processors": [{"drop": {}}]}
    m = a_migration(tmp_path, source, target)
    with pytest.raises(PreconditionError) as refused:
        require_copyable(m)
    assert refused.value.problems == ("ingest-pipelines stamp: conflict",)
    with pytest.raises(ExecutionError, match="ingest-pipelines stamp: conflict"):
        copy_phase(m, StepName.METADATA_BEFORE, MetadataPhase.BEFORE_RESTORE)
    assert target.changing == []


def test_the_requests_are_known_before_but_for_what_needs_the_runs_indices(
    source: FakeDomain, target: FakeDomain, tmp_path: Path
) -> None:
    ours, _ = Configured(source, "S"), Configured(target, "T")
    ours.pipelines["stamp"] = {"processors": []}
    ours.indices["a"] = 1
    ours.aliases["w"] = {"a": {}}
    m = a_migration(tmp_path, source, target)
    (request,) = requests(m, MetadataPhase.BEFORE_RESTORE)
    assert (request.method, request.path) == ("PUT", "/_ingest/pipeline/stamp")
    assert list(requests(m, MetadataPhase.AFTER_OPENING)) == []
