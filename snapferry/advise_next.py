"""The next step after advice, as a command that can be pasted; empty where there is none."""

from runs.commands import current, quoted, quoted_file
from snapferry.one_domain import ChosenDomain, PlacedSide
from tasks.records.advice import Advice, Way

_CLONE = ("--deployment-strategy-options", "DeploymentStrategy=ClonedBlueGreen")
_UPGRADES = {Way.CLONE, Way.IN_PLACE}
_SNAPSHOTS = {Way.MIGRATE, Way.SEED}


def next_step(
    advice: Advice, source: tuple[PlacedSide, ChosenDomain], target: tuple[PlacedSide, ChosenDomain] | None
) -> str:
    """The command that takes the recommended way, or settles what is unknown about it."""
    way = advice.recommended.way or next(iter(advice.recommended.if_known), None)
    if way in _UPGRADES:
        return _upgrade(advice, way)
    if way is Way.PEER and target:
        return _peer(advice)
    if way in _SNAPSHOTS and target and advice.recommended.way:
        return _snapshots(source, target)
    return ""


def _upgrade(advice: Advice, way: Way | None) -> str:
    passed = next((each for each in advice.answers if each.outcome == "passed"), None)
    if passed is None or advice.recommended.way is None:
        can_ask = advice.source.service and not advice.answers
        return _again("--ask-upgrade-check", "--execute") if can_ask else ""
    parameters = passed.question.parameters
    where = ("--domain-name", str(parameters["DomainName"]), *_region(advice))
    version = ("--target-version", str(parameters["TargetVersion"]))
    return _words(
        "aws", "opensearch", "upgrade-domain", *where, *version, *(_CLONE if way is Way.CLONE else ())
    )


def _peer(advice: Advice) -> str:
    passed = next((each for each in advice.answers if each.outcome == "passed"), None)
    if passed is None or advice.recommended.way is None:
        can_ask = all(each and each.service for each in (advice.source, advice.target)) and not advice.answers
        return _again("--ask-replication-dry-run", "--execute") if can_ask else ""
    parameters = passed.question.parameters
    where = ("--domain-name", str(parameters["DomainName"]), *_region(advice))
    peer = ("--peer-domain-arn", str(parameters["PeerDomainArn"]))
    return _words("aws", "opensearch", "add-replication-peer", *where, *peer)


def _region(advice: Advice) -> tuple[str, ...]:
    return ("--region", advice.source.region) if advice.source.region else ()


def _snapshots(source: tuple[PlacedSide, ChosenDomain], target: tuple[PlacedSide, ChosenDomain]) -> str:
    file = _common_plan(source, target)
    if file:
        return f"snapferry check {quoted_file(file)}"
    sides = [
        word
        for name, (side, chosen) in (("source", source), ("target", target))
        for word in _side(name, side, chosen)
    ]
    return _words("snapferry", "init", *sides, "-o", "plan.yaml")


def _common_plan(source: tuple[PlacedSide, ChosenDomain], target: tuple[PlacedSide, ChosenDomain]) -> str:
    """The plan's file, if source and target are its two sides."""
    if (source[1].side, target[1].side) != ("source", "target"):
        return ""
    files = {(side.given or "").rpartition(":")[0] for side, _ in (source, target)}
    return files.pop() if len(files) == 1 else ""


def _side(name: str, side: PlacedSide, chosen: ChosenDomain) -> list[str]:
    """The options by which `init` finds this side; it asks for a password itself."""
    settings = chosen.settings
    if not chosen.plan:
        left = side.options()
        pairs = zip(left[::2], left[1::2], strict=True)
        kept = [word for pair in pairs if not pair[0].endswith(("-user", "-password-env")) for word in pair]
        return [f"--{name}", side.given or "", *kept]
    region = ["--" + name + "-region", settings.region] if settings.region else []
    return [f"--{name}", settings.endpoint or settings.domain or "", *region]


def _again(*more: str) -> str:
    """This command, with more options."""
    called = current()
    given = called.options if called else ()
    return _words("snapferry", "advise", *given, *(each for each in more if each not in given))


def _words(*parts: str) -> str:
    return " ".join(map(quoted, parts))
