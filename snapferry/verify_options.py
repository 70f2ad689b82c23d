"""What `verify` and `compare-queries` compare, from the command line: settings, indices and renames."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from snapferry.side_options import ComparedSide

if TYPE_CHECKING:
    from configs.plan import IndexSelection, VerifySettings
    from tasks.verification.renames import Rename

OptionalPlan = Annotated[
    Path | None,
    typer.Argument(
        metavar="PLAN", help="The plan, a YAML file. Without it, name two sides.", show_default=False
    ),
]
Indices = Annotated[
    list[str] | None,
    typer.Option(
        "--indices",
        metavar="PATTERN",
        help="Without a plan: indices and data streams of the source to compare; * matches any characters. "
        "Repeatable.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="PATTERN", help="Leave these out of --indices. Repeatable."),
]
Renames = Annotated[
    list[str] | None,
    typer.Option(
        "--rename",
        metavar="OLD=NEW",
        help="Compare OLD on the source with NEW on the target; one * in each stands for the rest of the "
        "name. Repeatable.",
    ),
]


def settings_of(settings: "VerifySettings", changes: dict[str, Any]) -> "VerifySettings":
    """The settings with the values that the command line overrides.

    Raises:
        typer.BadParameter: an option is wrong, or has no effect at this level.
    """
    from configs.plan import VerifySettings

    given = {key: value for key, value in changes.items() if value is not None}
    values = {**settings.model_dump(), **given}
    if values["level"] != "content" and (idle := given.keys() & {"sample", "seed"}):
        message = f"contents are compared at level content only, and the level is {values['level']}"
        raise typer.BadParameter(f"{message}; add --level content", param_hint=f"--{sorted(idle)[0]}")
    return validated(VerifySettings, values, {"sample": "--sample", "seed": "--seed"})


def selection_of(indices: list[str], exclude: list[str]) -> "IndexSelection":
    """The indices to compare; closed ones are compared too, without being opened.

    Raises:
        typer.BadParameter: a pattern is wrong.
    """
    from configs.plan import IndexSelection

    values = {"include": indices, "exclude": exclude, "closed": "move"}
    return validated(IndexSelection, values, {"include": "--indices", "exclude": "--exclude"})


def validated(model: Any, values: dict[str, Any], options: dict[str, str]) -> Any:
    """The validated settings; a wrong value is reported at its option.

    Raises:
        typer.BadParameter: a value is wrong.
    """
    from pydantic import ValidationError

    from configs.base import ConflictError
    from configs.loading.messages import sentence

    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = error.errors()[0]
        why: object = found.get("ctx", {}).get("error")
        place, message = found["loc"], sentence(found, None)
        if isinstance(why, ConflictError):
            place, message = why.conflicts[0].path, why.conflicts[0].message
        raise typer.BadParameter(message, param_hint=options.get(str(place[0]))) from None


def rename_of(text: str) -> "Rename":
    """The rename rule OLD=NEW.

    Raises:
        typer.BadParameter: the text is no such rule.
    """
    from tasks.verification.renames import rename

    try:
        return rename(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--rename") from None


def require_plan_alone(sides: Sequence[ComparedSide], others: dict[str, list[str] | None]) -> None:
    """Refuse options that would contradict the plan.

    Raises:
        typer.BadParameter: one is given.
    """
    given = [f"--{side.side}…" for side in sides if side.is_named]
    given += [name for name, value in others.items() if value]
    if given:
        message = f"the plan says what to compare; leave out {given[0]}, or leave out the plan"
        raise typer.BadParameter(message, param_hint="PLAN")
