"""`snapferry policy`: snapshots on a schedule, by the service's own plugins, by Curator, or by Prefect."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from snapferry.calls import PlanCall
from snapferry.exit_codes import ExitCode
from snapferry.options import Execute
from snapferry.verb import VerbGroup, verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from configs.plan import Plan
    from flows.operations.policies import Asked
    from tasks.records.policies import Keep, PolicyOutcome, PolicyPreview, Trigger, Way

    View = Callable[[PolicyPreview], RenderableType]

_AGE = re.compile(r"[1-9][0-9]{0,5}[dhms]")
_SIZE = re.compile(r"[1-9][0-9]{0,9}(b|kb|mb|gb|tb)")
By = Literal["snapshot-management", "index-state-management", "curator", "prefect"]
_TRIGGERS = {"min_age": "min_index_age", "min_size": "min_size", "min_documents": "min_doc_count"}


@dataclass(frozen=True, kw_only=True)
class ChangingCall(PlanCall):
    """The call of a verb that changes something with `--execute`, without a run."""

    execute: Execute = False


@dataclass(frozen=True, kw_only=True)
class Which:
    """Which policy: what runs it, on which side, and its name."""

    by: Annotated[By, typer.Option("--by", help="What takes the snapshots.")] = "snapshot-management"
    on: Annotated[
        Literal["source", "target"], typer.Option("--side", help="The domain that they are taken of.")
    ] = "source"
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="Name of the policy; snapshots begin with it. Default: that of the plan, then -snapshots.",
            show_default=False,
        ),
    ] = None
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Where the files of Curator or Prefect lie. Default: a folder named like the policy.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class What:
    """What the policy does: when, of what, and what it keeps."""

    schedule: Annotated[
        str, typer.Option("--schedule", metavar="CRON", help="Minute, hour, day, month, weekday.")
    ] = "0 3 * * *"
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="Time zone of the schedule.")
    ] = "UTC"
    indices: Annotated[
        list[str] | None,
        typer.Option(
            "--indices",
            metavar="PATTERN",
            help="Snapshot only these. Repeatable. Default: indices.include and exclude of the plan.",
        ),
    ] = None
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep",
            metavar="N|AGE",
            help="Delete the policy's snapshots beyond the latest N, or older than AGE (14d). May be given "
            "once for each. Default: delete none.",
        ),
    ] = None
    keep_at_least: Annotated[
        int | None,
        typer.Option(
            "--keep-at-least",
            metavar="N",
            help="Keep the latest N whatever their age. Default: 1.",
            show_default=False,
        ),
    ] = None
    min_age: Annotated[
        str | None,
        typer.Option(
            "--min-age",
            metavar="AGE",
            help="Index State Management: one snapshot of an index at this age (7d), not by schedule.",
            show_default=False,
        ),
    ] = None
    min_size: Annotated[
        str | None,
        typer.Option("--min-size", metavar="SIZE", help="The same at this size (50gb).", show_default=False),
    ] = None
    min_documents: Annotated[
        int | None,
        typer.Option(
            "--min-documents", metavar="N", help="The same at so many documents.", show_default=False
        ),
    ] = None
    priority: Annotated[
        int,
        typer.Option("--priority", metavar="N", min=0, help="Index State Management: of its template."),
    ] = 50

    def kept(self) -> "Keep | None":
        """What to keep.

        Raises:
            typer.BadParameter: a value is neither a number nor an age, or two do not go together.
        """
        from tasks.records.policies import Keep

        counts = [int(each) for each in self.keep or () if each.isascii() and each.isdecimal()]
        ages = [each for each in self.keep or () if _AGE.fullmatch(each)]
        if len(counts) + len(ages) != len(self.keep or ()) or len(counts) > 1 or len(ages) > 1 or 0 in counts:
            raise typer.BadParameter(
                "give a number of snapshots (30), an age (14d), or one of each", param_hint="--keep"
            )
        if not self.keep:
            if self.keep_at_least is not None:
                raise typer.BadParameter(
                    "this goes with --keep, without which nothing is deleted", param_hint="--keep-at-least"
                )
            return None
        at_least = 1 if self.keep_at_least is None else self.keep_at_least
        if at_least < 1 or (counts and counts[0] <= at_least):
            raise typer.BadParameter(
                f"at least 1 is kept, and --keep must name more than --keep-at-least ({at_least})",
                param_hint="--keep",
            )
        return Keep(count=counts[0] if counts else None, age=ages[0] if ages else None, at_least=at_least)

    def trigger(self) -> "Trigger | None":
        """What triggers a snapshot in place of the schedule.

        Raises:
            typer.BadParameter: a value is wrong, or there are two.
        """
        from tasks.records.policies import Trigger

        given = {name: getattr(self, name) for name in _TRIGGERS if getattr(self, name) is not None}
        if len(given) > 1:
            raise typer.BadParameter("give one of --min-age, --min-size and --min-documents")
        for name, value in given.items():
            wrong = {
                "min_age": not _AGE.fullmatch(str(value)),
                "min_size": not _SIZE.fullmatch(str(value)),
                "min_documents": not isinstance(value, int) or value < 1,
            }[name]
            if wrong:
                hint = f"--{name.replace('_', '-')}"
                raise typer.BadParameter("give a value such as 7d, 50gb or 1000000", param_hint=hint)
            return Trigger(condition=_TRIGGERS[name], value=value)
        return None


AllowReplace = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-replace",
        metavar="NAME",
        help="Consent to replacing this policy, or these files, although somebody else made them.",
    ),
]
AllowDelete = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-delete",
        metavar="NAME",
        help="Consent to deleting this policy, or these files, although somebody else made them.",
    ),
]


@verb(
    "snapferry policy print orders.yaml --keep 30",
    "snapferry policy print orders.yaml --by curator --schedule '30 2 * * *'",
)
def print(call: PlanCall, which: Which, what: What) -> ExitCode:
    """Print a policy: its document and request, or its files.

    Asks the domain nothing. docs/policies.md compares the four ways.
    """
    from flows.operations.policies import printed
    from reports.views.policies import print_view
    from snapferry.next_steps import same_command, say_next

    found = printed(_asked(call.load(), which, what))
    to_run = "" if found.problems else same_command(verb="policy apply")
    call.show(found, print_view, to_run=to_run)
    if to_run and not call.as_json:
        say_next(to_run)
    return ExitCode.REFUSED if found.problems else ExitCode.DONE


@verb("snapferry policy diff orders.yaml --keep 30")
def diff(call: PlanCall, which: Which, what: What) -> ExitCode:
    """Compare a policy with the one that is there. Reads only.

    Exits with 4 if they differ.
    """
    from flows.operations.policies import compared
    from reports.views.policies import diff_view
    from snapferry.next_steps import same_command, say_next

    found = compared(_asked(call.load(), which, what))
    if found.problems:
        call.show(found, diff_view)
        return ExitCode.REFUSED
    to_run = "" if found.is_up_to_date else same_command(verb="policy apply")
    call.show(found, diff_view, to_run=to_run)
    if to_run and not call.as_json:
        say_next(to_run)
    return ExitCode.DONE if found.is_up_to_date else ExitCode.DIFFERENT


@verb(
    "snapferry policy apply orders.yaml --schedule '0 3 * * *' --execute",
    "snapferry policy apply orders.yaml --by curator -o curator --execute",
)
def apply(call: ChangingCall, which: Which, what: What, allow_replace: AllowReplace = None) -> ExitCode:
    """Create a policy, or change it to what is wanted.

    Without --execute it shows what would be sent or written, and changes nothing. The policy is read back
    afterwards. One that somebody else made is replaced only with --allow-replace NAME.
    """
    from flows.operations.policies import applied, compared
    from reports.views.policies import apply_view

    asked = _asked(call.load(), which, what, tuple(allow_replace or ()))
    found = compared(asked)
    if not call.execute:
        return _show_ahead(call, found, apply_view, done=found.is_up_to_date)
    if found.problems:
        call.show(found, apply_view)
        return ExitCode.REFUSED
    return _show_done(call, asked, applied(asked))


@verb("snapferry policy remove orders.yaml --execute")
def remove(call: ChangingCall, which: Which, allow_delete: AllowDelete = None) -> ExitCode:
    """Delete a policy; its snapshots stay.

    Without --execute it shows what would be sent or deleted, and changes nothing. One that somebody else
    made is deleted only with --allow-delete NAME.
    """
    from flows.operations.policies import removal, removed
    from reports.views.policies import removal_view
    from tasks.records.policies import PolicyState

    asked = _asked(call.load(), which, What(), tuple(allow_delete or ()))
    found = removal(asked)
    if not call.execute:
        gone = found.state is PolicyState.ABSENT and not found.requests
        return _show_ahead(call, found, removal_view, done=gone)
    if found.problems:
        call.show(found, removal_view)
        return ExitCode.REFUSED
    return _show_done(call, asked, removed(asked))


policy = VerbGroup(
    "policy",
    "Take snapshots on a schedule.",
    (
        "snapferry policy apply orders.yaml --keep 30 --execute",
        "snapferry policy print orders.yaml --by curator",
    ),
    (print, diff, apply, remove),
)


def _show_ahead(call: PlanCall, found: "PolicyPreview", view: "View", *, done: bool) -> ExitCode:
    """Show what would be done; and, if it can be, the command that does it."""
    from snapferry.next_steps import same_command, say_next
    from snapferry.output.console import say

    to_run = "" if done or found.problems else same_command("--execute")
    call.show(found, view, to_run=to_run)
    if not call.as_json:
        say("Nothing was changed." + (" To go ahead:" if to_run else ""))
        if to_run:
            say_next(to_run)
    return ExitCode.REFUSED if found.problems else ExitCode.DONE


def _show_done(call: PlanCall, asked: "Asked", outcome: "PolicyOutcome") -> ExitCode:
    from reports.views.policies import outcome_view
    from snapferry.next_steps import say_next

    to_run = _next(asked, outcome)
    call.show(outcome, outcome_view, to_run=to_run)
    if to_run and not call.as_json:
        say_next(to_run)
    return ExitCode.FAILED if outcome.failed else ExitCode.DONE


def _next(asked: "Asked", outcome: "PolicyOutcome") -> str:
    """What to do with the files; nothing is left to do on a domain."""
    from reports.policy_files.curator import curator_command
    from reports.policy_files.prefect import FILE
    from runs.commands import quoted, quoted_file
    from snapferry.next_steps import same_command
    from tasks.records.policies import PolicyChange, Way

    if outcome.failed:
        return same_command()
    gone = outcome.change in {PolicyChange.REMOVED, PolicyChange.ABSENT}
    folder = str(asked.folder.absolute())
    if asked.wanted.way is Way.CURATOR:
        return "crontab -e" if gone else curator_command(folder).replace("curator", "curator --dry-run", 1)
    if asked.wanted.way is Way.PREFECT:
        deployed = quoted(f"seed/{outcome.name}")
        file = quoted_file(f"{folder}/{FILE}")
        deploy = f"prefect --no-prompt deploy --all --prefect-file {file}"
        return f"prefect deployment delete {deployed}" if gone else deploy
    return ""


def _asked(plan: "Plan", which: Which, what: What, consented: tuple[str, ...] = ()) -> "Asked":
    """The policy as the command line names it.

    Raises:
        typer.BadParameter: an option is wrong, or does not go with another.
    """
    from configs.values.cron import check_cron, check_timezone
    from configs.values.names import check_snapshot_name
    from flows.operations.policies import Asked
    from tasks.records.policies import WantedPolicy, Way

    way = Way(which.by)
    name = _checked("--name", check_snapshot_name, which.name or f"{plan.name}-snapshots")
    _require_fitting(way, which, what)
    indices = tuple(what.indices or ())
    wanted = WantedPolicy(
        way=way,
        name=name,
        plan=plan.name,
        side=which.on,
        repository=plan.repository.name,
        indices=indices or tuple(plan.indices.include),
        exclude=() if indices else tuple(plan.indices.exclude),
        schedule=_checked("--schedule", check_cron, what.schedule),
        timezone=_checked("--timezone", check_timezone, what.timezone),
        keep=what.kept(),
        trigger=what.trigger(),
        priority=what.priority,
    )
    for pattern in indices:
        _require_pattern(pattern)
    return Asked(plan, wanted, which.output or Path(name), consented)


def _require_fitting(way: "Way", which: Which, what: What) -> None:
    """Refuse options that this way cannot follow."""
    from tasks.records.policies import Way

    triggers = [f"--{name.replace('_', '-')}" for name in _TRIGGERS if getattr(what, name) is not None]
    unfit: dict[str, bool] = {
        "--keep": bool(what.keep) and way in {Way.INDEX_STATE_MANAGEMENT, Way.PREFECT},
        "--indices": bool(what.indices) and way is Way.PREFECT,
        "--output": which.output is not None and not way.is_file,
        "--timezone": way is Way.CURATOR and what.timezone != "UTC",
        **dict.fromkeys(triggers, way is not Way.INDEX_STATE_MANAGEMENT),
    }
    for name, wrong in unfit.items():
        if wrong:
            raise typer.BadParameter(_UNFIT.get(name, "only --by index-state-management has this"),
                                     param_hint=name)  # fmt: skip
    if way is Way.PREFECT and which.on != "source":
        raise typer.BadParameter("seed rounds take their snapshots of the source", param_hint="--side")


_UNFIT = {
    "--keep": "this way deletes no snapshots; use --by snapshot-management or --by curator, or leave it out",
    "--indices": "seed rounds take the indices that the plan names; leave it out",
    "--output": "this way has no files; leave it out, or use --by curator or --by prefect",
    "--timezone": "cron runs Curator in the time zone of its machine; leave it out",
}


def _require_pattern(pattern: str) -> None:
    from configs.values.names import check_index_pattern

    _checked("--indices", check_index_pattern, pattern)


def _checked(option: str, check: "Callable[[str], str]", value: str) -> str:
    try:
        return check(value)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
