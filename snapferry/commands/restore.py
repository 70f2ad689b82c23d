"""`snapferry restore`: restore indices of a snapshot on one domain."""

from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.exit_codes import ExitCode
from snapferry.one_domain import OneDomain
from snapferry.operations import LongOperationCall, carry_out, require_exact, settings_from
from snapferry.options import AllowPartial
from snapferry.verb import verb

if TYPE_CHECKING:
    from tasks.operations.restore_selection import RenameRule


@verb(
    "snapferry restore orders-old nightly monday orders --rename orders=old",
    "snapferry restore orders.yaml:target nightly monday --all --execute",
)
def restore(
    call: LongOperationCall,
    domain: OneDomain,
    repository: Annotated[str, typer.Argument(metavar="REPOSITORY", help="The repository's name.")],
    snapshot: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="The snapshot's name.")],
    indices: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INDEX",
            help="Indices, data streams or patterns of the snapshot.",
            show_default=False,
        ),
    ] = None,
    all: Annotated[
        bool, typer.Option("--all", help="Everything that the snapshot holds but the system indices.")
    ] = False,
    rename: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OLD=NEW", help="Restore under another name; a * stands for the same text. Repeatable."
        ),
    ] = None,
    onto_closed: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Consent to restoring onto this closed index. Repeatable."),
    ] = None,
    close: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Close this index and restore onto it. Repeatable."),
    ] = None,
    aliases: Annotated[
        bool | None,
        typer.Option(
            "--aliases/--no-aliases",
            help="Whether aliases come along. Default: unless renamed.",
            show_default=False,
        ),
    ] = None,
    replicas: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Replicas of each index.", show_default=False)
    ] = None,
    index_setting: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Index setting to change on the way. Repeatable."),
    ] = None,
    ignore_index_setting: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Index setting to leave out; patterns allowed. Repeatable."),
    ] = None,
    allow_partial: AllowPartial = False,
) -> ExitCode:
    """Restore indices of a snapshot, also of the service's own.

    Names and patterns are looked up in the snapshot, and the request lists them one by one. A name that is
    taken on the domain is refused, with the ways out. Write blocks do not come along. The same command again
    follows the restore that it has started.
    """
    if bool(indices) == all:
        said = "name the indices to restore, or give --all for all but the system indices; not both"
        raise typer.BadParameter(said, param_hint="INDEX")
    from flows.operations.restore import restore as prepare
    from reports.views.operations import restored_view
    from tasks.operations.restoring import RestoreWanted

    wanted = RestoreWanted(
        repository=repository,
        snapshot=snapshot,
        names=_names(indices),
        everything=all,
        rules=tuple(map(_rule, rename or ())),
        onto_closed=require_exact(list(onto_closed or ()), "an index", "--onto-closed"),
        close=require_exact(list(close or ()), "an index", "--close"),
        aliases=aliases,
        settings=_settings(replicas, index_setting),
        ignore=_ignored(ignore_index_setting),
        allow_partial=allow_partial,
    )
    return carry_out(call, domain, prepare(wanted), restored_view)


def _names(given: list[str] | None) -> tuple[str, ...]:
    from configs.values.names import check_index_pattern

    for each in given or ():
        try:
            check_index_pattern(each)
        except ValueError as error:
            raise typer.BadParameter(f"{each}: {error}", param_hint="INDEX") from None
    return tuple(dict.fromkeys(given or ()))


def _rule(given: str) -> "RenameRule":
    from tasks.operations.restore_selection import RenameRule

    old, equals, new = given.partition("=")
    if not (equals and old and new):
        raise typer.BadParameter(f"{given!r}: write OLD=NEW", param_hint="--rename")
    if old.count("*") > 1 or new.count("*") > 1 or ("*" in new and "*" not in old):
        said = f"{given!r}: one * on the left, and at most one on the right, which stands for the same text"
        raise typer.BadParameter(said, param_hint="--rename")
    return RenameRule(old, new)


def _settings(replicas: int | None, given: list[str] | None) -> dict[str, object]:
    from configs.restore import UNMODIFIABLE, full_key

    found: dict[str, object] = {
        full_key(key): value for key, value in settings_from(given, "--index-setting").items()
    }
    for key in found:
        if key in UNMODIFIABLE:
            raise typer.BadParameter(f"{key}: {UNMODIFIABLE[key]}", param_hint="--index-setting")
        if key.startswith("index.blocks."):
            said = f"{key}: a block would hinder the restore; set it afterwards"
            raise typer.BadParameter(said, param_hint="--index-setting")
    if replicas is not None:
        if "index.number_of_replicas" in found:
            raise typer.BadParameter("this is index.number_of_replicas already", param_hint="--replicas")
        found["index.number_of_replicas"] = replicas
    return found


def _ignored(given: list[str] | None) -> tuple[str, ...]:
    from configs.restore import UNREMOVABLE, full_key

    for each in given or ():
        if full_key(each) in UNREMOVABLE:
            said = f"{each}: {UNREMOVABLE[full_key(each)]}"
            raise typer.BadParameter(said, param_hint="--ignore-index-setting")
    return tuple(full_key(each) for each in given or ())
