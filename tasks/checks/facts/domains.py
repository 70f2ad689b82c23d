"""Facts about the domains that several checks share, each read once by the survey."""

from urllib.parse import urlsplit

from configs.plan import DomainSettings, S3Repository
from configs.values.aws import partition_of_region
from domains.aws import control_plane, iam
from domains.aws.control_plane import DomainStatus
from domains.aws.iam import Caller, Role
from domains.domain import Side
from domains.engine import reachability
from domains.engine.every_index import BlocksInForce, blocks_in_force
from domains.engine.reachability import Reachability
from domains.errors import SnapferryError
from domains.http.json_replies import Json, child
from tasks.checks.facts.registrations import leads_to_the_plan
from tasks.survey import Inapplicable, Survey

_HASHED = 10
"""Generation of OpenSearch 3, counted across both engines."""
_SEEN_HASHED = (10, 6)
"""Generation and minor of the version known to do it."""
_PATHS = "shard_path_type"


def settings(survey: Survey, side: Side) -> DomainSettings:
    """Return the plan's settings of a side.

    Raises:
        Inapplicable: there is no such domain, because the plan's source is a snapshot.
    """
    if side not in survey.sides:
        raise Inapplicable("the plan's source is a snapshot, not a domain")
    return survey.plan.domain(side)


def reached(survey: Survey, side: Side) -> Reachability:
    """Probe how far the side's domain can be reached. Give up the side if it cannot be queried."""

    own = settings(survey, side)

    def go() -> Reachability:
        try:
            found = reachability.probe(survey.domain(side), own)
        except SnapferryError as error:  # the domain could not even be opened
            found = Reachability("credentials", error.message, error.hint)
        if found.stage != "reached":
            survey.give_up(side, f"the {side} cannot be queried, see {check_of(found)}")
        return found

    return survey.once(("reach", side), go)


def check_of(found: Reachability) -> str:
    """Return the id of the check that reports a probe ending before `reached`."""
    if found.stage in {"credentials", "clock", "domain-access"}:
        return f"account.{found.stage}"
    return f"domains.{found.stage}"


def blocks(survey: Survey, side: Side) -> BlocksInForce:
    """Read every block of the side: on its indices, and on all of it."""
    return survey.once(("blocks", side), lambda: blocks_in_force(survey.domain(side)))


def signed(survey: Survey, side: Side) -> bool:
    """Whether the side's requests are signed, that is, whether it belongs to an AWS account."""
    return settings(survey, side).is_signed


def caller(survey: Survey, side: Side) -> Caller:
    """Identify the caller that signs the side's requests."""
    return survey.once(("caller", side), lambda: iam.caller(survey.domain(side).session))


def role_arn(survey: Survey, side: Side) -> str | None:
    """Return the role that the side registers the repository with; None for a cluster of your own."""
    if side not in survey.sides or not signed(survey, side):
        return None
    return survey.plan.repository.role_arn_for(side)


def role(survey: Survey, side: Side) -> Role | None:
    """Read that role from IAM; None if it does not exist or the side needs none."""
    arn = role_arn(survey, side)
    if arn is None:
        return None
    return survey.once(("role", side), lambda: iam.role(survey.domain(side).session, arn))


def status(survey: Survey, side: Side) -> DomainStatus | None:
    """Read the side's domain from the control plane; None if it is not there or not of the service."""
    if not signed(survey, side):
        return None

    def look() -> DomainStatus | None:
        name, arn = domain_name(survey, side), _arn_by_cluster(survey, side)
        found = control_plane.domain_status(survey.domain(side).session, name) if name else None
        return (
            None if found and arn not in (None, found.arn) else found
        )  # a domain of the same name in the caller's account

    return survey.once(("status", side), look)


def domain_arn(survey: Survey, side: Side) -> str | None:
    """Return the side's ARN from its cluster's name, else from the control plane; None if neither has it."""
    own = _arn_by_cluster(survey, side)
    if own:
        return own
    found = status(survey, side)
    return found.arn or None if found else None


def _arn_by_cluster(survey: Survey, side: Side) -> str | None:
    """Derive the ARN from the cluster's name, which on the service is `account:domain`."""
    account_of, _, name = survey.identity(side).name.partition(":")
    region = settings(survey, side).region
    if not (account_of.isdigit() and len(account_of) == 12 and name and region):
        return None
    return f"arn:{partition_of_region(region)}:es:{region}:{account_of}:domain/{name}"


def domain_name(survey: Survey, side: Side) -> str | None:
    """Return the domain's name from the plan, its host, or its cluster's name."""
    named = settings(survey, side).domain
    if named:
        return named
    host = urlsplit(survey.domain(side).endpoint).hostname or ""
    return control_plane.domain_name_of(host) or survey.identity(side).name.rpartition(":")[2] or None


def s3(survey: Survey) -> S3Repository | None:
    """Return the plan's bucket; None if the repository is a folder."""
    repository = survey.plan.repository
    return repository if isinstance(repository, S3Repository) else None


def hashes(survey: Survey) -> bool | None:
    """Whether the source puts its own folders before base_path; None if unknown.

    OpenSearch 3.6 does, unless the repository's `shard_path_type` says otherwise.
    """
    repository = s3(survey)
    if repository is None:
        return False
    told = repository.settings.get(_PATHS)
    try:
        if told is None:
            told = child(_own_registration(survey), "settings").get(_PATHS)
        runs = survey.identity("source").version
    except SnapferryError:
        return None if told is None else _before_base_path(told)
    if told is not None:
        return _before_base_path(told)
    if runs.generation < _HASHED:
        return False
    return True if (runs.generation, runs.minor) == _SEEN_HASHED else None


def _before_base_path(path_type: object) -> bool:
    return str(path_type).upper() == "HASHED_PREFIX"


def _own_registration(survey: Survey) -> Json:
    """Return the source's registration that the migration will use; empty if none."""
    found = survey.registration("source")
    return found if found and leads_to_the_plan(survey, "source", found) else {}
