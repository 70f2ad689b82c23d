"""One side of a comparison, as the command line names it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from configs.plan import BasicAuth, DomainSettings, NoAuth, PasswordSource, SigV4Auth

if TYPE_CHECKING:
    from tasks.draft.options import SideOptions


def side_option(side: str, what: str, metavar: str, help: str) -> Any:
    """The option `--SIDE-WHAT` (or `--SIDE`); `{side}` in its help is the side."""
    name = f"--{side}-{what}" if what else f"--{side}"
    return typer.Option(name, metavar=metavar, help=help.format(side=side), show_default=False)


@dataclass(frozen=True)
class ComparedSide:
    """What the command line says of one side.

    Args:
        side: `source` or `target`.
        given: a domain's name or its URL.
        user: name of a user for basic authentication.
        password_env: name of the environment variable with that user's password.
    """

    side: str
    given: str | None
    region: str | None
    profile: str | None
    role: str | None
    user: str | None
    password_env: str | None
    connect_to: str | None
    ca_bundle: str | None

    @property
    def named(self) -> bool:
        """Whether anything is said of this side."""
        return any(value is not None for key, value in vars(self).items() if key != "side")

    def settings(self) -> DomainSettings:
        """The side as a plan would have it.

        Raises:
            typer.BadParameter: an option is missing or wrong, or two do not go together.
        """
        from tasks.draft.options import WrongPart, side_options

        if self.given is None:
            self._wrong("", f"name the {self.side} as well: its URL, or a domain's name")
        try:
            parts = side_options(
                self.given,
                self.region,
                profile=self.profile,
                role_arn=self.role,
                connect_to=self.connect_to,
                ca_bundle=self.ca_bundle,
            )
        except WrongPart as error:
            self._wrong(error.part, str(error))
        auth = self._auth(parts)
        if parts.region is None and parts.domain is not None:
            self._wrong("region", f"{self.given} is looked up in its Region; give its code")
        if parts.region is None and isinstance(auth, SigV4Auth):
            self._wrong("region", f"requests to the {self.side} are signed for its Region; give its code")
        return parts.settings(auth, parts.region)

    def _auth(self, parts: "SideOptions") -> "BasicAuth | SigV4Auth | NoAuth":
        if self.user is not None or self.password_env is not None:
            return self._basic()
        signs = parts.is_managed or any((self.region, self.profile, self.role))
        return parts.signing if signs else NoAuth(type="none")

    def _basic(self) -> BasicAuth:
        from pydantic import ValidationError

        signing = next((what for what in ("profile", "role") if getattr(self, what) is not None), None)
        if signing:
            self._wrong(signing, f"it goes with signed requests; leave it out, or --{self.side}-user")
        if self.user is None:
            self._wrong("user", f"name the user whose password --{self.side}-password-env holds")
        if self.password_env is None:
            why = "name the environment variable that holds the password; it is never on the command line"
            self._wrong("password-env", why)
        part = "password-env"
        try:
            password = PasswordSource(env=self.password_env)
            part = "user"
            return BasicAuth(type="basic", username=self.user, password=password)
        except ValidationError as error:
            self._wrong(part, str(error.errors()[0].get("ctx", {}).get("error")))

    def _wrong(self, part: str, message: str) -> NoReturn:
        option = f"--{self.side}-{part}" if part else f"--{self.side}"
        raise typer.BadParameter(message, param_hint=option)


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
    """The rule that is written so."""
    from tasks.verification.renames import rename

    try:
        return rename(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--rename") from None
