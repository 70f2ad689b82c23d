"""`snapferry verify`: two domains compared, at any time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from snapferry.exit_codes import ExitCode
from snapferry.options import AsJson, StateFolder, errors_end_here, load, state_folder
from snapferry.verify_options import ComparedSide, rename_of, selection_of, settings_of, side_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.records.verification import VerificationRecord

EXAMPLE = (
    "Examples: snapferry verify orders-to-ireland.yaml --level content --sample 0.1; "
    "snapferry verify --source https://old:9200 --target https://new:9200 --indices 'orders-*'"
)
_PLACE = "Without a plan: the {side}, a URL or the name of a domain of the service."
_REGION = "The {side}'s Region; requests are signed for it. Not needed where the host names it."
_PROFILE = "Profile of the AWS configuration files for the {side}; requests are signed."
_ROLE = "Role that is assumed for the {side}; requests are signed."
_USER = "User of the {side}, for basic authentication."
_PASSWORD = "Name of the environment variable that holds this user's password."
_TUNNEL = "A tunnel to the {side}; see connect_to in docs/plan.md."
_BUNDLE = "PEM file with the authorities to trust for the {side}."

MaybePlan = Annotated[
    Path | None,
    typer.Argument(metavar="PLAN", help="The plan, a YAML file. Without one: two sides.", show_default=False),
]
Level = Annotated[
    Literal["counts", "operations", "content"] | None,
    typer.Option(
        "--level",
        help="How far: counts, operations or content. Default: the plan's, else operations.",
        show_default=False,
    ),
]
Sample = Annotated[
    float | None,
    typer.Option(
        "--sample",
        metavar="SHARE",
        help="At level content: share of the documents whose contents are compared, 1.0 for all. "
        "Default: the plan's, else 0.01.",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="NUMBER",
        help="At level content: chooses the sample; the same number chooses the same documents again. "
        "Default: the plan's, else 0.",
        show_default=False,
    ),
]
Indices = Annotated[
    list[str] | None,
    typer.Option(
        "--indices",
        metavar="PATTERN",
        help="Without a plan: indices and data streams of the source to compare; * stands for any "
        "characters. Repeatable.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="PATTERN", help="Out of these, what is not compared. Repeatable."),
]
Renames = Annotated[
    list[str] | None,
    typer.Option(
        "--rename",
        metavar="OLD=NEW",
        help="What is called OLD on the source is called NEW on the target; one * in both stands for the "
        "rest of the name. Repeatable.",
    ),
]
Source = Annotated[str | None, side_option("source", "", "DOMAIN", _PLACE)]
SourceRegion = Annotated[str | None, side_option("source", "region", "CODE", _REGION)]
SourceProfile = Annotated[str | None, side_option("source", "profile", "NAME", _PROFILE)]
SourceRole = Annotated[str | None, side_option("source", "role", "ARN", _ROLE)]
SourceUser = Annotated[str | None, side_option("source", "user", "NAME", _USER)]
SourcePassword = Annotated[str | None, side_option("source", "password-env", "VARIABLE", _PASSWORD)]
SourceConnectTo = Annotated[str | None, side_option("source", "connect-to", "HOST:PORT", _TUNNEL)]
SourceBundle = Annotated[str | None, side_option("source", "ca-bundle", "FILE", _BUNDLE)]
Target = Annotated[str | None, side_option("target", "", "DOMAIN", _PLACE)]
TargetRegion = Annotated[str | None, side_option("target", "region", "CODE", _REGION)]
TargetProfile = Annotated[str | None, side_option("target", "profile", "NAME", _PROFILE)]
TargetRole = Annotated[str | None, side_option("target", "role", "ARN", _ROLE)]
TargetUser = Annotated[str | None, side_option("target", "user", "NAME", _USER)]
TargetPassword = Annotated[str | None, side_option("target", "password-env", "VARIABLE", _PASSWORD)]
TargetConnectTo = Annotated[str | None, side_option("target", "connect-to", "HOST:PORT", _TUNNEL)]
TargetBundle = Annotated[str | None, side_option("target", "ca-bundle", "FILE", _BUNDLE)]


def verify(
    plan: MaybePlan = None,
    level: Level = None,
    sample: Sample = None,
    seed: Seed = None,
    source: Source = None,
    target: Target = None,
    indices: Indices = None,
    exclude: Exclude = None,
    rename: Renames = None,
    source_region: SourceRegion = None,
    source_profile: SourceProfile = None,
    source_role: SourceRole = None,
    source_user: SourceUser = None,
    source_password_env: SourcePassword = None,
    source_connect_to: SourceConnectTo = None,
    source_ca_bundle: SourceBundle = None,
    target_region: TargetRegion = None,
    target_profile: TargetProfile = None,
    target_role: TargetRole = None,
    target_user: TargetUser = None,
    target_password_env: TargetPassword = None,
    target_connect_to: TargetConnectTo = None,
    target_ca_bundle: TargetBundle = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Compare what a plan's latest run moved, or any two domains, index by index.

    With PLAN, what its latest run moved is compared (or, without a run, the plan's indices). Without one, the
    indices of --source that --indices names are compared with those of --target; requests are signed for
    domains of the service and where a Region, profile or role is given.

    Reads, and refreshes both sides. Exits with 4 when anything differs or cannot be compared.
    """
    sides = (
        ComparedSide(
            "source",
            source,
            source_region,
            source_profile,
            source_role,
            source_user,
            source_password_env,
            source_connect_to,
            source_ca_bundle,
        ),
        ComparedSide(
            "target",
            target,
            target_region,
            target_profile,
            target_role,
            target_user,
            target_password_env,
            target_connect_to,
            target_ca_bundle,
        ),
    )
    how = {"level": level, "sample": sample, "seed": seed}
    if plan is None:
        _require_alone(sides, indices, state)
        record = _alone(sides, indices or [], exclude or [], rename or [], how)
    else:
        _require_plan(sides, {"--indices": indices, "--exclude": exclude, "--rename": rename})
        record = _of_plan(plan, how, state)
    _finish(record, as_json=as_json)


def _require_plan(sides: "Sequence[ComparedSide]", alone: dict[str, list[str] | None]) -> None:
    """What the plan says is not said again."""
    given = [f"--{side.side}…" for side in sides if side.named] + [
        name for name, value in alone.items() if value
    ]
    if given:
        message = f"the plan says what is compared; leave out {given[0]}, or leave out the plan"
        raise typer.BadParameter(message, param_hint="PLAN")


def _require_alone(sides: "Sequence[ComparedSide]", indices: list[str] | None, state: Path | None) -> None:
    if not any(side.named for side in sides) and not indices:
        message = "give a plan, or two sides and what to compare: --source URL --target URL --indices PATTERN"
        raise typer.BadParameter(message, param_hint="PLAN")
    if not indices:
        message = "name what is to be compared, such as --indices 'orders-*'; '*' is everything"
        raise typer.BadParameter(message, param_hint="--indices")
    if state is not None:
        raise typer.BadParameter("there is no run without a plan; leave it out", param_hint="--state")


def _of_plan(plan: Path, how: dict[str, Any], state: Path | None) -> "VerificationRecord":
    loaded = load(plan)
    loaded = loaded.model_copy(update={"verify": settings_of(loaded.verify, how)})
    from flows.verify import verify_plan
    from snapferry.progress import shown_progress

    with errors_end_here(), shown_progress():
        return verify_plan(loaded, state_folder(state))


def _alone(
    sides: "tuple[ComparedSide, ComparedSide]",
    indices: list[str],
    exclude: list[str],
    renames: list[str],
    how: dict[str, Any],
) -> "VerificationRecord":
    from configs.plan import VerifySettings
    from flows.verify import VerifyOptions, verify_without_plan
    from snapferry.progress import shown_progress

    asked = VerifyOptions(
        sides[0].settings(),
        sides[1].settings(),
        selection_of(indices, exclude),
        tuple(map(rename_of, renames)),
        settings_of(VerifySettings(), how),
    )
    with errors_end_here(), shown_progress():
        return verify_without_plan(asked)


def _finish(record: "VerificationRecord", *, as_json: bool) -> None:
    from reports.views.report import verification_document, verification_view
    from snapferry.console import show, show_json

    if as_json:
        show_json(verification_document(record))
    else:
        show(verification_view(record))
    raise typer.Exit(ExitCode.DONE if record.passed else ExitCode.DIFFERENT)
