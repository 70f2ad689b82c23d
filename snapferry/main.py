"""The entry point: every verb in its group. Kept light, so that help appears at once."""

from typing import Annotated

import typer

from snapferry.commands import (
    abort,
    access,
    advise,
    approve,
    certificate,
    certify,
    check,
    compare_queries,
    cutover,
    demo,
    fallback,
    finish,
    fleet,
    follow,
    help,
    index,
    init,
    lab,
    metadata,
    migrate,
    plan,
    policy,
    prefect,
    rehearse,
    repair,
    report,
    repository,
    restore,
    runs,
    schema,
    seed,
    snapshot,
    status,
    unfreeze,
    verify,
    version,
    watch,
)
from snapferry.completion.bash import whole_words
from snapferry.exit_codes import ExitCode
from snapferry.help_pages import GroupedHelp
from snapferry.output import streams
from snapferry.verb import Verb, VerbGroup

VERBS: dict[str, tuple[Verb | VerbGroup, ...]] = {
    "Prepare": (advise.advise, init.init, schema.schema, check.check, plan.plan, access.access),
    "Migrate": (
        rehearse.rehearse,
        migrate.migrate,
        approve.approve,
        verify.verify,
        compare_queries.compare_queries,
        repair.repair,
        metadata.metadata,
    ),
    "Seed and cut over": (seed.seed, follow.follow, cutover.cutover),
    "Clean up or roll back": (finish.finish, fallback.fallback, abort.abort),
    "Many plans": (fleet.fleet, prefect.prefect),
    "Single operations": (
        restore.restore,
        unfreeze.unfreeze,
        repository.repository,
        snapshot.snapshot,
        index.index,
        policy.policy,
    ),
    "Inspect": (status.status, watch.watch, report.report, runs.runs),
    "Prove it to others": (certify.certify, certificate.certificate),
    "Try it out": (demo.demo, lab.lab),
    "Help": (help.help, version.version),
}
"""Every verb, by its group in the help."""


class _Verbs(GroupedHelp):
    """Every verb, in the order of its group."""

    order = tuple(VERBS)


_EXIT_CODES = "\n".join(["\b", "Exit codes:", *(f"  {code.value}  {code.meaning}" for code in ExitCode)])

app = typer.Typer(
    name="snapferry",
    cls=_Verbs,
    help="Move the indices of one Amazon OpenSearch Service domain to another, from one YAML plan.",
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["--help", "-h"]},
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _group, _verbs in VERBS.items():
    for _verb in _verbs:
        _verb.add_to(app, _group)


def _print_version(wanted: bool) -> None:
    if wanted:
        version.print_version()
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command; a result that could not be written is a failure."""
    streams.make_safe()
    try:
        with whole_words():
            app()
    except SystemExit as ended:
        lost = streams.lost_result()
        if not lost:
            raise
        from snapferry.output.console import show_problem

        said = f"the result could not be written to standard output: {lost}"
        show_problem(said, "free some space, or write it to another place")
        raise SystemExit(ended.code or ExitCode.FAILED) from None
