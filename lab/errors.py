"""The one error the lab raises on purpose."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot continue. `message` says what went wrong, `hint` what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
