"""Checks of the bucket: it exists, in the plan's Region, and nothing else touches the repository's files."""

from domains.aws import s3
from domains.domain import Side
from tasks.checks.check import Finding, check, fail, ok, shown, skip, unknown, warn
from tasks.checks.facts import bucket as bucket_facts
from tasks.checks.facts import domains
from tasks.checks.facts.registrations import leads_to_the_plan, other_writers
from tasks.checks.rules.bucket_lifecycle import judged
from tasks.survey import Survey, Unlooked

_GUIDE = "AWS guide: Creating index snapshots, prerequisites"
_MIGRATING = "AWS guide: Migrating data to a different domain"


@check("bucket.exists", "the bucket is there", source=_GUIDE, decisive=True)
def exists(survey: Survey) -> Finding:
    """Read with the source's login, then with the target's."""
    name, found = bucket_facts.plans_bucket(survey).bucket, bucket_facts.found(survey)
    if found.state == "missing":
        return fail(f"S3 has no bucket {name}", "create it, or correct repository.bucket")
    if found.state == "denied":
        return unknown(
            f"S3 does not let the caller read bucket {name}; it may belong to another account",
            f"allow the caller s3:ListBucket on {name}; for another account's, in the bucket's policy too",
        )
    return ok(f"{name} in {found.region or 'a Region that S3 does not tell'}")


@check("bucket.region", "the domains reach the bucket's Region", source=_MIGRATING)
def region(survey: Survey) -> Finding:
    """The plan's Region is the bucket's; a domain elsewhere needs `endpoint` instead of `region`."""
    repository, found = bucket_facts.plans_bucket(survey), bucket_facts.found(survey)
    if found.state == "missing":
        return skip("the bucket is not there, see bucket.exists")
    if found.region is None:
        return unknown(f"S3 does not tell the Region of bucket {repository.bucket}")
    if repository.region not in (None, found.region):
        wrong = f"the plan says {repository.region}, bucket {repository.bucket} is in {found.region}"
        hint = f"write repository.region: {found.region}, or leave it out"
        if repository.endpoint_fallback == "never":
            return fail(wrong, hint)
        return warn(f"{wrong}: the domains will be told to find it by endpoint", hint)
    away: list[Side] = [side for side in survey.sides if _region_of(survey, side) not in (None, found.region)]
    said = ", ".join(f"the {side} is in {_region_of(survey, side)}" for side in away)
    if away and repository.endpoint_fallback == "never":
        return fail(
            f"bucket {repository.bucket} is in {found.region}, {said}: a domain elsewhere reaches it by "
            "endpoint in place of region only, and repository.endpoint_fallback is never",
            "set repository.endpoint_fallback: auto, or use a bucket of that Region",
        )
    return ok(f"{found.region}; {said}, and will register by endpoint" if away else found.region)


def _region_of(survey: Survey, side: Side) -> str | None:
    return domains.settings(survey, side).region if domains.signed(survey, side) else None


@check("bucket.lifecycle", "no lifecycle rule archives or deletes the repository's files", source=_GUIDE)
def lifecycle(survey: Survey) -> Finding:
    """Later snapshots share files with earlier ones, so an age-based rule breaks new snapshots too."""
    rules = bucket_facts.told(survey, "lifecycle", s3.lifecycle_rules)
    base_path = bucket_facts.plans_bucket(survey).base_path
    hashes = domains.hashes(survey)
    found = judged(rules, base_path, hashed=hashes is True)
    if hashes is None and not found.harm and (perhaps := judged(rules, base_path, hashed=True)).harm:
        return unknown(
            f"whether the source puts shards in folders before base_path, as OpenSearch 3.6; "
            f"{shown(perhaps.harm, 2)}",
            "limit the rule to other folders, or set repository.settings: {shard_path_type: FIXED}",
        )
    if found.harm:
        return fail(
            shown(found.harm, 2),
            "limit the rule to other folders, disable it, or choose a bucket without one; OpenSearch 3 keeps "
            "shards under a hash before base_path, so a rule for the whole bucket is never right",
            (*found.harm, *found.notes),
        )
    if found.notes:
        return warn(shown(found.notes, 2), "nothing is lost by it; see docs/checks.md", found.notes)
    return ok(f"{len(rules)} rules, none for the repository's files" if rules else "it has no rules")


@check("bucket.object-lock", "no Object Lock keeps what a snapshot writes", source="Amazon S3: Object Lock")
def object_lock(survey: Survey) -> Finding:
    """A default retention refuses uploads without a checksum and keeps deleted files."""
    lock = bucket_facts.told(survey, "object lock", s3.object_lock)
    if not lock.retention:
        return ok("Object Lock without a default retention" if lock.enabled else "it has no Object Lock")
    said = f"a default retention, {lock.retention}"
    if _sends_no_checksum(survey):
        return fail(
            f"{said}: S3 refuses uploads without Content-MD5, which Elasticsearch does not send",
            "use a bucket without a default retention",
        )
    return warn(
        f"{said}: snapshots that are removed stay in the bucket, and cost, until it ends; an engine that "
        "sends no checksums cannot upload at all",
        "use a bucket without a default retention",
    )


def _sends_no_checksum(survey: Survey) -> bool:
    try:
        return survey.identity("source").version.engine == "elasticsearch"
    except Unlooked:
        return False


@check("bucket.path", "nobody else uses the repository's path", source=_MIGRATING)
def path(survey: Survey) -> Finding:
    """Find a repository unknown to both domains; safety.writer checks registrations that can write."""
    if other_writers(survey):
        return skip("see safety.writer")
    if domains.s3(survey) is None:
        return ok("no other registration of either domain can write there")
    if _is_registered(survey, "source"):
        return ok("the repository there is registered on the source")
    return _unexplained(survey)


def _is_registered(survey: Survey, side: Side) -> bool:
    return any(leads_to_the_plan(survey, side, found) for found in survey.registrations(side).values())


def _unexplained(survey: Survey) -> Finding:
    repository = bucket_facts.plans_bucket(survey)

    def list_files(session: bucket_facts.Session, bucket: str, region: str | None) -> tuple[str, ...]:
        return s3.repository_files(session, bucket, repository.base_path, region)

    files = bucket_facts.told(survey, "files", list_files)
    if not files:
        return ok("no repository lies there")
    if survey.plan.existing_snapshot:
        return ok(f"a repository lies there, as {survey.plan.snapshot_key} wants it")
    return warn(
        f"a repository lies there ({shown(files, 1)}), and the source does not have it registered: another "
        "domain may be writing to it, and only one may",
        "choose another repository.base_path, unless an earlier migration of these domains left it",
    )
