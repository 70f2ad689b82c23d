"""`snapferry advise`: which way to another version, Region, account or domain fits."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from snapferry.calls import Call
from snapferry.one_domain import ChosenDomain, SourceDomain, TargetDomain
from snapferry.options import ListAll
from snapferry.output.verbosity import is_verbose
from snapferry.verb import verb

if TYPE_CHECKING:
    from flows.operations.advise import NamedDomain
    from tasks.records.advice import Wish

T = TypeVar("T")
Version = Annotated[
    str | None,
    typer.Option(
        "--target-version",
        metavar="VERSION",
        help="Without TARGET: the version that is wanted, such as 3.1 or OpenSearch_2.19.",
        show_default=False,
    ),
]
Account = Annotated[
    str | None,
    typer.Option(
        "--target-account",
        metavar="NUMBER",
        help="Without TARGET: the account that is wanted.",
        show_default=False,
    ),
]
Observe = Annotated[
    float,
    typer.Option(
        "--observe",
        metavar="SECONDS",
        min=0,
        max=3600,
        help="How long to observe whether the source is written to; 0 does not observe it.",
    ),
]
AskUpgrade = Annotated[
    bool,
    typer.Option(
        "--ask-upgrade-check",
        help="Let the service check whether the source can be upgraded (UpgradeDomain, PerformCheckOnly). "
        "Sent with --execute only.",
    ),
]
AskDryRun = Annotated[
    bool,
    typer.Option(
        "--ask-replication-dry-run",
        help="Let the service try whether TARGET can be the source's peer (AddReplicationPeer, DryRun). "
        "Sent with --execute only.",
    ),
]
Execute = Annotated[
    bool, typer.Option("--execute", help="Ask the service. Without it, only show what would be asked.")
]


@dataclass(frozen=True, kw_only=True)
class QuestionOptions:
    """What to ask the service, and whether to."""

    send: Execute = False
    upgrade_check: AskUpgrade = False
    dry_run: AskDryRun = False


@verb(
    "snapferry advise orders --source-region us-east-1",
    "snapferry advise orders --source-region us-east-1 --target-version 3.1",
    "snapferry advise orders-to-ireland.yaml:source orders-to-ireland.yaml:target",
)
def advise(
    call: Call,
    question: QuestionOptions,
    source: SourceDomain,
    target: TargetDomain,
    target_version: Version = None,
    target_account: Account = None,
    observe: Observe = 5.0,
    all: ListAll = False,
) -> None:
    """Say which way fits: upgrade, replicate or migrate, and why.

    For each way: whether it is possible, why not, or what is not known about it; the downtime, the way back,
    what remains by hand, and what is proved. SOURCE and TARGET are each a URL, the name of a domain, or a
    side of a plan. Without TARGET, --target-version, --target-region and --target-account say what is wanted;
    without these, the ways to a newer version in place are shown.

    Reads only. Two questions to the service have the form of a change, although they change nothing; they
    are asked only with --execute and the option of the question. docs/advise.md lists the rules.
    """
    from flows.operations.advise import AdviseOptions
    from flows.operations.advise import advise as advised
    from reports.views.advice import advice_view
    from snapferry.advise_next import next_step
    from snapferry.next_steps import say_next
    from snapferry.output.console import say

    if question.send and not (question.upgrade_check or question.dry_run):
        said = (
            "name what to ask: --ask-upgrade-check or --ask-replication-dry-run; everything else only reads"
        )
        raise typer.BadParameter(said, param_hint="--execute")
    from_, to = source.chosen(), target.chosen_if_named()
    wish = _wish(target, target_version, target_account)
    if observe:
        say(f"Reading; the source is observed for {observe:g} s …")
    options = AdviseOptions(
        source=_named(source.given, from_),
        target=_named(target.given, to) if to else None,
        wish=wish,
        observe_s=observe,
        upgrade_check=question.upgrade_check,
        dry_run=question.dry_run,
        execute=question.send,
    )
    found = advised(options)
    to_run = next_step(found, (source, from_), (target, to) if to else None)
    call.show(found, partial(advice_view, every=all or is_verbose()), to_run=to_run)
    if to_run and not call.as_json:
        say_next(to_run)


def _named(given: str | None, chosen: ChosenDomain) -> "NamedDomain":
    from flows.operations.advise import NamedDomain

    return NamedDomain(given or "", chosen.settings, chosen.key)


def _wish(target: TargetDomain, version: str | None, account: str | None) -> "Wish":
    """What is wanted without TARGET.

    Raises:
        typer.BadParameter: a part is wrong, or TARGET is named as well.
    """
    from configs.values.aws import check_region
    from tasks.advice.wishes import wished_account, wished_version
    from tasks.records.advice import Wish

    for option, value in (("--target-version", version), ("--target-account", account)):
        if value is not None and target.given is not None:
            raise typer.BadParameter("TARGET has its own; leave this option out", param_hint=option)
    if target.given is not None:
        return Wish()
    return Wish(
        version=_checked("--target-version", wished_version, version),
        region=_checked("--target-region", check_region, target.region),
        account=_checked("--target-account", wished_account, account),
    )


def _checked(option: str, check: Callable[[str], T], value: str | None) -> T | None:
    try:
        return None if value is None else check(value)
    except ValueError as error:
        raise typer.BadParameter(f"{value}: {error}", param_hint=option) from None
