"""Checks of what a cutover's window would meet on the source. A migration without a window ignores them."""

from collections.abc import Iterable, Iterator

from domains.engine import cluster_features
from domains.engine.cluster_features import WriteSettings
from domains.engine.indices.write_blocks import archived_settings, archived_way_out
from tasks.checks.check import Finding, check, fail, ok, shown, skip, warn
from tasks.checks.facts import indices
from tasks.records.resolution import SelectedIndex
from tasks.selection.select import matches
from tasks.survey import Survey

_BLOCKS = tuple(f"index.blocks.{kind}" for kind in ("write", "read_only", "read_only_allow_delete"))
_ROLLED = (
    "index.plugins.index_state_management.rollover_alias",
    "index.opendistro.index_state_management.rollover_alias",
    "index.lifecycle.rollover_alias",
)
_BLOCKED_HINT = (
    "find out who blocked it (the status of the plan says whether a cutover did); PUT NAME/_settings with "
    '{"index.blocks.write": null} removes a block'
)

_CLUSTER_HINT = (
    'find out why (a full disk?); PUT _cluster/settings {"persistent": {SETTING: null}} removes it, '
    "as far as the domain lets you"
)


@check("window.blocked", "the source takes writes until the window", source="OpenSearch: index blocks")
def blocked(survey: Survey) -> Finding:
    """An index that already refuses writes: its clients are down before the window starts."""
    if (none := _no_window(survey)) is not None:
        return none
    whole = _writing(survey).blocks
    if whole:  # not even everything the domain holds can be read then
        return warn(f"all of the source refuses writes: {shown(whole)}", _CLUSTER_HINT)
    found = {index.name: tuple(_blocks(survey, index)) for index in _open(survey)}
    lines = [f"{name}: {', '.join(on)}" for name, on in found.items() if on]
    if lines:
        names = shown(name for name, on in found.items() if on)
        return warn(f"{names}: writes are refused already", _BLOCKED_HINT, lines)
    return ok("no index that moves refuses writes")


@check(
    "window.release",
    "the source can be released again after the window",
    source="OpenSearch: archived settings",
)
def release(survey: Survey) -> Finding:
    """An index with archived settings refuses every change of its settings, and so the end of its block."""
    if (none := _no_window(survey)) is not None:
        return none
    archived = archived_settings(survey.domain("source"))
    lines = [f"{i.name}: {', '.join(archived[i.name][:3])}" for i in _open(survey) if i.name in archived]
    if lines:
        names = [index.name for index in _open(survey) if index.name in archived]
        return fail(
            f"{shown(names)}: archived settings would hinder the release after a cutover's freeze",
            archived_way_out(names[0]),
            lines,
        )
    return ok("no index that moves has archived settings")


def _blocks(survey: Survey, index: SelectedIndex) -> Iterator[str]:
    traits = indices.requirements(survey, index)
    return (key for key in _BLOCKS if traits.setting(key) == "true")


@check(
    "window.rollover",
    "no index is made by a rollover during the window",
    source="OpenSearch: rollover; AWS guide: Index State Management",
)
def rollover(survey: Survey) -> Finding:
    """An index created by a rollover has no block and is in no snapshot: writes to it stay behind."""
    if (none := _no_window(survey)) is not None:
        return none
    lines = tuple(dict.fromkeys((*_rolling_units(survey), *_rolling_indices(survey))))
    if not lines:
        return ok("no data stream, alias or policy leads to a rollover")
    few = lines[0] if len(lines) == 1 else f"{len(lines)} names"
    return warn(
        f"{few}: may roll over during the window, to an index that takes writes and does not move",
        "let neither a policy nor a client roll them over from the freeze until the cutover has ended",
        lines,
    )


def _rolling_units(survey: Survey) -> Iterator[str]:
    """Yield data streams, and aliases that have a write index."""
    aliases = {each.name: each.aliases for each in survey.catalog("source").indices.values()}
    for unit in indices.moving(survey):
        if unit.is_stream:
            yield f"data stream {unit.name}"
        for index in unit.indices:
            written = (each.name for each in aliases[index.name] if each.write_index)
            yield from (f"alias {name} of {index.name}" for name in written)


def _rolling_indices(survey: Survey) -> Iterator[str]:
    """Yield indices that a policy may roll over through an alias in their settings."""
    for index in _open(survey):
        named = {
            value for key in _ROLLED for value in indices.requirements(survey, index).settings.get(key, ())
        }
        yield from (f"index {index.name}, by policy through {alias}" for alias in sorted(named))


@check(
    "window.auto-create",
    "no client makes an index during the window",
    source="OpenSearch: action.auto_create_index",
)
def auto_create(survey: Survey) -> Finding:
    """A write to a missing name creates an index, which has no block and is in no snapshot."""
    if (none := _no_window(survey)) is not None:
        return none
    setting = _writing(survey).auto_create
    wanted = [pattern for pattern in survey.plan.indices.include if "*" in pattern]
    open_to = [pattern for pattern in wanted if may_be_made(pattern, setting)]
    if not wanted:
        return ok("indices.include names what moves, so a new index is none of it")
    if not open_to:
        return ok(f"action.auto_create_index is {setting}: it makes no index that fits indices.include")
    return warn(
        f"a write may make an index that fits indices.include ({shown(open_to)}): "
        f"action.auto_create_index is {setting}",
        'for the window, PUT _cluster/settings {"persistent": {"action.auto_create_index": "false"}} on the '
        "source, and restore it afterwards; or stop the clients that create indices",
    )


def may_be_made(pattern: str, setting: str) -> bool:
    """Whether a write may create an index that matches the pattern.

    Args:
        setting: `action.auto_create_index`: true, false, or patterns. The first pattern that matches a name
            decides; one with a minus forbids.
    """
    if setting in {"true", "false"}:
        return setting == "true"
    for rule in (part.strip() for part in setting.split(",")):
        name = rule.lstrip("+-")
        if rule.startswith("-"):
            if matches(pattern, [name]):  # then everything that matches the pattern is forbidden
                return False
        elif name and _meet(pattern, name):
            return True
    return False


def _meet(one: str, other: str) -> bool:
    """Whether a name may match both patterns, by the text before their first and after their last star."""
    if "*" not in one or "*" not in other:
        return matches(one, [other]) or matches(other, [one])
    heads = one.partition("*")[0], other.partition("*")[0]
    tails = one.rpartition("*")[2], other.rpartition("*")[2]
    heads_meet = heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])
    return heads_meet and (tails[0].endswith(tails[1]) or tails[1].endswith(tails[0]))


def _open(survey: Survey) -> Iterable[SelectedIndex]:
    return (index for index in indices.moving_indices(survey) if index.open)


def _writing(survey: Survey) -> WriteSettings:
    return survey.once("writing", lambda: cluster_features.write_settings(survey.domain("source")))


def _no_window(survey: Survey) -> Finding | None:
    existing = survey.plan.existing_snapshot
    return None if existing is None else skip(f"the plan moves snapshot {existing}, so there is no window")
