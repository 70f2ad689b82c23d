"""`snapferry version`: which release this is."""

from snapferry.verb import verb


@verb("snapferry version")
def version() -> None:
    """Print the version of Snapferry."""
    print_version()


def print_version() -> None:
    """Print name and version; `snapferry --version` prints the same."""
    from importlib.metadata import version as installed

    from snapferry.output.console import print_text

    print_text(f"snapferry {installed('snapferry')}\n")
