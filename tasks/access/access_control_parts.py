"""Access control of a domain: whether the caller has a migration's rights, and mappings that give them."""

from collections.abc import Iterator

from configs.plan import Side
from domains.domain import Domain
from domains.engine import access_control
from domains.engine.access_control import RoleMapping
from domains.errors import Denied
from domains.versions import Engine
from runs.journal import now
from tasks.access.names import DESCRIPTION
from tasks.access.parts import Change, DomainChange, Found, Part, Setting, refused, there
from tasks.access.security_rights import Security, covers, is_mapped, role_of
from tasks.checks.check import shown
from tasks.errors import PreconditionError
from tasks.records.access import AccessControlModel, Made, MadeKind, Piece, SecurityRoleModel

LOGIN = (
    "administer it as its master user: an AWS profile (--profile), or its user database (--admin-user and "
    "--admin-password-env)"
)


def access_control_parts(setting: Setting, wanted: AccessControlModel) -> Iterator[Part]:
    """One part for each role of access control that the caller needs."""

    def part(name: str, own: SecurityRoleModel | None) -> Part:
        return Part(
            Piece.ACCESS_CONTROL,
            f"the {wanted.side}",
            "mapped role",
            name,
            lambda: _role(setting, wanted, name, own),
            others=lambda: _others(setting, wanted, name),
        )

    yield from (part(name, None) for name in wanted.existing)
    yield from (part(role.name, role) for role in wanted.roles)


def security_of(domain: Domain, engine: Engine) -> Security:
    """Read the domain's roles, mappings and action groups. Reads only.

    Raises:
        PreconditionError: the administrator may not.
        DomainError: typed.
    """
    try:
        return Security(
            access_control.security_roles(domain, engine),
            access_control.role_mappings(domain, engine),
            access_control.action_groups(domain, engine),
        )
    except Denied as error:
        raise PreconditionError(
            f"access control on the {domain.side} may not be read: {error.reply.reason}", hint=LOGIN
        ) from error


def _others(setting: Setting, wanted: AccessControlModel, name: str) -> frozenset[str]:
    """Everybody else who is mapped to the role."""
    found = security_of(setting.domains[wanted.side], wanted.engine).mappings.get(name)
    return frozenset() if found is None else frozenset(_entries(found)) - {_entry(wanted)}


def _entries(mapping: RoleMapping) -> Iterator[str]:
    lists = (
        ("users", mapping.users),
        ("backend_roles", mapping.backend_roles),
        ("and_backend_roles", mapping.all_backend_roles),
        ("hosts", mapping.hosts),
    )
    yield from (f"{where} {each}" for where, listed in lists for each in listed)


def _entry(wanted: AccessControlModel) -> str:
    return f"{wanted.where} {wanted.caller}"


def _role(setting: Setting, wanted: AccessControlModel, name: str, own: SecurityRoleModel | None) -> Found:
    """Whether the caller has what this role allows; the requests that map it, and first make it."""
    security = security_of(setting.domains[wanted.side], wanted.engine)
    needed = role_of(own.definition) if own else security.roles.get(name)
    if needed is None:
        return refused(f"the {wanted.side} has no role {name}", "restore the service's own roles there")
    if security.allows(wanted.caller, needed):
        return there(f"{wanted.caller} has {shown(sorted(security.roles_of(wanted.caller)), 3)}")
    making: tuple[Change, ...] = ()
    makes: tuple[Made, ...] = ()
    at = setting.domains[wanted.side].endpoint
    existing = security.roles.get(name)
    if own and (existing is None or not covers([existing], needed, security.groups)):
        if existing is not None and existing.description != DESCRIPTION:
            return refused(
                f"the {wanted.side} has another role {name}, which allows less",
                "rename that role: one of this name is made here",
            )
        making = (_change(wanted.side, access_control.put_role_request(wanted.engine, name, own.definition)),)
        makes = (Made(kind=MadeKind.SECURITY_ROLE, at=at, name=name, since=now()),)
    mapping = security.mappings.get(name)
    is_there = mapping is not None and is_mapped(mapping, wanted.caller)
    if mapping and mapping.reserved:
        return refused(
            f"the mapping of {name} is reserved on the {wanted.side}", "map the caller to all_access"
        )
    if not is_there:
        making += (_map(wanted, name, mapping),)
        makes += (_mapped(wanted, name, at, is_own=own is not None),)
    lacks = "has it, but it allows less" if is_there else "is not mapped to it"
    return Found("missing", f"{wanted.caller} {lacks}", changes=making, makes=makes)


def _map(wanted: AccessControlModel, name: str, mapping: RoleMapping | None) -> Change:
    """Append to a mapping; make one where there is none."""
    if mapping is None:
        fresh = {"description": DESCRIPTION, wanted.where: [wanted.caller]}
        return _change(wanted.side, access_control.put_mapping_request(wanted.engine, name, fresh))
    request = access_control.append_request(wanted.engine, name, wanted.where, wanted.caller, mapping)
    return _change(wanted.side, request)


def _mapped(wanted: AccessControlModel, name: str, at: str, *, is_own: bool) -> Made:
    kind = MadeKind.OWN_MAPPING if is_own else MadeKind.MAPPING
    return Made(kind=kind, at=at, name=name, entry=wanted.caller, where=wanted.where, since=now())


def _change(side: Side, request: access_control.Request) -> DomainChange:
    return DomainChange(side, request)
