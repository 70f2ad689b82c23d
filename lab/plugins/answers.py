"""Answers of the emulated plugins, in the words of their sources."""

from __future__ import annotations

from typing import Any

from lab.door.answers import Answer, engine_error, json_answer

INVALID = "illegal_argument_exception"


class Refused(Exception):
    """The plugin answers this instead of doing what was asked."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode(errors="replace"))
        self.answer = answer


def invalid(reason: str, kind: str = INVALID) -> Refused:
    """The refusal of an invalid request or body (grade E: the type and the reason)."""
    return Refused(engine_error(400, kind, reason))


def status(code: int, reason: str) -> Refused:
    """An error with a status of its own, as the plugins raise it (grade E)."""
    return Refused(engine_error(code, "status_exception", reason))


def wrapped(code: int, kind: str, reason: str, cause: str) -> Refused:
    """An error wrapped in the plugin's own exception `kind` (grade E; `cause` is the wrapped one's class)."""
    return Refused(engine_error(code, kind, reason, {"type": "exception", "reason": f"{cause}: {reason}"}))


def no_permissions(action: str, user: str) -> Refused:
    """The security plugin's refusal of an action (grade E: 2.19.4 observed)."""
    return Refused(engine_error(403, "security_exception", f"no permissions for [{action}] and {user}"))


def no_handler(method: str, path: str) -> Answer:
    """The engine's answer to a path that no plugin serves (grade E)."""
    return json_answer(400, {"error": f"no handler found for uri [{path}] and method [{method}]"})


def of_engine(code: int, reply: Any) -> Refused:
    """The engine's own answer, passed on."""
    return Refused(json_answer(code, reply if reply is not None else {}))
