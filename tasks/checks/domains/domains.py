"""Checks of the two domains: reachability, versions, operations in progress, health."""

from domains.domain import Side
from domains.engine import cluster, restores, snapshots
from domains.engine.catalog import Index
from domains.engine.cluster import ClusterIdentity
from domains.engine.reachability import Stage
from domains.engine.snapshots import RunningSnapshot
from domains.errors import AwsError, SnapferryError, UnexpectedReply
from runs.progress import Poll
from tasks.checks.check import Finding, check, fail, ok, shown, side_check, skip, unknown, warn
from tasks.checks.domains import automated_snapshots
from tasks.checks.facts import domains, native_paths
from tasks.selection import compatibility
from tasks.survey import Survey, Unlooked

_WAY: tuple[Stage, ...] = ("dns", "tcp", "tls", "answer")
_GUIDE = "AWS guide: Creating index snapshots"
_STARTED = {"STARTED", "RELOCATING"}
_STARTS_S = 10.0
_SETTLES_S = 1.0  # a primary is unassigned for a moment before it starts
_DESCRIBE = "allow the caller es:DescribeDomain on the domain, or read it in the console"


@side_check("domains.dns", "the domain's name has an address")
def dns(survey: Survey, side: Side) -> Finding:
    """Resolve the host of the endpoint, or of connect_to."""
    return _on_the_way(survey, side, "dns")


@side_check("domains.tcp", "its port can be connected to")
def tcp(survey: Survey, side: Side) -> Finding:
    """The port may be closed, filtered, or inside a VPC."""
    return _on_the_way(survey, side, "tcp")


@side_check("domains.tls", "it speaks TLS, with a certificate that is trusted")
def tls(survey: Survey, side: Side) -> Finding:
    """Handshake and certificate."""
    if (domains.settings(survey, side).endpoint or "").startswith("http:"):
        return skip("the endpoint is http: nothing is encrypted")
    return _on_the_way(survey, side, "tls")


def _on_the_way(survey: Survey, side: Side, stage: Stage) -> Finding:
    found = domains.reached(survey, side)
    if found.stage == stage:
        return fail(found.detail, found.hint)
    if found.asked or found.stage in _WAY[_WAY.index(stage) + 1 :]:
        return ok(found.place)
    return skip(f"see {domains.check_of(found)}")


@side_check("domains.answer", "an OpenSearch or Elasticsearch domain answers there, another one on each side")
def answer(survey: Survey, side: Side) -> Finding:
    """The first answer identifies the cluster. Two endpoints of one cluster are not a migration."""
    found = domains.reached(survey, side)
    if found.stage == "answer":
        return fail(found.detail, found.hint)
    if found.stage != "reached":
        return skip(f"see {domains.check_of(found)}")
    try:
        who = survey.identity(side)
    except UnexpectedReply as error:
        if error.transient:
            return unknown(error.message, "check again")
        survey.give_up(side, f"the {side} is not a domain that can be queried, see domains.answer")
        return fail(error.message, error.hint or "check that the endpoint is that of a domain")
    if side == "target" and _is_the_source(survey, who):
        survey.give_up(side, "source and target are one cluster, see domains.answer")
        said = f"source and target are one cluster: both answer with UUID {who.uuid}"
        return fail(said, "correct the endpoints (and connect_to) of source and target")
    return ok(f"{who.name or 'a cluster'}, {who.version}, UUID {who.uuid}")


def _is_the_source(survey: Survey, who: ClusterIdentity) -> bool:
    if "source" not in survey.sides or domains.reached(survey, "source").stage != "reached":
        return False
    try:
        return survey.identity("source").uuid == who.uuid
    except (UnexpectedReply, Unlooked):
        return False  # the source's own check reports it


@check("domains.version", "the target's engine reads the source's snapshots", source="AWS guide: Migrating")
def version(survey: Survey) -> Finding:
    """Compare the versions the domains run; the control plane must agree."""
    source, target = survey.version("source"), survey.identity("target").version
    if source is None:
        return unknown("the snapshot's record does not say which version took it")
    problem = compatibility.engine_problem(source, target)
    reindexes = survey.plan.reindex.too_old
    if problem and not reindexes:
        return fail(problem, compatibility.way_out(source, target))
    differing = [said for side in survey.sides if (said := _differing(survey, side))]
    if differing:
        hint = "wait until an upgrade is over; if none is under way, check that the endpoint is this domain's"
        return fail("; ".join(differing), hint, differing)
    copied = "; the target copies the documents itself (reindex.too_old)" if problem else ""
    return ok(f"{source} → {target}{copied}")


def _differing(survey: Survey, side: Side) -> str:
    """Say where the control plane reports a different version than the domain; empty if it does not."""
    runs = survey.identity(side).version
    try:
        status = domains.status(survey, side)
    except AwsError:  # domains.processing reports that it could not be queried
        return ""
    if status is None or status.busy:  # domains.processing reports the operation in progress
        return ""
    told = status.runs
    same = told and (told.engine, told.generation, told.minor) == (runs.engine, runs.generation, runs.minor)
    if told is None or same:
        return ""
    return f"the {side} runs {runs}, but the control plane reports {status.version} for domain {status.name}"


@side_check("domains.processing", "no change to the domain is in progress", source="AWS: blue/green")
def processing(survey: Survey, side: Side) -> Finding:
    """Read from the control plane: a configuration change, an upgrade, a deletion."""
    if not domains.signed(survey, side):
        return skip("its requests are not signed, so no control plane is queried")
    try:
        status = domains.status(survey, side)
    except AwsError as error:
        return unknown(error.message, error.hint or _DESCRIBE)
    if status is None:
        region = domains.settings(survey, side).region
        return unknown(f"the control plane knows no such domain in {region}, in the caller's account")
    if status.busy and _is_cloned(survey, side):
        return skip("a clone upgrade is under way, see domains.clone-upgrade")
    if status.busy:
        hint = "wait until the domain is Active (aws opensearch describe-domain), then check again"
        return fail(f"domain {status.name}: {status.busy}", hint)
    return ok("nothing is under way")


def _is_cloned(survey: Survey, side: Side) -> bool:
    try:
        return native_paths.clone_upgrade(survey, side) is not None
    except SnapferryError:
        return False  # what is in progress is reported all the same


@side_check("domains.health", "every shard of the domain has its copies", source="OpenSearch: cluster health")
def health(survey: Survey, side: Side) -> Finding:
    """Yellow matters for moving indices, and on the target, which must take more data."""
    told = survey.once(("health", side), lambda: cluster.health(survey.domain(side)))
    if told == "green":
        return ok("green")
    listed = [index for index in survey.catalog(side).indices.values() if index.health == told]
    if told == "red":
        return skip("red, see domains.primaries") if listed else warn("red, but no index of it is listed red")
    if side == "source":
        moving = _moving(survey)
        listed = [index for index in listed if index.name in moving]
        if not listed:
            return ok("yellow: replicas are missing, but of no index that moves")
    lacking = f"yellow: replicas are on no node, of {len(listed)} indices" if listed else "yellow"
    hint = "GET _cluster/allocation/explain says why: too few nodes for the replicas, or too little disk"
    return warn(lacking, hint, _names(listed))


def _names(indices: list[Index]) -> list[str]:
    return [index.name for index in indices]


def _moving(survey: Survey) -> set[str]:
    """Return names of the indices that the snapshot will hold."""
    try:
        units = [unit for unit in survey.decision.units if unit.action != "skip"]
    except SnapferryError:  # without the target it is not known which are skipped
        units = list(survey.selection.units)
    return {index.name for unit in units for index in unit.indices}


@side_check("domains.primaries", "every primary shard is there", source=_GUIDE, decisive=True)
def primaries(survey: Survey, side: Side) -> Finding:
    """An index without one of its primaries cannot be in a snapshot."""
    red = _lasting_red(survey, side)
    if not red:
        return ok("no index is red")
    moving = _moving(survey) if side == "source" else set[str]()
    lost = [name for name in _names(red) if name in moving]
    if not lost:
        where = "on the target" if side == "target" else "on the source; they do not move"
        said = f"red, that is without some primary, {where}: {shown(_names(red))}"
        return warn(said, "GET _cluster/allocation/explain says why", _names(red))
    said = f"without some primary, and to be moved: {shown(lost)}"
    hint = "fix them (GET _cluster/allocation/explain says why), or exclude them under indices.exclude"
    if survey.plan.existing_snapshot or survey.plan.snapshot.allow_partial:
        return warn(f"{said}; what is lost is not compared, or not moved", hint, lost)
    return fail(said, hint, lost)


def _lasting_red(survey: Survey, side: Side) -> list[Index]:
    """Indices without some primary, once those have had time to start that are on the way to it."""
    red = [index for index in survey.catalog(side).indices.values() if index.health == "red"]
    poll = Poll(_STARTS_S)
    while red:
        found = restores.primaries(survey.domain(side), [index.name for index in red])
        late = {each.index: each.state for each in found if each.state not in _STARTED}
        red = [index for index in red if index.name in late]
        starting = "INITIALIZING" in late.values() or poll.waited_s < _SETTLES_S
        if poll.expired or not starting:
            break
        poll.pause()
    return red


@side_check("domains.snapshot-running", "no other snapshot is being taken", source=_GUIDE)
def snapshot_running(survey: Survey, side: Side) -> Finding:
    """The service takes one at a time, and an index in a running snapshot cannot be deleted."""
    found = survey.once(("running", side), lambda: snapshots.running(survey.domain(side)))
    if not found:
        return ok("none")
    said = "; ".join(_progress(each) for each in found)
    if side == "target":
        if survey.plan.conflicts.policy != "delete":
            return ok(f"{said}; this does not affect a restore")
        return warn(said, "indices cannot be deleted while they are in a snapshot: start when it is over")
    if survey.plan.existing_snapshot:
        return ok(f"{said}; the plan takes none of its own")
    limit = survey.plan.snapshot.wait_for_running
    if not limit:
        hint = "wait until it is over, or give snapshot.wait_for_running some time"
        return fail(f"{said}, and snapshot.wait_for_running is 0", hint)
    return warn(said, f"the migration waits for it, for up to {limit} (snapshot.wait_for_running)")


def _progress(running: RunningSnapshot) -> str:
    whose = "the service's own " if automated_snapshots.is_automated(running.repository) else ""
    done = f"{running.shards_done} of {running.shards_total} shards"
    return f"{whose}snapshot {running.repository}/{running.name} is being taken ({done})"
