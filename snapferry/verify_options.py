"""What `snapferry verify` compares, from the command line: settings, indices and renames."""

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from configs.plan import IndexSelection, VerifySettings
    from tasks.verification.renames import Rename


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
    return _validated(VerifySettings, values, {"sample": "--sample", "seed": "--seed"})


def selection_of(indices: list[str], exclude: list[str]) -> "IndexSelection":
    """The indices to compare; closed ones are compared too, without being opened.

    Raises:
        typer.BadParameter: a pattern is wrong.
    """
    from configs.plan import IndexSelection

    values = {"include": indices, "exclude": exclude, "closed": "move"}
    return _validated(IndexSelection, values, {"include": "--indices", "exclude": "--exclude"})


def _validated(model: Any, values: dict[str, Any], options: dict[str, str]) -> Any:
    """The validated settings; a wrong value is reported at its option."""
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
