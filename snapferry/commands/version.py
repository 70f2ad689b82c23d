"""`snapferry version`: which release this is."""

from snapferry.calls import Call
from snapferry.verb import verb


@verb("snapferry version", "snapferry version --json")
def version(call: Call) -> None:
    """Print the version of Snapferry.

    With --json also the version of Python, which extras are installed, and where the files for deployments
    are.
    """
    if call.as_json:
        _print_installation()
    else:
        print_version()


def print_version() -> None:
    """Print name and version; `snapferry --version` prints the same."""
    from snapferry.installation import release
    from snapferry.output.console import print_text

    print_text(f"snapferry {release()}\n")


def _print_installation() -> None:
    import platform
    from importlib.resources import files

    from snapferry.installation import missing_packages, release
    from snapferry.output.console import show_json

    show_json(
        {
            "version": release(),
            "python": platform.python_version(),
            "extras": {extra: not missing for extra, missing in missing_packages().items()},
            "deployments": str(files("deployments")),
        }
    )
