"""Rules about where source and target are: the service, the Region, the account, another domain. Pure."""

from tasks.advice import sources
from tasks.advice.case import Case
from tasks.advice.rule import SERVICE, SNAPSHOTS, UPGRADES, Finding, fits, impossible, rule, unknown
from tasks.records.advice import Way

_BOTH = {Way.PEER, Way.CROSS_CLUSTER}
_DESCRIBE = "allow the caller es:DescribeDomain on it"


@rule("managed", *SERVICE, source=sources.UPGRADING)
def managed(case: Case, way: Way) -> Finding | None:
    """The service upgrades and replicates its own domains only."""
    concerned = list(case.domains()) if way in _BOTH else [case.source]
    outside = next((each for each in concerned if each.managed is False), None)
    if outside:
        return impossible(f"the {outside.side} is no domain of the service, and only the service offers this")
    unclear = next((each for each in concerned if each.managed is None), None)
    if unclear:
        return unknown(
            f"it is not known whether the {unclear.side} is a domain of the service",
            f"name the domain instead of its URL, with --{unclear.side}-region; {_DESCRIBE}",
        )
    return None


@rule("another-domain", *UPGRADES, source=sources.UPGRADING)
def another_domain(case: Case, way: Way) -> Finding | None:
    """An upgrade keeps the domain: its name, its endpoint, its Region, its account."""
    if case.target:
        hint = "leave TARGET out to see how the source itself can be upgraded"
        return impossible("an upgrade changes the source itself, and does not move it to the target", hint)
    moved = [
        name for name, is_so in (("Region", case.other_region), ("account", case.other_account)) if is_so
    ]
    if moved:
        return impossible(f"an upgrade stays where it is; another {' and '.join(moved)} is wanted")
    return None


@rule("needs-a-domain", *_BOTH, *SNAPSHOTS, Way.REINDEX, Way.ASSISTANT, source=sources.MIGRATING)
def needs_a_domain(case: Case, way: Way) -> Finding | None:
    """These ways fill another domain."""
    if case.target or (way is Way.PEER and not case.other_region):
        return None
    return fits("it fills another domain, which has to be created first")


@rule("peer-region", Way.PEER, source=sources.PEER)
def peer_region(case: Case, way: Way) -> Finding | None:
    """A peer is in another Region."""
    if case.other_region is None:
        return unknown(
            "a peer must be in another Region, and one of the two is not known", "give both Regions"
        )
    if case.other_region:
        return fits(f"source and target are in two Regions, {case.source.region} and {case.region}")
    if case.target:
        return impossible(f"a peer must be in another Region, and both are in {case.region}")
    return impossible("a peer must be in another Region, and none is wanted", "name it: --target-region CODE")


@rule("peer-account", Way.PEER, source=sources.PEER)
def peer_account(case: Case, way: Way) -> Finding | None:
    """A peer is in the same account."""
    if case.other_account is None:
        side = "source" if case.source.account is None else "target"
        return unknown(f"a peer must be in the same account, and the {side}'s is not known", _DESCRIBE)
    if case.other_account:
        return impossible(
            f"a peer must be in the same account; these are {case.source.account} and {case.account}"
        )
    return None


@rule("partition", *_BOTH, *SNAPSHOTS, source="docs/checks.md: account.partition")
def partition(case: Case, way: Way) -> Finding | None:
    """Nothing that the service does by itself crosses a partition of AWS."""
    if not case.other_partition:
        return None
    if way in SNAPSHOTS:
        return impossible(
            "source and target are in two partitions of AWS: a domain reaches no bucket in another one",
            "copy the snapshot's bucket into the other partition yourself, or copy documents",
        )
    return impossible("source and target are in two partitions of AWS, which know nothing of each other")
