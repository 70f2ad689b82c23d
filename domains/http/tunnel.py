"""Connect to a VPC domain through a tunnel or a bastion.

Only the TCP connection goes elsewhere. URL, Host header, signature, SNI and certificate check stay the
domain's own, so the domain sees no difference.
"""

import socket
from typing import Any

import urllib3
import urllib3.connection
from requests.adapters import HTTPAdapter
from urllib3.util.connection import create_connection


class TunnelAdapter(HTTPAdapter):
    """A requests adapter that opens every connection to one address.

    Args:
        host: address to connect to.
        port: its port.
        connections: size of the connection pool.
    """

    def __init__(self, host: str, port: int, connections: int) -> None:
        self._address = (host, port)
        super().__init__(pool_maxsize=connections)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._address)


def _pool_classes(address: tuple[str, int]) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    def dial(timeout: Any) -> socket.socket:
        return create_connection(address, timeout)

    class Plain(urllib3.connection.HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _dialled(self, address, dial)

    class Tls(urllib3.connection.HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _dialled(self, address, dial)

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain  # pyright: ignore[reportAssignmentType]

    class TlsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Tls  # pyright: ignore[reportAssignmentType]

    return {"http": PlainPool, "https": TlsPool}


def _dialled(
    connection: urllib3.connection.HTTPConnection, address: tuple[str, int], dial: Any
) -> socket.socket:
    try:
        return dial(connection.timeout)
    except TimeoutError as error:
        raise urllib3.exceptions.ConnectTimeoutError(
            connection, f"connect_to {address[0]}:{address[1]} timed out"
        ) from error
    except OSError as error:
        raise urllib3.exceptions.NewConnectionError(
            connection, f"connect_to {address[0]}:{address[1]}: {error}"
        ) from error
