"""`snapferry init`: a commented plan, with what two domains and the account around them tell."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.exit_codes import ExitCode
from snapferry.options import AsJson, errors_end_here

if TYPE_CHECKING:
    from tasks.draft.options import SideOptions
    from tasks.records.draft import Draft

EXAMPLE = "Example: snapferry init --source orders --target orders-new --target-region eu-west-1 -o plan.yaml"
_NO_FILE = Path("plan.yaml")


def _side(side: str, what: str, metavar: str, help: str) -> typer.models.OptionInfo:
    name = f"--{side}-{what}" if what else f"--{side}"
    return typer.Option(name, metavar=metavar, help=help.format(side=side), show_default=False)


_PLACE = "The {side}: a domain's name, or its URL."
_REGION = "The {side}'s Region, where it cannot be told: not named by the host, or several have the domain."
_PROFILE = "Profile of the AWS configuration files for the {side}."
_ROLE = "Role that is assumed for the {side}, for example in another account."
_TUNNEL = "A tunnel to the {side}; see connect_to in docs/plan.md."
_BUNDLE = "PEM file with the authorities to trust for the {side}."

Source = Annotated[str | None, _side("source", "", "DOMAIN", _PLACE)]
SourceRegion = Annotated[str | None, _side("source", "region", "CODE", _REGION)]
SourceProfile = Annotated[str | None, _side("source", "profile", "NAME", _PROFILE)]
SourceRole = Annotated[str | None, _side("source", "role", "ARN", _ROLE)]
SourceConnectTo = Annotated[str | None, _side("source", "connect-to", "HOST:PORT", _TUNNEL)]
SourceBundle = Annotated[str | None, _side("source", "ca-bundle", "FILE", _BUNDLE)]
Target = Annotated[str | None, _side("target", "", "DOMAIN", _PLACE)]
TargetRegion = Annotated[str | None, _side("target", "region", "CODE", _REGION)]
TargetProfile = Annotated[str | None, _side("target", "profile", "NAME", _PROFILE)]
TargetRole = Annotated[str | None, _side("target", "role", "ARN", _ROLE)]
TargetConnectTo = Annotated[str | None, _side("target", "connect-to", "HOST:PORT", _TUNNEL)]
TargetBundle = Annotated[str | None, _side("target", "ca-bundle", "FILE", _BUNDLE)]
Name = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Name of the plan. Default: made of the domains' names.", show_default=False
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the plan to FILE, which must not exist; without it, or with -, to standard output.",
        show_default=False,
    ),
]


def init(
    source: Source = None,
    target: Target = None,
    source_region: SourceRegion = None,
    target_region: TargetRegion = None,
    source_profile: SourceProfile = None,
    target_profile: TargetProfile = None,
    source_role: SourceRole = None,
    target_role: TargetRole = None,
    source_connect_to: SourceConnectTo = None,
    target_connect_to: TargetConnectTo = None,
    source_ca_bundle: SourceBundle = None,
    target_ca_bundle: TargetBundle = None,
    name: Name = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Write a commented plan for two domains, with what they and the account tell. Reads only.

    What cannot be found out is a placeholder, with a comment that says what to fill in. A side that is not
    named is one, too: without --source and --target the plan is a template, and nothing is sent.
    """
    file = None if output is None or str(output) == "-" else output
    _require_new(file)
    _require_name(name)
    chosen = {
        "source": (source, source_region, source_profile, source_role, source_connect_to, source_ca_bundle),
        "target": (target, target_region, target_profile, target_role, target_connect_to, target_ca_bundle),
    }
    asked = {side: made for side, given in chosen.items() if (made := _asked(side, *given))}
    if len(asked) == 2 and asked["source"] == asked["target"]:
        raise typer.BadParameter("source and target are the same domain", param_hint="--target")
    from tasks.draft.draft import draft

    with errors_end_here():
        found = draft(asked, name)  # pyright: ignore[reportArgumentType]
    _finish(found, file, as_json=as_json)


def _require_new(file: Path | None) -> None:
    from snapferry.console import complain_of

    if file is not None and (file.exists() or file.is_symlink()):
        complain_of(f"{file} is already there", "choose another file for -o, or move that one away")
        raise typer.Exit(ExitCode.INVALID)


def _require_name(name: str | None) -> None:
    from configs.values.names import check_plan_name

    try:
        check_plan_name(name or "x")
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--name") from None


def _asked(
    side: str,
    given: str | None,
    region: str | None,
    profile: str | None,
    role: str | None,
    connect_to: str | None,
    ca_bundle: str | None,
) -> "SideOptions | None":
    """One side of the command line; None when it is not named. Exits with 2 when a part of it is wrong."""
    from tasks.draft.options import WrongPart, side_options

    if given is None:
        if any((region, profile, role, connect_to, ca_bundle)):
            raise typer.BadParameter(f"name the {side} as well", param_hint=f"--{side}")
        return None
    try:
        return side_options(
            given, region, profile=profile, role_arn=role, connect_to=connect_to, ca_bundle=ca_bundle
        )
    except WrongPart as error:
        option = f"--{side}-{error.part}" if error.part else f"--{side}"
        raise typer.BadParameter(str(error), param_hint=option) from None


def _finish(draft: "Draft", file: Path | None, *, as_json: bool) -> None:
    """Writes the plan once the loader takes it, and says what to do with it."""
    from configs.loading.loader import parse_plan
    from configs.loading.problems import PlanError
    from reports.plan_file.draft import plan_text
    from snapferry.console import complain_of, print_text, say, show_json

    text = plan_text(draft)
    try:
        parse_plan(text, file or _NO_FILE)
    except PlanError as error:
        said = "\n".join(f"  - {problem.path}: {problem.message}" for problem in error.problems)
        complain_of(f"no plan can be made of these two sides; nothing was written\n{said}")
        raise typer.Exit(ExitCode.REFUSED) from None
    if file is not None:
        _write(file, text)
    if as_json:
        show_json({**draft.model_dump(mode="json"), "plan": text, "file": str(file) if file else None})
    elif file is None:
        print_text(text)
    for line in _after(draft, file):
        say(line)


def _write(file: Path, text: str) -> None:
    from snapferry.console import complain_of

    try:
        with file.open("x", encoding="utf-8") as made:
            made.write(text)
    except OSError as error:
        complain_of(f"cannot write {file}: {error.strerror}", "choose another file for -o")
        raise typer.Exit(ExitCode.INVALID) from None


def _after(draft: "Draft", file: Path | None) -> list[str]:
    from reports.plan_file.draft import summary

    where = [f"Written to {file}."] if file else []
    fill_in = [f"To fill in: {', '.join(draft.to_fill_in)}."] if draft.to_fill_in else []
    return [*summary(draft), *where, *fill_in, f"Next: snapferry check {file or 'PLAN'}"]
