"""Changing settings of indices that are there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from domains.catalog import path_pieces
from domains.connection import Request, path_of


def settings_requests(names: Iterable[str], settings: Mapping[str, Any]) -> Iterator[Request]:
    """Give these indices settings that may change while they are open; None puts a default back."""
    body = dict(settings)
    return (Request("PUT", path_of(",".join(piece), "_settings"), body) for piece in path_pieces(names))
