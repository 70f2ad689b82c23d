"""Names, tags and Sids by which a set-up finds again what it has made. Pure."""

import hashlib
import re

TAG = "snapferry-plan"
"""Tag of roles and of a bucket that were made for a plan; its value is the plan's name."""
DESCRIPTION = "Made by snapferry access apply"


def policy_name(plan: str) -> str:
    """The name of the inline policies of a plan."""
    return f"snapferry-{plan}"


def sid(plan: str, what: str) -> str:
    """The Sid of a statement: letters and digits, and of this plan alone."""
    words = "".join(word.capitalize() for word in re.split(r"[^a-z0-9]+", plan))
    return f"Snapferry{words}{hashlib.sha256(plan.encode()).hexdigest()[:4]}{what}"


def is_own(plan: str, found: object) -> bool:
    """Whether a Sid is one of this plan's."""
    return isinstance(found, str) and found.startswith(sid(plan, ""))


def tags(plan: str) -> dict[str, str]:
    """The tags of what was made for a plan."""
    return {TAG: plan}


def reading_role(plan: str) -> str:
    """The role of access control with which a plan's caller reads, verifies and restores."""
    return f"snapferry-{plan}"


def window_role(plan: str) -> str:
    """The role of access control that a plan's seed rounds and cutover need besides."""
    return f"snapferry-{plan}-window"
