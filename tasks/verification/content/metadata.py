"""Compare mappings, settings and aliases of an index on both sides. Pure."""

import json
import re
from collections.abc import Iterable, Iterator

from configs.plan import RestoreSettings
from configs.restore import full_key, setting_text
from configs.values.listing import listed
from domains.engine.indices.index_metadata import IndexMetadata
from domains.http.json_replies import Json, is_object
from tasks.records.verification import Finding

_OWN = (
    "index.blocks.",
    "index.creation_date",
    "index.history.",
    "index.provided_name",
    "index.resize.",
    "index.routing.allocation.",
    "index.uuid",
    "index.verified_before_close",
    "index.version.",
)
"""Settings that belong to one copy: written by the engine, left out of a restore, or changed by use."""
_COPIES = ("index.number_of_replicas", "index.auto_expand_replicas", "index.refresh_interval")
"""Settings that concern how an index is served: compared only if the plan sets them."""
_SHOWN = 3
_LONGEST = 60
_ABSENT = object()


def mapping(source: IndexMetadata, target: IndexMetadata) -> Finding:
    """Compare the mappings, ignoring the sequence of their keys."""
    return _finding("mapping", _differences(_flat(source.mapping), _flat(target.mapping)))


def lacking_fields(source: IndexMetadata, target: IndexMetadata) -> tuple[str, ...]:
    """What the source's mapping says and the target's does not, in words; the target's may say more."""
    left, right = _flat(source.mapping), _flat(target.mapping)
    return tuple(_differences(left, {key: value for key, value in right.items() if key in left}))


def settings(
    source: IndexMetadata,
    target: IndexMetadata,
    restore: RestoreSettings | None,
    left_out: Iterable[str] = (),
) -> Finding:
    """Compare the target's settings with the source's as the restore changes them.

    Args:
        restore: settings that the restore changes; None if unknown: then replicas and refresh interval are
            not compared.
        left_out: patterns of settings that the restore leaves out.
    """
    wanted = source.settings | (_as_told(restore) if restore else {})
    passed_over = re.compile("|".join((*_passed_over(source, target, restore), *map(_as_regex, left_out))))
    left, right = (
        {key: value for key, value in each.items() if not passed_over.match(key)}
        for each in (wanted, target.settings)
    )
    return _finding("setting", _differences(left, right))


def aliases(source: IndexMetadata, target: IndexMetadata) -> Finding:
    """Compare the aliases of the index, with their filters, routing and write index."""
    return _finding("alias", _differences(_flat(source.aliases), _flat(target.aliases)))


def _as_told(restore: RestoreSettings) -> Json:
    """The plan's settings as the engine renders them."""
    return {full_key(key): setting_text(value) for key, value in restore.index_settings.items()}


def _passed_over(
    source: IndexMetadata, target: IndexMetadata, restore: RestoreSettings | None
) -> Iterator[str]:
    yield from map(re.escape, _OWN)
    if restore is None:
        yield from (f"{re.escape(name)}$" for name in _COPIES)
    else:
        for pattern in restore.ignore_index_settings:
            if full_key(pattern) not in map(full_key, restore.index_settings):
                yield _as_regex(full_key(pattern))
    if any(_expands(made) for made in (source, target)):
        yield re.escape("index.number_of_replicas") + "$"


def _as_regex(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*") + "$"


def _expands(made: IndexMetadata) -> bool:
    """Whether the engine sets the number of replicas itself, by the number of nodes."""
    return str(made.settings.get("index.auto_expand_replicas", "false")) != "false"


def _flat(part: Json, path: str = "") -> Json:
    """Every value by its path; empty objects count as values."""
    found: Json = {}
    for key, value in part.items():
        name = f"{path}.{key}" if path else str(key)
        found |= _flat(value, name) if is_object(value) and value else {name: value}
    return found


def _differences(source: Json, target: Json) -> Iterator[str]:
    for key in sorted(source.keys() | target.keys()):
        left, right = source.get(key, _ABSENT), target.get(key, _ABSENT)
        if left != right:
            yield f"{key} is {_shown(left)} on the source, {_shown(right)} on the target"


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "absent"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _finding(what: str, differences: Iterable[str]) -> Finding:
    found = list(differences)
    values = {"what": what, "outcome": "different" if found else "equal"}
    return Finding.model_validate({**values, "detail": listed(found, _SHOWN, "; ")})
