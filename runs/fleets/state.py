"""The state of one fleet: journals of its runs, its lock, and approvals of its waves."""

from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from runs.errors import NothingToApprove, StateUnusable
from runs.fleets.journal import FleetDocument, FleetJournal
from runs.journal import now
from runs.state import place_shown
from runs.state_files import unwritable
from runs.stores.registry import store_of

_WAIT = "wait for it; `snapferry fleet status FLEET` shows it"


class WaveApproval(BaseModel):
    """Approval of one wave of a fleet's run: who gave it, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    wave: str
    run_id: str
    by: str
    at: datetime


class FleetState:
    """The journals and the lock of one fleet.

    Args:
        folder: the state folder, which its plans share.
        name: the fleet's name.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name

    @property
    def shown(self) -> str:
        """Where the state is, for people: a folder, or an address in S3."""
        return place_shown(self.folder)

    @property
    def runs(self) -> Path:
        """The folder with the fleet's journals."""
        return self.folder / "fleets" / self.name

    def log_of(self, run_id: str, plan: str, attempt: int) -> Path:
        """What one attempt of a plan has printed, on the machine that ran it."""
        return self.runs / "logs" / run_id / f"{plan}-{attempt}.log"

    @property
    def _lock(self) -> Path:
        return self.runs / "lock"

    def hold(self) -> AbstractContextManager[None]:
        """Hold the fleet; raise Busy if another process works on it."""
        return store_of(self.folder).hold(self._lock, f"fleet {self.name}", _WAIT)

    def is_held(self) -> bool:
        """Whether a live process works on the fleet."""
        return store_of(self.folder).is_held(self._lock)

    def latest(self) -> FleetJournal | None:
        """The newest run of the fleet; None without runs.

        Raises:
            StateUnusable: it cannot be read.
        """
        paths = sorted(p for p in store_of(self.folder).entries(self.runs) if p.suffix == ".json")
        return FleetJournal.load(paths[-1]) if paths else None

    def begin(self, document: FleetDocument) -> FleetJournal:
        """Create and save the journal of a new run."""
        journal = FleetJournal(self.runs / f"{document.run_id}.json", document)
        journal.save()
        return journal

    def approve(self, journal: FleetJournal, wave: str, by: str) -> tuple[WaveApproval, bool]:
        """Write the approval of a wave; the first one counts.

        Returns:
            The approval, and whether this call has given it.

        Raises:
            NothingToApprove: the run is over, or has no such wave.
            StateUnusable: it cannot be written.
        """
        document = journal.document
        if document.is_done or wave not in {entry.wave for entry in document.plans.values()}:
            raise NothingToApprove(
                f"run {document.run_id} of fleet {self.name} does not wait for wave {wave}",
                "see `snapferry fleet status FLEET`",
            )
        path = self._approval(document.run_id, wave)
        given = WaveApproval(wave=wave, run_id=document.run_id, by=by, at=now())
        try:
            if store_of(path).create(path, given.model_dump_json() + "\n"):
                return given, True
        except OSError as error:
            raise unwritable(path, error) from error
        former = self.approval(journal, wave)
        return (former or given), False

    def approval(self, journal: FleetJournal, wave: str) -> WaveApproval | None:
        """The approval of a wave; None if there is none.

        Raises:
            StateUnusable: there is one, but it cannot be read.
        """
        path = self._approval(journal.document.run_id, wave)
        if not store_of(path).exists(path):
            return None
        try:
            return WaveApproval.model_validate_json(store_of(path).read(path))
        except (OSError, ValidationError) as error:
            raise StateUnusable(
                f"cannot read {store_of(path).shown(path)} as an approval", "remove it and approve again"
            ) from error

    def _approval(self, run_id: str, wave: str) -> Path:
        return self.runs / "approvals" / run_id / f"{wave}.json"
