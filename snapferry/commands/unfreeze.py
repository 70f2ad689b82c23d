"""`snapferry unfreeze`: let indices take writes again, without the run that has blocked them."""

from typing import Annotated

import typer

from snapferry.exit_codes import ExitCode
from snapferry.one_domain import OneDomain
from snapferry.operations import OperationCall, carry_out, place_of, require_exact
from snapferry.verb import verb


@verb(
    "snapferry unfreeze orders.yaml:source",
    "snapferry unfreeze orders.yaml:source orders customers --execute",
)
def unfreeze(
    call: OperationCall,
    domain: OneDomain,
    indices: Annotated[
        list[str] | None, typer.Argument(metavar="INDEX", help="Exact names.", show_default=False)
    ] = None,
    all_blocked: Annotated[
        bool, typer.Option("--all-blocked", help="Every index that refuses writes.")
    ] = False,
    allow_release: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Consent to releasing one that a finished cutover keeps. Repeatable."
        ),
    ] = None,
) -> ExitCode:
    """Let indices take writes again whose cutover is lost.

    For the day when the state folder of a cutover is gone. Without a name it lists the indices that refuse
    writes. An index that an unfinished cutover of the state folder holds is left to it.
    """
    if indices and all_blocked:
        raise typer.BadParameter("name the indices, or give --all-blocked; not both", param_hint="INDEX")
    if not indices and not all_blocked:
        return _list(call, domain)
    from flows.operations.unfreeze import unfreeze as prepare
    from reports.views.operations import names_view
    from tasks.operations.unfreezing import UnfreezeWanted

    names = require_exact(list(indices or ()), "an index", "INDEX")
    wanted = UnfreezeWanted(names, all_blocked, tuple(allow_release or ()))
    return carry_out(call, domain, prepare(wanted), names_view)


def _list(call: OperationCall, domain: OneDomain) -> ExitCode:
    """List what refuses writes, and name the command that releases what nobody holds."""
    if call.execute:
        raise typer.BadParameter("name the indices to release, or give --all-blocked", param_hint="INDEX")
    place = place_of(call, domain)
    from flows.operations.unfreeze import list_blocked
    from reports.views.inventory import blocked_view
    from snapferry.next_steps import same_command, say_next

    found = list_blocked(place)
    free = [each.name for each in found.indices if not each.held_by]
    to_run = same_command(*free, "--execute") if free else ""
    call.show(found, blocked_view, to_run=to_run)
    if to_run and not call.as_json:
        say_next(to_run)
    return ExitCode.DONE
