"""A page that is served while something runs: where it listens for what has changed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LiveFeed:
    """Server-sent events of the page's own server.

    Each message is a JSON object on one line, `{"part-…": "its HTML", …}`: parts that have changed, as
    `page_parts` makes them. An event `end` closes the feed: nothing will change any more.

    Args:
        path: relative to the page's own address.
    """

    path: str = "events"
