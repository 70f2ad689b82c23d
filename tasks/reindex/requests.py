"""The requests that copy an index by `_reindex`: create it, fill it, give it its final settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from configs.auth import BasicAuth, PasswordSource
from configs.plan import Plan, RestoreSettings
from configs.restore import full_key, setting_text
from configs.values.endpoints import address_of
from domains.domain import Domain
from domains.engine.indices.index_creation import create_request, settable, without_type
from domains.engine.indices.index_metadata import IndexMetadata
from domains.engine.indices.index_opening import alias_removal_requests
from domains.engine.indices.write_blocks import settings_requests
from domains.engine.reindexing import Remote, reindex_request
from domains.http.json_replies import Json
from domains.http.requests import Request
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records.resolution import SelectedIndex
from tasks.restore.owned_indices import marker
from tasks.restore.requests import left_out
from tasks.selection.select import matches

_MEANWHILE: dict[str, Any] = {"index.number_of_replicas": "0", "index.refresh_interval": "-1"}
"""Settings of an index while it is being filled: each document is indexed once, and segments stay large."""
_AFTERWARDS = ("index.default_pipeline", "index.final_pipeline", "index.auto_expand_replicas")
"""Settings that an index gets only once it is filled: pipelines would change the documents again."""


@dataclass(frozen=True)
class Shape:
    """What a copy will be like.

    Args:
        mapping: without a document type.
        settings: all of its settings, by flat keys.
        aliases: that it gets with its creation.
    """

    mapping: Json
    settings: Mapping[str, Any]
    aliases: Json

    @property
    def at_first(self) -> dict[str, Any]:
        """Its settings while it is being filled."""
        kept = {key: value for key, value in self.settings.items() if key not in _AFTERWARDS}
        return {**kept, **_MEANWHILE}

    @property
    def at_last(self) -> dict[str, Any]:
        """What changes once it is filled; None stands for the engine's own default."""
        changed = dict.fromkeys((*_MEANWHILE, *(key for key in _AFTERWARDS if key in self.settings)))
        return {key: self.settings.get(key) for key in changed}


def shape(plan: Plan, index: SelectedIndex, made: IndexMetadata) -> Shape:
    """What the copy of an index will be like, by the source's index and the plan.

    Raises:
        PreconditionError: its mapping fits into no index of a later engine.
    """
    try:
        mapping = without_type(made)
    except ValueError as error:
        raise PreconditionError(
            f"{index.name} cannot be reindexed as it is: {error}",
            hint="reindex each document type into an index of its own on the source, or exclude it",
        ) from error
    return Shape(mapping, _settings(plan.restore, index, made), _aliases(plan, index, made))


def _settings(restore: RestoreSettings, index: SelectedIndex, made: IndexMetadata) -> dict[str, Any]:
    ignored = [full_key(pattern) for pattern in (*left_out(index), *restore.ignore_index_settings)]
    kept = {key: value for key, value in settable(made.settings).items() if not matches(key, ignored)}
    return kept | {full_key(key): setting_text(value) for key, value in restore.index_settings.items()}


def _aliases(plan: Plan, index: SelectedIndex, made: IndexMetadata) -> Json:
    return dict(made.aliases) if plan.restore.aliases and index.name == index.target else {}


def creation(m: Migration, index: SelectedIndex, wanted: Shape) -> Request:
    """The request that creates the copy, marked as this run's."""
    aliases: Json = {**wanted.aliases, marker(m, index.target): dict[str, Any]()}
    return create_request(index.target, wanted.mapping, wanted.at_first, aliases)


def filling_request(m: Migration, index: SelectedIndex, remote: Remote) -> Request:
    """The request that starts the copying. It names the copy by its marker: no index, no writes."""
    reindex = m.plan.reindex
    return reindex_request(
        index.name,
        marker(m, index.target),
        into_alias=True,
        remote=remote,
        batch=reindex.batch,
        requests_per_second=reindex.requests_per_second,
    )


def settling(m: Migration, index: SelectedIndex, wanted: Shape) -> Iterator[Request]:
    """The requests that give a filled copy its final settings, and take the run's marker off."""
    yield from settings_requests([index.target], wanted.at_last)
    yield from alias_removal_requests([(index.target, marker(m, index.target))])


def remote_of(plan: Plan, source: Domain, target: Domain, password: str | None) -> Remote:
    """The source as the target reaches it: by the plan's `reindex.remote`, else as `source` says.

    Args:
        password: of the user at the source; None if there is none.
    """
    remote = plan.reindex.remote
    endpoint = remote.host or source.endpoint
    host, port = address_of(endpoint)
    shown = f"[{host}]" if ":" in host else host
    scheme = endpoint.partition("://")[0]
    user = _login(plan)
    login = (user[0], password) if user and password is not None else None
    return Remote(f"{scheme}://{shown}:{port}", login, _of_the_service(source, target))


def password_source(plan: Plan) -> PasswordSource | None:
    """Where the password is with which the target logs in at the source; None if it needs none."""
    user = _login(plan)
    return user[1] if user else None


def _login(plan: Plan) -> tuple[str, PasswordSource] | None:
    remote, auth = plan.reindex.remote, plan.domain("source").auth
    if remote.username is not None and remote.password is not None:
        return remote.username, remote.password
    return (auth.username, auth.password) if isinstance(auth, BasicAuth) else None


def _of_the_service(source: Domain, target: Domain) -> Json:
    """What only the service knows: the source's Region, or that the source is none of its domains.

    AWS guide: Migrating Amazon OpenSearch Service indexes using remote reindex.
    """
    if not target.signed:
        return {}
    if not source.signed:
        return {"external": True}
    return {"region": source.region} if source.region != target.region else {}
