"""Domains as arguments: `DOMAIN` for a verb that works on one alone, `SOURCE` and `TARGET` for two.

Each is a URL, the name of a domain of the service, or a side of a plan: `orders.yaml:target`; the options of
a side say how to reach it.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from snapferry.options import PerSide
from snapferry.side_options import ComparedSide

if TYPE_CHECKING:
    from configs.plan import DomainSettings, Plan, Side

_OF_A_PLAN = re.compile(r"(?P<file>.+):(?P<side>source|target)")
_IS_A_FILE = (".yaml", ".yml")
_FORMS = "its URL, its name, or a side of a plan, such as orders.yaml:source or orders.yaml:target."


@dataclass(frozen=True)
class ChosenDomain:
    """The domain that was named.

    Args:
        settings: as a plan describes it.
        side: its side of the plan; None if it was named without one.
        plan: the plan that it is a side of, if it is one.
        key: what the user has to correct if the domain cannot be reached, such as `target.endpoint`.
    """

    settings: "DomainSettings"
    side: "Side | None" = None
    plan: "Plan | None" = None
    key: str = "DOMAIN"


@dataclass(frozen=True, kw_only=True)
class PlacedSide(ComparedSide):
    """A domain that an argument names, in any of three forms.

    Args:
        given: a URL, a domain's name, or a side of a plan.
    """

    def chosen(self) -> ChosenDomain:
        """The domain; of a plan's side, everything is as the plan says.

        Prints every problem of a plan, and exits with 2 if there is any.

        Raises:
            typer.BadParameter: an option is missing or wrong, or two do not go together.
        """
        given = self.given or ""
        found = _OF_A_PLAN.fullmatch(given) if "://" not in given else None
        if found:
            return self._of_a_plan(Path(found["file"]), found["side"])
        if given.endswith(_IS_A_FILE):
            self.refuse("", f"say which side of the plan: {given}:source or {given}:target")
        return ChosenDomain(self.settings(), key=self.option(""))

    def _of_a_plan(self, file: Path, name: str) -> ChosenDomain:
        from snapferry.plan_files import load

        for part, value in self._parts().items():
            if value is not None:
                self.refuse(part, "the plan says how to reach its sides; leave this option out")
        plan, side = load(file), "source" if name == "source" else "target"
        if side not in plan.sides:
            self.refuse("", f"the source of {file} is a snapshot, not a domain; write {file}:target")
        settings = plan.domain(side)
        key = "connect_to" if settings.connect_to else "endpoint" if settings.endpoint else "domain"
        return ChosenDomain(settings, side, plan, f"{side}.{key}")

    def options(self) -> list[str]:
        """The options by which it is reached, as words of another command about the same domain."""
        return [
            word
            for part, value in self._parts().items()
            if value is not None
            for word in (self.option(part), value)
        ]

    def _parts(self) -> dict[str, str | None]:
        """The options by which it is reached, by their names."""
        return {
            name.replace("_", "-"): value
            for name, value in vars(self).items()
            if name not in {"side", "given"}
        }

    def refuse_unnamed(self) -> NoReturn:
        """Refuse a domain that is not named although it must be.

        Raises:
            typer.BadParameter: always.
        """
        self.refuse("", "name the domain: its URL, its name, or a side of a plan")

    def option(self, part: str) -> str:
        """The name of the argument, or of the option for this part."""
        return f"--{self.side}-{part}" if part else self.side.upper()


@dataclass(frozen=True, kw_only=True)
class OneDomain(PlacedSide):
    """A domain as the command line names it. The verb's parameter for it is called `domain`.

    Args:
        given: a URL, a domain's name, or a side of a plan.
    """

    given: Annotated[
        str | None, typer.Argument(metavar="DOMAIN", help=f"The domain: {_FORMS}", show_default=False)
    ] = field()
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            metavar="CODE",
            help="Its Region, unless its host name contains it.",
            show_default=False,
        ),
    ] = None
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="AWS profile for signing.", show_default=False),
    ] = None
    role: Annotated[
        str | None,
        typer.Option(
            "--role", metavar="ARN", help="Role to assume when signing requests.", show_default=False
        ),
    ] = None
    connect_to: Annotated[
        str | None,
        typer.Option(
            "--connect-to",
            metavar="HOST:PORT",
            help="Tunnel to it; see connect_to in docs/plan.md.",
            show_default=False,
        ),
    ] = None
    ca_bundle: Annotated[
        str | None,
        typer.Option(
            "--ca-bundle",
            metavar="FILE",
            help="PEM file of the certificate authorities to trust.",
            show_default=False,
        ),
    ] = None
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="NAME", help="User for basic authentication.", show_default=False),
    ] = None
    password_env: Annotated[
        str | None,
        typer.Option(
            "--password-env",
            metavar="VARIABLE",
            help="Environment variable that holds the password of that user.",
            show_default=False,
        ),
    ] = None

    def option(self, part: str) -> str:
        """The name of the argument, or of the option for this part."""
        return f"--{part}" if part else "DOMAIN"


@dataclass(frozen=True, kw_only=True)
class SourceDomain(PlacedSide):
    """The source as the first of two arguments. The verb's parameter for it is called `source`."""

    given: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help=f"The source: {_FORMS}", show_default=False)
    ] = field()


@dataclass(frozen=True, kw_only=True)
class TargetDomain(PlacedSide):
    """The target as the second of two arguments; it may be missing. The parameter is called `target`."""

    given: Annotated[
        str | None, typer.Argument(metavar="TARGET", help=f"The target: {_FORMS}", show_default=False)
    ] = None
    region: Annotated[
        str | None,
        PerSide(
            "region", "CODE", "Region of the target, unless its host name contains it; also without TARGET."
        ),
    ] = None

    def chosen_if_named(self) -> ChosenDomain | None:
        """The domain; None if there is no TARGET. Its Region alone may be given all the same.

        Raises:
            typer.BadParameter: another option is given without TARGET; otherwise as `chosen`.
        """
        if self.given is not None:
            return self.chosen()
        for part, value in self._parts().items():
            if value is not None and part != "region":
                self.refuse(
                    part, "this is about TARGET, which is not named: name it, or leave this option out"
                )
        return None
