"""The case that is judged: a source, and the target or the wish. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from configs.values.aws import partition_of_region
from domains.versions import Version, version_of
from tasks.records.advice import DomainFacts, FoundVersion, ServiceAnswer, Wish, WorkloadFacts


@dataclass(frozen=True)
class Case:
    """The facts that all rules judge.

    Args:
        target: None if no target domain is named.
        answers: what the service has answered to questions.
    """

    source: DomainFacts
    target: DomainFacts | None = None
    wish: Wish = field(default_factory=Wish)
    answers: tuple[ServiceAnswer, ...] = ()

    @cached_property
    def runs(self) -> Version | None:
        """The source's version."""
        return _parsed(self.source.version)

    @cached_property
    def goal(self) -> Version | None:
        """The version to get to; None if none is named, or if the target's is not known.

        A wish is without its patch: what it names is the source's own version, where that is the same.
        """
        if self.target:
            return _parsed(self.target.version)
        wished, runs = _parsed(self.wish.version), self.runs
        return runs if wished and runs and step_of(wished) == step_of(runs) else wished

    @property
    def region(self) -> str | None:
        """The Region to get to; None if it is not known."""
        if self.target:
            return self.target.region
        return self.wish.region or self.source.region

    @property
    def account(self) -> str | None:
        """The account to get to; None if it is not known."""
        if self.target:
            return self.target.account
        return self.wish.account or self.source.account

    @property
    def is_in_place(self) -> bool:
        """Whether no other domain, Region or account is wanted: the domain itself may be upgraded."""
        return self.target is None and not self.other_region and not self.other_account

    @property
    def other_region(self) -> bool | None:
        """Whether another Region is wanted; None if one of the two is not known."""
        return _differs(self.source.region, self.region)

    @property
    def other_account(self) -> bool | None:
        """Whether another account is wanted; None if one of the two is not known."""
        if self.target is None and self.wish.account is None:
            return False
        return _differs(self.source.account, self.account)

    @property
    def other_partition(self) -> bool | None:
        """Whether another partition of AWS is wanted; None if one of the Regions is not known."""
        here, there = self.source.region, self.region
        if here is None or there is None:
            return None
        return partition_of_region(here) != partition_of_region(there)

    @property
    def workload(self) -> WorkloadFacts | None:
        """The source's indices; None if they could not be read."""
        return self.source.workload

    @property
    def is_written_to(self) -> bool | None:
        """Whether the source took writes while it was observed; None if that is not known."""
        work = self.workload
        return None if work is None or work.operations is None else work.operations > 0

    def domains(self) -> Iterator[DomainFacts]:
        """The domains that are named: the source, and the target if there is one."""
        yield self.source
        if self.target:
            yield self.target


def step_of(version: Version) -> tuple[int, bool, int]:
    """What the service calls a version, without its patch; in order."""
    return version.generation, version.engine == "opensearch", version.minor


def _parsed(found: FoundVersion | None) -> Version | None:
    return version_of(found.engine, found.number) if found else None


def _differs(here: str | None, there: str | None) -> bool | None:
    return None if here is None or there is None else here != there
