"""The entry point: one sub-command a verb. Kept light, so that help and schema come at once."""

from typing import Annotated

import typer

from snapferry.commands import (
    abort,
    approve,
    check,
    cutover,
    demo,
    finish,
    init,
    lab,
    migrate,
    plan,
    rehearse,
    report,
    schema,
    seed,
    status,
    verify,
)

app = typer.Typer(
    name="snapferry",
    help="Moves the indices of one Amazon OpenSearch Service domain to another, from one YAML plan.",
    epilog="Exit codes: 0 done and verified; 1 failed, what was changed is listed; "
    "2 plan or command line wrong, nothing sent; 3 refused, nothing changed; "
    "4 verification found a difference or could not tell; 5 interrupted, the same command continues; "
    "6 another run holds this plan or pair.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(epilog=init.EXAMPLE)(init.init)
app.command(epilog=check.EXAMPLE)(check.check)
app.command(epilog=plan.EXAMPLE)(plan.plan)
app.command(epilog=rehearse.EXAMPLE)(rehearse.rehearse)
app.command(epilog=migrate.EXAMPLE)(migrate.migrate)
app.command(epilog=seed.EXAMPLE)(seed.seed)
app.command(epilog=cutover.EXAMPLE)(cutover.cutover)
app.command(epilog=verify.EXAMPLE)(verify.verify)
app.command(epilog=finish.EXAMPLE)(finish.finish)
app.command(epilog=abort.EXAMPLE)(abort.abort)
app.command(epilog=approve.EXAMPLE)(approve.approve)
app.command(epilog=status.EXAMPLE)(status.status)
app.command(epilog=report.EXAMPLE)(report.report)
app.command(epilog=schema.EXAMPLE)(schema.schema)
app.command(epilog=demo.EXAMPLE)(demo.demo)
app.add_typer(lab.app, name="lab")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"snapferry {version('snapferry')}")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Runs the command."""
    app()
