"""Whether a collector is configured, by OpenTelemetry's own variables. Imports none of it otherwise.

What is wrong with its installation or its variables is said in a line, and costs the run nothing.
"""

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from snapferry.tracing.misfits import misfits, said_of

if TYPE_CHECKING:
    from flows.previews.watched import WatchedPlan

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXTRA = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


def is_configured() -> bool:
    """Whether the environment names a collector, and does not switch traces off."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip() not in {"", "otlp"}:
        return False
    return any(os.environ.get(name, "").strip() for name in _ENDPOINTS)


@contextmanager
def traced(plan: "WatchedPlan") -> Generator[None]:
    """Inside the block, send the steps of the plan's run as spans; say so once where that cannot be.

    Args:
        plan: of which a run is about to work in this process.
    """
    with ExitStack() as stack:
        try:
            _begin(stack, plan)
        except misfits() as error:
            _say_none(f"OpenTelemetry cannot be used ({said_of(error)})", "install 'snapferry[otel]' anew")
        yield


def _begin(stack: ExitStack, plan: "WatchedPlan") -> None:
    if not _is_installed():
        _say_none("OpenTelemetry is configured but not installed", "pip install 'snapferry[otel]'")
        return
    from snapferry.tracing.spans import spans_sent

    stack.enter_context(spans_sent(plan))


def _say_none(why: str, remedy: str) -> None:
    from snapferry.output.console import say

    say(
        f"No spans are sent: {why}. The run is not affected. "
        f"next: {remedy}, or unset OTEL_EXPORTER_OTLP_ENDPOINT"
    )


def _is_installed() -> bool:
    try:
        return all(find_spec(name) for name in _EXTRA)
    except ModuleNotFoundError:
        return False
