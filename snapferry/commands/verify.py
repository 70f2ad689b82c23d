"""`snapferry verify`: compare two domains, at any time."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from snapferry.calls import Call
from snapferry.exit_codes import ExitCode
from snapferry.options import ListAll, StatePlace, state_folder
from snapferry.output.verbosity import is_verbose
from snapferry.plan_files import load
from snapferry.side_options import ComparedSide
from snapferry.verb import verb
from snapferry.verify_options import (
    Exclude,
    Indices,
    OptionalPlan,
    Renames,
    rename_of,
    require_plan_alone,
    selection_of,
    settings_of,
)

if TYPE_CHECKING:
    from configs.plan import Plan
    from tasks.records.verification import VerificationRecord

Level = Annotated[
    Literal["counts", "operations", "content"] | None,
    typer.Option(
        "--level",
        help="How closely to compare. Default: the plan's level, else operations.",
        show_default=False,
    ),
]
Sample = Annotated[
    float | None,
    typer.Option(
        "--sample",
        metavar="SHARE",
        help="At level content: share of the documents to compare, 1.0 for all. "
        "Default: the plan's, else 0.01.",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="NUMBER",
        help="At level content: seed of the sample; the same number selects the same documents again. "
        "Default: the plan's, else 0.",
        show_default=False,
    ),
]


@verb(
    "snapferry verify orders-to-ireland.yaml",
    "snapferry verify orders-to-ireland.yaml --level content --sample 0.1",
    "snapferry verify --source https://a --target https://b --indices '*'",
)
def verify(
    call: Call,
    source: ComparedSide,
    target: ComparedSide,
    plan: OptionalPlan = None,
    level: Level = None,
    sample: Sample = None,
    seed: Seed = None,
    indices: Indices = None,
    exclude: Exclude = None,
    rename: Renames = None,
    all: ListAll = False,
    state: StatePlace = None,
) -> ExitCode:
    """Compare source and target, index by index.

    With PLAN, compares what its latest run moved or, if there is no run, the plan's indices. Without PLAN,
    compares the indices given by --indices between --source and --target; requests are signed for domains of
    the service, and wherever a Region, profile or role is given.

    Shows the indices that are not equal, and counts the others; --all lists every index. Reads both sides,
    and refreshes their indices. Exits with 4 if anything differs or cannot be compared.
    """
    changes = {"level": level, "sample": sample, "seed": seed}
    if plan is None:
        _require_sides_and_indices((source, target), indices, state)
        record = _compare_sides(source, target, indices or [], exclude or [], rename or [], changes)
        to_run = ""
    else:
        require_plan_alone((source, target), {"--indices": indices, "--exclude": exclude, "--rename": rename})
        loaded = load(plan)
        record = _compare_plan(loaded, changes, state)
        to_run = _next(state, record, loaded)
    _show(call, record, to_run, every=all or is_verbose())
    return ExitCode.DONE if record.passed else ExitCode.DIFFERENT


def _require_sides_and_indices(
    sides: tuple[ComparedSide, ...], indices: list[str] | None, state: str | None
) -> None:
    if not any(side.is_named for side in sides) and not indices:
        message = "give a plan, or two sides and what to compare: --source URL --target URL --indices PATTERN"
        raise typer.BadParameter(message, param_hint="PLAN")
    if not indices:
        message = "name what to compare, such as --indices 'orders-*'; '*' is everything"
        raise typer.BadParameter(message, param_hint="--indices")
    if state is not None:
        raise typer.BadParameter("there is no run without a plan; leave it out", param_hint="--state")


def _compare_plan(plan: "Plan", changes: dict[str, Any], state: str | None) -> "VerificationRecord":
    if plan.source_domain is None and any(value is not None for value in changes.values()):
        message = "the plan's source is a snapshot: there is only level record, which takes no other options"
        raise typer.BadParameter(message, param_hint="--level")
    plan = plan.model_copy(update={"verify": settings_of(plan.verify, changes)})
    from flows.verify import verify_plan
    from snapferry.output.progress import shown_progress

    with shown_progress():
        return verify_plan(plan, state_folder(state, plan))


def _compare_sides(
    source: ComparedSide,
    target: ComparedSide,
    indices: list[str],
    exclude: list[str],
    renames: list[str],
    changes: dict[str, Any],
) -> "VerificationRecord":
    from configs.plan import VerifySettings
    from flows.verify import VerifyOptions, verify_without_plan
    from snapferry.output.progress import shown_progress

    options = VerifyOptions(
        source.settings(),
        target.settings(),
        selection_of(indices, exclude),
        tuple(map(rename_of, renames)),
        settings_of(VerifySettings(), changes),
    )
    with shown_progress():
        return verify_without_plan(options)


def _next(place: str | None, record: "VerificationRecord", plan: "Plan") -> str:
    """What to run after a comparison by a plan: what the latest run needs, or what a difference does."""
    from flows.sessions.which_run import repairable_run
    from reports.build.report import report_of
    from runs.commands import current
    from runs.state import State
    from snapferry.next_steps import next_command
    from tasks.errors import PreconditionError

    state = State(state_folder(place, plan), plan.name)
    latest = state.latest()
    if latest is None:
        return next_command("plan")
    if not record.failing and not record.queries_pass:
        return next_command("compare-queries")
    if not record.passed:
        try:
            repairable_run(state)
        except PreconditionError:
            return next_command("report")
        return next_command("repair")
    return report_of(latest.document, current()).next_command


def _show(call: Call, record: "VerificationRecord", to_run: str, *, every: bool) -> None:
    from reports.views.report import verification_document, verification_view
    from snapferry.next_steps import say_next

    call.show(record, partial(verification_view, every=every), verification_document, to_run=to_run)
    if to_run and not call.as_json:
        say_next(to_run)
