"""Find a place for the snapshots: registrations, buckets, and a free name."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, count

import boto3

from configs.plan import Side
from configs.values.names import check_bucket
from domains.aws import s3
from domains.aws import session as aws
from domains.http.json_replies import child
from tasks.draft.optional_reads import optional_read
from tasks.draft.roles import choose
from tasks.draft.sides import InspectedSide
from tasks.records.draft import BucketFound, RegistrationFound, RoleChoice, StorageFound
from tasks.repository.bodies import is_readonly

_SUGGESTS = re.compile(r"snapshot|backup|opensearch|elasticsearch|migrat", re.IGNORECASE)
_TAGS_READ = 50
_LISTED = 20
_AT_ONCE = 8


def inspect(looked: Mapping[Side, InspectedSide], name: str) -> StorageFound:
    """Inspect existing registrations, buckets and roles, and choose candidates among them. Reads only.

    Args:
        looked: the inspected sides.
        name: preferred name for the repository and its folder.
    """
    unknown: list[str] = []
    registrations = tuple(each for side in looked.values() for each in _registrations(side))
    first = next((side for side in looked.values() if side.session), None)
    if first is None or first.session is None:
        return StorageFound(
            name=_free(name, looked, registrations, None, None, unknown),
            registrations=registrations,
            unknown=tuple(unknown),
        )
    session = first.session
    buckets = _buckets(session, first.found.region, registrations, unknown)
    chosen = next((each for each in buckets if each.why), None)
    role, target_role = _roles(looked, chosen, registrations, unknown)
    return StorageFound(
        name=_free(
            name, looked, registrations, chosen, aws.session(first.asked.signing, _region(chosen)), unknown
        ),
        bucket=chosen,
        role=role,
        target_role=target_role,
        registrations=registrations,
        buckets=buckets,
        unknown=tuple(unknown),
    )


def _registrations(looked: InspectedSide) -> Iterator[RegistrationFound]:
    for name, told in sorted((looked.registrations or {}).items()):
        settings = child(told, "settings")
        if name.startswith("cs-"):  # the service's own, listed without settings
            continue
        yield RegistrationFound(
            side=looked.found.side,
            name=name,
            type=str(told.get("type") or ""),
            bucket=str(settings.get("bucket") or ""),
            base_path=str(settings.get("base_path") or ""),
            location=str(settings.get("location") or ""),
            role_arn=str(settings.get("role_arn") or ""),
            readonly=is_readonly(told),
        )


def _buckets(
    session: boto3.Session,
    region: str | None,
    registrations: Sequence[RegistrationFound],
    unknown: list[str],
) -> tuple[BucketFound, ...]:
    """List buckets: those in use for snapshots first, then other candidates, then some of the rest."""
    used: dict[str, str] = {}
    for each in registrations:
        if each.type == "s3" and _is_bucket(each.bucket):
            used.setdefault(each.bucket, f"the {each.side} has repository {each.name} in it")
    names = (
        optional_read(unknown, "the account's buckets could not be listed", lambda: s3.bucket_names(session))
        or ()
    )
    reasons = used | {name: why for name, why in _suggesting(session, names) if name not in used}
    others = [name for name in names if name not in reasons]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="bucket") as pool:
        shown = [*reasons, *others][:_LISTED]
        regions = dict(zip(shown, pool.map(partial(aws.bucket_region, session), shown), strict=True))
    found = [BucketFound(name=name, region=regions[name], why=reasons.get(name, "")) for name in shown]

    def rank(each: BucketFound) -> tuple[bool, bool, bool]:
        new = each.name not in used
        return new, not each.why, new and each.region != region

    return tuple(sorted(found, key=rank))


def _is_bucket(name: str) -> bool:
    try:
        return bool(check_bucket(name))
    except ValueError:
        return False


def _suggesting(session: boto3.Session, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield buckets whose names or tags suggest snapshots, and why; reads at most fifty buckets' tags."""
    silent: list[str] = []
    for name in names:
        if _SUGGESTS.search(name):
            yield name, "its name suggests it"
        else:
            silent.append(name)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="tags") as pool:
        read = silent[:_TAGS_READ]
        for name, tag in zip(read, pool.map(partial(_telling_tag, session), read), strict=True):
            if tag:
                yield name, f"its tag {tag} suggests it"


def _telling_tag(session: boto3.Session, name: str) -> str:
    """Return a tag that suggests snapshots; empty if there is none or the tags cannot be read."""
    told = optional_read([], "", lambda: s3.tags(session, name)) or {}
    return next((f"{key}={value}" for key, value in told.items() if _SUGGESTS.search(f"{key} {value}")), "")


def _region(chosen: BucketFound | None) -> str | None:
    return chosen.region if chosen else None


def _roles(
    looked: Mapping[Side, InspectedSide],
    chosen: BucketFound | None,
    registrations: Sequence[RegistrationFound],
    unknown: list[str],
) -> tuple[RoleChoice, RoleChoice | None]:
    """Choose one role for both sides, or one per side if they are in different accounts."""
    signed = [side for side in looked.values() if side.session]
    accounts = {side.found.account for side in signed if side.found.account}
    name = chosen.name if chosen else None
    if len(accounts) < 2:
        return choose(signed, name, registrations, unknown), None
    one, other = (choose([side], name, registrations, unknown) for side in signed)
    return one, other


def _free(
    name: str,
    looked: Mapping[Side, InspectedSide],
    registrations: Sequence[RegistrationFound],
    chosen: BucketFound | None,
    session: boto3.Session | None,
    unknown: list[str],
) -> str:
    """Return the name, with a number appended if a repository or a folder of the bucket already uses it."""
    taken = {each.name for each in registrations}
    if chosen:
        taken |= {each.base_path for each in registrations if each.bucket == chosen.name}
    for side in looked.values():
        if side.registrations is None:
            unknown.append(f"whether the {side.found.side} has a repository {name} could not be read")
    own = name.removeprefix("cs-") or "snapshots"  # the prefix is the service's
    candidates = chain([own], (f"{own}-{number}" for number in count(2)))
    for free in (each for each in candidates if each not in taken):
        if chosen is None or session is None:
            return free
        files = optional_read(
            unknown,
            "whether the folder holds a repository could not be read",
            partial(s3.repository_files, session, chosen.name, free),
        )
        if not files:
            return free
    return own
