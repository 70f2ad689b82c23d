"""What the roles of access control allow an identity, whatever they are called. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from domains.engine.access_control import IndexPermission, RoleMapping, SecurityRole
from tasks.checks.rules.iam_conditions import fits

Groups = Mapping[str, tuple[str, ...]]
"""Named groups of actions; a group may name others."""
_EVERYTHING = "*"


@dataclass(frozen=True)
class Security:
    """Access control of a domain, read at one time."""

    roles: Mapping[str, SecurityRole]
    mappings: Mapping[str, RoleMapping]
    groups: Groups

    def roles_of(self, arn: str) -> dict[str, SecurityRole]:
        """The roles that the user or role with this ARN is mapped to."""
        return {
            name: self.roles[name]
            for name, mapping in self.mappings.items()
            if name in self.roles and is_mapped(mapping, arn)
        }

    def allows(self, arn: str, needed: SecurityRole) -> bool:
        """Whether all the roles of this identity together allow what the needed one does."""
        return covers(self.roles_of(arn).values(), needed, self.groups)


def is_mapped(mapping: RoleMapping, arn: str) -> bool:
    """Whether a mapping names the identity: as a user, or a role as a backend role or a user."""
    if any(fits(arn, each) for each in mapping.users):
        return True
    if ":role/" not in arn:
        return False
    together = mapping.all_backend_roles
    both = bool(together) and all(fits(arn, each) for each in together)
    return both or any(fits(arn, each) for each in mapping.backend_roles)


def covers(held: Iterable[SecurityRole], needed: SecurityRole, groups: Groups) -> bool:
    """Whether the roles that are held allow all that the needed one does."""
    roles = tuple(held)
    cluster = expanded((action for role in roles for action in role.cluster), groups)
    if not _all_fit(expanded(needed.cluster, groups), cluster):
        return False
    return all(_covers_index(roles, each, groups) for each in needed.index)


def _covers_index(roles: Collection[SecurityRole], needed: IndexPermission, groups: Groups) -> bool:
    wide = [each for role in roles for each in role.index if _EVERYTHING in each.patterns]
    allowed = expanded((action for each in wide for action in each.actions), groups)
    return _all_fit(expanded(needed.actions, groups), allowed)


def _all_fit(needed: Iterable[str], allowed: Collection[str]) -> bool:
    """Whether each needed pattern is one that some allowed pattern contains."""
    return all(any(fits(each, pattern) for pattern in allowed) for each in needed)


def expanded(names: Iterable[str], groups: Groups) -> frozenset[str]:
    """The actions that these names stand for: groups opened, also those in groups."""
    found, left = set[str](), list(names)
    seen = set[str]()
    while left:
        name = left.pop()
        if name in groups and name not in seen:
            seen.add(name)
            left.extend(groups[name])
        elif name not in groups:
            found.add(name)
    return frozenset(found)


def role_of(definition: Mapping[str, object]) -> SecurityRole:
    """A definition as the REST API takes it, as a role."""
    cluster: object = definition["cluster_permissions"]
    index: object = definition["index_permissions"]
    return SecurityRole(
        tuple(str(each) for each in _list(cluster)),
        tuple(
            IndexPermission(
                tuple(str(one) for one in _list(each["index_patterns"])),
                tuple(str(one) for one in _list(each["allowed_actions"])),
            )
            for each in _list(index)
        ),
        str(definition.get("description") or ""),
    )


def _list(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]
