"""The kinds: how each is read, compared and written, in the order in which they depend on each other.

A family is a value; what a family needs of the whole pair (the other side's indices, its policies) it asks
`Sides`. Everything here only reads; the requests that it makes are sent by `tasks.metadata.copy`.
"""

import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from configs.plan import Side
from domains.engine.configuration import (
    cluster_metadata,
    monitors,
    persistent_settings,
    pipelines,
    policies,
    saved_objects,
    security_configuration,
    template_definitions,
)
from domains.engine.configuration.definition import Definition, Definitions
from domains.engine.policies.index_state_management import put_state_policy
from domains.engine.policies.snapshot_management import put_snapshot_policy
from domains.http.json_replies import Json, child
from domains.http.requests import Request
from tasks.metadata import channels, index_aliases, managing, normal_form
from tasks.metadata.sides import Sides
from tasks.records.metadata import MetadataPhase

BEFORE, AFTER = MetadataPhase.BEFORE_RESTORE, MetadataPhase.AFTER_OPENING
DASHBOARDS = "dashboards"
Read = Callable[[Sides, Side], Definitions | None]
Send = Callable[[Sides, str, Definition, Definition | None], tuple[Request, ...]]


@dataclass(frozen=True)
class Family:
    """One kind.

    Args:
        read: every definition of a side by name; None where the side has no such API.
        form: a definition's normal form, for comparison.
        send: the requests that bring a definition to the target, given the target's own or None.
        title: the part of a definition that `metadata.names` selects by; None for its name.
    """

    kind: str
    phase: MetadataPhase
    read: Read
    form: normal_form.Form
    send: Send
    title: Callable[[Definition], str] | None = None

    def title_of(self, name: str, definition: Definition) -> str:
        """What `metadata.names` selects it by."""
        return self.title(definition) if self.title else name


def prepared(body: Json, made_by_server: Iterable[str]) -> Json:
    """A body as it is sent: without what the server makes itself, and without nulls at the top."""
    kept = normal_form.without(body, made_by_server)
    return {key: value for key, value in kept.items() if value is not None}


# what each reads


def _settings(sides: Sides, side: Side) -> Definitions:
    return persistent_settings.persistent_settings(sides.place(side).domain)


def _scripts(sides: Sides, side: Side) -> Definitions:
    return cluster_metadata.stored_scripts(sides.place(side).domain)


def _pipelines(family: str) -> Read:
    return lambda sides, side: pipelines.pipelines(sides.place(side).domain, family)


def _component_templates(sides: Sides, side: Side) -> Definitions:
    domain = sides.place(side).domain
    found = template_definitions.component_templates(domain)
    return cluster_metadata.component_templates(domain) if found is None else found


def can_write_components(sides: Sides) -> bool:
    """Whether the target offers the API of component templates; the service may not."""
    target = sides.target.domain
    return sides.once(
        "component templates", lambda: template_definitions.component_templates(target) is not None
    )


def _index_templates(sides: Sides, side: Side) -> Definitions | None:
    return template_definitions.index_templates(sides.place(side).domain)


def _legacy_templates(sides: Sides, side: Side) -> Definitions:
    return template_definitions.legacy_templates(sides.place(side).domain)


def _security(family: str) -> Read:
    def read(sides: Sides, side: Side) -> Definitions | None:
        place = sides.place(side)
        return security_configuration.security_definitions(place.domain, place.version, family)

    return read


def _index_policies(sides: Sides, side: Side) -> Definitions | None:
    return sides.policies(side)


def _snapshot_policies(sides: Sides, side: Side) -> Definitions | None:
    return policies.snapshot_definitions(sides.place(side).domain)


def _monitors(sides: Sides, side: Side) -> Definitions | None:
    place = sides.place(side)
    found = monitors.monitors(place.domain, place.version)
    if found is None:
        return None
    names = [str(each.body["name"]) for each in found]
    return {
        name if names.count(name) == 1 else f"{name} ({each.key})": each
        for name, each in zip(names, found, strict=True)
    }


def _dashboards(sides: Sides, side: Side) -> Definitions | None:
    place = sides.place(side)
    return saved_objects.saved_objects(place.domain, place.version)


# what each sends


def _send_setting(_: Sides, name: str, wanted: Definition, __: Definition | None) -> tuple[Request, ...]:
    return (persistent_settings.put_setting(name, wanted.body[persistent_settings.VALUE]),)


def _send_script(_: Sides, name: str, wanted: Definition, __: Definition | None) -> tuple[Request, ...]:
    return (cluster_metadata.put_script(name, prepared(wanted.body, ())),)


def _send_pipeline(family: str) -> Send:
    return lambda _, name, wanted, __: (pipelines.put_pipeline(family, name, wanted.body),)


def _send_template(api: str) -> Send:
    return lambda _, name, wanted, existing: (
        template_definitions.put_template(api, name, prepared(wanted.body, ()), is_new=existing is None),
    )


def _send_security(family: str) -> Send:
    def send(sides: Sides, name: str, wanted: Definition, existing: Definition | None) -> tuple[Request, ...]:
        body = normal_form.pruned(prepared(wanted.body, ("hash", "password")))
        if family == security_configuration.USERS and existing is None:
            body["password"] = _password()
        return (security_configuration.put_security(sides.target.version, family, name, body),)

    return send


def _password() -> str:
    """A password that nobody knows: access control makes no user without one."""
    return "Aa1!" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(28))


def _send_index_policy(
    sides: Sides, name: str, wanted: Definition, existing: Definition | None
) -> tuple[Request, ...]:
    body = prepared(wanted.body, normal_form.MADE_BY_POLICIES)
    templates = body.get("ism_template")
    if isinstance(templates, list):
        body["ism_template"] = [_without_time(each) for each in templates]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    guard = dict(existing.guard) if existing else {}
    return (put_state_policy(sides.target.version, name, body, guard),)


def _without_time(entry: Json) -> Json:
    return normal_form.without(entry, ("last_updated_time",))


def _send_snapshot_policy(
    _: Sides, name: str, wanted: Definition, existing: Definition | None
) -> tuple[Request, ...]:
    body = prepared(wanted.body, normal_form.MADE_BY_SNAPSHOT_POLICIES)
    guard = dict(existing.guard) if existing else {}
    return (put_snapshot_policy(name, body, guard),)


def _send_monitor(
    sides: Sides, _: str, wanted: Definition, existing: Definition | None
) -> tuple[Request, ...]:
    body = prepared(wanted.body, normal_form.MADE_BY_MONITORS)
    version = sides.target.version
    if existing is None:
        return (monitors.create_monitor(version, body),)
    return (monitors.update_monitor(version, existing.key, body, dict(existing.guard)),)


def _send_nothing(*_: object) -> tuple[Request, ...]:
    """Saved objects go in one import; see `tasks.metadata.dashboards`."""
    return ()


def _name_inside(definition: Definition) -> str:
    return str(definition.body.get("name", ""))


def _title_of_object(definition: Definition) -> str:
    return str(child(definition.body, "attributes").get("title", ""))


def _of_access(kind: str, family: str) -> Family:
    return Family(kind, BEFORE, _security(family), normal_form.access, _send_security(family))


FAMILIES: tuple[Family, ...] = (
    Family("cluster-settings", BEFORE, _settings, normal_form.setting, _send_setting),
    Family("stored-scripts", BEFORE, _scripts, normal_form.script, _send_script),
    Family(
        "ingest-pipelines",
        BEFORE,
        _pipelines(pipelines.INGEST),
        normal_form.plain,
        _send_pipeline(pipelines.INGEST),
    ),
    Family(
        "search-pipelines",
        BEFORE,
        _pipelines(pipelines.SEARCH),
        normal_form.plain,
        _send_pipeline(pipelines.SEARCH),
    ),
    Family(
        "component-templates",
        BEFORE,
        _component_templates,
        normal_form.template,
        _send_template(template_definitions.COMPONENT),
    ),
    Family(
        "index-templates",
        BEFORE,
        _index_templates,
        normal_form.template,
        _send_template(template_definitions.INDEX),
    ),
    Family(
        "legacy-templates",
        BEFORE,
        _legacy_templates,
        normal_form.template,
        _send_template(template_definitions.LEGACY),
    ),
    _of_access("action-groups", security_configuration.ACTION_GROUPS),
    _of_access("roles", security_configuration.ROLES),
    _of_access("tenants", security_configuration.TENANTS),
    _of_access("users", security_configuration.USERS),
    _of_access("role-mappings", security_configuration.ROLE_MAPPINGS),
    Family("aliases", AFTER, index_aliases.read, normal_form.aliases, index_aliases.send),
    Family("index-policies", AFTER, _index_policies, normal_form.index_policy, _send_index_policy),
    Family("managed-indices", AFTER, managing.read, normal_form.managed_index, managing.send),
    Family(
        "snapshot-policies", AFTER, _snapshot_policies, normal_form.snapshot_policy, _send_snapshot_policy
    ),
    Family("notification-channels", AFTER, channels.read, normal_form.channel, channels.send, _name_inside),
    Family("monitors", AFTER, _monitors, normal_form.monitor, _send_monitor, _name_inside),
    Family(DASHBOARDS, AFTER, _dashboards, normal_form.saved_object, _send_nothing, _title_of_object),
)
"""Every kind in its order: `configs.metadata.METADATA_KINDS`, then the saved objects of Dashboards."""


def chosen(sides: Sides, phase: MetadataPhase | None = None) -> tuple[Family, ...]:
    """The families that the plan copies, in their order.

    Args:
        phase: only those of this phase.
    """
    wanted: set[str] = {*sides.settings.kinds}
    if sides.dashboards or sides.settings.dashboards:
        wanted.add(DASHBOARDS)
    return tuple(
        family for family in FAMILIES if family.kind in wanted and (phase is None or family.phase is phase)
    )
