"""What a set-up has made and can be taken back, recognized by its record, its tags and its Sids."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from configs.plan import Side
from domains.aws import iam, iam_changes, kms, kms_changes, s3, s3_changes
from domains.aws.calls import merged
from domains.engine import access_control
from domains.engine.access_control import MappingList, RoleMapping
from domains.errors import SnapferryError
from domains.http.json_replies import Json
from runs.journal import now
from runs.progress import Progress, report_progress
from tasks.access.access_control_parts import security_of
from tasks.access.bucket_parts import document_of, loaded
from tasks.access.names import DESCRIPTION, is_own
from tasks.access.parts import Change, DomainChange, Setting, planned
from tasks.errors import TimedOut
from tasks.records.access import (
    AccessControlModel,
    AccessRemoval,
    Made,
    MadeKind,
    RemovalPart,
    RemovalStatus,
)

_SEEN_S = 60.0
_BETWEEN_S = 2.0
_ORDER = (
    MadeKind.OWN_MAPPING, MadeKind.MAPPING, MadeKind.SECURITY_ROLE, MadeKind.POLICY, MadeKind.TRUST,
    MadeKind.BUCKET_POLICY, MadeKind.KEY_POLICY, MadeKind.ROLE, MadeKind.OWNERSHIP, MadeKind.BUCKET,
)  # fmt: skip
"""The order of removal: what uses something goes before it."""


@dataclass(frozen=True)
class Left:
    """What is left of something that was made.

    Args:
        status, detail: as in RemovalPart.
        changes: what removes it.
    """

    status: RemovalStatus
    detail: str
    changes: tuple[Change, ...] = ()


def preview(setting: Setting) -> AccessRemoval:
    """What `remove` would take back. Reads only."""
    return AccessRemoval(
        plan=setting.plan.name,
        done=False,
        parts=tuple(_part(each, _looked(setting, each)) for each in candidates(setting)),
    )


def remove(setting: Setting) -> AccessRemoval:
    """Take back what was made for the plan, and nothing else. Goes on after a failure; may be repeated."""
    parts: list[RemovalPart] = []
    for each in candidates(setting):
        left = _removed(setting, each)
        parts.append(_part(each, left))
        if left.status in ("gone", "remove"):
            setting.recorded.drop(each)
    return AccessRemoval(plan=setting.plan.name, done=True, parts=tuple(parts))


def _removed(setting: Setting, each: Made) -> Left:
    """Remove one thing, and confirm that it is gone; `unknown` with the reason where that failed."""
    first = _looked(setting, each)
    if first.status != "remove":
        return first
    try:
        for change in first.changes:
            setting.send(change)
        _confirm(setting, each)
    except SnapferryError as error:
        if _looked(setting, each).status != "gone":
            return Left("unknown", error.message)
    report_progress(Progress("access", f"removed: {each.kind} {each.name}", finished=True))
    return first


def _confirm(setting: Setting, each: Made) -> None:
    poll = setting.poll(_SEEN_S)
    while _looked(setting, each).status == "remove":
        if poll.expired:
            raise TimedOut(f"{each.kind} {each.name} is still there", "run the same command again")
        poll.sleep(_BETWEEN_S)


def _part(each: Made, left: Left) -> RemovalPart:
    calls = tuple(planned(change) for change in left.changes)
    return RemovalPart(
        kind=each.kind, at=each.at, name=each.name, status=left.status, detail=left.detail, calls=calls
    )


# what may have been made


def candidates(setting: Setting) -> tuple[Made, ...]:
    """All that may have been made for the plan: by the record, and by the names of the model."""
    found: dict[tuple[str, ...], Made] = {}
    for each in (*setting.recorded.read(), *_by_model(setting)):
        found.setdefault((each.kind, each.at, each.name, each.entry if _has_entry(each) else ""), each)
    return tuple(sorted(found.values(), key=lambda each: _ORDER.index(each.kind)))


def _has_entry(each: Made) -> bool:
    return each.kind in (MadeKind.MAPPING, MadeKind.OWN_MAPPING)


def _by_model(setting: Setting) -> Iterator[Made]:
    at, model = now(), setting.model
    for arn in (*(role.arn for role in model.roles), *(caller.arn for caller in model.callers)):
        account = iam_changes.account_of(arn)
        yield Made(kind=MadeKind.POLICY, at=account, name=arn, entry=model.policy, since=at)
        if iam_changes.is_role(arn):
            yield Made(kind=MadeKind.TRUST, at=account, name=arn, since=at)
            yield Made(kind=MadeKind.ROLE, at=account, name=arn, since=at)
    bucket = model.bucket
    if bucket and bucket.account:
        for kind in (MadeKind.BUCKET_POLICY, MadeKind.BUCKET):
            yield Made(kind=kind, at=bucket.account, name=bucket.name, region=bucket.region, since=at)
        if bucket.key:
            account = iam_changes.account_of(bucket.key)
            yield Made(kind=MadeKind.KEY_POLICY, at=account, name=bucket.key, since=at)
    for wanted in model.access_control:
        endpoint = setting.domains[wanted.side].endpoint
        for role in wanted.roles:
            yield Made(kind=MadeKind.SECURITY_ROLE, at=endpoint, name=role.name, since=at)
            yield Made(
                kind=MadeKind.OWN_MAPPING, at=endpoint, name=role.name, entry=wanted.caller,
                where=wanted.where, since=at,
            )  # fmt: skip


# how much of it is left


def _looked(setting: Setting, each: Made) -> Left:
    """How much of it is left; `unknown` where that cannot be read."""
    try:
        return _LOOKS[each.kind](setting, each)
    except SnapferryError as error:
        return Left("unknown", error.message)


def _policy(setting: Setting, each: Made) -> Left:
    found = iam.inline_policy(setting.session(each.at), each.name, each.entry)
    if found is None:
        return Left("gone", "there is no such policy")
    if not all(is_own(setting.plan.name, statement.get("Sid")) for statement in found):
        return Left("kept", "somebody has added statements to it")
    return Left("remove", f"policy {each.entry}", (iam_changes.delete_policy(each.name, each.entry),))


def _trust(setting: Setting, each: Made) -> Left:
    found = iam.role(setting.session(each.at), each.name)
    own = _own_sids(setting, found.trust) if found else set[str]()
    if found is None or not own or _is_tagged(setting, each):
        return Left("gone", "it has no statement of ours, or goes with its role")
    if len(own) == len(found.trust):
        return Left("kept", "nothing else is left in it: somebody has removed the role's own trust")
    without = merged(found.document, (), own)
    return Left("remove", "our statements in its trust policy", (iam_changes.set_trust(each.name, without),))


def _is_tagged(setting: Setting, each: Made) -> bool:
    found = iam.role_tags(setting.session(each.at), each.name)
    return found.items() >= setting.model.tags.items()


def _own_sids(setting: Setting, statements: tuple[Json, ...]) -> set[str]:
    return {str(each["Sid"]) for each in statements if is_own(setting.plan.name, each.get("Sid"))}


def _role(setting: Setting, each: Made) -> Left:
    session = setting.session(each.at)
    found = iam.role(session, each.name)
    if found is None:
        return Left("gone", "there is no such role")
    if not _is_tagged(setting, each):
        return Left("gone", "the role was not made for this plan")
    policies = [policy for policy in iam.role_policies(session, each.name) if policy != setting.model.policy]
    if policies:
        return Left("kept", f"somebody has given it other policies: {', '.join(policies)}")
    if len(_own_sids(setting, found.trust)) != len(found.trust):
        return Left("kept", "somebody has added to its trust policy")
    return Left("remove", "the role", (iam_changes.delete_role(each.name),))


def _place(each: Made) -> s3_changes.Place:
    return s3_changes.Place(each.name, each.at, each.region)


def _is_there(setting: Setting, each: Made) -> bool:
    found = s3.look_up_bucket(setting.session(each.at), each.name, each.region or None)
    return found.state != "missing"


def _is_our_bucket(setting: Setting, each: Made) -> bool:
    recorded = any(one.kind is MadeKind.BUCKET and one.name == each.name for one in setting.recorded.read())
    tags = s3.tags(setting.session(each.at), each.name, each.region or None)
    return tags.items() >= setting.model.tags.items() or (recorded and not tags)


def _bucket(setting: Setting, each: Made) -> Left:
    if not _is_there(setting, each):
        return Left("gone", "there is no such bucket")
    if not _is_our_bucket(setting, each):
        return Left("gone", "the bucket was not made for this plan")
    if not s3.is_empty(setting.session(each.at), each.name, each.region or None):
        return Left("kept", "it holds objects: a bucket is removed only when it is empty")
    return Left("remove", "the empty bucket", (s3_changes.delete_bucket(_place(each)),))


def _bucket_policy(setting: Setting, each: Made) -> Left:
    if not _is_there(setting, each):
        return Left("gone", "there is no such bucket")
    document = loaded(s3.policy(setting.session(each.at), each.name, each.region or None))
    own = _own_sids(setting, document_of(document))
    if not own:
        return Left("gone", "it has no statement of ours")
    change = s3_changes.put_policy(_place(each), merged(document, (), own))
    return Left("remove", "our statements in the bucket's policy", (change,))


def _ownership(setting: Setting, each: Made) -> Left:
    if not _is_there(setting, each):
        return Left("gone", "there is no such bucket")
    session = setting.session(each.at)
    found = s3.object_ownership(session, each.name, each.region or None)
    if found != s3.OWNER_ENFORCED or each.before in ("", found):
        return Left("gone", "somebody has changed it since")
    return Left("remove", f"back to {each.before}", (s3_changes.put_ownership(_place(each), each.before),))


def _key_policy(setting: Setting, each: Made) -> Left:
    document = loaded(kms.policy(setting.session(each.at), each.name))
    own = _own_sids(setting, document_of(document))
    if not own:
        return Left("gone", "it has no statement of ours")
    change = kms_changes.put_key_policy(each.name, merged(document, (), own))
    return Left("remove", "our statements in the key's policy", (change,))


# access control


def _model(setting: Setting, each: Made) -> AccessControlModel | None:
    found = (one for one in setting.model.access_control if setting.domains[one.side].endpoint == each.at)
    return next(found, None)


def _elsewhere() -> Left:
    return Left("unknown", "neither side of the plan is at this endpoint now, or has access control")


def _mapping(setting: Setting, each: Made) -> Left:
    wanted = _model(setting, each)
    if wanted is None:
        return _elsewhere()
    found = security_of(setting.domains[wanted.side], wanted.engine).mappings.get(each.name)
    where: MappingList = "backend_roles" if each.where == "backend_roles" else "users"
    if found is None or each.entry not in found.listed(where):
        return Left("gone", "it does not name the caller")
    if found.description == DESCRIPTION and _names_only(found, each.entry):
        request = access_control.delete_mapping_request(wanted.engine, each.name)
    else:
        position = found.listed(where).index(each.entry)
        request = access_control.drop_request(wanted.engine, each.name, where, position)
    return Left("remove", f"the mapping of {each.entry}", (_change(wanted.side, request),))


def _names_only(found: RoleMapping, entry: str) -> bool:
    return (*found.users, *found.backend_roles, *found.all_backend_roles, *found.hosts) == (entry,)


def _security_role(setting: Setting, each: Made) -> Left:
    wanted = _model(setting, each)
    if wanted is None:
        return _elsewhere()
    security = security_of(setting.domains[wanted.side], wanted.engine)
    found = security.roles.get(each.name)
    if found is None:
        return Left("gone", "there is no such role")
    if found.description != DESCRIPTION:
        return Left("gone", "the role was not made here")
    mapping = security.mappings.get(each.name)
    if mapping and not _names_only(mapping, wanted.caller):
        return Left("kept", "others are mapped to it")
    request = access_control.delete_role_request(wanted.engine, each.name)
    return Left("remove", "the role of access control", (_change(wanted.side, request),))


def _change(side: Side, request: access_control.Request) -> DomainChange:
    return DomainChange(side, request)


_LOOKS: dict[MadeKind, Callable[[Setting, Made], Left]] = {
    MadeKind.BUCKET: _bucket,
    MadeKind.OWNERSHIP: _ownership,
    MadeKind.BUCKET_POLICY: _bucket_policy,
    MadeKind.KEY_POLICY: _key_policy,
    MadeKind.ROLE: _role,
    MadeKind.TRUST: _trust,
    MadeKind.POLICY: _policy,
    MadeKind.SECURITY_ROLE: _security_role,
    MadeKind.MAPPING: _mapping,
    MadeKind.OWN_MAPPING: _mapping,
}
