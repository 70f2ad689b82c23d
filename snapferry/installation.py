"""What is installed: the release, its optional extras, and the files beside the code."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, requires, version

_REQUIREMENT = re.compile(r"(?P<package>[\w.-]+).*?;.*\bextra == ['\"](?P<extra>[\w-]+)['\"]")


def release() -> str:
    """The version of Snapferry; pyproject.toml is the only place that says it."""
    return version("snapferry")


def missing_packages() -> dict[str, list[str]]:
    """For each optional extra, such as `lab`, the packages of it that are not installed."""
    missing: dict[str, list[str]] = {}
    for extra, package in _optional():
        absent = missing.setdefault(extra, [])
        if not _is_installed(package):
            absent.append(package)
    return missing


def how_to_install(extra: str) -> str:
    """What to do to get an extra."""
    return f"Install snapferry[{extra}] in place of snapferry; docs/install.md shows how."


def _optional() -> Iterator[tuple[str, str]]:
    """Extra and package, for each requirement that belongs to an extra."""
    for requirement in requires("snapferry") or ():
        found = _REQUIREMENT.match(requirement)
        if found:
            yield found["extra"], found["package"]


def _is_installed(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True
