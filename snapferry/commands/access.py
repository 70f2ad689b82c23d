"""`snapferry access`: the set-up around a plan's domains, from nothing: print, diff, apply, remove."""

import errno
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from snapferry.calls import Call, ExecutableCall, RunCall
from snapferry.exit_codes import ExitCode, code_of_output
from snapferry.verb import VerbGroup, verb

if TYPE_CHECKING:
    from flows.operations.access import AccessOptions
    from tasks.access.apply import SetUpStopped
    from tasks.records.access import AccessDiff, AccessModel

Format = Literal["json", "cloudformation", "terraform"]
Purpose = Literal["migrate", "cutover"]
_PIECES = ("bucket", "source-role", "target-role", "caller", "access-control")


@dataclass(frozen=True, kw_only=True)
class AccessChoices:
    """What all verbs of the group take."""

    purpose: Annotated[
        Purpose,
        typer.Option(
            "--for",
            help="What the caller is to do. cutover adds, in access control, the rights of seed rounds and a "
            "cutover.",
        ),
    ] = "migrate"
    caller: Annotated[
        list[str] | None,
        typer.Option(
            "--caller",
            metavar="ARN",
            help="User or role that migrates. Default: auth.role_arn of the plan, else the identity behind "
            "the plan's credentials. Repeatable, once for each account.",
        ),
    ] = None
    kms_key: Annotated[
        str | None,
        typer.Option(
            "--kms-key",
            metavar="ARN",
            help="KMS key for the bucket. Default: the bucket's own encryption; S3's for a new bucket.",
            show_default=False,
        ),
    ] = None
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="AWS profile of the administrator. Default: the plan's profile, else as boto3 finds "
            "credentials; a role under auth is never assumed.",
            show_default=False,
        ),
    ] = None
    target_profile: Annotated[
        str | None,
        typer.Option(
            "--target-profile",
            metavar="NAME",
            help="AWS profile of the target's administrator, if that is another account.",
            show_default=False,
        ),
    ] = None
    admin_user: Annotated[
        str | None,
        typer.Option(
            "--admin-user",
            metavar="NAME",
            help="Master user of the domains' own user database. Default: sign requests to them too.",
            show_default=False,
        ),
    ] = None
    admin_password_env: Annotated[
        str | None,
        typer.Option(
            "--admin-password-env",
            metavar="VARIABLE",
            help="Environment variable that holds the password of that user.",
            show_default=False,
        ),
    ] = None

    def options(
        self, folder: Path, only: Iterable[str] | None = None, *, allow_ownership: bool = False
    ) -> "AccessOptions":
        """The same as the flow takes it.

        Raises:
            typer.BadParameter: an option is wrong, or two do not go together.
        """
        from flows.operations.access import AccessOptions
        from tasks.access.administrator import Administrator
        from tasks.access.compare import EVERY_PIECE
        from tasks.records.access import Piece

        self._require_valid()
        wrong = next((each for each in only or () if each not in _PIECES), None)
        if wrong is not None:
            raise typer.BadParameter(f"{wrong} is none of {', '.join(_PIECES)}", param_hint="--only")
        return AccessOptions(
            state=folder,
            administrator=Administrator(
                self.profile, self.target_profile, self.admin_user, self.admin_password_env
            ),
            purpose=self.purpose,
            callers=tuple(self.caller or ()),
            key=self.kms_key,
            only=frozenset(Piece(each) for each in only or ()) or EVERY_PIECE,
            allow_ownership=allow_ownership,
        )

    def _require_valid(self) -> None:
        from pydantic import ValidationError

        from configs.auth import BasicAuth, PasswordSource
        from configs.values.aws import check_identity_arn, check_key_arn

        if (self.admin_user is None) != (self.admin_password_env is None):
            lacking = "--admin-password-env" if self.admin_password_env is None else "--admin-user"
            raise typer.BadParameter("give both, or neither", param_hint=lacking)
        for option, values, check in (
            ("--caller", self.caller or (), check_identity_arn),
            ("--kms-key", [self.kms_key] if self.kms_key is not None else (), check_key_arn),
        ):
            for each in values:
                try:
                    check(each)
                except ValueError as error:
                    raise typer.BadParameter(str(error), param_hint=option) from None
        if self.admin_user is not None:
            try:
                password = PasswordSource(env=self.admin_password_env)
                BasicAuth(type="basic", username=self.admin_user, password=password)
            except ValidationError as error:
                said = str(error.errors()[0].get("ctx", {}).get("error"))
                raise typer.BadParameter(said, param_hint="--admin-user") from None


Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="PIECE",
        help=f"Only this piece: {', '.join(_PIECES)}. Repeatable.",
        show_default=False,
    ),
]
AllowOwnership = Annotated[
    bool,
    typer.Option(
        "--allow-ownership",
        help="Consent to setting Object Ownership of a bucket that was not made here: its access control "
        "lists no longer count.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to FILE, which must not exist yet. Default, or with -: standard output.",
        show_default=False,
    ),
]


@verb(
    "snapferry access print orders.yaml --format terraform -o access.tf",
    "snapferry access print orders.yaml --only source-role --only caller",
)
def print(
    call: RunCall,
    choices: AccessChoices,
    format: Annotated[Format, typer.Option("--format", help="What to write.")] = "json",
    only: Only = None,
    account: Annotated[
        str | None,
        typer.Option(
            "--account",
            metavar="ID",
            help="Account that a CloudFormation template is for, if the plan has several.",
            show_default=False,
        ),
    ] = None,
    output: Output = None,
) -> ExitCode:
    """Print the policies, roles and mappings that the plan needs.

    Everything that the guide requires, with no right more than needed: for a person, CloudFormation or
    Terraform. Reads only; what cannot be read is assumed, and noted.
    """
    file = None if output is None or str(output) == "-" else output
    plan = call.load()
    options = choices.options(call.folder, only)
    from flows.operations.access import print_model

    model = print_model(plan, options)
    text = _text(model, format, account)
    return _write(call, model, format, text, file)


def _text(model: "AccessModel", format: Format, account: str | None) -> str:
    import json

    from reports.access_files.cloudformation import cloudformation
    from reports.access_files.document import access_document
    from reports.access_files.terraform import terraform

    if format == "terraform":
        return terraform(model)
    if format == "cloudformation":
        return cloudformation(model, _account(model, account))
    return json.dumps(access_document(model), indent=2) + "\n"


def _account(model: "AccessModel", account: str | None) -> str:
    """The account of a template.

    Raises:
        typer.BadParameter: it has to be chosen, or nothing of the plan is there.
    """
    if account is None and len(model.accounts) == 1:
        return model.accounts[0]
    if account is None or account not in model.accounts:
        known = " or ".join(model.accounts) or "none: there is nothing for a template in these pieces"
        raise typer.BadParameter(f"a template is for one account: {known}", param_hint="--account")
    return account


def _write(call: Call, model: "AccessModel", format: Format, text: str, file: Path | None) -> ExitCode:
    from reports.access_files.document import access_document
    from snapferry.output.console import print_text, say, show_json, show_problem

    if file is not None:
        try:
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
        except OSError as error:
            if error.errno == errno.EEXIST:
                show_problem(f"{file} already exists", "choose another file for -o, or move this one away")
                return ExitCode.INVALID
            with suppress(OSError):
                file.unlink()
            show_problem(f"cannot write {file}: {error.strerror}", "choose another file for -o")
            return code_of_output(error)
    if call.as_json:
        shown = {"format": format, "file": str(file) if file else None, "text": text}
        show_json({**shown, "access": access_document(model)})
    elif file is None:
        print_text(text)
    else:
        say(f"Written to {file}.")
    for note in model.notes:
        say(f"Note: {note}")
    return ExitCode.DONE


@verb("snapferry access diff orders-to-ireland.yaml", "snapferry access diff orders-to-ireland.yaml --json")
def diff(call: RunCall, choices: AccessChoices, only: Only = None) -> ExitCode:
    """Compare what is there with what the plan needs.

    A policy that is written differently, or allows more, counts as there. Reads only, with the
    administrator's login. Exits with 3 if anything is missing, in the way, or could not be read.
    """
    plan = call.load()
    options = choices.options(call.folder, only)
    from flows.operations.access import diff as compare
    from reports.views.access import diff_view
    from snapferry.next_steps import next_command, same_command, say_next

    found = compare(plan, options)
    to_run = next_command("check") if found.is_complete else same_command(verb="access apply")
    call.show(found, diff_view, to_run=to_run)
    if not call.as_json:
        say_next(to_run)
    return ExitCode.DONE if found.is_complete else ExitCode.REFUSED


@verb(
    "snapferry access apply orders-to-ireland.yaml --profile admin",
    "snapferry access apply orders-to-ireland.yaml --profile admin --execute",
)
def apply(
    call: ExecutableCall, choices: AccessChoices, only: Only = None, allow_ownership: AllowOwnership = False
) -> ExitCode:
    """Make what the plan needs and is not there.

    Without --execute, shows exactly which calls and requests would be sent. Adds only: policies, statements
    and mappings of others stay. May be repeated, and continues after an interruption.
    """
    plan = call.load()
    options = choices.options(call.folder, only, allow_ownership=allow_ownership)
    if not call.execute:
        from flows.operations.access import diff as compare

        return _preview(call, compare(plan, options))
    from domains.errors import SnapferryError
    from flows.operations.access import apply as complete
    from reports.views.access import applied_view
    from runs.state import State
    from snapferry.next_steps import next_command, say_next
    from snapferry.output.progress import shown_progress
    from tasks.access.apply import SetUpStopped

    try:
        with shown_progress(State(call.folder, plan.name)):
            done = complete(plan, options)
    except SnapferryError as error:
        if not isinstance(error, SetUpStopped):
            raise
        return _stopped(error)
    to_run = next_command("check")
    call.show(done, applied_view, to_run=to_run)
    if not call.as_json:
        say_next(to_run)
    return ExitCode.DONE


def _preview(call: ExecutableCall, found: "AccessDiff") -> ExitCode:
    from reports.views.access import preview_view
    from snapferry.next_steps import next_command, same_command, say_next

    in_the_way = bool(found.of("refused", "unknown"))
    to_run = (
        next_command("check") if found.is_complete else same_command(*([] if in_the_way else ["--execute"]))
    )
    call.show(found, preview_view, to_run=to_run)
    if not call.as_json:
        say_next(to_run)
    return ExitCode.REFUSED if in_the_way else ExitCode.DONE


def _stopped(error: "SetUpStopped") -> ExitCode:
    """Say what was made before an error."""
    from snapferry.output.console import show_error, warn

    show_error(error)
    warn(
        "Made before the error: "
        + ("; ".join(f"{each.what} {each.name}" for each in error.made) or "nothing")
    )
    return ExitCode.INTERRUPTED if error.passing else ExitCode.FAILED


@verb(
    "snapferry access remove orders-to-ireland.yaml --profile admin",
    "snapferry access remove orders-to-ireland.yaml --profile admin --execute",
)
def remove(call: ExecutableCall, choices: AccessChoices) -> ExitCode:
    """Take back what apply has made, and nothing else.

    It is recognized by the state folder, by tags and by Sids. A bucket is removed only if it is empty and was
    made here; a role only if nobody has added to it. Without --execute, shows what would be removed. Goes on
    after a failure, and exits with 1 if anything could not be removed.
    """
    plan = call.load()
    options = choices.options(call.folder)
    from flows.operations import access as flow
    from reports.views.access import removal_view
    from runs.state import State
    from snapferry.next_steps import same_command, say_next
    from snapferry.output.progress import shown_progress

    if not call.execute:
        found = flow.preview_removal(plan, options)
        to_run = same_command("--execute") if found.of("remove") else ""
        call.show(found, removal_view, to_run=to_run)
        if to_run and not call.as_json:
            say_next(to_run)
        return ExitCode.REFUSED if found.of("unknown") else ExitCode.DONE
    with shown_progress(State(call.folder, plan.name)):
        found = flow.remove(plan, options)
    call.show(found, removal_view)
    return ExitCode.FAILED if found.of("unknown") else ExitCode.DONE


access = VerbGroup(
    "access",
    "Set up roles, bucket, policies and mappings for a plan.",
    ("snapferry access diff PLAN", "snapferry access apply PLAN --execute"),
    (print, diff, apply, remove),
)
