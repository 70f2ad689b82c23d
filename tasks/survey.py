"""Read both domains before anything is changed: each thing once, for all callers.

Several threads may call at the same time. Errors are cached like answers, so a failed read is not repeated
by everybody who needs it.
"""

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from boto3 import Session

from configs.plan import Plan, S3Repository
from domains.aws import session as aws
from domains.domain import Domain, Side
from domains.engine import catalog as names_on
from domains.engine import cluster, repositories
from domains.engine import nodes as nodes_of
from domains.engine.catalog import Catalog
from domains.engine.cluster import ClusterIdentity
from domains.engine.nodes import Node
from domains.engine.snapshots import HeldIndex, SnapshotInfo
from domains.errors import SnapferryError
from domains.http.json_replies import Json
from domains.versions import Version, created_version
from tasks.errors import PreconditionError
from tasks.migration import Consents, Migration
from tasks.records.resolution import Unit
from tasks.selection import conflicts
from tasks.selection.conflicts import Decision
from tasks.selection.select import Selection, select
from tasks.selection.snapshot_record import catalog_of, held_indices, source_snapshot
from tasks.selection.strategy import Versions, reindexed_units

SIDES: tuple[Side, Side] = ("source", "target")
T = TypeVar("T")
Decide = Callable[[Sequence[Unit], Catalog, Plan, Consents], Decision]


class Unlooked(SnapferryError):
    """This side is no longer read, because of an earlier finding about it."""


class Inapplicable(Unlooked):
    """There is nothing of this kind to read."""


class Survey:
    """One cached read of both domains and of the account around them. Reads only.

    Args:
        plan: the migration's plan.
        openers: open a side; each is called once, when first needed.
        consents: the consents that the decisions assume.
        decide: decides about names that are taken on the target; by default the plan's conflict policy.
        given: the consents that the user has really given, if those are fewer.
    """

    def __init__(
        self,
        plan: Plan,
        openers: Mapping[Side, Callable[[], Domain]],
        consents: Consents,
        decide: Decide | None = None,
        given: Consents | None = None,
    ) -> None:
        self.plan = plan
        self.consents = consents
        self.given = given or consents
        self._openers = openers
        self._decide = decide or by_policy
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Future[Any]] = {}
        self._given_up: dict[Side, str] = {}

    @classmethod
    def of(cls, m: Migration, decide: Decide | None = None) -> "Survey":
        """The survey of a migration whose domains are open."""
        opened: dict[Side, Domain] = {each.side: each for each in m.domains}
        openers: dict[Side, Callable[[], Domain]] = {
            side: partial(opened.__getitem__, side) for side in opened
        }
        return cls(m.plan, openers, m.consents, decide)

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides that are domains: both, or the target alone where the source is a snapshot."""
        return self.plan.sides

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return or raise what `read` does: it is called once for this key, for the first caller."""
        with self._lock:
            mine = key not in self._answers
            answer: Future[T] = self._answers.setdefault(key, Future())
        if mine:
            try:
                answer.set_result(read())
            except BaseException as error:
                answer.set_exception(error)
                raise
        return answer.result()

    def give_up(self, side: Side, why: str) -> None:
        """Stop reading this side, because it is known not to answer."""
        self._given_up.setdefault(side, why)

    def domain(self, side: Side) -> Domain:
        """The domain, opened.

        Raises:
            Unlooked: the side has been given up.
            Inapplicable: there is no such domain, because the plan's source is a snapshot.
            AwsError: its credentials, or its endpoint by name, could not be resolved.
        """
        if side not in self.sides:
            raise Inapplicable("the plan's source is a snapshot, not a domain")
        if side in self._given_up:
            raise Unlooked(self._given_up[side])
        return self.once(("domain", side), self._openers[side])

    def session(self, side: Side) -> Session:
        """The side's AWS session, even if the domain itself has been given up.

        Raises:
            AwsError: as in `domain`.
        """
        return self.once(("domain", side), self._openers[side]).session  # asked of a plan's sides only

    def identity(self, side: Side) -> ClusterIdentity:
        """Name and version of the cluster at the side's endpoint."""
        return self._of(side, "identity", cluster.identity)

    def catalog(self, side: Side) -> Catalog:
        """All indices, aliases and data streams of the side; of a snapshot, what its record tells."""
        if side not in self.sides:
            self._require_record()
            return self.once("contents", lambda: catalog_of(self.snapshot, self.held))
        return self._of(side, "catalog", names_on.catalog)

    def version(self, side: Side) -> Version | None:
        """The engine of the side, or the one that took the snapshot; None if its record does not say."""
        if side in self.sides:
            return self.identity(side).version
        self._require_record()
        told = self.snapshot.version_id
        return created_version(told) if told else None

    @property
    def snapshot(self) -> SnapshotInfo:
        """The snapshot that is the plan's source, as the target reads it.

        Raises:
            PreconditionError: the target has no registration yet through which it could.
            NoSuchSnapshot: it lists none of this name.
        """
        return self.once("snapshot", lambda: source_snapshot(self.domain("target"), self.plan))

    def _require_record(self) -> None:
        """Raise Unlooked if the record cannot be read: safety.snapshot says why."""
        try:
            self.snapshot  # noqa: B018  read once
        except PreconditionError as error:
            raise Unlooked("it is not known what the snapshot holds, see safety.snapshot") from error

    @property
    def held(self) -> dict[str, HeldIndex]:
        """What it holds of each index; empty for those that could not be read."""
        return self.once("held", lambda: held_indices(self.domain("target"), self.plan, self.snapshot))

    def nodes(self, side: Side) -> tuple[Node, ...]:
        """Every node of the side, with its free disk space."""
        return self._of(side, "nodes", nodes_of.nodes)

    def registrations(self, side: Side) -> dict[str, Json]:
        """Every repository registered on the side."""
        return self._of(side, "registrations", repositories.all_registrations)

    def _of(self, side: Side, what: str, read: Callable[[Domain], T]) -> T:
        domain = self.domain(side)  # raises for a side that has been given up, even if it was read before
        return self.once((what, side), lambda: read(domain))

    def registration(self, side: Side) -> Json | None:
        """The side's registration under the plan's repository name; None without one."""
        return self.registrations(side).get(self.plan.repository.name)

    @property
    def holder(self) -> str:
        """What holds the indices that the plan selects from, for messages."""
        return "the source" if "source" in self.sides else f"snapshot {self.plan.existing_snapshot}"

    @property
    def where(self) -> str:
        """The same, for messages about where something is."""
        return f"{'on' if 'source' in self.sides else 'in'} {self.holder}"

    @property
    def selection(self) -> Selection:
        """The units that the plan's patterns select on the source, or in the snapshot that is the source."""
        return self.once("selection", lambda: select(self.catalog("source"), self.plan.indices))

    @property
    def decision(self) -> Decision:
        """The action for each unit, given the names on the target."""
        return self.once("decision", self._decided)

    def _decided(self) -> Decision:
        return self._decide(self.selection.units, self.catalog("target"), self.plan, self.consents)

    @property
    def reindexed(self) -> frozenset[str]:
        """The selected units that are copied by `_reindex` instead of from a snapshot."""
        return self.once("reindexed", self._reindexed)

    def _reindexed(self) -> frozenset[str]:
        if not self.plan.reindex.is_wanted:
            return frozenset()
        versions = Versions(self.identity("source").version, self.identity("target").version)
        return reindexed_units(self.selection.units, self.plan.reindex, self.catalog("source"), versions)

    @property
    def bucket_region(self) -> str | None:
        """The bucket's Region: from the plan, else looked up, else (unknown) the source's own."""
        return self.once("bucket region", self._bucket_region)

    def _bucket_region(self) -> str | None:
        repository = self.plan.repository
        if not isinstance(repository, S3Repository):
            return None
        if repository.region:
            return repository.region
        domains = [self.domain(side) for side in self.sides]
        signed = next((each for each in domains if each.signed), domains[-1])
        found = aws.bucket_region(signed.session, repository.bucket)
        return found or next((each.region for each in domains if each.region), None)


def by_policy(units: Sequence[Unit], target: Catalog, plan: Plan, consents: Consents) -> Decision:
    """Decide the action for each unit by the plan's conflict policy."""
    aliases, allowed = plan.restore.aliases, frozenset(consents.allow_delete)
    return conflicts.decide(units, target, plan.conflicts, aliases=aliases, allowed=allowed)
