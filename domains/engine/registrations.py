"""Compare registrations of repositories, as domains show them. Pure."""

from typing import Any

from domains.http.json_replies import Json, child

PLACE = ("bucket", "base_path", "location")
"""Settings that say where a repository lies: two registrations that agree in them lead to the same place."""


def same_place(found: Json, wanted: Json) -> bool:
    """Whether a registration points to the plan's bucket and path (or folder), ignoring a trailing slash."""
    has, wants = child(found, "settings"), wanted["settings"]
    same_type = found.get("type") == wanted["type"]
    return same_type and all(
        setting_text(has.get(key)).rstrip("/") == setting_text(wants.get(key)).rstrip("/") for key in PLACE
    )


def setting_text(value: Any) -> str:
    """A setting as text, as domains show it; a setting that is off counts as absent."""
    if value is None or value is False or value == "false":
        return ""
    return "true" if value is True else str(value)
