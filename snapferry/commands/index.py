"""`snapferry index`: the indices of one domain."""

from typing import Annotated

import typer

from snapferry.exit_codes import ExitCode
from snapferry.one_domain import OneDomain
from snapferry.operations import DomainCall, OperationCall, carry_out, place_of, require_exact
from snapferry.options import ListAll
from snapferry.verb import VerbGroup, verb


@verb("snapferry index list orders.yaml:target", "snapferry index list orders.yaml:target 'logs-*' --all")
def list_(
    call: DomainCall,
    domain: OneDomain,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATTERN", help="Names or patterns. Default: all.", show_default=False),
    ] = None,
    system: Annotated[
        bool, typer.Option("--system", help="List the indices of the service and of plugins, too.")
    ] = False,
    all: ListAll = False,
) -> None:
    """List the indices of a domain, with their aliases.

    Shows closed and hidden indices as well, the data stream that an index backs, and which alias writes into
    it. Reads only.
    """
    place = place_of(call, domain)
    from flows.operations.index import list_indices
    from reports.views.inventory import indices_view
    from snapferry.output.progress import shown_progress

    with shown_progress():
        found = list_indices(place, tuple(patterns or ()), system=system)
    call.show(found, lambda shown: indices_view(shown, every=all))


@verb(
    "snapferry index delete orders.yaml:target orders-restored --execute",
    "snapferry index delete orders.yaml:target --all",
)
def delete(
    call: OperationCall,
    domain: OneDomain,
    indices: Annotated[
        list[str] | None,
        typer.Argument(metavar="INDEX", help="Exact names of indices or data streams.", show_default=False),
    ] = None,
    all: Annotated[
        bool,
        typer.Option("--all", help="All indices that belong to users; each needs --allow-delete NAME."),
    ] = False,
    allow_delete: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Consent to deleting this one: with --all, or a system index. Repeatable."
        ),
    ] = None,
    allow_alias: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ALIAS", help="Consent that this alias, or data stream, loses an index. Repeatable."
        ),
    ] = None,
) -> ExitCode:
    """Delete indices and data streams by their exact names.

    An alias that would lose its only index, or the one that takes its writes, is named, and refused without a
    consent of its own: the next write through it would create an index of its name. It says whether somebody
    writes right now. Indices that an unfinished run works on are refused.
    """
    if bool(indices) == all:
        raise typer.BadParameter("name the indices, or give --all; not both", param_hint="INDEX")
    from flows.operations.index import delete as prepare
    from reports.views.operations import names_view
    from tasks.operations.indices import IndexDeletionWanted

    wanted = IndexDeletionWanted(
        require_exact(list(indices or ()), "an index", "INDEX"),
        all,
        tuple(allow_delete or ()),
        tuple(allow_alias or ()),
    )
    return carry_out(call, domain, prepare(wanted), names_view)


index = VerbGroup(
    "index",
    "List or delete the indices of a domain.",
    ("snapferry index list orders-new --region eu-west-1",),
    (list_, delete),
)
