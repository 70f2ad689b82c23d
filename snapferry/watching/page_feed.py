"""The parts of a live page, made again whenever something changes, for any number of viewers."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from domains.errors import SnapferryError
from domains.known_secrets import cut_secrets
from reports.model.report import Report
from reports.page.live import LiveFeed
from reports.page.now import NOW, live_page, live_parts, now_part, parts_without_run, problem_part

if TYPE_CHECKING:
    from flows.previews.watched import Watched, WatchedPlan

FEED = LiveFeed(path="events")
_EVERY_S = 0.5
Parts = dict[str, str]


class PageFeed:
    """Looks at a plan again and again, in one thread for all viewers.

    Args:
        plan: whose latest run is shown.
    """

    def __init__(self, plan: "WatchedPlan") -> None:
        self._plan = plan
        self._changed = threading.Condition()
        self._report: Report | None = None
        self._parts = parts_without_run(plan.plan_name)
        self._ended = False

    @contextmanager
    def looking(self) -> Generator[None]:
        """Inside the block, keep the parts up to date; at its end, viewers are told that it is over."""
        self._look()
        stop = threading.Event()

        def repeat() -> None:
            while not stop.wait(_EVERY_S):
                self._look()

        thread = threading.Thread(target=repeat, name="page feed", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def page(self) -> str:
        """The whole page as of now."""
        with self._changed:
            parts, report = self._parts, self._report
        return cut_secrets(live_page(parts, report, self._plan.plan_name, FEED))

    def changes(self, known: Parts, wait_s: float) -> Parts | None:
        """The parts that differ from what a viewer knows; waits for some, None once nothing will change.

        Args:
            wait_s: seconds after which there are none.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._differing(known), wait_s)
            found = self._differing(known)
            return found if found or not self._ended else None

    def _differing(self, known: Parts) -> Parts:
        return {name: html for name, html in self._parts.items() if known.get(name) != html}

    def _look(self) -> None:
        try:
            seen = self._plan.look()
        except (SnapferryError, OSError) as error:
            parts = {**self._parts, NOW: cut_secrets(problem_part(str(error)))}
        else:
            parts = self._parts_of(seen)
        with self._changed:
            if parts != self._parts:
                self._parts = parts
                self._changed.notify_all()

    def _parts_of(self, seen: "Watched | None") -> Parts:
        if seen is None:
            return parts_without_run(self._plan.plan_name)
        parts = self._parts
        if seen.report is not self._report:  # it is the same until the journal has been replaced
            parts = {name: cut_secrets(html) for name, html in live_parts(seen.report).items()}
            self._report = seen.report
        return {**parts, NOW: cut_secrets(now_part(seen.snapshot))}
