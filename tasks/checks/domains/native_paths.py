"""Checks of what the service itself does with a domain: replication, a clone upgrade, its engine mode."""

from domains.domain import Side
from tasks.checks.check import Finding, fail, ok, side_check, skip, unknown, warn
from tasks.checks.facts import domains, native_paths
from tasks.survey import Survey

_REPLICATION = "AWS API reference: DescribeDomainReplication"
_CLONE = "AWS API reference: DescribeDomainChangeProgress, UpdateClone"
_OPTIMIZED = "AWS guide: Setting up the Optimized engine"


@side_check("domains.replication", "it takes writes: it is no secondary", source=_REPLICATION, decisive=True)
def replication(survey: Survey, side: Side) -> Finding:
    """A secondary is read-only; what is restored to a primary may be copied to its peer."""
    found = native_paths.replication(survey, side)
    if found.why_read_only:
        said = f"the {side} only reads: {found.why_read_only}"
        if side == "target":
            return fail(said, "migrate to its primary, or remove the peer first (RemoveReplicationPeer)")
        return warn(
            f"{said}; whether a repository can be registered there is not documented",
            "migrate from its primary, or rehearse first",
        )
    if found.role is None:
        return ok("it does not replicate")
    peers = ", ".join(peer.arn for peer in found.peers)
    if side == "source":
        return ok(f"it is the primary of {peers}, which stays as it is")
    return warn(
        f"the target is the primary of {peers}: whether restored indices are replicated is not documented",
        "add the peer after the migration, or compare the peer, too",
    )


@side_check("domains.clone-upgrade", "no clone upgrade is under way", source=_CLONE, decisive=True)
def clone_upgrade(survey: Survey, side: Side) -> Finding:
    """The domain is two clusters then, and a cutover or a rollback exchanges them."""
    found = native_paths.clone_upgrade(survey, side)
    if found is None:
        return ok("none")
    planned = f", and the service has planned {found.scheduled}" if found.scheduled else ""
    return fail(
        f"a clone upgrade of the {side} is under way ({found.status}){planned}: requests go to one of two "
        "clusters, and a cutover or a rollback exchanges them",
        "end it first: cut over or cancel, and end the retention (aws opensearch update-clone)",
    )


@side_check("domains.engine-mode", "its engine mode is the general one", source=_OPTIMIZED)
def engine_mode(survey: Survey, side: Side) -> Finding:
    """The Optimized engine is for logs: other queries, other features."""
    if not domains.signed(survey, side):
        return skip("its requests are not signed, so no control plane is queried")
    status = domains.status(survey, side)
    if status is None:
        return unknown("the control plane does not know the domain, see domains.processing")
    if status.engine_mode != "OPTIMIZED":
        return ok(status.engine_mode or "the control plane names none, so it is the general one")
    return warn(
        f"the {side} has the Optimized engine, for good: its documents name PPL and SQL as query languages, "
        "fewer types of fields, and automatic snapshots alone; so a manual snapshot or its restore may be "
        "refused, and so may the searches by which the copies are compared",
        "rehearse one small index first: it tries registration, snapshot, restore and verification for real",
    )
