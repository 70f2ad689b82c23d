"""Translate pydantic's errors into our messages: what is there, and what would be right."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from configs.auth import BasicAuth, NoAuth, PasswordSource, SigV4Auth
from configs.base import Path, Settings
from configs.checks import CheckSettings
from configs.conflicts import ConflictSettings
from configs.cutover import CutoverSettings, FollowSettings
from configs.domain import DomainSettings
from configs.gates import GATES, GateSettings
from configs.hooks import Hook, NotifyAddress, WebhookAddress
from configs.indices import IndexSelection
from configs.loading.yaml_tree import Spot
from configs.metadata import MetadataNames, MetadataSettings
from configs.plan import Plan
from configs.reindex import ReindexSettings, RemoteSettings
from configs.repository import REPOSITORY_TYPES, FsRepository, S3Repository
from configs.restore import RestoreSettings
from configs.snapshot import SnapshotSettings
from configs.source import FROM_DOMAIN, FROM_SNAPSHOT, SnapshotSource
from configs.state import StateSettings
from configs.verify import AcceptanceQuery, Expected, QueriesSettings, QueryConditions, VerifySettings

_MODELS: dict[str | int, type[Settings]] = {
    "source": DomainSettings,
    FROM_DOMAIN: DomainSettings,
    FROM_SNAPSHOT: SnapshotSource,
    "target": DomainSettings,
    "sigv4": SigV4Auth,
    "basic": BasicAuth,
    "none": NoAuth,
    "password": PasswordSource,
    "s3": S3Repository,
    "fs": FsRepository,
    "indices": IndexSelection,
    "snapshot": SnapshotSettings,
    "state": StateSettings,
    "conflicts": ConflictSettings,
    "restore": RestoreSettings,
    "reindex": ReindexSettings,
    "remote": RemoteSettings,
    "verify": VerifySettings,
    "metadata": MetadataSettings,
    "names": MetadataNames,
    "expect": Expected,
    "queries": QueriesSettings,
    "compare": QueryConditions,
    "cutover": CutoverSettings,
    "follow": FollowSettings,
    "checks": CheckSettings,
    "webhook": WebhookAddress,
    "notify": NotifyAddress,
    **dict.fromkeys(GATES, GateSettings),
}


def keys_of(model: type[Settings]) -> list[str]:
    """The keys of a part of a plan, as a file has them."""
    return [field.alias or name for name, field in model.model_fields.items()]


KNOWN_KEYS = frozenset(GATES).union(
    *(keys_of(model) for model in (Plan, Hook, AcceptanceQuery, *_MODELS.values()))
)
_HOMES = {
    "at the top": (Plan,),
    "under source and target": (DomainSettings,),
    "under auth": (SigV4Auth, BasicAuth),
    "under repository": (S3Repository, FsRepository),
    "under indices": (IndexSelection,),
    "under snapshot": (SnapshotSettings,),
    "under conflicts": (ConflictSettings,),
    "under restore": (RestoreSettings,),
    "under verify": (VerifySettings,),
    "in an entry of verify.queries": (AcceptanceQuery,),
    "under queries": (QueriesSettings,),
    "under queries.compare": (QueryConditions,),
    "under metadata": (MetadataSettings,),
    "under metadata.names": (MetadataNames,),
    "under cutover": (CutoverSettings,),
    "under cutover.follow": (FollowSettings,),
    "under checks": (CheckSettings,),
    "under a gate": (GateSettings,),
    "under state": (StateSettings,),
    "in an entry of hooks": (Hook,),
}
_ADD = {
    "name": "name: orders",
    "source": "source: {endpoint: https://…}",
    "target": "target: {endpoint: https://…}",
    "repository": "repository: {name: …, bucket: …, role_arn: …}",
    "bucket": "bucket: NAME",
    "location": "location: /mnt/snapshots",
    "username": "username: NAME",
    "password": "password: {env: NAME}",
    "address": "address: s3://BUCKET/PREFIX",
    "type": "type: sigv4, type: basic or type: none",
    "timeout": "timeout: 2h",
    "events": "events: [failed]",
    "index": "index: orders",
    "from": "from: searches.ndjson",
    "query": "query: {match_all: {}}",
}
_WANTED = {
    "string_type": "text",
    "string_unicode": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}
_AUTH_TYPES: tuple[str, ...] = ("sigv4", "basic", "none")


def sentence(error: ErrorDetails, spot: Spot | None) -> str:
    """Translate one pydantic error: say what is wrong and what would be right."""
    kind = error["type"]
    if (
        spot is not None
        and spot.kind == "nothing"
        and kind not in {"missing", "extra_forbidden", "value_error"}
    ):
        required = any(key in _ADD for key in _without_kind(error["loc"])[-1:])
        return "there is no value here; give one" + ("" if required else ", or remove the key")
    if kind in _WANTED:
        return _wrong_type(error["loc"], _WANTED[kind], spot)
    write = _SENTENCES.get(kind)
    return write(error, spot) if write else "this value is not valid here; see docs/plan.md"


def _without_kind(path: Path) -> Path:
    """The path of a value without the kind of source that pydantic has tried last."""
    return path[:-1] if path[-1:] in {(FROM_DOMAIN,), (FROM_SNAPSHOT,)} else path


def _wrong_type(path: Path, wanted: str, spot: Spot | None) -> str:
    found = spot.kind if spot else "something else"
    said = f"this is {found}, but must be {wanted}"
    if wanted == "text" and found in {"a number", "a boolean", "a date"}:
        return f"{said}; put it in quotes"
    if path[-1:] == ("auth",) and spot and spot.text in _AUTH_TYPES:
        return f"{said}; write {{type: {spot.text}}}"
    if wanted == "a list" and found != "a mapping":
        return f"{said}; write it in brackets: [value]"
    if wanted == "a whole number" and found == "text":
        return f"{said}; write it in digits, without quotes"
    if wanted == "true or false" and found == "text":
        return f"{said}; write it without quotes"
    if found in {"a list", "a mapping"} and not wanted.startswith("a "):
        return f"{said}; give one value"
    return said


def _missing(error: ErrorDetails, spot: Spot | None) -> str:
    add = _ADD.get(str(error["loc"][-1]))
    return f"this key is missing; add {add}" if add else "this key is missing; add it"


def _unknown(error: ErrorDetails, spot: Spot | None) -> str:
    *above, key = error["loc"]
    model = _model(above)
    known = keys_of(model)
    if model is PasswordSource:
        return "unknown key; use {env: NAME} or {secret: ARN}"
    if model is SnapshotSource and key in DomainSettings.model_fields:
        return "a source that is a snapshot is no domain to reach; remove this key, or remove snapshot"
    close = get_close_matches(str(key).lower().replace("-", "_"), known, n=1, cutoff=0.7)
    if close:
        return f'unknown key; did you mean "{close[0]}"?'
    siblings = [kind for kind in _siblings(model) if key in _MODELS[kind].model_fields]
    if siblings:
        return f"unknown key for this type; it belongs to type: {siblings[0]}"
    homes = [home for home, models in _HOMES.items() if any(key in keys_of(each) for each in models)]
    if len(homes) == 1:
        return f"unknown key here; it belongs {homes[0]}"
    return f"unknown key; known here: {', '.join(known)}"


def _model(above: Sequence[str | int]) -> type[Settings]:
    if not above:
        return Plan
    if above[:1] == ["hooks"] and len(above) == 2:
        return Hook
    is_entry = above[-2:-1] == ["queries"] and isinstance(above[-1], int)
    return AcceptanceQuery if is_entry else _MODELS.get(above[-1], Plan)


def _siblings(model: type[Settings]) -> tuple[str, ...]:
    groups = (_AUTH_TYPES, REPOSITORY_TYPES)
    return next((group for group in groups if any(_MODELS[kind] is model for kind in group)), ())


def _choice(error: ErrorDetails, spot: Spot | None) -> str:
    expected = str(_context(error).get("expected", "")).replace(" or ", ", ").replace("'", "")
    return _not_one_of(expected.split(", "), spot)


def _not_one_of(choices: list[str], spot: Spot | None) -> str:
    close = get_close_matches(spot.text.lower(), choices, n=1, cutoff=0.6) if spot else []
    listed = f"{', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else choices[0]
    return f"this is not one of the choices; write {listed}" + (
        f'; did you mean "{close[0]}"?' if close else ""
    )


def _tag(error: ErrorDetails, spot: Spot | None) -> str:
    choices: list[str] = [*_AUTH_TYPES] if "auth" in error["loc"] else [*REPOSITORY_TYPES]
    return _not_one_of(choices, spot)


def _own(error: ErrorDetails, spot: Spot | None) -> str:
    return str(_context(error).get("error", "this value is not valid here; see docs/plan.md"))


def _context(error: ErrorDetails) -> Mapping[str, Any]:
    return error.get("ctx", {})


_SENTENCES: dict[str, Callable[[ErrorDetails, Spot | None], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "literal_error": _choice,
    "union_tag_invalid": _tag,
    "value_error": _own,
    "too_short": lambda error, spot: 'the list is empty; give at least one entry, such as ["*"]',
    "greater_than_equal": lambda error, spot: f"this is too small; give at least {_context(error)['ge']}",
    "less_than_equal": lambda error, spot: f"this is too large; give at most {_context(error)['le']}",
}
