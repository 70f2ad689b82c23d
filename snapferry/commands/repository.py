"""`snapferry repository`: the snapshot repositories that are registered on one domain."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from snapferry.exit_codes import ExitCode
from snapferry.one_domain import OneDomain
from snapferry.operations import DomainCall, OperationCall, carry_out, place_of, require_exact, settings_from
from snapferry.verb import VerbGroup, verb

if TYPE_CHECKING:
    from configs.repository import Repository

Name = Annotated[str, typer.Argument(metavar="REPOSITORY", help="The repository's name.")]
_OPTIONS = {
    "name": "REPOSITORY",
    "bucket": "--bucket",
    "base_path": "--base-path",
    "region": "--bucket-region",
    "role_arn": "--role-arn",
    "location": "--location",
    "settings": "--setting",
}
"""The option for each field of a repository."""


@verb("snapferry repository list orders.yaml:target")
def list_(call: DomainCall, domain: OneDomain) -> None:
    """List the registered repositories, and the runs that use them.

    Shows bucket, base path, Region or endpoint, and whether the domain may write. Of the service's own
    repositories (cs-automated, cs-automated-enc) it shows no settings. Reads only.
    """
    place = place_of(call, domain)
    from flows.operations.repository import list_repositories
    from reports.views.inventory import repositories_view
    from snapferry.output.progress import shown_progress

    with shown_progress():
        found = list_repositories(place)
    call.show(found, repositories_view)


@verb(
    "snapferry repository register orders.yaml:source nightly --bucket my-bucket",
)
def register(
    call: OperationCall,
    domain: OneDomain,
    repository: Name,
    bucket: Annotated[
        str | None, typer.Option(metavar="NAME", help="The S3 bucket.", show_default=False)
    ] = None,
    base_path: Annotated[str, typer.Option(metavar="PATH", help="Folder in the bucket.")] = "",
    role_arn: Annotated[
        str | None,
        typer.Option(metavar="ARN", help="Role that the service assumes.", show_default=False),
    ] = None,
    bucket_region: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="Region of the bucket. Default: looked up.", show_default=False),
    ] = None,
    endpoint: Annotated[
        str,
        typer.Option(metavar="HOST", help="S3 endpoint to use in place of the bucket's Region."),
    ] = "",
    readonly: Annotated[
        bool, typer.Option("--readonly", help="Only read: for every domain but the one that writes.")
    ] = False,
    setting: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Further setting of the registration. Repeatable."),
    ] = None,
    type: Annotated[str, typer.Option(metavar="s3|fs", help="A bucket, or a shared folder.")] = "s3",
    location: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="With --type fs: the shared folder.", show_default=False),
    ] = None,
    replace: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Consent to replacing the different registration of this name."),
    ] = None,
) -> ExitCode:
    """Register a repository, and have every node verify it.

    Where the bucket is in another Region than the domain, and the service asks for it, the registration
    names an endpoint in place of the Region. One that cannot be verified is taken back.
    """
    given: dict[str, Any] = {
        "name": repository,
        "bucket": bucket,
        "base_path": base_path,
        "role_arn": role_arn,
        "region": bucket_region,
        "location": location,
        "settings": {key: _value(value) for key, value in settings_from(setting, "--setting").items()},
    }
    wanted = _repository(_kind(type), given)
    from flows.operations.repository import register as prepare
    from reports.views.operations import registered_view
    from tasks.operations.registering import RegistrationWanted

    asked = RegistrationWanted(wanted, endpoint, readonly, tuple(replace or ()))
    return carry_out(call, domain, prepare(asked), registered_view)


def _kind(given: str) -> Literal["s3", "fs"]:
    if given not in {"s3", "fs"}:
        raise typer.BadParameter(f"{given!r} is no kind of repository: write s3 or fs", param_hint="--type")
    return "fs" if given == "fs" else "s3"


def _value(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text, text)


def _repository(kind: Literal["s3", "fs"], given: dict[str, Any]) -> "Repository":
    """The repository as a plan would describe it.

    Raises:
        typer.BadParameter: an option is missing or wrong.
    """
    from pydantic import ValidationError

    from configs.repository import FsRepository, S3Repository

    of_s3 = ("bucket", "base_path", "role_arn", "region")
    others = ("location",) if kind == "s3" else of_s3
    for key in others:
        if given[key]:
            said = f"this belongs to --type {'fs' if kind == 's3' else 's3'}"
            raise typer.BadParameter(said, param_hint=_OPTIONS[key])
    needed = "bucket" if kind == "s3" else "location"
    if not given[needed]:
        raise typer.BadParameter("this is missing", param_hint=_OPTIONS[needed])
    values = {key: value for key, value in given.items() if key not in others and value is not None}
    try:
        return (S3Repository if kind == "s3" else FsRepository).model_validate({"type": kind, **values})
    except ValidationError as error:
        first = error.errors()[0]
        place = str(first["loc"][0]) if first["loc"] else "settings"
        said = str(first.get("ctx", {}).get("error") or first["msg"])
        raise typer.BadParameter(said, param_hint=_OPTIONS.get(place, "--setting")) from None


@verb("snapferry repository verify orders.yaml:target nightly --execute")
def verify(call: OperationCall, domain: OneDomain, repository: Name) -> ExitCode:
    """Have every node verify that it can use a repository.

    Each node writes a test file into the bucket, reads those of the others, and removes them; with a readonly
    registration it only reads.
    """
    from flows.operations.repository import verify as prepare
    from reports.views.operations import verified_view

    return carry_out(call, domain, prepare(_exact(repository)), verified_view)


def _exact(repository: str) -> str:
    return require_exact([repository], "a repository", "REPOSITORY")[0]


@verb("snapferry repository remove orders.yaml:target nightly --execute")
def remove(
    call: OperationCall,
    domain: OneDomain,
    repository: Name,
    allow_remove: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Consent to removing one that an unfinished run needs."),
    ] = None,
) -> ExitCode:
    """Remove a registration; the snapshots stay in the bucket.

    Refused while a snapshot is being written into it, and where an unfinished run of the state folder needs
    it.
    """
    from flows.operations.repository import remove as prepare
    from reports.views.operations import names_view

    prepared = prepare(_exact(repository), tuple(allow_remove or ()))
    return carry_out(call, domain, prepared, names_view)


repository = VerbGroup(
    "repository",
    "List, register, verify or remove snapshot repositories.",
    ("snapferry repository list orders-new --region eu-west-1",),
    (list_, register, verify, remove),
)
