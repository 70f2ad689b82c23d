"""`snapferry compare-queries`: whether recorded searches rank alike on two domains."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    validated,
)

if TYPE_CHECKING:
    from configs.verify import QueryConditions
    from tasks.records.queries import QueryComparison

From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="Recorded searches: NDJSON, slow logs, or exports of Query Insights. Default: the plan's.",
        show_default=False,
    ),
]
Top = Annotated[
    int | None,
    typer.Option(
        "--top",
        metavar="NUMBER",
        help="Best hits to compare. Default: the plan's, else 10.",
        show_default=False,
    ),
]
Overlap = Annotated[
    float | None,
    typer.Option(
        "--overlap",
        metavar="SHARE",
        help="Least share of them that both sides must have. Default: the plan's, else 0.9.",
        show_default=False,
    ),
]
Rbo = Annotated[
    float | None,
    typer.Option(
        "--rbo",
        metavar="SHARE",
        help="Least rank-biased overlap of them. Default: the plan's, else 0.95.",
        show_default=False,
    ),
]
P95Ratio = Annotated[
    float | None,
    typer.Option(
        "--p95-ratio",
        metavar="NUMBER",
        help="The target's 95th percentile of search times, at most, as a multiple of the source's. "
        "Default: the plan's, else times are not compared.",
        show_default=False,
    ),
]


@verb(
    "snapferry compare-queries orders-to-ireland.yaml",
    "snapferry compare-queries orders-to-ireland.yaml --from slow.log --rbo 1.0",
    "snapferry compare-queries --source https://a --target https://b --from a.log",
)
def compare_queries(
    call: Call,
    source: ComparedSide,
    target: ComparedSide,
    plan: OptionalPlan = None,
    from_: From = None,
    top: Top = None,
    overlap: Overlap = None,
    rbo: Rbo = None,
    p95_ratio: P95Ratio = None,
    indices: Indices = None,
    exclude: Exclude = None,
    rename: Renames = None,
    all: ListAll = False,
    state: StatePlace = None,
) -> ExitCode:
    """Compare how recorded searches rank on both sides.

    Runs them on both sides. With PLAN, on what its latest run moved or, if there is no run, on the plan's
    indices. Without PLAN, on all indices of --source, or those given by --indices, and their namesakes on
    --target.

    Names each search whose best hits are not the same, with the documents that were lost, gained or moved,
    and the cause as far as it can be found. Only reads. Exits with 4 if a search ranks otherwise or cannot
    be compared.
    """
    changes = {"top": top, "overlap": overlap, "rbo": rbo, "p95_ratio": p95_ratio}
    if plan is None:
        if state is not None:
            raise typer.BadParameter("there is no run without a plan; leave it out", param_hint="--state")
        sides = (source, target)
        record = _compare_sides(sides, from_, indices or ["*"], exclude or [], rename or [], changes)
    else:
        others = {"--indices": indices, "--exclude": exclude, "--rename": rename}
        require_plan_alone((source, target), others)
        record = _compare_plan(plan, from_, changes, state)
    _show(call, record, every=all or is_verbose())
    return ExitCode.DONE if record.passed else ExitCode.DIFFERENT


def _compare_sides(
    sides: tuple[ComparedSide, ComparedSide],
    file: Path | None,
    indices: list[str],
    exclude: list[str],
    renames: list[str],
    changes: dict[str, Any],
) -> "QueryComparison":
    from configs.verify import QueryConditions, VerifySettings
    from flows.compare_queries import compare_between
    from flows.verify import VerifyOptions
    from snapferry.output.progress import shown_progress

    if not any(side.is_named for side in sides):
        message = "give a plan, or two sides: --source URL --target URL --from FILE"
        raise typer.BadParameter(message, param_hint="PLAN")
    if file is None:
        message = "name the file of recorded searches; docs/queries.md says which forms are read"
        raise typer.BadParameter(message, param_hint="--from")
    conditions = _conditions(QueryConditions(), changes)
    selected, rules = selection_of(indices, exclude), tuple(map(rename_of, renames))
    options = VerifyOptions(sides[0].settings(), sides[1].settings(), selected, rules, VerifySettings())
    with shown_progress():
        return compare_between(options, file, conditions)


def _compare_plan(
    file: Path, searches: Path | None, changes: dict[str, Any], state: str | None
) -> "QueryComparison":
    from configs.verify import QueryConditions
    from flows.compare_queries import RecordedSearches, compare_plan
    from snapferry.output.progress import shown_progress

    plan = load(file)
    if plan.source_domain is None:
        message = "the plan's source is a snapshot: there is no source to run searches on"
        raise typer.BadParameter(message, param_hint="PLAN")
    searches = searches or (Path(plan.queries.from_) if plan.queries else None)
    if searches is None:
        message = "the plan names no recorded searches: give a file, or add queries: {from: FILE} to the plan"
        raise typer.BadParameter(message, param_hint="--from")
    conditions = _conditions(plan.queries.compare if plan.queries else QueryConditions(), changes)
    with shown_progress():
        return compare_plan(plan, state_folder(state, plan), RecordedSearches(searches, conditions))


def _conditions(settings: "QueryConditions", changes: dict[str, Any]) -> "QueryConditions":
    given = {key: value for key, value in changes.items() if value is not None}
    options = {"top": "--top", "overlap": "--overlap", "rbo": "--rbo", "p95_ratio": "--p95-ratio"}
    return validated(type(settings), {**settings.model_dump(), **given}, options)


def _show(call: Call, record: "QueryComparison", *, every: bool) -> None:
    from reports.views.queries import queries_document, queries_view

    call.show(record, partial(queries_view, every=every), queries_document)
