"""Write a new plan as text: what was found is filled in, the rest is a placeholder with a comment."""

from collections.abc import Iterable, Iterator

from configs.values.aws import partition_of_region
from reports.plan_file import texts as fixed
from reports.plan_file.yaml import comment, commented_out, entry, listed, scalar
from reports.words import common
from tasks.records.draft import Draft, IndicesFound, RegistrationFound, RoleChoice, SideFound, StorageFound

_FILL_IN = "to fill in"
_DEEP = "  "


def plan_text(draft: Draft) -> str:
    """The plan, in YAML with comments. What the draft could not find out is a marked placeholder."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield from _head(draft)
    yield ""
    yield entry("", "name", scalar(draft.name), fixed.NAME)
    for side, found in (("source", draft.source), ("target", draft.target)):
        yield ""
        yield from comment(fixed.SIDES[side])
        yield from _side(side, found) if found else _no_side(side, draft)
    yield from _versions(draft)
    yield ""
    yield from comment(fixed.REPOSITORY)
    yield from _repository(draft, draft.storage)
    yield ""
    yield from comment(fixed.INDICES)
    yield from _indices(draft.indices)
    yield ""
    yield from comment(fixed.SNAPSHOT)
    yield from ("snapshot:", "  wait_for_running: 30m")
    yield ""
    yield from comment(fixed.CONFLICTS)
    yield from _conflicts(draft.indices)
    yield ""
    yield from comment(fixed.VERIFY)
    yield from ("verify:", "  level: operations")
    for key, text in (
        ("restore", fixed.RESTORE),
        ("cutover", fixed.CUTOVER),
        ("checks", fixed.CHECKS),
        ("gates", fixed.GATES),
        ("hooks", fixed.HOOKS),
    ):
        yield ""
        yield from comment(text)
        yield from commented_out(fixed.EXAMPLES[key])


def _head(draft: Draft) -> Iterator[str]:
    given = [found.given for found in (draft.source, draft.target) if found]
    of = f" from {' and '.join(given)}" if given else ""
    when = f"{draft.made:%Y-%m-%d %H:%M} UTC"
    yield from comment(f"Written by `snapferry init`{of}, {when}.")
    yield from comment(fixed.HEAD)
    if draft.to_fill_in:
        yield "#"
        yield from comment(f"To fill in: {', '.join(draft.to_fill_in)}.")


def _no_side(side: str, draft: Draft) -> Iterator[str]:
    """A placeholder, in the partition of the side that was given."""
    partition, _ = _account(draft.source or draft.target)
    host = fixed.HOSTS.get(partition, fixed.HOSTS["aws"])
    yield from comment(f"Name it by its URL, or by domain: NAME and region: CODE ({_FILL_IN}).")
    yield f"{side}:"
    yield entry(_DEEP, "endpoint", fixed.ENDPOINT.format(side=side, host=host))


def _side(side: str, found: SideFound) -> Iterator[str]:
    yield from _facts(found)
    yield f"{side}:"
    if found.domain:
        yield entry(_DEEP, "domain", scalar(found.domain))
    if found.endpoint:
        yield entry(_DEEP, "endpoint", scalar(found.endpoint))
    if found.region:
        yield entry(_DEEP, "region", scalar(found.region), found.region_told_by)
    yield from _auth(side, found)
    if found.connect_to:
        yield entry(_DEEP, "connect_to", scalar(found.connect_to))
    if found.ca_bundle:
        yield entry(_DEEP, "ca_bundle", scalar(found.ca_bundle))


def _facts(found: SideFound) -> Iterator[str]:
    """What is known about the side, and what is not."""
    known = [
        found.version,
        f"cluster {found.cluster_name}" if found.cluster_name else "",
        found.arn,
        f"read as {found.caller}" if found.caller else "",
    ]
    if any(known):
        yield from comment("Found: " + ", ".join(part for part in known if part) + ".")
    if not found.version:
        yield from comment("Its engine and version are unknown.")
    if found.busy:
        yield from comment(f"Note: {found.busy}. Wait until that is over.")
    yield from _unknown(found.unknown)


def _unknown(sentences: Iterable[str], indent: str = "") -> Iterator[str]:
    for sentence in sentences:
        yield from comment(f"Unknown: {sentence}", indent)


def _auth(side: str, found: SideFound) -> Iterator[str]:
    yield f"{_DEEP}auth:"
    deep = _DEEP * 2
    yield entry(deep, "type", found.auth, found.auth_told_by)
    if found.auth == "sigv4":
        if found.profile:
            yield entry(deep, "profile", scalar(found.profile))
        if found.role_arn:
            yield entry(deep, "role_arn", scalar(found.role_arn), "assumed before requests are signed")
    if found.auth == "basic":
        yield entry(deep, "username", "admin", _FILL_IN)
        yield entry(
            deep, "password", f"{{env: {side.upper()}_PASSWORD}}", f"{_FILL_IN}: the variable that holds it"
        )


def _versions(draft: Draft) -> Iterator[str]:
    if draft.version_problem:
        yield ""
        yield from comment(
            f"This migration cannot be done: {draft.version_problem}. {draft.version_way_out}. See "
            "docs/versions.md."
        )


def _repository(draft: Draft, found: StorageFound) -> Iterator[str]:
    yield from listed("Registered already", (_registration(each) for each in found.registrations))
    yield from _unknown(found.unknown)
    yield "repository:"
    yield entry(_DEEP, "name", scalar(found.name))
    yield from _bucket(found)
    yield entry(_DEEP, "base_path", scalar(found.name))
    if not _signed(draft):
        yield from comment(
            "Neither side is a domain of the service, so no role is named. For a folder that both clusters "
            "share, write type: fs and location: /PATH in place of bucket and base_path.",
            _DEEP,
        )
        return
    if found.target_role is None:
        yield from _role("role_arn", "The domains assume", found.role, _account(draft.source or draft.target))
        return
    yield from comment(
        "The sides are in two accounts: a role can only be passed inside its own, and the bucket's policy "
        "must let in the role of the other account. See docs/access.md, Between two accounts.",
        _DEEP,
    )
    yield from _role("role_arn", "The source assumes", found.role, _account(draft.source))
    yield from _role("target_role_arn", "The target assumes", found.target_role, _account(draft.target))


def _signed(draft: Draft) -> bool:
    return any(found is None or found.auth == "sigv4" for found in (draft.source, draft.target))


def _registration(found: RegistrationFound) -> str:
    place = f"{found.bucket}/{found.base_path}".rstrip("/") or found.location or "place not shown"
    access = "readonly" if found.readonly else "read-write"
    return f"{found.name} on the {found.side} ({found.type}, {place}, {access})"


def _bucket(found: StorageFound) -> Iterator[str]:
    others = [each for each in found.buckets if each != found.bucket]
    yield from listed("Other buckets of the account", (each.name for each in others), _DEEP)
    if found.bucket is None:
        yield entry(_DEEP, "bucket", fixed.BUCKET, f"{_FILL_IN}: no bucket suggests itself")
        return
    yield entry(_DEEP, "bucket", scalar(found.bucket.name), f"chosen: {found.bucket.why}")
    if found.bucket.region:
        yield entry(_DEEP, "region", scalar(found.bucket.region), "the bucket's, according to S3")
    else:
        yield from comment("The bucket's Region is unknown; the run looks it up again.", _DEEP)


def _account(found: SideFound | None) -> tuple[str, str]:
    """Partition and account for a placeholder."""
    partition = partition_of_region(found.region) if found and found.region else "aws"
    return partition, (found.account if found and found.account else fixed.NO_ACCOUNT)


def _role(key: str, who: str, found: RoleChoice | None, account: tuple[str, str]) -> Iterator[str]:
    choice = found or RoleChoice()
    yield from comment(
        f"{who} this role to reach the bucket; you need iam:PassRole on it. The permissions it "
        "needs: docs/access.md.",
        _DEEP,
    )
    others = [each for each in choice.candidates if each.arn != choice.arn]
    shown = (f"{each.arn} ({each.problem})" if each.problem else each.arn for each in others)
    yield from listed("Other roles that trust the service", shown, _DEEP)
    if choice.arn:
        yield from comment(f"Chosen: {choice.why}.", _DEEP)
        yield entry(_DEEP, key, scalar(choice.arn))
        return
    placeholder = fixed.ROLE.format(partition=account[0], account=account[1])
    yield entry(_DEEP, key, placeholder, f"{_FILL_IN}: no role suggests itself")


def _indices(found: IndicesFound | None) -> Iterator[str]:
    if found:
        yield from comment(
            f"Found on the source: {common.counted(found.indices, 'index', 'indices')} to move "
            f"({common.size(found.bytes)} in primaries)."
        )
        yield from listed("Data streams among them", found.streams)
        yield from listed("System indices, which stay", found.system)
        yield from listed("Cannot be read by the target", found.created_problems)
    yield "indices:"
    yield '  include: ["*"]'
    yield "  exclude: []"
    if found and found.closed:
        yield from listed("Closed on the source", found.closed, _DEEP)
    yield entry(_DEEP, "closed", "skip", "skip: closed indices stay. move: they move too")


def _conflicts(found: IndicesFound | None) -> Iterator[str]:
    if found is None or found.conflicts is None:
        yield from comment("It is unknown whether the target already has names of the source.")
    elif not found.conflicts:
        yield from comment("Found: no name of the source is taken on the target.")
    yield from listed("Taken on the target", found.conflicts or () if found else ())
    yield "conflicts:"
    yield "  policy: fail"


def summary(draft: Draft) -> Iterator[str]:
    """What was found and what was not, one line each, for whoever runs the command."""
    for side, found in (("source", draft.source), ("target", draft.target)):
        if found:
            known = ", ".join(part for part in (found.version, found.region, found.arn) if part)
            yield f"{side}: {found.given}" + (f": {known}" if known else "")
            yield from (f"  unknown: {sentence}" for sentence in found.unknown)
    if draft.version_problem:
        yield f"This migration cannot be done: {draft.version_problem}; {draft.version_way_out}"
    if draft.indices:
        moving = common.counted(draft.indices.indices, "index", "indices")
        yield f"{moving} to move, {common.size(draft.indices.bytes)} in primaries"
        if draft.indices.conflicts:
            taken = common.counted(len(draft.indices.conflicts), "name is", "names are")
            yield f"{taken} taken on the target; see conflicts in the plan"
    yield from (f"repository: unknown: {sentence}" for sentence in draft.storage.unknown)
