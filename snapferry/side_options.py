"""Source and target as the command line names them: `--source`, `--source-region` and so on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from configs.plan import BasicAuth, DomainSettings, NoAuth, PasswordSource, SigV4Auth
from snapferry.options import PerSide

if TYPE_CHECKING:
    from tasks.draft.options import SideOptions

_REGION = "Region of the {side}, unless its host name contains it."
_ROLE = "Role to assume when signing requests to the {side}, for example one in another account."
_BUNDLE = "PEM file of the certificate authorities to trust for the {side}."


@dataclass(frozen=True, kw_only=True)
class NamedSide:
    """One side as the command line names it.

    Args:
        side: `source` or `target`.
        given: a domain's name or its URL; None where the side is not named.
    """

    side: str
    given: Annotated[
        str | None, PerSide("", "DOMAIN", "The {side}: the name of a domain of the service, or a URL.")
    ] = None
    region: Annotated[str | None, PerSide("region", "CODE", _REGION)] = None
    profile: Annotated[
        str | None, PerSide("profile", "NAME", "AWS profile that signs requests to the {side}.")
    ] = None
    role: Annotated[str | None, PerSide("role", "ARN", _ROLE)] = None
    connect_to: Annotated[
        str | None,
        PerSide("connect-to", "HOST:PORT", "Tunnel to the {side}; see connect_to in docs/plan.md."),
    ] = None
    ca_bundle: Annotated[str | None, PerSide("ca-bundle", "FILE", _BUNDLE)] = None

    @property
    def is_named(self) -> bool:
        """Whether any option of this side is given."""
        return any(value is not None for key, value in vars(self).items() if key != "side")

    def checked(self) -> "SideOptions | None":
        """This side with its parts checked; None if the side is not named.

        Raises:
            typer.BadParameter: an option is wrong, or names a part of a side that is not named.
        """
        from tasks.draft.options import WrongPart, side_options

        if self.given is None:
            if self.is_named:
                self.refuse_unnamed()
            return None
        try:
            return side_options(
                self.given,
                self.region,
                profile=self.profile,
                role_arn=self.role,
                connect_to=self.connect_to,
                ca_bundle=self.ca_bundle,
            )
        except WrongPart as error:
            self.refuse(error.part, str(error))

    def refuse_unnamed(self) -> NoReturn:
        """Refuse a side that is not named although it must be.

        Raises:
            typer.BadParameter: always.
        """
        self.refuse("", f"name the {self.side} as well: its URL, or a domain's name")

    def refuse(self, part: str, message: str) -> NoReturn:
        """Refuse the option for this part of the side.

        Raises:
            typer.BadParameter: always.
        """
        raise typer.BadParameter(message, param_hint=self.option(part))

    def option(self, part: str) -> str:
        """The name of the option for this part of the side."""
        return f"--{self.side}-{part}" if part else f"--{self.side}"


@dataclass(frozen=True, kw_only=True)
class ComparedSide(NamedSide):
    """One side of a comparison without a plan; it may be any cluster, also one with basic authentication.

    Args:
        password_env: name of the environment variable with that user's password.
    """

    user: Annotated[str | None, PerSide("user", "NAME", "User for basic authentication at the {side}.")] = (
        None
    )
    password_env: Annotated[
        str | None,
        PerSide("password-env", "VARIABLE", "Environment variable that holds the password of that user."),
    ] = None

    def settings(self) -> DomainSettings:
        """The side as a plan would describe it.

        Raises:
            typer.BadParameter: an option is missing or wrong, or two do not go together.
        """
        parts = self.checked()
        if parts is None:
            self.refuse_unnamed()
        auth = self._auth(parts)
        if parts.region is None and parts.domain is not None:
            self.refuse("region", f"{self.given} is looked up in its Region; give its code")
        if parts.region is None and isinstance(auth, SigV4Auth):
            self.refuse("region", f"requests to the {self.side} are signed for its Region; give its code")
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
            self.refuse(
                signing, f"this is for signed requests only; leave out this option or {self.option('user')}"
            )
        if self.user is None:
            self.refuse("user", f"name the user whose password {self.option('password-env')} holds")
        if self.password_env is None:
            why = "name the environment variable that holds the password; it is never on the command line"
            self.refuse("password-env", why)
        part = "password-env"
        try:
            password = PasswordSource(env=self.password_env)
            part = "user"
            return BasicAuth(type="basic", username=self.user, password=password)
        except ValidationError as error:
            self.refuse(part, str(error.errors()[0].get("ctx", {}).get("error")))
