"""Checks that the moving indices can be read: to be copied, and to be compared as the plan wants it."""

from domains.http.block_refusals import Block, removal
from tasks.checks.check import Finding, check, fail, ok, shown, skip, warn
from tasks.checks.facts import domains, indices
from tasks.records.resolution import SelectedIndex
from tasks.survey import Survey

_METADATA = "index.blocks.metadata"
_READ = "index.blocks.read"
_DERIVED = "index.derived_source.enabled"


@check("indices.blocks", "no block keeps them from being read", source="OpenSearch: index blocks")
def blocks(survey: Survey) -> Finding:
    """Such an index may arrive, but no verification could read it on the source."""
    found = domains.blocks(survey, "source").indices
    hindering = {
        index.name: each
        for index in indices.moving_indices(survey)
        if (each := [block for block in found.get(index.name, ()) if _hinders(index, block)])
    }
    if not hindering:
        return ok("none refuses to be read")
    name, first = next(iter(hindering.items()))
    return fail(
        f"{shown(hindering)}: cannot be read on the source, so that nothing could be compared",
        f"{removal(first[0].setting, name)} takes the block off; or exclude them",
        [f"{name}: {', '.join(block.setting for block in each)}" for name, each in hindering.items()],
    )


def _hinders(index: SelectedIndex, block: Block) -> bool:
    return block.setting == _METADATA or (block.setting == _READ and index.open)


@check("indices.contents", "level content can read their documents", source="docs/verification.md")
def contents(survey: Survey) -> Finding:
    """Without the whole `_source` there is nothing to compare a document by."""
    if survey.plan.verify.level != "content":
        return skip(f"verify.level is {survey.plan.verify.level}: contents are not compared")
    unreadable = {
        index.name: why
        for index in indices.moving_indices(survey)
        if index.open and (why := indices.requirements(survey, index).unreadable)
    }
    if not unreadable:
        return ok("each keeps the whole _source of its documents")
    return fail(
        f"{shown(unreadable)}: level content cannot compare their documents, so it could not tell",
        "write verify: {level: operations}, which compares every operation of theirs, or exclude them",
        [f"{name}: {why}" for name, why in unreadable.items()],
    )


@check(
    "indices.derived-source", "they keep the documents that were sent", source="OpenSearch: derived source"
)
def derived_source(survey: Survey) -> Finding:
    """An engine that derives `_source` shows documents that it makes from their fields."""
    named = [
        index.name
        for index in indices.moving_indices(survey)
        if indices.requirements(survey, index).setting(_DERIVED) == "true"
    ]
    if not named:
        return ok("none derives _source from other fields")
    return warn(
        f"{shown(named)}: documents are made from their fields when they are read (derived source); the copy "
        "does the same, and every operation is compared, but level content cannot compare them, and what is "
        "reindexed from them may differ from what was sent (order of values, duplicates, forms of dates)",
        "migrate them as they are; verify: {level: operations}",
        named,
    )
