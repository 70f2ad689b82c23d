"""Progress and report as Prefect artifacts: for whoever watches a run on a server."""

import re
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import copy_context
from io import StringIO
from queue import Full, Queue
from uuid import UUID

import httpx
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.exceptions import PrefectException
from rich.console import Console, RenderableType

from configs.values.visible import visible
from reports.build.report import report_of
from reports.views.markdown import markdown
from runs.journal import Journal
from runs.progress import Progress, listening
from tasks.migration import Migration

_EVERY_S = 5.0
_WIDTH = 120
_MOST_WAITING = 20  # of a server that hangs: later ones are dropped


class ProgressArtifacts:
    """Keep one progress artifact per step, updated every few seconds, in a thread of its own.

    So no step waits for the server, and one that fails or hangs does not stop the run.

    Args:
        key: prefix of the artifacts' keys: lowercase letters, digits and dashes.
    """

    def __init__(self, key: str) -> None:
        self._key = _artifact_key(key)
        self._ids: dict[str, UUID] = {}
        self._shown: dict[str, float] = {}
        self._waiting: Queue[Callable[[], object] | None] = Queue(_MOST_WAITING)
        threading.Thread(target=self._send, name="progress artifacts", daemon=True).start()

    def __call__(self, progress: Progress) -> None:
        """Show one progress message."""
        if not progress.total or time.monotonic() - self._shown.get(progress.step, 0.0) < _EVERY_S:
            return
        self._shown[progress.step] = time.monotonic()
        share = min(100.0, 100 * progress.done / progress.total)
        context = copy_context()  # of the flow run, to which the artifact belongs
        with suppress(Full):
            self._waiting.put_nowait(lambda: context.run(self._show, progress, share))

    def end(self) -> None:
        """Send nothing more."""
        with suppress(Full):
            self._waiting.put_nowait(None)

    def _send(self) -> None:
        while (send := self._waiting.get()) is not None:
            quietly(send)

    def _show(self, progress: Progress, share: float) -> None:
        existing = self._ids.get(progress.step)
        description = visible(f"{progress.step}: {progress.message} {progress.detail}".strip())
        if existing:
            update_progress_artifact(existing, progress=share, description=description)
            return
        key = f"{self._key}-{_artifact_key(progress.step)}"
        self._ids[progress.step] = _uuid(
            create_progress_artifact(progress=share, key=key, description=description)
        )


@contextmanager
def shown_in_prefect(key: str, session: AbstractContextManager[Migration]) -> Generator[Migration]:
    """Run a session with its progress shown next to the flow run, and its report at the end.

    Args:
        key: prefix of the artifacts' keys.
    """
    worked_on: list[Journal] = []
    progress = ProgressArtifacts(key)
    try:
        with listening(progress), session as m:
            worked_on.append(m.journal)
            yield m
    finally:
        progress.end()
        for journal in worked_on:
            _report_artifact(key, markdown(report_of(journal.document)))


def _report_artifact(key: str, text: str) -> None:
    quietly(lambda: create_markdown_artifact(markdown=text, key=f"{_artifact_key(key)}-report"))


@contextmanager
def progress_shown(key: str) -> Generator[None]:
    """Show the progress of a verb without steps next to the flow run.

    Args:
        key: prefix of the artifacts' keys.
    """
    progress = ProgressArtifacts(key)
    try:
        with listening(progress):
            yield
    finally:
        progress.end()


def view_artifact(key: str, what: str, view: RenderableType) -> None:
    """Show what a verb prints next to the flow run, as the artifact `<key>-<what>`."""
    text = StringIO()
    Console(file=text, width=_WIDTH, color_system=None).print(view)
    fenced = f"```text\n{text.getvalue().rstrip()}\n```\n"
    quietly(lambda: create_markdown_artifact(markdown=fenced, key=f"{_artifact_key(key)}-{what}"))


def quietly(send: Callable[[], object]) -> None:
    """Send something to Prefect's server, and ignore failures: no migration depends on it."""
    try:
        send()
    except (httpx.HTTPError, PrefectException):
        return


def _artifact_key(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _uuid(created: object) -> UUID:
    assert isinstance(created, UUID)
    return created
