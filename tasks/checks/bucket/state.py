"""Check of the bucket that holds the state: nothing that is written there gets lost."""

from configs.state import StateSettings
from domains.aws import s3
from domains.aws.session import session
from tasks.checks.check import Finding, check, fail, ok, shown, skip, unknown, warn
from tasks.checks.rules.bucket_lifecycle import judged
from tasks.survey import Survey


@check(
    "bucket.state", "the state's bucket loses nothing", source="Amazon S3: Managing your storage lifecycle"
)
def state(survey: Survey) -> Finding:
    """Journals that expire take with them what is known of a run; versions keep what was overwritten."""
    settings = survey.plan.state
    if settings is None:
        return skip("no state in S3 is named")
    look, name = session(settings.auth, settings.region), settings.bucket
    found = s3.look_up_bucket(look, name, settings.region)
    if found.state == "missing":
        return fail(f"S3 has no bucket {name}", f"create it, or correct {settings.address}")
    if found.state == "denied":
        return unknown(f"S3 does not let the caller read bucket {name}", f"allow s3:ListBucket on {name}")
    region = found.region or settings.region
    rules = judged(s3.lifecycle_rules(look, name, region), settings.prefix, hashed=False)
    if rules.harm:
        hint = "limit the rule to other prefixes: without its journals a run cannot be resumed or undone"
        return fail(shown(rules.harm, 2), hint, rules.harm)
    return _versions(settings, is_kept=s3.keeps_versions(look, name, region))


def _versions(settings: StateSettings, *, is_kept: bool) -> Finding:
    if is_kept:
        return ok(f"{settings.bucket} keeps versions, and no rule removes anything below {settings.prefix}")
    return warn(
        f"bucket {settings.bucket} keeps no versions: what somebody removes or overwrites there is gone",
        f"turn versioning on: aws s3api put-bucket-versioning --bucket {settings.bucket} "
        "--versioning-configuration Status=Enabled",
    )
