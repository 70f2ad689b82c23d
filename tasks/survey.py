"""What is read of both domains before anything is changed: each thing once, whoever asks for it.

Several threads may ask at the same time. An error is remembered like an answer: what could not be read once
is not asked again by everybody who needs it.
"""

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
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
from domains.errors import SnapferryError
from domains.http.json_replies import Json
from tasks.migration import Consents, Migration
from tasks.records.resolution import Unit
from tasks.selection import conflicts
from tasks.selection.conflicts import Decision
from tasks.selection.select import Selection, select

SIDES: tuple[Side, Side] = ("source", "target")
T = TypeVar("T")
Decide = Callable[[Sequence[Unit], Catalog, Plan, Consents], Decision]


class Unlooked(SnapferryError):
    """This side is not asked any more, because of what was found out about it before."""


class Inapplicable(Unlooked):
    """There is nothing of the kind to look at."""


class Survey:
    """One look at both domains and at the account around them. Reads only.

    Args:
        plan: the migration's plan.
        openers: opens a side; called once, when it is first needed.
        consents: what is to be counted as consented to.
        decide: what becomes of names that the target has; the plan's conflict policy by default.
        given: what the user has consented to so far, where that is less.
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
        return cls(m.plan, {"source": lambda: m.source, "target": lambda: m.target}, m.consents, decide)

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` returns, or raises: called for the first who asks with this key, and never again."""
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
        """Lets nobody ask this side any more, for it is known that it does not answer."""
        self._given_up.setdefault(side, why)

    def domain(self, side: Side) -> Domain:
        """The domain, opened.

        Raises:
            Unlooked: the side was given up.
            AwsError: its credentials, or its endpoint by name, could not be resolved.
        """
        if side in self._given_up:
            raise Unlooked(self._given_up[side])
        return self.once(("domain", side), self._openers[side])

    def session(self, side: Side) -> Session:
        """The side's AWS session, also where the domain itself was given up.

        Raises:
            AwsError: as of `domain`.
        """
        return self.once(("domain", side), self._openers[side]).session

    def identity(self, side: Side) -> ClusterIdentity:
        """Who answers at the side's endpoint."""
        domain = self.domain(side)  # of a side that was given up, what was read before counts no more
        return self.once(("identity", side), lambda: cluster.identity(domain))

    def catalog(self, side: Side) -> Catalog:
        """Everything named on the side."""
        return self.once(("catalog", side), lambda: names_on.catalog(self.domain(side)))

    def nodes(self, side: Side) -> tuple[Node, ...]:
        """Every node of the side, with its room."""
        return self.once(("nodes", side), lambda: nodes_of.nodes(self.domain(side)))

    def registrations(self, side: Side) -> dict[str, Json]:
        """Every repository registered on the side."""
        return self.once(("registrations", side), lambda: repositories.all_registrations(self.domain(side)))

    def registration(self, side: Side) -> Json | None:
        """The side's registration under the plan's repository name; None without one."""
        return self.registrations(side).get(self.plan.repository.name)

    @property
    def selection(self) -> Selection:
        """What the plan's patterns choose on the source."""
        return self.once("selection", lambda: select(self.catalog("source"), self.plan.indices))

    @property
    def decision(self) -> Decision:
        """What becomes of each unit, by what the target has."""
        return self.once("decision", self._decided)

    def _decided(self) -> Decision:
        return self._decide(self.selection.units, self.catalog("target"), self.plan, self.consents)

    @property
    def bucket_region(self) -> str | None:
        """The bucket's Region: the plan's, else looked up, else (unknown) the source's own."""
        return self.once("bucket region", self._bucket_region)

    def _bucket_region(self) -> str | None:
        repository = self.plan.repository
        if not isinstance(repository, S3Repository):
            return None
        if repository.region:
            return repository.region
        source, target = self.domain("source"), self.domain("target")
        session = source.session if source.signed else target.session
        return aws.bucket_region(session, repository.bucket) or source.region or target.region


def by_policy(units: Sequence[Unit], target: Catalog, plan: Plan, consents: Consents) -> Decision:
    """What becomes of the units under the plan's conflict policy."""
    aliases, allowed = plan.restore.aliases, frozenset(consents.allow_delete)
    return conflicts.decide(units, target, plan.conflicts, aliases=aliases, allowed=allowed)
