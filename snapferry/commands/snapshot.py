"""`snapferry snapshot`: the snapshots in one domain's repositories."""

from typing import Annotated

import typer

from snapferry.exit_codes import ExitCode
from snapferry.one_domain import OneDomain
from snapferry.operations import (
    DomainCall,
    LongOperationCall,
    OperationCall,
    carry_out,
    place_of,
    require_exact,
    settings_from,
)
from snapferry.options import ListAll
from snapferry.verb import VerbGroup, verb

Repository = Annotated[str, typer.Argument(metavar="REPOSITORY", help="The repository's name.")]
Snapshot = Annotated[str, typer.Argument(metavar="SNAPSHOT", help="The snapshot's name.")]
_STATES = ("SUCCESS", "PARTIAL", "FAILED", "IN_PROGRESS", "INCOMPATIBLE")
_METADATA_BYTES = 900  # the engine takes 1,024, and adds nothing
_OURS = "snapferry_"


@verb("snapferry snapshot list orders.yaml:source", "snapferry snapshot list orders-old cs-automated-enc")
def list_(
    call: DomainCall,
    domain: OneDomain,
    repository: Annotated[
        str | None,
        typer.Argument(metavar="REPOSITORY", help="Default: all repositories.", show_default=False),
    ] = None,
    in_state: Annotated[
        str,
        typer.Option("--in-state", metavar="STATE", help=f"Only those in this state: {', '.join(_STATES)}."),
    ] = "",
    newest: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only the newest N.", show_default=False)
    ] = None,
    sizes: Annotated[
        bool, typer.Option("--sizes", help="Ask for the sizes of the newest 20, one after the other: slow.")
    ] = False,
    all: ListAll = False,
) -> None:
    """List the snapshots of one repository, or of all, newest first.

    Shows when each was taken, how long it took, its state, the shards that it lacks, and who took it: a run
    of Snapferry with its plan, `snapferry snapshot take`, a snapshot policy, or the service. Reads only.
    """
    if in_state and in_state.upper() not in _STATES:
        raise typer.BadParameter(f"write one of {', '.join(_STATES)}", param_hint="--in-state")
    place = place_of(call, domain)
    from flows.operations.snapshot import list_snapshots
    from reports.views.inventory import snapshots_view
    from snapferry.output.progress import shown_progress
    from tasks.operations.reading_snapshots import ListWanted

    with shown_progress():
        found = list_snapshots(place, ListWanted(repository, in_state.upper(), newest, sizes))
    call.show(found, lambda shown: snapshots_view(shown, every=all))


@verb("snapferry snapshot show orders.yaml:source nightly monday")
def show(
    call: DomainCall,
    domain: OneDomain,
    repository: Repository,
    snapshot: Snapshot,
    wait: Annotated[bool, typer.Option("--wait", help="Follow one that is running until it ends.")] = False,
) -> None:
    """Show one snapshot: what it holds, its size, and what it lacks.

    Of a PARTIAL one it names each index that is not whole, with the reason of each missing shard, and the
    newest older snapshot of the same repository that holds this index whole. Reads only.
    """
    place = place_of(call, domain)
    from flows.operations.snapshot import show as read
    from reports.views.inventory import snapshot_view
    from snapferry.output.progress import shown_progress

    with shown_progress():
        found = read(place, repository, snapshot, wait=wait)
    call.show(found, snapshot_view)


@verb(
    "snapferry snapshot take orders.yaml:source nightly before-upgrade --execute",
    "snapferry snapshot take orders.yaml:source nightly logs --indices 'logs-*'",
)
def take(
    call: LongOperationCall,
    domain: OneDomain,
    repository: Repository,
    snapshot: Snapshot,
    indices: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Index, data stream or pattern. Default: all. Repeatable."),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="What to leave out of those. Repeatable.")
    ] = None,
    system: Annotated[
        bool, typer.Option("--system", help="Take the system indices, too (.kibana*, .opendistro* …).")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Go on although a shard is not started. Needs --allow-partial.")
    ] = False,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Consent to a snapshot that lacks shards.")
    ] = False,
    metadata: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Text to attach to the snapshot. Repeatable."),
    ] = None,
) -> ExitCode:
    """Take a snapshot, and follow it until it is complete.

    Waits for a running snapshot first: the service takes one at a time. System indices, closed indices and
    the global state are left out. The same command again follows the snapshot that it has started.
    """
    from configs.values.names import check_snapshot_name
    from flows.operations.snapshot import take as prepare
    from reports.views.operations import taken_view
    from tasks.operations.taking import TakeWanted

    try:
        check_snapshot_name(snapshot)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="SNAPSHOT") from None
    wanted = TakeWanted(
        repository=repository,
        name=snapshot,
        include=_patterns(indices, "--indices") or ("*",),
        exclude=_patterns(exclude, "--exclude"),
        system=system,
        partial=partial,
        allow_partial=allow_partial,
        metadata=_metadata(metadata),
    )
    return carry_out(call, domain, prepare(wanted), taken_view)


def _patterns(given: list[str] | None, option: str) -> tuple[str, ...]:
    from configs.values.names import check_index_pattern

    for each in given or ():
        try:
            check_index_pattern(each)
        except ValueError as error:
            raise typer.BadParameter(f"{each}: {error}", param_hint=option) from None
    return tuple(given or ())


def _metadata(given: list[str] | None) -> dict[str, str]:
    found = settings_from(given, "--metadata")
    if any(key.startswith(_OURS) for key in found):
        raise typer.BadParameter(f"keys that begin with {_OURS} are Snapferry's", param_hint="--metadata")
    if sum(len(f"{key}{value}".encode()) + 6 for key, value in found.items()) > _METADATA_BYTES:
        raise typer.BadParameter("the engine takes less than 1,024 bytes in all", param_hint="--metadata")
    return found


@verb("snapferry snapshot delete orders.yaml:source nightly monday --execute")
def delete(
    call: OperationCall,
    domain: OneDomain,
    repository: Repository,
    snapshots: Annotated[list[str], typer.Argument(metavar="SNAPSHOT", help="Exact names.")],
    allow_delete: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Consent to deleting one that a run or a plan needs. Repeatable."),
    ] = None,
    allow_abort: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Consent to aborting one that is running. Repeatable."),
    ] = None,
) -> ExitCode:
    """Delete snapshots by their exact names.

    Files that other snapshots share with one stay. The service's own snapshots are protected, and so are
    those of unfinished runs.
    """
    from flows.operations.snapshot import delete as prepare
    from reports.views.operations import names_view
    from tasks.operations.deleting_snapshots import DeleteWanted

    names = require_exact(snapshots, "a snapshot", "SNAPSHOT")
    wanted = DeleteWanted(repository, names, tuple(allow_delete or ()), tuple(allow_abort or ()))
    return carry_out(call, domain, prepare(wanted), names_view)


snapshot = VerbGroup(
    "snapshot",
    "List, show, take or delete the snapshots of a domain.",
    ("snapferry snapshot list orders-old --region us-east-1",),
    (list_, show, take, delete),
)
