"""Check of index settings that stay behind, or that would not work on the target."""

from collections.abc import Iterator, Mapping

from configs.restore import full_key
from tasks.checks.check import Finding, check, fail, ok, shown, warn
from tasks.checks.facts import indices
from tasks.records.resolution import SelectedIndex
from tasks.restore.requests import CANNOT_WORK, RENAMED
from tasks.selection.select import matches
from tasks.survey import Survey

_REFUSING = ("index.blocks.write", "index.blocks.read_only")
_STORE = "index.store.type"
_MOUNTED = ("snapshot", "remote_snapshot")
_IMPOSSIBLE_HINT = "restore them on the source as indices with files of their own first, or exclude them"
_BLOCK_HINT = 'once they have moved, block them there: PUT NAME/_settings {"index.blocks.write": true}'
_LEFT_HINT = "set up what replaces it on the target: a replication rule, a policy attached to the index"


@check(
    "indices.settings",
    "index settings mean the same on the target",
    source="OpenSearch: index settings; AWS guide: Cross-cluster replication",
)
def index_settings(survey: Survey) -> Finding:
    """A searchable snapshot cannot move. Blocks, followers and policies stay behind."""
    moving = indices.moving_indices(survey)
    impossible = [line for index in moving for line in _impossible(survey, index)]
    if impossible:
        said = impossible[0] if len(impossible) == 1 else f"{len(impossible)} indices cannot move as they are"
        return fail(said, _IMPOSSIBLE_HINT, impossible)
    blocked = {index.name: found for index in moving if (found := _lost_blocks(survey, index))}
    left = {index.name: found for index in moving if (found := _left_behind(survey, index))}
    if not blocked and not left:
        return ok("nothing that matters stays behind")
    lines = [*_block_lines(blocked), *(f"{name}: {shown(keys)} stays behind" for name, keys in left.items())]
    said = [
        *([f"{shown(blocked)}: refused writes on the source are taken by the copy"] if blocked else []),
        *([f"{shown(left)}: settings stay behind"] if left else []),
    ]
    hints = [*([_BLOCK_HINT] if blocked else []), *([_LEFT_HINT] if left else [])]
    return warn("; ".join(said), "; ".join(hints), lines)


def _block_lines(blocked: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for name, keys in blocked.items():
        yield f"{name}: it refuses writes on the source ({shown(keys)}), and its copy takes them"


def _impossible(survey: Survey, index: SelectedIndex) -> Iterator[str]:
    found = indices.requirements(survey, index)
    if found.setting(_STORE) in _MOUNTED:
        kind = found.setting(_STORE)
        yield f"{index.name}: it is a searchable snapshot ({_STORE}: {kind}), and has no files of its own"


def _lost_blocks(survey: Survey, index: SelectedIndex) -> tuple[str, ...]:
    """The source index's write blocks, unless the plan blocks its copy."""
    source, copy = indices.requirements(survey, index), indices.restored_settings(survey, index)
    if any(copy.get(key) == ("true",) for key in _REFUSING):
        return ()
    return tuple(key for key in _REFUSING if source.setting(key) == "true")


def _left_behind(survey: Survey, index: SelectedIndex) -> tuple[str, ...]:
    """Settings of the source index that its copy does not get, because they could not work there."""
    patterns = [*CANNOT_WORK, *(RENAMED if index.name != index.target else ())]
    asked = {full_key(key) for key in survey.plan.restore.index_settings}
    found = indices.requirements(survey, index).settings
    return tuple(sorted(key for key in found if matches(key, patterns) and key not in asked))
