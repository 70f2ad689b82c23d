"""Whether a collector is configured, by OpenTelemetry's own variables. Imports none of it otherwise."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

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
    if not _is_installed():
        from snapferry.output.console import say

        say(
            "No spans are sent: OpenTelemetry is configured but not installed. "
            "next: pip install 'snapferry[otel]', or unset OTEL_EXPORTER_OTLP_ENDPOINT"
        )
        yield
        return
    from snapferry.tracing.spans import spans_sent

    with spans_sent(plan):
        yield


def _is_installed() -> bool:
    try:
        return all(find_spec(name) for name in _EXTRA)
    except ModuleNotFoundError:
        return False
