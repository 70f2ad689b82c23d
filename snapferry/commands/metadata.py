"""`snapferry metadata`: templates, pipelines, policies, roles: what comes along beside the indices."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import ExecutableCall, RunCall
from snapferry.exit_codes import ExitCode
from snapferry.options import ListAll
from snapferry.output.verbosity import is_verbose
from snapferry.verb import VerbGroup, verb

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.operations.metadata import MetadataOptions
    from tasks.records.metadata import MetadataCopy


class PhaseName(StrEnum):
    """When a kind is copied."""

    BEFORE_RESTORE = "before-restore"
    AFTER_OPENING = "after-opening"


Phase = Annotated[
    PhaseName | None,
    typer.Option(
        "--phase",
        help="Only what is copied before the indices are restored (templates, pipelines, roles), or only "
        "what follows once they are open (aliases, policies, monitors). Default: both.",
        show_default=False,
    ),
]
Dashboards = Annotated[
    bool,
    typer.Option("--dashboards", help="The saved objects of Dashboards, too (metadata.dashboards: true)."),
]
Attach = Annotated[
    bool,
    typer.Option(
        "--attach", help="Put the target's indices under their index policies, and do nothing else."
    ),
]
AllowDelete = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-delete",
        metavar="INDEX",
        help="Consent to attaching an index that its policy may delete at once. Repeatable.",
    ),
]


@verb(
    "snapferry metadata diff orders-to-ireland.yaml", "snapferry metadata diff orders-to-ireland.yaml --json"
)
def diff(
    call: RunCall,
    phase: Phase = None,
    attach: Annotated[bool, typer.Option("--attach", help="Only indices under index policies.")] = False,
    dashboards: Dashboards = False,
    all: ListAll = False,
) -> ExitCode:
    """Compare templates, pipelines, policies, roles of both domains.

    Compares what the plan's `metadata` chooses, kind by kind: in sync, source only, target only, diverged
    (with the differing fields, without secrets). Reads only. Exits with 4 unless everything that the plan
    wants is on the target.
    """
    plan = call.load()
    from flows.operations.metadata import diff as compared
    from reports.views.metadata import diff_view
    from snapferry.next_steps import next_command, say_next

    found = compared(plan, _options(call, phase, attach, dashboards))
    to_copy = any(found.wanted)
    to_run = next_command("metadata copy", *_given(phase, attach, dashboards)) if to_copy else ""
    call.show(found, lambda shown: diff_view(shown, every=all or is_verbose()), to_run=to_run)
    if to_run and not call.as_json:
        say_next(to_run)
    return ExitCode.DONE if found.in_sync else ExitCode.DIFFERENT


@verb(
    "snapferry metadata copy orders-to-ireland.yaml",
    "snapferry metadata copy orders-to-ireland.yaml --execute",
    "snapferry metadata copy orders-to-ireland.yaml --attach --execute",
)
def copy(
    call: ExecutableCall,
    phase: Phase = None,
    attach: Attach = False,
    dashboards: Dashboards = False,
    allow_delete: AllowDelete = None,
) -> ExitCode:
    """Copy templates, pipelines, policies, roles to the target.

    Copies what the plan's `metadata` chooses, in the order in which it depends on each other, and compares
    again. What the target has is replaced only if the plan says so (metadata.conflicts: replace). Without
    --execute, shows each request that it would send. May be repeated after anything: it reads first.
    """
    plan = call.load()
    options = _options(call, phase, attach, dashboards, tuple(allow_delete or ()))
    return _execute(call, plan, options) if call.execute else _show(call, plan, options)


metadata = VerbGroup(
    "metadata",
    "Compare and copy templates, pipelines, policies and roles.",
    (
        "snapferry metadata diff orders-to-ireland.yaml",
        "snapferry metadata copy orders-to-ireland.yaml --execute",
    ),
    (diff, copy),
)


def _options(
    call: RunCall, phase: PhaseName | None, attach: bool, dashboards: bool, allow: tuple[str, ...] = ()
) -> "MetadataOptions":
    from flows.operations.metadata import MetadataOptions
    from tasks.records.metadata import MetadataPhase

    if attach and phase is PhaseName.BEFORE_RESTORE:
        said = "indices are attached once they are open; leave out --phase"
        raise typer.BadParameter(said, param_hint="--attach")
    return MetadataOptions(
        state=call.folder,
        phase=MetadataPhase(phase) if phase else None,
        attach=attach,
        dashboards=dashboards,
        allow_delete=allow,
    )


def _show(call: ExecutableCall, plan: "Plan", options: "MetadataOptions") -> ExitCode:
    from flows.operations.metadata import preview
    from reports.views.metadata import preview_view
    from snapferry.next_steps import same_command, say_next
    from snapferry.output.console import say

    found = preview(plan, options)
    to_run = same_command("--execute") if found.requests and not found.diff.refusals else ""
    call.show(found, preview_view, to_run=to_run)
    if not call.as_json:
        say("Nothing was changed." + (" To go ahead:" if to_run else ""))
        if to_run:
            say_next(to_run)
    return ExitCode.REFUSED if found.diff.refusals else ExitCode.DONE


def _execute(call: ExecutableCall, plan: "Plan", options: "MetadataOptions") -> ExitCode:
    """Copy. An error after the first change is no refusal: it lists what was written."""
    from flows.operations.metadata import copy as copied
    from reports.views.metadata import copy_view
    from snapferry.next_steps import next_command, say_next
    from snapferry.output.console import say, show_error
    from snapferry.output.progress import shown_progress
    from tasks.errors import ExecutionError

    try:
        with shown_progress():
            done = copied(plan, options)
    except ExecutionError as error:
        show_error(error)
        return ExitCode.FAILED
    code, given = _code(done), _given(options.phase, options.attach, options.dashboards)
    to_run = next_command("metadata diff", *given) if code else ""
    call.show(done, copy_view, to_run=to_run)
    if to_run and not call.as_json:
        say_next(to_run)
    if not done.refused and _waits(done):
        say("Indices are not under their policies yet. To attach them, once you have read the warnings:")
        say_next(next_command("metadata copy", "--attach", "--execute"))
    return code


def _given(phase: str | None, attach: bool, dashboards: bool) -> tuple[str, ...]:
    """The options as they are given on a command line."""
    return (
        *(("--phase", str(phase)) if phase else ()),
        *(("--attach",) if attach else ()),
        *(("--dashboards",) if dashboards else ()),
    )


def _code(done: "MetadataCopy") -> ExitCode:
    if done.refused:
        return ExitCode.REFUSED
    if done.failed:
        return ExitCode.FAILED
    return ExitCode.DIFFERENT if done.left_open else ExitCode.DONE


def _waits(done: "MetadataCopy") -> bool:
    """Whether indices are to be attached later."""
    from tasks.records.metadata import LeftReason

    last = done.after or done.before
    return any(item.left is LeftReason.LATER for item in last.items)
