"""What an index policy may do to an index as soon as it is attached. Pure.

A restored index keeps the date of its original's creation, and age counts from that: an index of forty days
under a policy that deletes after thirty is deleted at the policy's first look, which is minutes away.
"""

import re
from collections.abc import Iterator
from typing import cast

from domains.http.json_replies import Json, children, is_object
from tasks.records.metadata import PolicyHazard

_DAY_MS = 86_400_000
_UNITS_MS = {"d": _DAY_MS, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_AGE = re.compile(r"\s*(\d{1,9})\s*(d|h|ms|m|s)\s*")
_MIN_AGE = "min_index_age"
_PASSING = frozenset(
    {"force_merge", "index_priority", "notification", "open", "read_only", "read_write", "replica_count"}
)


def hazard(name: str, policy: Json, index: str, age_ms: int, state: str = "") -> PolicyHazard | None:
    """How the policy would delete an index of this age right after it is attached; None if it would not.

    Args:
        state: the state that it begins in; empty for the policy's first.
    """
    states = {str(each.get("name")): each for each in children(policy, "states")}
    way = _way(states, state or str(policy.get("default_state")), age_ms, ())
    if way is None:
        return None
    passed, certain = way
    return PolicyHazard(
        policy=name, index=index, states=passed, age_days=round(age_ms / _DAY_MS, 1), certain=certain
    )


def _way(
    states: dict[str, Json], name: str, age_ms: int, passed: tuple[str, ...]
) -> tuple[tuple[str, ...], bool] | None:
    """The states up to one that deletes, and whether age alone leads there."""
    state = states.get(name)
    if state is None or name in passed:
        return None
    way = (*passed, name)
    actions = [key for action in children(state, "actions") for key in action]
    if "delete" in actions:
        return way, True
    # What another action waits for is not known: a rollover that is not due holds the index in this state.
    waits = any(key not in _PASSING and key not in {"retry", "timeout"} for key in actions)
    for target, certain in _due(state, age_ms):
        found = _way(states, target, age_ms, way)
        if found:
            return found[0], found[1] and certain and not waits
    return None


def _due(state: Json, age_ms: int) -> Iterator[tuple[str, bool]]:
    """Where age leads an index from here, the certain ways first.

    Other conditions (a size, a count, a schedule) hold on the source as they do here.
    """
    found: list[tuple[str, bool]] = []
    for transition in children(state, "transitions"):
        target, conditions = str(transition.get("state_name")), transition.get("conditions")
        if not is_object(conditions) or not conditions:
            found.append((target, True))
        elif _MIN_AGE in conditions:
            least = duration_ms(conditions[_MIN_AGE])
            if least is None or age_ms >= least:
                found.append((target, least is not None))
    yield from sorted(found, key=lambda each: not each[1])


def duration_ms(value: object) -> int | None:
    """A time such as `30d` in milliseconds; None if it is no such time."""
    found = _AGE.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) * _UNITS_MS[found[2]] if found else None


def repositories_in(kind: str, body: Json) -> frozenset[str]:
    """The repositories that a policy's snapshots go to."""
    if kind == "snapshot-policies":
        config = body.get("snapshot_config")
        named = config.get("repository") if is_object(config) else None
        return frozenset({named} if isinstance(named, str) else ())
    found: set[str] = set()
    for state in children(body, "states"):
        for action in children(state, "actions"):
            taken = action.get("snapshot")
            if is_object(taken) and isinstance(taken.get("repository"), str):
                found.add(cast(str, taken["repository"]))
    return frozenset(found)
