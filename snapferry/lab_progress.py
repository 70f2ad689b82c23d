"""Live progress while the lab starts: a bar for downloads on a terminal, plain lines otherwise."""

from __future__ import annotations

from snapferry.output.verbosity import is_quiet


class LabProgress:
    """Show messages and downloads of a lab that starts."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        self._console = Console(stderr=True, quiet=is_quiet())
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
            console=self._console, transient=True, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._tasks: dict[str, object] = {}
        self._shown_tenths: dict[str, int] = {}

    def __enter__(self) -> LabProgress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def message(self, text: str) -> None:
        """Show what is being done."""
        self._console.print(f"{text} ...", highlight=False, soft_wrap=True)

    def download(self, name: str, done: int, total: int) -> None:
        """Show the progress of a download, in bytes."""
        if self._console.is_terminal:
            self._bar(name, done, total)
        elif total > 20_000_000 and done * 10 // total > self._shown_tenths.get(name, -1):
            self._shown_tenths[name] = done * 10 // total
            self._console.print(f"{name}: {done / 1e6:.0f} of {total / 1e6:.0f} MB", highlight=False)

    def _bar(self, name: str, done: int, total: int) -> None:
        from rich.progress import TaskID

        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total)
        task = TaskID(int(str(self._tasks[name])))
        self._bars.update(task, completed=done, visible=done < total)
