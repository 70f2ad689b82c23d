"""Addresses to listen on, as options name them: `HOST:PORT`."""

import ipaddress

import typer

_MOST = 65535


def address_in(text: str, option: str) -> tuple[str, int]:
    """Host and port.

    Args:
        text: `HOST:PORT`; an IPv6 address stands in brackets. Port 0 is any that is free.
        option: the option's name, for the error.

    Raises:
        typer.BadParameter: it is none.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_port = port.isascii() and port.isdigit() and int(port[:6]) <= _MOST
    if not colon or not host or not is_port or any(c.isspace() or c in "/?#@" for c in host):
        raise typer.BadParameter(
            f"{text!r} is no address to listen on; give one such as 127.0.0.1:9464", param_hint=option
        )
    return host, int(port)


def require_loopback(host: str, option: str) -> None:
    """Refuse any address but this machine's own.

    Raises:
        typer.BadParameter: others could reach it.
    """
    try:
        is_own = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_own = host == "localhost"
    if not is_own:
        raise typer.BadParameter(
            f"the page is for this machine only, and {host} is reachable by others; give 127.0.0.1:PORT, "
            "and open it from elsewhere through `ssh -L`",
            param_hint=option,
        )


def cannot_listen(host: str, port: int, error: OSError, option: str) -> typer.BadParameter:
    """The error of a command that cannot listen there."""
    why = error.strerror or str(error)
    return typer.BadParameter(f"cannot listen on {host}:{port}: {why.lower()}", param_hint=option)
