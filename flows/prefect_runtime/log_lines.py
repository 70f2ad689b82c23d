"""What a flow run writes into its log: one line for what was expected, and a line for each long wait."""

import logging
import time

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from configs.values.visible import visible
from domains.errors import SnapferryError
from runs.progress import Progress

_REPEAT_S = 600.0
_LOGGERS = ("prefect.flow_runs", "prefect.task_runs", "prefect.engine")
_AGAIN = ("Engine execution exited", "Execution of flow run")


class _WithoutTraceback(logging.Filter):
    """Take the traceback from records of expected errors, and drop those that only say the same again."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if not isinstance(error, SnapferryError):
            return True
        record.exc_info = record.exc_text = None
        return not str(record.msg).startswith(_AGAIN)


_FILTER = _WithoutTraceback()


def keep_to_lines() -> None:
    """From now on, in this process, an expected error is no traceback in Prefect's logs. May be repeated."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)


def log_line(level: int, text: str) -> None:
    """Write one line into the log of the flow run around this; nothing outside of one."""
    try:
        logger = get_run_logger()
    except MissingContextError:
        return
    logger.log(level, "%s", one_line(text))


def one_line(text: str) -> str:
    """A text of several lines as one."""
    parts = (line.strip().removeprefix("- ") for line in text.splitlines())
    return visible("; ".join(part for part in parts if part))


class WaitingLines:
    """Write a line for what a step waits for, when it begins and every ten minutes; and for milestones."""

    def __init__(self) -> None:
        self._written: dict[str, float] = {}

    def __call__(self, progress: Progress) -> None:
        """Show one progress message."""
        if progress.milestone:
            log_line(logging.WARNING, f"{progress.step}: {progress.message}")
        if not progress.waiting:
            self._written.pop(progress.step, None)
            return
        last = self._written.get(progress.step)
        if last is not None and time.monotonic() - last < _REPEAT_S:
            return
        self._written[progress.step] = time.monotonic()
        log_line(logging.INFO, f"{progress.message}: {progress.detail}".removesuffix(": "))
