"""What a verification compares and how far, as the command line says it; wrong values exit with 2."""

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from configs.plan import IndexSelection, VerifySettings
    from tasks.verification.renames import Rename


def settings_of(before: "VerifySettings", how: dict[str, Any]) -> "VerifySettings":
    """The settings with what the command line says instead."""
    from configs.plan import VerifySettings

    said = {key: value for key, value in how.items() if value is not None}
    values = {**before.model_dump(), **said}
    if values["level"] != "content" and (idle := said.keys() & {"sample", "seed"}):
        message = f"contents are compared at level content only, and the level is {values['level']}"
        raise typer.BadParameter(f"{message}; add --level content", param_hint=f"--{sorted(idle)[0]}")
    return _made(VerifySettings, values, {"sample": "--sample", "seed": "--seed"})


def selection_of(indices: list[str], exclude: list[str]) -> "IndexSelection":
    """The indices that are named; closed ones are compared as well, without opening them."""
    from configs.plan import IndexSelection

    values = {"include": indices, "exclude": exclude, "closed": "move"}
    return _made(IndexSelection, values, {"include": "--indices", "exclude": "--exclude"})


def _made(model: Any, values: dict[str, Any], options: dict[str, str]) -> Any:
    """The settings of these values; exits with 2 when one is wrong, named by its option."""
    from pydantic import ValidationError

    from configs.base import ConflictError
    from configs.messages import sentence

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
    """The rule that is written so."""
    from tasks.verification.renames import rename

    try:
        return rename(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--rename") from None
