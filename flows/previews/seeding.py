"""Read-only previews: what `seed` and `cutover` would do. Imports no Prefect."""

from dataclasses import dataclass
from typing import Any

from configs.plan import Plan
from configs.values.durations import duration_text
from flows.previews.requests import Round, round_requests
from flows.sessions.exclusion import require_not_open, require_not_open_or_promised
from flows.sessions.options import RunOptions
from flows.sessions.session import read_only_migration
from runs.guard_record import is_window_over
from runs.journal import Journal
from runs.lifecycle import is_frozen, is_opening, opening_has_begun
from runs.state import State, new_run_id
from runs.verbs import Verb
from tasks import steps
from tasks.checks.registry import WINDOW
from tasks.checks.run import run_checks
from tasks.checks.window import blocked
from tasks.cutover.window_estimate import expected_window
from tasks.migration import Migration
from tasks.planning import resolve
from tasks.planning.plan_document import RemainingWork, remaining_work
from tasks.records.previews import RoundPreview, WindowPreview
from tasks.records.resolution import Resolution
from tasks.seeding.changes import find_changes, inspect_both_sides
from tasks.seeding.ledger import ledger
from tasks.seeding.trusted_copies import require_own_snapshots, survey_ignoring_copies
from tasks.steps import REHEARSE_CUTOVER
from tasks.survey import Survey
from tasks.tail.way_back import require_promisable
from tasks.tail.ways import ways


def seed_preview(plan: Plan, options: RunOptions) -> RoundPreview:
    """Preview the next seed round.

    Raises:
        SnapferryError: refused, or a domain could not be read.
    """
    found = _inspect(plan, options, Verb.SEED)
    return _preview(found, requests=round_requests(Verb.SEED, found.round))


def follow_preview(plan: Plan, options: RunOptions) -> RoundPreview:
    """Preview a session of `follow`: which indices it would keep in step, and why not the others.

    Raises:
        SnapferryError: refused, or a domain could not be read.
    """
    found = _inspect(plan, options, Verb.FOLLOW)
    requests = round_requests(Verb.FOLLOW, found.round)
    return _preview(found, verb=Verb.FOLLOW, ways=found.round.ways, requests=requests)


def cutover_rehearsal_preview(plan: Plan, options: RunOptions) -> RoundPreview:
    """Preview a cutover's rehearsal: a seed round whose copies are compared.

    Raises:
        SnapferryError: refused, or a domain could not be read.
    """
    found = _inspect(plan, options, Verb.SEED)
    requests = round_requests(REHEARSE_CUTOVER, found.round)
    return _preview(found, verb=Verb.CUTOVER, rehearsal=True, requests=requests)


def cutover_preview(plan: Plan, options: RunOptions) -> RoundPreview:
    """Preview a cutover: its work, how long its window would be, and what stands against it.

    Raises:
        SnapferryError: refused, or a domain could not be read.
    """
    found = _inspect(plan, options, Verb.CUTOVER)
    state, m = found.state, found.round.m
    frozen = _open_window(found.unfinished)
    checks = [check for check in WINDOW if not (frozen and check is blocked)]
    records = run_checks(survey_ignoring_copies(m, ledger(state)), (), checks)
    earlier = tuple(journal.document for journal in state.journals())
    resumes_window = frozen is None or frozen.then == "goes on"
    return _preview(
        found,
        verb=Verb.CUTOVER,
        frozen=frozen,
        allowed=duration_text(plan.cutover.window),
        ways=found.round.ways,
        gates=tuple(gate for gate in Verb.CUTOVER.gates if gate in plan.gates),
        pauses=plan.cutover.pause_automated_snapshots and m.source.signed,
        window=expected_window(found.round.resolution, found.round.work, earlier),
        before=tuple(record for record in records if record.status in {"WARN", "FAIL"}),
        source_after=plan.cutover.source_after,
        requests=round_requests(Verb.CUTOVER, found.round) if resumes_window else (),
    )


def _open_window(cutover: Journal | None) -> WindowPreview | None:
    """The window of an unfinished cutover, if it is still open: then writes are refused because of it."""
    if cutover is None or cutover.document.window is None or not is_frozen(cutover.document):
        return None
    run, entry = cutover.document, cutover.document.window
    then = "puts back" if run.aborting or is_window_over(cutover) else "goes on"
    opens = is_opening(run) and opening_has_begun(run)
    return WindowPreview(frozen=entry.frozen, deadline=entry.deadline, then="opens" if opens else then)


@dataclass(frozen=True)
class _Inspected:
    """Both domains and the plan's runs, read once."""

    state: State
    unfinished: Journal | None
    round: Round


def _inspect(plan: Plan, options: RunOptions, verb: Verb) -> _Inspected:
    state = State(options.state, plan.name)
    unfinished = state.unfinished(verb)
    if unfinished is None:
        require = require_not_open if verb is Verb.SEED else require_not_open_or_promised
        require(state, options.new_run)
    m = read_only_migration(plan, options, unfinished.run_id if unfinished else new_run_id())
    bound = unfinished if unfinished and unfinished.changed_something else None
    resolution = bound.document.recorded(steps.RESOLVE) if bound else None
    work = bound.document.recorded(steps.COMPARE) if bound else None
    found = ledger(state, m.journal.run_id)
    survey = survey_ignoring_copies(m, found)
    resolution = resolution or _resolve(m, survey)
    sides = inspect_both_sides(m, found)
    todo = remaining_work(bound, finished=False) if bound else RemainingWork()
    work = work or find_changes(m, resolution, sides)
    if verb is Verb.SEED:
        return _Inspected(state, unfinished, Round(m, survey, resolution, work, sides, todo))
    if plan.cutover.source_after == "follow" and bound is None:
        require_promisable(m, resolution)
    found_ways = ways(m, resolution, work, sides)
    work = work.with_tail(found_ways.tail)
    return _Inspected(state, unfinished, Round(m, survey, resolution, work, sides, todo, found_ways))


def _preview(found: _Inspected, *, verb: Verb = Verb.SEED, **more: Any) -> RoundPreview:
    return RoundPreview(
        verb=verb,
        plan=found.state.plan_name,
        continues=found.unfinished.run_id if found.unfinished else None,
        resolution=found.round.resolution,
        work=found.round.work,
        **more,
    )


def _resolve(m: Migration, survey: Survey) -> Resolution:
    require_own_snapshots(m)
    resolution = resolve.resolve(m, survey)
    resolve.require_round(m, resolution)
    return resolution
