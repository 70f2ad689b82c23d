"""Checks that each domain can be listed, and that no block on all of it refuses what a migration does."""

from collections.abc import Callable, Iterator, Mapping

from domains.domain import Side
from domains.engine.cluster_features import scope_of
from domains.errors import Denied, SnapferryError, UnexpectedReply
from domains.http.block_refusals import SETTINGS, Block, removal
from domains.http.known_refusals import cause_of
from tasks.checks.check import Finding, failing, ok, side_check, skip, warn
from tasks.checks.facts import domains
from tasks.checks.facts.registrations import leads_to_the_plan
from tasks.survey import Survey, Unlooked

_BY_ITSELF = (
    "; the service sets it by itself while disk space or memory is short: make room first, then it goes away"
)
_CREATE_INDEX = "cluster.blocks.create_index"


@side_check("domains.reads", "it lists what every migration must know", source="docs/access.md")
def reads(survey: Survey, side: Side) -> Finding:
    """Without these, no other check can tell anything about the side."""
    found = domains.reached(survey, side)
    if found.stage != "reached":
        return skip(f"see {domains.check_of(found)}")
    if not _is_a_domain(survey, side):
        return skip("see domains.answer")
    refused = dict(_refused(survey, side))
    if not refused:
        return ok("its indices, aliases, data streams and repositories are listed")
    others = {what: error for what, error in refused.items() if not _is_access_control(error)}
    if not others:
        return skip("see domains.access-control")
    survey.give_up(side, f"the {side} does not list what it has, see domains.reads")
    hint = next((error.hint for error in others.values() if error.hint), "")
    lines = [f"{what} cannot be listed: {error.message}" for what, error in others.items()]
    return failing(lines, "", hint or "repair the domain (see its health in the console), then check again")


def _is_a_domain(survey: Survey, side: Side) -> bool:
    """Whether it is not known to be something else."""
    try:
        survey.identity(side)
    except UnexpectedReply as error:
        return error.transient
    except Unlooked:
        raise
    except SnapferryError:
        return True
    return True


def needed_reads(survey: Survey) -> Mapping[str, Callable[[Side], object]]:
    """What every migration reads of both sides, each by its name in a sentence."""
    return {
        "its repositories": survey.registrations,
        "its indices, aliases and data streams": survey.catalog,
    }


def _refused(survey: Survey, side: Side) -> Iterator[tuple[str, SnapferryError]]:
    for what, read in needed_reads(survey).items():
        try:
            read(side)
        except Unlooked:
            raise
        except SnapferryError as error:
            yield what, error


def _is_access_control(error: SnapferryError) -> bool:
    if not isinstance(error, Denied):
        return False
    cause = cause_of(error.reply.text, caller_denied=True)
    return cause is not None and cause.kind == "access control"


@side_check(
    "domains.blocks",
    "no block on all of it refuses changes",
    source="OpenSearch: cluster blocks",
    decisive=True,
)
def blocks(survey: Survey, side: Side) -> Finding:
    """Such a block refuses registrations, snapshots and restores, whoever asks."""
    found = domains.blocks(survey, side).whole
    hindering = [block for block in found if side == "target" or block.setting != _CREATE_INDEX]
    if not hindering:
        harmless = ", ".join(block.name for block in found)
        return ok(f"{harmless}, which does not matter on the source" if harmless else "none")
    lines = [f"all of the {side} is blocked by {block.name}" for block in hindering]
    if side == "source" and _only_reads(survey):
        return warn(lines[0], "nothing is changed there: the repository is registered already", lines)
    return failing(lines, "", _way_out(survey, side, hindering[0]))


def _way_out(survey: Survey, side: Side, block: Block) -> str:
    if block.setting not in SETTINGS.values():
        return "find out who has set it, and take it off"
    scope = scope_of(survey.domain(side), block.setting)
    said = f"{removal(block.setting, scope=scope)} on the {side} takes it off, as far as the domain lets you"
    return said + _BY_ITSELF


def _only_reads(survey: Survey) -> bool:
    """Whether the migration takes no snapshot, and finds the source's registration as it needs it."""
    found = survey.registration("source")
    return bool(survey.plan.existing_snapshot and found and leads_to_the_plan(survey, "source", found))
