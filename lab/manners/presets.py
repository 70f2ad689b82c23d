"""Rules by name: the service's ways of saying that it is temporarily unable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lab.door.answers import Answer
from lab.door.rules import When
from lab.manners import answers as manners_answers

SOON = {"Retry-After": "1"}


@dataclass(frozen=True)
class Preset:
    """An answer in place of the engine's, before it gets the request or after it has acted."""

    answer: Callable[[], Answer]
    when: When = "before"
    headers: dict[str, str] = field(default_factory=dict)


PRESETS = {
    "throttle-429": Preset(manners_answers.throttled),
    "throttle-429-retry-after": Preset(manners_answers.throttled, headers=SOON),
    "throttle-403": Preset(manners_answers.throttled_forbidden),
    "throttle-403-retry-after": Preset(manners_answers.throttled_forbidden, headers=SOON),
    "bad-gateway-502": Preset(manners_answers.bad_gateway_page),
    "unavailable-503": Preset(manners_answers.unavailable_page),
    "timeout-504": Preset(manners_answers.gateway_timeout, "after"),
}


def expanded(raw: Any) -> Any:
    """Fill in the fields of a rule's `preset`; the rule's own fields take precedence.

    Raises:
        ValueError: there is no such preset.
    """
    if not isinstance(raw, dict) or "preset" not in raw:
        return raw
    given = {name: value for name, value in raw.items() if name != "preset"}
    preset = PRESETS.get(raw["preset"])
    if preset is None:
        raise ValueError(f"no preset {raw['preset']!r}; there are {', '.join(PRESETS)}")
    answer = preset.answer()
    filled = {
        "name": raw["preset"], "when": preset.when, "status": answer.status, "body": answer.body.decode(),
        "content_type": answer.content_type, "headers": preset.headers,
    }  # fmt: skip
    return filled | given
