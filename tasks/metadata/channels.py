"""Notification channels; the destinations of earlier versions become channels with the same id."""

from configs.plan import Side
from domains.engine.configuration import notification_channels
from domains.engine.configuration.definition import Definition, Definitions
from domains.http.json_replies import Json, child
from domains.http.requests import Request
from tasks.metadata import normal_form
from tasks.metadata.sides import Sides

_SAME = ("slack", "chime", "sns")
BY_HAND = "by_hand"
"""Key of a channel that nothing can be made of: an e-mail destination names senders that have no API here."""


def read(sides: Sides, side: Side) -> Definitions | None:
    """Each channel as `name (id)`: monitors and policies name it by its id."""
    place = sides.place(side)
    found = notification_channels.channels(place.domain)
    if found is None:
        old = notification_channels.destinations(place.domain, place.version)
        found = None if old is None else {key: Definition(as_channel(each.body)) for key, each in old.items()}
    if found is None:
        return None
    return {
        f"{each.body.get('name', '')} ({key})": Definition(each.body, key=key) for key, each in found.items()
    }


def as_channel(destination: Json) -> Json:
    """The channel that a destination becomes. Pure."""
    kind = str(destination.get("type"))
    channel: Json = {"name": destination.get("name", ""), "description": "", "is_enabled": True}
    if kind in _SAME:
        return {**channel, "config_type": kind, kind: child(destination, kind)}
    webhook = child(destination, "custom_webhook")
    if kind == "custom_webhook" and webhook.get("url"):
        kept = {"url": webhook["url"], "header_params": child(webhook, "header_params")}
        return {**channel, "config_type": "webhook", "webhook": kept}
    return {**channel, "config_type": kind, BY_HAND: True}


def send(_: Sides, __: str, wanted: Definition, existing: Definition | None) -> tuple[Request, ...]:
    """Make the channel with the same id, or change the one that has it."""
    body = normal_form.without(wanted.body, ("feature_list", "features"))
    if existing is None:
        return (notification_channels.create_channel(wanted.key, body),)
    return (notification_channels.update_channel(wanted.key, body),)
