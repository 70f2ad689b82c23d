"""Connect to a VPC domain through a tunnel or a bastion.

Only the TCP connection goes elsewhere. URL, Host header, signature, SNI and certificate check stay the
domain's own, so the domain sees no difference.
"""

import socket
from typing import Any

import urllib3
from urllib3.util.connection import create_connection

from domains.http.deadline import DeadlineAdapter, PlainConnection, TlsConnection, seconds_left


class TunnelAdapter(DeadlineAdapter):
    """A requests adapter that opens every connection to one address.

    Args:
        host: address to connect to.
        port: its port.
        connections: size of the connection pool.
    """

    def __init__(self, host: str, port: int, connections: int) -> None:
        class Plain(PlainConnection):
            def _new_conn(self) -> socket.socket:
                return _dialled(self, (host, port))

        class Tls(TlsConnection):
            def _new_conn(self) -> socket.socket:
                return _dialled(self, (host, port))

        self.plain, self.tls = Plain, Tls
        super().__init__(connections)


def _dialled(connection: Any, address: tuple[str, int]) -> socket.socket:
    try:
        return create_connection(address, seconds_left() or connection.timeout)
    except TimeoutError as error:
        raise urllib3.exceptions.ConnectTimeoutError(
            connection, f"connect_to {address[0]}:{address[1]} timed out"
        ) from error
    except OSError as error:
        raise urllib3.exceptions.NewConnectionError(
            connection, f"connect_to {address[0]}:{address[1]}: {error}"
        ) from error
